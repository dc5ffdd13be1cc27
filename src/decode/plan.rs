//! What to read from where, worked out once per ruleset.

use std::sync::Arc;

use crate::model::ids::EventId;
use crate::model::schema::{EventSchema, FieldSchema, Pointer, TimeFormat};
use crate::model::types::Ty;

/// How one event type is read.
#[derive(Clone, Debug)]
pub struct EventPlan {
    pub id: EventId,
    pub name: Arc<str>,
    /// The top-level keys that some field starts from, and `type`.
    pub keys: Lookup,
    pub fields: Vec<FieldPlan>,
    /// How many [`Place`]s there are.
    pub places: usize,
}

#[derive(Clone, Debug)]
pub struct FieldPlan {
    pub ty: Ty,
    pub format: TimeFormat,
    pub sensitive: bool,
    /// Its value is used; otherwise it is only checked.
    pub needed: bool,
    pub source: Source,
}

#[derive(Clone, Debug)]
pub enum Source {
    One(Place),
    /// Money whose amount and currency stand apart.
    Two(Place, Place),
}

/// Where a value stands.
#[derive(Clone, Debug)]
pub struct Place {
    pub pointer: Pointer,
    /// Of [`EventPlan::keys`]; `None` for the whole input.
    pub key: Option<usize>,
    /// Counted over the places of the event.
    pub index: usize,
}

impl Place {
    /// The way on from the top-level value.
    pub fn rest(&self) -> &[String] {
        self.pointer.0.get(1..).unwrap_or(&[])
    }
}

impl EventPlan {
    /// `by_name`: fields stand under their own names, whatever the author mapped, and times are RFC 3339.
    pub fn new(event: &EventSchema, needed: Option<&Vec<bool>>, by_name: bool) -> EventPlan {
        let mut keys = vec!["type".to_string()];
        let mut places = 0;
        let fields = event.fields.iter().enumerate().map(|(i, field)| {
            let mut place = |pointer: &Pointer| {
                let key = pointer.0.first().map(|first| {
                    keys.iter().position(|key| key == first).unwrap_or_else(|| {
                        keys.push(first.clone());
                        keys.len() - 1
                    })
                });
                places += 1;
                Place { pointer: pointer.clone(), key, index: places - 1 }
            };
            let own = Pointer::field(&field.name);
            let source = match field.from.as_slice() {
                [one] if !by_name => Source::One(place(one)),
                [amount, currency, ..] if !by_name => Source::Two(place(amount), place(currency)),
                _ => Source::One(place(&own)),
            };
            let built_in = i < EventSchema::BUILT_IN;
            field_plan(field, built_in || needed.is_none_or(|n| n.get(i) == Some(&true)), by_name, source)
        });
        let fields: Vec<FieldPlan> = fields.collect();
        EventPlan { id: event.id, name: event.name.clone(), keys: Lookup::new(keys), fields, places }
    }
}

fn field_plan(field: &FieldSchema, needed: bool, by_name: bool, source: Source) -> FieldPlan {
    FieldPlan {
        ty: field.ty.clone(),
        format: if by_name { TimeFormat::Rfc3339 } else { field.time_format },
        sensitive: field.sensitive,
        needed,
        source,
    }
}

/// A few names, found by their bytes.
#[derive(Clone, Debug)]
pub struct Lookup {
    names: Vec<String>,
    /// Place of a name by the low bits of its hash, then the next free ones; `EMPTY` ends a search.
    table: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

impl Lookup {
    pub fn new(names: Vec<String>) -> Lookup {
        let size = (names.len() * 4).next_power_of_two();
        let mut table = vec![EMPTY; size];
        for (i, name) in names.iter().enumerate() {
            let mut at = hash(name.as_bytes()) & (size - 1);
            while table[at] != EMPTY {
                at = (at + 1) & (size - 1);
            }
            table[at] = i as u32;
        }
        Lookup { names, table }
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    #[inline]
    pub fn find(&self, name: &str) -> Option<usize> {
        let mask = self.table.len() - 1;
        let mut at = hash(name.as_bytes()) & mask;
        loop {
            let found = *self.table.get(at)? as usize;
            if same(self.names.get(found)?.as_bytes(), name.as_bytes()) {
                return Some(found);
            }
            at = (at + 1) & mask;
        }
    }
}

/// Equality of short texts without a call.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a.first_chunk::<8>(), b.first_chunk::<8>(), a.last_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(a1), Some(b1), Some(a2), Some(b2)) if a.len() <= 16 => a1 == b1 && a2 == b2,
        (None, None, _, _) => a.iter().zip(b).all(|(a, b)| a == b),
        _ => a == b,
    }
}

/// Tells apart the names of one event type; nobody gains from collisions, since the table holds only the
/// ruleset's own names.
#[inline]
fn hash(name: &[u8]) -> usize {
    let mixed = match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29),
        _ => name.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)),
    };
    let mixed = (mixed ^ (name.len() as u64) << 56).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 40) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_only_they() {
        let names: Vec<String> = (0..200).map(|i| format!("{}field_{i}", "x".repeat(i % 9))).collect();
        let lookup = Lookup::new(names.clone());
        for (i, name) in names.iter().enumerate() {
            assert_eq!(lookup.find(name), Some(i));
            assert_eq!(lookup.find(&format!("{name}_")), None);
        }
        assert_eq!(lookup.find(""), None);
    }
}
