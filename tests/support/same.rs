//! Decisions as examples show them.

use serde_json::Value;

/// Whether what was decided has everything that is shown; `…` stands for any text.
pub fn same(shown: &Value, decided: &Value) -> bool {
    match (shown, decided) {
        (Value::String(text), Value::String(_)) if text == "…" => true,
        // `{}` is shown for what is empty.
        (Value::Object(shown), Value::Object(decided)) if !shown.is_empty() => {
            shown.iter().all(|(key, value)| decided.get(key).is_some_and(|found| same(value, found)))
        }
        (Value::Array(shown), Value::Array(decided)) => {
            shown.len() == decided.len() && shown.iter().zip(decided).all(|(a, b)| same(a, b))
        }
        (shown, decided) => shown == decided,
    }
}
