//! `extern` lists: what lines of the input have put into them.

use std::collections::{BTreeMap, HashMap};

use crate::model::ids::ListId;
use crate::state::key::KeyHash;
use crate::state::sizes::hashed;

/// How much of an address a network tells.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix {
    pub v4: bool,
    pub bits: u8,
}

/// One value of a list.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub key: KeyHash,
    /// Of a network.
    pub prefix: Option<Prefix>,
}

/// The lists of which some line was received.
#[derive(Debug, Default)]
pub struct Lists {
    filled: BTreeMap<ListId, Filled>,
}

#[derive(Debug, Default)]
struct Filled {
    entries: HashMap<KeyHash, Option<Prefix>>,
    /// How many networks there are of each length.
    prefixes: BTreeMap<Prefix, u32>,
}

impl Lists {
    /// What so many values of one list take.
    pub fn bytes(values: u64) -> u64 {
        hashed::<(KeyHash, Option<Prefix>)>(values)
    }

    /// Takes out, then puts in; from now on the list is known, even if it is empty.
    pub fn change(&mut self, list: ListId, remove: &[Entry], add: &[Entry]) {
        let filled = self.filled.entry(list).or_default();
        remove.iter().for_each(|entry| filled.remove(entry));
        add.iter().for_each(|entry| filled.add(entry));
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.filled.values().map(|filled| filled.entries.len()).sum()
    }

    /// `None` while nobody has filled the list.
    pub fn contains(&self, list: ListId, key: KeyHash) -> Option<bool> {
        Some(self.filled.get(&list)?.entries.contains_key(&key))
    }

    /// Whether a network of the list holds an address; `network` gives the one of that length around the address.
    /// `None` while nobody has filled the list.
    pub fn holds(&self, list: ListId, network: impl Fn(Prefix) -> Option<KeyHash>) -> Option<bool> {
        let filled = self.filled.get(&list)?;
        let mut around = filled.prefixes.keys().filter_map(|prefix| network(*prefix));
        Some(around.any(|key| filled.entries.contains_key(&key)))
    }

    /// What every filled list holds, in an order that depends on nothing else.
    pub fn sorted(&self) -> Vec<(ListId, Vec<Entry>)> {
        let entries = |filled: &Filled| {
            let all = filled.entries.iter().map(|(key, prefix)| Entry { key: *key, prefix: *prefix });
            let mut all: Vec<Entry> = all.collect();
            all.sort();
            all
        };
        self.filled.iter().map(|(list, filled)| (*list, entries(filled))).collect()
    }
}

impl Filled {
    fn add(&mut self, entry: &Entry) {
        if self.entries.insert(entry.key, entry.prefix).is_none()
            && let Some(prefix) = entry.prefix
        {
            *self.prefixes.entry(prefix).or_default() += 1;
        }
    }

    fn remove(&mut self, entry: &Entry) {
        let Some(Some(prefix)) = self.entries.remove(&entry.key) else { return };
        let Some(count) = self.prefixes.get_mut(&prefix) else { return };
        *count -= 1;
        if *count == 0 {
            self.prefixes.remove(&prefix);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: ListId = ListId(0);

    fn value(key: u128) -> Entry {
        Entry { key: KeyHash(key), prefix: None }
    }

    #[test]
    fn a_list_is_unknown_until_its_first_line() {
        let mut lists = Lists::default();
        assert_eq!(lists.contains(LIST, KeyHash(1)), None);
        lists.change(LIST, &[], &[]);
        assert_eq!(lists.contains(LIST, KeyHash(1)), Some(false));
        assert_eq!(lists.contains(ListId(1), KeyHash(1)), None);
    }

    #[test]
    fn what_goes_goes_before_what_comes() {
        let mut lists = Lists::default();
        lists.change(LIST, &[value(1)], &[value(1), value(2)]);
        assert_eq!(lists.contains(LIST, KeyHash(1)), Some(true));
        lists.change(LIST, &[value(1), value(3)], &[]);
        assert_eq!(lists.sorted(), [(LIST, vec![value(2)])]);
    }

    #[test]
    fn only_lengths_that_some_network_has_are_asked() {
        let network = |key, bits| Entry { key: KeyHash(key), prefix: Some(Prefix { v4: true, bits }) };
        let mut lists = Lists::default();
        lists.change(LIST, &[], &[network(1, 8), network(2, 8), network(2, 8), network(3, 24)]);
        let asked = |lists: &Lists, held: u128| {
            let asked = std::cell::RefCell::new(Vec::new());
            let found = lists.holds(LIST, |prefix| {
                asked.borrow_mut().push(prefix.bits);
                Some(KeyHash(held + u128::from(prefix.bits)))
            });
            (found, asked.into_inner())
        };
        assert_eq!(asked(&lists, 100), (Some(false), vec![8, 24]));
        lists.change(LIST, &[network(2, 8), network(3, 24)], &[]);
        assert_eq!(asked(&lists, 100), (Some(false), vec![8]));
        lists.change(LIST, &[network(1, 8)], &[network(124, 24)]);
        assert_eq!(asked(&lists, 100), (Some(true), vec![24]));
    }
}
