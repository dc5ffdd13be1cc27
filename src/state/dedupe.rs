//! Retries: an event that was applied before gets the decision it got then.

mod save;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::key::Identity;
use super::table::Table;
use crate::model::decision::Decision;
use crate::model::ids::OutcomeId;
use crate::model::time::{Duration, Time};

/// The decisions of the events applied within the horizon of engine time (the largest `received_at`, else
/// `at`, seen so far), by event type and id.
#[derive(Debug)]
pub struct Dedupe {
    horizon: Duration,
    now: Time,
    /// By event, the number of what was applied.
    places: Table,
    /// In the order of application, which is that of engine time.
    applied: VecDeque<Applied>,
    /// The number of the first of them; numbers begin anew after the largest.
    first: u32,
    /// How many of them are kept whole.
    whole: u64,
}

/// An event that was applied.
#[derive(Debug)]
pub struct Applied {
    event: Identity,
    now: Time,
    /// What the event said, in few bits: other bits are another event under the same id.
    pub content: u32,
    /// Under which of the rulesets that this state has known it was decided.
    pub era: u16,
    pub decision: Kept,
}

impl Applied {
    pub fn event(&self) -> Identity {
        self.event
    }
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

/// Of numbers that tell applied events apart: more than are kept at any time.
const NUMBERS: u32 = 1 << 31;

/// 24 hours.
pub const DEFAULT_HORIZON: Duration = Duration(24 * 3_600_000_000);

impl Dedupe {
    pub fn new(horizon: Duration) -> Dedupe {
        Dedupe {
            horizon,
            now: Time::MIN,
            places: Table::default(),
            applied: VecDeque::new(),
            first: 0,
            whole: 0,
        }
    }

    /// Moves engine time to `told` (the event's `received_at`, else its `at`) if that is later, forgets what
    /// is beyond the horizon, and gives that event with its decision if it was applied before.
    pub fn check(&mut self, event: Identity, told: Time) -> Option<&Applied> {
        self.now = self.now.max(told);
        self.forget();
        let place = self.places.find(event.0)?.wrapping_sub(self.first) % NUMBERS;
        self.applied.get(place as usize)
    }

    /// Moves engine time without an event.
    pub fn advance(&mut self, told: Time) {
        self.now = self.now.max(told);
    }

    /// Engine time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// How much room the remembered decisions take.
    pub fn room(&self) -> u64 {
        self.applied.len() as u64 * 96 + self.whole * 1024
    }

    /// Keeps the decision of an event that [`Dedupe::check`] did not know.
    pub fn remember(&mut self, event: Identity, content: u32, era: u16, decision: Kept) {
        self.places.insert(event.0, self.next_number());
        self.whole += u64::from(matches!(decision, Kept::Whole(_)));
        self.applied.push_back(Applied { event, now: self.now, content, era, decision });
    }

    /// Of what is applied next.
    fn next_number(&self) -> u32 {
        ((u64::from(self.first) + self.applied.len() as u64) % u64::from(NUMBERS)) as u32
    }

    /// Where [`Dedupe::check`] will look for these events, to bring it near before.
    pub fn words<'d>(&'d self, events: impl Iterator<Item = Identity>, words: &mut Vec<&'d u64>) {
        let before = words.len();
        words.extend(events.filter_map(|event| self.places.home_word(event.0)));
        // About as many are forgotten as come.
        let oldest = self.applied.iter().take(words.len() - before);
        words.extend(oldest.filter_map(|applied| self.places.home_word(applied.event.0)));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.applied.len()
    }

    /// Forgets that these events were applied; says how many were. What they did stays.
    pub fn erase(&mut self, events: &HashSet<Identity>) -> u64 {
        let before = self.applied.len();
        self.applied.retain(|applied| !events.contains(&applied.event));
        let whole = self.applied.iter().filter(|applied| matches!(applied.decision, Kept::Whole(_)));
        self.whole = whole.count() as u64;
        if self.applied.len() < before {
            self.places = Table::default();
            for (number, applied) in (self.first..).zip(&self.applied) {
                self.places.insert(applied.event.0, number % NUMBERS);
            }
        }
        (before - self.applied.len()) as u64
    }

    fn forget(&mut self) {
        while let Some(oldest) = self.applied.front() {
            if self.now.0.saturating_sub(oldest.now.0) < self.horizon.0 {
                return;
            }
            self.places.remove(oldest.event.0);
            self.whole -= u64::from(matches!(oldest.decision, Kept::Whole(_)));
            self.applied.pop_front();
            self.first = (self.first + 1) % NUMBERS;
        }
    }
}
