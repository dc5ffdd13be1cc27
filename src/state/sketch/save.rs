//! Sketches as bytes.

use std::collections::BTreeMap;

use super::{Different, EXACT, REGISTERS, STEP_BYTES, Scaling, Sketch, Sketches, Spread, bucket};
use crate::state::cell::Shape;
use crate::state::save::{Bytes, Fault, Out};

/// More values than there ever are in one bucket: sums of fewer overflow nowhere.
const MOST: u64 = 1 << 40;

impl Sketches {
    pub fn save(&self, out: &mut Out) {
        out.len(self.steps.len());
        for (start, sketch) in &self.steps {
            out.i64(*start);
            sketch.different.save(out);
            sketch.spread.save(out);
        }
    }

    /// What nothing asks for any more goes.
    pub fn load(shape: &Shape, bytes: &mut Bytes<'_>) -> Result<Sketches, Fault> {
        let (different, spread, scaling) = shape.sketch_parts();
        let steps = bytes.list(|bytes| {
            let start = bytes.i64()?;
            let saved = (Different::load(bytes)?, Spread::load(scaling, bytes)?);
            let mut sketch = Sketch::default();
            if different {
                sketch.different = saved.0;
            }
            if spread {
                sketch.spread = saved.1;
            }
            Ok((start, sketch))
        })?;
        let steps: BTreeMap<i64, Sketch> = steps.into_iter().collect();
        let bytes = steps.values().map(|sketch| STEP_BYTES + sketch.room()).sum();
        Ok(Sketches { steps, bytes })
    }
}

impl Different {
    fn save(&self, out: &mut Out) {
        out.flag(matches!(self, Different::Many(_)));
        match self {
            Different::Few(hashes) => out.list(hashes, |out, hash| out.u64(*hash)),
            Different::Many(registers) => out.0.extend_from_slice(&**registers),
        }
    }

    fn load(bytes: &mut Bytes<'_>) -> Result<Different, Fault> {
        if bytes.flag()? {
            let mut registers = Box::new([0; REGISTERS]);
            registers.copy_from_slice(bytes.take(REGISTERS)?);
            return Ok(Different::Many(registers));
        }
        let hashes = bytes.list(Bytes::u64)?;
        if hashes.len() > EXACT || !hashes.is_sorted_by(|one, next| one < next) {
            return Err(Fault::of("the values of a sketch are not in order"));
        }
        Ok(Different::Few(hashes))
    }
}

impl Spread {
    fn save(&self, out: &mut Out) {
        out.len(self.buckets.len());
        for (bucket, count) in &self.buckets {
            out.u32(*bucket as u32);
            out.len(*count as usize);
        }
    }

    fn load(scaling: Scaling, bytes: &mut Bytes<'_>) -> Result<Spread, Fault> {
        let known = bucket(scaling, i64::MIN)..=bucket(scaling, i64::MAX).max(-bucket(scaling, i64::MIN));
        let buckets = bytes.list(|bytes| {
            let (place, count) = (bytes.u32()? as i32, bytes.len()? as u64);
            if !known.contains(&place) || count > MOST {
                return Err(Fault::of("a bucket of a sketch is none"));
            }
            Ok((place, count))
        })?;
        Ok(Spread { buckets: buckets.into_iter().collect() })
    }
}
