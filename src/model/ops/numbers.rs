//! Arithmetic over plain numbers, for executors that know the types. Decimals, amounts and rates are `i64` in
//! millionths; times and durations `i64` microseconds. Add, subtract and negate are the same for all of them.

use std::cmp::Ordering;

use crate::model::money::{Decimal, divide_half_even};
use crate::model::time::Time;
use crate::model::value::Unknown;

/// An operand that may be either: the static types tell which.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Number {
    Int(i64),
    /// In millionths.
    Decimal(i64),
}

const SCALE: i128 = Decimal::SCALE as i128;

impl Number {
    /// In millionths, exactly.
    pub fn scaled(self) -> i128 {
        match self {
            Number::Int(value) => i128::from(value) * SCALE,
            Number::Decimal(value) => i128::from(value),
        }
    }

    fn is_zero(self) -> bool {
        matches!(self, Number::Int(0) | Number::Decimal(0))
    }
}

fn fit(value: i128) -> Result<i64, Unknown> {
    i64::try_from(value).map_err(|_| Unknown::Overflow)
}

pub fn add_int(left: i64, right: i64) -> Result<i64, Unknown> {
    left.checked_add(right).ok_or(Unknown::Overflow)
}

pub fn subtract_int(left: i64, right: i64) -> Result<i64, Unknown> {
    left.checked_sub(right).ok_or(Unknown::Overflow)
}

pub fn multiply_int(left: i64, right: i64) -> Result<i64, Unknown> {
    left.checked_mul(right).ok_or(Unknown::Overflow)
}

/// Has the sign of the dividend: `-7 % 3` is `-1`. The remainder by -1 is 0 for every dividend.
pub fn remainder_int(left: i64, right: i64) -> Result<i64, Unknown> {
    if right == 0 {
        return Err(Unknown::DivisionByZero);
    }
    Ok(left.wrapping_rem(right))
}

pub fn negate(value: i64) -> Result<i64, Unknown> {
    value.checked_neg().ok_or(Unknown::Overflow)
}

/// In millionths, as are the results below.
pub fn add_decimal(left: Number, right: Number) -> Result<i64, Unknown> {
    fit(left.scaled() + right.scaled())
}

pub fn subtract_decimal(left: Number, right: Number) -> Result<i64, Unknown> {
    fit(left.scaled() - right.scaled())
}

pub fn multiply_decimal(left: Number, right: Number) -> Result<i64, Unknown> {
    match (left, right) {
        // Two ints: only what fits an int can fit a decimal.
        (Number::Int(a), Number::Int(b)) => multiply_int(multiply_int(a, b)?, Decimal::SCALE),
        (Number::Int(a), Number::Decimal(b)) | (Number::Decimal(a), Number::Int(b)) => {
            fit(i128::from(a) * i128::from(b))
        }
        (Number::Decimal(a), Number::Decimal(b)) => {
            fit(divide_half_even(i128::from(a) * i128::from(b), SCALE))
        }
    }
}

pub fn divide_decimal(left: Number, right: Number) -> Result<i64, Unknown> {
    if right.is_zero() {
        return Err(Unknown::DivisionByZero);
    }
    let (dividend, divisor) = match (left, right) {
        (Number::Int(a), Number::Int(b)) | (Number::Decimal(a), Number::Decimal(b)) => {
            (i128::from(a) * SCALE, i128::from(b))
        }
        (Number::Int(a), Number::Decimal(b)) => (i128::from(a) * SCALE * SCALE, i128::from(b)),
        (Number::Decimal(a), Number::Int(b)) => (i128::from(a), i128::from(b)),
    };
    fit(divide_half_even(dividend, divisor))
}

/// Exact; has the sign of the dividend.
pub fn remainder_decimal(left: Number, right: Number) -> Result<i64, Unknown> {
    if right.is_zero() {
        return Err(Unknown::DivisionByZero);
    }
    fit(left.scaled() % right.scaled())
}

/// An amount in millionths, or a duration in microseconds, times a number: both have six digits.
pub fn multiply_scaled(value: i64, factor: Number) -> Result<i64, Unknown> {
    multiply_decimal(Number::Decimal(value), factor)
}

pub fn divide_scaled(value: i64, divisor: Number) -> Result<i64, Unknown> {
    divide_decimal(Number::Decimal(value), divisor)
}

/// Of two amounts or two durations: a decimal.
pub fn divide_same(left: i64, right: i64) -> Result<i64, Unknown> {
    divide_decimal(Number::Decimal(left), Number::Decimal(right))
}

/// Overflow outside of the years 1 to 9999.
pub fn add_time(time: i64, duration: i64) -> Result<i64, Unknown> {
    let sum = add_int(time, duration)?;
    Time::in_range(sum).map(|t| t.0).ok_or(Unknown::Overflow)
}

pub fn subtract_duration_from_time(time: i64, duration: i64) -> Result<i64, Unknown> {
    let difference = subtract_int(time, duration)?;
    Time::in_range(difference).map(|t| t.0).ok_or(Unknown::Overflow)
}

/// By exact value.
pub fn compare_numbers(left: Number, right: Number) -> Ordering {
    match (left, right) {
        (Number::Int(a), Number::Int(b)) | (Number::Decimal(a), Number::Decimal(b)) => a.cmp(&b),
        _ => left.scaled().cmp(&right.scaled()),
    }
}

/// Floats are never NaN; `-0.0` equals `0.0`.
pub fn compare_floats(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or(Ordering::Equal)
}

pub fn decimal_to_float(value: i64) -> f64 {
    value as f64 / Decimal::SCALE as f64
}

/// The float's exact value, rounded half-even to six digits; overflow if out of a decimal's range.
pub fn float_to_decimal(value: f64) -> Result<i64, Unknown> {
    if !value.is_finite() {
        return Err(Unknown::Overflow);
    }
    let bits = value.to_bits();
    let stored_exponent = (bits >> 52 & 0x7ff) as i32;
    let fraction = (bits & ((1 << 52) - 1)) as i128;
    // The number is `mantissa` × 2^`exponent`, the mantissa below 2^53.
    let (mantissa, exponent) =
        if stored_exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, stored_exponent - 1075) };
    let scaled = mantissa * SCALE;
    let magnitude = match exponent {
        0.. if scaled == 0 => 0,
        // A normal mantissa has 53 bits, so anything shifted further than this is out of range.
        0..=20 => scaled << exponent,
        21.. => return Err(Unknown::Overflow),
        // Below 2^73 / 2^120: nothing of it is left.
        ..-120 => 0,
        _ => divide_half_even(scaled, 1 << -exponent),
    };
    fit(if value < 0.0 { -magnitude } else { magnitude })
}
