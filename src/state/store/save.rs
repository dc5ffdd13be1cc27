//! All memories by key, as bytes: group after group, cell after cell in the order in which they were added.

use super::{Group, GroupId, Store};
use crate::model::ids::MemoryId;
use crate::model::time::Time;
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
    pub keeps: Keeps,
}

impl SavedMemory {
    pub fn save(&self, out: &mut Out) {
        out.text(&self.meaning);
        out.time(self.since);
        out.time(self.ever);
        self.keeps.save(out);
    }

    pub fn load(bytes: &mut Bytes<'_>) -> Result<SavedMemory, Fault> {
        Ok(SavedMemory {
            meaning: bytes.text()?.to_string(),
            since: bytes.time()?,
            ever: bytes.time()?,
            keeps: Keeps::load(bytes)?,
        })
    }

    /// The header of a group.
    pub fn load_all(mut header: Bytes<'_>) -> Result<Vec<SavedMemory>, Fault> {
        let all = header.list(SavedMemory::load)?;
        header.end()?;
        Ok(all)
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

/// What a memory holds, for people.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub keys: u64,
    pub entries: u64,
    pub bytes: u64,
}

impl Store {
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
                out.list(&all, |out, memory| memory.save(out));
            });
            group.save(writer);
        }
    }

    /// One record after the header. Each target is for the memory at its place there.
    pub fn load(
        &mut self,
        targets: &mut [Target],
        mut record: Bytes<'_>,
        spare: &mut Out,
    ) -> Result<(), Fault> {
        let key = record.u128()?;
        let mut cell = None;
        for target in targets {
            let saved = record.bytes()?;
            if saved.is_empty() {
                continue;
            }
            match target {
                Target::Memory { memory, carry, lacks } => {
                    let (group, place) = self.places[memory.index()];
                    let id = match cell {
                        Some((of, id)) if of == group => id,
                        _ => self.find_or_add(group, KeyHash(key)),
                    };
                    cell = Some((group, id));
                    let members = &mut self.groups[group.0 as usize];
                    let shape = &members.shapes[place as usize];
                    let (loaded, from) = KeyMemory::load(shape, carry, &mut Bytes::new(saved))?;
                    *lacks = (*lacks).max(from);
                    let at = id.0 as usize * members.shapes.len() + place as usize;
                    members.memories[at] = loaded;
                }
                Target::Aside(records) => records.nested(spare, |out| {
                    out.u128(key);
                    out.bytes(saved);
                }),
            }
        }
        record.end()
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
            bytes: held.bytes + memory.bytes(shape) as u64,
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
        for (key, memories) in keys.iter().zip(self.memories.chunks_exact(self.shapes.len())) {
            if !writer.goes_on() {
                return;
            }
            if memories.iter().all(KeyMemory::is_blank) {
                continue;
            }
            writer.record(|out| {
                out.u128(*key);
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
