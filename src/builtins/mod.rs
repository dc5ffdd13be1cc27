//! The functions of the language: one file per function, listed in [`registry`].

mod abs;
mod decimal;
mod distance_km;
mod email;
mod hash;
mod ip;
mod money;
mod rank;
pub mod registry;
mod round;
mod texts;
mod time_parts;

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

pub use hash::hash_text;

/// What is shown in place of a sensitive value: `#` and the first 10 hex digits of [`hash_text`].
pub fn short_hash(key: &[u8], text: &str) -> String {
    format!("#{}", &hash_text(key, text)[..10])
}

impl BuiltinId {
    pub fn get(self) -> &'static Builtin {
        registry::ALL[self.0 as usize]
    }
}

/// Exactly these parameters. Only the number is looked at: the checker converts each argument to its parameter's
/// type or says, at the argument, that it does not fit.
fn fixed(
    arguments: &[Type],
    parameters: impl IntoIterator<Item = Type>,
    result: Type,
) -> Result<Signature, String> {
    let parameters: Vec<Type> = parameters.into_iter().collect();
    if arguments.len() != parameters.len() {
        return Err(counted(arguments.len(), &parameters.len().to_string()));
    }
    Ok(Signature { parameters, result })
}

/// "2 arguments, but it takes 1"
fn counted(found: usize, takes: &str) -> String {
    let noun = if found == 1 { "argument" } else { "arguments" };
    format!("{found} {noun}, but it takes {takes}")
}

/// Texts, emails, phones and entities that are texts are taken as they are; anything else must become a text.
fn text_like(argument: &Type) -> Type {
    match argument.representation() {
        Type::Text | Type::Email | Type::Phone => argument.clone(),
        _ => Type::Text,
    }
}

/// What a function answers to values that its signature does not let in.
const ILL_TYPED: Unknown = Unknown::Missing;

#[cfg(test)]
mod tests;
