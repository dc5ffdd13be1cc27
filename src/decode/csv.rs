//! CSV rows: an object by its header, each cell read as its field's type.

use super::plan::{EventPlan, Place, Source};
use super::reader::repeated;
use super::{Decoded, Decoder, RejectReason, Rejected, shown, text};
use crate::model::ids::EventId;
use crate::model::scalars;
use crate::model::schema::Pointer;

/// The header of a CSV file, matched with the fields of every event type.
#[derive(Clone, Debug)]
pub struct Columns {
    count: usize,
    /// A name that stands there twice.
    repeated: Option<String>,
    /// Of `type`.
    pub(super) event_type: Option<usize>,
    /// For rows of the clock.
    pub(super) at: Option<usize>,
    discriminators: Vec<Option<usize>>,
    events: Vec<EventColumns>,
}

#[derive(Clone, Debug)]
struct EventColumns {
    /// Per place of the event's plan.
    places: Vec<Option<usize>>,
    unknown: u64,
}

impl Decoder {
    /// Once per file. A nested place is that of a column named like its pointer: `/total/value`. Blanks around a
    /// name are none of it.
    pub fn columns<'c>(&self, header: impl IntoIterator<Item = &'c [u8]>) -> Columns {
        let names: Vec<String> =
            header.into_iter().map(|name| String::from_utf8_lossy(name).trim().to_string()).collect();
        let column = |pointer: &Pointer| match pointer.0.as_slice() {
            [name] => names.iter().position(|n| n == name),
            _ => names.iter().position(|n| *n == pointer.to_string()),
        };
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort_unstable();
        let twice = sorted.windows(2).find(|pair| pair.first() == pair.last());
        Columns {
            count: names.len(),
            repeated: twice.and_then(|pair| pair.first()).map(|name| name.to_string()),
            event_type: column(&Pointer::field("type")),
            at: column(&Pointer::field("at")),
            discriminators: self.discriminators.iter().map(|d| column(&d.pointer)).collect(),
            events: self.events.iter().map(|plan| EventColumns::new(plan, &names, column)).collect(),
        }
    }

    /// One row, cut into cells.
    pub fn decode_csv<'c>(
        &self,
        columns: &Columns,
        cells: impl IntoIterator<Item = &'c [u8]>,
        out: &mut Decoded,
    ) -> Result<(), Rejected> {
        out.start();
        let mut row = std::mem::take(&mut out.work.row);
        row.clear();
        let result = self.decode_row(columns, cells, &mut row, out);
        out.work.row = row;
        result
    }

    fn decode_row<'c>(
        &self,
        columns: &Columns,
        cells: impl IntoIterator<Item = &'c [u8]>,
        row: &mut String,
        out: &mut Decoded,
    ) -> Result<(), Rejected> {
        for cell in cells {
            let start = row.len();
            row.push_str(text(cell)?);
            out.work.cells.push((start as u32, row.len() as u32));
        }
        if row.len() >= u32::MAX as usize {
            return Err(RejectReason::whole("less than 4 GiB", "more"));
        }
        if out.work.cells.len() != columns.count {
            let found = out.work.cells.len().to_string();
            return Err(RejectReason::whole(&format!("{} cells, as the header has", columns.count), found));
        }
        if let Some(name) = &columns.repeated {
            return Err(RejectReason::of(repeated(Pointer::field(name).to_string())));
        }
        let event = match self.event_of_row(columns, row, out) {
            Ok(event) => event,
            Err(rejected) => return self.clock_row(columns, row, out).unwrap_or(Err(rejected)),
        };
        match (self.events.get(event.index()), columns.events.get(event.index())) {
            (Some(plan), Some(matched)) => {
                out.unknown_fields = matched.unknown;
                self.decode_event(plan, row, Some(&matched.places), out)
            }
            _ => Err(RejectReason::whole("a header of this ruleset", "another")),
        }
    }

    fn event_of_row(&self, columns: &Columns, row: &str, out: &Decoded) -> Result<EventId, Rejected> {
        let cell = |column: Option<usize>| {
            let (start, end) = column.and_then(|column| out.work.cells.get(column))?;
            row.get(*start as usize..*end as usize).filter(|cell| !scalars::is_blank(cell))
        };
        let shown = |cell: &str| format!("\"{}\"", shown::shown(cell));
        let mut told = None;
        for (discriminator, column) in self.discriminators.iter().zip(&columns.discriminators) {
            let Some(cell) = cell(*column) else { continue };
            if cell == discriminator.text {
                return Ok(discriminator.event);
            }
            told = told.or(Some((&discriminator.pointer, cell)));
        }
        match (cell(columns.event_type), told, self.fallback) {
            (Some(name), _, _) => {
                self.by_type(name).ok_or_else(|| self.no_type("/type".into(), shown(name), Some(name)))
            }
            (None, Some((pointer, cell)), _) => Err(self.no_type(pointer.to_string(), shown(cell), None)),
            (None, None, Some(event)) => Ok(event),
            (None, None, None) => Err(self.no_type("/type".into(), "nothing".into(), None)),
        }
    }
}

impl EventColumns {
    fn new(plan: &EventPlan, names: &[String], column: impl Fn(&Pointer) -> Option<usize>) -> EventColumns {
        let mut places = vec![None; plan.places];
        let mut used = vec![false; names.len()];
        let mut note = |place: &Place| {
            let found = column(&place.pointer);
            if let Some(slot) = places.get_mut(place.index) {
                *slot = found;
            }
            if let Some(used) = found.and_then(|found| used.get_mut(found)) {
                *used = true;
            }
        };
        for field in &plan.fields {
            match &field.source {
                Source::One(place) => note(place),
                Source::Two(amount, currency) => {
                    note(amount);
                    note(currency);
                }
            }
        }
        let unknown = used.iter().zip(names).filter(|(used, name)| !**used && *name != "type").count() as u64;
        EventColumns { places, unknown }
    }
}
