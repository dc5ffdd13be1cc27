//! How a value reads in a text for people.

use super::time::Zone;
use super::types::Type;
use super::value::Datum;

/// Decimals with at most four fractional digits, money `12.30 USD` (at least two), durations in their two largest units, times in the
/// zone to the second, enum values by name, a saturated count `10000 or more`, unknown `?`. Lists: `a, b`.
pub fn text(value: &Datum, ty: &Type, zone: &Zone) -> String {
    let _ = (value, ty, zone);
    todo!("model")
}

/// `{x as %}`: 0.125 reads `12.5%`; at most two fractional digits.
pub fn percent(value: &Datum) -> String {
    let _ = value;
    todo!("model")
}
