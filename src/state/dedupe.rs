//! Retries: an event that was applied before gets the decision it got then.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashTable;

use super::key::KeyHasher;
use crate::model::decision::Decision;
use crate::model::ids::EventId;
use crate::model::time::{Duration, Time};

/// The decisions of the events applied within the horizon of engine time (the largest `received_at`, else
/// `at`, seen so far), by event type and id.
#[derive(Debug)]
pub struct Dedupe {
    horizon: Duration,
    hasher: KeyHasher,
    now: Time,
    applied: HashTable<(u128, Arc<Decision>)>,
    /// In the order of application, which is that of engine time.
    order: VecDeque<(Time, u128)>,
}

/// 24 hours.
pub const DEFAULT_HORIZON: Duration = Duration(24 * 3_600_000_000);

impl Dedupe {
    pub fn new(horizon: Duration, hash_key: &[u8]) -> Dedupe {
        Dedupe {
            horizon,
            hasher: KeyHasher::new(hash_key),
            now: Time::MIN,
            applied: HashTable::new(),
            order: VecDeque::new(),
        }
    }

    /// Moves engine time to `told` (the event's `received_at`, else its `at`) if that is later, forgets what
    /// is beyond the horizon, and gives the decision of that event if it was applied before.
    pub fn check(&mut self, event: EventId, id: &str, told: Time) -> Option<&Arc<Decision>> {
        self.now = self.now.max(told);
        self.forget();
        let hash = self.hasher.tagged_text(event.0, id);
        self.applied.find(hash as u64, |entry| entry.0 == hash).map(|entry| &entry.1)
    }

    /// Keeps the decision of an event that [`Dedupe::check`] did not know.
    pub fn remember(&mut self, event: EventId, id: &str, decision: Arc<Decision>) {
        let hash = self.hasher.tagged_text(event.0, id);
        self.applied.insert_unique(hash as u64, (hash, decision), |entry| entry.0 as u64);
        self.order.push_back((self.now, hash));
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
