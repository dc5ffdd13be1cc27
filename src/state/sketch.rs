//! Sketches: how many different values there were, and how they were spread, in bounded room.
//!
//! What a sketch keeps depends only on which values were added and how often, never on their order or on how they were
//! spread over several sketches that are read together. `docs/language.md` states the errors, and `oracle/approx.rs`
//! says the same from the values themselves.

mod save;

use std::collections::BTreeMap;

use crate::model::window::Rank;

/// Up to so many different values are told exactly.
pub const EXACT: usize = 256;
/// So many bits of a hash choose its register.
const CHOICE: u32 = 12;
const REGISTERS: usize = 1 << CHOICE;

/// Different values, by 64 bits of a keyed hash of each.
#[derive(Clone, Debug)]
pub enum Different {
    /// All of them, in their order: at most [`EXACT`].
    Few(Vec<u64>),
    /// Per register the longest run of zeros among its hashes, and one; 0 if it has none.
    Many(Box<[u8; REGISTERS]>),
}

impl Default for Different {
    fn default() -> Different {
        Different::Few(Vec::new())
    }
}

impl Different {
    pub fn add(&mut self, hash: u64) {
        match self {
            Different::Few(hashes) => {
                let Err(place) = hashes.binary_search(&hash) else { return };
                hashes.insert(place, hash);
                if hashes.len() > EXACT {
                    let mut registers = Box::new([0; REGISTERS]);
                    hashes.iter().for_each(|hash| count_in(&mut registers, *hash));
                    *self = Different::Many(registers);
                }
            }
            Different::Many(registers) => count_in(registers, hash),
        }
    }

    /// As if everything that was added to the other had been added here.
    pub fn merge(&mut self, other: &Different) {
        match (&mut *self, other) {
            (_, Different::Few(hashes)) => hashes.iter().for_each(|hash| self.add(*hash)),
            (Different::Many(registers), Different::Many(others)) => {
                for (register, other) in registers.iter_mut().zip(others.iter()) {
                    *register = (*register).max(*other);
                }
            }
            (Different::Few(hashes), Different::Many(others)) => {
                let mut registers = others.clone();
                hashes.iter().for_each(|hash| count_in(&mut registers, *hash));
                *self = Different::Many(registers);
            }
        }
    }

    pub fn count(&self) -> i64 {
        match self {
            Different::Few(hashes) => hashes.len() as i64,
            // There are more than could be told exactly.
            Different::Many(registers) => estimate(registers).max(EXACT as i64 + 1),
        }
    }
}

fn count_in(registers: &mut [u8; REGISTERS], hash: u64) {
    let place = (hash >> (64 - CHOICE)) as usize;
    // The mark ends the run where all bits are zero.
    let run = (hash << CHOICE | 1 << (CHOICE - 1)).leading_zeros() as u8 + 1;
    if let Some(register) = registers.get_mut(place) {
        *register = (*register).max(run);
    }
}

/// The estimate of Ertl ("New cardinality estimation algorithms for HyperLogLog sketches", 2017), in whole numbers:
/// the same on every machine.
fn estimate(registers: &[u8; REGISTERS]) -> i64 {
    /// 1 / (2 ln 2), and 1, in units of 2^-60.
    const ALPHA: u128 = 831_657_068_615_270_156;
    const ONE: u32 = 60;
    let mut empty: u128 = 0;
    let mut sum: u128 = 0;
    for run in registers {
        match run {
            0 => empty += 1,
            run => sum += 1 << (ONE - u32::from(*run).min(ONE)),
        }
    }
    // x + x² + 2 x⁴ + 4 x⁸ + … where x is the share of the empty ones.
    let mut power = empty << (ONE - CHOICE);
    let mut series = power;
    let mut factor: u128 = 1;
    while factor < 1 << 40 && power > 0 {
        power = (power * power) >> ONE;
        series += power * factor;
        factor *= 2;
    }
    let sum = (sum + (series << CHOICE)).max(1);
    let squared = (REGISTERS * REGISTERS) as u128;
    i64::try_from((squared * ALPHA + sum / 2) / sum).unwrap_or(i64::MAX)
}

/// How values are put into buckets.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// By the first seven binary digits of their size.
    Whole,
    /// Floats in order-preserving form: by their exponent and the first six binary digits of their fraction.
    Float,
}

/// Digits of a size that are kept, behind the first.
const DIGITS: u32 = 6;
/// Of a float, the bits that are not kept.
const CUT: u32 = 52 - DIGITS;

/// The bucket of a value: 0 for 0, the buckets below zero mirror those above, and their order is that of the values.
fn bucket(scaling: Scaling, value: i64) -> i32 {
    let bucket = match scaling {
        // The order-preserving form of a negative float is mirrored at -½.
        Scaling::Float => ((value ^ (value >> 63)) as u64 >> CUT) as i32,
        Scaling::Whole => {
            let size = value.unsigned_abs();
            let cut = (64 - DIGITS - 1).saturating_sub(size.leading_zeros());
            ((cut << DIGITS) as u64 + (size >> cut)) as i32
        }
    };
    if value < 0 { -bucket } else { bucket }
}

/// The value in the middle of a bucket, which stands for all in it.
fn middle(scaling: Scaling, bucket: i32) -> i64 {
    let place = bucket.unsigned_abs();
    let size = match scaling {
        Scaling::Float if place == 0 => 0,
        Scaling::Float => (u64::from(place) << CUT) + (1 << (CUT - 1)),
        Scaling::Whole => {
            let cut = (place >> DIGITS).saturating_sub(1);
            let digits = u64::from(place - (cut << DIGITS));
            (digits << cut) + (1u64 << cut) / 2
        }
    };
    match (bucket < 0, scaling) {
        (false, _) => i64::try_from(size).unwrap_or(i64::MAX),
        (true, Scaling::Float) => !(size as i64),
        (true, Scaling::Whole) => 0i64.checked_sub_unsigned(size).unwrap_or(i64::MIN),
    }
}

/// How many values there are in each bucket that has any.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    buckets: BTreeMap<i32, u64>,
}

impl Spread {
    pub fn add(&mut self, scaling: Scaling, value: i64) {
        *self.buckets.entry(bucket(scaling, value)).or_default() += 1;
    }

    pub fn merge(&mut self, other: &Spread) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    pub fn ranked(&self, scaling: Scaling, rank: Rank) -> Option<i64> {
        let total: u64 = self.buckets.values().sum();
        let mut before = rank.place(total as usize) as u64;
        for (bucket, count) in &self.buckets {
            match before.checked_sub(*count) {
                Some(rest) => before = rest,
                None => return Some(middle(scaling, *bucket)),
            }
        }
        None
    }
}

/// What is told of some events.
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    pub different: Different,
    pub spread: Spread,
}

impl Sketch {
    /// How much room what grows takes.
    fn room(&self) -> u64 {
        let different = match &self.different {
            Different::Few(hashes) => hashes.len() as u64 * 12,
            Different::Many(_) => REGISTERS as u64,
        };
        different + self.spread.buckets.len() as u64 * 24
    }
}

/// A step with nothing in it.
const STEP_BYTES: u64 = 96;

/// What a memory keeps where only approximations are asked of it.
#[derive(Clone, Debug, Default)]
pub struct Sketches {
    /// By the start of the step; what `ever` asks for is one step without end, at 0.
    steps: BTreeMap<i64, Sketch>,
    /// How much room they take.
    bytes: u64,
}

impl Sketches {
    /// Adds to the sketch of a step.
    pub fn add(&mut self, start: i64, add: impl FnOnce(&mut Sketch)) {
        let sketch = self.steps.entry(start).or_insert_with(|| {
            self.bytes += STEP_BYTES;
            Sketch::default()
        });
        let before = sketch.room();
        add(sketch);
        self.bytes = self.bytes + sketch.room() - before;
    }

    pub fn room(&self) -> u64 {
        self.bytes
    }

    /// Drops the steps that start before; the start of the last of them.
    pub fn drop_before(&mut self, start: i64) -> i64 {
        let mut last = i64::MIN;
        while let Some(step) = self.steps.first_entry().filter(|step| *step.key() < start) {
            last = *step.key();
            self.bytes = self.bytes.saturating_sub(step.remove().room() + STEP_BYTES);
        }
        last
    }

    /// The sketches of the steps that start within these bounds.
    pub fn within(&self, bounds: std::ops::RangeInclusive<i64>) -> impl Iterator<Item = &Sketch> {
        // Nothing is asked of a range that ends before it begins.
        let bounds = (bounds.start() <= bounds.end()).then_some(bounds);
        bounds.into_iter().flat_map(|bounds| self.steps.range(bounds)).map(|(_, sketch)| sketch)
    }
}

#[cfg(test)]
mod tests;
