//! Every function, by name.

use super::{Builtin, BuiltinId};
use super::{abs, decimal, distance_km, email, hash, ip, money, rank, round, texts, time_parts};

/// In the order of the documentation. Places are not stable between versions.
pub static ALL: &[&Builtin] = &[
    &time_parts::HOUR,
    &time_parts::WEEKDAY,
    &time_parts::DATE,
    &time_parts::MONTH,
    &texts::LOWER,
    &texts::UPPER,
    &texts::TRIM,
    &texts::LENGTH,
    &email::DOMAIN,
    &email::CANONICAL,
    &ip::PREFIX,
    &ip::IS_PRIVATE,
    &distance_km::DISTANCE_KM,
    &money::AMOUNT,
    &money::CURRENCY,
    &abs::ABS,
    &rank::MIN,
    &rank::MAX,
    &rank::CLAMP,
    &round::ROUND,
    &round::FLOOR,
    &round::CEIL,
    &decimal::DECIMAL,
    &hash::HASH,
];

pub fn find(name: &str) -> Option<BuiltinId> {
    ALL.iter().position(|b| b.name == name).map(|i| BuiltinId(i as u16))
}

pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|b| b.name)
}
