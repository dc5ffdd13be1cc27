//! Values as bytes. Their type says how they are written, so that none can be read as one of another type.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;

use super::{Bytes, Fault, Out};
use crate::model::money::{Country, Currency, Decimal, Money};
use crate::model::time::Duration;
use crate::model::types::{Ty, Type};
use crate::model::value::{Datum, Unknown, Value};

pub fn write_value(out: &mut Out, value: &Value) {
    match value {
        Value::Bool(value) => out.flag(*value),
        Value::Int(number) => out.i64(*number),
        Value::Decimal(Decimal(number)) => out.i64(*number),
        Value::Float(number) => out.u64(number.to_bits()),
        Value::Text(text) => out.text(text),
        Value::Time(time) => out.time(*time),
        Value::Duration(Duration(micros)) => out.i64(*micros),
        Value::Money(money) => {
            out.i64(money.amount.0);
            out.0.extend_from_slice(&money.currency.0);
        }
        Value::Country(country) => out.0.extend_from_slice(&country.0),
        Value::Currency(currency) => out.0.extend_from_slice(&currency.0),
        Value::Ip(ip) => write_ip(out, *ip),
        Value::Cidr(net) => {
            write_ip(out, net.addr());
            out.u8(net.prefix_len());
        }
        Value::Enum(place) => out.len(usize::from(*place)),
        Value::Record(parts) | Value::List(parts) => out.list(parts, write_datum),
    }
}

pub fn write_datum(out: &mut Out, datum: &Datum) {
    match datum {
        Datum::Known(value) => {
            out.u8(0);
            write_value(out, value);
        }
        Datum::AtLeast(value) => {
            out.u8(u8::MAX);
            write_value(out, value);
        }
        Datum::Unknown(why) => out.u8(*why as u8),
    }
}

fn write_ip(out: &mut Out, ip: IpAddr) {
    out.flag(ip.is_ipv4());
    match ip {
        IpAddr::V4(ip) => out.u32(ip.to_bits()),
        IpAddr::V6(ip) => out.u128(ip.to_bits()),
    }
}

/// A value of this type.
pub fn read_value(bytes: &mut Bytes<'_>, ty: &Type) -> Result<Value, Fault> {
    Ok(match ty.representation() {
        Type::Bool => Value::Bool(bytes.flag()?),
        Type::Int => Value::Int(bytes.i64()?),
        Type::Decimal => Value::Decimal(Decimal(bytes.i64()?)),
        Type::Float => {
            let number = f64::from_bits(bytes.u64()?);
            if !number.is_finite() {
                return Err(Fault::of("a float is not finite"));
            }
            Value::Float(number)
        }
        Type::Text | Type::Email | Type::Phone => Value::Text(Arc::from(bytes.text()?)),
        Type::Time => Value::Time(bytes.time()?),
        Type::Duration => Value::Duration(Duration(bytes.i64()?)),
        Type::Money(own) => {
            let amount = Decimal(bytes.i64()?);
            let currency = read_currency(bytes)?;
            if own.is_some_and(|own| own != currency) {
                return Err(Fault::of(format!(
                    "an amount is in {currency}, not in the currency of its type"
                )));
            }
            Value::Money(Money { amount, currency })
        }
        Type::Country => {
            let code = bytes.take(2)?;
            let known = std::str::from_utf8(code).ok().and_then(Country::parse);
            Value::Country(known.ok_or_else(|| Fault::of("a country is none"))?)
        }
        Type::Currency => Value::Currency(read_currency(bytes)?),
        Type::Ip => Value::Ip(read_ip(bytes)?),
        Type::Cidr => {
            let (ip, prefix) = (read_ip(bytes)?, bytes.u8()?);
            Value::Cidr(IpNet::new(ip, prefix).map_err(|_| Fault::of("a network is none"))?)
        }
        Type::Enum(known) => match u16::try_from(bytes.len()?) {
            Ok(place) if usize::from(place) < known.values.len() => Value::Enum(place),
            _ => return Err(Fault::of("a value of an enum is none of its values")),
        },
        Type::Record(record) => {
            let mut fields = record.fields.iter();
            let mut each = |bytes: &mut Bytes<'_>| match fields.next() {
                Some(field) => read_datum(bytes, &field.ty),
                None => Err(Fault::of("a record has too many fields")),
            };
            let parts = bytes.list(&mut each)?;
            if parts.len() < record.fields.len() {
                return Err(Fault::of("a record has too few fields"));
            }
            Value::Record(parts.into())
        }
        Type::List(element) => Value::List(bytes.list(|bytes| read_datum(bytes, element))?.into()),
        Type::Entity(_) => return Err(Fault::of("an entity has no values of its own")),
    })
}

/// A value of this type, or why there is none.
pub fn read_datum(bytes: &mut Bytes<'_>, ty: &Ty) -> Result<Datum, Fault> {
    Ok(match bytes.u8()? {
        0 => Datum::Known(read_value(bytes, &ty.base)?),
        1 => Datum::Unknown(Unknown::Missing),
        2 => Datum::Unknown(Unknown::Overflow),
        3 => Datum::Unknown(Unknown::DivisionByZero),
        4 => Datum::Unknown(Unknown::NoRate),
        5 => Datum::Unknown(Unknown::Saturated),
        6 => Datum::Unknown(Unknown::TooLate),
        u8::MAX if ty.base == Type::Int => Datum::AtLeast(read_value(bytes, &ty.base)?),
        other => return Err(Fault::of(format!("{other} says neither a value nor why there is none"))),
    })
}

fn read_currency(bytes: &mut Bytes<'_>) -> Result<Currency, Fault> {
    let code = bytes.take(3)?;
    let known = std::str::from_utf8(code).ok().and_then(Currency::parse);
    known.ok_or_else(|| Fault::of("a currency is none"))
}

fn read_ip(bytes: &mut Bytes<'_>) -> Result<IpAddr, Fault> {
    Ok(match bytes.flag()? {
        true => IpAddr::V4(Ipv4Addr::from_bits(bytes.u32()?)),
        false => IpAddr::V6(Ipv6Addr::from_bits(bytes.u128()?)),
    })
}
