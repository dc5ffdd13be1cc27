//! `{"type":"clock","at":…}`: time without an event. No event can be called so, so such a line is looked for only
//! where no event was found.

use super::csv::Columns;
use super::json::{self, Kind};
use super::reader::{Fault, repeated, repeated_key};
use super::{Decoded, Decoder, RejectReason, Rejected};
use crate::model::scalars;
use crate::model::schema::Pointer;
use crate::model::time::Time;

const TYPE: &str = "clock";

impl Decoder {
    /// `None` if the line says it is something else. `text` was scanned into members.
    #[cold]
    pub(super) fn clock(&self, text: &str, out: &mut Decoded) -> Option<Result<(), Rejected>> {
        let member = |name| out.work.members.iter().find(|m| m.is(text, name)).map(|m| m.value);
        let told = member("type").filter(|token| matches!(token.kind, Kind::Text))?;
        if json::unescaped(told.inner(text)) != TYPE {
            return None;
        }
        if let Some(again) = repeated_key(text, &out.work.members) {
            return Some(Err(clock_reject(repeated(Pointer::field(&again).to_string()))));
        }
        let raw = member("at");
        let at = match raw {
            Some(token) if matches!(token.kind, Kind::Text) => {
                Time::parse_rfc3339(&json::unescaped(token.inner(text)))
            }
            _ => None,
        };
        let others = out.work.members.iter().filter(|m| !m.is(text, "type") && !m.is(text, "at")).count();
        let found = out.reader(text, None, &self.hash_key).found(raw, false);
        Some(set(out, at, others, found))
    }

    /// The same for a row of a CSV file.
    #[cold]
    pub(super) fn clock_row(
        &self,
        columns: &Columns,
        row: &str,
        out: &mut Decoded,
    ) -> Option<Result<(), Rejected>> {
        let cell = |column: Option<usize>| {
            let (start, end) = column.and_then(|column| out.work.cells.get(column))?;
            row.get(*start as usize..*end as usize).filter(|cell| !scalars::is_blank(cell))
        };
        cell(columns.event_type).filter(|told| *told == TYPE)?;
        let at = cell(columns.at);
        let found = at.map_or("nothing".to_string(), |at| format!("\"{}\"", super::shown::shown(at)));
        let at = at.and_then(Time::parse_rfc3339);
        // The columns are those of events: this row merely has nothing to put there.
        Some(set(out, at, 0, found))
    }
}

fn set(out: &mut Decoded, at: Option<Time>, others: usize, found: String) -> Result<(), Rejected> {
    let Some(at) = at else {
        return Err(clock_reject(Fault { pointer: "/at".into(), expected: "time".into(), found }));
    };
    out.clock = true;
    out.at = at;
    out.received_at = None;
    out.unknown_fields = others as u64;
    Ok(())
}

fn clock_reject(fault: Fault) -> Rejected {
    let mut rejected = RejectReason::of(fault);
    rejected.event_type = Some(TYPE.into());
    rejected
}
