//! Decimals, money, and the ISO codes of currencies and countries.

mod iso;

use std::fmt;

use super::value::Unknown;

/// 64 bits with six fractional digits: `Decimal(1_500_000)` is 1.5.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(pub i64);

/// The longest text of a decimal: `-9223372036854.775808`.
const MAX_DECIMAL_TEXT: usize = 21;

impl Decimal {
    pub const SCALE: i64 = 1_000_000;
    pub const MIN: Decimal = Decimal(i64::MIN);
    pub const MAX: Decimal = Decimal(i64::MAX);

    /// Out of range: overflow.
    pub fn from_int(value: i64) -> Result<Decimal, Unknown> {
        value.checked_mul(Decimal::SCALE).map(Decimal).ok_or(Unknown::Overflow)
    }

    /// Reads decimal text as JSON writes numbers (`-12.5`, `1e3`), never through a binary float; digits
    /// after the sixth are rounded half-even. `None` if it is no number or out of range.
    pub fn parse(text: &str) -> Option<Decimal> {
        let bytes = text.as_bytes();
        let (negative, digits) = match bytes.split_first() {
            Some((b'-', rest)) => (true, rest),
            _ => (false, bytes),
        };
        // Short texts, nearly all there are, can neither overflow nor round; the rest takes the general way.
        let scaled = match parse_short(digits) {
            Some(scaled) => i128::from(scaled),
            None => parse_long(digits)?,
        };
        i64::try_from(if negative { -scaled } else { scaled }).ok().map(Decimal)
    }

    /// The same number with at most `digits` fractional digits (0 to 6), rounded half-even.
    pub fn round_to(self, digits: u32) -> Result<Decimal, Unknown> {
        let unit = 10i128.pow(6u32.saturating_sub(digits));
        let rounded = divide_half_even(i128::from(self.0), unit) * unit;
        i64::try_from(rounded).map(Decimal).map_err(|_| Unknown::Overflow)
    }

    /// The text of [`fmt::Display`], without going through a formatter.
    pub fn write(self, out: &mut Vec<u8>) {
        self.render(0, &mut |text| out.extend_from_slice(text));
    }

    /// At least `min_digits` fractional digits, no further trailing zeros.
    pub fn with_digits(self, min_digits: usize) -> String {
        let mut out = String::new();
        self.render(min_digits, &mut |text| out.push_str(std::str::from_utf8(text).unwrap_or("")));
        out
    }

    fn render(self, min_digits: usize, emit: &mut dyn FnMut(&[u8])) {
        let mut buffer = [b'0'; MAX_DECIMAL_TEXT];
        let magnitude = self.0.unsigned_abs();
        let (mut whole, mut fraction) = (magnitude / 1_000_000, magnitude % 1_000_000);
        // The buffer is filled from its end: six fractional digits, the point, the whole part, the sign.
        let point = MAX_DECIMAL_TEXT - 7;
        let mut end = point;
        for digit in (0..6).rev() {
            let place = point + 1 + digit;
            buffer[place] = b'0' + (fraction % 10) as u8;
            if end == point && (fraction % 10 != 0 || digit < min_digits) {
                end = place + 1;
            }
            fraction /= 10;
        }
        buffer[point] = b'.';
        let mut start = point;
        loop {
            start -= 1;
            buffer[start] = b'0' + (whole % 10) as u8;
            whole /= 10;
            if whole == 0 {
                break;
            }
        }
        if self.0 < 0 {
            start -= 1;
            buffer[start] = b'-';
        }
        emit(&buffer[start..end]);
    }
}

/// `12`, `12.5`: no exponent, at most 12 bytes, at most six fractional digits.
fn parse_short(digits: &[u8]) -> Option<i64> {
    if digits.len() > 12 {
        return None;
    }
    let mut value: i64 = 0;
    let mut point = None;
    for (i, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => value = value * 10 + i64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(i),
            _ => return None,
        }
    }
    let whole = point.unwrap_or(digits.len());
    let fraction = point.map_or(0, |p| digits.len() - p - 1);
    let leading_zero = whole > 1 && digits.first() == Some(&b'0');
    if whole == 0 || leading_zero || fraction > 6 || (point.is_some() && fraction == 0) {
        return None;
    }
    Some(value * POWERS[6 - fraction])
}

const POWERS: [i64; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// Any number of JSON's grammar without its sign, scaled and rounded half-even. `None` also if it has no
/// chance to fit.
fn parse_long(digits: &[u8]) -> Option<i128> {
    let (whole, rest) = split_digits(digits);
    if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
        return None;
    }
    let (fraction, rest) = match rest.split_first() {
        Some((b'.', rest)) => {
            let (fraction, rest) = split_digits(rest);
            if fraction.is_empty() {
                return None;
            }
            (fraction, rest)
        }
        _ => (&[] as &[u8], rest),
    };
    let exponent = match rest.split_first() {
        None => 0,
        Some((b'e' | b'E', rest)) => parse_exponent(rest)?,
        Some(_) => return None,
    };

    // The number is `mantissa` × 10^`power`, plus something smaller than the mantissa's last digit if `more`.
    let (mut mantissa, mut more) = (0i128, false);
    let mut power = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(6)?;
    for digit in whole.iter().chain(fraction).map(|b| b - b'0') {
        if mantissa < 10i128.pow(36) {
            mantissa = mantissa * 10 + i128::from(digit);
        } else {
            more |= digit != 0;
            power = power.checked_add(1)?;
        }
    }
    if mantissa == 0 {
        return Some(0);
    }
    if power >= 0 {
        let factor = 10i128.checked_pow(u32::try_from(power).ok()?)?;
        return mantissa.checked_mul(factor);
    }
    let Some(divisor) = u32::try_from(-power).ok().and_then(|p| 10i128.checked_pow(p)) else {
        // Less than half of the last digit, whatever the mantissa.
        return Some(0);
    };
    // A doubled mantissa with its last bit set stands for "and a little more": it can't tie.
    let (doubled, divisor) = (mantissa * 2 + i128::from(more), divisor.checked_mul(2));
    Some(divisor.map_or(0, |divisor| divide_half_even(doubled, divisor)))
}

fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // Saturated far beyond any decimal, so that a silly exponent is out of range or zero, not an error.
    let value = digits.iter().fold(0i64, |v, b| (v * 10 + i64::from(b - b'0')).min(1_000_000_000_000_000));
    Some(if negative { -value } else { value })
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len()))
}

/// The quotient rounded to the nearest, ties to the even neighbour. `divisor` is not 0; a divisor of
/// `i128::MIN` does not occur among scaled 64-bit numbers.
pub(super) fn divide_half_even(dividend: i128, divisor: i128) -> i128 {
    // Almost all are short, and dividing short numbers is many times quicker.
    let (quotient, remainder) = match (i64::try_from(dividend), i64::try_from(divisor)) {
        (Ok(a), Ok(b)) if b > 0 => (i128::from(a / b), u128::from((a % b).unsigned_abs())),
        _ => (dividend / divisor, (dividend % divisor).unsigned_abs()),
    };
    let rest = divisor.unsigned_abs() - remainder;
    let away = match remainder.cmp(&rest) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient & 1 != 0,
        std::cmp::Ordering::Greater => true,
    };
    match (away, (dividend < 0) == (divisor < 0)) {
        (false, _) => quotient,
        (true, true) => quotient + 1,
        (true, false) => quotient - 1,
    }
}

/// Without trailing zeros: `12.3`, `-0.000001`, `5`.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_digits(0))
    }
}

/// An ISO 4217 code.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(pub [u8; 3]);

impl Currency {
    /// Either case; `None` if it is no current ISO 4217 code.
    pub fn parse(text: &str) -> Option<Currency> {
        iso::currency(text).map(Currency)
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Every code, for nearest names.
    pub fn codes() -> &'static [&'static str] {
        iso::CURRENCIES
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An ISO 3166-1 alpha-2 code.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country(pub [u8; 2]);

impl Country {
    /// Either case; `None` if it is no officially assigned code.
    pub fn parse(text: &str) -> Option<Country> {
        iso::country(text).map(Country)
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }

    pub fn codes() -> &'static [&'static str] {
        iso::COUNTRIES
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    pub amount: Decimal,
    pub currency: Currency,
}

impl Money {
    /// `12.34 USD`: a decimal, one space, a currency code in either case.
    pub fn parse(text: &str) -> Option<Money> {
        let (amount, currency) = text.split_once(' ')?;
        Some(Money { amount: Decimal::parse(amount)?, currency: Currency::parse(currency)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Option<i64> {
        Decimal::parse(text).map(|d| d.0)
    }

    #[test]
    fn reads_what_json_writes() {
        for (text, scaled) in [
            ("0", 0),
            ("-0", 0),
            ("5", 5_000_000),
            ("12.30", 12_300_000),
            ("-0.000001", -1),
            ("1e3", 1_000_000_000),
            ("1.5E+2", 150_000_000),
            ("25e-1", 2_500_000),
            ("0e999999999999999999999", 0),
            ("1e-999999999999999999999", 0),
            ("0.0000000000000000000000000000000000000000000000001e49", 1_000_000),
            ("9223372036854.775807", i64::MAX),
            ("-9223372036854.775808", i64::MIN),
        ] {
            assert_eq!(parsed(text), Some(scaled), "{text}");
        }
    }

    #[test]
    fn refuses_what_json_does_not_write() {
        for text in [
            "", "-", "+1", "01", "-01", ".5", "5.", "1.e3", "1e", "1e+", "1 ", " 1", "1_000", "0x1", "NaN",
            "1,5", "1.2.3", "--1", "١",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn out_of_range_is_no_decimal() {
        for text in ["9223372036854.775808", "-9223372036854.775809", "1e13", "1e400", "99999999999999999999"]
        {
            assert_eq!(parsed(text), None, "{text}");
        }
        // Rounding can carry a number over the edge.
        assert_eq!(parsed("9223372036854.7758075"), None);
        assert_eq!(parsed("9223372036854.7758074"), Some(i64::MAX));
    }

    #[test]
    fn rounds_half_even_at_the_seventh_digit() {
        for (text, scaled) in [
            ("0.0000005", 0),
            ("0.0000015", 2),
            ("0.0000025", 2),
            ("-0.0000015", -2),
            ("-0.0000025", -2),
            ("0.00000050000000000000000000000000000000000000000000000001", 1),
            ("0.00000250000000000000000000000000000000000000000000000001", 3),
            ("0.0000024999999999999999999999999999999999999999999999999", 2),
            ("1234567.1234565", 1_234_567_123_456),
            ("1234567.1234575", 1_234_567_123_458),
            ("15e-7", 2),
            ("5e-7", 0),
        ] {
            assert_eq!(parsed(text), Some(scaled), "{text}");
        }
    }

    #[test]
    fn shows_no_trailing_zeros() {
        for (scaled, text) in [
            (0, "0"),
            (5_000_000, "5"),
            (-1, "-0.000001"),
            (12_300_000, "12.3"),
            (-12_000_450, "-12.00045"),
            (i64::MIN, "-9223372036854.775808"),
            (i64::MAX, "9223372036854.775807"),
        ] {
            assert_eq!(Decimal(scaled).to_string(), text);
        }
        assert_eq!(Decimal(12_300_000).with_digits(2), "12.30");
        assert_eq!(Decimal(12_345_000).with_digits(2), "12.345");
        assert_eq!(Decimal(-5_000_000).with_digits(2), "-5.00");
    }

    #[test]
    fn rounds_to_fewer_digits() {
        assert_eq!(Decimal(2_500_000).round_to(0), Ok(Decimal(2_000_000)));
        assert_eq!(Decimal(-3_500_000).round_to(0), Ok(Decimal(-4_000_000)));
        assert_eq!(Decimal(1_234_567).round_to(2), Ok(Decimal(1_230_000)));
        assert_eq!(Decimal(1_234_567).round_to(6), Ok(Decimal(1_234_567)));
        assert_eq!(Decimal::MAX.round_to(5), Err(Unknown::Overflow));
    }

    #[test]
    fn half_even_division_over_all_small_numbers() {
        for n in -60i128..=60 {
            for d in (-12i128..=12).filter(|d| *d != 0) {
                let q = divide_half_even(n, d);
                let miss = (n - q * d).abs() * 2;
                assert!(miss < d.abs() || (miss == d.abs() && q % 2 == 0), "{n}/{d} = {q}");
            }
        }
    }

    #[test]
    fn codes_are_sorted_and_read_in_either_case() {
        for table in [Currency::codes(), Country::codes()] {
            assert!(table.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert_eq!(Country::codes().len(), 249);
        assert_eq!(Currency::parse("uSd"), Some(Currency(*b"USD")));
        assert_eq!(Country::parse("pl"), Some(Country(*b"PL")));
        for text in ["", "US", "USDX", "U D", "ÚSD", "XYZ", "HRK", "U\u{0}D", "[[["] {
            assert_eq!(Currency::parse(text), None, "{text}");
        }
        for text in ["", "P", "POL", "UK", "XX", "ZZ", "p ", "é"] {
            assert_eq!(Country::parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_pair_and_triple_of_letters_agrees_with_the_tables() {
        let letters = || b'A'..=b'Z';
        for a in letters() {
            for b in letters() {
                let pair = String::from_utf8(vec![a, b]).unwrap();
                assert_eq!(Country::parse(&pair).is_some(), Country::codes().contains(&&*pair));
                for c in letters() {
                    let triple = String::from_utf8(vec![a, b, c]).unwrap();
                    let listed = Currency::codes().binary_search(&&*triple).is_ok();
                    assert_eq!(Currency::parse(&triple).is_some(), listed, "{triple}");
                }
            }
        }
    }

    #[test]
    fn money_is_an_amount_and_a_code() {
        let usd = Currency(*b"USD");
        assert_eq!(Money::parse("12.34 usd"), Some(Money { amount: Decimal(12_340_000), currency: usd }));
        for text in ["12.34", "12.34  USD", "USD 12.34", "12.34USD", "12.34 USD ", "12.34 ABC"] {
            assert_eq!(Money::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn display_reads_back(scaled in any::<i64>()) {
            let decimal = Decimal(scaled);
            prop_assert_eq!(Decimal::parse(&decimal.to_string()), Some(decimal));
            let mut bytes = Vec::new();
            decimal.write(&mut bytes);
            prop_assert_eq!(bytes, decimal.to_string().into_bytes());
        }

        /// Both ways of reading agree, and a shifted point with an exponent means the same.
        #[test]
        fn exponents_shift_the_point(whole in 0u32..10_000, fraction in "[0-9]{1,12}", shift in 0usize..9) {
            let plain = format!("{whole}.{fraction}");
            let shifted = format!("{plain}e-{shift}");
            let zeros = "0".repeat(shift);
            let digits = format!("{zeros}{whole}");
            let (left, right) = digits.split_at(digits.len() - shift);
            let left = left.trim_start_matches('0');
            let left = if left.is_empty() { "0" } else { left };
            prop_assert_eq!(parsed(&shifted), parsed(&format!("{left}.{right}{fraction}")));
        }

        #[test]
        fn rounding_is_to_the_nearest(whole in 0i64..1_000_000, digits in 0u64..10_000_000_000) {
            let text = format!("{whole}.{digits:010}");
            let exact = i128::from(whole) * 10_000_000_000 + i128::from(digits);
            let miss = (i128::from(parsed(&text).unwrap()) * 10_000 - exact).abs();
            prop_assert!(miss <= 5_000);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+0-9.eE ]{0,30}") {
            let json = serde_json::from_str::<serde_json::Number>(&text).is_ok() && text.trim() == text;
            let ours = Decimal::parse(&text).is_some();
            // Whatever we read, JSON reads too; JSON reads more only where it is out of range.
            prop_assert!(!ours || json || text.contains(['e', 'E']));
            if json && !text.contains(['e', 'E']) && text.len() < 12 {
                prop_assert!(ours);
            }
        }
    }
}
