//! `round`, `floor`, `ceil`.

use super::{Builtin, ILL_TYPED, Signature, counted};
use crate::model::money::{Decimal, Money};
use crate::model::types::Type;
use crate::model::value::{Unknown, Value};

pub(super) static ROUND: Builtin = Builtin {
    name: "round",
    usage: "round(number), round(number, digits)",
    doc: "Rounded to the nearest, a half to the even neighbour. A decimal becomes an int, or with `digits` a decimal of \
          so many fractional digits (negative: tens, hundreds, …). Money stays money.",
    examples: &[
        ("round(2.5)", "2"),
        ("round(3.5)", "4"),
        ("round(2.345, 2)", "2.34"),
        ("round(12.345 USD, 1)", "12.30 USD"),
        ("round(1250, -2)", "1200"),
    ],
    signature: |arguments| match arguments {
        [number] => of_one(number),
        [number, _] => {
            let number = of_one(number)?.parameters.remove(0);
            let result = if number.is_money() { number.clone() } else { Type::Decimal };
            Ok(Signature { parameters: vec![number, Type::Int], result })
        }
        _ => Err(counted(arguments.len(), "a number and perhaps digits")),
    },
    call: |arguments, _| match arguments {
        [number] => whole(number, nearest),
        [Value::Int(i), Value::Int(digits)] => {
            Decimal::from_int(*i).and_then(|d| to_digits(d, *digits)).map(Value::Decimal)
        }
        [Value::Decimal(d), Value::Int(digits)] => to_digits(*d, *digits).map(Value::Decimal),
        [Value::Money(m), Value::Int(digits)] => {
            to_digits(m.amount, *digits).map(|amount| Value::Money(Money { amount, ..*m }))
        }
        _ => Err(ILL_TYPED),
    },
    reveals: true,
};

pub(super) static FLOOR: Builtin = Builtin {
    name: "floor",
    usage: "floor(number)",
    doc: "The greatest whole number not above it: a decimal becomes an int, money stays money.",
    examples: &[("floor(2.9)", "2"), ("floor(-2.1)", "-3"), ("floor(12.9 USD)", "12.00 USD")],
    signature: one,
    call: |arguments, _| match arguments {
        [number] => whole(number, |scaled, unit| scaled.div_euclid(unit)),
        _ => Err(ILL_TYPED),
    },
    reveals: true,
};

pub(super) static CEIL: Builtin = Builtin {
    name: "ceil",
    usage: "ceil(number)",
    doc: "The least whole number not below it: a decimal becomes an int, money stays money.",
    examples: &[("ceil(2.1)", "3"), ("ceil(-2.9)", "-2"), ("ceil(12.1 USD)", "13.00 USD")],
    signature: one,
    call: |arguments, _| match arguments {
        [number] => whole(number, |scaled, unit| -(-scaled).div_euclid(unit)),
        _ => Err(ILL_TYPED),
    },
    reveals: true,
};

fn one(arguments: &[Type]) -> Result<Signature, String> {
    match arguments {
        [number] => of_one(number),
        _ => Err(counted(arguments.len(), "one number")),
    }
}

fn of_one(number: &Type) -> Result<Signature, String> {
    let result = match number {
        Type::Int | Type::Decimal => Type::Int,
        Type::Money(_) => number.clone(),
        Type::Float => {
            return Err("a float is only compared; write `decimal(…)` around it to calculate with it".into());
        }
        other => return Err(format!("it takes an int, decimal or money, not `{other}`")),
    };
    Ok(Signature { parameters: vec![number.clone()], result })
}

/// `units` gives how many whole units a number of millionths is.
fn whole(number: &Value, units: impl Fn(i128, i128) -> i128) -> Result<Value, Unknown> {
    let unit = i128::from(Decimal::SCALE);
    match number {
        Value::Int(i) => Ok(Value::Int(*i)),
        Value::Decimal(d) => fit(units(i128::from(d.0), unit)).map(Value::Int),
        Value::Money(m) => {
            let amount = Decimal(fit(units(i128::from(m.amount.0), unit) * unit)?);
            Ok(Value::Money(Money { amount, ..*m }))
        }
        _ => Err(ILL_TYPED),
    }
}

fn nearest(scaled: i128, unit: i128) -> i128 {
    let below = scaled.div_euclid(unit);
    let twice = scaled.rem_euclid(unit) * 2;
    let up = twice > unit || (twice == unit && below % 2 != 0);
    if up { below + 1 } else { below }
}

fn to_digits(number: Decimal, digits: i64) -> Result<Decimal, Unknown> {
    // Beyond these nothing is left to round, or nothing of the number.
    let zeros = 6 - digits.clamp(-20, 6);
    let unit = 10i128.pow(u32::try_from(zeros).map_err(|_| Unknown::Overflow)?);
    fit(nearest(i128::from(number.0), unit) * unit).map(Decimal)
}

fn fit(value: i128) -> Result<i64, Unknown> {
    i64::try_from(value).map_err(|_| Unknown::Overflow)
}
