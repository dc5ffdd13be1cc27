//! Places by keyed hash: what finds the cell of a key and the decision of a retry.

/// Open addressing with the hashes beside the places, so that a look-up reads one piece of memory, and reads of many
/// look-ups can be started before the first is needed ([`Table::home_word`]). The hashes are keyed ones: nobody can
/// choose them to collide.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// None, or a power of two of them.
    slots: Vec<Slot>,
    len: usize,
}

#[derive(Copy, Clone, Debug, Default)]
struct Slot {
    low: u64,
    high: u64,
    /// One more than the place; 0 if there is none.
    place: u32,
}

impl Slot {
    fn is(&self, hash: u128) -> bool {
        self.low == hash as u64 && self.high == (hash >> 64) as u64
    }
}

impl Table {
    /// What so many of them take.
    pub fn bytes(count: u64) -> u64 {
        let mut slots = if count == 0 { 0 } else { 16 };
        while count.saturating_mul(4) > slots * 3 {
            slots *= 2;
        }
        slots * size_of::<Slot>() as u64
    }

    /// Where a search for a hash begins.
    fn home(&self, low: u64) -> usize {
        low as usize & (self.slots.len().wrapping_sub(1))
    }

    /// Where it stands, or the free slot where it would; `None` if there are no slots at all.
    fn slot(&self, hash: u128) -> Option<usize> {
        let mut at = self.home(hash as u64);
        loop {
            let slot = self.slots.get(at)?;
            if slot.place == 0 || slot.is(hash) {
                return Some(at);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    pub fn find(&self, hash: u128) -> Option<u32> {
        self.slots[self.slot(hash)?].place.checked_sub(1)
    }

    /// Every hash with its place, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (u128, u32)> {
        let taken = self.slots.iter().filter(|slot| slot.place != 0);
        taken.map(|slot| (u128::from(slot.low) | u128::from(slot.high) << 64, slot.place - 1))
    }

    /// Adds a hash that is not there yet. Places are below `u32::MAX`.
    pub fn insert(&mut self, hash: u128, place: u32) {
        if (self.len + 1) * 2 > self.slots.len() {
            self.grow();
        }
        if let Some(at) = self.slot(hash) {
            self.slots[at] = Slot { low: hash as u64, high: (hash >> 64) as u64, place: place + 1 };
            self.len += 1;
        }
    }

    pub fn remove(&mut self, hash: u128) {
        let Some(mut gap) = self.slot(hash).filter(|at| self.slots[*at].place != 0) else { return };
        let mask = self.slots.len() - 1;
        self.len -= 1;
        // Those behind it move up, unless they would stand before where their search begins.
        let mut at = gap;
        loop {
            at = (at + 1) & mask;
            let slot = self.slots[at];
            if slot.place == 0 {
                break;
            }
            let from_home = at.wrapping_sub(self.home(slot.low)) & mask;
            if from_home >= at.wrapping_sub(gap) & mask {
                self.slots[gap] = slot;
                gap = at;
            }
        }
        self.slots[gap] = Slot::default();
    }

    fn grow(&mut self) {
        let larger = vec![Slot::default(); (self.slots.len() * 2).max(16)];
        for slot in std::mem::replace(&mut self.slots, larger) {
            let hash = u128::from(slot.low) | u128::from(slot.high) << 64;
            if slot.place != 0
                && let Some(at) = self.slot(hash)
            {
                self.slots[at] = slot;
            }
        }
    }

    /// Where a search begins, to bring it near before.
    #[inline]
    pub fn home_word(&self, hash: u128) -> Option<&u64> {
        self.slots.get(self.home(hash as u64)).map(|slot| &slot.low)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::Table;

    proptest! {
        /// Hashes of few low bits, so that searches run into one another.
        #[test]
        fn it_holds_what_a_map_holds(steps in prop::collection::vec((any::<bool>(), 0u128..40), 0..200)) {
            let mut table = Table::default();
            let mut map = HashMap::new();
            for (place, (add, key)) in steps.into_iter().enumerate() {
                let hash = (key % 5) | (key << 64);
                match (add, map.contains_key(&hash)) {
                    (true, false) => {
                        table.insert(hash, place as u32);
                        map.insert(hash, place as u32);
                    }
                    (true, true) => {}
                    (false, _) => {
                        table.remove(hash);
                        map.remove(&hash);
                    }
                }
                for key in 0u128..40 {
                    let hash = (key % 5) | (key << 64);
                    prop_assert_eq!(table.find(hash), map.get(&hash).copied());
                }
            }
        }
    }
}
