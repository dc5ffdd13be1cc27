//! THE meaning of every operator, unknown operands, overflow and division by zero included. The constant
//! folder, the oracle and the executors call these or are checked against them.
//!
//! Two layers: functions over plain numbers (`add_int`, `multiply_decimal`, …) for executors that know the
//! types, and functions over [`Datum`] for those that walk trees.

mod compare;
mod kleene;
mod numbers;

use super::data::RatesData;
use super::money::{Currency, Decimal, Money};
use super::time::{Duration, Time};
use super::value::{Datum, Unknown, Value};

pub use compare::{
    between, canonical_net, compare, compare_money, in_array, in_elements, in_network, order, text_holds,
    text_test,
};
pub use kleene::{and, not, or};
pub use numbers::*;

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    NegateInt,
    NegateDecimal,
    NegateMoney,
    NegateDuration,
    /// Overflow if out of a decimal's range.
    IntToDecimal,
    IntToFloat,
    DecimalToFloat,
}

/// Arithmetic by type. Where it says `Decimal`, each side may be an int or a decimal (the static types tell):
/// the computation is exact, then rounded half-even to six digits.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    AddInt,
    SubtractInt,
    MultiplyInt,
    RemainderInt,
    AddDecimal,
    SubtractDecimal,
    MultiplyDecimal,
    /// Also of two ints; gives a decimal.
    DivideDecimal,
    RemainderDecimal,
    /// Money of different currencies goes through the ruleset's currency.
    AddMoney,
    SubtractMoney,
    /// money × number; the checker puts the money on the left.
    MultiplyMoney,
    /// money ÷ number
    DivideMoney,
    /// money ÷ money, a decimal
    DivideMoneyMoney,
    /// time − time, a duration
    SubtractTime,
    AddTimeDuration,
    SubtractTimeDuration,
    AddDuration,
    SubtractDuration,
    /// duration × number; the checker puts the duration on the left.
    MultiplyDuration,
    /// duration ÷ number
    DivideDuration,
    /// duration ÷ duration, a decimal
    DivideDurationDuration,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

/// What money needs beside its operands.
#[derive(Copy, Clone, Debug)]
pub struct MoneyContext<'a> {
    pub rates: Option<&'a RatesData>,
    /// The ruleset's currency.
    pub currency: Option<Currency>,
    /// The time of the event: rates are those of its date.
    pub at: Time,
}

/// A saturated count is a lower bound after a conversion too; any arithmetic on it is unknown.
pub fn unary(op: UnaryOp, value: &Datum) -> Datum {
    match value {
        Datum::Known(value) => unary_value(op, value).into(),
        Datum::AtLeast(bound)
            if matches!(op, UnaryOp::IntToDecimal | UnaryOp::IntToFloat | UnaryOp::DecimalToFloat) =>
        {
            unary_value(op, bound).map_or_else(Datum::Unknown, Datum::AtLeast)
        }
        Datum::AtLeast(_) => Datum::Unknown(Unknown::Saturated),
        Datum::Unknown(why) => Datum::Unknown(*why),
    }
}

fn unary_value(op: UnaryOp, value: &Value) -> Result<Value, Unknown> {
    Ok(match (op, value) {
        (UnaryOp::NegateInt, Value::Int(i)) => Value::Int(negate(*i)?),
        (UnaryOp::NegateDecimal, Value::Decimal(d)) => Value::Decimal(Decimal(negate(d.0)?)),
        (UnaryOp::NegateMoney, Value::Money(m)) => {
            Value::Money(Money { amount: Decimal(negate(m.amount.0)?), ..*m })
        }
        (UnaryOp::NegateDuration, Value::Duration(d)) => Value::Duration(Duration(negate(d.0)?)),
        (UnaryOp::IntToDecimal, Value::Int(i)) => Value::Decimal(Decimal::from_int(*i)?),
        (UnaryOp::IntToFloat, Value::Int(i)) => Value::Float(*i as f64),
        (UnaryOp::DecimalToFloat, Value::Decimal(d)) => Value::Float(decimal_to_float(d.0)),
        _ => return Err(ILL_TYPED),
    })
}

/// What operands give whose types the checker lets never meet: no answer rather than a wrong one.
const ILL_TYPED: Unknown = Unknown::Missing;

/// The known value, or why it can't be calculated with.
fn exact(value: &Datum) -> Result<&Value, Unknown> {
    match value {
        Datum::Known(value) => Ok(value),
        Datum::AtLeast(_) => Err(Unknown::Saturated),
        Datum::Unknown(why) => Err(*why),
    }
}

/// Unknown if either side is, with the reason of the left one first.
pub fn binary(op: BinaryOp, left: &Datum, right: &Datum, money: &MoneyContext<'_>) -> Datum {
    let result = exact(left).and_then(|left| binary_values(op, left, exact(right)?, money));
    result.into()
}

fn binary_values(
    op: BinaryOp,
    left: &Value,
    right: &Value,
    context: &MoneyContext<'_>,
) -> Result<Value, Unknown> {
    use BinaryOp::*;
    match op {
        AddInt => Ok(Value::Int(add_int(int(left)?, int(right)?)?)),
        SubtractInt => Ok(Value::Int(subtract_int(int(left)?, int(right)?)?)),
        MultiplyInt => Ok(Value::Int(multiply_int(int(left)?, int(right)?)?)),
        RemainderInt => Ok(Value::Int(remainder_int(int(left)?, int(right)?)?)),

        AddDecimal => decimal(add_decimal(number(left)?, number(right)?)),
        SubtractDecimal => decimal(subtract_decimal(number(left)?, number(right)?)),
        MultiplyDecimal => decimal(multiply_decimal(number(left)?, number(right)?)),
        DivideDecimal => decimal(divide_decimal(number(left)?, number(right)?)),
        RemainderDecimal => decimal(remainder_decimal(number(left)?, number(right)?)),

        AddMoney => add_money(money(left)?, money(right)?, context).map(Value::Money),
        SubtractMoney => subtract_money(money(left)?, money(right)?, context).map(Value::Money),
        MultiplyMoney => amount(money(left)?, multiply_scaled(money(left)?.amount.0, number(right)?)),
        DivideMoney => amount(money(left)?, divide_scaled(money(left)?.amount.0, number(right)?)),
        DivideMoneyMoney => decimal(divide_money(money(left)?, money(right)?, context)),

        SubtractTime => duration(subtract_int(time(left)?, time(right)?)),
        AddTimeDuration => Ok(Value::Time(Time(add_time(time(left)?, micros(right)?)?))),
        SubtractTimeDuration => {
            Ok(Value::Time(Time(subtract_duration_from_time(time(left)?, micros(right)?)?)))
        }
        AddDuration => duration(add_int(micros(left)?, micros(right)?)),
        SubtractDuration => duration(subtract_int(micros(left)?, micros(right)?)),
        MultiplyDuration => duration(multiply_scaled(micros(left)?, number(right)?)),
        DivideDuration => duration(divide_scaled(micros(left)?, number(right)?)),
        DivideDurationDuration => decimal(divide_same(micros(left)?, micros(right)?)),
    }
}

fn int(value: &Value) -> Result<i64, Unknown> {
    if let Value::Int(i) = value { Ok(*i) } else { Err(ILL_TYPED) }
}

fn number(value: &Value) -> Result<Number, Unknown> {
    match value {
        Value::Int(i) => Ok(Number::Int(*i)),
        Value::Decimal(d) => Ok(Number::Decimal(d.0)),
        _ => Err(ILL_TYPED),
    }
}

fn money(value: &Value) -> Result<Money, Unknown> {
    if let Value::Money(m) = value { Ok(*m) } else { Err(ILL_TYPED) }
}

fn time(value: &Value) -> Result<i64, Unknown> {
    if let Value::Time(t) = value { Ok(t.0) } else { Err(ILL_TYPED) }
}

fn micros(value: &Value) -> Result<i64, Unknown> {
    if let Value::Duration(d) = value { Ok(d.0) } else { Err(ILL_TYPED) }
}

fn decimal(scaled: Result<i64, Unknown>) -> Result<Value, Unknown> {
    scaled.map(|s| Value::Decimal(Decimal(s)))
}

fn duration(micros: Result<i64, Unknown>) -> Result<Value, Unknown> {
    micros.map(|m| Value::Duration(Duration(m)))
}

fn amount(of: Money, scaled: Result<i64, Unknown>) -> Result<Value, Unknown> {
    scaled.map(|s| Value::Money(Money { amount: Decimal(s), currency: of.currency }))
}

/// Two amounts in one currency: as they are if they share one, else both in the ruleset's.
pub fn in_one_currency(
    left: Money,
    right: Money,
    context: &MoneyContext<'_>,
) -> Result<(Money, Money), Unknown> {
    if left.currency == right.currency {
        return Ok((left, right));
    }
    let common = context.currency.ok_or(Unknown::NoRate)?;
    Ok((convert_money(left, common, context)?, convert_money(right, common, context)?))
}

/// In the currency of both, or in the ruleset's where they differ; so are the two below.
pub fn add_money(left: Money, right: Money, context: &MoneyContext<'_>) -> Result<Money, Unknown> {
    let (left, right) = in_one_currency(left, right, context)?;
    let amount = Decimal(add_int(left.amount.0, right.amount.0)?);
    Ok(Money { amount, currency: left.currency })
}

pub fn subtract_money(left: Money, right: Money, context: &MoneyContext<'_>) -> Result<Money, Unknown> {
    let (left, right) = in_one_currency(left, right, context)?;
    let amount = Decimal(subtract_int(left.amount.0, right.amount.0)?);
    Ok(Money { amount, currency: left.currency })
}

/// A decimal, in millionths.
pub fn divide_money(left: Money, right: Money, context: &MoneyContext<'_>) -> Result<i64, Unknown> {
    let (left, right) = in_one_currency(left, right, context)?;
    divide_same(left.amount.0, right.amount.0)
}

/// The same amount if it is of that currency, else converted at the rate of the event's date; through the ruleset's
/// currency where the two have no pair of their own.
pub fn convert_money(money: Money, to: Currency, context: &MoneyContext<'_>) -> Result<Money, Unknown> {
    if money.currency == to {
        return Ok(money);
    }
    context.rates.ok_or(Unknown::NoRate)?.convert(money, to, context.currency, context.at)
}

/// `amount as USD`: the same amount if it is of that currency, else converted at the event's date.
pub fn convert(value: &Datum, to: Currency, context: &MoneyContext<'_>) -> Datum {
    let converted = exact(value).and_then(money).and_then(|m| convert_money(m, to, context));
    converted.map(Value::Money).into()
}

#[cfg(test)]
mod tests;
