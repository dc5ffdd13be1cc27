//! The memories of a ruleset by key, in RAM.

mod save;

use std::collections::HashMap;
use std::ops::BitXor;

use super::budget::{Budget, Refused};
use super::cell::{Asked, KeyMemory, Shape};
use super::entries::Edge;
use super::key::{KeyHash, KeyHasher};
use super::sizes::{Fill, grown, share};
use super::table::Table;
use super::told::Counted;
use super::{Bounds, MemorySpec, Options, WriteOutcome};
use crate::model::ids::MemoryId;
use crate::model::slot::{Arena, Arenas, Slot};
use crate::model::time::{Duration, Time, Zone};
use crate::model::types::Type;
use crate::model::value::Unknown;
use crate::model::window::{AggregateFn, Period, Window};
pub use save::{CELLS, Held, SavedMemory, Target};

/// Memories with the same key types.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u32);

/// All memories of one group for one key. Stays valid as long as the store.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId(u32);

/// Where the two ends of a window stood last, among the edges of its key's cell, and what was counted between them. The default is nowhere: then they are
/// searched for anew each time.
#[derive(Copy, Clone, Debug, Default)]
pub struct Edges {
    after: Option<u32>,
    through: Option<u32>,
    /// Where it is kept how many different values there were.
    counted: Option<u32>,
}

/// What is asked of a memory, whatever the key and the time.
#[derive(Copy, Clone, Debug)]
pub struct Question {
    /// Of the memory in the cells of its group.
    place: u32,
    function: AggregateFn,
    /// It counts events of which nothing but times is kept, as most do.
    plain: bool,
    edges: Edges,
}

/// All memories of one key.
#[derive(Debug)]
pub struct Cell<'s> {
    shapes: &'s [Shape],
    memories: &'s [KeyMemory],
    edges: &'s mut [Edge],
    counted: &'s mut [Counted],
    hasher: &'s KeyHasher,
    /// Until when nothing of the key was kept for want of room.
    full: i64,
}

impl Cell<'_> {
    /// Something of its key was not kept until then, as [`Store::full`] tells.
    pub fn full(mut self, until: i64) -> Self {
        self.full = until;
        self
    }

    /// The answer at time `t`. `current` is what the current event itself contributes, if it counts (any known slot
    /// for a memory of bare events). Texts of the answer are put into `arena`.
    #[inline(always)]
    pub fn read(
        &mut self,
        question: &Question,
        bounds: Bounds,
        t: Time,
        current: Option<Slot>,
        constants: &Arena,
        arena: &mut Arena,
    ) -> Slot {
        let place = question.place as usize;
        let (Some(memory), Some(shape)) = (self.memories.get(place), self.shapes.get(place)) else {
            return Slot::MISSING;
        };
        if self.full > i64::MIN && bounds.begin_before(self.full) {
            return Slot::unknown(Unknown::Full);
        }
        let (mut inside, mut bounds) = (0..0, bounds);
        if let Bounds::Within { after, through } = &mut bounds {
            if shape.sketches() {
                *after = shape.whole(*after);
            }
            let (after, through) = (*after, *through);
            if memory.has_lost(shape, after) {
                return Slot::unknown(Unknown::TooLate);
            }
            let mut until = |t: i64, edge: Option<u32>| {
                memory.until(shape, t, edge.and_then(|edge| self.edges.get_mut(edge as usize)))
            };
            inside.end = until(through, question.edges.through);
            inside.start = until(after, question.edges.after).min(inside.end);
            if question.plain {
                let this = current.is_some() && after < t.0 && t.0 <= through;
                return memory.count(after, &inside, this);
            }
        }
        let asked = Asked { function: question.function, bounds, t, current, inside };
        let counted = question.edges.counted.and_then(|place| self.counted.get_mut(place as usize));
        memory.read(shape, &asked, counted, self.hasher, constants, arena)
    }
}

/// What events of one type look at in the cell of one of their keys, by places.
#[derive(Debug, Default)]
pub struct Sights {
    /// Memories that are asked or written.
    heads: Vec<u32>,
    written: Vec<u32>,
    edges: Vec<u32>,
}

/// An end of windows that moves with time.
#[derive(Debug, PartialEq)]
enum End {
    /// The current event itself: the latest that asked. Stands first in every cell with ends.
    Now,
    /// So long before the current event.
    Back(Duration),
    /// The start of its day, week or month.
    Start(Period, Zone),
}

impl End {
    fn may_pass(&self, t: Time, edge: &Edge) -> bool {
        match self {
            End::Back(back) => edge.is_passed(t.0.saturating_sub(back.0)),
            End::Now => false,
            End::Start(..) => true,
        }
    }
}

/// Room for as many places as are usually looked at in one go.
pub const MANY_WORDS: usize = 256;

/// Looks at all of these places, so that they are near afterwards.
pub fn touch<T: Copy + Default + BitXor<Output = T>>(words: &[&T]) {
    std::hint::black_box(words.iter().fold(T::default(), |seen, word| seen ^ **word));
}

/// Everything that is kept of past events.
#[derive(Debug)]
pub struct Store {
    hasher: KeyHasher,
    /// Per memory: its group and its place in the cells of that group.
    places: Vec<(GroupId, u32)>,
    groups: Vec<Group>,
    /// Per memory, events that were not counted because that can't be said of them.
    unclear: Vec<u64>,
    budget: Budget,
}

#[derive(Debug)]
struct Group {
    keys: Vec<Type>,
    /// Of the memories in one cell.
    shapes: Vec<Shape>,
    index: Table,
    /// How many.
    cells: u32,
    /// Cell after cell.
    memories: Vec<KeyMemory>,
    /// What a key is asked for of which nothing was written.
    empty: Vec<KeyMemory>,
    /// The ends in one cell, by the place of their memory.
    ends: Vec<(u32, End)>,
    /// Cell after cell.
    edges: Vec<Edge>,
    /// The windows in one cell whose different values are counted, by the place of their memory.
    tellers: Vec<(u32, Window)>,
    /// Cell after cell.
    counted: Vec<Counted>,
    /// Of keys that have no cell.
    refused: Refused,
    /// Cells of keys that were refused before they came in: until when.
    missed: HashMap<u32, i64>,
}

impl Store {
    pub fn new(specs: &[MemorySpec], options: &Options) -> Store {
        let hasher = KeyHasher::new(&options.hash_key);
        let mut store = Store {
            hasher,
            places: Vec::new(),
            groups: Vec::new(),
            unclear: vec![0; specs.len()],
            budget: Budget::default(),
        };
        for spec in specs {
            let shape = Shape::new(spec, options, &store.hasher);
            let group = store.groups.iter().position(|g| g.keys == spec.keys).unwrap_or_else(|| {
                store.groups.push(Group {
                    keys: spec.keys.clone(),
                    shapes: Vec::new(),
                    index: Table::default(),
                    cells: 0,
                    memories: Vec::new(),
                    empty: Vec::new(),
                    ends: Vec::new(),
                    edges: Vec::new(),
                    tellers: Vec::new(),
                    counted: Vec::new(),
                    refused: Refused::default(),
                    missed: HashMap::new(),
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

    /// Makes questions to this window cheap. Only before the first key is added.
    pub fn edges(&mut self, memory: MemoryId, window: &Window) -> Edges {
        let (group, place) = self.places[memory.index()];
        let group = &mut self.groups[group.0 as usize];
        if group.shapes.get(place as usize).is_some_and(Shape::sketches) {
            return Edges::default();
        }
        let counted = group.teller(place, window);
        match window {
            Window::Sliding { span, ending } => Edges {
                after: group.end(place, End::Back(Duration(span.0.saturating_add(ending.0)))),
                // What ends now ends with the newest entry.
                through: if ending.0 == 0 { None } else { group.end(place, End::Back(*ending)) },
                counted,
            },
            Window::Calendar { period, zone } => {
                Edges { after: group.end(place, End::Start(*period, zone.clone())), through: None, counted }
            }
            Window::Stepped { .. } => Edges { after: None, through: None, counted },
            Window::Ever => Edges::default(),
        }
    }

    /// What one memory takes of so many keys, which all have as much; where they are found is beside that.
    pub fn bytes(&self, memory: MemoryId, keys: u64, fill: Fill) -> u64 {
        let (group, place) = self.places[memory.index()];
        let group = &self.groups[group.0 as usize];
        let (all, ends, tellers) =
            (group.shapes.len() as u64, group.ends.len() as u64, group.tellers.len() as u64);
        let own_ends = group.ends.iter().filter(|(of, end)| *of == place && *end != End::Now).count() as u64;
        let own_tellers = group.tellers.iter().filter(|(of, _)| *of == place).count() as u64;
        let itself = share(grown::<KeyMemory>(keys.saturating_mul(all), all), all)
            + share(grown::<Edge>(keys.saturating_mul(ends), ends), ends) * own_ends
            + share(grown::<Counted>(keys.saturating_mul(tellers), tellers), tellers) * own_tellers;
        let shape = &group.shapes[place as usize];
        itself.saturating_add(KeyMemory::bytes_beside(shape, fill).saturating_mul(keys))
    }

    /// By what the memories of each group are kept, and what finding so many keys takes, whatever is kept of them.
    pub fn finding(&self, keys: u64) -> impl Iterator<Item = (GroupId, u64)> {
        self.groups.iter().zip(0..).map(move |(group, id)| {
            let ends = group.ends.len() as u64;
            let now = share(grown::<Edge>(keys.saturating_mul(ends), ends), ends);
            (GroupId(id), Table::bytes(keys) + now)
        })
    }

    /// `None` if nothing was written for that key yet.
    pub fn find(&self, group: GroupId, key: KeyHash) -> Option<CellId> {
        self.groups[group.0 as usize].index.find(key.0).map(CellId)
    }

    /// Where [`Store::find`] will look, to bring it near before.
    #[inline]
    pub fn home_word(&self, group: GroupId, key: KeyHash) -> Option<&u64> {
        self.groups[group.0 as usize].index.home_word(key.0)
    }

    /// How much is kept, and may be.
    pub fn budget(&mut self) -> &mut Budget {
        &mut self.budget
    }

    /// Until when nothing of that key was kept for want of room; `i64::MIN` if all was.
    #[inline]
    pub fn full(&self, group: GroupId, key: KeyHash, cell: Option<CellId>) -> i64 {
        let group = &self.groups[group.0 as usize];
        if group.refused.is_empty() { i64::MIN } else { group.full(key, cell) }
    }

    /// The cell of a key that an event at `t` writes; `None` if the key is new and there is no room.
    pub fn find_or_add(&mut self, group: GroupId, key: KeyHash, t: Time) -> Option<CellId> {
        if let Some(cell) = self.find(group, key) {
            return Some(cell);
        }
        let group = &mut self.groups[group.0 as usize];
        if !self.budget.has_room() {
            group.refused.add(key, t.0);
            return None;
        }
        self.budget.memories += group.cell_room();
        Some(group.add(key))
    }

    /// A question to a memory, for events of every key.
    pub fn question(&self, memory: MemoryId, function: AggregateFn, edges: Edges) -> Question {
        let (group, place) = self.places[memory.index()];
        let bare = self.groups[group.0 as usize].shapes[place as usize].is_bare();
        Question { place, function, plain: bare && function == AggregateFn::Count, edges }
    }

    /// What an event that asks and writes will look at in the cell of its key. All is of one group.
    pub fn sights<'q>(
        &self,
        questions: impl Iterator<Item = &'q Question> + Clone,
        written: impl Iterator<Item = MemoryId>,
    ) -> Sights {
        let written = written.map(|memory| self.places[memory.index()].1);
        let edges = questions.clone().flat_map(|q| [q.edges.after, q.edges.through]).flatten();
        let written: Vec<u32> = written.collect();
        let asked = questions.map(|question| question.place);
        let mut sights =
            Sights { heads: asked.chain(written.iter().copied()).collect(), written, edges: edges.collect() };
        for places in [&mut sights.heads, &mut sights.written, &mut sights.edges] {
            places.sort_unstable();
            places.dedup();
        }
        sights
    }

    /// Looks at what events will look at in these cells, so that it is near by then: one cell after the other would
    /// wait for memory each time, many at once wait together. The result says nothing.
    ///
    /// The processor waits together for all that it meets within a few hundred instructions. So it is worked out first
    /// what may be far away, and then all of it is looked at in one go ([`touch`]).
    pub fn warm<'s>(&self, cells: impl Iterator<Item = (GroupId, CellId, &'s Sights, Time)> + Clone) {
        let mut heads: Vec<&i64> = Vec::with_capacity(MANY_WORDS);
        for (group, cell, sights, _) in cells.clone() {
            let group = &self.groups[group.0 as usize];
            let memories = group.memories(cell);
            for place in &sights.heads {
                heads.push(memories[*place as usize].head_word());
            }
            if let (Some(last), false) = (group.edges(cell).last(), sights.edges.is_empty()) {
                // Of those beside one another one stands for all in the same line of the cache.
                for some in group.edges(cell).chunks(4) {
                    heads.push(some[0].word());
                }
                heads.push(last.word());
            }
        }
        touch(&heads);
        let mut words: Vec<&u64> = Vec::with_capacity(MANY_WORDS);
        for (group, cell, sights, t) in cells {
            let group = &self.groups[group.0 as usize];
            let (memories, edges) = (group.memories(cell), group.edges(cell));
            for place in &sights.written {
                let place = *place as usize;
                if let Some(word) = memories[place].newest_word(&group.shapes[place]) {
                    words.push(word);
                }
            }
            for edge in &sights.edges {
                let (place, end) = &group.ends[*edge as usize];
                let (place, edge) = (*place as usize, &edges[*edge as usize]);
                let shape = &group.shapes[place];
                // Sums begin at the entry there; else it only matters once time has passed it.
                if shape.sums() || end.may_pass(t, edge) {
                    memories[place].edge_words(shape, edge, &mut words);
                }
            }
        }
        touch(&words);
    }

    /// What is kept of one key, to be asked by an event at `t`; of none nothing was written yet. An event before another
    /// that asked goes without edges, which only move forward.
    pub fn cell(&mut self, group: GroupId, cell: Option<CellId>, t: Time) -> Cell<'_> {
        let group = &mut self.groups[group.0 as usize];
        let Group { shapes, memories, ends, edges, empty, tellers, counted, .. } = group;
        let mut cell = match cell {
            Some(cell) => Cell {
                shapes,
                memories: memories.get(cell.0 as usize * shapes.len()..).unwrap_or_default(),
                edges: edges.get_mut(cell.0 as usize * ends.len()..).unwrap_or_default(),
                counted: counted.get_mut(cell.0 as usize * tellers.len()..).unwrap_or_default(),
                hasher: &self.hasher,
                full: i64::MIN,
            },
            None => Cell {
                shapes,
                memories: empty,
                edges: &mut [],
                counted: &mut [],
                hasher: &self.hasher,
                full: i64::MIN,
            },
        };
        if !cell.edges.first_mut().is_none_or(|now| now.advance(t.0)) {
            cell.edges = &mut [];
            cell.counted = &mut [];
        }
        cell
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
        let shape = &group.shapes[place as usize];
        if self.budget.limit.is_none() {
            return kept.write(shape, t, value, &self.hasher, arenas);
        }
        let before = kept.room(shape);
        let outcome = kept.write(shape, t, value, &self.hasher, arenas);
        // At once, not when it suits: what counts as kept must not depend on when it was saved and read again.
        kept.trim(shape);
        self.budget.resize(before, kept.room(shape));
        outcome
    }
}

impl Group {
    /// A cell for a new key, which knows until when it was kept out.
    fn add(&mut self, key: KeyHash) -> CellId {
        let cell = self.cells;
        if !self.refused.is_empty() {
            self.miss(cell, self.refused.until(key));
        }
        self.cells += 1;
        self.memories.extend(self.shapes.iter().map(KeyMemory::new));
        self.edges.extend(self.ends.iter().map(|_| Edge::default()));
        self.counted.extend(self.tellers.iter().map(|_| Counted::default()));
        self.index.insert(key.0, cell);
        CellId(cell)
    }

    /// Something of the key of that cell was not kept until then.
    fn miss(&mut self, cell: u32, until: i64) {
        if until > i64::MIN {
            let missed = self.missed.entry(cell).or_insert(until);
            *missed = (*missed).max(until);
        }
    }

    #[cold]
    fn full(&self, key: KeyHash, cell: Option<CellId>) -> i64 {
        match cell {
            None => self.refused.until(key),
            Some(cell) => self.missed.get(&cell.0).copied().unwrap_or(i64::MIN),
        }
    }

    /// How much room a cell takes in which nothing is.
    fn cell_room(&self) -> u64 {
        let memories = self.empty.iter().zip(&self.shapes).map(|(memory, shape)| memory.room(shape));
        let edges = self.ends.len() * 16 + self.tellers.len() * 32;
        memories.sum::<u64>() + edges as u64 + 48
    }

    fn end(&mut self, place: u32, end: End) -> Option<u32> {
        if !self.memories.is_empty() {
            return None;
        }
        if self.ends.is_empty() {
            self.ends.push((0, End::Now));
        }
        let end = (place, end);
        let known = self.ends.iter().position(|known| *known == end);
        Some(known.unwrap_or_else(|| {
            self.ends.push(end);
            self.ends.len() - 1
        }) as u32)
    }

    fn teller(&mut self, place: u32, window: &Window) -> Option<u32> {
        let counts = self.shapes.get(place as usize).is_some_and(Shape::tells_apart);
        if !self.memories.is_empty() || !counts {
            return None;
        }
        let known = self.tellers.iter().position(|known| known.0 == place && known.1 == *window);
        Some(known.unwrap_or_else(|| {
            self.tellers.push((place, window.clone()));
            self.tellers.len() - 1
        }) as u32)
    }

    fn memories(&self, cell: CellId) -> &[KeyMemory] {
        let count = self.shapes.len();
        self.memories[cell.0 as usize * count..].get(..count).unwrap_or_default()
    }

    fn edges(&self, cell: CellId) -> &[Edge] {
        let count = self.ends.len();
        self.edges[cell.0 as usize * count..].get(..count).unwrap_or_default()
    }
}
