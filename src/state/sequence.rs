//! What is kept for sequences: per key, the events that can be one of the elements, in one order.
//!
//! Semantics of one memory and key, as for windows: entries are sorted by (time, arrival); a write at
//! `t < newest - lateness` is refused and lost at `t`; entries at or before `newest - reach - lateness` expire; beyond the
//! cap the oldest are dropped. A question about `(t - within, t]` is too late if something in it was lost; if the cap
//! dropped something in it, it is settled only where what is left is enough.

mod save;

use std::collections::VecDeque;

use hashbrown::HashTable;

use super::budget::{Budget, Refused};
use super::key::KeyHash;
use super::sizes::{Fill, grown, hashed};
use super::{Options, WriteOutcome};
use crate::model::ids::SequenceId;
use crate::model::slot::Slot;
use crate::model::time::{Duration, Time};
use crate::model::value::Unknown;
pub use save::{SEQUENCE, SavedSequence};

/// What one memory keeps; in the order of their `SequenceId`s.
#[derive(Clone, Debug)]
pub struct SequenceSpec {
    /// The longest `within` asked of it.
    pub reach: Duration,
    /// How many events happen before the last one.
    pub steps: u32,
}

/// What one event can be, one bit per event that happens, the first lowest.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// It is this event of the sequence.
    pub is: u16,
    /// It must not come between this one and the next.
    pub breaks: u16,
}

impl Steps {
    pub fn is_nothing(self) -> bool {
        self.is | self.breaks == 0
    }

    pub fn or(self, other: Steps) -> Steps {
        Steps { is: self.is | other.is, breaks: self.breaks | other.breaks }
    }
}

/// The memories of all sequences by key.
#[derive(Debug)]
pub struct Sequences {
    lateness: i64,
    cap: usize,
    memories: Vec<Memory>,
}

#[derive(Debug)]
struct Memory {
    spec: SequenceSpec,
    index: HashTable<(u128, u32)>,
    keys: Vec<KeySequence>,
    /// Of keys that were not let in.
    refused: Refused,
}

/// One memory of one key.
#[derive(Clone, Debug)]
struct KeySequence {
    /// The largest time written; `i64::MIN` before the first, as in the others.
    newest: i64,
    /// The largest time that expired or was refused.
    lost: i64,
    /// The largest time that the cap dropped.
    capped: i64,
    /// The largest time at which the key was kept out for want of room.
    full: i64,
    entries: VecDeque<Entry>,
}

/// How much room a key and an entry take.
const KEY_BYTES: u64 = 144;
const ENTRY_BYTES: u64 = 24;

#[derive(Copy, Clone, Debug)]
struct Entry {
    at: i64,
    steps: Steps,
}

impl Sequences {
    pub fn new(specs: &[SequenceSpec], options: &Options) -> Sequences {
        let memory = |spec: &SequenceSpec| Memory {
            spec: spec.clone(),
            index: HashTable::new(),
            keys: Vec::new(),
            refused: Refused::default(),
        };
        Sequences {
            lateness: options.lateness.0,
            cap: options.entries.max(1) as usize,
            memories: specs.iter().map(memory).collect(),
        }
    }

    /// What so many keys of one memory take.
    pub fn bytes(&self, keys: u64, fill: Fill) -> u64 {
        let count = fill.of(self.cap);
        let places = hashed::<(u128, u32)>(keys) + grown::<KeySequence>(keys, 1);
        places.saturating_add(grown::<Entry>(count, 1).saturating_mul(keys))
    }

    /// Whether all events but the last came, in order, after `t - within`: the last one is at `t`, and arrives now.
    pub fn read(&self, memory: SequenceId, key: KeyHash, t: Time, within: Duration) -> Slot {
        let Some(memory) = self.memories.get(memory.index()) else { return Slot::bool(false) };
        let after = t.0.saturating_sub(within.0);
        let Some(kept) = memory.find(key).and_then(|place| memory.keys.get(place)) else {
            let full = after < memory.refused.until(key);
            return if full { Slot::unknown(Unknown::Full) } else { Slot::bool(false) };
        };
        if after < kept.full {
            return Slot::unknown(Unknown::Full);
        }
        if after < kept.lost {
            return Slot::unknown(Unknown::TooLate);
        }
        // What the cap dropped stood before all that is left: it may begin a sequence, and break none.
        match kept.completes(after, t.0, memory.spec.steps) {
            false if after < kept.capped => Slot::unknown(Unknown::Saturated),
            complete => Slot::bool(complete),
        }
    }

    /// Enters an event that can be an element of a sequence; `None` if its key is new and there is no room.
    pub fn write(
        &mut self,
        memory: SequenceId,
        key: KeyHash,
        t: Time,
        steps: Steps,
        budget: &mut Budget,
    ) -> Option<WriteOutcome> {
        let (lateness, cap) = (self.lateness, self.cap);
        let memory = self.memories.get_mut(memory.index())?;
        let reach = memory.spec.reach.0;
        let Some(place) = memory.find_or_add(key, budget) else {
            memory.refused.add(key, t.0);
            return None;
        };
        let kept = memory.keys.get_mut(place)?;
        let before = kept.room();
        let outcome = kept.write(t.0, steps, reach, lateness, cap);
        budget.resize(before, kept.room());
        Some(outcome)
    }
}

impl Memory {
    fn find(&self, key: KeyHash) -> Option<usize> {
        self.index.find(key.0 as u64, |entry| entry.0 == key.0).map(|entry| entry.1 as usize)
    }

    fn find_or_add(&mut self, key: KeyHash, budget: &mut Budget) -> Option<usize> {
        if let Some(place) = self.find(key) {
            return Some(place);
        }
        if !budget.has_room() {
            return None;
        }
        let fresh = KeySequence {
            newest: i64::MIN,
            lost: i64::MIN,
            capped: i64::MIN,
            full: self.refused.until(key),
            entries: VecDeque::new(),
        };
        budget.resize(0, fresh.room());
        Some(self.add(key, fresh))
    }

    fn add(&mut self, key: KeyHash, kept: KeySequence) -> usize {
        let place = self.keys.len();
        self.index.insert_unique(key.0 as u64, (key.0, place as u32), |entry| entry.0 as u64);
        self.keys.push(kept);
        place
    }
}

impl KeySequence {
    /// How much room it takes.
    fn room(&self) -> u64 {
        KEY_BYTES + self.entries.len() as u64 * ENTRY_BYTES
    }

    fn write(&mut self, t: i64, steps: Steps, reach: i64, lateness: i64, cap: usize) -> WriteOutcome {
        let late = t < self.newest;
        if t < self.newest.saturating_sub(lateness) {
            self.lost = self.lost.max(t);
            return WriteOutcome { late, refused: true };
        }
        self.newest = self.newest.max(t);
        let place = self.entries.partition_point(|entry| entry.at <= t);
        self.entries.insert(place, Entry { at: t, steps });
        let horizon = self.newest.saturating_sub(reach).saturating_sub(lateness);
        while let Some(first) = self.entries.front().filter(|entry| entry.at <= horizon) {
            self.lost = self.lost.max(first.at);
            self.entries.pop_front();
        }
        while self.entries.len() > cap {
            if let Some(first) = self.entries.pop_front() {
                self.capped = self.capped.max(first.at);
            }
        }
        WriteOutcome { late, refused: false }
    }

    /// One walk over `(after, through]`: bit `i` of `open` says that the first `i + 1` events came, in order, and that
    /// since the last of them nothing came that must not.
    fn completes(&self, after: i64, through: i64, steps: u32) -> bool {
        let start = self.entries.partition_point(|entry| entry.at <= after);
        let entries = self.entries.range(start..).take_while(|entry| entry.at <= through);
        let open = entries.fold(0u16, |open, entry| {
            let goes_on = entry.steps.is & (open << 1 | 1);
            open & !entry.steps.breaks | goes_on
        });
        steps > 0 && open >> (steps - 1) & 1 == 1
    }
}
