//! `abs`

use super::{Builtin, ILL_TYPED, Signature, counted};
use crate::model::money::{Decimal, Money};
use crate::model::time::Duration;
use crate::model::types::Type;
use crate::model::value::{Unknown, Value};

pub(super) static ABS: Builtin = Builtin {
    name: "abs",
    usage: "abs(number)",
    doc: "The value without its sign, of an int, decimal, money or duration.",
    examples: &[("abs(-3)", "3"), ("abs(3.5 - 5)", "1.5"), ("abs(2 USD - 12.5 USD)", "10.50 USD")],
    signature,
    call: |arguments, _| {
        let size = |value: i64| value.checked_abs().ok_or(Unknown::Overflow);
        match arguments {
            [Value::Int(i)] => Ok(Value::Int(size(*i)?)),
            [Value::Decimal(d)] => Ok(Value::Decimal(Decimal(size(d.0)?))),
            [Value::Money(m)] => Ok(Value::Money(Money { amount: Decimal(size(m.amount.0)?), ..*m })),
            [Value::Duration(d)] => Ok(Value::Duration(Duration(size(d.0)?))),
            _ => Err(ILL_TYPED),
        }
    },
    reveals: true,
};

fn signature(arguments: &[Type]) -> Result<Signature, String> {
    match arguments {
        [ty @ (Type::Int | Type::Decimal | Type::Money(_) | Type::Duration)] => {
            Ok(Signature { parameters: vec![ty.clone()], result: ty.clone() })
        }
        [Type::Float] => Err("a float is only compared; write `abs(decimal(…))` to calculate with it".into()),
        [other] => Err(format!("it takes an int, decimal, money or duration, not `{other}`")),
        _ => Err(counted(arguments.len(), "one number")),
    }
}
