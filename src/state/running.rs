//! Running values: what can be told of many events without keeping each.

mod save;

use std::collections::VecDeque;

use ethnum::U256;
use hashbrown::HashTable;

use super::cell::{Answer, Shape, Stored, This, bounded, shape_free, square};
use super::number::{deviation, mean};
use super::sizes::{Fill, grown, hashed};
use crate::model::slot::Slot;
use crate::model::value::Unknown;
use crate::model::window::AggregateFn;

/// The first or last of some events: its time and its value.
type Kept = (i64, Stored);

#[derive(Copy, Clone, Debug, Default)]
struct Tally {
    count: u64,
    sum: i128,
    squares: U256,
    range: Option<(i64, i64)>,
}

impl Tally {
    fn add(&mut self, shape: &Shape, number: i64) {
        self.count += 1;
        self.sum += i128::from(number);
        if shape.calculates() {
            self.squares = self.squares.saturating_add(square(number));
        }
        self.widen((number, number));
    }

    fn widen(&mut self, (low, high): (i64, i64)) {
        let (least, most) = self.range.unwrap_or((low, high));
        self.range = Some((least.min(low), most.max(high)));
    }

    fn merge(&mut self, other: &Tally) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares = self.squares.saturating_add(other.squares);
        other.range.into_iter().for_each(|range| self.widen(range));
    }
}

/// Over some events.
#[derive(Clone, Debug, Default)]
struct Running {
    tally: Tally,
    first: Option<Kept>,
    last: Option<Kept>,
}

impl Running {
    fn add(&mut self, shape: &Shape, t: i64, stored: &Stored) {
        self.tally.add(shape, stored.bits.number);
        if self.first.as_ref().is_none_or(|(at, _)| t < *at) {
            self.first = Some((t, stored.clone()));
        }
        if self.last.as_ref().is_none_or(|(at, _)| t >= *at) {
            self.last = Some((t, stored.clone()));
        }
    }
}

/// What is asked: running values, and the current event beside them.
struct Seen<'a> {
    tally: Tally,
    first: Option<&'a Kept>,
    last: Option<&'a Kept>,
}

impl<'a> Seen<'a> {
    fn read(&self, shape: &Shape, function: AggregateFn, t: i64, this: Option<&This>) -> Answer<'a> {
        let mut tally = self.tally;
        this.iter().for_each(|this| tally.add(shape, this.bits.number));
        let ranked = |end: fn((i64, i64)) -> i64| match tally.range {
            _ if shape.is_hashed() => Slot::unknown(Unknown::NoRate),
            range => range.map_or(Slot::MISSING, |range| shape.number(end(range))),
        };
        Answer::Slot(match function {
            AggregateFn::Count => Slot::int(i64::try_from(tally.count).unwrap_or(i64::MAX)),
            AggregateFn::Any => Slot::bool(tally.count > 0),
            AggregateFn::Since => {
                let last = self.last.map(|(at, _)| *at).max(this.map(|this| this.t));
                last.map_or(Slot::MISSING, |at| shape_free(t.checked_sub(at).ok_or(Unknown::Overflow)))
            }
            AggregateFn::First => return edge(shape, self.first, this, |kept, t| kept <= t),
            AggregateFn::Last => return edge(shape, self.last, this, |kept, t| kept > t),
            AggregateFn::Min => ranked(|range| range.0),
            AggregateFn::Max => ranked(|range| range.1),
            // Not among what is running.
            AggregateFn::Distinct | AggregateFn::Percentile(_) => Slot::MISSING,
            AggregateFn::Sum | AggregateFn::Avg | AggregateFn::Stddev if !shape.calculates() => {
                Slot::unknown(Unknown::NoRate)
            }
            AggregateFn::Sum => shape.computed(i64::try_from(tally.sum).map_err(|_| Unknown::Overflow)),
            AggregateFn::Avg if tally.count == 0 => Slot::MISSING,
            AggregateFn::Avg => shape.computed(mean(tally.sum, tally.count, shape.scale())),
            AggregateFn::Stddev => {
                shape.computed(deviation(tally.sum, tally.squares, tally.count, shape.scale()))
            }
        })
    }
}

/// The first or last: the kept one or the current event, as `kept_wins` says of their times.
fn edge<'a>(
    shape: &Shape,
    kept: Option<&'a Kept>,
    this: Option<&This>,
    kept_wins: impl Fn(i64, i64) -> bool,
) -> Answer<'a> {
    match (kept, this) {
        (Some((at, stored)), this) if this.is_none_or(|this| kept_wins(*at, this.t)) => stored.answer(shape),
        (_, Some(this)) => Answer::Slot(this.slot),
        _ => Answer::Slot(Slot::MISSING),
    }
}

/// Everything ever written.
#[derive(Clone, Debug, Default)]
pub struct Ever {
    running: Running,
    distinct: HashTable<u128>,
    /// A value beyond the cap was not put into the set.
    distinct_saturated: bool,
    /// All numbers in their order, where percentiles are asked; none any more if there were more than the cap.
    ranked: Vec<i64>,
    ranked_saturated: bool,
}

impl Ever {
    /// How many events were counted.
    pub fn counted(&self) -> u64 {
        self.running.tally.count
    }

    /// Beside itself, of so many events of different values.
    pub fn bytes(shape: &Shape, fill: Fill) -> u64 {
        let count = fill.of(shape.cap);
        let distinct = if shape.ever_distinct { hashed::<u128>(count) } else { 0 };
        let ranked = if shape.ever_ranked { grown::<i64>(count, 1) } else { 0 };
        distinct + ranked
    }

    pub fn add(&mut self, shape: &Shape, t: i64, stored: &Stored) {
        self.running.add(shape, t, stored);
        if shape.ever_distinct && !self.has(stored.bits.hash) {
            if self.distinct.len() < shape.cap {
                self.distinct.insert_unique(stored.bits.hash as u64, stored.bits.hash, |hash| *hash as u64);
            } else {
                self.distinct_saturated = true;
            }
        }
        if shape.ever_ranked && !self.ranked_saturated {
            if self.ranked.len() < shape.cap {
                let place = self.ranked.partition_point(|number| *number <= stored.bits.number);
                self.ranked.insert(place, stored.bits.number);
            } else {
                self.ranked = Vec::new();
                self.ranked_saturated = true;
            }
        }
    }

    /// How much room the values take that are kept one by one.
    pub fn room(&self) -> u64 {
        self.distinct.len() as u64 * 24 + self.ranked.len() as u64 * 12 + 256
    }

    fn has(&self, hash: u128) -> bool {
        self.distinct.find(hash as u64, |known| *known == hash).is_some()
    }

    pub fn read(&self, shape: &Shape, function: AggregateFn, t: i64, this: Option<&This>) -> Answer<'_> {
        match function {
            AggregateFn::Distinct => {
                let new = this.is_some_and(|this| !self.has(this.bits.hash));
                let count = self.distinct.len() as i64 + i64::from(new);
                Answer::Slot(bounded(count, self.distinct_saturated))
            }
            AggregateFn::Percentile(_) if self.ranked_saturated => {
                Answer::Slot(Slot::unknown(Unknown::Saturated))
            }
            AggregateFn::Percentile(rank) => {
                let own = this.map(|this| this.bits.number);
                let place = rank.place(self.ranked.len() + usize::from(own.is_some()));
                let number = match own.map(|own| (own, self.ranked.partition_point(|number| *number < own))) {
                    Some((own, at)) if at == place => Some(own),
                    Some((_, at)) if at < place => self.ranked.get(place - 1).copied(),
                    _ => self.ranked.get(place).copied(),
                };
                Answer::Slot(number.map_or(Slot::MISSING, |number| shape.number(number)))
            }
            _ => {
                let Running { tally, first, last } = &self.running;
                let seen = Seen { tally: *tally, first: first.as_ref(), last: last.as_ref() };
                seen.read(shape, function, t, this)
            }
        }
    }
}

/// Running values of each step of time that has any, by the step's start; the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    steps: VecDeque<(i64, Running)>,
}

impl Steps {
    /// How many steps hold something.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Of so many steps.
    pub fn bytes(count: u64) -> u64 {
        grown::<(i64, Running)>(count, 1)
    }

    pub fn add(&mut self, shape: &Shape, start: i64, t: i64, stored: &Stored) {
        let place = self.from(start);
        if self.steps.get(place).is_none_or(|(other, _)| *other != start) {
            self.steps.insert(place, (start, Running::default()));
        }
        if let Some((_, running)) = self.steps.get_mut(place) {
            running.add(shape, t, stored);
        }
    }

    /// How much room they take.
    pub fn room(&self) -> u64 {
        self.steps.len() as u64 * 384
    }

    /// Where the steps from this start on begin; nearly always at the end.
    fn from(&self, start: i64) -> usize {
        match self.steps.back() {
            Some((last, _)) if *last < start => self.steps.len(),
            _ => self.steps.partition_point(|(other, _)| *other < start),
        }
    }

    /// Drops the steps that start before; the start of the last of them.
    pub fn drop_before(&mut self, start: i64) -> i64 {
        let count = self.steps.partition_point(|(other, _)| *other < start);
        self.steps.drain(..count).next_back().map_or(i64::MIN, |(start, _)| start)
    }

    /// Of the steps that start after `after` and not after `through`.
    pub fn read(
        &self,
        shape: &Shape,
        function: AggregateFn,
        (after, through): (i64, i64),
        t: i64,
        this: Option<&This>,
    ) -> Answer<'_> {
        let (from, to) = (self.from(after.saturating_add(1)), self.from(through.saturating_add(1)));
        let inside = || self.steps.range(from.min(to)..to).map(|(_, running)| running);
        let mut tally = Tally::default();
        inside().for_each(|running| tally.merge(&running.tally));
        let first = inside().next().and_then(|running| running.first.as_ref());
        let last = inside().next_back().and_then(|running| running.last.as_ref());
        Seen { tally, first, last }.read(shape, function, t, this)
    }
}
