//! What is kept of one key goes, and so does what others keep of it as a value.

use super::{Edge, Group, Store};
use crate::model::ids::MemoryId;
use crate::model::types::Type;
use crate::state::budget::Budget;
use crate::state::erase::Erasing;
use crate::state::told::Counted;

impl Store {
    /// Memories that are kept by keys of wanted types alone are as if the key had never come; a wanted type of value is
    /// held by no other key any more. How many memories there were of the key, and how many held the value.
    pub fn erase(&mut self, erasing: &Erasing<'_>, wanted: &dyn Fn(&[Type]) -> bool) -> (u64, u64) {
        let mut held = (0, 0);
        for group in &mut self.groups {
            if wanted(&group.keys) {
                held.0 += group.remove(erasing.key.0, &mut self.budget);
            }
            held.1 += group.erase_values(erasing, wanted, &mut self.budget);
        }
        held
    }

    /// Whether what is counted in a memory is kept in such a way that one value can be taken out.
    pub fn holds_hashes(&self, memory: MemoryId) -> bool {
        let (group, place) = self.places[memory.index()];
        let shapes = &self.groups[group.0 as usize].shapes;
        shapes.get(place as usize).is_some_and(|shape| shape.holds_values() || shape.sketches())
    }
}

impl Group {
    /// The last cell takes the place of the one that goes.
    fn remove(&mut self, key: u128, budget: &mut Budget) -> u64 {
        let (Some(cell), Some(last)) = (self.index.find(key), self.cells.checked_sub(1)) else { return 0 };
        let memories = self.memories.iter().skip(cell as usize * self.shapes.len()).take(self.shapes.len());
        let count = memories.filter(|memory| !memory.is_blank()).count() as u64;
        let kept = self.memories.iter().skip(cell as usize * self.shapes.len());
        let kept = kept.zip(&self.empty).zip(&self.shapes);
        // Of a memory in which nothing is the cell knows already.
        let more = kept.map(|((kept, empty), shape)| kept.room(shape).saturating_sub(empty.room(shape)));
        let more = if budget.limit.is_some() { more.sum() } else { 0 };
        budget.resize(self.cell_room() + more, 0);
        self.missed.remove(&cell);
        if let Some(missed) = self.missed.remove(&last) {
            self.missed.insert(cell, missed);
        }
        let moved = self.index.iter().find(|(_, place)| *place == last).map(|(key, _)| key);
        self.index.remove(key);
        if let Some(moved) = moved.filter(|_| cell != last) {
            self.index.remove(moved);
            self.index.insert(moved, cell);
        }
        self.cells = last;
        let (cell, last) = (cell as usize, last as usize);
        swap_remove(&mut self.memories, cell, last, self.shapes.len());
        swap_remove(&mut self.edges, cell, last, self.ends.len());
        swap_remove(&mut self.counted, cell, last, self.tellers.len());
        count
    }

    /// What was found out by questions to a cell.
    fn forget_places(&mut self, cell: usize) {
        let edges = self.edges.iter_mut().skip(cell * self.ends.len()).take(self.ends.len());
        edges.for_each(|edge| *edge = Edge::default());
        let counted = self.counted.iter_mut().skip(cell * self.tellers.len()).take(self.tellers.len());
        counted.for_each(|counted| *counted = Counted::default());
    }

    fn erase_values(
        &mut self,
        erasing: &Erasing<'_>,
        wanted: &dyn Fn(&[Type]) -> bool,
        budget: &mut Budget,
    ) -> u64 {
        let mut count = 0;
        for (place, shape) in self.shapes.iter().enumerate() {
            let Some(ty) = shape.ty().filter(|ty| shape.holds_values() && wanted(std::slice::from_ref(*ty)))
            else {
                continue;
            };
            let erasing = Erasing { ty, ..*erasing };
            let all = self.memories.iter_mut().skip(place).step_by(self.shapes.len());
            for memory in all {
                let before = if budget.limit.is_some() { memory.room(shape) } else { 0 };
                if memory.erase(shape, &erasing) {
                    count += 1;
                }
                if budget.limit.is_some() {
                    budget.resize(before, memory.room(shape));
                }
            }
        }
        if count > 0 {
            (0..self.cells as usize).for_each(|cell| self.forget_places(cell));
        }
        count
    }
}

/// Of pieces of so many, the last one takes the place of one.
fn swap_remove<T>(all: &mut Vec<T>, place: usize, last: usize, each: usize) {
    (0..each).for_each(|at| all.swap(place * each + at, last * each + at));
    all.truncate(last * each);
}
