//! Values as people and the oracle see them. The executors have compact forms of their own.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::money::{Country, Currency, Decimal, Money};
use super::time::{Duration, Time};

/// A known value. Static types tell the rest: an entity, email or phone is a `Text` here (an entity with a
/// built-in base is a value of that base), an enum value is its index in the type.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    /// Never NaN or infinite.
    Float(f64),
    Text(Arc<str>),
    Time(Time),
    Duration(Duration),
    Money(Money),
    Country(Country),
    Currency(Currency),
    Ip(IpAddr),
    Cidr(IpNet),
    Enum(u16),
    Record(Arc<[Datum]>),
    List(Arc<[Datum]>),
}

/// A value, or why there is none. Missing data is a third answer, never a silent pass.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    Known(Value),
    /// A count that reached its cap: at least this much. A comparison that this settles is known.
    AtLeast(Value),
    Unknown(Unknown),
}

/// Why a value is unknown.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Unknown {
    /// Not told by the event, or not in the table.
    Missing = 1,
    Overflow = 2,
    DivisionByZero = 3,
    /// No exchange rate near enough to the date.
    NoRate = 4,
    /// A memory reached its cap of entries and the question needs those it dropped.
    Saturated = 5,
    /// The event came so late that entries its window needs are gone.
    TooLate = 6,
    /// There was no room for the key, and so its past is not known.
    Full = 7,
}

impl Unknown {
    /// In words, for *cannot say*; `None` for plainly missing.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Unknown::Missing => None,
            Unknown::Overflow => Some("overflow"),
            Unknown::DivisionByZero => Some("division by zero"),
            Unknown::NoRate => Some("no rate"),
            Unknown::Saturated => Some("saturated"),
            Unknown::TooLate => Some("too late"),
            Unknown::Full => Some("full"),
        }
    }
}

impl Datum {
    pub const MISSING: Datum = Datum::Unknown(Unknown::Missing);

    pub fn bool(value: bool) -> Datum {
        Datum::Known(Value::Bool(value))
    }

    pub fn known(&self) -> Option<&Value> {
        match self {
            Datum::Known(value) => Some(value),
            _ => None,
        }
    }

    /// Three-valued reading of a bool; `AtLeast` never holds a bool.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Datum::Known(Value::Bool(b)) => Some(*b),
            _ => None,
        }
    }
}

impl From<Result<Value, Unknown>> for Datum {
    fn from(result: Result<Value, Unknown>) -> Datum {
        match result {
            Ok(value) => Datum::Known(value),
            Err(unknown) => Datum::Unknown(unknown),
        }
    }
}
