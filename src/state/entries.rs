//! The entries of one memory of one key, in the order of (time, arrival).

mod save;

use std::ops::Range;

use super::sizes::Fill;

/// How many words an entry takes: its time, then what the memory keeps of the event.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The time alone.
    Bare = 1,
    /// A number, and the sum of all numbers before it (those that are gone included) as two words, the low one first.
    Number = 4,
    /// A hash as two words, the low one first.
    Hashed = 3,
}

/// What an entry keeps beside its time.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    Bare,
    Number(i64),
    Hashed(u128),
}

/// Times and what is kept with them, in one piece of memory, the oldest first.
///
/// A window's edge moves forward with time, so where it stood last is nearly where it stands now: [`Edge`] remembers
/// that between questions, and a question then looks at no entry at all unless one left the window.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    /// Entry after entry; those outside `start .. start + len` are only room.
    words: Box<[u64]>,
    start: u32,
    len: u32,
    /// The number of the first entry. Numbers go on when entries are dropped in front, and start anew beyond all those
    /// given out when one is inserted among others, so that no edge takes an entry for another.
    first: u64,
}

/// Between which entries a time lay when it was asked for last: nothing but a short cut. It only helps with times that
/// are not before that one.
#[derive(Copy, Clone, Debug)]
pub struct Edge {
    /// The number of the first entry after it.
    entry: u64,
    /// The time of that entry: while it lies ahead the edge is at the same place.
    until: i64,
}

impl Default for Edge {
    fn default() -> Edge {
        Edge { entry: 0, until: i64::MIN }
    }
}

impl Edge {
    /// Where it is.
    pub fn word(&self) -> &i64 {
        &self.until
    }

    /// Keeps the latest of the times it was told, instead of a place. Whether `t` is not before all of them.
    pub fn advance(&mut self, t: i64) -> bool {
        let forward = t >= self.until;
        self.until = self.until.max(t);
        forward
    }

    /// An entry lies between where it stood and `t`.
    pub fn is_passed(&self, t: i64) -> bool {
        t >= self.until
    }
}

impl Layout {
    fn stride(self) -> usize {
        self as usize
    }
}

impl Entries {
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// How much room they take, with a half more for those to come.
    pub fn room(&self, layout: Layout) -> u64 {
        u64::from(self.len) * layout.stride() as u64 * 12
    }

    fn entry(&self, layout: Layout, index: usize) -> Option<&[u64]> {
        if index >= self.len() {
            return None;
        }
        let stride = layout.stride();
        let at = (self.start as usize + index) * stride;
        self.words.get(at..at + stride)
    }

    /// The entries `range` one after the other; the part of it that exists.
    fn range(&self, layout: Layout, range: Range<usize>) -> std::slice::ChunksExact<'_, u64> {
        let stride = layout.stride();
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        let base = self.start as usize;
        let words = self.words.get((base + start) * stride..(base + end) * stride);
        words.unwrap_or_default().chunks_exact(stride)
    }

    pub fn at(&self, layout: Layout, index: usize) -> Option<i64> {
        self.entry(layout, index).map(time)
    }

    /// The number of an entry that keeps one.
    pub fn number(&self, index: usize) -> Option<i64> {
        self.entry(Layout::Number, index).map(number)
    }

    /// The numbers of some entries.
    pub fn numbers(
        &self,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator + '_ {
        self.range(Layout::Number, range).map(number)
    }

    /// By what the value of an entry is told from others.
    pub fn value(&self, layout: Layout, index: usize) -> u128 {
        match (layout, self.entry(layout, index)) {
            (Layout::Number, Some(entry)) => u128::from(entry[1]),
            (Layout::Hashed, Some(entry)) => wide(entry, 1),
            (Layout::Bare, _) | (_, None) => 0,
        }
    }

    /// The sum of the numbers from two entries, whatever lies between them.
    pub fn sum(&self, range: Range<usize>) -> i128 {
        let last = range.end.checked_sub(1).and_then(|last| self.entry(Layout::Number, last));
        match (self.entry(Layout::Number, range.start), last) {
            (Some(first), Some(last)) if range.start < range.end => after(last) - before(first),
            _ => 0,
        }
    }

    /// How many entries are at or before `t`.
    pub fn until(&self, layout: Layout, t: i64) -> usize {
        self.search(layout, t, 0, self.len())
    }

    /// The same with the help of where this edge stood when it was asked for a time not after `t`.
    #[inline]
    pub fn until_from(&self, layout: Layout, t: i64, edge: &mut Edge) -> usize {
        let known = edge.entry.wrapping_sub(self.first);
        if known < u64::from(self.len) && t < edge.until {
            known as usize
        } else {
            self.search_from(layout, t, edge)
        }
    }

    fn search_from(&self, layout: Layout, t: i64, edge: &mut Edge) -> usize {
        let known = edge.entry.wrapping_sub(self.first);
        let hint = if known <= u64::from(self.len) { known as usize } else { 0 };
        let place = self.forward(layout, t, hint);
        // With none after it there is nothing to wait for: asked again, it is searched again.
        let until = self.at(layout, place).unwrap_or(i64::MIN);
        *edge = Edge { entry: self.first + place as u64, until };
        place
    }

    /// All entries before `place` are at or before `t`: in growing steps to the first that is not.
    fn forward(&self, layout: Layout, t: i64, place: usize) -> usize {
        let (mut low, mut step) = (place, 1);
        while self.at(layout, low + step - 1).is_some_and(|at| at <= t) {
            low += step;
            step *= 2;
        }
        self.search(layout, t, low, (low + step - 1).min(self.len()))
    }

    /// All before `low` are at or before `t`, none from `high` on is.
    fn search(&self, layout: Layout, t: i64, mut low: usize, mut high: usize) -> usize {
        while low < high {
            let middle = low + (high - low) / 2;
            if self.at(layout, middle).is_some_and(|at| at <= t) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Puts an entry in its place: after those of the same time.
    #[inline]
    pub fn insert(&mut self, layout: Layout, t: i64, payload: Payload) -> usize {
        self.make_room(layout);
        let place = match self.len().checked_sub(1).and_then(|last| self.at(layout, last)) {
            Some(last) if last > t => self.until(layout, t),
            _ => self.len(),
        };
        let sum = match (payload, place.checked_sub(1)) {
            (Payload::Number(_), Some(last)) => self.entry(layout, last).map_or(0, after),
            (Payload::Number(_), None) => self.entry(layout, 0).map_or(0, before),
            _ => 0,
        };
        if place < self.len() {
            self.make_gap(layout, place, payload);
        }
        let at = (self.start as usize + place) * layout.stride();
        match (payload, self.words.get_mut(at..at + layout.stride())) {
            (Payload::Bare, Some([time])) => *time = t as u64,
            (Payload::Number(number), Some([time, own, low, high])) => {
                (*time, *own) = (t as u64, number as u64);
                (*low, *high) = split(sum as u128);
            }
            (Payload::Hashed(hash), Some([time, low, high])) => {
                *time = t as u64;
                (*low, *high) = split(hash);
            }
            // Every memory is written as its layout says, and there is room.
            _ => {}
        }
        self.len += 1;
        place
    }

    /// Moves the entries from `place` on; what comes before them now is part of their sums.
    #[cold]
    fn make_gap(&mut self, layout: Layout, place: usize, payload: Payload) {
        let stride = layout.stride();
        let at = (self.start as usize + place) * stride;
        let end = (self.start as usize + self.len()) * stride;
        self.words.copy_within(at..end, at + stride);
        self.first += u64::from(self.len) + 1;
        if let Payload::Number(number) = payload {
            let later = self.words.get_mut(at + stride..end + stride).unwrap_or_default();
            for entry in later.chunks_exact_mut(stride) {
                (entry[2], entry[3]) = split((before(entry) + i128::from(number)) as u128);
            }
        }
    }

    /// One more entry needs room to be made.
    pub fn is_full(&self, layout: Layout) -> bool {
        (self.start as usize + self.len()) * layout.stride() >= self.words.len()
    }

    /// For one more entry at the end.
    #[inline]
    fn make_room(&mut self, layout: Layout) {
        if self.is_full(layout) {
            self.grow(layout);
        }
    }

    #[cold]
    fn grow(&mut self, layout: Layout) {
        let stride = layout.stride();
        let (start, len) = (self.start as usize, self.len());
        let room = self.words.len() / stride;
        let live = start * stride..(start + len) * stride;
        if start * 2 > room {
            self.words.copy_within(live, 0);
        } else {
            let mut larger = vec![0; (room * 2).max(8 / stride).max(4) * stride].into_boxed_slice();
            larger[..len * stride].copy_from_slice(&self.words[live]);
            self.words = larger;
        }
        self.start = 0;
    }

    /// Of so many entries; of as many as the cap lets in, the most that such a memory ever takes.
    pub fn bytes(layout: Layout, cap: usize, fill: Fill) -> u64 {
        let mut room = 4;
        let enough = |room: u64| match fill {
            Fill::Entries(count) => room >= count.min(cap as u64 + 1),
            // Below that, what is left moves to the front only once it takes less than half of the room.
            Fill::Most => room > 2 * cap as u64,
        };
        while !enough(room) {
            room *= 2;
        }
        if fill == Fill::Entries(0) { 0 } else { room * 8 * layout.stride() as u64 }
    }

    pub fn drop_front(&mut self, count: usize) {
        let count = count.min(self.len()) as u32;
        self.start += count;
        self.len -= count;
        self.first += u64::from(count);
    }

    /// The last one's place in memory.
    pub fn newest_word(&self, layout: Layout) -> Option<&u64> {
        self.word(layout, self.len().checked_sub(1)?)
    }

    /// Adds where the first entries after an edge are, if it stands where it stood: when time passes one, the next is
    /// asked for.
    #[inline]
    pub fn edge_words<'e>(&'e self, layout: Layout, edge: &Edge, words: &mut Vec<&'e u64>) {
        let first = edge.entry.wrapping_sub(self.first) as usize;
        for index in [first, first.saturating_add(2)] {
            if let Some(word) = self.word(layout, index) {
                words.push(word);
            }
        }
    }

    #[inline]
    fn word(&self, layout: Layout, index: usize) -> Option<&u64> {
        if index < self.len() {
            self.words.get((self.start as usize + index) * layout.stride())
        } else {
            None
        }
    }
}

fn time(entry: &[u64]) -> i64 {
    entry[0] as i64
}

fn number(entry: &[u64]) -> i64 {
    entry[1] as i64
}

fn wide(entry: &[u64], at: usize) -> u128 {
    u128::from(entry[at]) | u128::from(entry[at + 1]) << 64
}

fn split(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}

fn before(entry: &[u64]) -> i128 {
    wide(entry, 2) as i128
}

fn after(entry: &[u64]) -> i128 {
    before(entry) + i128::from(number(entry))
}
