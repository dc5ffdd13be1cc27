//! Decimals, money, and the ISO codes of currencies and countries.

use std::fmt;

use super::value::Unknown;

/// 64 bits with six fractional digits: `Decimal(1_500_000)` is 1.5.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(pub i64);

impl Decimal {
    pub const SCALE: i64 = 1_000_000;

    /// Out of range: overflow.
    pub fn from_int(value: i64) -> Result<Decimal, Unknown> {
        value.checked_mul(Decimal::SCALE).map(Decimal).ok_or(Unknown::Overflow)
    }

    /// Reads decimal text as JSON writes numbers (`-12.5`, `1e3`), never through a binary float; digits
    /// after the sixth are rounded half-even. `None` if it is no number or out of range.
    pub fn parse(text: &str) -> Option<Decimal> {
        let _ = text;
        todo!("model")
    }
}

/// Without trailing zeros: `12.3`, `-0.000001`, `5`.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!("model")
    }
}

/// An ISO 4217 code.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(pub [u8; 3]);

impl Currency {
    /// Either case; `None` if it is no current ISO 4217 code.
    pub fn parse(text: &str) -> Option<Currency> {
        let _ = text;
        todo!("model")
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Every code, for nearest names.
    pub fn codes() -> &'static [&'static str] {
        todo!("model")
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
        let _ = text;
        todo!("model")
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }

    pub fn codes() -> &'static [&'static str] {
        todo!("model")
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
