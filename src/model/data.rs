//! What lists, tables, calendars and rates hold, and how they answer.

mod keys;
mod rates;

use std::collections::HashMap;
use std::net::IpAddr;

use keys::{Key, KeyMap};

use super::time::Time;
use super::value::Value;

pub use rates::RatesData;

/// The entries of a `list`. `ip in list` is by longest prefix; everything else by equality. IPv4 addresses and
/// networks written as IPv6 are IPv4.
#[derive(Clone, Debug, Default)]
pub struct ListData {
    /// Until when each entry holds.
    entries: KeyMap<Option<Time>>,
}

fn holds(until: &Option<Time>, at: Time) -> bool {
    until.is_none_or(|until| at < until)
}

impl ListData {
    pub fn new() -> ListData {
        ListData::default()
    }

    /// `until`: from then on the entry no longer holds. An entry told twice holds until the later end.
    pub fn insert(&mut self, value: Value, until: Option<Time>) {
        let end = self.entries.entry(&value, || until);
        *end = match (*end, until) {
            (Some(a), Some(b)) => Some(a.max(b)),
            _ => None,
        };
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn contains(&self, value: &Value, at: Time) -> bool {
        self.entries.find(value, |until| holds(until, at).then_some(())).is_some()
    }

    /// For lists of texts, entities, emails and phones: without making a [`Value`].
    pub fn contains_text(&self, text: &str, at: Time) -> bool {
        self.entries.find_text(text, |until| holds(until, at).then_some(())).is_some()
    }

    /// For lists of addresses and networks: any entry that holds at that time and covers the address. The longest
    /// prefix is asked first; one that has expired leaves the answer to the wider ones.
    pub fn contains_ip(&self, ip: IpAddr, at: Time) -> bool {
        self.entries.find_ip(ip, |until| holds(until, at).then_some(())).is_some()
    }
}

/// The rows of a `table`. With a cidr key, an address is looked up by its longest prefix (of several such keys, the
/// first one decides).
#[derive(Clone, Debug, Default)]
pub struct TableData {
    /// One level per key.
    root: KeyMap<Row>,
    len: usize,
}

#[derive(Clone, Debug)]
enum Row {
    Value(Value),
    /// The keys that follow.
    More(Box<KeyMap<Row>>),
}

impl TableData {
    pub fn new() -> TableData {
        TableData::default()
    }

    /// `false` if that key was there already (then nothing changes), if there are no keys, or if another row has
    /// fewer or more of them.
    pub fn insert(&mut self, keys: &[Value], value: Value) -> bool {
        let Some((last, leading)) = keys.split_last() else { return false };
        let mut level = &mut self.root;
        for key in leading {
            match level.entry(key, || Row::More(Box::default())) {
                Row::More(next) => level = next,
                Row::Value(_) => return false,
            }
        }
        let new = level.insert(last, Row::Value(value));
        self.len += usize::from(new);
        new
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, keys: &[Value]) -> Option<&Value> {
        let (first, rest) = keys.split_first()?;
        self.root.find(first, |row| row.get(rest))
    }

    /// For tables whose only key is a text, entity, email or phone: without making a [`Value`].
    pub fn get_text(&self, key: &str) -> Option<&Value> {
        self.root.find_text(key, |row| row.get(&[]))
    }

    /// For tables whose only key is an address or network.
    pub fn get_ip(&self, key: IpAddr) -> Option<&Value> {
        self.root.find_ip(key, |row| row.get(&[]))
    }
}

impl Row {
    fn get(&self, keys: &[Value]) -> Option<&Value> {
        match (self, keys.split_first()) {
            (Row::Value(value), None) => Some(value),
            (Row::More(level), Some((first, rest))) => level.find(first, |row| row.get(rest)),
            _ => None,
        }
    }
}

/// The rows of a `calendar`: `from` inclusive, `until` exclusive.
#[derive(Clone, Debug, Default)]
pub struct CalendarData {
    /// Sorted and disjoint, by keys.
    rows: HashMap<Vec<Key>, Vec<(Time, Time)>>,
}

impl CalendarData {
    pub fn new() -> CalendarData {
        CalendarData::default()
    }

    /// A row that ends where it begins, or before, never holds.
    pub fn insert(&mut self, keys: Vec<Value>, from: Time, until: Time) {
        if until <= from {
            return;
        }
        let spans = self.rows.entry(keys.iter().map(Key::new).collect()).or_default();
        // All that overlap or touch become one with the new span.
        let first = spans.partition_point(|(_, end)| *end < from);
        let last = spans.partition_point(|(start, _)| *start <= until).max(first);
        let joined = spans[first..last]
            .iter()
            .fold((from, until), |(a, b), (start, end)| (a.min(*start), b.max(*end)));
        spans.splice(first..last, [joined]);
    }

    /// Whether a row of just these keys holds `at`.
    pub fn during(&self, keys: &[Value], at: Time) -> bool {
        let keys: Vec<Key> = keys.iter().map(Key::new).collect();
        let Some(spans) = self.rows.get(&keys) else { return false };
        let after = spans.partition_point(|(start, _)| *start <= at);
        after.checked_sub(1).and_then(|i| spans.get(i)).is_some_and(|(_, until)| at < *until)
    }
}

#[cfg(test)]
mod tests;
