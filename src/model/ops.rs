//! THE meaning of every operator, unknown operands, overflow and division by zero included. The constant
//! folder, the oracle and the executors call these or are checked against them.
//!
//! Two layers: functions over plain numbers (`add_int`, `multiply_decimal`, …) for executors that know the
//! types, and functions over [`Datum`] for those that walk trees.

use super::data::RatesData;
use super::money::Currency;
use super::time::Time;
use super::value::Datum;

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

pub fn unary(op: UnaryOp, value: &Datum) -> Datum {
    let _ = (op, value);
    todo!("model")
}

pub fn binary(op: BinaryOp, left: &Datum, right: &Datum, money: &MoneyContext<'_>) -> Datum {
    let _ = (op, left, right, money);
    todo!("model")
}

/// Operands of one type, or an int and a decimal. Unknown if either is; a saturated count compares where its
/// bound settles the answer.
pub fn compare(op: CompareOp, left: &Datum, right: &Datum, money: &MoneyContext<'_>) -> Datum {
    let _ = (op, left, right, money);
    todo!("model")
}

/// Both ends included; unknown if any of the three is (but for what a saturated count settles).
pub fn between(value: &Datum, low: &Datum, high: &Datum, money: &MoneyContext<'_>) -> Datum {
    let _ = (value, low, high, money);
    todo!("model")
}

pub fn text_test(op: TextTest, value: &Datum, piece: &Datum) -> Datum {
    let _ = (op, value, piece);
    todo!("model")
}

/// `amount as USD`: the same amount if it is of that currency, else converted at the event's date.
pub fn convert(value: &Datum, to: Currency, money: &MoneyContext<'_>) -> Datum {
    let _ = (value, to, money);
    todo!("model")
}

/// Kleene's `not`.
pub fn not(value: &Datum) -> Datum {
    let _ = value;
    todo!("model")
}

/// Kleene's `and`: false if any is false, else unknown if any is unknown, else true. The reason of an unknown
/// result is that of the first unknown operand.
pub fn and<'a>(values: impl IntoIterator<Item = &'a Datum>) -> Datum {
    let _ = values.into_iter();
    todo!("model")
}

pub fn or<'a>(values: impl IntoIterator<Item = &'a Datum>) -> Datum {
    let _ = values.into_iter();
    todo!("model")
}
