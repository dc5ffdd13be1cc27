//! One cell or line as a value of a type.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::diag::nearest;
use crate::model::money::{Country, Currency, Decimal, Money};
use crate::model::scalars;
use crate::model::time::{Time, Zone};
use crate::model::types::Type;
use crate::model::value::Value;

/// Reads `text` as a value of `ty`. `Err` says what was expected, to stand after "expected": `a country code such
/// as PL`. A bare date is its midnight in `zone`.
pub fn parse_value(text: &str, ty: &Type, zone: &Zone) -> Result<Value, String> {
    let found = match ty {
        Type::Bool => match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        Type::Int => scalars::int(text).map(Value::Int),
        Type::Decimal => Decimal::parse(text).map(Value::Decimal),
        Type::Float => scalars::float(text).map(Value::Float),
        Type::Text => Some(Value::Text(text.into())),
        Type::Time => time(text, zone).map(Value::Time),
        Type::Duration => scalars::duration(text).map(Value::Duration),
        Type::Money(currency) => return money(text, *currency).map(Value::Money),
        Type::Country => return country(text).map(Value::Country),
        Type::Currency => return currency(text).map(Value::Currency),
        Type::Ip => return ip(text).map(Value::Ip),
        Type::Cidr => return cidr(text).map(Value::Cidr),
        Type::Email => scalars::is_email(text).then(|| Value::Text(text.into())),
        Type::Phone => {
            let mut phone = String::new();
            scalars::phone(text, &mut phone).then(|| Value::Text(phone.into()))
        }
        Type::Enum(values) => {
            return values.index_of(text).map(Value::Enum).ok_or_else(|| {
                let names: Vec<&str> = values.values.iter().map(|v| &**v).collect();
                format!("one of {}{}", names.join(", "), hint(text, names.iter().copied()))
            });
        }
        Type::Entity(entity) => match entity.base.representation() {
            // A blank id is missing data, never an entity of its own.
            Type::Text => (!text.trim().is_empty()).then(|| Value::Text(text.into())),
            base => return parse_value(text, base, zone),
        },
        Type::Record(_) | Type::List(_) => None,
    };
    found.ok_or_else(|| expected(ty))
}

/// What a value of the type looks like.
fn expected(ty: &Type) -> String {
    let text = match ty {
        Type::Bool => "`true` or `false`",
        Type::Int => "a whole number of at most 64 bits such as `42`",
        Type::Decimal => "a number such as `3.5`",
        Type::Float => "a finite number such as `3.5`",
        Type::Text => "a text",
        Type::Time => "a date such as `2026-11-11` or a time with an offset such as `2026-11-11T10:00:00Z`",
        Type::Duration => "a duration such as `90s`, `30m`, `24h`, `7d`",
        Type::Email => "an email address such as `ann@example.com`",
        Type::Phone => "a phone number such as `+48 600 100 200`",
        Type::Record(_) | Type::List(_) => "a plain value: records and lists can't stand in a data file",
        other => return format!("a value of type `{other}`"),
    };
    text.to_string()
}

fn hint<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(written, names).map_or(String::new(), |name| format!(" (did you mean `{name}`?)"))
}

fn time(text: &str, zone: &Zone) -> Option<Time> {
    Time::parse_rfc3339(text).or_else(|| Time::parse_date(text, zone))
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::parse(text).ok_or_else(|| {
        let near =
            if text.len() == 3 { String::new() } else { hint(text, Currency::codes().iter().copied()) };
        format!("a currency code of ISO 4217 such as `USD`{near}")
    })
}

/// Codes that people write and ISO 3166-1 does not have.
const COUNTRY_HABITS: [(&str, &str); 6] =
    [("UK", "GB"), ("EN", "GB"), ("EL", "GR"), ("SU", "RU"), ("YU", "RS"), ("USA", "US")];

fn country(text: &str) -> Result<Country, String> {
    Country::parse(text).ok_or_else(|| {
        let habit = COUNTRY_HABITS.iter().find(|(habit, _)| habit.eq_ignore_ascii_case(text));
        let near = habit.map_or(String::new(), |(_, iso)| format!(" (did you mean `{iso}`?)"));
        format!("a country code of two letters (ISO 3166-1) such as `PL`{near}")
    })
}

/// `12.34 USD`
fn money(text: &str, declared: Option<Currency>) -> Result<Money, String> {
    let example = declared.map_or("USD".to_string(), |c| c.to_string());
    let expected = || format!("an amount and its currency such as `12.34 {example}`");
    let (amount, code) = text.trim().rsplit_once(' ').ok_or_else(expected)?;
    let amount = Decimal::parse(amount.trim()).ok_or_else(expected)?;
    let currency = currency(code)?;
    if declared.is_some_and(|declared| declared != currency) {
        return Err(expected());
    }
    Ok(Money { amount, currency })
}

fn ip(text: &str) -> Result<IpAddr, String> {
    scalars::ip(text).ok_or_else(|| {
        let plain = "an address such as `203.0.113.7` or `2001:db8::1`";
        if text.parse::<IpNet>().is_ok() {
            format!("{plain}; to hold networks too, declare the type as `cidr`")
        } else {
            plain.to_string()
        }
    })
}

fn cidr(text: &str) -> Result<IpNet, String> {
    let net = match (text.parse::<IpNet>(), text.parse::<IpAddr>()) {
        (Ok(net), _) => net,
        (_, Ok(address)) => IpNet::from(address),
        _ => return Err("a network such as `203.0.113.0/24` or a single address".to_string()),
    };
    // `10.1.2.3/8` is either a wrong length or a wrong address: nobody can tell which.
    if net.trunc() == net {
        Ok(net)
    } else {
        Err(format!(
            "a network without bits after its prefix: `{}` or the single address `{}`",
            net.trunc(),
            net.addr()
        ))
    }
}
