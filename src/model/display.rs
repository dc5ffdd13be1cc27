//! How a value reads in a text for people.

use std::fmt::Write;

use super::money::{Decimal, Money};
use super::time::Zone;
use super::types::{Ty, Type};
use super::value::{Datum, Value};

/// Decimals with at most four fractional digits, money `12.30 USD` (at least two), durations in their two largest units, times in the
/// zone to the second, enum values by name, a saturated count `10000 or more`, unknown `?`. Lists: `a, b`.
pub fn text(value: &Datum, ty: &Type, zone: &Zone) -> String {
    let mut out = String::new();
    write_datum(value, ty, zone, &mut out);
    out
}

fn write_datum(datum: &Datum, ty: &Type, zone: &Zone, out: &mut String) {
    match datum {
        Datum::Known(value) => write_value(value, ty.representation(), zone, out),
        Datum::AtLeast(value) => {
            write_value(value, ty.representation(), zone, out);
            out.push_str(" or more");
        }
        Datum::Unknown(_) => out.push('?'),
    }
}

fn write_value(value: &Value, ty: &Type, zone: &Zone, out: &mut String) {
    // Writing to a `String` can't fail.
    let mut plain = |shown: std::fmt::Arguments<'_>| {
        let _ = out.write_fmt(shown);
    };
    match value {
        Value::Bool(b) => plain(format_args!("{b}")),
        Value::Int(i) => plain(format_args!("{i}")),
        Value::Decimal(d) => out.push_str(&decimal(*d)),
        Value::Float(x) => out.push_str(&float(*x)),
        Value::Text(text) => out.push_str(text),
        Value::Time(t) => out.push_str(&t.display_local(zone)),
        Value::Duration(d) => plain(format_args!("{d}")),
        Value::Money(m) => out.push_str(&money(*m)),
        Value::Country(c) => out.push_str(c.as_str()),
        Value::Currency(c) => out.push_str(c.as_str()),
        Value::Ip(ip) => plain(format_args!("{ip}")),
        Value::Cidr(net) => plain(format_args!("{net}")),
        Value::Enum(index) => match ty {
            Type::Enum(e) => out.push_str(e.values.get(usize::from(*index)).map_or("?", |name| name)),
            _ => out.push('?'),
        },
        Value::Record(fields) => {
            let Type::Record(record) = ty else { return out.push('?') };
            let named = record.fields.iter().map(|f| (Some(&*f.name), &f.ty));
            write_parts(fields, named, zone, out);
        }
        Value::List(items) => {
            let Type::List(element) = ty else { return out.push('?') };
            write_parts(items, std::iter::repeat((None, &**element)), zone, out);
        }
    }
}

/// `a, b` of a list, `sku: a, quantity: 2` of a record.
fn write_parts<'a>(
    parts: &[Datum],
    types: impl Iterator<Item = (Option<&'a str>, &'a Ty)>,
    zone: &Zone,
    out: &mut String,
) {
    for (i, (part, (name, ty))) in parts.iter().zip(types).enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        if let Some(name) = name {
            out.push_str(name);
            out.push_str(": ");
        }
        write_datum(part, &ty.base, zone, out);
    }
}

/// Rounded half-even; the number itself where that would leave the range.
fn decimal(value: Decimal) -> String {
    value.round_to(4).unwrap_or(value).to_string()
}

fn money(value: Money) -> String {
    let amount = value.amount.round_to(4).unwrap_or(value.amount);
    format!("{} {}", amount.with_digits(2), value.currency)
}

/// Like a decimal; beyond 15 digits, where the digits would be noise, as `1.5e20`.
fn float(value: f64) -> String {
    if value.abs() >= 1e15 {
        return format!("{value:e}");
    }
    let fixed = format!("{value:.4}");
    let trimmed = fixed.trim_end_matches('0').trim_end_matches('.');
    if trimmed == "-0" { "0".to_string() } else { trimmed.to_string() }
}

/// `{x as %}`: 0.125 reads `12.5%`; at most two fractional digits.
pub fn percent(value: &Datum) -> String {
    let known = |value: &Value| match value {
        Value::Int(i) => format!("{}%", i128::from(*i) * 100),
        Value::Decimal(d) => {
            // Rounded to four digits, the number is hundredths of a percent.
            let hundredths = d.round_to(4).unwrap_or(*d).0 / 100;
            let sign = if hundredths < 0 { "-" } else { "" };
            let (whole, rest) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
            let digits = format!("{sign}{whole}.{rest:02}");
            format!("{}%", digits.trim_end_matches('0').trim_end_matches('.'))
        }
        Value::Float(x) => {
            let digits = format!("{:.2}", x * 100.0);
            let trimmed = digits.trim_end_matches('0').trim_end_matches('.');
            format!("{}%", if trimmed == "-0" { "0" } else { trimmed })
        }
        _ => "?".to_string(),
    };
    match value {
        Datum::Known(value) => known(value),
        Datum::AtLeast(value) => format!("{} or more", known(value)),
        Datum::Unknown(_) => "?".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::money::{Country, Currency};
    use crate::model::time::{Duration, Time};
    use crate::model::types::{EnumType, RecordField, RecordType};
    use crate::model::value::Unknown;

    fn shown(value: Value, ty: Type) -> String {
        text(&Datum::Known(value), &ty, &Zone::utc())
    }

    fn amount(scaled: i64) -> String {
        let money = Money { amount: Decimal(scaled), currency: Currency(*b"USD") };
        shown(Value::Money(money), Type::Money(None))
    }

    #[test]
    fn numbers_and_amounts() {
        let dec = |scaled| shown(Value::Decimal(Decimal(scaled)), Type::Decimal);
        assert_eq!(dec(12_345_678), "12.3457");
        assert_eq!(dec(12_345_650), "12.3456");
        assert_eq!(dec(12_345_750), "12.3458");
        assert_eq!(dec(12_000_000), "12");
        assert_eq!(dec(-50), "0");
        assert_eq!(dec(i64::MAX), "9223372036854.7758");
        assert_eq!(dec(i64::MIN), "-9223372036854.7758");
        assert_eq!(amount(12_300_000), "12.30 USD");
        assert_eq!(amount(-5_000_000), "-5.00 USD");
        assert_eq!(amount(12_345_600), "12.3456 USD");
        assert_eq!(amount(12_345_670), "12.3457 USD");
        let float = |x| shown(Value::Float(x), Type::Float);
        assert_eq!(float(0.1 + 0.2), "0.3");
        assert_eq!(float(7342.123456), "7342.1235");
        assert_eq!(float(-0.00001), "0");
        assert_eq!(float(1.5e20), "1.5e20");
    }

    #[test]
    fn times_in_the_zone_and_durations_in_two_units() {
        let t = Datum::Known(Value::Time(Time::parse_rfc3339("2026-11-11T10:00:00.5Z").unwrap()));
        let shanghai = Zone::parse("Asia/Shanghai").unwrap();
        assert_eq!(text(&t, &Type::Time, &shanghai), "2026-11-11 18:00:00");
        assert_eq!(shown(Value::Duration(Duration(183_600_000_000)), Type::Duration), "2d 3h");
    }

    #[test]
    fn names_parts_and_what_is_missing() {
        let payment = Type::Enum(Arc::new(EnumType { values: vec!["card".into(), "other".into()] }));
        assert_eq!(shown(Value::Enum(1), payment), "other");
        assert_eq!(shown(Value::Country(Country(*b"PL")), Type::Country), "PL");
        let item = Type::Record(Arc::new(RecordType {
            fields: vec![
                RecordField { name: "sku".into(), ty: Type::Text.required() },
                RecordField { name: "price".into(), ty: Type::Decimal.optional() },
            ],
        }));
        let record = Value::Record([Datum::Known(Value::Text("a".into())), Datum::MISSING].into());
        assert_eq!(shown(record, item), "sku: a, price: ?");
        let list = Value::List([Datum::Known(Value::Int(1)), Datum::Known(Value::Int(2))].into());
        assert_eq!(shown(list, Type::List(Arc::new(Type::Int.required()))), "1, 2");
        assert_eq!(text(&Datum::Unknown(Unknown::Overflow), &Type::Int, &Zone::utc()), "?");
        assert_eq!(text(&Datum::AtLeast(Value::Int(10_000)), &Type::Int, &Zone::utc()), "10000 or more");
    }

    #[test]
    fn percents() {
        let dec = |scaled| percent(&Datum::Known(Value::Decimal(Decimal(scaled))));
        assert_eq!(dec(125_000), "12.5%");
        assert_eq!(dec(123_450), "12.34%");
        assert_eq!(dec(1_000_000), "100%");
        assert_eq!(dec(-333_333), "-33.33%");
        assert_eq!(dec(1), "0%");
        assert_eq!(percent(&Datum::Known(Value::Int(2))), "200%");
        assert_eq!(percent(&Datum::Known(Value::Float(0.5))), "50%");
        assert_eq!(percent(&Datum::MISSING), "?");
    }
}
