use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;
use crate::model::data::RatesData;
use crate::model::money::{Currency, Decimal, Money};
use crate::model::time::{Duration, Time};

const USD: Currency = Currency(*b"USD");

/// Calls a function the way an executor does, in a ruleset of Warsaw.
fn call(name: &str, arguments: &[Value]) -> Result<Value, Unknown> {
    let zone = Zone::parse("Europe/Warsaw").unwrap();
    let mut rates = RatesData::new(Duration(7 * 86_400_000_000));
    rates.insert(Time(0), Currency(*b"EUR"), USD, Decimal::parse("1.25").unwrap());
    let money = MoneyContext { rates: Some(&rates), currency: Some(USD), at: Time(0) };
    let context = Context { zone: &zone, money, hash_key: DEFAULT_HASH_KEY };
    let function = registry::find(name).unwrap_or_else(|| panic!("no `{name}`")).get();
    (function.call)(arguments, &context)
}

fn signature(name: &str, arguments: &[Type]) -> Result<Signature, String> {
    (registry::find(name).unwrap().get().signature)(arguments)
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn dec(text: &str) -> Value {
    Value::Decimal(Decimal::parse(text).unwrap())
}

fn money(text: &str) -> Value {
    Value::Money(Money::parse(text).unwrap())
}

fn at(text: &str) -> Value {
    Value::Time(Time::parse_rfc3339(text).unwrap())
}

fn ip(text: &str) -> Value {
    Value::Ip(text.parse().unwrap())
}

#[test]
fn the_registry_is_complete_and_documented() {
    let names: Vec<&str> = registry::names().collect();
    for name in [
        "hour",
        "weekday",
        "date",
        "month",
        "lower",
        "upper",
        "trim",
        "length",
        "domain",
        "canonical",
        "prefix",
        "is_private",
        "distance_km",
        "amount",
        "currency",
        "abs",
        "min",
        "max",
        "round",
        "floor",
        "ceil",
        "clamp",
        "hash",
        "decimal",
    ] {
        assert!(names.contains(&name), "{name}");
    }
    let mut sorted = names.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), names.len(), "a name twice");
    for builtin in registry::ALL {
        assert!(builtin.usage.starts_with(&format!("{}(", builtin.name)), "{}", builtin.name);
        assert!(!builtin.examples.is_empty() && builtin.doc.ends_with('.'), "{}", builtin.name);
        assert!(builtin.examples.iter().all(|(expression, _)| expression.contains(builtin.name)));
        assert!((builtin.signature)(&[]).is_err(), "{} takes no arguments?", builtin.name);
    }
    assert_eq!(registry::find("hours"), None);
}

#[test]
fn parts_of_a_time_in_the_rulesets_zone_or_another() {
    let t = at("2026-11-11T23:30:00Z");
    assert_eq!(call("hour", std::slice::from_ref(&t)), Ok(Value::Int(0)));
    assert_eq!(call("hour", &[t.clone(), text("Asia/Shanghai")]), Ok(Value::Int(7)));
    assert_eq!(call("weekday", std::slice::from_ref(&t)), Ok(Value::Enum(3)));
    assert_eq!(call("weekday", &[t.clone(), text("UTC")]), Ok(Value::Enum(2)));
    assert_eq!(call("date", std::slice::from_ref(&t)), Ok(at("2026-11-11T23:00:00Z")));
    assert_eq!(call("date", &[t.clone(), text("UTC")]), Ok(at("2026-11-11T00:00:00Z")));
    assert_eq!(call("month", &[at("2026-12-31T23:30:00Z")]), Ok(Value::Int(1)));
    assert_eq!(call("month", &[t, text("Nowhere/City")]), Err(Unknown::Missing));
    let Type::Enum(days) = signature("weekday", &[Type::Time]).unwrap().result else { panic!() };
    assert_eq!((days.index_of("mon"), days.index_of("sun")), (Some(0), Some(6)));
}

#[test]
fn texts() {
    assert_eq!(call("lower", &[text("ŁÓDŹ Kot")]), Ok(text("łódź kot")));
    assert_eq!(call("upper", &[text("straße")]), Ok(text("STRASSE")));
    assert_eq!(call("trim", &[text("\u{3000} a b\t\n")]), Ok(text("a b")));
    assert_eq!(call("length", &[text("zażółć 微信")]), Ok(Value::Int(9)));
    assert_eq!(signature("length", &[Type::Email]).unwrap().parameters, [Type::Email]);
    assert_eq!(
        signature("lower", &[Type::Int]).unwrap().parameters,
        [Type::Text],
        "the checker says why not"
    );
}

#[test]
fn emails() {
    for (email, canonical, domain) in [
        ("Jo.Doe+Shop@GoogleMail.com", "jodoe@gmail.com", "googlemail.com"),
        ("j.o.d.o.e@gmail.com", "jodoe@gmail.com", "gmail.com"),
        ("Jo.Doe+shop@Example.com", "jo.doe@example.com", "example.com"),
        ("+tag@example.com", "+tag@example.com", "example.com"),
        ("a+b+c@example.com", "a@example.com", "example.com"),
        ("\"a@b\"@example.com", "\"a@b\"@example.com", "example.com"),
        ("x@mail.gmail.com", "x@mail.gmail.com", "mail.gmail.com"),
        ("no at sign", "no at sign", ""),
    ] {
        assert_eq!(call("canonical", &[text(email)]), Ok(text(canonical)), "{email}");
        assert_eq!(call("canonical", &[text(canonical)]), Ok(text(canonical)), "{email} twice");
        assert_eq!(call("domain", &[text(email)]), Ok(text(domain)), "{email}");
    }
}

#[test]
fn prefixes() {
    let net = |text: &str| Ok(Value::Cidr(text.parse().unwrap()));
    assert_eq!(call("prefix", &[ip("192.0.2.77"), Value::Int(24)]), net("192.0.2.0/24"));
    assert_eq!(call("prefix", &[ip("192.0.2.77"), Value::Int(0)]), net("0.0.0.0/0"));
    assert_eq!(call("prefix", &[ip("192.0.2.77"), Value::Int(64)]), net("192.0.2.77/32"));
    assert_eq!(call("prefix", &[ip("::ffff:192.0.2.77"), Value::Int(24)]), net("192.0.2.0/24"));
    assert_eq!(call("prefix", &[ip("2001:db8::1"), Value::Int(32)]), net("2001:db8::/32"));
    assert_eq!(call("prefix", &[ip("2001:db8::1"), Value::Int(i64::MAX)]), net("2001:db8::1/128"));
    assert_eq!(call("prefix", &[ip("2001:db8::1"), Value::Int(-1)]), Err(Unknown::Overflow));
}

/// The first and last address of each range and their outer neighbours.
#[test]
fn private_addresses_at_every_edge() {
    let ranges_v4 = [
        ("0.0.0.0", "0.255.255.255"),
        ("10.0.0.0", "10.255.255.255"),
        ("100.64.0.0", "100.127.255.255"),
        ("127.0.0.0", "127.255.255.255"),
        ("169.254.0.0", "169.254.255.255"),
        ("172.16.0.0", "172.31.255.255"),
        ("192.0.0.0", "192.0.0.8"),
        ("192.0.0.11", "192.0.0.255"),
        ("192.0.2.0", "192.0.2.255"),
        ("192.168.0.0", "192.168.255.255"),
        ("198.18.0.0", "198.19.255.255"),
        ("198.51.100.0", "198.51.100.255"),
        ("203.0.113.0", "203.0.113.255"),
        ("240.0.0.0", "255.255.255.255"),
    ];
    let private = |ip: IpAddr| call("is_private", &[Value::Ip(ip)]) == Ok(Value::Bool(true));
    for (first, last) in ranges_v4 {
        let [first, last] = [first, last].map(|a| a.parse::<Ipv4Addr>().unwrap().to_bits());
        for (bits, expected) in [
            (first.checked_sub(1), false),
            (Some(first), true),
            (Some(first / 2 + last / 2), true),
            (Some(last), true),
            (last.checked_add(1), false),
        ] {
            let Some(bits) = bits else { continue };
            let ip = Ipv4Addr::from(bits);
            assert_eq!(private(ip.into()), expected, "{ip}");
            assert_eq!(private(ip.to_ipv6_mapped().into()), expected, "{ip} as IPv6");
        }
    }
    for (ip, expected) in [
        ("::", true),
        ("::1", true),
        ("::2", false),
        ("64:ff9b::1", false),
        ("64:ff9b:1::1", true),
        ("100::1", true),
        ("100:0:0:1::", true),
        ("100:0:0:2::", false),
        ("2001::1", true),
        ("2001:1::1", false),
        ("2001:1::4", true),
        ("2001:2::1", true),
        ("2001:3::1", false),
        ("2001:4:112::1", false),
        ("2001:10::1", true),
        ("2001:20::1", false),
        ("2001:30::1", false),
        ("2001:200::", false),
        ("2001:db8::1", true),
        ("2001:db9::1", false),
        ("2002::1", false),
        ("2606:4700::1111", false),
        ("3fff:fff:ffff::1", true),
        ("3fff:1000::", false),
        ("5f00::1", true),
        ("fbff::1", false),
        ("fc00::1", true),
        ("fdff::1", true),
        ("fe80::1", true),
        ("fec0::1", false),
        ("ff02::1", false),
    ] {
        assert_eq!(private(ip.parse::<Ipv6Addr>().unwrap().into()), expected, "{ip}");
    }
}

#[test]
fn distances() {
    let km = |a: &str, b: &str, c: &str, d: &str| match call("distance_km", &[dec(a), dec(b), dec(c), dec(d)])
    {
        Ok(Value::Float(km)) => km,
        other => panic!("{other:?}"),
    };
    // Computed once in double precision by the same formula elsewhere.
    assert!((km("52.2297", "21.0122", "50.0647", "19.945") - 251.976_577_915_218_7).abs() < 1e-9);
    assert!((km("40.7128", "-74.006", "51.5074", "-0.1278") - 5_570.222_179_737_958).abs() < 1e-9);
    assert!((km("-33.8688", "151.2093", "35.6762", "139.6503") - 7_825.818_616_516_158).abs() < 1e-9);
    assert_eq!(km("10", "20", "10", "20"), 0.0);
    assert!((km("0", "0", "0", "180") - 20_015.086_796_020_572).abs() < 1e-9);
    assert!((km("90", "0", "-90", "77") - 20_015.086_796_020_572).abs() < 1e-9);
    let mixed = [Value::Int(0), Value::Float(0.0), dec("0"), Value::Int(180)];
    assert_eq!(call("distance_km", &mixed), Ok(Value::Float(km("0", "0", "0", "180"))));
    let beyond = [dec("90.000001"), dec("0"), dec("0"), dec("0")];
    assert_eq!(call("distance_km", &beyond), Err(Unknown::Missing));
    let far = [Value::Float(0.0), Value::Float(f64::MAX), Value::Float(0.0), Value::Float(-f64::MAX)];
    assert_eq!(call("distance_km", &far), Err(Unknown::Missing));
}

#[test]
fn halves_of_money_and_sizes() {
    assert_eq!(call("amount", &[money("12.5 USD")]), Ok(dec("12.5")));
    assert_eq!(call("currency", &[money("12.5 USD")]), Ok(Value::Currency(USD)));
    assert_eq!(call("abs", &[Value::Int(-3)]), Ok(Value::Int(3)));
    assert_eq!(call("abs", &[Value::Int(i64::MIN)]), Err(Unknown::Overflow));
    assert_eq!(call("abs", &[money("-3 USD")]), Ok(money("3 USD")));
    assert_eq!(call("abs", &[Value::Duration(Duration(-3))]), Ok(Value::Duration(Duration(3))));
    assert!(signature("abs", &[Type::Float]).unwrap_err().contains("decimal("));
}

#[test]
fn least_greatest_and_between() {
    assert_eq!(call("min", &[Value::Int(3), Value::Int(1), Value::Int(2)]), Ok(Value::Int(1)));
    assert_eq!(call("max", &[dec("1.5"), dec("2")]), Ok(dec("2")));
    assert_eq!(call("max", &[dec("1.5"), Value::Int(2)]), Ok(dec("2")), "always a decimal");
    assert_eq!(call("max", &[money("4.5 EUR"), money("5 USD")]), Ok(money("4.5 EUR")));
    assert_eq!(call("min", &[money("4 EUR"), money("5 USD")]), Ok(money("4 EUR")), "equal: the first");
    assert_eq!(call("min", &[money("4 PLN"), money("5 USD")]), Err(Unknown::NoRate));
    for (value, expected) in [(-1, 0), (0, 0), (5, 5), (10, 10), (11, 10)] {
        let arguments = [Value::Int(value), Value::Int(0), Value::Int(10)];
        assert_eq!(call("clamp", &arguments), Ok(Value::Int(expected)));
    }
    let types = |arguments: &[Type]| signature("min", arguments).unwrap();
    assert_eq!(types(&[Type::Int, Type::Int]).result, Type::Int);
    assert_eq!(types(&[Type::Int, Type::Decimal]).parameters, [Type::Decimal, Type::Decimal]);
    assert_eq!(types(&[Type::Int, Type::Float]).result, Type::Float);
    assert_eq!(types(&[Type::Text, Type::Time]).parameters, [Type::Time, Type::Time]);
    assert_eq!(types(&[Type::Money(Some(USD)), Type::Money(Some(USD))]).result, Type::Money(Some(USD)));
    assert_eq!(types(&[Type::Money(Some(USD)), Type::Money(None)]).result, Type::Money(None));
    for wrong in [&[Type::Int][..], &[Type::Text, Type::Text], &[Type::Bool, Type::Bool]] {
        assert!(signature("max", wrong).is_err(), "{wrong:?}");
    }
    assert!(signature("clamp", &[Type::Int, Type::Int]).is_err());
}

#[test]
fn rounding() {
    for (number, round, floor, ceil) in [
        ("2.5", 2, 2, 3),
        ("3.5", 4, 3, 4),
        ("-2.5", -2, -3, -2),
        ("-3.5", -4, -4, -3),
        ("2.500001", 3, 2, 3),
        ("-0.1", 0, -1, 0),
        ("7", 7, 7, 7),
        ("9223372036854.775807", 9_223_372_036_855, 9_223_372_036_854, 9_223_372_036_855),
    ] {
        for (name, expected) in [("round", round), ("floor", floor), ("ceil", ceil)] {
            assert_eq!(call(name, &[dec(number)]), Ok(Value::Int(expected)), "{name} {number}");
        }
    }
    let digits = |number: Value, digits: i64| call("round", &[number, Value::Int(digits)]);
    assert_eq!(digits(dec("2.345"), 2), Ok(dec("2.34")));
    assert_eq!(digits(dec("2.355"), 2), Ok(dec("2.36")));
    assert_eq!(digits(dec("2.355"), 9), Ok(dec("2.355")));
    assert_eq!(digits(dec("2.355"), i64::MIN), Ok(dec("0")));
    assert_eq!(digits(Value::Int(1250), -2), Ok(dec("1200")));
    assert_eq!(digits(Value::Int(i64::MAX), 2), Err(Unknown::Overflow));
    assert_eq!(digits(money("12.345 USD"), 1), Ok(money("12.3 USD")));
    assert_eq!(call("round", &[money("12.5 USD")]), Ok(money("12 USD")));
    assert_eq!(call("ceil", &[money("9223372036854.7 USD")]), Err(Unknown::Overflow));
    assert_eq!(call("floor", &[Value::Int(5)]), Ok(Value::Int(5)));
    assert_eq!(signature("round", &[Type::Decimal]).unwrap().result, Type::Int);
    assert_eq!(signature("round", &[Type::Decimal, Type::Int]).unwrap().result, Type::Decimal);
    assert_eq!(signature("round", &[Type::Money(None), Type::Int]).unwrap().result, Type::Money(None));
    assert!(signature("floor", &[Type::Float]).is_err());
    assert!(signature("floor", &[Type::Decimal, Type::Int]).is_err());
}

#[test]
fn decimals_and_hashes() {
    assert_eq!(call("decimal", &[Value::Float(0.1)]), Ok(dec("0.1")));
    assert_eq!(call("decimal", &[Value::Int(7)]), Ok(dec("7")));
    assert_eq!(call("decimal", &[Value::Float(1e13)]), Err(Unknown::Overflow));
    // By another implementation of HMAC-SHA-256.
    let hashed = call("hash", &[text("4111111111111111")]);
    assert_eq!(hashed, Ok(text("99d8cdb89d90d692fd0490f1ec0c9893")));
    assert_eq!(hash_text(b"", ""), "b613679a0814d9ec772f95d778c35fc5");
    assert_eq!(hash_text(&[b'k'; 100], "zażółć"), "0e6789f404d2e2f64ace4f2266c4bf5e");
    assert_eq!(short_hash(DEFAULT_HASH_KEY, "4111111111111111"), "#99d8cdb89d");
}

/// Whatever the types, a signature's own parameters are accepted again and a call with ill-typed values gives no
/// answer rather than a panic.
#[test]
fn signatures_settle_and_calls_are_total() {
    let types = [
        Type::Bool,
        Type::Int,
        Type::Decimal,
        Type::Float,
        Type::Text,
        Type::Time,
        Type::Duration,
        Type::Money(None),
        Type::Ip,
        Type::Email,
    ];
    let values = [Value::Bool(true), Value::Int(-7), text(""), dec("-1.5"), Value::Float(-1e300), ip("::1")];
    for builtin in registry::ALL {
        for count in 0..=4 {
            for a in &types {
                for b in &types {
                    let arguments: Vec<Type> = [a, b, a, b].into_iter().take(count).cloned().collect();
                    if let Ok(signature) = (builtin.signature)(&arguments) {
                        assert_eq!(signature.parameters.len(), count, "{}", builtin.name);
                        let again = (builtin.signature)(&signature.parameters);
                        assert_eq!(again.as_ref(), Ok(&signature), "{}", builtin.name);
                    }
                }
            }
            for a in &values {
                for b in &values {
                    let arguments: Vec<Value> = [a, b, a, b].into_iter().take(count).cloned().collect();
                    let _ = call(builtin.name, &arguments);
                }
            }
        }
    }
}
