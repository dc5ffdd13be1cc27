//! What one memory keeps of one key, as bytes.

use super::{Bits, Extra, KeyMemory, Kind, Shape, Stored, unordered};
use crate::model::money::{Country, Currency};
use crate::model::slot::{unpack_country, unpack_currency};
use crate::model::time::Time;
use crate::model::types::Type;
use crate::state::entries::Entries;
use crate::state::running::{Ever, Steps};
use crate::state::save::{Bytes, Fault, Out, read_value, write_value};
use crate::state::sketch::{Scaling, Sketches};
use crate::state::told::Links;

/// What of events a memory keeps, beside their meaning.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Keeps {
    /// How far back; absent if no windows are asked.
    pub reach: Option<i64>,
    pub lateness: i64,
    /// In steps, and which of them have which values, or sketches of what is asked.
    pub steps_told: bool,
    pub steps_ranked: bool,
    pub values: bool,
    pub ever: bool,
    pub ever_told: bool,
    pub ever_ranked: bool,
    pub ever_values: bool,
}

impl Keeps {
    pub fn save(&self, out: &mut Out) {
        out.option(self.reach, Out::i64);
        out.i64(self.lateness);
        let flags = [
            self.steps_told,
            self.steps_ranked,
            self.values,
            self.ever,
            self.ever_told,
            self.ever_ranked,
            self.ever_values,
        ];
        flags.iter().for_each(|flag| out.flag(*flag));
    }

    pub fn load(bytes: &mut Bytes<'_>) -> Result<Keeps, Fault> {
        Ok(Keeps {
            reach: bytes.option(Bytes::i64)?,
            lateness: bytes.i64()?,
            steps_told: bytes.flag()?,
            steps_ranked: bytes.flag()?,
            values: bytes.flag()?,
            ever: bytes.flag()?,
            ever_told: bytes.flag()?,
            ever_ranked: bytes.flag()?,
            ever_values: bytes.flag()?,
        })
    }
}

/// How what was kept of one memory goes on in another of the same meaning.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    /// What windows are answered from.
    pub windows: bool,
    pub ever: bool,
    /// Windows reach further back than what was kept: so far, and so long events may be late.
    pub widened: Option<(i64, i64)>,
    /// Windows are asked of what was not kept: it begins now.
    pub windows_begin: bool,
    /// Likewise.
    pub ever_begins: bool,
}

impl Carry {
    pub fn of(old: &Keeps, new: &Keeps) -> Carry {
        let windows = old.reach.is_some()
            && new.reach.is_some()
            && (old.values || !new.values)
            && (old.steps_told || !new.steps_told)
            && (old.steps_ranked || !new.steps_ranked);
        let ever = old.ever
            && new.ever
            && (old.ever_told || !new.ever_told)
            && (old.ever_ranked || !new.ever_ranked)
            && (old.ever_values || old.values || !new.ever_values);
        Carry {
            windows,
            ever,
            widened: old
                .reach
                .filter(|_| windows && new.reach > old.reach)
                .map(|reach| (reach, old.lateness)),
            windows_begin: new.reach.is_some() && !windows,
            ever_begins: new.ever && !ever,
        }
    }

    /// Nothing goes on.
    pub fn is_nothing(&self) -> bool {
        !self.windows && !self.ever
    }
}

impl Shape {
    pub fn keeps(&self) -> Keeps {
        let steps = self.steps();
        // Sketches are kept by step, or for ever.
        let (told, ranked) = self.sketched.map_or((false, false), |of| (of.different, of.spread));
        let ever = self.sketches() && !steps;
        Keeps {
            reach: self.reach,
            lateness: self.lateness,
            steps_told: steps && (self.linked || told),
            steps_ranked: steps && ranked,
            values: self.keeps,
            ever: self.ever || ever,
            ever_told: self.ever_distinct || ever && told,
            ever_ranked: !self.sketches() && self.ever_ranked || ever && ranked,
            ever_values: self.ever_keeps,
        }
    }

    /// Of sketches: which are asked for, and how values are put into buckets.
    pub fn sketch_parts(&self) -> (bool, bool, Scaling) {
        let (different, spread) = self.sketched.map_or((false, false), |of| (of.different, of.spread));
        (different, spread, self.scaling())
    }

    /// A kept number that a value of the memory's type can be.
    pub fn read_number(&self, bytes: &mut Bytes<'_>) -> Result<i64, Fault> {
        let number = bytes.i64()?;
        if self.is_valid(number) { Ok(number) } else { Err(Fault::of("a kept value is none of its type")) }
    }

    #[inline]
    fn is_valid(&self, number: i64) -> bool {
        match self.kind {
            Kind::Bare | Kind::Hashed => true,
            Kind::Float => unordered(number).is_finite(),
            Kind::Number(_) => match self.ty.as_ref().map(Type::representation) {
                Some(Type::Bool) => (0..2).contains(&number),
                Some(Type::Time) => Time::in_range(number).is_some(),
                Some(Type::Country) => {
                    let Country(code) = unpack_country(number as u64);
                    number >> 16 == 0 && std::str::from_utf8(&code).is_ok_and(|c| Country::parse(c).is_some())
                }
                Some(Type::Currency) => {
                    let Currency(code) = unpack_currency(number as u32);
                    number >> 24 == 0
                        && std::str::from_utf8(&code).is_ok_and(|c| Currency::parse(c).is_some())
                }
                Some(Type::Enum(values)) => (0..values.values.len() as i64).contains(&number),
                _ => true,
            },
        }
    }
}

impl Stored {
    pub fn save(&self, out: &mut Out) {
        out.i64(self.bits.number);
        out.option(self.value.as_ref(), write_value);
    }

    /// Without the hash, by which only entries are told apart.
    pub fn load(shape: &Shape, bytes: &mut Bytes<'_>) -> Result<Stored, Fault> {
        let number = shape.read_number(bytes)?;
        let value = bytes.option(|bytes| match &shape.ty {
            Some(ty) => read_value(bytes, ty),
            None => Err(Fault::of("an event without a value has one")),
        })?;
        Ok(Stored { bits: Bits { number, hash: 0 }, value })
    }
}

const LOST: u8 = 1;
const CAPPED: u8 = 2;
const VALUES: u8 = 4;
const EVER: u8 = 8;
const STEPS: u8 = 16;
const SKETCHES: u8 = 32;

impl KeyMemory {
    /// Nothing was ever written.
    pub fn is_blank(&self) -> bool {
        self.newest == i64::MIN
    }

    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// Entries that have expired are left out, whether or not they are still there.
    pub fn save(&self, shape: &Shape, out: &mut Out) {
        let limit = if shape.steps() { i64::MIN } else { self.limit(shape) };
        let expired = self.entries.until(shape.layout(), limit);
        let last_expired = expired.checked_sub(1).and_then(|last| self.entries.at(shape.layout(), last));
        let lost = self.lost.max(last_expired.unwrap_or(i64::MIN));
        let extra = self.extra.as_deref();
        let values = extra.filter(|extra| !extra.values.is_empty());
        let (ever, steps) = (extra.and_then(|e| e.ever.as_ref()), extra.and_then(|e| e.steps.as_ref()));
        let sketches = extra.and_then(|extra| extra.sketches.as_ref());
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        out.u8(flag(lost != i64::MIN, LOST)
            | flag(self.capped != i64::MIN, CAPPED)
            | flag(values.is_some(), VALUES)
            | flag(ever.is_some(), EVER)
            | flag(steps.is_some(), STEPS)
            | flag(sketches.is_some(), SKETCHES));
        out.i64(self.newest);
        [lost, self.capped].into_iter().filter(|time| *time != i64::MIN).for_each(|time| out.i64(time));
        self.entries.save(shape.layout(), expired, out);
        if let Some(extra) = values {
            let kept = extra.values.len().saturating_sub(expired);
            out.len(kept);
            for value in extra.values.iter().skip(expired) {
                out.option(value.as_ref(), write_value);
            }
        }
        ever.into_iter().for_each(|ever| ever.save(out));
        steps.into_iter().for_each(|steps| steps.save(out));
        sketches.into_iter().for_each(|sketches| sketches.save(out));
    }

    /// What was saved of a memory of the same meaning, and from which event time on it lacks nothing, if windows were
    /// widened.
    pub fn load(shape: &Shape, carry: &Carry, bytes: &mut Bytes<'_>) -> Result<(KeyMemory, i64), Fault> {
        let flags = bytes.u8()?;
        let mut memory = KeyMemory::new(shape);
        memory.newest = bytes.i64()?;
        let mut optional = |flag: u8| if flags & flag != 0 { bytes.i64() } else { Ok(i64::MIN) };
        let (lost, capped) = (optional(LOST)?, optional(CAPPED)?);
        let layout = shape.layout();
        let entries = Entries::load(layout, bytes, |number| shape.is_valid(number))?;
        let values = match (flags & VALUES != 0, &shape.ty) {
            (false, _) => Vec::new(),
            (true, Some(ty)) => bytes.list(|bytes| bytes.option(|bytes| read_value(bytes, ty)))?,
            (true, None) => return Err(Fault::of("events without values have some")),
        };
        if !values.is_empty() && values.len() != entries.len() {
            return Err(Fault::of("there are not as many values as entries"));
        }
        let ever = if flags & EVER != 0 { Some(Ever::load(shape, bytes)?) } else { None };
        let steps = if flags & STEPS != 0 { Some(Steps::load(shape, bytes)?) } else { None };
        let sketches = if flags & SKETCHES != 0 { Some(Sketches::load(shape, bytes)?) } else { None };
        bytes.end()?;
        let mut lacks = i64::MIN;
        if carry.windows {
            memory.lost = lost;
            memory.capped = capped;
            if let Some((reach, lateness)) = carry.widened
                && lost <= memory.newest.saturating_sub(reach).saturating_sub(lateness)
            {
                // What expired was outside of every window then. From now on it is missing in all alike.
                memory.lost = i64::MIN;
                lacks = lost;
            }
            memory.fill(shape, entries, values, steps);
        }
        if let Some(extra) = &mut memory.extra {
            if carry.ever && shape.ever {
                extra.ever = ever.or(extra.ever.take());
            }
            let goes_on = if shape.steps() { carry.windows } else { carry.ever };
            if goes_on && shape.sketches() {
                extra.sketches = sketches.or(extra.sketches.take());
            }
        }
        Ok((memory, lacks))
    }

    fn fill(
        &mut self,
        shape: &Shape,
        entries: Entries,
        values: Vec<Option<crate::model::value::Value>>,
        steps: Option<Steps>,
    ) {
        // In steps, entries tell values apart and are nothing else.
        if !shape.steps() || shape.linked {
            self.entries = entries;
        }
        let Some(Extra { links, values: kept, steps: running, .. }) = self.extra.as_deref_mut() else {
            return;
        };
        if shape.keeps && !shape.steps() {
            kept.extend(values);
            // Of damaged bytes alone: each entry has its place.
            kept.resize(self.entries.len(), None);
        }
        if let Some(steps) = steps.filter(|_| shape.steps() && !shape.sketches()) {
            *running = Some(steps);
        }
        if let Some(links) = links {
            *links = Links::of(shape.values(&self.entries));
        }
    }
}
