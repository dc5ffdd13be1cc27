//! The meaning of a memory in words that reformatting, renaming and moving rules do not change.

use super::Checker;
use super::hir::MemoryInput;
use super::print::ExprText;
use crate::model::time::Duration;

impl<'a> Checker<'a> {
    /// Event, value, `where` and keys of every input, in an order of their own, and the step.
    pub(super) fn identity(&self, inputs: &[MemoryInput], step: Option<Duration>) -> String {
        let text = ExprText {
            lists: &self.lists,
            tables: &self.tables,
            phrases: &self.phrases,
            calendars: &self.calendars,
            labels: &self.labels,
            memories: self.memories.all(),
            canonical: true,
        };
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
        out
    }
}
