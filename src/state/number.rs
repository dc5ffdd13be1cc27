//! The exact arithmetic behind `avg` and `stddev`.

use std::cmp::Ordering;

use ethnum::U256;

use crate::model::value::Unknown;

/// What one whole number of the argument is in the result: an int's average has six more digits.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Decimals and money, whose digits are in the number already.
    Same,
    /// Ints, whose results are decimals.
    Million,
}

impl Scale {
    fn factor(self) -> i128 {
        match self {
            Scale::Same => 1,
            Scale::Million => 1_000_000,
        }
    }
}

/// `sum / count`, rounded half-even to the scale. `count` is not zero.
pub fn mean(sum: i128, count: u64, scale: Scale) -> Result<i64, Unknown> {
    // Nearly all are short. Of two or more the quotient is so small that nothing overflows.
    if let (Scale::Same, Ok(sum), Ok(count @ 2..)) = (scale, i64::try_from(sum), i64::try_from(count)) {
        let (floor, rest) = (sum.div_euclid(count), sum.rem_euclid(count));
        let up = match rest.cmp(&(count - rest)) {
            Ordering::Less => 0,
            Ordering::Equal => floor & 1,
            Ordering::Greater => 1,
        };
        return Ok(floor + up);
    }
    let count = i128::from(count.max(1));
    // Whole part first: only a remainder below 2^64 is multiplied, so nothing overflows on the way.
    let (whole, rest) = divide(sum, count);
    let (digits, rest) = match scale {
        Scale::Same => (0, rest),
        Scale::Million => divide(rest * scale.factor(), count),
    };
    let floor = whole.checked_mul(scale.factor()).and_then(|w| w.checked_add(digits));
    let floor = floor.ok_or(Unknown::Overflow)?;
    let up = match (rest * 2).cmp(&count) {
        Ordering::Less => 0,
        Ordering::Equal => floor.rem_euclid(2),
        Ordering::Greater => 1,
    };
    i64::try_from(floor + up).map_err(|_| Unknown::Overflow)
}

/// Quotient and remainder by a positive divisor, the remainder never negative. Almost all are short, and dividing
/// short numbers is many times quicker.
fn divide(dividend: i128, divisor: i128) -> (i128, i128) {
    match (i64::try_from(dividend), i64::try_from(divisor)) {
        (Ok(a), Ok(b)) if b > 0 => (a.div_euclid(b).into(), a.rem_euclid(b).into()),
        _ => (dividend.div_euclid(divisor), dividend.rem_euclid(divisor)),
    }
}

/// The sample standard deviation (n − 1) of `count` numbers with this sum and sum of squares, rounded
/// half-even to the scale. Missing for fewer than two numbers.
pub fn deviation(sum: i128, squares: U256, count: u64, scale: Scale) -> Result<i64, Unknown> {
    if count < 2 {
        return Err(Unknown::Missing);
    }
    let (n, factor) = (U256::from(count), scale.factor().unsigned_abs());
    let magnitude = U256::from(sum.unsigned_abs());
    // n Σx² − (Σx)² over n (n − 1), the former never negative.
    let spread = squares.checked_mul(n).and_then(|s| s.checked_sub(magnitude.wrapping_mul(magnitude)));
    let scaled = spread.and_then(|s| s.checked_mul(U256::from(factor * factor)));
    let scaled = scaled.ok_or(Unknown::Overflow)?;
    let divisor = n * (n - 1);
    let (whole, rest) = (scaled / divisor, scaled % divisor);
    let root = square_root(whole);
    // The root is rounded up where scaled / divisor > (root + ½)² = root² + root + ¼.
    let middle = root * root + root;
    let up = match whole.cmp(&middle) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => match (rest * 4).cmp(&divisor) {
            Ordering::Less => false,
            Ordering::Equal => root % 2 == 1,
            Ordering::Greater => true,
        },
    };
    let rounded = if up { root + 1 } else { root };
    i64::try_from(rounded).map_err(|_| Unknown::Overflow)
}

/// The largest whole number whose square is at most `value`.
fn square_root(value: U256) -> U256 {
    let mut rest = value;
    let mut root = U256::ZERO;
    let top = 255 - value.leading_zeros().min(255);
    let mut bit = U256::ONE << (top & !1);
    while bit != 0 {
        if rest >= root + bit {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
        bit >>= 2;
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deviation_of(numbers: &[i64], scale: Scale) -> Result<i64, Unknown> {
        let sum = numbers.iter().map(|n| i128::from(*n)).sum();
        let squares = numbers.iter().map(|n| U256::from(i128::from(*n).pow(2).unsigned_abs())).sum();
        deviation(sum, squares, numbers.len() as u64, scale)
    }

    #[test]
    fn means_round_half_even() {
        assert_eq!(mean(5, 2, Scale::Same), Ok(2));
        assert_eq!(mean(7, 2, Scale::Same), Ok(4));
        assert_eq!(mean(-5, 2, Scale::Same), Ok(-2));
        assert_eq!(mean(-7, 2, Scale::Same), Ok(-4));
        assert_eq!(mean(1, 3, Scale::Million), Ok(333_333));
        assert_eq!(mean(-2, 3, Scale::Million), Ok(-666_667));
        assert_eq!(mean(i128::from(i64::MAX), 1, Scale::Million), Err(Unknown::Overflow));
        assert_eq!(mean(i128::from(i64::MAX) * 3, 3, Scale::Same), Ok(i64::MAX));
    }

    #[test]
    fn deviations_are_exact() {
        assert_eq!(deviation_of(&[2, 4, 4, 4, 5, 5, 7, 9], Scale::Million), Ok(2_138_090));
        assert_eq!(deviation_of(&[3, 3, 3], Scale::Million), Ok(0));
        assert_eq!(deviation_of(&[1, 2], Scale::Million), Ok(707_107));
        // The root is exactly one half of the last digit: 0.5 goes to 0, 1.5 to 2.
        assert_eq!(deviation(1, U256::from(1u8), 4, Scale::Same), Ok(0));
        assert_eq!(deviation_of(&[-3, 0, 0, 0], Scale::Same), Ok(2));
        assert_eq!(deviation_of(&[1], Scale::Same), Err(Unknown::Missing));
        assert_eq!(deviation_of(&[i64::MAX, -i64::MAX, 0], Scale::Same), Ok(i64::MAX));
        // 2^63 − 0.5 and a little more: rounded up, it is out of range.
        assert_eq!(deviation_of(&[i64::MAX, i64::MIN, 0], Scale::Same), Err(Unknown::Overflow));
        assert_eq!(deviation_of(&[i64::MAX, i64::MIN], Scale::Same), Err(Unknown::Overflow));
    }

    #[test]
    fn roots_are_floors() {
        for n in [0u128, 1, 2, 3, 4, 8, 9, 15, 16, 17, 99, 100, 1 << 40, u128::MAX] {
            let root = square_root(U256::from(n));
            assert!(root * root <= n && (root + 1) * (root + 1) > n, "{n}");
        }
        let big = U256::MAX;
        assert_eq!(square_root(big), U256::from(u128::MAX));
    }
}
