//! The functions of the language: one file per function, listed in [`registry`].

pub mod registry;

use crate::model::ops::MoneyContext;
use crate::model::time::Zone;
use crate::model::types::Type;
use crate::model::value::{Unknown, Value};

/// A place in [`registry::ALL`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct BuiltinId(pub u16);

/// One function of the language.
pub struct Builtin {
    pub name: &'static str,
    /// `hour(time)`, `hour(time, "Europe/Warsaw")`: for errors and docs.
    pub usage: &'static str,
    /// What it gives, in a sentence or two.
    pub doc: &'static str,
    /// Expressions of the language and what they give, both as text (`hour(2026-11-11T10:30:00Z, "UTC")` → `10`);
    /// each is run by a test.
    pub examples: &'static [(&'static str, &'static str)],
    /// The types the arguments are converted to and the type of the result, or why they don't fit.
    pub signature: fn(&[Type]) -> Result<Signature, String>,
    /// All arguments are known and of the signature's types.
    pub call: fn(&[Value], &Context<'_>) -> Result<Value, Unknown>,
    /// The result shows the argument's content (`lower`, `trim`): sensitive in, sensitive out.
    pub reveals: bool,
}

/// How one call is typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    pub parameters: Vec<Type>,
    pub result: Type,
}

/// What a function may know beside its arguments.
pub struct Context<'a> {
    /// The ruleset's zone.
    pub zone: &'a Zone,
    pub money: MoneyContext<'a>,
    /// The host's key for `hash`.
    pub hash_key: &'a [u8],
}

/// The `hash_key` of an engine whose host gave none.
pub const DEFAULT_HASH_KEY: &[u8] = b"rulec";

/// HMAC-SHA-256 under the key, the first 32 hex digits: what `hash(text)` gives.
pub fn hash_text(key: &[u8], text: &str) -> String {
    let _ = (key, text);
    todo!("model")
}

/// What is shown in place of a sensitive value: `#` and the first 10 hex digits of [`hash_text`].
pub fn short_hash(key: &[u8], text: &str) -> String {
    format!("#{}", &hash_text(key, text)[..10])
}

impl BuiltinId {
    pub fn get(self) -> &'static Builtin {
        registry::ALL[self.0 as usize]
    }
}
