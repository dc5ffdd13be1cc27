//! From an input in any of its shapes to an answer.

use serde_json::{Map, Value};

use super::evaluate::{Engine, Inner};
use super::event::Event;
use super::ruleset::Ruleset;
use super::{Answer, EngineOptions};
use crate::decode::{Columns, Decoded, Decoder, Options, RejectReason, Rejected};
use crate::model::event::Event as TreeEvent;
use crate::model::slot::Arena;

/// The header of a CSV file, by which its rows are read.
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
    /// One event as it comes: a JSON object, without its line end.
    pub fn decide_json(&self, line: &[u8]) -> Answer {
        self.decide_with(|decoder, decoded| decoder.decode_json(line, decoded))
    }

    /// One event as it comes, parsed already. (Numbers with a fraction have lost their text: give amounts as strings.)
    pub fn decide_value(&self, value: &Value) -> Answer {
        self.decide_json(value.to_string().as_bytes())
    }

    /// An event built in code.
    pub fn decide_event(&self, event: &Event) -> Answer {
        let mut fields = event.fields.clone();
        fields.insert("type".to_string(), Value::String(event.name.clone()));
        self.decide_fields(&fields)
    }

    /// An object of fields by their names, with its `type`.
    pub(super) fn decide_fields(&self, fields: &Map<String, Value>) -> Answer {
        self.decide_with(|decoder, decoded| decoder.decode_fields(fields, decoded))
    }

    /// What the cells of rows mean, from the cells of the header.
    pub fn csv_columns<'c>(&self, header: impl IntoIterator<Item = &'c [u8]>) -> CsvColumns {
        CsvColumns(self.decoder.columns(header))
    }

    /// One row of a CSV file.
    pub fn decide_csv<'c>(&self, columns: &CsvColumns, cells: impl IntoIterator<Item = &'c [u8]>) -> Answer {
        self.decide_with(|decoder, decoded| decoder.decode_csv(&columns.0, cells, decoded))
    }

    /// An event that the host could not cut out of its input: a reject like any other, and counted as one.
    pub fn reject(&self, expected: &str, found: &str) -> Answer {
        self.decide_with(|_, decoded| {
            decoded.clear();
            Err(RejectReason::whole(expected, found))
        })
    }

    fn decide_with(&self, decode: impl FnOnce(&Decoder, &mut Decoded) -> Result<(), Rejected>) -> Answer {
        let mut inner = self.lock();
        let inner: &mut Inner = &mut inner;
        let read = decode(&self.decoder, &mut inner.decoded);
        inner.stats.unknown_fields += inner.decoded.unknown_fields;
        match read {
            Ok(()) => self.decide_decoded(inner),
            Err(rejected) => {
                inner.stats.rejected += 1;
                let place = if rejected.pointer.is_empty() { "" } else { ": " };
                let reason = format!("{}{place}expected {}", rejected.pointer, rejected.expected);
                *inner.stats.rejects.entry(reason).or_default() += 1;
                let outcome = self.ruleset.outcome_name(self.ruleset.hir.header.rejects);
                Answer::Reject(rejected.into_reject(outcome, self.ruleset.stamp.clone()))
            }
        }
    }
}

impl Ruleset {
    /// Reads events by the names of their fields into trees, every field of them: for executors that are not
    /// the engine.
    pub fn read_tree(
        &self,
        fields: &Map<String, Value>,
        options: &EngineOptions,
    ) -> Result<TreeEvent, Box<Answer>> {
        let decoder = Decoder::new(&self.hir.schema, &[], decoder_options(options));
        let mut decoded = Decoded::new();
        match decoder.decode_fields(fields, &mut decoded) {
            Ok(()) => Ok(decoded.to_event(&self.hir.schema, &Arena::constants())),
            Err(rejected) => {
                let outcome = self.outcome_name(self.hir.header.rejects);
                Err(Box::new(Answer::Reject(rejected.into_reject(outcome, self.stamp.clone()))))
            }
        }
    }
}
