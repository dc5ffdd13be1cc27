//! The decision about one event, as types and as JSON. Every executor gives these; this is the one place that
//! writes them.

use std::sync::Arc;

use super::time::Time;

/// The answer to one accepted event.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The event's id.
    pub event: Arc<str>,
    pub event_type: Arc<str>,
    pub at: Time,
    pub outcome: Arc<str>,
    pub score: i64,
    /// The hits, by rule name.
    pub rules: Vec<Hit>,
    /// What shadow rules would have said.
    pub shadow: Vec<Hit>,
    pub suppressed: Vec<Suppressed>,
    pub cannot_say: Vec<CannotSay>,
    pub effects: Vec<Effect>,
    /// Pointers of optional fields whose value was wrong.
    pub bad: Vec<String>,
    /// Older than the newest event of a key it writes.
    pub late: bool,
    /// The stored decision of an event that had been applied before.
    pub duplicate: bool,
    pub ruleset: Arc<Stamp>,
}

/// Which ruleset decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub name: String,
    pub version: String,
    /// 16 hex digits.
    pub hash: String,
}

/// A rule that hit.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub rule: Arc<str>,
    /// Absent for a hit by score only.
    pub outcome: Option<Arc<str>>,
    pub score: i64,
    pub because: Option<String>,
    /// By language.
    pub tell: Vec<(Arc<str>, String)>,
    /// Entity and value (a sensitive one as its short hash).
    pub about: Vec<(Arc<str>, String)>,
    pub tags: Arc<[String]>,
    pub severity: Option<&'static str>,
}

/// A hit that something held back.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppressed {
    pub rule: Arc<str>,
    pub outcome: Option<Arc<str>>,
    pub score: i64,
    /// `unless`.
    pub why: &'static str,
    pub because: Option<String>,
}

/// A rule, band or effect that could not be judged, and what was missing, as the author wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannotSay {
    pub rule: Arc<str>,
    pub missing: Vec<String>,
}

/// `do ACTION(args)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    pub rule: Arc<str>,
    pub action: Arc<str>,
    pub arguments: Vec<(Arc<str>, Argument)>,
    /// A key on which the host can deduplicate: 16 hex digits of the hash of event, rule, action and arguments.
    pub key: String,
}

/// An argument as JSON gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    Text(String),
    Number(i64),
    Bool(bool),
    Float(f64),
}

/// An event that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    pub event: Option<String>,
    pub event_type: Option<Arc<str>>,
    pub at: Option<Time>,
    /// The header's `rejects` outcome.
    pub outcome: Arc<str>,
    /// JSON pointer of what is wrong; empty for the whole line.
    pub pointer: String,
    pub expected: String,
    /// A short piece of the input, or a short hash if the field is sensitive.
    pub found: String,
    pub ruleset: Arc<Stamp>,
}

impl Decision {
    /// Appends the compact JSON of language.md §7, without a line end.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let _ = out;
        todo!("engine")
    }

    pub fn to_json(&self) -> String {
        let mut out = Vec::new();
        self.write_json(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// Nothing happened: no hit, no shadow hit, nothing suppressed, nothing unclear.
    pub fn is_quiet(&self) -> bool {
        self.rules.is_empty()
            && self.shadow.is_empty()
            && self.suppressed.is_empty()
            && self.cannot_say.is_empty()
    }
}

impl Reject {
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let _ = out;
        todo!("engine")
    }

    pub fn to_json(&self) -> String {
        let mut out = Vec::new();
        self.write_json(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}
