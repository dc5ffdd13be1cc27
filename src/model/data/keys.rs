//! Maps from values, by the language's equality; addresses by longest prefix.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;

use crate::model::money::{Country, Currency};
use crate::model::ops::{Number, canonical_net};
use crate::model::value::{Datum, Value};

/// A value to be looked up by equality: an int and a decimal that are equal are one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Bool(bool),
    /// In millionths.
    Number(i128),
    Float(u64),
    Text(Arc<str>),
    Time(i64),
    Duration(i64),
    Money(i64, Currency),
    Country(Country),
    Currency(Currency),
    Net(IpNet),
    Enum(u16),
    Parts(Vec<Key>),
    Missing,
}

impl Key {
    pub fn new(value: &Value) -> Key {
        match value {
            Value::Bool(b) => Key::Bool(*b),
            Value::Int(i) => Key::Number(Number::Int(*i).scaled()),
            Value::Decimal(d) => Key::Number(i128::from(d.0)),
            // Zero has two signs and one meaning.
            Value::Float(x) => Key::Float(if *x == 0.0 { 0 } else { x.to_bits() }),
            Value::Text(text) => Key::Text(text.clone()),
            Value::Time(t) => Key::Time(t.0),
            Value::Duration(d) => Key::Duration(d.0),
            Value::Money(m) => Key::Money(m.amount.0, m.currency),
            Value::Country(c) => Key::Country(*c),
            Value::Currency(c) => Key::Currency(*c),
            Value::Ip(ip) => Key::Net(IpNet::from(ip.to_canonical())),
            Value::Cidr(net) => Key::Net(canonical_net(*net)),
            Value::Enum(index) => Key::Enum(*index),
            Value::Record(parts) | Value::List(parts) => Key::Parts(parts.iter().map(Key::part).collect()),
        }
    }

    fn part(part: &Datum) -> Key {
        part.known().map_or(Key::Missing, Key::new)
    }
}

/// Never walked through, so the order of its hash maps shows nowhere.
#[derive(Clone, Debug)]
pub(super) struct KeyMap<T> {
    texts: HashMap<Arc<str>, T>,
    nets: NetMap<T>,
    others: HashMap<Key, T>,
}

impl<T> Default for KeyMap<T> {
    fn default() -> KeyMap<T> {
        KeyMap { texts: HashMap::new(), nets: NetMap::default(), others: HashMap::new() }
    }
}

impl<T> KeyMap<T> {
    pub fn len(&self) -> usize {
        self.texts.len() + self.nets.v4.len() + self.nets.v6.len() + self.others.len()
    }

    /// `false`, and no change, if the key is there.
    pub fn insert(&mut self, key: &Value, value: T) -> bool {
        let before = self.len();
        self.entry(key, || value);
        self.len() > before
    }

    /// What stands at the key, made first if nothing does.
    pub fn entry(&mut self, key: &Value, make: impl FnOnce() -> T) -> &mut T {
        match key {
            Value::Text(text) => self.texts.entry(text.clone()).or_insert_with(make),
            Value::Ip(ip) => self.nets.entry(IpNet::from(ip.to_canonical()), make),
            Value::Cidr(net) => self.nets.entry(canonical_net(*net), make),
            other => self.others.entry(Key::new(other)).or_insert_with(make),
        }
    }

    /// The first answer of `ask` among what stands at the key; an address has several, from the longest prefix to
    /// the shortest.
    pub fn find<'a, R>(&'a self, key: &Value, ask: impl Fn(&'a T) -> Option<R>) -> Option<R> {
        match key {
            Value::Text(text) => self.find_text(text, ask),
            Value::Ip(ip) => self.find_ip(*ip, ask),
            Value::Cidr(net) => self.nets.get(canonical_net(*net)).and_then(ask),
            other => self.others.get(&Key::new(other)).and_then(ask),
        }
    }

    pub fn find_text<'a, R>(&'a self, key: &str, ask: impl Fn(&'a T) -> Option<R>) -> Option<R> {
        self.texts.get(key).and_then(ask)
    }

    pub fn find_ip<'a, R>(&'a self, ip: IpAddr, ask: impl Fn(&'a T) -> Option<R>) -> Option<R> {
        self.nets.find(ip, ask)
    }
}

/// Networks by (first address, length of the prefix): a network stands right before all that lie within it.
#[derive(Clone, Debug)]
struct NetMap<T> {
    v4: BTreeMap<(u32, u8), T>,
    v6: BTreeMap<(u128, u8), T>,
}

impl<T> Default for NetMap<T> {
    fn default() -> NetMap<T> {
        NetMap { v4: BTreeMap::new(), v6: BTreeMap::new() }
    }
}

impl<T> NetMap<T> {
    fn entry(&mut self, net: IpNet, make: impl FnOnce() -> T) -> &mut T {
        match net {
            IpNet::V4(net) => self.v4.entry((net.network().to_bits(), net.prefix_len())).or_insert_with(make),
            IpNet::V6(net) => self.v6.entry((net.network().to_bits(), net.prefix_len())).or_insert_with(make),
        }
    }

    fn get(&self, net: IpNet) -> Option<&T> {
        match net {
            IpNet::V4(net) => self.v4.get(&(net.network().to_bits(), net.prefix_len())),
            IpNet::V6(net) => self.v6.get(&(net.network().to_bits(), net.prefix_len())),
        }
    }

    fn find<'a, R>(&'a self, ip: IpAddr, ask: impl Fn(&'a T) -> Option<R>) -> Option<R> {
        match ip.to_canonical() {
            IpAddr::V4(ip) => find_v4(&self.v4, ip, ask),
            IpAddr::V6(ip) => find_v6(&self.v6, ip, ask),
        }
    }
}

/// Walks from the longest prefix that covers the address to shorter ones. Each step asks for the last network that
/// begins at or before the address under a prefix. Either it covers the address, or all that do are no longer
/// than the prefix which the two have in common: so every step shortens the prefix.
macro_rules! find {
    ($name:ident, $address:ty, $bits:ty) => {
        fn $name<'a, T, R>(
            nets: &'a BTreeMap<($bits, u8), T>,
            address: $address,
            ask: impl Fn(&'a T) -> Option<R>,
        ) -> Option<R> {
            const WIDTH: u32 = <$bits>::BITS;
            let address = address.to_bits();
            let mut length = WIDTH;
            loop {
                let mask = <$bits>::MAX.checked_shl(WIDTH - length).unwrap_or(0);
                let ((start, prefix), value) = nets.range(..=(address & mask, length as u8)).next_back()?;
                let common = (start ^ address).leading_zeros();
                length = if common >= u32::from(*prefix) {
                    if let Some(answer) = ask(value) {
                        return Some(answer);
                    }
                    u32::from(*prefix).checked_sub(1)?
                } else {
                    common
                };
            }
        }
    };
}

find!(find_v4, Ipv4Addr, u32);
find!(find_v6, Ipv6Addr, u128);
