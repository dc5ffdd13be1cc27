//! What hits do beside the outcome, as a decision shows it.

use std::fmt;
use std::sync::Arc;

use super::json;
use crate::model::time::Time;

/// What a rule that hit wants done.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// The rule's name.
    pub rule: Arc<str>,
    /// What it is.
    pub kind: EffectKind,
}

/// What becomes of a hit beside the outcome.
#[derive(Clone, Debug, PartialEq)]
pub enum EffectKind {
    /// `do ACTION(args)`, which the host is asked for.
    Do {
        /// The action's name.
        action: Arc<str>,
        /// By parameter, in the order of the action's declaration.
        arguments: Vec<(Arc<str>, Argument)>,
        /// A key on which the host can deduplicate: 16 hex digits of the hash of event, rule, action and arguments.
        key: String,
    },
    /// `label L on ENTITY`, which the engine has done.
    Label {
        /// The label's name.
        label: Arc<str>,
        /// The entity's name.
        on: Arc<str>,
        /// Which one (a sensitive one as its short hash).
        key: String,
        /// When it ends, now that all labels of this event are set.
        until: Option<Time>,
    },
    /// `unlabel L on ENTITY`, which the engine has done.
    Unlabel {
        /// The label's name.
        label: Arc<str>,
        /// The entity's name.
        on: Arc<str>,
        /// Which one (a sensitive one as its short hash).
        key: String,
    },
    /// `mute RULE by KEYS for D`, which the engine has done.
    Mute {
        /// The name of the muted rule.
        muted: Arc<str>,
        /// Its keys as the author wrote them, with their values (sensitive ones as short hashes).
        by: Vec<(Arc<str>, Argument)>,
        /// When it ends.
        until: Time,
    },
}

/// An argument as JSON gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// Texts, and all that is written as one: entities, amounts, decimals, times.
    Text(String),
    /// An `int`.
    Number(i64),
    /// A `bool`.
    Bool(bool),
    /// A `float`, always finite.
    Float(f64),
}

impl Effect {
    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"rule\":");
        json::text(out, &self.rule);
        match &self.kind {
            EffectKind::Do { action, arguments, key } => {
                json::member(out, ",\"do\":", action);
                json::object(out, ",\"args\":", arguments, Argument::write_json);
                json::member(out, ",\"once\":", key);
            }
            EffectKind::Label { label, on, key, until } => {
                json::member(out, ",\"label\":", label);
                json::member(out, ",\"on\":", on);
                json::member(out, ",\"key\":", key);
                write_until(out, *until);
            }
            EffectKind::Unlabel { label, on, key } => {
                json::member(out, ",\"unlabel\":", label);
                json::member(out, ",\"on\":", on);
                json::member(out, ",\"key\":", key);
            }
            EffectKind::Mute { muted, by, until } => {
                json::member(out, ",\"mute\":", muted);
                json::object(out, ",\"by\":", by, Argument::write_json);
                write_until(out, Some(*until));
            }
        }
        out.push(b'}');
    }
}

fn write_until(out: &mut Vec<u8>, until: Option<Time>) {
    match until {
        Some(time) => {
            out.extend_from_slice(b",\"until\":\"");
            time.write(out);
            out.push(b'"');
        }
        None => out.extend_from_slice(b",\"until\":null"),
    }
}

impl Argument {
    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Argument::Text(text) => json::text(out, text),
            Argument::Number(number) => json::int(out, *number),
            Argument::Bool(value) => json::bool(out, *value),
            Argument::Float(value) => json::float(out, *value),
        }
    }
}

/// In the words of the language, in short.
impl fmt::Display for EffectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |arguments: &[(Arc<str>, Argument)]| {
            arguments.iter().map(|(_, argument)| argument.to_string()).collect::<Vec<_>>().join(", ")
        };
        match self {
            EffectKind::Do { action, arguments, .. } => write!(f, "do {action}({})", list(arguments)),
            EffectKind::Label { label, on, key, until } => {
                write!(f, "label {label} on {on} {key}")?;
                until.map_or(Ok(()), |until| write!(f, " until {until}"))
            }
            EffectKind::Unlabel { label, on, key } => write!(f, "unlabel {label} on {on} {key}"),
            EffectKind::Mute { muted, by, until } => write!(f, "mute {muted} by {} until {until}", list(by)),
        }
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Argument::Text(text) => f.write_str(text),
            Argument::Number(number) => number.fmt(f),
            Argument::Bool(truth) => truth.fmt(f),
            Argument::Float(float) => float.fmt(f),
        }
    }
}
