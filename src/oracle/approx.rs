//! `approx distinct` and `approx percentile`, from all the values.

use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;

use super::*;
use crate::model::slot::{pack_country, pack_currency};

/// Up to so many different values are told exactly.
const EXACT: usize = 256;
const REGISTERS: f64 = 4096.0;

impl Oracle {
    /// The answer for what is told from sketches; `None` for everything else.
    pub(super) fn approximate(&self, function: AggregateFn, values: &[Value], t: Time) -> Option<Datum> {
        match function {
            AggregateFn::Distinct => Some(Datum::Known(Value::Int(self.estimate(values)))),
            AggregateFn::Percentile(rank) => Some(match self.percentile(rank.percent(), values, t) {
                Datum::Known(exact) => Datum::Known(coarse(exact)),
                unknown => unknown,
            }),
            _ => None,
        }
    }

    /// How many of the values differ. Beyond 256 that is the estimate of Ertl (2017) from 4096 registers: the first
    /// 12 bits of a hash choose one, and it keeps the largest number of zeros that any of its hashes goes on with,
    /// plus one.
    fn estimate(&self, values: &[Value]) -> i64 {
        let mut hashes: Vec<u64> = values.iter().map(|value| self.hash(value)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        if hashes.len() <= EXACT {
            return hashes.len() as i64;
        }
        let mut registers: HashMap<u64, i32> = HashMap::new();
        for hash in hashes {
            let zeros = (0..52).take_while(|bit| hash >> (51 - bit) & 1 == 0).count() as i32;
            let register = registers.entry(hash >> 52).or_default();
            *register = (*register).max(zeros + 1);
        }
        let filled: f64 = registers.values().map(|zeros| 2f64.powi(-zeros)).sum();
        // Beside them the empty ones: x + x² + 2 x⁴ + 4 x⁸ + … of their share x.
        let mut power = 1.0 - registers.len() as f64 / REGISTERS;
        let mut empty = power;
        let mut factor = 1.0;
        while power > 1e-30 {
            power *= power;
            empty += power * factor;
            factor *= 2.0;
        }
        let estimate = REGISTERS * REGISTERS / (2.0 * std::f64::consts::LN_2 * (filled + REGISTERS * empty));
        (estimate.round() as i64).max(EXACT as i64 + 1)
    }

    /// The first half of SipHash-1-3 (128 bits) of the value's bytes, under a key made of the host's secret.
    fn hash(&self, value: &Value) -> u64 {
        let digest = Sha256::new().chain_update(b"rulec keys of memories\0").chain_update(&self.hash_key);
        let mut key = [0; 16];
        key.iter_mut().zip(digest.finalize()).for_each(|(to, from)| *to = from);
        let mut hasher = SipHasher13::new_with_key(&key);
        hasher.write(&bytes(value));
        hasher.finish128().h1
    }
}

/// What a value is told from others by.
fn bytes(value: &Value) -> Vec<u8> {
    let address = |ip: std::net::IpAddr| match ip {
        std::net::IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits().to_le_bytes().to_vec(),
        std::net::IpAddr::V6(ip) => ip.to_bits().to_le_bytes().to_vec(),
    };
    let number = |number: i64| number.to_le_bytes().to_vec();
    match value {
        Value::Bool(truth) => number(i64::from(*truth)),
        Value::Int(whole) => number(*whole),
        Value::Decimal(decimal) => number(decimal.0),
        Value::Time(time) => number(time.0),
        Value::Duration(duration) => number(duration.0),
        Value::Country(country) => pack_country(*country).to_le_bytes().to_vec(),
        Value::Currency(currency) => u64::from(pack_currency(*currency)).to_le_bytes().to_vec(),
        Value::Enum(index) => number(i64::from(*index)),
        Value::Money(money) => {
            [number(money.amount.0), pack_currency(money.currency).to_le_bytes().to_vec()].concat()
        }
        Value::Text(text) => [number(text.len() as i64), text.as_bytes().to_vec()].concat(),
        Value::Ip(ip) => address(*ip),
        Value::Cidr(net) => {
            [address(net.network()), vec![net.prefix_len(), u8::from(net.addr().is_ipv4())]].concat()
        }
        // Can't be told apart.
        Value::Float(_) | Value::Record(_) | Value::List(_) => Vec::new(),
    }
}

/// The value of which the first seven binary digits are known, and half of what comes after them.
fn coarse(value: Value) -> Value {
    match value {
        Value::Int(whole) => Value::Int(coarse_whole(whole)),
        Value::Decimal(decimal) => Value::Decimal(Decimal(coarse_whole(decimal.0))),
        Value::Duration(duration) => Value::Duration(Duration(coarse_whole(duration.0))),
        Value::Money(money) => Value::Money(Money { amount: Decimal(coarse_whole(money.amount.0)), ..money }),
        // The first digit of a float is not written: sign and exponent, then 52 digits. Next to nothing is 0.
        Value::Float(float) => match float.abs().to_bits() >> 46 {
            0 => Value::Float(0.0),
            kept => Value::Float(f64::from_bits(kept << 46 | 1 << 45).copysign(float)),
        },
        other => other,
    }
}

fn coarse_whole(whole: i64) -> i64 {
    let size = i128::from(whole).abs();
    let unit = (0..64).map(|digits| 1i128 << digits).find(|unit| size / unit < 128).unwrap_or(1);
    let middle = size / unit * unit + unit / 2;
    let middle = if whole < 0 { -middle } else { middle };
    middle.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}
