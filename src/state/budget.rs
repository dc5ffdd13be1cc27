//! What there is no room for: at the budget no new key is let in, and what is lost by that is remembered.
//!
//! Room is counted from what is kept, never from what the machine has handed out: the same input counts the same
//! everywhere, and decisions depend on it.

use super::key::KeyHash;
use super::save::{Bytes, Fault, Out};

/// Keys share so many places.
const PLACES: usize = 1 << 16;

/// The latest time at which something of a key was not kept for want of room; by few bits of the key, so that this takes
/// little room itself. A key may be taken for one that lost something, but never the other way round.
#[derive(Debug, Default)]
pub struct Refused {
    /// Empty before the first.
    latest: Vec<i64>,
}

impl Refused {
    #[cold]
    pub fn add(&mut self, key: KeyHash, t: i64) {
        self.raise(place(key), t);
    }

    fn raise(&mut self, place: usize, t: i64) {
        if self.latest.is_empty() {
            self.latest = vec![i64::MIN; PLACES];
        }
        if let Some(latest) = self.latest.get_mut(place) {
            *latest = (*latest).max(t);
        }
    }

    /// What was refused there was refused here too.
    pub fn merge(&mut self, other: &Refused) {
        other.places().for_each(|(place, t)| self.raise(place, t));
    }

    /// Those at which something was.
    fn places(&self) -> impl Iterator<Item = (usize, i64)> {
        self.latest.iter().copied().enumerate().filter(|(_, t)| *t > i64::MIN)
    }

    pub fn save(&self, out: &mut Out) {
        let places: Vec<(usize, i64)> = self.places().collect();
        out.list(&places, |out, (place, t)| {
            out.u32(*place as u32);
            out.i64(*t);
        });
    }

    pub fn load(bytes: &mut Bytes<'_>) -> Result<Refused, Fault> {
        let mut refused = Refused::default();
        for (place, t) in bytes.list(|bytes| Ok((bytes.u32()?, bytes.i64()?)))? {
            let place = usize::try_from(place).ok().filter(|place| *place < PLACES);
            let place = place.ok_or_else(|| Fault::of("a key that was kept out has no place"))?;
            refused.raise(place, t);
        }
        Ok(refused)
    }

    /// What windows of that key that reach back before this don't know; `i64::MIN` if nothing was lost.
    #[inline]
    pub fn until(&self, key: KeyHash) -> i64 {
        self.latest.get(place(key)).copied().unwrap_or(i64::MIN)
    }

    /// Nothing was refused yet.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.latest.is_empty()
    }
}

fn place(key: KeyHash) -> usize {
    (key.0 >> 64) as usize % PLACES
}

/// How much may be kept, and how much is, in bytes.
#[derive(Copy, Clone, Debug, Default)]
pub struct Budget {
    /// Unlimited if absent.
    pub limit: Option<u64>,
    /// By memories of events.
    pub memories: u64,
    /// By everything else: it is never refused, and leaves the less room for new keys.
    pub others: u64,
}

impl Budget {
    #[inline]
    pub fn used(&self) -> u64 {
        self.memories.saturating_add(self.others)
    }

    /// Whether a new key may come in.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.limit.is_none_or(|limit| self.used() < limit)
    }

    /// What was so large is now as large as that.
    pub fn resize(&mut self, before: u64, after: u64) {
        self.memories = self.memories.saturating_sub(before).saturating_add(after);
    }
}
