//! An event as a host builds it in code.

use serde_json::{Map, Value};

/// An event by the names of its fields, whatever shape `from` maps for input from outside. What is wrong with it shows
/// when it is decided, as a [`Reject`](crate::Reject).
///
/// ```
/// use rulec::{Engine, Event, compile_text};
///
/// let rules = r#"
///     event order { amount: money(USD), items: list<record { sku: text }> }
///     rule large on order { review if amount > 500 USD }
/// "#;
/// let engine = Engine::new(compile_text("shop.rules", rules).unwrap().ruleset);
/// let event = Event::new("order")
///     .id("e-1")
///     .at("2026-11-11T10:00:00Z")
///     .set("amount", "640 USD")
///     .set("items", serde_json::json!([{ "sku": "s-1" }]));
/// assert_eq!(engine.decide_event(&event).outcome(), "review");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub(super) name: String,
    pub(super) fields: Map<String, Value>,
}

impl Event {
    /// An event of this type, without any field yet.
    pub fn new(name: impl Into<String>) -> Event {
        Event { name: name.into(), fields: Map::new() }
    }

    /// What it is known by: a retry with the same type and id gets the stored decision.
    pub fn id(self, id: impl Into<String>) -> Event {
        self.set("id", id.into())
    }

    /// When it happened: RFC 3339 with an offset, to the microsecond.
    pub fn at(self, at: impl Into<String>) -> Event {
        self.set("at", at.into())
    }

    /// A field as JSON has it: money is `"20 USD"`, a record an object. A field set again takes the last value.
    pub fn set(mut self, field: impl Into<String>, value: impl Into<Value>) -> Event {
        self.fields.insert(field.into(), value.into());
        self
    }
}
