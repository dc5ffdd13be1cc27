//! A decoded event, as trees see it.

use super::ids::{EventId, ListId};
use super::schema::EventSchema;
use super::time::Time;
use super::value::{Datum, Value};

/// An accepted event: every field by its place in the declaration (`at`, `id`, `received_at` first).
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub event: EventId,
    pub fields: Vec<Datum>,
    /// Pointers of optional fields whose value was wrong, so that they count as missing; sorted.
    pub bad: Vec<String>,
    /// What its fields say but for `id` and `received_at`, as written: the same for a retry.
    pub content: u32,
}

/// A line of input that changes an `extern` list: what goes, then what comes.
#[derive(Clone, Debug, PartialEq)]
pub struct ListLine {
    pub list: ListId,
    pub remove: Vec<Value>,
    pub add: Vec<Value>,
}

impl Event {
    pub fn at(&self) -> Time {
        match &self.fields[EventSchema::AT.index()] {
            Datum::Known(Value::Time(at)) => *at,
            _ => Time::MIN,
        }
    }

    pub fn id(&self) -> &str {
        match &self.fields[EventSchema::ID.index()] {
            Datum::Known(Value::Text(id)) => id,
            _ => "",
        }
    }
}
