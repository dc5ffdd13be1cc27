//! Three-valued logic.

use crate::model::value::{Datum, Unknown};

/// A truth, or why there is none.
fn truth(value: &Datum) -> Result<bool, Unknown> {
    match value {
        Datum::Unknown(why) => Err(*why),
        other => other.truth().ok_or(Unknown::Saturated),
    }
}

/// Kleene's `not`.
pub fn not(value: &Datum) -> Datum {
    truth(value).map_or_else(Datum::Unknown, |b| Datum::bool(!b))
}

/// Kleene's `and`: false if any is false, else unknown if any is unknown, else true. The reason of an unknown
/// result is that of the first unknown operand.
pub fn and<'a>(values: impl IntoIterator<Item = &'a Datum>) -> Datum {
    fold(values, true)
}

/// Kleene's `or`: true if any is true, else unknown if any is unknown, else false.
pub fn or<'a>(values: impl IntoIterator<Item = &'a Datum>) -> Datum {
    fold(values, false)
}

/// `neutral` unless an operand is its opposite, which settles the answer, or unknown.
fn fold<'a>(values: impl IntoIterator<Item = &'a Datum>, neutral: bool) -> Datum {
    let mut result = Datum::bool(neutral);
    for value in values {
        match truth(value) {
            Ok(b) if b != neutral => return Datum::bool(b),
            Ok(_) => {}
            Err(why) if matches!(result, Datum::Known(_)) => result = Datum::Unknown(why),
            Err(_) => {}
        }
    }
    result
}
