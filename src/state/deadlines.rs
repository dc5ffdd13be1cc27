//! Deadlines that were set and did not fall due yet: by time, and by the key whose events take them back.

mod save;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::key::KeyHash;
use super::sizes::{hashed, share, text};
use crate::model::ids::EventId;
use crate::model::time::{Duration, Time};
use crate::model::value::Datum;

/// When something falls due, in the order in which deadlines are decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    pub at: Time,
    pub rule: Arc<str>,
    /// The id of the event that set it.
    pub event: Arc<str>,
    /// Of what is the same in all that, the first one set comes first.
    order: u64,
}

/// What is needed then.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Which of the ruleset's rules on something that did not happen.
    pub absence: u32,
    pub key: KeyHash,
    /// The type of the event that set it, and those of its fields that the rule looks at.
    pub event: EventId,
    pub fields: Vec<Datum>,
}

/// All pending deadlines.
#[derive(Debug, Default)]
pub struct Deadlines {
    pending: BTreeMap<Due, Waiting>,
    by_key: HashMap<(u32, KeyHash), BTreeSet<Due>>,
    /// Set so far.
    count: u64,
}

impl Deadlines {
    pub fn new() -> Deadlines {
        Deadlines::default()
    }

    /// What each of so many rules takes with a deadline for so many keys. `fields` is how many are kept of an event, and how
    /// many of them are texts.
    pub fn bytes(of: u64, keys: u64, fields: (u64, u64)) -> u64 {
        let by_key = share(hashed::<((u32, KeyHash), BTreeSet<Due>)>(keys.saturating_mul(of)), of);
        // A leaf has room for eleven and a pointer up. Filled in the order of time it keeps six and passes one up, where
        // there are pointers down as well.
        let leaf = |of: usize| 11 * of as u64 + 16;
        let pair = size_of::<Due>() + size_of::<Waiting>();
        let pending = leaf(pair) / 7 + (leaf(pair) + 12 * 8) / 49;
        let kept = fields.0 * size_of::<Datum>() as u64;
        let each = pending + leaf(size_of::<Due>()) + kept + (1 + fields.1) * text();
        by_key.saturating_add(each.saturating_mul(keys))
    }

    /// Whether something is due once engine time reaches `now`.
    #[inline]
    pub fn is_due(&self, now: Time) -> bool {
        !self.is_empty() && self.pending.first_key_value().is_some_and(|(due, _)| due.at <= now)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// How much room they take.
    pub fn room(&self) -> u64 {
        self.len() as u64 * 512
    }

    /// None waits.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// How many wait for the same.
    pub fn waiting(&self, absence: u32, key: KeyHash) -> usize {
        self.by_key.get(&(absence, key)).map_or(0, BTreeSet::len)
    }

    pub fn set(&mut self, at: Time, rule: Arc<str>, event: Arc<str>, waiting: Waiting) {
        let due = Due { at, rule, event, order: self.count };
        self.count += 1;
        self.by_key.entry((waiting.absence, waiting.key)).or_default().insert(due.clone());
        self.pending.insert(due, waiting);
    }

    /// Takes back what was set at or less than `within` before `at`; says how much that was.
    pub fn cancel(&mut self, absence: u32, key: KeyHash, at: Time, within: Duration) -> usize {
        let Some(of_key) = self.by_key.get_mut(&(absence, key)) else { return 0 };
        let last = at.0.saturating_add(within.0);
        let first = Due { at: Time(at.0.saturating_add(1)), rule: "".into(), event: "".into(), order: 0 };
        let cancelled: Vec<Due> = of_key.range(first..).take_while(|due| due.at.0 <= last).cloned().collect();
        for due in &cancelled {
            of_key.remove(due);
            self.pending.remove(due);
        }
        if of_key.is_empty() {
            self.by_key.remove(&(absence, key));
        }
        cancelled.len()
    }

    /// The next one that is due at `now`, which no longer waits.
    pub fn take_due(&mut self, now: Time) -> Option<(Due, Waiting)> {
        if !self.is_due(now) {
            return None;
        }
        let (due, waiting) = self.pending.pop_first()?;
        let key = (waiting.absence, waiting.key);
        if let Some(of_key) = self.by_key.get_mut(&key) {
            of_key.remove(&due);
            if of_key.is_empty() {
                self.by_key.remove(&key);
            }
        }
        Some((due, waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(deadlines: &mut Deadlines, at: i64, rule: &str, event: &str, key: u128) {
        let waiting = Waiting { absence: 0, key: KeyHash(key), event: EventId(0), fields: Vec::new() };
        deadlines.set(Time(at), rule.into(), event.into(), waiting);
    }

    fn due(deadlines: &mut Deadlines, now: i64) -> Vec<String> {
        std::iter::from_fn(|| deadlines.take_due(Time(now)))
            .map(|(due, _)| format!("{} {} {}", due.at.0, due.rule, due.event))
            .collect()
    }

    #[test]
    fn what_is_due_comes_by_time_rule_and_event() {
        let mut deadlines = Deadlines::new();
        for (at, rule, event) in [(20, "a", "e1"), (10, "b", "e1"), (10, "a", "e2"), (10, "a", "e1")] {
            set(&mut deadlines, at, rule, event, 1);
        }
        assert!(!deadlines.is_due(Time(9)));
        assert!(due(&mut deadlines, 9).is_empty());
        assert_eq!(due(&mut deadlines, 10), ["10 a e1", "10 a e2", "10 b e1"]);
        assert_eq!(deadlines.waiting(0, KeyHash(1)), 1);
        assert_eq!(due(&mut deadlines, 30), ["20 a e1"]);
        assert_eq!(deadlines.waiting(0, KeyHash(1)), 0);
    }

    #[test]
    fn an_event_takes_back_what_was_set_at_its_time_or_before_and_is_not_due_at_it() {
        let within = Duration(10);
        for (at, left) in [(4, true), (5, false), (14, false), (15, true)] {
            let mut deadlines = Deadlines::new();
            // Set at 5.
            set(&mut deadlines, 15, "r", "e", 1);
            assert_eq!(deadlines.cancel(0, KeyHash(2), Time(at), within), 0);
            assert_eq!(deadlines.cancel(1, KeyHash(1), Time(at), within), 0);
            assert_eq!(deadlines.cancel(0, KeyHash(1), Time(at), within), usize::from(!left), "{at}");
            assert_eq!(due(&mut deadlines, 15).len(), usize::from(left), "{at}");
        }
    }
}
