//! What lists, tables, calendars and rates hold, and how they answer.

use std::net::IpAddr;

use super::money::{Currency, Money};
use super::time::{Duration, Time};
use super::value::{Unknown, Value};

/// The entries of a `list`. `ip in list` is by longest prefix; everything else by equality.
#[derive(Clone, Debug, Default)]
pub struct ListData {
    // filled in by the model helper
}

impl ListData {
    pub fn new() -> ListData {
        ListData::default()
    }

    /// `until`: from then on the entry no longer holds.
    pub fn insert(&mut self, value: Value, until: Option<Time>) {
        let _ = (value, until);
        todo!("model")
    }

    pub fn len(&self) -> usize {
        todo!("model")
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn contains(&self, value: &Value, at: Time) -> bool {
        let _ = (value, at);
        todo!("model")
    }

    /// For lists of texts, entities, emails and phones: without making a [`Value`].
    pub fn contains_text(&self, text: &str, at: Time) -> bool {
        let _ = (text, at);
        todo!("model")
    }

    /// For lists of addresses and networks: the longest prefix that holds the address decides.
    pub fn contains_ip(&self, ip: IpAddr, at: Time) -> bool {
        let _ = (ip, at);
        todo!("model")
    }
}

/// The rows of a `table`. With a cidr key, an address is looked up by its longest prefix.
#[derive(Clone, Debug, Default)]
pub struct TableData {}

impl TableData {
    pub fn new() -> TableData {
        TableData::default()
    }

    /// `false` if that key was there already (then nothing changes).
    pub fn insert(&mut self, keys: &[Value], value: Value) -> bool {
        let _ = (keys, value);
        todo!("model")
    }

    pub fn len(&self) -> usize {
        todo!("model")
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, keys: &[Value]) -> Option<&Value> {
        let _ = keys;
        todo!("model")
    }
}

/// The rows of a `calendar`: `from` inclusive, `until` exclusive.
#[derive(Clone, Debug, Default)]
pub struct CalendarData {}

impl CalendarData {
    pub fn new() -> CalendarData {
        CalendarData::default()
    }

    pub fn insert(&mut self, keys: Vec<Value>, from: Time, until: Time) {
        let _ = (keys, from, until);
        todo!("model")
    }

    /// Whether a row of these keys holds `at`.
    pub fn during(&self, keys: &[Value], at: Time) -> bool {
        let _ = (keys, at);
        todo!("model")
    }
}

/// Exchange rates by date.
#[derive(Clone, Debug)]
pub struct RatesData {
    pub max_age: Duration,
}

impl RatesData {
    pub fn new(max_age: Duration) -> RatesData {
        RatesData { max_age }
    }

    /// One unit of `from` is `rate` of `to`, from `date` on (a time: the start of that day). `false` if that
    /// pair has a rate of that date already.
    pub fn insert(&mut self, date: Time, from: Currency, to: Currency, rate: super::money::Decimal) -> bool {
        let _ = (date, from, to, rate);
        todo!("model")
    }

    /// Converts at the latest rate on or before `at` that is at most `max_age` old; a pair serves both
    /// directions; between two currencies without a pair of their own, through `via`.
    pub fn convert(
        &self,
        money: Money,
        to: Currency,
        via: Option<Currency>,
        at: Time,
    ) -> Result<Money, Unknown> {
        let _ = (money, to, via, at);
        todo!("model")
    }
}
