//! Running values as bytes.

use ethnum::U256;

use super::{Ever, Kept, Running, Steps, Tally};
use crate::state::cell::{Shape, Stored};
use crate::state::save::{Bytes, Fault, Out};

/// More events than one key ever has: sums of fewer overflow nowhere.
const MOST: u64 = 1 << 40;

impl Tally {
    fn save(&self, out: &mut Out) {
        out.u64(self.count);
        out.u128(self.sum as u128);
        out.0.extend_from_slice(&self.squares.to_le_bytes());
        out.option(self.range, |out, (low, high)| {
            out.i64(low);
            out.i64(high);
        });
    }

    fn load(shape: &Shape, bytes: &mut Bytes<'_>) -> Result<Tally, Fault> {
        let count = bytes.u64()?;
        let sum = bytes.u128()? as i128;
        let squares = U256::from_le_bytes(bytes.array32()?);
        let range = bytes.option(|bytes| Ok((shape.read_number(bytes)?, shape.read_number(bytes)?)))?;
        if count > MOST || sum.unsigned_abs() > u128::from(count) << 63 {
            return Err(Fault::of("a sum is larger than its events can make it"));
        }
        Ok(Tally { count, sum, squares, range })
    }
}

impl Running {
    fn save(&self, out: &mut Out) {
        self.tally.save(out);
        for kept in [&self.first, &self.last] {
            out.option(kept.as_ref(), |out, (at, stored): &Kept| {
                out.i64(*at);
                stored.save(out);
            });
        }
    }

    fn load(shape: &Shape, bytes: &mut Bytes<'_>) -> Result<Running, Fault> {
        let kept =
            |bytes: &mut Bytes<'_>| bytes.option(|bytes| Ok((bytes.i64()?, Stored::load(shape, bytes)?)));
        Ok(Running { tally: Tally::load(shape, bytes)?, first: kept(bytes)?, last: kept(bytes)? })
    }
}

impl Ever {
    pub fn save(&self, out: &mut Out) {
        self.running.save(out);
        let mut distinct: Vec<u128> = self.distinct.iter().copied().collect();
        distinct.sort_unstable();
        out.list(&distinct, |out, hash| out.u128(*hash));
        out.flag(self.distinct_saturated);
        out.list(&self.ranked, |out, number| out.i64(*number));
        out.flag(self.ranked_saturated);
    }

    /// What nothing asks for any more goes.
    pub fn load(shape: &Shape, bytes: &mut Bytes<'_>) -> Result<Ever, Fault> {
        let mut ever = Ever { running: Running::load(shape, bytes)?, ..Ever::default() };
        let distinct = bytes.list(Bytes::u128)?;
        let distinct_saturated = bytes.flag()?;
        let ranked = bytes.list(|bytes| shape.read_number(bytes))?;
        let ranked_saturated = bytes.flag()?;
        if shape.ever_distinct {
            ever.distinct.reserve(distinct.len(), |hash| *hash as u64);
            for hash in distinct {
                if !ever.has(hash) {
                    ever.distinct.insert_unique(hash as u64, hash, |hash| *hash as u64);
                }
            }
            ever.distinct_saturated = distinct_saturated;
        }
        if shape.ever_ranked {
            ever.ranked = ranked;
            ever.ranked_saturated = ranked_saturated;
        }
        Ok(ever)
    }
}

impl Steps {
    pub fn save(&self, out: &mut Out) {
        out.len(self.steps.len());
        for (start, running) in &self.steps {
            out.i64(*start);
            running.save(out);
        }
    }

    pub fn load(shape: &Shape, bytes: &mut Bytes<'_>) -> Result<Steps, Fault> {
        let steps = bytes.list(|bytes| Ok((bytes.i64()?, Running::load(shape, bytes)?)))?;
        Ok(Steps { steps: steps.into() })
    }
}
