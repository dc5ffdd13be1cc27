//! Retries: an event that was applied before gets the decision it got then.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashTable;

use super::key::Identity;
use crate::model::decision::Decision;
use crate::model::ids::OutcomeId;
use crate::model::time::{Duration, Time};

/// The decisions of the events applied within the horizon of engine time (the largest `received_at`, else
/// `at`, seen so far), by event type and id.
#[derive(Debug)]
pub struct Dedupe {
    horizon: Duration,
    now: Time,
    applied: HashTable<(u128, Kept)>,
    /// In the order of application, which is that of engine time.
    order: VecDeque<(Time, u128)>,
}

/// What is kept of a decision.
#[derive(Clone, Debug)]
pub enum Kept {
    /// Nothing happened, as in nearly all of them: the rest of such a decision is told by the event itself.
    Quiet {
        at: Time,
        outcome: OutcomeId,
        late: bool,
    },
    Whole(Arc<Decision>),
}

/// 24 hours.
pub const DEFAULT_HORIZON: Duration = Duration(24 * 3_600_000_000);

impl Dedupe {
    pub fn new(horizon: Duration) -> Dedupe {
        Dedupe { horizon, now: Time::MIN, applied: HashTable::new(), order: VecDeque::new() }
    }

    /// Moves engine time to `told` (the event's `received_at`, else its `at`) if that is later, forgets what
    /// is beyond the horizon, and gives the decision of that event if it was applied before.
    pub fn check(&mut self, event: Identity, told: Time) -> Option<&Kept> {
        self.now = self.now.max(told);
        self.forget();
        self.find(event).map(|entry| &entry.1)
    }

    /// Moves engine time without an event.
    pub fn advance(&mut self, told: Time) {
        self.now = self.now.max(told);
    }

    /// Engine time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Keeps the decision of an event that [`Dedupe::check`] did not know.
    pub fn remember(&mut self, event: Identity, decision: Kept) {
        self.applied.insert_unique(event.0 as u64, (event.0, decision), |entry| entry.0 as u64);
        self.order.push_back((self.now, event.0));
    }

    /// Looks at what [`Dedupe::check`] will look at for these events, so that it is near by then. The result says
    /// nothing.
    pub fn warm(&self, events: impl Iterator<Item = Identity>) -> u64 {
        let mut seen = 0;
        let mut count = 0;
        for event in events {
            seen ^= u64::from(self.find(event).is_some());
            count += 1;
        }
        // About as many are forgotten as come.
        for (_, hash) in self.order.iter().take(count) {
            if let Some((_, Kept::Whole(decision))) = self.find(Identity(*hash)) {
                let id = decision.event.as_bytes().first().copied().unwrap_or_default();
                seen ^= decision.score as u64 ^ u64::from(decision.late) ^ u64::from(id);
                seen ^= Arc::strong_count(decision) as u64;
            }
        }
        seen
    }

    fn find(&self, event: Identity) -> Option<&(u128, Kept)> {
        self.applied.find(event.0 as u64, |entry| entry.0 == event.0)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    fn forget(&mut self) {
        while let Some((applied, hash)) = self.order.front().copied() {
            if self.now.0.saturating_sub(applied.0) < self.horizon.0 {
                return;
            }
            self.order.pop_front();
            if let Ok(entry) = self.applied.find_entry(hash as u64, |entry| entry.0 == hash) {
                entry.remove();
            }
        }
    }
}
