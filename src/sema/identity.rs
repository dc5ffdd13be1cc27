//! The meaning of a memory in words that reformatting, renaming and moving rules do not change.

use super::Checker;
use super::hir::{Element, MemoryInput, SequenceInput};
use super::print::ExprText;
use crate::model::time::Duration;

impl<'a> Checker<'a> {
    /// Event, value, `where` and keys of every input, in an order of their own, the step, and whether only
    /// sketches are kept.
    pub(super) fn identity(&self, inputs: &[MemoryInput], step: Option<Duration>, approx: bool) -> String {
        let text = self.canonical();
        let mut all: Vec<String> = inputs
            .iter()
            .map(|input| {
                let shape = &self.shapes[input.event.index()];
                let mut out = format!("{}", shape.name);
                if let Some(value) = &input.value {
                    out.push_str(&format!(" value {}", text.of(value, shape)));
                }
                if let Some(filter) = &input.filter {
                    out.push_str(&format!(" where {}", text.of(filter, shape)));
                }
                for key in &input.keys {
                    out.push_str(&format!(" by {}", text.of(key, shape)));
                }
                out
            })
            .collect();
        all.sort();
        let mut out = all.join(" | ");
        if let Some(step) = step {
            out.push_str(&format!(" step {}us", step.0));
        }
        if approx {
            out.push_str(" approx");
        }
        out
    }

    /// Every event of every element, in the order of the elements; the events of a group in an order of their own.
    pub(super) fn sequence_identity(&self, elements: &[Element], inputs: &[SequenceInput]) -> String {
        let text = self.canonical();
        let all = elements.iter().enumerate().map(|(place, element)| {
            let mut events: Vec<String> = Vec::new();
            for input in inputs {
                let shape = &self.shapes[input.event.index()];
                for (_, filter) in input.elements.iter().filter(|(of, _)| *of == place) {
                    let filter =
                        filter.as_ref().map_or(String::new(), |f| format!(" where {}", text.of(f, shape)));
                    let keys: Vec<String> =
                        input.keys.iter().map(|key| format!(" by {}", text.of(key, shape))).collect();
                    events.push(format!("{}{filter}{}", shape.name, keys.concat()));
                }
            }
            events.sort();
            format!("{}{}", if element.absent { "not " } else { "" }, events.join(" | "))
        });
        format!("sequence {}", all.collect::<Vec<String>>().join(" then "))
    }

    fn canonical(&self) -> ExprText<'_> {
        ExprText {
            lists: &self.lists,
            tables: &self.tables,
            phrases: &self.phrases,
            calendars: &self.calendars,
            labels: &self.labels,
            memories: self.memories.all(),
            sequences: self.memories.sequences(),
            canonical: true,
            zone: Some(self.header.zone.name()),
        }
    }
}
