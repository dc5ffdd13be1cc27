//! `decimal`

use super::{Builtin, ILL_TYPED, Signature, counted};
use crate::model::money::Decimal;
use crate::model::ops::float_to_decimal;
use crate::model::types::Type;
use crate::model::value::Value;

pub(super) static DECIMAL: Builtin = Builtin {
    name: "decimal",
    usage: "decimal(number)",
    doc: "The number as a decimal, to calculate with: a float's exact value, rounded half-even to six digits. \
          Unknown if it is out of a decimal's range.",
    examples: &[("decimal(7) / 2", "3.5"), ("decimal(distance_km(0, 0, 0, 0)) + 1", "1")],
    signature: |arguments| match arguments {
        [ty @ (Type::Int | Type::Decimal | Type::Float)] => {
            Ok(Signature { parameters: vec![ty.clone()], result: Type::Decimal })
        }
        [other] => Err(format!("it takes an int or a float, not `{other}`")),
        _ => Err(counted(arguments.len(), "one number")),
    },
    call: |arguments, _| match arguments {
        [Value::Int(i)] => Decimal::from_int(*i).map(Value::Decimal),
        [Value::Decimal(d)] => Ok(Value::Decimal(*d)),
        [Value::Float(x)] => float_to_decimal(*x).map(|d| Value::Decimal(Decimal(d))),
        _ => Err(ILL_TYPED),
    },
    reveals: true,
};
