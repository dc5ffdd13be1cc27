//! One key that nothing may remember any more.
//!
//! What is kept under the key alone is as if the key had never come. Elsewhere it may stand as a value: by its hash, among
//! values that are told apart, where another hash takes its place, so that counts stay as they are; and as it came, for
//! `first` and `last`, where it is missing from then on.

use super::key::{KeyHash, KeyHasher};
use super::save::{Aside, Bytes, Fault, Out};
use crate::model::slot::{Arena, Arenas};
use crate::model::types::Type;
use crate::model::value::Value;

/// Of values of one type, the one that goes.
#[derive(Copy, Clone, Debug)]
pub struct Erasing<'e> {
    /// Its hash as a key, which is that of the value as well.
    pub key: KeyHash,
    /// What takes the place of the hash.
    pub stand_in: u128,
    pub ty: &'e Type,
    pub hasher: &'e KeyHasher,
}

impl Erasing<'_> {
    /// Whether it is this value.
    pub fn is(&self, value: &Value) -> bool {
        value_hash(self.hasher, value, self.ty) == Some(self.key)
    }
}

/// The hash of a single value as a key; `None` if it is none of that type.
pub fn value_hash(hasher: &KeyHasher, value: &Value, ty: &Type) -> Option<KeyHash> {
    let mut arena = Arena::new();
    let slot = arena.add_value(value, ty);
    hasher.hash_each(std::iter::once((slot, ty)), &Arenas { constants: &arena, event: &arena })
}

impl Aside {
    /// The places of the records in which it is `found`.
    pub fn find(&self, found: &dyn Fn(&[u8]) -> bool) -> Result<Vec<u32>, Fault> {
        let mut places = Vec::new();
        let mut rest = Bytes::new(&self.records);
        for place in 0.. {
            if rest.end().is_ok() {
                break;
            }
            if found(rest.bytes()?) {
                places.push(place);
            }
        }
        Ok(places)
    }

    /// Without the records at these places, which are sorted.
    pub fn erase(&mut self, places: &[u32]) -> Result<(), Fault> {
        let mut kept = Out::default();
        let mut rest = Bytes::new(&self.records);
        for place in 0.. {
            if rest.end().is_ok() {
                break;
            }
            let record = rest.bytes()?;
            if places.binary_search(&place).is_err() {
                kept.bytes(record);
            }
        }
        self.records = kept.0;
        Ok(())
    }
}
