//! All memories by key, as bytes: group after group, cell after cell in the order in which they were added.

use std::collections::BTreeMap;

use super::{CellId, Group, GroupId, Store};
use crate::model::ids::MemoryId;
use crate::model::time::Time;
use crate::state::budget::Refused;
use crate::state::cell::{Carry, Keeps, KeyMemory, Shown};
use crate::state::key::KeyHash;
use crate::state::save::{Bytes, Fault, Out, Writer};

/// The section of one group.
pub const CELLS: &str = "cells";

/// What is said of a memory before its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedMemory {
    pub meaning: String,
    /// Engine time since which windows lack nothing, and since which `ever` does not.
    pub since: Time,
    pub ever: Time,
    /// Events of which nobody can say whether or how they count.
    pub unclear: u64,
    pub keeps: Keeps,
}

impl SavedMemory {
    fn save(&self, out: &mut Out) {
        out.text(&self.meaning);
        out.time(self.since);
        out.time(self.ever);
        out.u64(self.unclear);
        self.keeps.save(out);
    }

    fn load(bytes: &mut Bytes<'_>) -> Result<SavedMemory, Fault> {
        Ok(SavedMemory {
            meaning: bytes.text()?.to_string(),
            since: bytes.time()?,
            ever: bytes.time()?,
            unclear: bytes.u64()?,
            keeps: Keeps::load(bytes)?,
        })
    }

    /// The header of a group: its memories, and which keys were kept out.
    pub fn save_all(all: &[SavedMemory], refused: &Refused, out: &mut Out) {
        out.list(all, |out, memory| memory.save(out));
        refused.save(out);
    }

    pub fn load_all(mut header: Bytes<'_>) -> Result<(Vec<SavedMemory>, Refused), Fault> {
        let all = header.list(SavedMemory::load)?;
        let refused = Refused::load(&mut header)?;
        header.end()?;
        Ok((all, refused))
    }
}

/// Where what was saved of one memory goes.
#[derive(Debug)]
pub enum Target {
    /// From which event time on it lacks nothing, as far as was seen.
    Memory { memory: MemoryId, carry: Carry, lacks: i64 },
    /// Records of it alone.
    Aside(Out),
}

impl Target {
    fn memory(&self) -> Option<MemoryId> {
        match self {
            Target::Memory { memory, .. } => Some(*memory),
            Target::Aside(_) => None,
        }
    }
}

/// What a memory holds, for people.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub keys: u64,
    pub entries: u64,
    /// As a budget counts them.
    pub bytes: u64,
}

impl Store {
    /// How many events were not counted because their `where` or their value is unknown.
    pub fn unclear(&self, memory: MemoryId) -> u64 {
        self.unclear.get(memory.index()).copied().unwrap_or_default()
    }

    /// So many more were not.
    pub fn add_unclear(&mut self, memory: MemoryId, count: u64) {
        if let Some(all) = self.unclear.get_mut(memory.index()) {
            *all = all.saturating_add(count);
        }
    }

    /// What a memory keeps.
    pub fn keeps(&self, memory: MemoryId) -> Keeps {
        let (group, place) = self.places[memory.index()];
        self.groups[group.0 as usize].shapes[place as usize].keeps()
    }

    /// `saved` is what is said of each memory.
    pub fn save(&self, saved: impl Fn(MemoryId) -> SavedMemory, writer: &mut Writer<'_>) {
        for (index, group) in self.groups.iter().enumerate() {
            writer.section(CELLS);
            writer.record(|out| {
                let of_group = self.places.iter().enumerate();
                let of_group = of_group.filter(|(_, (of, _))| *of == GroupId(index as u32));
                let all: Vec<SavedMemory> = of_group.map(|(id, _)| saved(MemoryId::new(id))).collect();
                SavedMemory::save_all(&all, &group.refused, out);
            });
            group.save(writer);
        }
    }

    /// The groups of these memories, with how many keys are in each.
    pub fn groups(&self, targets: &[Target]) -> BTreeMap<GroupId, u32> {
        let known = targets.iter().filter_map(Target::memory);
        let groups = known.map(|memory| self.group(memory));
        groups.map(|group| (group, self.groups[group.0 as usize].cells)).collect()
    }

    /// One record after the header. Each target is for the memory at its place there. A key that was in is in, whatever
    /// room there is.
    pub fn load(
        &mut self,
        targets: &mut [Target],
        mut record: Bytes<'_>,
        spare: &mut Out,
    ) -> Result<(), Fault> {
        let key = KeyHash(record.u128()?);
        let missed = record.option(Bytes::i64)?;
        let mut cell = None;
        let mut is_blank = true;
        for target in targets.iter_mut() {
            let saved = record.bytes()?;
            if saved.is_empty() {
                continue;
            }
            is_blank = false;
            match target {
                Target::Memory { memory, carry, lacks } => {
                    let (group, place) = self.places[memory.index()];
                    let id = match cell {
                        Some((of, id)) if of == group => id,
                        _ => self.take_in(group, key, missed),
                    };
                    cell = Some((group, id));
                    let members = &mut self.groups[group.0 as usize];
                    let shape = &members.shapes[place as usize];
                    let (loaded, from) = KeyMemory::load(shape, carry, &mut Bytes::new(saved))?;
                    *lacks = (*lacks).max(from);
                    let at = id.0 as usize * members.shapes.len() + place as usize;
                    self.budget.resize(members.memories[at].room(shape), loaded.room(shape));
                    members.memories[at] = loaded;
                }
                Target::Aside(records) => records.nested(spare, |out| {
                    out.u128(key.0);
                    out.option(missed, Out::i64);
                    out.bytes(saved);
                }),
            }
        }
        if let Some(memory) = targets.iter().find_map(Target::memory).filter(|_| is_blank) {
            self.take_in(self.group(memory), key, missed);
        }
        record.end()
    }

    /// The cell of a key that was in.
    fn take_in(&mut self, group: GroupId, key: KeyHash, missed: Option<i64>) -> CellId {
        let found = self.find(group, key);
        let group = &mut self.groups[group.0 as usize];
        let cell = found.unwrap_or_else(|| {
            self.budget.memories += group.cell_room();
            group.add(key)
        });
        group.miss(cell.0, missed.unwrap_or(i64::MIN));
        cell
    }

    /// Which keys were kept out of what was read into a group. Those in it know that of themselves, but for the first so
    /// many cells, which had been there before.
    pub fn refuse(&mut self, group: GroupId, refused: &Refused, before: u32) {
        let group = &mut self.groups[group.0 as usize];
        if refused.is_empty() {
            return;
        }
        if before > 0 {
            for (cell, key) in (0..before).zip(group.keys()) {
                group.miss(cell, refused.until(KeyHash(key)));
            }
        }
        group.refused.merge(refused);
    }

    /// What a memory holds of those keys, one after the other until `each` says `false`.
    pub fn shown(
        &self,
        memory: MemoryId,
        wanted: impl Fn(KeyHash) -> bool,
        each: &mut dyn FnMut(KeyHash, Shown) -> bool,
    ) -> bool {
        let (group, place) = self.places[memory.index()];
        let group = &self.groups[group.0 as usize];
        let Some(shape) = group.shapes.get(place as usize) else { return true };
        let of = |cell: usize| group.memories.get(cell * group.shapes.len() + place as usize);
        let keys = group.keys().into_iter().enumerate();
        let mut held = keys.filter_map(|(cell, key)| {
            let kept = of(cell).filter(|kept| !kept.is_blank() && wanted(KeyHash(key)))?;
            Some((KeyHash(key), kept.show(shape)))
        });
        held.all(|(key, shown)| each(key, shown))
    }

    /// What a memory holds of all keys.
    pub fn held(&self, memory: MemoryId) -> Held {
        let (group, place) = self.places[memory.index()];
        let group = &self.groups[group.0 as usize];
        let shape = &group.shapes[place as usize];
        let all = group.memories.iter().skip(place as usize).step_by(group.shapes.len());
        all.filter(|memory| !memory.is_blank()).fold(Held::default(), |held, memory| Held {
            keys: held.keys + 1,
            entries: held.entries + memory.entries() as u64,
            bytes: held.bytes + memory.room(shape),
        })
    }
}

impl Group {
    /// By cell.
    fn keys(&self) -> Vec<u128> {
        let mut keys = vec![0u128; self.cells as usize];
        for (key, cell) in self.index.iter() {
            if let Some(place) = keys.get_mut(cell as usize) {
                *place = key;
            }
        }
        keys
    }

    fn save(&self, writer: &mut Writer<'_>) {
        let keys = self.keys();
        let mut spare = Out::default();
        let cells = keys.iter().zip(self.memories.chunks_exact(self.shapes.len()));
        for (cell, (key, memories)) in (0u32..).zip(cells) {
            if !writer.goes_on() {
                return;
            }
            // Also of a key of which nothing is kept: it is in, and takes room.
            writer.record(|out| {
                out.u128(*key);
                out.option(self.missed.get(&cell).copied(), Out::i64);
                for (memory, shape) in memories.iter().zip(&self.shapes) {
                    match memory.is_blank() {
                        true => out.bytes(&[]),
                        false => out.nested(&mut spare, |out| memory.save(shape, out)),
                    }
                }
            });
        }
    }
}
