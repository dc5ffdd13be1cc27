//! The memories of a ruleset by key, in RAM.

use hashbrown::HashTable;

use super::cell::{KeyMemory, Shape};
use super::key::{KeyHash, KeyHasher};
use super::{Bounds, MemorySpec, Options, WriteOutcome};
use crate::model::ids::MemoryId;
use crate::model::slot::{Arena, Arenas, Slot};
use crate::model::time::Time;
use crate::model::types::Type;
use crate::model::window::AggregateFn;

/// Memories with the same key types.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u32);

/// All memories of one group for one key. Stays valid as long as the store.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId(u32);

/// Everything that is kept of past events.
#[derive(Debug)]
pub struct Store {
    hasher: KeyHasher,
    /// Per memory: its group and its place in the cells of that group.
    places: Vec<(GroupId, u32)>,
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    keys: Vec<Type>,
    /// Of the memories in one cell.
    shapes: Vec<Shape>,
    index: HashTable<(u128, u32)>,
    /// Cell after cell.
    memories: Vec<KeyMemory>,
    /// What a key is asked for of which nothing was written.
    empty: Vec<KeyMemory>,
}

impl Store {
    pub fn new(specs: &[MemorySpec], options: &Options) -> Store {
        let mut store =
            Store { hasher: KeyHasher::new(&options.hash_key), places: Vec::new(), groups: Vec::new() };
        for spec in specs {
            let shape = Shape::new(spec, options);
            let group = store.groups.iter().position(|g| g.keys == spec.keys).unwrap_or_else(|| {
                store.groups.push(Group {
                    keys: spec.keys.clone(),
                    shapes: Vec::new(),
                    index: HashTable::new(),
                    memories: Vec::new(),
                    empty: Vec::new(),
                });
                store.groups.len() - 1
            });
            let members = &mut store.groups[group];
            store.places.push((GroupId(group as u32), members.shapes.len() as u32));
            members.empty.push(KeyMemory::new(&shape));
            members.shapes.push(shape);
        }
        store
    }

    pub fn hasher(&self) -> &KeyHasher {
        &self.hasher
    }

    pub fn group(&self, memory: MemoryId) -> GroupId {
        self.places[memory.index()].0
    }

    /// `None` if nothing was written for that key yet.
    pub fn find(&self, group: GroupId, key: KeyHash) -> Option<CellId> {
        let group = &self.groups[group.0 as usize];
        group.index.find(key.0 as u64, |entry| entry.0 == key.0).map(|entry| CellId(entry.1))
    }

    pub fn find_or_add(&mut self, group: GroupId, key: KeyHash) -> CellId {
        if let Some(cell) = self.find(group, key) {
            return cell;
        }
        let group = &mut self.groups[group.0 as usize];
        let cell = group.index.len() as u32;
        group.memories.extend(group.shapes.iter().map(KeyMemory::new));
        group.index.insert_unique(key.0 as u64, (key.0, cell), |entry| entry.0 as u64);
        CellId(cell)
    }

    /// Looks at what questions to these cells will look at, so that it is near by then: one cell after the other
    /// would wait for memory each time, many at once wait together. The result says nothing.
    pub fn warm(&self, cells: &[(GroupId, CellId)]) -> i64 {
        let memories = |(group, cell): &(GroupId, CellId)| {
            let group = &self.groups[group.0 as usize];
            let count = group.shapes.len();
            group.memories[cell.0 as usize * count..].iter().take(count)
        };
        let heads = cells.iter().flat_map(memories).fold(0, |seen, memory| seen ^ memory.warm_head());
        cells.iter().flat_map(memories).fold(heads, |seen, memory| seen ^ memory.warm_entries())
    }

    /// The answer of one aggregate at time `t`. `current` is what the current event itself contributes, if
    /// it counts (any known slot for a memory of bare events). Texts of the answer are put into `arena`.
    #[expect(clippy::too_many_arguments, reason = "one question has this many parts")]
    #[inline(always)]
    pub fn read(
        &self,
        cell: Option<CellId>,
        memory: MemoryId,
        function: AggregateFn,
        bounds: Bounds,
        t: Time,
        current: Option<Slot>,
        constants: &Arena,
        arena: &mut Arena,
    ) -> Slot {
        let (group, place) = self.places[memory.index()];
        let group = &self.groups[group.0 as usize];
        let shape = &group.shapes[place as usize];
        let kept = match cell {
            Some(cell) => &group.memories[cell.0 as usize * group.shapes.len() + place as usize],
            None => &group.empty[place as usize],
        };
        kept.read(shape, function, bounds, t, current, &self.hasher, constants, arena)
    }

    /// Counts an event in one memory of the cell. `value` must be known (any slot for bare events).
    pub fn write(
        &mut self,
        cell: CellId,
        memory: MemoryId,
        t: Time,
        value: Slot,
        arenas: &Arenas<'_>,
    ) -> WriteOutcome {
        let (group, place) = self.places[memory.index()];
        let group = &mut self.groups[group.0 as usize];
        let kept = &mut group.memories[cell.0 as usize * group.shapes.len() + place as usize];
        kept.write(&group.shapes[place as usize], t, value, &self.hasher, arenas)
    }
}
