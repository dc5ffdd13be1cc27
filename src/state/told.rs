//! Telling the values of entries apart, so that neither a write nor a count looks at more than a few of them.

use std::collections::VecDeque;

use hashbrown::HashTable;

use super::entries::{Entries, Layout};
use super::sizes::{Fill, grown, hashed};

/// With more entries than this the last one of a value is looked up; with fewer it is searched for.
const MANY: usize = 32;

/// Of every entry the nearest ones of the same value. Entries are told by their *places*, which begin at the oldest.
#[derive(Clone, Debug, Default)]
pub struct Links {
    links: VecDeque<Link>,
    /// How many different values there are.
    different: usize,
    /// The last entry of every value, as its place plus `gone`; only of many entries.
    last: Option<HashTable<u64>>,
    /// How many entries were dropped in front.
    gone: u64,
    /// How many were put among others: what was counted before is no help then.
    moved: u64,
}

/// How many places away the neighbours of the same value are; 0 if there is none. One that was dropped is beyond all.
#[derive(Copy, Clone, Debug, Default)]
struct Link {
    back: u32,
    on: u32,
}

/// How many different values a window had when it was asked for last: nothing but a short cut.
#[derive(Copy, Clone, Debug)]
pub struct Counted {
    start: u64,
    end: u64,
    different: usize,
    moved: u64,
}

impl Default for Counted {
    fn default() -> Counted {
        Counted { start: 0, end: 0, different: 0, moved: u64::MAX }
    }
}

/// The values of entries.
#[derive(Copy, Clone)]
pub struct Values<'e> {
    pub entries: &'e Entries,
    pub layout: Layout,
    /// Secret, so that nobody can choose values that collide.
    pub seed: u64,
}

impl Values<'_> {
    fn at(&self, place: usize) -> u128 {
        self.entries.value(self.layout, place)
    }

    fn hash(&self, value: u128) -> u64 {
        let folded = (value as u64 ^ self.seed, (value >> 64) as u64 ^ self.seed.rotate_left(32) | 1);
        let mixed = u128::from(folded.0) * u128::from(folded.1 ^ 0x9E37_79B9_7F4A_7C15);
        (mixed as u64 ^ (mixed >> 64) as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93 | 1).rotate_left(29)
    }
}

impl Links {
    /// Of entries that are all there already.
    pub fn of(values: Values<'_>) -> Links {
        let mut links = Links::default();
        for place in 0..values.entries.len() {
            let last = links.last(values, values.at(place));
            links.insert(values, place, last);
        }
        links
    }

    /// Beside those of so many entries, all of different values.
    pub fn bytes(cap: usize, fill: Fill) -> u64 {
        let count = fill.of(cap);
        let looked_up = match fill {
            _ if count <= MANY as u64 => 0,
            Fill::Entries(_) => hashed::<u64>(count),
            // Values that go leave marks behind, which the table only clears up while it is less than half full.
            Fill::Most => hashed::<u64>(count * 2),
        };
        grown::<Link>(count, 1) + looked_up
    }

    /// The place of the last entry of a value.
    pub fn last(&self, values: Values<'_>, value: u128) -> Option<usize> {
        match &self.last {
            Some(last) => {
                let place = |number: &u64| (number - self.gone) as usize;
                last.find(values.hash(value), |number| values.at(place(number)) == value).map(place)
            }
            None => (0..self.links.len()).rev().find(|place| values.at(*place) == value),
        }
    }

    /// The one of the same value before that at `place`, if it is still there.
    pub fn before(&self, place: usize) -> Option<usize> {
        let back = self.links.get(place)?.back as usize;
        if back == 0 { None } else { place.checked_sub(back) }
    }

    /// An entry now stands at `place`; `last` was the last of its value before it was put there.
    pub fn insert(&mut self, values: Values<'_>, place: usize, last: Option<usize>) {
        let (mut previous, mut next) = (last, None);
        while let Some(later) = previous.filter(|previous| *previous >= place) {
            next = Some(later + 1);
            previous = self.before(later);
        }
        if place < self.links.len() {
            self.make_place(values, place);
        }
        let link = Link {
            back: previous.map_or(0, |previous| (place - previous) as u32),
            on: next.map_or(0, |next| (next - place) as u32),
        };
        self.links.insert(place, link);
        if let Some(previous) = previous.and_then(|previous| self.links.get_mut(previous)) {
            previous.on = link.back;
        }
        if let Some(next) = next.and_then(|next| self.links.get_mut(next)) {
            next.back = link.on;
        }
        self.different += usize::from(previous.is_none() && next.is_none());
        match &mut self.last {
            Some(_) if next.is_some() => {}
            Some(table) => {
                let (gone, value) = (self.gone, values.at(place));
                let hash = values.hash(value);
                let old = previous.map(|previous| gone + previous as u64);
                match old.and_then(|old| table.find_mut(hash, |number| *number == old)) {
                    Some(number) => *number = gone + place as u64,
                    None => {
                        let hasher = |number: &u64| values.hash(values.at((number - gone) as usize));
                        table.insert_unique(hash, gone + place as u64, hasher);
                    }
                }
            }
            None if self.links.len() > MANY => self.look_up(values),
            None => {}
        }
    }

    /// Those from `place` on go one further, and the links that lead across it get longer.
    fn make_place(&mut self, values: Values<'_>, place: usize) {
        self.moved += 1;
        // The last one first: no two numbers in the table are ever the same.
        for later in (place..self.links.len()).rev() {
            let link = self.links[later];
            if link.back as usize > later - place {
                self.links[later].back += 1;
                let previous = later.checked_sub(link.back as usize);
                if let Some(previous) = previous.and_then(|previous| self.links.get_mut(previous)) {
                    previous.on += 1;
                }
            }
            if let Some(table) = self.last.as_mut().filter(|_| link.on == 0) {
                let number = self.gone + later as u64;
                let hash = values.hash(values.at(later + 1));
                if let Some(known) = table.find_mut(hash, |known| *known == number) {
                    *known = number + 1;
                }
            }
        }
    }

    /// From now on the last one of a value is looked up.
    fn look_up(&mut self, values: Values<'_>) {
        let mut table = HashTable::with_capacity(self.different);
        let hasher = |number: &u64| values.hash(values.at((number - self.gone) as usize));
        for (place, _) in self.links.iter().enumerate().filter(|(_, link)| link.on == 0) {
            table.insert_unique(values.hash(values.at(place)), self.gone + place as u64, hasher);
        }
        self.last = Some(table);
    }

    /// The oldest entries are about to be dropped.
    pub fn drop_front(&mut self, values: Values<'_>, count: usize) {
        let count = count.min(self.links.len());
        for (place, link) in self.links.drain(..count).enumerate() {
            if link.on != 0 {
                continue;
            }
            self.different -= 1;
            if let Some(table) = &mut self.last {
                let number = self.gone + place as u64;
                if let Ok(found) = table.find_entry(values.hash(values.at(place)), |known| *known == number) {
                    found.remove();
                }
            }
        }
        self.gone += count as u64;
        if self.links.len() < MANY / 2 {
            self.last = None;
        }
    }

    /// How many different values the entries `start..end` have: from the nearest window of which that is known, by those
    /// that came and went since.
    pub fn count(&self, start: usize, end: usize, counted: Option<&mut Counted>) -> usize {
        let end = end.min(self.links.len());
        let start = start.min(end);
        let known = counted.as_ref().filter(|known| known.moved == self.moved && known.start >= self.gone);
        let known = known.map(|known| {
            ((known.start - self.gone) as usize, (known.end - self.gone) as usize, known.different)
        });
        let all = (0, self.links.len(), self.different);
        let near = [Some(all), known].into_iter().flatten().fold((start, start, 0), |near, other| {
            let steps = |(s, e, _): (usize, usize, usize)| start.abs_diff(s) + end.abs_diff(e);
            if steps(other) < steps(near) { other } else { near }
        });
        let different = self.walk(near, start, end);
        if let Some(counted) = counted {
            let number = |place: usize| self.gone + place as u64;
            *counted = Counted { start: number(start), end: number(end), different, moved: self.moved };
        }
        different
    }

    fn walk(&self, (mut s, mut e, mut different): (usize, usize, usize), start: usize, end: usize) -> usize {
        let first_since = |place: usize, s: usize| {
            let back = self.links[place].back as usize;
            usize::from(back == 0 || back > place - s)
        };
        let last_until = |place: usize, e: usize| {
            let on = self.links[place].on as usize;
            usize::from(on == 0 || place + on >= e)
        };
        while e < end {
            different += first_since(e, s);
            e += 1;
        }
        while s > start {
            s -= 1;
            different += last_until(s, e);
        }
        while e > end {
            e -= 1;
            different -= first_since(e, s);
        }
        while s < start {
            different -= last_until(s, e);
            s += 1;
        }
        different
    }

    /// One of the entries `start..end` has this value.
    pub fn has(&self, values: Values<'_>, value: u128, start: usize, end: usize) -> bool {
        let mut last = self.last(values, value);
        while last.is_some_and(|last| last >= end) {
            last = last.and_then(|last| self.before(last));
        }
        last.is_some_and(|last| last >= start)
    }
}
