//! The kernel: one memory of one key. Pure; the semantics are told in the module above.

mod save;
mod show;

use std::collections::VecDeque;
use std::ops::Range;

use ethnum::U256;

use super::entries::{Edge, Entries, Layout, Payload};
use super::key::{KeyHasher, canonical_float};
use super::number::{Scale, deviation, mean};
use super::running::{Ever, Steps};
use super::sizes::{Fill, grown, text};
use super::sketch::{Scaling, Sketch, Sketches};
use super::told::{Counted, Links, Values};
use super::{Bounds, MemorySpec, Options, WriteOutcome};
use crate::model::slot::{Arena, Arenas, Slot, pack_currency};
use crate::model::time::Time;
use crate::model::types::Type;
use crate::model::value::{Unknown, Value};
use crate::model::window::{AggregateFn, Rank};
pub use save::{Carry, Keeps};
pub use show::{Kept, Shown};

/// What all keys of one memory have in common.
#[derive(Clone, Debug)]
pub struct Shape {
    kind: Kind,
    ty: Option<Type>,
    /// Absent: no entries are kept, only running values.
    reach: Option<i64>,
    lateness: i64,
    /// Both together: how long entries are kept behind the newest.
    kept: i64,
    layout: Layout,
    pub(super) cap: usize,
    /// How long a step is, where they are kept in place of entries.
    step: Option<i64>,
    /// Only sketches are kept: of how many different values, and of how they are spread.
    sketched: Option<Sketched>,
    /// Values are told apart.
    linked: bool,
    /// Entries keep what can't be told from their bits, for `first` and `last`.
    keeps: bool,
    ever: bool,
    pub(super) ever_distinct: bool,
    pub(super) ever_ranked: bool,
    ever_keeps: bool,
    /// Of money.
    currency: u32,
    seed: u64,
}

#[derive(Copy, Clone, Debug)]
struct Sketched {
    different: bool,
    spread: bool,
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

/// What a value is calculated with and told by.
#[derive(Copy, Clone, Debug, Default)]
pub struct Bits {
    pub(super) number: i64,
    pub(super) hash: u128,
}

/// One value as it is kept.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    pub(super) bits: Bits,
    value: Option<Value>,
}

impl Stored {
    pub(super) fn answer(&self, shape: &Shape) -> Answer<'_> {
        match shape.kind {
            Kind::Bare => Answer::Slot(Slot::MISSING),
            Kind::Hashed => self.value.as_ref().map_or(Answer::Slot(Slot::MISSING), Answer::Value),
            _ => Answer::Slot(shape.number(self.bits.number)),
        }
    }
}

impl Bits {
    /// By what it is told from others among entries.
    fn told(&self, layout: Layout) -> u128 {
        match layout {
            Layout::Bare => 0,
            Layout::Number => u128::from(self.number as u64),
            Layout::Hashed => self.hash,
        }
    }
}

impl Shape {
    pub fn new(spec: &MemorySpec, options: &Options, hasher: &KeyHasher) -> Shape {
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
        let of = |wanted: fn(&AggregateFn) -> bool| spec.functions.iter().any(|(f, _)| wanted(f));
        let sketched = Sketched {
            different: of(|f| *f == Distinct),
            spread: of(|f| matches!(f, AggregateFn::Percentile(_))),
        };
        let exact = !spec.approx;
        Shape {
            kind,
            ty: spec.value.clone(),
            reach: spec.reach.map(|reach| reach.0),
            lateness: options.lateness.0,
            kept: spec.reach.map_or(0, |reach| reach.0).saturating_add(options.lateness.0),
            layout: match kind {
                Kind::Bare => Layout::Bare,
                Kind::Number(_) | Kind::Float => Layout::Number,
                Kind::Hashed => Layout::Hashed,
            },
            cap: options.entries.max(1) as usize,
            step: spec.step.map(|step| step.0.max(1)),
            sketched: spec.approx.then_some(sketched),
            linked: exact && asks(&[Distinct], false),
            keeps: hashed && asks(&[First, Last], false),
            ever: exact && spec.functions.iter().any(|(_, ever)| *ever),
            ever_distinct: exact && asks(&[Distinct], true),
            ever_ranked: spec
                .functions
                .iter()
                .any(|(f, ever)| *ever && matches!(f, AggregateFn::Percentile(_))),
            ever_keeps: hashed && asks(&[First, Last], true),
            currency: currency.map_or(0, pack_currency),
            seed: hasher.seed(),
        }
    }

    /// `None` for an amount of a currency other than the memory's, which can't be counted in it.
    #[inline]
    fn bits(&self, slot: Slot, hasher: &KeyHasher, arenas: &Arenas<'_>) -> Option<Bits> {
        let Some(ty) = &self.ty else { return Some(Bits::default()) };
        if self.currency != 0 && slot.aux != self.currency {
            return None;
        }
        let number = match self.kind {
            Kind::Float => ordered(slot.as_float()),
            _ => slot.as_int(),
        };
        let hashes = self.ever_distinct || self.sketched.is_some_and(|sketched| sketched.different);
        let hash = if self.kind == Kind::Hashed || hashes {
            hasher.value(slot, ty, arenas)
        } else {
            u128::from(number as u64)
        };
        Some(Bits { number, hash })
    }

    /// The value itself, if it may be asked back.
    fn value(&self, slot: Slot, arenas: &Arenas<'_>) -> Option<Value> {
        match &self.ty {
            Some(ty) if self.keeps || self.ever_keeps => arenas.datum(slot, ty).known().cloned(),
            _ => None,
        }
    }

    #[inline]
    fn payload(&self, bits: Bits) -> Payload {
        match self.layout {
            Layout::Bare => Payload::Bare,
            Layout::Number => Payload::Number(bits.number),
            Layout::Hashed => Payload::Hashed(bits.hash),
        }
    }

    /// A kept number as a value of the memory's type.
    pub(super) fn number(&self, number: i64) -> Slot {
        match self.kind {
            Kind::Float => Slot::known(unordered(number).to_bits()),
            _ => Slot { aux: self.currency, ..Slot::int(number) },
        }
    }

    pub(super) fn computed(&self, result: Result<i64, Unknown>) -> Slot {
        match result {
            Ok(number) => Slot { aux: self.currency, ..Slot::int(number) },
            Err(why) => Slot::unknown(why),
        }
    }

    /// Nothing but times is kept, one of each event.
    pub fn is_bare(&self) -> bool {
        self.kind == Kind::Bare && self.step.is_none()
    }

    /// Whether windows add up what lies between two entries.
    pub fn sums(&self) -> bool {
        self.layout() == Layout::Number
    }

    fn values<'e>(&self, entries: &'e Entries) -> Values<'e> {
        Values { entries, layout: self.layout(), seed: self.seed }
    }

    /// Numbers that can be added.
    pub(super) fn calculates(&self) -> bool {
        matches!(self.kind, Kind::Number(_))
    }

    pub(super) fn is_hashed(&self) -> bool {
        self.kind == Kind::Hashed
    }

    /// Whether windows ask how many different values there are.
    pub fn tells_apart(&self) -> bool {
        self.linked
    }

    pub fn steps(&self) -> bool {
        self.step.is_some()
    }

    /// Something beside times and sums is kept.
    fn has_extra(&self) -> bool {
        self.linked || self.keeps || self.ever || self.steps() || self.sketches()
    }

    fn keeps_texts(&self) -> bool {
        matches!(self.ty.as_ref().map(Type::representation), Some(Type::Text | Type::Email | Type::Phone))
    }

    /// Kept are sketches of whole steps, from that in which a window begins.
    pub fn sketches(&self) -> bool {
        self.sketched.is_some()
    }

    /// The start of the step that a time is in.
    fn start(&self, t: i64) -> i64 {
        self.step.map_or(t, |step| t.div_euclid(step).saturating_mul(step))
    }

    /// Where a window begins that takes whole steps.
    pub fn whole(&self, after: i64) -> i64 {
        self.start(after.saturating_add(1)).saturating_sub(1)
    }

    fn scaling(&self) -> Scaling {
        if self.kind == Kind::Float { Scaling::Float } else { Scaling::Whole }
    }

    fn sketch(&self, sketch: &mut Sketch, bits: Bits) {
        let Some(Sketched { different, spread }) = self.sketched else { return };
        if different {
            sketch.different.add(bits.hash as u64);
        }
        if spread {
            sketch.spread.add(self.scaling(), bits.number);
        }
    }

    fn layout(&self) -> Layout {
        self.layout
    }

    pub(super) fn scale(&self) -> Scale {
        match self.kind {
            Kind::Number(scale) => scale,
            _ => Scale::Same,
        }
    }
}

/// Floats as integers of the same order; its own inverse but for the cast.
pub(super) fn ordered(value: f64) -> i64 {
    let bits = canonical_float(value).to_bits() as i64;
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

pub(super) fn unordered(number: i64) -> f64 {
    f64::from_bits((number ^ ((number >> 63) as u64 >> 1) as i64) as u64)
}

/// A question to one memory of one key.
#[derive(Clone, Debug)]
pub struct Asked {
    pub function: AggregateFn,
    pub bounds: Bounds,
    /// The time of the current event.
    pub t: Time,
    /// What it contributes, if it counts: any known slot for a memory of bare events.
    pub current: Option<Slot>,
    /// The entries within the bounds, of which nothing was lost.
    pub inside: Range<usize>,
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
    links: Option<Links>,
    values: VecDeque<Option<Value>>,
    ever: Option<Ever>,
    steps: Option<Steps>,
    sketches: Option<Sketches>,
}

impl KeyMemory {
    /// What one takes beside itself.
    pub fn bytes_beside(shape: &Shape, fill: Fill) -> u64 {
        let (cap, count) = (shape.cap, fill.of(shape.cap));
        let text = if shape.keeps_texts() { text() } else { 0 };
        let mut bytes = 0;
        if shape.has_extra() {
            bytes += size_of::<Extra>() as u64;
        }
        if shape.ever {
            bytes += Ever::bytes(shape, fill) + if shape.ever_keeps { text * count.min(2) } else { 0 };
        }
        if let (Some(reach), Some(step)) = (shape.reach, shape.step) {
            // The first and the last are not whole.
            let all = (reach.saturating_add(shape.lateness) / step) as u64 + 2;
            let steps = if let Fill::Entries(count) = fill { count.min(all) } else { all };
            bytes += Steps::bytes(steps) + if shape.keeps { text * steps } else { 0 };
        }
        if shape.reach.is_some() && (!shape.steps() || shape.linked) {
            bytes += Entries::bytes(shape.layout(), cap, fill);
        }
        if shape.reach.is_some() && shape.linked {
            bytes += Links::bytes(cap, fill);
        }
        if shape.reach.is_some() && shape.keeps && !shape.steps() {
            bytes += grown::<Option<Value>>(count, 1) + text * count;
        }
        bytes
    }

    pub fn new(shape: &Shape) -> KeyMemory {
        let extra = || Extra {
            links: shape.linked.then(Links::default),
            values: VecDeque::new(),
            ever: shape.ever.then(Ever::default),
            steps: shape.step.filter(|_| !shape.sketches()).map(|_| Steps::default()),
            sketches: shape.sketches().then(Sketches::default),
        };
        KeyMemory {
            newest: i64::MIN,
            lost: i64::MIN,
            capped: i64::MIN,
            entries: Entries::default(),
            extra: shape.has_extra().then(|| Box::new(extra())),
        }
    }

    /// How much room it takes, by what is in it; in numbers written out, so that decisions at the budget depend on no compiler.
    pub fn room(&self, shape: &Shape) -> u64 {
        let extra = self.extra.as_ref().map_or(0, |extra| {
            let ever = extra.ever.as_ref().map_or(0, Ever::room);
            let steps = extra.steps.as_ref().map_or(0, Steps::room);
            let sketches = extra.sketches.as_ref().map_or(0, Sketches::room);
            let links = if extra.links.is_some() { self.entries.len() as u64 * 24 } else { 0 };
            256 + extra.values.len() as u64 * 64 + links + ever + steps + sketches
        });
        64 + self.entries.room(shape.layout()) + extra
    }

    /// Counts an event at `t`. `value` is known (any slot for bare events).
    #[inline]
    pub fn write(
        &mut self,
        shape: &Shape,
        t: Time,
        value: Slot,
        hasher: &KeyHasher,
        arenas: &Arenas<'_>,
    ) -> WriteOutcome {
        let late = t.0 < self.newest;
        let Some(bits) = shape.bits(value, hasher, arenas) else {
            return WriteOutcome { late, refused: false };
        };
        let refused = late && t.0 < self.newest.saturating_sub(shape.lateness);
        self.newest = self.newest.max(t.0);
        if self.extra.is_some() {
            self.write_beside(shape, t.0, refused, Stored { bits, value: shape.value(value, arenas) });
        } else if refused {
            self.lost = self.lost.max(t.0);
        } else if shape.reach.is_some() {
            self.expire_for_one(shape);
            self.entries.insert(shape.layout(), t.0, shape.payload(bits));
            self.hold_cap(shape);
        }
        WriteOutcome { late, refused }
    }

    /// The same where more is kept than times and numbers.
    #[inline(never)]
    fn write_beside(&mut self, shape: &Shape, t: i64, refused: bool, stored: Stored) {
        if let Some(ever) = self.extra.as_mut().and_then(|extra| extra.ever.as_mut()) {
            ever.add(shape, t, &stored);
        }
        if shape.step.is_none()
            && let Some(sketches) = self.extra.as_mut().and_then(|extra| extra.sketches.as_mut())
        {
            sketches.add(0, |sketch| shape.sketch(sketch, stored.bits));
        }
        if shape.reach.is_none() {
            return;
        }
        if refused {
            self.lost = self.lost.max(t);
        } else if shape.steps() {
            self.write_step(shape, t, stored);
        } else {
            self.expire_for_one(shape);
            self.insert(shape, t, stored);
            self.hold_cap(shape);
        }
    }

    /// Into its step; of the entries, which tell values apart, there is one of each value and step.
    fn write_step(&mut self, shape: &Shape, t: i64, stored: Stored) {
        let start = |t: i64| shape.start(t);
        // The step of the limit itself may still be asked for.
        let oldest = start(self.limit(shape));
        let expired = self.entries.until(shape.layout(), oldest.saturating_sub(1));
        self.drop_front(shape, expired);
        let Some(extra) = &mut self.extra else { return };
        if let Some(steps) = &mut extra.steps {
            self.lost = self.lost.max(steps.drop_before(oldest));
            steps.add(shape, start(t), t, &stored);
        }
        if let Some(sketches) = &mut extra.sketches {
            self.lost = self.lost.max(sketches.drop_before(oldest));
            sketches.add(start(t), |sketch| shape.sketch(sketch, stored.bits));
        }
        if let Some(links) = &extra.links {
            let values = shape.values(&self.entries);
            let mut same = links.last(values, stored.bits.told(shape.layout()));
            let at = |place: usize| self.entries.at(shape.layout(), place);
            while same.is_some_and(|same| at(same) > Some(start(t))) {
                same = same.and_then(|same| links.before(same));
            }
            if same.is_none_or(|same| at(same) != Some(start(t))) {
                self.insert(shape, start(t), stored);
                self.hold_cap(shape);
            }
        }
    }

    fn insert(&mut self, shape: &Shape, t: i64, stored: Stored) {
        let payload = shape.payload(stored.bits);
        let links = self.extra.as_mut().and_then(|extra| extra.links.as_mut());
        let place = match links {
            None => self.entries.insert(shape.layout(), t, payload),
            Some(links) => {
                let last = links.last(shape.values(&self.entries), stored.bits.told(shape.layout()));
                let place = self.entries.insert(shape.layout(), t, payload);
                links.insert(shape.values(&self.entries), place, last);
                place
            }
        };
        if let Some(extra) = self.extra.as_mut().filter(|_| shape.keeps && !shape.steps()) {
            extra.values.insert(place, stored.value);
        }
    }

    /// Nothing at or before this can be inside a window of an event that is not too late.
    fn limit(&self, shape: &Shape) -> i64 {
        self.newest.saturating_sub(shape.kept)
    }

    /// Whether a window that begins after `after` has lost an entry. Those that have expired may still be there.
    #[inline]
    pub fn has_lost(&self, shape: &Shape, after: i64) -> bool {
        // Steps expire at once.
        after < self.lost || after < self.limit(shape) && !shape.steps() && self.has_expired(shape, after)
    }

    #[cold]
    fn has_expired(&self, shape: &Shape, after: i64) -> bool {
        let (entries, layout) = (&self.entries, shape.layout());
        entries.until(layout, after) < entries.until(layout, self.limit(shape))
    }

    /// Drops what has expired. Later is early enough, so it is done when room is needed.
    #[inline]
    fn expire_for_one(&mut self, shape: &Shape) {
        if self.entries.is_full(shape.layout()) || self.entries.len() >= shape.cap {
            self.expire(shape);
        }
    }

    #[inline(never)]
    fn expire(&mut self, shape: &Shape) {
        let expired = self.entries.until(shape.layout(), self.limit(shape));
        self.lost = self.lost.max(self.drop_front(shape, expired));
    }

    /// Makes room: what has expired goes at once.
    pub fn trim(&mut self, shape: &Shape) {
        // Steps go anyway, and without windows nothing expires.
        let first = self.entries.at(shape.layout(), 0);
        if shape.reach.is_some() && !shape.steps() && first.is_some_and(|first| first <= self.limit(shape)) {
            self.expire(shape);
        }
    }

    /// Drops the oldest beyond the cap.
    #[inline]
    fn hold_cap(&mut self, shape: &Shape) {
        let excess = self.entries.len().saturating_sub(shape.cap);
        if excess > 0 {
            self.capped = self.capped.max(self.drop_front(shape, excess));
        }
    }

    /// The time of the last one that was dropped.
    fn drop_front(&mut self, shape: &Shape, count: usize) -> i64 {
        let Some(last) = count.checked_sub(1) else { return i64::MIN };
        let at = self.entries.at(shape.layout(), last);
        if let Some(extra) = &mut self.extra {
            if let Some(links) = &mut extra.links {
                links.drop_front(shape.values(&self.entries), count);
            }
            drop(extra.values.drain(..count.min(extra.values.len())));
        }
        self.entries.drop_front(count);
        at.unwrap_or(i64::MIN)
    }

    /// Where what every question reads first is.
    pub fn head_word(&self) -> &i64 {
        &self.newest
    }

    /// Where the next entry will go, nearly.
    pub fn newest_word(&self, shape: &Shape) -> Option<&u64> {
        self.entries.newest_word(shape.layout())
    }

    /// Adds where the entries after an edge are.
    #[inline]
    pub fn edge_words<'m>(&'m self, shape: &Shape, edge: &Edge, words: &mut Vec<&'m u64>) {
        self.entries.edge_words(shape.layout(), edge, words);
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

    /// The answer to a question; `counted` is where it is kept how many different values it had.
    pub fn read(
        &self,
        shape: &Shape,
        asked: &Asked,
        counted: Option<&mut Counted>,
        hasher: &KeyHasher,
        constants: &Arena,
        arena: &mut Arena,
    ) -> Slot {
        let Asked { function, bounds, t, current, ref inside } = *asked;
        let this = current.and_then(|slot| {
            let arenas = Arenas { constants, event: arena };
            // Its value is at hand in the slot; a hash only where values are told apart.
            let bits = match (function, shape.layout) {
                (AggregateFn::Distinct, _) | (_, Layout::Number) => shape.bits(slot, hasher, &arenas)?,
                _ => Bits::default(),
            };
            Some(This { t: t.0, slot, bits })
        });
        let sketches = self.extra.as_ref().and_then(|extra| extra.sketches.as_ref());
        let answer = match bounds {
            _ if let Some(sketches) = sketches => read_sketches(sketches, shape, asked, this.as_ref()),
            Bounds::Within { after, through } => {
                let this = this.filter(|_| after < t.0 && t.0 <= through);
                let steps = self.extra.as_ref().and_then(|extra| extra.steps.as_ref());
                let steps = steps.filter(|_| function != AggregateFn::Distinct);
                let view =
                    View { memory: self, shape, start: inside.start, end: inside.end, this: this.as_ref() };
                match steps {
                    Some(steps) => steps.read(shape, function, (after, through), t.0, view.this),
                    None => self.read_window(function, after, t.0, &view, counted),
                }
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
        counted: Option<&mut Counted>,
    ) -> Answer<'a> {
        let shape = view.shape;
        let saturated = after < self.capped;
        let count = (view.end - view.start + usize::from(view.this.is_some())) as i64;
        let none = if saturated { Slot::unknown(Unknown::Saturated) } else { Slot::MISSING };
        Answer::Slot(match function {
            AggregateFn::Count => bounded(count, saturated),
            AggregateFn::Distinct => bounded(view.distinct(counted), saturated),
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
            AggregateFn::Percentile(rank) => view.ranked(rank).map_or(none, |number| shape.number(number)),
            AggregateFn::Sum => view.summed(|sum| i64::try_from(sum).map_err(|_| Unknown::Overflow)),
            AggregateFn::Avg if count == 0 => none,
            AggregateFn::Avg => view.summed(|sum| mean(sum, count as u64, shape.scale())),
            AggregateFn::Stddev => {
                view.summed(|sum| deviation(sum, view.squares(), count as u64, shape.scale()))
            }
        })
    }
}

/// Of everything in the steps of a window.
fn read_sketches(sketches: &Sketches, shape: &Shape, asked: &Asked, this: Option<&This>) -> Answer<'static> {
    let (starts, this) = match asked.bounds {
        Bounds::Ever => (i64::MIN..=i64::MAX, this),
        Bounds::Within { after, through } => {
            let this = this.filter(|_| after < asked.t.0 && asked.t.0 <= through);
            (after.saturating_add(1)..=through, this)
        }
    };
    let mut all = Sketch::default();
    for sketch in sketches.within(starts) {
        match asked.function {
            AggregateFn::Distinct => all.different.merge(&sketch.different),
            _ => all.spread.merge(&sketch.spread),
        }
    }
    this.iter().for_each(|this| shape.sketch(&mut all, this.bits));
    Answer::Slot(match asked.function {
        AggregateFn::Distinct => Slot::int(all.different.count()),
        AggregateFn::Percentile(rank) => {
            all.spread.ranked(shape.scaling(), rank).map_or(Slot::MISSING, |number| shape.number(number))
        }
        // Not among what is sketched.
        _ => Slot::MISSING,
    })
}

/// What the current event contributes.
pub struct This {
    pub(super) t: i64,
    pub(super) slot: Slot,
    pub(super) bits: Bits,
}

pub enum Answer<'a> {
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

    fn distinct(&self, counted: Option<&mut Counted>) -> i64 {
        let links = self.memory.extra.as_ref().and_then(|extra| extra.links.as_ref());
        let Some(links) = links else { return 0 };
        let values = self.shape.values(&self.memory.entries);
        let new = self.this.is_some_and(|this| {
            let value = this.bits.told(self.shape.layout());
            !links.has(values, value, self.start, self.end)
        });
        links.count(self.start, self.end, counted) as i64 + i64::from(new)
    }

    /// The nearest rank.
    fn ranked(&self, rank: Rank) -> Option<i64> {
        let mut numbers: Vec<i64> = self.numbers()?.collect();
        let place = rank.place(numbers.len());
        if place >= numbers.len() {
            return None;
        }
        Some(*numbers.select_nth_unstable(place).1)
    }

    /// Those of a memory of numbers.
    fn numbers(&self) -> Option<impl Iterator<Item = i64>> {
        if self.shape.layout() != Layout::Number {
            return None;
        }
        let own = self.this.map(|this| this.bits.number);
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
        let own = self.this.map_or(0, |this| i128::from(this.bits.number));
        self.shape.computed(result(self.memory.entries.sum(self.start..self.end) + own))
    }
}

pub(super) fn square(number: i64) -> U256 {
    U256::from(i128::from(number).pow(2).unsigned_abs())
}

pub(super) fn bounded(value: i64, saturated: bool) -> Slot {
    Slot { state: if saturated { Slot::AT_LEAST } else { Slot::KNOWN }, ..Slot::int(value) }
}

/// A result that is no value of the memory's type.
pub(super) fn shape_free(result: Result<i64, Unknown>) -> Slot {
    result.map_or_else(Slot::unknown, Slot::int)
}
