//! A moment for each of many keys: when something ends, or when it last happened.

use hashbrown::HashTable;

use super::key::KeyHash;
use super::sizes::hashed;
use crate::model::time::Time;

/// Moments by what they belong to and a key.
#[derive(Debug)]
pub(super) struct Moments<T> {
    table: HashTable<(T, KeyHash, Time)>,
}

impl<T> Default for Moments<T> {
    fn default() -> Moments<T> {
        Moments { table: HashTable::new() }
    }
}

impl<T: Copy + Ord> Moments<T> {
    /// What so many take.
    pub fn bytes(count: u64) -> u64 {
        hashed::<(T, KeyHash, Time)>(count)
    }

    // Keys are hashes already; what shares a key is few.
    pub fn get(&self, of: T, key: KeyHash) -> Option<Time> {
        self.table.find(key.0 as u64, |entry| entry.1 == key && entry.0 == of).map(|entry| entry.2)
    }

    /// The later of the moment that is there and this one.
    pub fn raise(&mut self, of: T, key: KeyHash, to: Time) {
        match self.table.find_mut(key.0 as u64, |entry| entry.1 == key && entry.0 == of) {
            Some(entry) => entry.2 = entry.2.max(to),
            None => {
                self.table.insert_unique(key.0 as u64, (of, key, to), |entry| entry.1.0 as u64);
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    pub fn remove(&mut self, of: T, key: KeyHash) {
        if let Ok(entry) = self.table.find_entry(key.0 as u64, |entry| entry.1 == key && entry.0 == of) {
            entry.remove();
        }
    }

    /// In an order that depends on nothing but what is there.
    pub fn sorted(&self) -> Vec<(T, KeyHash, Time)> {
        let mut all: Vec<(T, KeyHash, Time)> = self.table.iter().copied().collect();
        all.sort();
        all
    }
}
