//! `min`, `max`, `clamp`: what only needs an order.

use std::cmp::Ordering;

use super::{Builtin, Context, ILL_TYPED, Signature, counted};
use crate::model::money::Decimal;
use crate::model::ops;
use crate::model::types::Type;
use crate::model::value::{Unknown, Value};

pub(super) static MIN: Builtin = Builtin {
    name: "min",
    usage: "min(a, b, …)",
    doc: "The least of two or more numbers, amounts, times or durations. Amounts of different currencies are compared \
          at the event's date; the answer keeps its own currency.",
    examples: &[("min(3, 1, 2)", "1"), ("min(1.5, 2)", "1.5"), ("min(20 USD, 5 USD)", "5.00 USD")],
    signature: |arguments| match arguments.len() {
        0 | 1 => Err(counted(arguments.len(), "two or more")),
        _ => ranked(arguments),
    },
    call: |arguments, context| extreme(arguments, context, Ordering::Less),
    reveals: true,
};

pub(super) static MAX: Builtin = Builtin {
    name: "max",
    usage: "max(a, b, …)",
    doc: "The greatest of two or more numbers, amounts, times or durations. Amounts of different currencies are \
          compared at the event's date; the answer keeps its own currency.",
    examples: &[("max(3, 1, 2)", "3"), ("max(90m, 1h)", "1h 30m")],
    signature: |arguments| match arguments.len() {
        0 | 1 => Err(counted(arguments.len(), "two or more")),
        _ => ranked(arguments),
    },
    call: |arguments, context| extreme(arguments, context, Ordering::Greater),
    reveals: true,
};

pub(super) static CLAMP: Builtin = Builtin {
    name: "clamp",
    usage: "clamp(value, low, high)",
    doc: "The value, but not below `low` and not above `high`; `high` if the two are exchanged.",
    examples: &[("clamp(12, 0, 10)", "10"), ("clamp(-1.5, 0, 10)", "0"), ("clamp(7, 0, 10)", "7")],
    signature: |arguments| match arguments.len() {
        3 => ranked(arguments),
        other => Err(counted(other, "a value and two ends")),
    },
    call: |arguments, context| match arguments {
        [value, low, high] => {
            let raised = extreme(&[value.clone(), low.clone()], context, Ordering::Greater)?;
            extreme(&[raised, high.clone()], context, Ordering::Less)
        }
        _ => Err(ILL_TYPED),
    },
    reveals: true,
};

/// All of one type: a float if one is, else a decimal if one is; money of one currency only if all are.
fn ranked(arguments: &[Type]) -> Result<Signature, String> {
    let representations = || arguments.iter().map(Type::representation);
    // A text may be a literal that stands for a time; the checker tells.
    let Some(first) = representations().find(|ty| **ty != Type::Text) else {
        return Err("texts are not ranked".into());
    };
    let any = |ty: &Type| representations().any(|other| other == ty);
    let common = match first {
        Type::Int | Type::Decimal | Type::Float if any(&Type::Float) => Type::Float,
        Type::Int | Type::Decimal | Type::Float if any(&Type::Decimal) => Type::Decimal,
        Type::Int | Type::Time | Type::Duration => first.clone(),
        Type::Money(_) if representations().all(|ty| ty == first) => first.clone(),
        Type::Money(_) => {
            // Each keeps its own type: none needs converting to be compared.
            let own = |ty: &Type| if ty.is_money() { ty.clone() } else { Type::Money(None) };
            return Ok(Signature {
                parameters: arguments.iter().map(own).collect(),
                result: Type::Money(None),
            });
        }
        other => return Err(format!("it takes numbers, amounts, times or durations, not `{other}`")),
    };
    Ok(Signature { parameters: vec![common.clone(); arguments.len()], result: common })
}

/// The first of those that stand furthest to one side.
fn extreme(arguments: &[Value], context: &Context<'_>, side: Ordering) -> Result<Value, Unknown> {
    let (first, rest) = arguments.split_first().ok_or(ILL_TYPED)?;
    let mut best = first;
    for value in rest {
        if ops::order(value, best, &context.money)? == side {
            best = value;
        }
    }
    // An int among decimals, where the checker left it one.
    match best {
        Value::Int(i) if arguments.iter().any(|a| matches!(a, Value::Decimal(_))) => {
            Decimal::from_int(*i).map(Value::Decimal)
        }
        other => Ok(other.clone()),
    }
}
