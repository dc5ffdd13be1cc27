//! `distance_km`

use super::{Builtin, ILL_TYPED, fixed};
use crate::model::money::Decimal;
use crate::model::ops::decimal_to_float;
use crate::model::types::Type;
use crate::model::value::{Unknown, Value};

pub(super) static DISTANCE_KM: Builtin = Builtin {
    name: "distance_km",
    usage: "distance_km(latitude, longitude, latitude, longitude)",
    doc: "The distance between two places on a sphere of radius 6371 km, in kilometres; the places are given in \
          degrees. A latitude beyond 90 degrees is no place: the answer is unknown.",
    examples: &[
        ("distance_km(52.2297, 21.0122, 50.0647, 19.945)", "251.9766"),
        ("distance_km(0, 0, 0, 180) > 20000", "true"),
    ],
    signature: |arguments| {
        let parameters = (0..4).map(|i| match arguments.get(i) {
            Some(number @ (Type::Int | Type::Decimal)) => number.clone(),
            _ => Type::Float,
        });
        fixed(arguments, parameters, Type::Float)
    },
    call: |arguments, _| match arguments {
        [lat1, lon1, lat2, lon2] => {
            distance(degrees(lat1)?, degrees(lon1)?, degrees(lat2)?, degrees(lon2)?).map(Value::Float)
        }
        _ => Err(ILL_TYPED),
    },
    reveals: false,
};

fn degrees(value: &Value) -> Result<f64, Unknown> {
    match value {
        Value::Int(i) => Ok(*i as f64),
        Value::Decimal(Decimal(scaled)) => Ok(decimal_to_float(*scaled)),
        Value::Float(x) => Ok(*x),
        _ => Err(ILL_TYPED),
    }
}

/// The haversine formula through one library in Rust: the bits don't depend on the machine's own.
fn distance(lat1: f64, lon1: f64, lat2: f64, lon2: f64) -> Result<f64, Unknown> {
    const RADIUS: f64 = 6371.0;
    if lat1.abs() > 90.0 || lat2.abs() > 90.0 {
        return Err(Unknown::Missing);
    }
    let half_sine = |degrees: f64| libm::sin(degrees.to_radians() / 2.0);
    let (north, east) = (half_sine(lat2 - lat1), half_sine(lon2 - lon1));
    let cosines = libm::cos(lat1.to_radians()) * libm::cos(lat2.to_radians());
    let haversine = north * north + cosines * east * east;
    // Rounding may carry it a little over 1, where the arc sine has no value.
    let distance = 2.0 * RADIUS * libm::asin(libm::sqrt(haversine.clamp(0.0, 1.0)));
    if distance.is_finite() { Ok(distance) } else { Err(Unknown::Missing) }
}
