//! The shape of events: what is decoded from where.

use std::sync::Arc;

use super::ids::{EventId, FieldId};
use super::types::Ty;

/// Every event type of a ruleset.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    pub events: Vec<EventSchema>,
}

/// One event type. The first three fields are always `at`, `id` and `received_at` ([`EventSchema::AT`], …),
/// whether the author declared a mapping for them or not; the author's other fields follow.
#[derive(Clone, Debug)]
pub struct EventSchema {
    pub id: EventId,
    pub name: Arc<str>,
    /// `from "/kind" == "ORDER_CREATED"`: recognised by this text at this place instead of by `type`.
    pub discriminator: Option<(Pointer, String)>,
    pub fields: Vec<FieldSchema>,
}

impl EventSchema {
    pub const AT: FieldId = FieldId(0);
    pub const ID: FieldId = FieldId(1);
    pub const RECEIVED_AT: FieldId = FieldId(2);
    /// How many fields every event has before its own.
    pub const BUILT_IN: usize = 3;

    pub fn field(&self, name: &str) -> Option<(FieldId, &FieldSchema)> {
        self.fields.iter().enumerate().find(|(_, f)| &*f.name == name).map(|(i, f)| (FieldId::new(i), f))
    }

    /// The author's own fields.
    pub fn own_fields(&self) -> &[FieldSchema] {
        &self.fields[EventSchema::BUILT_IN..]
    }
}

#[derive(Clone, Debug)]
pub struct FieldSchema {
    pub name: Arc<str>,
    pub ty: Ty,
    /// Where the value stands: one pointer, or two for money (amount, currency).
    pub from: Vec<Pointer>,
    pub time_format: TimeFormat,
    pub sensitive: bool,
    pub public: bool,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum TimeFormat {
    #[default]
    Rfc3339,
    EpochSeconds,
    EpochMillis,
    EpochMicros,
}

/// A JSON pointer (RFC 6901), split and unescaped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pointer(pub Vec<String>);

impl Pointer {
    /// `None` unless it is empty or starts with `/`.
    pub fn parse(text: &str) -> Option<Pointer> {
        if text.is_empty() {
            return Some(Pointer(Vec::new()));
        }
        let rest = text.strip_prefix('/')?;
        Some(Pointer(rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect()))
    }

    pub fn field(name: &str) -> Pointer {
        Pointer(vec![name.to_string()])
    }
}

impl std::fmt::Display for Pointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in &self.0 {
            write!(f, "/{}", part.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}
