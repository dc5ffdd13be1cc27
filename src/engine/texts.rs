//! Texts of a decision: `because` and `tell`, and values in their plain form.

use sha2::{Digest, Sha256};

use crate::builtins::short_hash;
use crate::model::decision::Argument;
use crate::model::display;
use crate::model::time::Zone;
use crate::model::types::Type;
use crate::model::value::{Datum, Value};
use crate::plan::ir::{NodeId, TextPart, TextPlan};
use crate::vm::Machine;

/// The value of a node that this event type computes.
pub(super) fn datum(machine: &Machine<'_>, node: NodeId, ty: &Type) -> Datum {
    match machine.program.place(node.0) {
        Some(reg) => machine.arenas().datum(machine.get(reg), ty),
        None => Datum::MISSING,
    }
}

/// The text with its values, and whether all of them were there.
pub(super) fn render(machine: &Machine<'_>, text: &TextPlan, zone: &Zone) -> (String, bool) {
    let mut out = String::new();
    let mut whole = true;
    for part in &text.parts {
        match part {
            TextPart::Text(text) => out.push_str(text),
            TextPart::Value { node, ty, percent } => {
                let datum = datum(machine, *node, ty);
                whole &= !matches!(datum, Datum::Unknown(_));
                let shown = if *percent { display::percent(&datum) } else { display::text(&datum, ty, zone) };
                out.push_str(&shown);
            }
        }
    }
    (out, whole)
}

/// A value as it stands in JSON text: for `about`, for arguments, and where a value is hashed.
pub(super) fn plain(value: &Value, ty: &Type) -> String {
    match (value, ty.representation()) {
        (Value::Enum(index), Type::Enum(values)) => {
            values.values.get(usize::from(*index)).map_or_else(String::new, ToString::to_string)
        }
        (Value::Bool(b), _) => b.to_string(),
        (Value::Int(i), _) => i.to_string(),
        (Value::Decimal(d), _) => d.to_string(),
        (Value::Float(f), _) => f.to_string(),
        (Value::Text(text), _) => text.to_string(),
        (Value::Time(time), _) => time.to_string(),
        (Value::Duration(duration), _) => duration.to_string(),
        (Value::Money(money), _) => format!("{} {}", money.amount, money.currency),
        (Value::Country(country), _) => country.to_string(),
        (Value::Currency(currency), _) => currency.to_string(),
        (Value::Ip(ip), _) => ip.to_string(),
        (Value::Cidr(net), _) => net.to_string(),
        // No parameter, entity or key is of these types.
        (Value::Enum(_) | Value::Record(_) | Value::List(_), _) => String::new(),
    }
}

/// An argument of an action as the decision shows it.
pub(super) fn argument(value: &Value, ty: &Type, sensitive: bool, hash_key: &[u8]) -> Argument {
    match value {
        _ if sensitive => Argument::Text(short_hash(hash_key, &plain(value, ty))),
        Value::Bool(b) => Argument::Bool(*b),
        Value::Int(i) => Argument::Number(*i),
        Value::Float(f) => Argument::Float(*f),
        _ => Argument::Text(plain(value, ty)),
    }
}

/// The first 64 bits of the SHA-256 of these parts, each ended by a zero byte: fixed for ever, since shares of
/// a rollout and the keys of effects rest on it.
pub(super) fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}
