//! Tables that an event fills: per field the last value told.

use std::collections::HashMap;

use crate::model::ids::TableId;
use crate::model::time::Time;
use crate::model::value::{Datum, Value};
use crate::state::key::KeyHash;
use crate::state::sizes::{grown, hashed, share, text};

/// The rows of all such tables.
#[derive(Debug, Default)]
pub struct Rows {
    rows: HashMap<(TableId, KeyHash), Row>,
}

/// What was told of one key.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub newest: Time,
    /// By field, with the time at which it was told.
    pub fields: Vec<Option<(Time, Value)>>,
}

impl Rows {
    /// What each of so many tables takes with rows of so many keys: they share one map. `fields` is how many a row has, and
    /// how many of them are texts.
    pub fn bytes(of: u64, keys: u64, fields: (u64, u64)) -> u64 {
        let map = share(hashed::<((TableId, KeyHash), Row)>(keys.saturating_mul(of)), of);
        let row = grown::<Option<(Time, Value)>>(fields.0, fields.0) + fields.1 * text();
        map.saturating_add(row.saturating_mul(keys))
    }

    /// What an event at that time tells: a field that it leaves out keeps its value, and so does one that a newer event
    /// told; at one time, the later arrival is the last. Whether the event is older than the newest of its key.
    pub fn tell(&mut self, table: TableId, key: KeyHash, at: Time, values: Vec<Option<Value>>) -> bool {
        let row = self.rows.entry((table, key)).or_insert_with(|| Row { newest: at, fields: Vec::new() });
        let late = at < row.newest;
        row.newest = row.newest.max(at);
        row.fields.resize(values.len().max(row.fields.len()), None);
        for (kept, value) in row.fields.iter_mut().zip(values) {
            if let Some(value) = value
                && kept.as_ref().is_none_or(|(told, _)| *told <= at)
            {
                *kept = Some((at, value));
            }
        }
        late
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row as a record; `None` if no event was about that key.
    pub fn get(&self, table: TableId, key: KeyHash) -> Option<Value> {
        let row = self.rows.get(&(table, key))?;
        let datum = |field: &Option<(Time, Value)>| match field {
            Some((_, value)) => Datum::Known(value.clone()),
            None => Datum::MISSING,
        };
        Some(Value::Record(row.fields.iter().map(datum).collect()))
    }

    /// A row as it was once.
    pub fn restore(&mut self, table: TableId, key: KeyHash, row: Row) {
        self.rows.insert((table, key), row);
    }

    /// Everything, in an order that depends on nothing else.
    pub fn sorted(&self) -> Vec<(TableId, KeyHash, Row)> {
        let mut all: Vec<_> =
            self.rows.iter().map(|((table, key), row)| (*table, *key, row.clone())).collect();
        all.sort_by_key(|(table, key, _)| (*table, *key));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: TableId = TableId(0);
    const KEY: KeyHash = KeyHash(7);

    fn row(fields: [Option<i64>; 2]) -> Option<Value> {
        let fields = fields.map(|f| f.map_or(Datum::MISSING, |n| Datum::Known(Value::Int(n))));
        Some(Value::Record(fields.into()))
    }

    #[test]
    fn each_field_keeps_the_last_value_told() {
        let mut rows = Rows::default();
        let mut tell = |at: i64, fields: [Option<i64>; 2]| {
            let late = rows.tell(TABLE, KEY, Time(at), fields.map(|f| f.map(Value::Int)).to_vec());
            (late, rows.get(TABLE, KEY))
        };
        assert_eq!(tell(10, [Some(1), None]), (false, row([Some(1), None])));
        assert_eq!(tell(20, [None, None]), (false, row([Some(1), None])));
        // Late: it is the last that told the second field, and not the last for the first.
        assert_eq!(tell(5, [Some(2), Some(2)]), (true, row([Some(1), Some(2)])));
        // Between what was told and what is newest.
        assert_eq!(tell(15, [Some(3), None]), (true, row([Some(3), Some(2)])));
        // At one time the later arrival is the last.
        assert_eq!(tell(15, [Some(4), None]), (true, row([Some(4), Some(2)])));
        assert_eq!(rows.get(TABLE, KeyHash(8)), None);
        assert_eq!(rows.get(TableId(1), KEY), None);
    }

    #[test]
    fn rows_are_listed_in_one_order() {
        let mut rows = Rows::default();
        for (table, key) in [(1, 1), (0, 2), (0, 1)] {
            rows.tell(TableId(table), KeyHash(key), Time(1), vec![None]);
        }
        let order: Vec<(u32, u128)> = rows.sorted().iter().map(|(table, key, _)| (table.0, key.0)).collect();
        assert_eq!(order, [(0, 1), (0, 2), (1, 1)]);
    }
}
