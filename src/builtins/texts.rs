//! `lower`, `upper`, `trim`, `length`.

use super::{Builtin, ILL_TYPED, Signature, counted, text_like};
use crate::model::types::Type;
use crate::model::value::{Unknown, Value};

pub(super) static LOWER: Builtin = Builtin {
    name: "lower",
    usage: "lower(text)",
    doc: "The text in lower case, by Unicode's rules, the same in every language.",
    examples: &[("lower(\"ŻÓŁTY Kot\")", "żółty kot")],
    signature: |arguments| signature(arguments, Type::Text),
    call: |arguments, _| of(arguments, |text| Value::Text(text.to_lowercase().into())),
    reveals: true,
};

pub(super) static UPPER: Builtin = Builtin {
    name: "upper",
    usage: "upper(text)",
    doc: "The text in upper case, by Unicode's rules, the same in every language.",
    examples: &[("upper(\"Straße\")", "STRASSE")],
    signature: |arguments| signature(arguments, Type::Text),
    call: |arguments, _| of(arguments, |text| Value::Text(text.to_uppercase().into())),
    reveals: true,
};

pub(super) static TRIM: Builtin = Builtin {
    name: "trim",
    usage: "trim(text)",
    doc: "The text without white space at its ends.",
    examples: &[("trim(\"  two words \")", "two words")],
    signature: |arguments| signature(arguments, Type::Text),
    call: |arguments, _| of(arguments, |text| Value::Text(text.trim().into())),
    reveals: true,
};

pub(super) static LENGTH: Builtin = Builtin {
    name: "length",
    usage: "length(text)",
    doc: "The number of characters (Unicode code points).",
    examples: &[("length(\"kot\")", "3"), ("length(\"微信\")", "2"), ("length(\"\")", "0")],
    signature: |arguments| signature(arguments, Type::Int),
    call: |arguments, _| {
        of(arguments, |text| Value::Int(i64::try_from(text.chars().count()).unwrap_or(i64::MAX)))
    },
    reveals: false,
};

fn signature(arguments: &[Type], result: Type) -> Result<Signature, String> {
    match arguments {
        [text] => Ok(Signature { parameters: vec![text_like(text)], result }),
        _ => Err(counted(arguments.len(), "a text")),
    }
}

fn of(arguments: &[Value], make: impl Fn(&str) -> Value) -> Result<Value, Unknown> {
    match arguments {
        [Value::Text(text)] => Ok(make(text)),
        _ => Err(ILL_TYPED),
    }
}
