//! An event as a host builds it in code.

use serde_json::{Map, Value};

/// An event by the names of its fields, whatever shape `from` maps for input from outside.
///
/// ```
/// # use rulec::Event;
/// let event = Event::new("order").id("e-1").at("2026-11-11T10:00:00Z").set("amount", "20 USD");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub(super) name: String,
    pub(super) fields: Map<String, Value>,
}

impl Event {
    /// Of this type.
    pub fn new(name: impl Into<String>) -> Event {
        Event { name: name.into(), fields: Map::new() }
    }

    pub fn id(self, id: impl Into<String>) -> Event {
        self.set("id", id.into())
    }

    /// RFC 3339 with an offset.
    pub fn at(self, at: impl Into<String>) -> Event {
        self.set("at", at.into())
    }

    /// A field as JSON has it: money is `"20 USD"`, a record an object.
    pub fn set(mut self, field: impl Into<String>, value: impl Into<Value>) -> Event {
        self.fields.insert(field.into(), value.into());
        self
    }
}
