//! The virtual machine: a plan as straight-line code over 16-byte slots. It knows nothing of memory: whoever
//! runs it fills the registers of the reads between [`Machine::run_inputs`] and [`Machine::run_rules`].

mod compile;
mod disasm;
mod exec;
pub mod op;

use std::fmt;
use std::sync::Arc;

use crate::model::data::{CalendarData, ListData, RatesData, TableData};
use crate::model::ids::{CalendarId, LabelId, ListId, TableId};
use crate::model::money::Currency;
use crate::model::slot::{Arena, Arenas, Slot};
use crate::model::time::{Time, Zone};
use crate::model::types::Type;
use crate::model::value::{Datum, Value};
use crate::text::phrases::PhraseSet;
#[cfg(test)]
mod tests;

pub use compile::compile;
pub use disasm::disassemble;
pub use exec::Machine;
pub use op::{EventProgram, Reg};

/// The code of a ruleset.
#[derive(Clone, Debug)]
pub struct Program {
    pub constants: Arena,
    /// By event type.
    pub events: Vec<EventProgram>,
}

/// What lists, tables and the rest hold, by their ids. A test may replace one.
#[derive(Clone, Debug, Default)]
pub struct Data {
    pub lists: Vec<Arc<ListData>>,
    pub tables: Vec<Arc<TableData>>,
    pub phrases: Vec<Arc<PhraseSet>>,
    pub calendars: Vec<Arc<CalendarData>>,
    pub rates: Option<Arc<RatesData>>,
}

/// Who bears which label: kept elsewhere, and the same as long as one event is judged.
pub trait Labels: fmt::Debug {
    /// Whether the entity bears the label at that time.
    fn has(&self, label: LabelId, entity: Slot, ty: &Type, arenas: &Arenas<'_>, at: Time) -> bool;
}

/// What lines and events have filled so far: kept elsewhere, and the same as long as one event is judged. All slots are
/// known.
pub trait Filled: fmt::Debug {
    /// `None` while nobody has filled the list.
    fn contains(&self, list: ListId, value: (Slot, &Type), arenas: &Arenas<'_>) -> Option<bool>;

    /// The row of a table, a record; `None` if there is none.
    fn row(&self, table: TableId, keys: &[(Slot, &Type)], arenas: &Arenas<'_>) -> Option<Value>;

    /// Whether a row of the calendar holds the moment.
    fn during(&self, calendar: CalendarId, at: Time, keys: &[(Slot, &Type)], arenas: &Arenas<'_>) -> Datum;
}

/// What an event is judged with beside its own values.
#[derive(Copy, Clone, Debug)]
pub struct Surroundings<'a> {
    pub data: &'a Data,
    pub labels: &'a dyn Labels,
    pub filled: &'a dyn Filled,
    pub zone: &'a Zone,
    pub currency: Option<Currency>,
    pub hash_key: &'a [u8],
    /// The time of the event.
    pub at: Time,
}

/// The registers for events of one type, used again for every event.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    pub slots: Vec<Slot>,
}

impl Frame {
    /// With the constants in their places.
    pub fn new(program: &EventProgram) -> Frame {
        let mut slots = vec![Slot::MISSING; program.registers];
        for (reg, slot) in &program.presets {
            slots[*reg as usize] = *slot;
        }
        Frame { slots }
    }
}
