//! What is kept for sequences, as bytes: key after key in the order in which they were added.

use super::{Entry, KeySequence, Memory, Sequences, Steps};
use crate::model::ids::SequenceId;
use crate::model::time::Time;
use crate::state::Held;
use crate::state::budget::{Budget, Refused};
use crate::state::key::KeyHash;
use crate::state::save::{Bytes, Fault, Out, Writer};

/// The section of one memory.
pub const SEQUENCE: &str = "sequence";

/// What is said of it before its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedSequence {
    pub meaning: String,
    pub since: Time,
    pub reach: i64,
    pub lateness: i64,
}

impl SavedSequence {
    fn save(&self, out: &mut Out) {
        out.text(&self.meaning);
        out.time(self.since);
        out.i64(self.reach);
        out.i64(self.lateness);
    }

    /// With the keys that were kept out.
    pub fn load(mut header: Bytes<'_>) -> Result<(SavedSequence, Refused), Fault> {
        let saved = SavedSequence {
            meaning: header.text()?.to_string(),
            since: header.time()?,
            reach: header.i64()?,
            lateness: header.i64()?,
        };
        let refused = Refused::load(&mut header)?;
        header.end()?;
        Ok((saved, refused))
    }
}

impl Sequences {
    pub fn save(&self, saved: impl Fn(SequenceId) -> (String, Time), writer: &mut Writer<'_>) {
        for (index, memory) in self.memories.iter().enumerate() {
            let (meaning, since) = saved(SequenceId::new(index));
            let header =
                SavedSequence { meaning, since, reach: memory.spec.reach.0, lateness: self.lateness };
            writer.section(SEQUENCE);
            writer.record(|out| {
                header.save(out);
                memory.refused.save(out);
            });
            memory.save(writer);
        }
    }

    /// Windows reach further back than what was kept.
    pub fn is_widened(&self, memory: SequenceId, saved: &SavedSequence) -> bool {
        self.memories.get(memory.index()).is_some_and(|memory| memory.spec.reach.0 > saved.reach)
    }

    /// The keys that were kept out.
    pub fn refuse(&mut self, memory: SequenceId, refused: &Refused) {
        if let Some(memory) = self.memories.get_mut(memory.index()) {
            memory.refused.merge(refused);
        }
    }

    /// One record after the header. From which event time on the key lacks nothing, if the span was widened. A key that
    /// was in is in, whatever room there is.
    pub fn load(
        &mut self,
        memory: SequenceId,
        saved: &SavedSequence,
        mut record: Bytes<'_>,
        budget: &mut Budget,
    ) -> Result<i64, Fault> {
        let widened = self.is_widened(memory, saved);
        let steps = self.memories.get(memory.index()).map_or(0, |memory| memory.spec.steps);
        let key = record.u128()?;
        let mut kept = KeySequence {
            newest: record.i64()?,
            lost: record.i64()?,
            capped: record.i64()?,
            full: record.i64()?,
            entries: Default::default(),
        };
        let bits =
            |bits: u32| u16::try_from(bits).map_err(|_| Fault::of("an event is no part of its sequence"));
        let entries = record.list(|bytes| {
            let at = bytes.i64()?;
            let both = bytes.u32()?;
            Ok(Entry { at, steps: Steps { is: bits(both & 0xffff)?, breaks: bits(both >> 16)? } })
        })?;
        record.end()?;
        if entries.iter().any(|entry| u32::from(entry.steps.is | entry.steps.breaks) >> steps.min(16) != 0) {
            return Err(Fault::of("an event is no part of its sequence"));
        }
        kept.entries = entries.into();
        let limit = kept.newest.saturating_sub(saved.reach).saturating_sub(saved.lateness);
        let mut lacks = i64::MIN;
        if widened && kept.lost <= limit {
            lacks = std::mem::replace(&mut kept.lost, i64::MIN);
        }
        if let Some(memory) = self.memories.get_mut(memory.index()) {
            let after = kept.room();
            let before = match memory.find(KeyHash(key)).and_then(|place| memory.keys.get_mut(place)) {
                Some(known) => std::mem::replace(known, kept).room(),
                None => {
                    memory.add(KeyHash(key), kept);
                    0
                }
            };
            budget.resize(before, after);
        }
        Ok(lacks)
    }

    /// When the events were that a memory holds of those keys, one key after the other until `each` says `false`.
    pub fn shown(
        &self,
        memory: SequenceId,
        wanted: impl Fn(KeyHash) -> bool,
        each: &mut dyn FnMut(KeyHash, Vec<Time>) -> bool,
    ) -> bool {
        let Some(memory) = self.memories.get(memory.index()) else { return true };
        memory
            .ordered()
            .iter()
            .zip(&memory.keys)
            .filter(|(key, _)| wanted(KeyHash(**key)))
            .all(|(key, kept)| each(KeyHash(*key), kept.entries.iter().map(|entry| Time(entry.at)).collect()))
    }

    /// What a memory holds of all keys.
    pub fn held(&self, memory: SequenceId) -> Held {
        let Some(memory) = self.memories.get(memory.index()) else { return Held::default() };
        let entries: usize = memory.keys.iter().map(|key| key.entries.len()).sum();
        let bytes = memory.keys.iter().map(KeySequence::room).sum();
        Held { keys: memory.keys.len() as u64, entries: entries as u64, bytes }
    }
}

impl Memory {
    /// The keys by their places.
    fn ordered(&self) -> Vec<u128> {
        let mut keys = vec![0u128; self.keys.len()];
        for (key, place) in &self.index {
            if let Some(at) = keys.get_mut(*place as usize) {
                *at = *key;
            }
        }
        keys
    }

    fn save(&self, writer: &mut Writer<'_>) {
        let keys = self.ordered();
        for (key, kept) in keys.iter().zip(&self.keys) {
            writer.record(|out| {
                out.u128(*key);
                [kept.newest, kept.lost, kept.capped, kept.full].iter().for_each(|time| out.i64(*time));
                out.len(kept.entries.len());
                for entry in &kept.entries {
                    out.i64(entry.at);
                    out.u32(u32::from(entry.steps.is) | u32::from(entry.steps.breaks) << 16);
                }
            });
        }
    }
}
