//! What state takes in RAM, told from its layouts before anything is kept: `tests/sizes.rs` fills engines and measures.
//!
//! All is told for so many keys at once, as tables grow by doubling: some of their room is not used yet. A text that is
//! kept is taken to be [`TEXT`] bytes long.

/// Of a text.
const TEXT: u64 = 16;

/// How much every key has of what is kept.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Fill {
    /// So many entries (steps, spans), each of a value of its own, and never had more.
    Entries(u64),
    /// As much as it can have.
    Most,
}

impl Fill {
    /// How many entries there is room for. One more than the cap is let in before the oldest goes.
    pub(super) fn of(self, cap: usize) -> u64 {
        match self {
            Fill::Entries(count) => count.min(cap as u64),
            Fill::Most => cap as u64 + 1,
        }
    }
}

/// Of a vector or ring that grew `by` elements at a time.
pub(super) fn grown<T>(count: u64, by: u64) -> u64 {
    if count == 0 {
        return 0;
    }
    let mut room = by.max(4);
    while room < count {
        room = room.saturating_mul(2);
    }
    room.saturating_mul(size_of::<T>() as u64)
}

/// Of a table of hashes; a map of the standard library is one too, of pairs.
pub(super) fn hashed<T>(count: u64) -> u64 {
    let buckets = match count {
        0 => return 0,
        1..4 => 4,
        4..8 => 8,
        8..15 => 16,
        // At most seven of eight are used.
        _ => (count.saturating_mul(8) / 7).checked_next_power_of_two().unwrap_or(u64::MAX),
    };
    // A byte beside each bucket, and a group of them once more at the end.
    buckets.saturating_mul(size_of::<T>() as u64 + 1).saturating_add(16)
}

/// Of a text behind a pointer that counts its owners.
pub(super) fn text() -> u64 {
    2 * size_of::<usize>() as u64 + TEXT
}

/// One in `parts` of what several share.
pub(super) fn share(bytes: u64, parts: u64) -> u64 {
    bytes.div_ceil(parts.max(1))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use hashbrown::HashTable;

    use super::*;

    #[test]
    fn vectors_and_rings_grow_as_foretold() {
        for by in [1, 3, 4, 7] {
            let (mut vector, mut ring) = (Vec::new(), VecDeque::new());
            for count in 0..300u64 {
                assert_eq!(grown::<u64>(count * by, by), vector.capacity() as u64 * 8, "{count} by {by}");
                vector.extend((0..by).map(|_| 0u64));
            }
            for count in 0..300 {
                assert_eq!(grown::<u64>(count, 1), ring.capacity() as u64 * 8, "{count}");
                ring.push_back(0u64);
            }
        }
    }

    #[test]
    fn tables_of_hashes_grow_as_foretold() {
        let mut table = HashTable::new();
        for count in 0..5_000u64 {
            let foretold = hashed::<(u128, u64)>(count);
            assert_eq!(foretold, table.allocation_size() as u64, "{count}");
            let hash = count.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            table.insert_unique(hash, (u128::from(hash), count), |entry| entry.0 as u64);
        }
    }
}
