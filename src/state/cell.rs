//! The kernel: one memory of one key. Pure; the semantics are told in the module above.

use std::collections::VecDeque;
use std::ops::Range;

use ethnum::U256;
use hashbrown::HashTable;

use super::entries::{Edge, Entries, Layout, Payload};
use super::key::{KeyHasher, canonical_float};
use super::number::{Scale, deviation, mean};
use super::{Bounds, MemorySpec, Options, WriteOutcome};
use crate::model::slot::{Arena, Arenas, Slot, pack_currency};
use crate::model::time::Time;
use crate::model::types::Type;
use crate::model::value::{Unknown, Value};
use crate::model::window::AggregateFn;

/// What all keys of one memory have in common.
#[derive(Clone, Debug)]
pub struct Shape {
    kind: Kind,
    ty: Option<Type>,
    /// Absent: no entries are kept, only running values.
    reach: Option<i64>,
    lateness: i64,
    cap: usize,
    /// Entries know the previous one of the same value.
    linked: bool,
    /// Entries keep what can't be told from their bits, for `first` and `last`.
    keeps: bool,
    ever: bool,
    ever_distinct: bool,
    ever_keeps: bool,
    /// Of money.
    currency: u32,
}

/// How values are kept.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Kind {
    Bare,
    /// As an `i64` whose order is that of the values.
    Number(Scale),
    /// A number whose bits are those of a float, in order-preserving form.
    Float,
    /// As a hash; the value itself only if it may be asked back.
    Hashed,
}

/// One value as it is kept.
#[derive(Clone, Debug, Default)]
struct Stored {
    number: i64,
    hash: u128,
    value: Option<Value>,
}

impl Shape {
    pub fn new(spec: &MemorySpec, options: &Options) -> Shape {
        use AggregateFn::{Distinct, First, Last};
        let asks = |functions: &[AggregateFn], over_ever: bool| {
            spec.functions.iter().any(|(f, ever)| *ever == over_ever && functions.contains(f))
        };
        let currency = match spec.value.as_ref().map(Type::representation) {
            Some(Type::Money(own)) => *own,
            _ => None,
        };
        let kind = match spec.value.as_ref().map(Type::representation) {
            None => Kind::Bare,
            Some(Type::Int) => Kind::Number(Scale::Million),
            // Amounts of any currency can be told apart and given back, not added or ranked.
            Some(Type::Money(_)) if currency.is_none() => Kind::Hashed,
            Some(
                Type::Bool
                | Type::Decimal
                | Type::Time
                | Type::Duration
                | Type::Money(_)
                | Type::Country
                | Type::Currency
                | Type::Enum(_),
            ) => Kind::Number(Scale::Same),
            Some(Type::Float) => Kind::Float,
            Some(_) => Kind::Hashed,
        };
        let hashed = kind == Kind::Hashed;
        Shape {
            kind,
            ty: spec.value.clone(),
            reach: spec.reach.map(|reach| reach.0),
            lateness: options.lateness.0,
            cap: options.entries.max(1) as usize,
            linked: asks(&[Distinct], false),
            keeps: hashed && asks(&[First, Last], false),
            ever: spec.functions.iter().any(|(_, ever)| *ever),
            ever_distinct: asks(&[Distinct], true),
            ever_keeps: hashed && asks(&[First, Last], true),
            currency: currency.map_or(0, pack_currency),
        }
    }

    /// `None` for an amount of a currency other than the memory's, which can't be counted in it.
    fn store(&self, slot: Slot, keep: bool, hasher: &KeyHasher, arenas: &Arenas<'_>) -> Option<Stored> {
        let Some(ty) = &self.ty else { return Some(Stored::default()) };
        if self.currency != 0 && slot.aux != self.currency {
            return None;
        }
        let number = match self.kind {
            Kind::Float => ordered(slot.as_float()),
            _ => slot.as_int(),
        };
        let hash = if self.kind == Kind::Hashed || self.ever_distinct {
            hasher.value(slot, ty, arenas)
        } else {
            number as u64 as u128
        };
        let value = if keep { arenas.datum(slot, ty).known().cloned() } else { None };
        Some(Stored { number, hash, value })
    }

    /// A kept number as a value of the memory's type.
    fn number(&self, number: i64) -> Slot {
        match self.kind {
            Kind::Float => Slot::known(unordered(number).to_bits()),
            _ => Slot { aux: self.currency, ..Slot::int(number) },
        }
    }

    fn computed(&self, result: Result<i64, Unknown>) -> Slot {
        match result {
            Ok(number) => Slot { aux: self.currency, ..Slot::int(number) },
            Err(why) => Slot::unknown(why),
        }
    }

    /// Nothing but times is kept.
    pub fn is_bare(&self) -> bool {
        self.kind == Kind::Bare
    }

    /// Whether windows add up what lies between two entries.
    pub fn sums(&self) -> bool {
        self.layout() == Layout::Number
    }

    fn layout(&self) -> Layout {
        match self.kind {
            Kind::Bare => Layout::Bare,
            Kind::Number(_) | Kind::Float => Layout::Number,
            Kind::Hashed => Layout::Hashed,
        }
    }

    fn scale(&self) -> Scale {
        match self.kind {
            Kind::Number(scale) => scale,
            _ => Scale::Same,
        }
    }
}

/// Floats as integers of the same order; its own inverse but for the cast.
fn ordered(value: f64) -> i64 {
    let bits = canonical_float(value).to_bits() as i64;
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

fn unordered(number: i64) -> f64 {
    f64::from_bits((number ^ ((number >> 63) as u64 >> 1) as i64) as u64)
}

/// A question to one memory of one key.
#[derive(Copy, Clone, Debug)]
pub struct Asked {
    pub function: AggregateFn,
    pub bounds: Bounds,
    /// The time of the current event.
    pub t: Time,
    /// What it contributes, if it counts: any known slot for a memory of bare events.
    pub current: Option<Slot>,
}

/// One memory of one key: what every question looks at, in one line of the processor's cache.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct KeyMemory {
    /// The largest time written; `i64::MIN` before the first.
    newest: i64,
    /// The largest time that expired or was refused; `i64::MIN` if none.
    lost: i64,
    /// The largest time that the cap dropped; `i64::MIN` if none.
    capped: i64,
    entries: Entries,
    /// Only where something asks for it.
    extra: Option<Box<Extra>>,
}

/// What is kept beside times and sums.
#[derive(Clone, Debug, Default)]
struct Extra {
    /// How many places back the previous entry of the same value is; 0 if there was none.
    links: VecDeque<u32>,
    values: VecDeque<Option<Value>>,
    ever: Option<Ever>,
}

impl Extra {
    /// Links the entry that now stands at `place`.
    fn link(&mut self, entries: &Entries, place: usize, payload: Payload) {
        let (before, after) = (0..place, place + 1..entries.len());
        match payload {
            Payload::Bare => {}
            Payload::Number(own) => {
                self.link_as(own, entries.numbers(before).rev(), entries.numbers(after));
            }
            Payload::Hashed(own) => self.link_as(own, entries.hashes(before).rev(), entries.hashes(after)),
        }
    }

    fn link_as<V: PartialEq>(
        &mut self,
        own: V,
        mut before: impl Iterator<Item = V>,
        after: impl ExactSizeIterator<Item = V>,
    ) {
        let place = self.links.len() - after.len();
        self.links.insert(place, before.position(|value| value == own).map_or(0, |back| back as u32 + 1));
        let mut next_found = false;
        // Those after it have one more place behind them; the next of the same value now leads here.
        for (step, (value, link)) in after.zip(self.links.range_mut(place + 1..)).enumerate() {
            if !next_found && value == own {
                next_found = true;
                *link = step as u32 + 1;
            } else if *link as usize > step {
                *link += 1;
            }
        }
    }

    fn drop_front(&mut self, count: usize) {
        drop(self.links.drain(..count.min(self.links.len())));
        drop(self.values.drain(..count.min(self.values.len())));
    }
}

impl KeyMemory {
    pub fn new(shape: &Shape) -> KeyMemory {
        let extra = Extra { ever: shape.ever.then(Ever::default), ..Extra::default() };
        KeyMemory {
            newest: i64::MIN,
            lost: i64::MIN,
            capped: i64::MIN,
            entries: Entries::default(),
            extra: (shape.linked || shape.keeps || shape.ever).then(|| Box::new(extra)),
        }
    }

    /// Counts an event at `t`. `value` is known (any slot for bare events).
    pub fn write(
        &mut self,
        shape: &Shape,
        t: Time,
        value: Slot,
        hasher: &KeyHasher,
        arenas: &Arenas<'_>,
    ) -> WriteOutcome {
        let late = t.0 < self.newest;
        let keep = shape.keeps || shape.ever_keeps;
        let Some(stored) = shape.store(value, keep, hasher, arenas) else {
            return WriteOutcome { late, refused: false };
        };
        let refused = late && t.0 < self.newest.saturating_sub(shape.lateness);
        if let Some(ever) = self.extra.as_mut().and_then(|extra| extra.ever.as_mut()) {
            ever.add(shape, t.0, &stored);
        }
        self.newest = self.newest.max(t.0);
        if shape.reach.is_some() {
            if refused {
                self.lost = self.lost.max(t.0);
            } else {
                if self.entries.is_full(shape.layout()) || self.entries.len() >= shape.cap {
                    self.expire(shape);
                }
                self.insert(shape, t.0, stored);
                self.hold_cap(shape);
            }
        }
        WriteOutcome { late, refused }
    }

    fn insert(&mut self, shape: &Shape, t: i64, stored: Stored) {
        let payload = match shape.layout() {
            Layout::Bare => Payload::Bare,
            Layout::Number => Payload::Number(stored.number),
            Layout::Hashed => Payload::Hashed(stored.hash),
        };
        let place = self.entries.insert(shape.layout(), t, payload);
        let Some(extra) = &mut self.extra else { return };
        if shape.linked {
            extra.link(&self.entries, place, payload);
        }
        if shape.keeps {
            extra.values.insert(place, stored.value);
        }
    }

    /// Nothing at or before this can be inside a window of an event that is not too late.
    fn limit(&self, shape: &Shape) -> i64 {
        self.newest.saturating_sub(shape.reach.unwrap_or(0)).saturating_sub(shape.lateness)
    }

    /// Whether a window that begins after `after` has lost an entry. Those that have expired may still be there.
    #[inline]
    pub fn has_lost(&self, shape: &Shape, after: i64) -> bool {
        let limit = self.limit(shape);
        let (entries, layout) = (&self.entries, shape.layout());
        after < self.lost || after < limit && entries.until(layout, after) < entries.until(layout, limit)
    }

    /// Drops what has expired. Later is early enough, so it is done when room is needed.
    fn expire(&mut self, shape: &Shape) {
        let expired = self.entries.until(shape.layout(), self.limit(shape));
        self.lost = self.lost.max(self.drop_front(shape, expired));
    }

    /// Drops the oldest beyond the cap.
    fn hold_cap(&mut self, shape: &Shape) {
        let excess = self.entries.len().saturating_sub(shape.cap);
        self.capped = self.capped.max(self.drop_front(shape, excess));
    }

    /// The time of the last one that was dropped.
    fn drop_front(&mut self, shape: &Shape, count: usize) -> i64 {
        let Some(last) = count.checked_sub(1) else { return i64::MIN };
        let at = self.entries.at(shape.layout(), last);
        self.entries.drop_front(count);
        if let Some(extra) = &mut self.extra {
            extra.drop_front(count);
        }
        at.unwrap_or(i64::MIN)
    }

    /// Touches what every question reads first.
    pub fn warm_head(&self) -> i64 {
        self.newest
    }

    /// Touches where the next entry will go.
    pub fn warm_newest(&self, shape: &Shape) -> i64 {
        self.entries.at(shape.layout(), self.entries.len().saturating_sub(1)).unwrap_or_default()
    }

    /// Touches the entry after an edge.
    pub fn warm_edge(&self, shape: &Shape, edge: &Edge) -> i64 {
        self.entries.warm(shape.layout(), edge)
    }

    /// How many entries are at or before `t`.
    #[inline]
    pub fn until(&self, shape: &Shape, t: i64, edge: Option<&mut Edge>) -> usize {
        match edge {
            _ if t >= self.newest => self.entries.len(),
            Some(edge) => self.entries.until_from(shape.layout(), t, edge),
            None => self.entries.until(shape.layout(), t),
        }
    }

    /// How many events there are in a window of which nothing was lost: all that is asked of most.
    #[inline]
    pub fn count(&self, after: i64, inside: &Range<usize>, this: bool) -> Slot {
        bounded((inside.len() + usize::from(this)) as i64, after < self.capped)
    }

    /// The answer to a question; `inside` are the entries within its bounds, of which nothing was lost.
    pub fn read(
        &self,
        shape: &Shape,
        asked: &Asked,
        inside: Range<usize>,
        hasher: &KeyHasher,
        constants: &Arena,
        arena: &mut Arena,
    ) -> Slot {
        let Asked { function, bounds, t, current } = *asked;
        let this = current.and_then(|slot| {
            let arenas = Arenas { constants, event: arena };
            // Its value is at hand in the slot; a hash only where values are told apart.
            let stored = match (function, shape.kind) {
                (AggregateFn::Distinct, _) | (_, Kind::Number(_) | Kind::Float) => {
                    shape.store(slot, false, hasher, &arenas)?
                }
                _ => Stored::default(),
            };
            Some(This { t: t.0, slot, stored })
        });
        let answer = match bounds {
            Bounds::Within { after, through } => {
                let this = this.filter(|_| after < t.0 && t.0 <= through);
                let view =
                    View { memory: self, shape, start: inside.start, end: inside.end, this: this.as_ref() };
                self.read_window(function, after, t.0, &view)
            }
            Bounds::Ever => match self.extra.as_ref().and_then(|extra| extra.ever.as_ref()) {
                Some(ever) => ever.read(shape, function, t.0, this.as_ref()),
                None => Answer::Slot(Slot::MISSING),
            },
        };
        match (answer, &shape.ty) {
            (Answer::Slot(slot), _) => slot,
            (Answer::Value(value), Some(ty)) => arena.add_value(value, ty),
            (Answer::Value(_), None) => Slot::MISSING,
        }
    }

    fn read_window<'a>(
        &'a self,
        function: AggregateFn,
        after: i64,
        t: i64,
        view: &View<'a, '_>,
    ) -> Answer<'a> {
        let shape = view.shape;
        let saturated = after < self.capped;
        let count = (view.end - view.start + usize::from(view.this.is_some())) as i64;
        let none = if saturated { Slot::unknown(Unknown::Saturated) } else { Slot::MISSING };
        Answer::Slot(match function {
            AggregateFn::Count => bounded(count, saturated),
            AggregateFn::Distinct => bounded(view.distinct(), saturated),
            AggregateFn::Any if count > 0 => Slot::bool(true),
            AggregateFn::Any if saturated => none,
            AggregateFn::Any => Slot::bool(false),
            AggregateFn::Last => return view.last().unwrap_or(Answer::Slot(none)),
            AggregateFn::Since => {
                view.last_at().map_or(none, |at| shape_free(t.checked_sub(at).ok_or(Unknown::Overflow)))
            }
            _ if saturated => none,
            AggregateFn::First => return view.first().unwrap_or(Answer::Slot(none)),
            AggregateFn::Min => view.fold(i64::min).map_or(none, |number| shape.number(number)),
            AggregateFn::Max => view.fold(i64::max).map_or(none, |number| shape.number(number)),
            AggregateFn::Sum => view.summed(|sum| i64::try_from(sum).map_err(|_| Unknown::Overflow)),
            AggregateFn::Avg if count == 0 => none,
            AggregateFn::Avg => view.summed(|sum| mean(sum, count as u64, shape.scale())),
            AggregateFn::Stddev => {
                view.summed(|sum| deviation(sum, view.squares(), count as u64, shape.scale()))
            }
        })
    }
}

/// What the current event contributes.
struct This {
    t: i64,
    slot: Slot,
    stored: Stored,
}

enum Answer<'a> {
    Slot(Slot),
    /// A kept value, still to be put into the event's arena.
    Value(&'a Value),
}

/// The entries `start..end` of a memory, and the current event after them.
struct View<'m, 'q> {
    memory: &'m KeyMemory,
    shape: &'q Shape,
    start: usize,
    end: usize,
    this: Option<&'q This>,
}

impl<'m> View<'m, '_> {
    fn first(&self) -> Option<Answer<'m>> {
        if self.start < self.end {
            self.entry(self.start)
        } else {
            self.this.map(|this| Answer::Slot(this.slot))
        }
    }

    fn last(&self) -> Option<Answer<'m>> {
        match self.this {
            Some(this) => Some(Answer::Slot(this.slot)),
            None if self.start < self.end => self.entry(self.end - 1),
            None => None,
        }
    }

    fn last_at(&self) -> Option<i64> {
        match self.this {
            Some(this) => Some(this.t),
            None if self.start < self.end => self.memory.entries.at(self.shape.layout(), self.end - 1),
            None => None,
        }
    }

    fn entry(&self, index: usize) -> Option<Answer<'m>> {
        match self.shape.layout() {
            Layout::Bare => None,
            Layout::Number => {
                self.memory.entries.number(index).map(|number| Answer::Slot(self.shape.number(number)))
            }
            Layout::Hashed => {
                let extra = self.memory.extra.as_ref()?;
                extra.values.get(index)?.as_ref().map(Answer::Value)
            }
        }
    }

    /// An entry is the first of its value in the window if the previous one lies before it.
    fn distinct(&self) -> i64 {
        let Some(extra) = &self.memory.extra else { return 0 };
        let links = extra.links.range(self.start.min(extra.links.len())..self.end.min(extra.links.len()));
        let told = links.enumerate().filter(|(step, link)| **link == 0 || **link as usize > *step).count();
        let entries = &self.memory.entries;
        let inside = self.start..self.end;
        let new = self.this.is_some_and(|this| match self.shape.layout() {
            Layout::Bare => false,
            Layout::Number => !entries.numbers(inside).any(|number| number == this.stored.number),
            Layout::Hashed => !entries.hashes(inside).any(|hash| hash == this.stored.hash),
        });
        told as i64 + i64::from(new)
    }

    /// Those of a memory of numbers.
    fn numbers(&self) -> Option<impl Iterator<Item = i64>> {
        if self.shape.layout() != Layout::Number {
            return None;
        }
        let own = self.this.map(|this| this.stored.number);
        Some(self.memory.entries.numbers(self.start..self.end).chain(own))
    }

    fn fold(&self, better: impl Fn(i64, i64) -> i64) -> Option<i64> {
        self.numbers()?.reduce(better)
    }

    fn squares(&self) -> U256 {
        self.numbers().into_iter().flatten().map(square).sum()
    }

    fn summed(&self, result: impl FnOnce(i128) -> Result<i64, Unknown>) -> Slot {
        if self.shape.layout() != Layout::Number {
            return Slot::unknown(Unknown::NoRate);
        }
        let own = self.this.map_or(0, |this| i128::from(this.stored.number));
        self.shape.computed(result(self.memory.entries.sum(self.start..self.end) + own))
    }
}

fn square(number: i64) -> U256 {
    U256::from(i128::from(number).pow(2).unsigned_abs())
}

fn bounded(value: i64, saturated: bool) -> Slot {
    Slot { state: if saturated { Slot::AT_LEAST } else { Slot::KNOWN }, ..Slot::int(value) }
}

/// A result that is no value of the memory's type.
fn shape_free(result: Result<i64, Unknown>) -> Slot {
    result.map_or_else(Slot::unknown, Slot::int)
}

/// Running values over everything ever written.
#[derive(Clone, Debug, Default)]
struct Ever {
    count: u64,
    sum: i128,
    squares: U256,
    range: Option<(i64, i64)>,
    first: Option<(i64, Stored)>,
    last: Option<(i64, Stored)>,
    distinct: HashTable<u128>,
    /// A value beyond the cap was not put into the set.
    saturated: bool,
}

impl Ever {
    fn add(&mut self, shape: &Shape, t: i64, stored: &Stored) {
        self.count += 1;
        self.sum += i128::from(stored.number);
        if matches!(shape.kind, Kind::Number(_)) {
            self.squares = self.squares.saturating_add(square(stored.number));
        }
        let (low, high) = self.range.unwrap_or((stored.number, stored.number));
        self.range = Some((low.min(stored.number), high.max(stored.number)));
        if self.first.as_ref().is_none_or(|(at, _)| t < *at) {
            self.first = Some((t, stored.clone()));
        }
        if self.last.as_ref().is_none_or(|(at, _)| t >= *at) {
            self.last = Some((t, stored.clone()));
        }
        if shape.ever_distinct && !self.has(stored.hash) {
            if self.distinct.len() < shape.cap {
                self.distinct.insert_unique(stored.hash as u64, stored.hash, |hash| *hash as u64);
            } else {
                self.saturated = true;
            }
        }
    }

    fn has(&self, hash: u128) -> bool {
        self.distinct.find(hash as u64, |known| *known == hash).is_some()
    }

    fn read(&self, shape: &Shape, function: AggregateFn, t: i64, this: Option<&This>) -> Answer<'_> {
        let count = self.count + u64::from(this.is_some());
        let own = this.map_or(0, |this| this.stored.number);
        let sum = self.sum + i128::from(own);
        let number = matches!(shape.kind, Kind::Number(_));
        Answer::Slot(match function {
            AggregateFn::Count => Slot::int(i64::try_from(count).unwrap_or(i64::MAX)),
            AggregateFn::Any => Slot::bool(count > 0),
            AggregateFn::Distinct => {
                let new = this.is_some_and(|this| !self.has(this.stored.hash));
                bounded(self.distinct.len() as i64 + i64::from(new), self.saturated)
            }
            AggregateFn::Since => {
                let last = self.last.as_ref().map(|(at, _)| *at);
                let last = last.max(this.map(|this| this.t));
                last.map_or(Slot::MISSING, |at| shape_free(t.checked_sub(at).ok_or(Unknown::Overflow)))
            }
            AggregateFn::First => {
                return edge(shape, self.first.as_ref(), this, |kept, t| kept <= t);
            }
            AggregateFn::Last => return edge(shape, self.last.as_ref(), this, |kept, t| kept > t),
            AggregateFn::Min | AggregateFn::Max if shape.kind == Kind::Hashed => {
                Slot::unknown(Unknown::NoRate)
            }
            AggregateFn::Min => {
                let all = self.range.map(|range| range.0).into_iter().chain(this.map(|_| own));
                all.min().map_or(Slot::MISSING, |n| shape.number(n))
            }
            AggregateFn::Max => {
                let all = self.range.map(|range| range.1).into_iter().chain(this.map(|_| own));
                all.max().map_or(Slot::MISSING, |n| shape.number(n))
            }
            AggregateFn::Sum | AggregateFn::Avg | AggregateFn::Stddev if !number => {
                Slot::unknown(Unknown::NoRate)
            }
            AggregateFn::Sum => shape.computed(i64::try_from(sum).map_err(|_| Unknown::Overflow)),
            AggregateFn::Avg if count == 0 => Slot::MISSING,
            AggregateFn::Avg => shape.computed(mean(sum, count, shape.scale())),
            AggregateFn::Stddev => {
                let squares = this.map_or(self.squares, |_| self.squares.saturating_add(square(own)));
                shape.computed(deviation(sum, squares, count, shape.scale()))
            }
        })
    }
}

/// The first or last ever: the kept one or the current event, as `kept_wins` says of their times.
fn edge<'a>(
    shape: &Shape,
    kept: Option<&'a (i64, Stored)>,
    this: Option<&This>,
    kept_wins: impl Fn(i64, i64) -> bool,
) -> Answer<'a> {
    match (kept, this) {
        (Some((at, stored)), this) if this.is_none_or(|this| kept_wins(*at, this.t)) => match shape.kind {
            Kind::Bare => Answer::Slot(Slot::MISSING),
            Kind::Hashed => stored.value.as_ref().map_or(Answer::Slot(Slot::MISSING), Answer::Value),
            _ => Answer::Slot(shape.number(stored.number)),
        },
        (_, Some(this)) => Answer::Slot(this.slot),
        _ => Answer::Slot(Slot::MISSING),
    }
}
