//! From an input in any of its shapes to an answer.

use serde_json::{Map, Value};

use super::evaluate::{Engine, Inner};
use super::event::Event;
use super::ruleset::Ruleset;
use super::{Answer, EngineOptions};
use crate::decode::{Columns, Decoded, Decoder, Options, RejectReason, Rejected};
use crate::model::decision::Reject;

/// The header of a CSV file, by which its rows are read.
///
/// ```
/// use rulec::{Engine, compile_text};
///
/// let ruleset = compile_text("shop.rules", "event order { amount: money(USD) }").unwrap().ruleset;
/// let engine = Engine::new(ruleset);
/// let columns = engine.csv_columns([&b"id"[..], b"at", b"amount"]);
/// let answer = engine.decide_csv(&columns, [&b"e-1"[..], b"2026-11-11T10:00:00Z", b"20 USD"]);
/// assert_eq!(answer.outcome(), "allow");
/// ```
#[derive(Debug)]
pub struct CsvColumns(Columns);

pub(super) fn decoder(ruleset: &Ruleset, options: &EngineOptions) -> Decoder {
    let needed: Vec<Vec<bool>> = ruleset
        .plan
        .events
        .iter()
        .zip(&ruleset.hir.schema.events)
        .map(|(plan, schema)| {
            let mut needed = vec![false; schema.fields.len()];
            for field in &plan.fields {
                if let Some(flag) = needed.get_mut(field.index()) {
                    *flag = true;
                }
            }
            needed
        })
        .collect();
    Decoder::new(&ruleset.hir.schema, &needed, decoder_options(options))
}

fn decoder_options(options: &EngineOptions) -> Options {
    Options {
        default_event: options.default_event,
        hash_key: options.hash_key.clone(),
        clock_lead: Some(options.clock_lead),
    }
}

impl Engine {
    /// Decides one event as it comes: a JSON object, without its line end. Whatever is wrong with it is told by a
    /// [`Reject`]; there are no other errors.
    pub fn decide_json(&self, line: &[u8]) -> Answer {
        self.decide_with(|decoder, decoded| decoder.decode_json(line, decoded))
    }

    /// Decides one event as it comes, parsed already. (Numbers with a fraction have lost their text: give amounts as strings.)
    pub fn decide_value(&self, value: &Value) -> Answer {
        self.decide_json(value.to_string().as_bytes())
    }

    /// Decides an event built in code.
    pub fn decide_event(&self, event: &Event) -> Answer {
        let mut fields = event.fields.clone();
        fields.insert("type".to_string(), Value::String(event.name.clone()));
        self.decide_fields(&fields)
    }

    /// An object of fields by their names, with its `type`.
    pub(super) fn decide_fields(&self, fields: &Map<String, Value>) -> Answer {
        self.decide_with(|decoder, decoded| decoder.decode_fields(fields, decoded))
    }

    /// What the cells of rows mean, from the cells of the header: blanks around a name are ignored, a nested value is in
    /// the column of its pointer (`/total/value`). Once per file.
    pub fn csv_columns<'c>(&self, header: impl IntoIterator<Item = &'c [u8]>) -> CsvColumns {
        CsvColumns(self.decoder.columns(header))
    }

    /// Decides one row of a CSV file; an empty cell is missing.
    pub fn decide_csv<'c>(&self, columns: &CsvColumns, cells: impl IntoIterator<Item = &'c [u8]>) -> Answer {
        self.decide_with(|decoder, decoded| decoder.decode_csv(&columns.0, cells, decoded))
    }

    fn decide_with(&self, decode: impl FnOnce(&Decoder, &mut Decoded) -> Result<(), Rejected>) -> Answer {
        let mut inner = self.lock();
        let inner: &mut Inner = &mut inner;
        let read = decode(&self.decoder, &mut inner.decoded);
        inner.stats.unknown_fields += inner.decoded.unknown_fields;
        match read {
            Ok(()) => self.decide_decoded(inner),
            Err(rejected) => {
                inner.stats.reject(&rejected);
                Answer::Reject(self.reject(*rejected))
            }
        }
    }

    fn reject(&self, rejected: RejectReason) -> Reject {
        let outcome = self.ruleset.outcome_name(self.ruleset.hir.header.rejects);
        rejected.into_reject(outcome, self.ruleset.stamp.clone())
    }

    /// An event that the host itself could not get whole, such as a line that was cut off: counted and answered
    /// like any other that can't be read.
    pub fn reject_line(&self, expected: &str, found: &str) -> Answer {
        let rejected = RejectReason::whole(expected, found);
        self.lock().stats.reject(&rejected);
        Answer::Reject(self.reject(*rejected))
    }
}
