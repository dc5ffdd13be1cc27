//! Pending deadlines as bytes, in the order in which they will be decided.

use std::sync::Arc;

use super::{Deadlines, Due, Waiting};
use crate::model::time::Time;
use crate::state::save::{Bytes, Fault, Out};

impl Deadlines {
    /// All of them, in the order in which they will be decided.
    pub fn pending(&self) -> impl Iterator<Item = (&Due, &Waiting)> {
        self.pending.iter()
    }

    /// What was set so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// So much was set before.
    pub fn set_count(&mut self, count: u64) {
        self.count = self.count.max(count);
    }

    /// As it was set once.
    pub fn restore(&mut self, due: Due, waiting: Waiting) {
        self.by_key.entry((waiting.absence, waiting.key)).or_default().insert(due.clone());
        self.pending.insert(due, waiting);
    }
}

impl Due {
    /// Everything but the rule.
    pub fn save(&self, out: &mut Out) {
        out.time(self.at);
        out.text(&self.event);
        out.u64(self.order);
    }

    pub fn load(bytes: &mut Bytes<'_>, rule: Arc<str>) -> Result<Due, Fault> {
        let at: Time = bytes.time()?;
        let event = bytes.text()?.into();
        // One more than all must be a number as well.
        let order = bytes.u64()?.min(u64::MAX >> 1);
        Ok(Due { at, rule, event, order })
    }
}
