use std::net::IpAddr;

use ipnet::IpNet;
use proptest::prelude::*;

use super::*;
use crate::model::money::{Country, Currency, Decimal, Money};
use crate::model::time::Duration;
use crate::model::value::Unknown;

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn net(text: &str) -> Value {
    Value::Cidr(text.parse().unwrap())
}

const NOW: Time = Time(1_000);

#[test]
fn lists_hold_until_their_end() {
    let mut list = ListData::new();
    list.insert(text("a"), None);
    list.insert(text("b"), Some(Time(2_000)));
    list.insert(text("c"), Some(Time(1_000)));
    assert_eq!(list.len(), 3);
    assert!(list.contains(&text("a"), NOW) && list.contains_text("a", NOW));
    assert!(list.contains_text("b", Time(1_999)));
    assert!(!list.contains_text("b", Time(2_000)));
    assert!(!list.contains_text("c", NOW));
    assert!(!list.contains_text("A", NOW));
    list.insert(text("c"), Some(Time(1_500)));
    list.insert(text("c"), Some(Time(1_200)));
    assert!(list.contains_text("c", Time(1_499)) && !list.contains_text("c", Time(1_500)));
    list.insert(text("b"), None);
    assert!(list.contains_text("b", Time(9_000)));
    assert_eq!(list.len(), 3);
}

#[test]
fn lists_of_anything_are_by_the_languages_equality() {
    let mut list = ListData::new();
    list.insert(Value::Int(2), None);
    list.insert(Value::Float(0.0), None);
    list.insert(Value::Country(Country(*b"PL")), None);
    list.insert(Value::Enum(3), None);
    assert!(list.contains(&Value::Decimal(Decimal(2_000_000)), NOW));
    assert!(!list.contains(&Value::Decimal(Decimal(2_000_001)), NOW));
    assert!(list.contains(&Value::Float(-0.0), NOW));
    assert!(list.contains(&Value::Country(Country(*b"PL")), NOW));
    assert!(!list.contains(&Value::Time(Time(2)), NOW));
    assert!(!list.contains(&Value::Enum(2), NOW));
    assert!(ListData::new().is_empty());
}

#[test]
fn addresses_are_found_in_networks() {
    let mut list = ListData::new();
    list.insert(net("10.0.0.0/8"), None);
    list.insert(net("192.0.2.128/25"), None);
    list.insert(Value::Ip(ip("198.51.100.7")), None);
    list.insert(net("2001:db8::/32"), None);
    for inside in
        ["10.0.0.0", "10.255.255.255", "192.0.2.200", "198.51.100.7", "2001:db8:1::1", "::ffff:10.1.1.1"]
    {
        assert!(list.contains_ip(ip(inside), NOW), "{inside}");
        assert!(list.contains(&Value::Ip(ip(inside)), NOW), "{inside}");
    }
    for outside in
        ["9.255.255.255", "11.0.0.0", "192.0.2.127", "198.51.100.6", "198.51.100.8", "2001:db9::1", "::1"]
    {
        assert!(!list.contains_ip(ip(outside), NOW), "{outside}");
    }
    // A network is in the list if it is one of the entries, host bits aside.
    assert!(list.contains(&net("10.9.9.9/8"), NOW));
    assert!(!list.contains(&net("10.0.0.0/9"), NOW));
}

#[test]
fn an_expired_prefix_leaves_the_answer_to_wider_ones() {
    let mut list = ListData::new();
    list.insert(net("10.0.0.0/8"), None);
    list.insert(net("10.1.0.0/16"), Some(Time(500)));
    list.insert(net("10.1.2.0/24"), Some(Time(500)));
    list.insert(net("172.16.0.0/12"), Some(Time(500)));
    assert!(list.contains_ip(ip("10.1.2.3"), NOW));
    assert!(list.contains_ip(ip("172.16.0.1"), Time(499)));
    assert!(!list.contains_ip(ip("172.16.0.1"), Time(500)));
}

#[test]
fn the_longest_prefix_wins() {
    let mut table = TableData::new();
    let country = |code: &str| Value::Country(Country::parse(code).unwrap());
    assert!(table.insert(&[net("0.0.0.0/0")], country("US")));
    assert!(table.insert(&[net("10.1.2.0/24")], country("PL")));
    assert!(table.insert(&[net("10.0.0.0/8")], country("CN")));
    assert!(table.insert(&[net("10.1.2.3/32")], country("DE")));
    assert!(!table.insert(&[net("10.7.0.0/8")], country("FR")), "the same network");
    assert_eq!(table.len(), 4);
    for (address, expected) in [
        ("10.1.2.3", "DE"),
        ("10.1.2.4", "PL"),
        ("10.1.3.4", "CN"),
        ("8.8.8.8", "US"),
        ("::ffff:10.1.2.4", "PL"),
    ] {
        assert_eq!(table.get(&[Value::Ip(ip(address))]), Some(&country(expected)), "{address}");
        assert_eq!(table.get_ip(ip(address)), Some(&country(expected)), "{address}");
    }
    assert_eq!(table.get_ip(ip("::1")), None);
}

#[test]
fn tables_with_several_keys() {
    let mut table = TableData::new();
    assert!(table.insert(&[text("a"), Value::Int(1)], Value::Int(10)));
    assert!(table.insert(&[text("a"), Value::Int(2)], Value::Int(20)));
    assert!(!table.insert(&[text("a"), Value::Int(2)], Value::Int(30)));
    assert_eq!(table.len(), 2);
    assert_eq!(table.get(&[text("a"), Value::Int(2)]), Some(&Value::Int(20)));
    assert_eq!(table.get(&[text("a"), Value::Int(3)]), None);
    assert_eq!(table.get(&[text("b"), Value::Int(1)]), None);
    // Too few or too many keys find nothing and change nothing.
    assert_eq!(table.get(&[text("a")]), None);
    assert_eq!(table.get(&[]), None);
    assert!(!table.insert(&[text("a"), Value::Int(1), Value::Int(1)], Value::Int(0)));
    assert!(!table.insert(&[], Value::Int(0)));
    assert_eq!(table.len(), 2);

    let mut one = TableData::new();
    one.insert(&[text("k")], Value::Bool(true));
    assert_eq!(one.get_text("k"), Some(&Value::Bool(true)));
    assert_eq!(one.get_text("l"), None);
}

#[test]
fn a_longer_prefix_without_the_other_key_does_not_hide_a_shorter_one() {
    let mut table = TableData::new();
    table.insert(&[net("10.0.0.0/8"), text("card")], Value::Int(1));
    table.insert(&[net("10.1.0.0/16"), text("cod")], Value::Int(2));
    let ask = |payment: &str| table.get(&[Value::Ip(ip("10.1.0.1")), text(payment)]);
    assert_eq!(ask("card"), Some(&Value::Int(1)));
    assert_eq!(ask("cod"), Some(&Value::Int(2)));
    assert_eq!(ask("wallet"), None);
}

#[test]
fn calendars_are_from_until() {
    let mut calendar = CalendarData::new();
    calendar.insert(vec![], Time(10), Time(20));
    calendar.insert(vec![], Time(30), Time(40));
    calendar.insert(vec![], Time(50), Time(50));
    calendar.insert(vec![text("p1")], Time(100), Time(110));
    let during = |at| calendar.during(&[], Time(at));
    assert!(
        !during(9) && during(10) && during(19) && !during(20) && !during(29) && during(39) && !during(50)
    );
    assert!(!during(100));
    assert!(calendar.during(&[text("p1")], Time(100)));
    assert!(!calendar.during(&[text("p2")], Time(100)));
}

fn rate(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

fn amount(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn day(text: &str) -> Time {
    Time::parse_rfc3339(&format!("{text}T00:00:00Z")).unwrap()
}

fn at(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

const USD: Currency = Currency(*b"USD");
const EUR: Currency = Currency(*b"EUR");
const PLN: Currency = Currency(*b"PLN");

fn week() -> RatesData {
    RatesData::new(Duration(7 * 86_400_000_000))
}

#[test]
fn the_latest_rate_not_too_old() {
    let mut rates = week();
    assert!(rates.insert(day("2026-11-01"), EUR, USD, rate("1.1")));
    assert!(rates.insert(day("2026-11-03"), EUR, USD, rate("1.2")));
    assert!(!rates.insert(day("2026-11-03"), EUR, USD, rate("1.3")), "twice");
    assert!(!rates.insert(day("2026-11-04"), EUR, USD, rate("0")), "no rate");
    assert!(!rates.insert(day("2026-11-04"), EUR, USD, rate("-1")), "no rate");
    assert_eq!(rates.len(), 2);
    let ask = |time: &str| rates.convert(amount("10 EUR"), USD, None, at(time));
    assert_eq!(ask("2026-10-31T23:59:59.999999Z"), Err(Unknown::NoRate));
    assert_eq!(ask("2026-11-01T00:00:00Z"), Ok(amount("11 USD")));
    assert_eq!(ask("2026-11-02T23:59:59Z"), Ok(amount("11 USD")));
    assert_eq!(ask("2026-11-03T00:00:00Z"), Ok(amount("12 USD")));
    // Seven days are counted from date to date.
    assert_eq!(ask("2026-11-10T23:59:59.999999Z"), Ok(amount("12 USD")));
    assert_eq!(ask("2026-11-11T00:00:00Z"), Err(Unknown::NoRate));
}

#[test]
fn a_pair_serves_both_directions() {
    let mut rates = week();
    rates.insert(day("2026-11-01"), EUR, USD, rate("1.6"));
    let noon = at("2026-11-01T12:00:00Z");
    assert_eq!(rates.convert(amount("8 USD"), EUR, None, noon), Ok(amount("5 EUR")));
    // Rounded half-even: 0.000001 / 1.6 is 0.000000625; 0.000004 / 1.6 is 0.0000025.
    assert_eq!(rates.convert(amount("0.000001 USD"), EUR, None, noon), Ok(amount("0.000001 EUR")));
    assert_eq!(rates.convert(amount("0.000004 USD"), EUR, None, noon), Ok(amount("0.000002 EUR")));
    assert_eq!(rates.convert(amount("-0.000004 USD"), EUR, None, noon), Ok(amount("-0.000002 EUR")));
    // The other direction told later is the latest; told for the same date, each direction has its own.
    rates.insert(day("2026-11-02"), USD, EUR, rate("0.5"));
    assert_eq!(rates.convert(amount("8 EUR"), USD, None, at("2026-11-02T12:00:00Z")), Ok(amount("16 USD")));
    rates.insert(day("2026-11-02"), EUR, USD, rate("1.5"));
    assert_eq!(rates.convert(amount("8 EUR"), USD, None, at("2026-11-02T12:00:00Z")), Ok(amount("12 USD")));
    assert_eq!(rates.convert(amount("8 USD"), EUR, None, at("2026-11-02T12:00:00Z")), Ok(amount("4 EUR")));
}

#[test]
fn without_a_pair_through_the_third() {
    let mut rates = week();
    let date = day("2026-11-01");
    rates.insert(date, EUR, USD, rate("1.5"));
    rates.insert(date, USD, PLN, rate("4"));
    assert_eq!(rates.convert(amount("10 EUR"), PLN, Some(USD), date), Ok(amount("60 PLN")));
    assert_eq!(rates.convert(amount("60 PLN"), EUR, Some(USD), date), Ok(amount("10 EUR")));
    // Rounded once: 0.000001 PLN is 0.00000025 USD, which would be nothing on the way.
    assert_eq!(rates.convert(amount("0.000004 PLN"), EUR, Some(USD), date), Ok(amount("0.000001 EUR")));
    assert_eq!(rates.convert(amount("10 EUR"), PLN, None, date), Err(Unknown::NoRate));
    assert_eq!(rates.convert(amount("10 EUR"), PLN, Some(PLN), date), Err(Unknown::NoRate));
    rates.insert(date, EUR, PLN, rate("5"));
    assert_eq!(rates.convert(amount("10 EUR"), PLN, Some(USD), date), Ok(amount("50 PLN")));
}

#[test]
fn conversion_is_total() {
    let mut rates = week();
    let date = day("2026-11-01");
    rates.insert(date, EUR, USD, Decimal::MAX);
    rates.insert(date, USD, PLN, Decimal::MAX);
    rates.insert(date, Currency(*b"JPY"), PLN, Decimal(1));
    let most = Money { amount: Decimal(i64::MIN), currency: EUR };
    assert_eq!(rates.convert(most, PLN, Some(USD), date), Err(Unknown::Overflow));
    let most = Money { amount: Decimal(i64::MIN), currency: PLN };
    assert_eq!(rates.convert(most, EUR, Some(USD), date), Ok(Money { amount: Decimal(0), currency: EUR }));
    assert_eq!(rates.convert(most, Currency(*b"JPY"), None, date), Err(Unknown::Overflow));
    assert_eq!(rates.convert(most, PLN, None, date), Ok(most));
}

proptest! {
    /// Against asking every network.
    #[test]
    fn longest_prefix_by_brute_force(
        nets in prop::collection::vec((any::<u32>(), 0u8..=32), 0..60),
        near in prop::collection::vec((any::<prop::sample::Index>(), any::<u32>(), 0u32..=32), 1..20),
    ) {
        // Few distinct bits, so that networks lie within one another.
        let nets: Vec<IpNet> = nets.iter().map(|(bits, len)| {
            let address = std::net::Ipv4Addr::from(bits & 0xc0c0_c0c0);
            IpNet::new(address.into(), *len).unwrap().trunc()
        }).collect();
        let mut table = TableData::new();
        let mut six = TableData::new();
        for (i, net) in nets.iter().enumerate() {
            table.insert(&[Value::Cidr(*net)], Value::Int(i as i64));
            let IpAddr::V4(v4) = net.addr() else { unreachable!() };
            let wide = IpNet::new(IpAddr::V6(u128::from(v4.to_bits()).wrapping_shl(96).into()), net.prefix_len()).unwrap();
            six.insert(&[Value::Cidr(wide)], Value::Int(i as i64));
        }
        for (index, noise, shift) in near {
            let base = if nets.is_empty() { 0 } else {
                let IpAddr::V4(v4) = index.get(&nets).addr() else { unreachable!() };
                v4.to_bits()
            };
            let bits = base ^ noise.checked_shr(shift).unwrap_or(0);
            let address = IpAddr::V4(bits.into());
            let longest = nets.iter().filter(|n| n.contains(&address)).max_by_key(|n| n.prefix_len());
            let expected = longest.map(|n| nets.iter().position(|m| m == n).unwrap() as i64);
            let found = |value: Option<&Value>| match value { Some(Value::Int(i)) => Some(*i), _ => None };
            prop_assert_eq!(found(table.get_ip(address)), expected);
            let wide = IpAddr::V6((u128::from(bits) << 96 | 7).into());
            prop_assert_eq!(found(six.get_ip(wide)), expected);
        }
    }

    #[test]
    fn calendars_by_brute_force(rows in prop::collection::vec((0i64..60, 0i64..20), 0..15)) {
        let mut calendar = CalendarData::new();
        for (from, length) in &rows {
            calendar.insert(vec![], Time(*from), Time(from + length));
        }
        for at in -1..90 {
            let expected = rows.iter().any(|(from, length)| (*from..from + length).contains(&at));
            prop_assert_eq!(calendar.during(&[], Time(at)), expected, "{}", at);
        }
    }
}
