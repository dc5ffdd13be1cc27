use std::sync::Arc;

use super::*;
use crate::diag::render::{Format, render};
use crate::model::money::{Currency, Decimal, Money};
use crate::model::time::Duration;
use crate::model::types::{EntityType, EnumType};
use crate::model::{data::CalendarData, ids::EntityId};

fn zone() -> Zone {
    Zone::parse("Asia/Shanghai").unwrap()
}

fn read<T>(text: &str, read: impl FnOnce(SourceId, &SourceMap, &mut Diagnostics) -> T) -> (T, String) {
    let mut sources = SourceMap::default();
    let id = sources.add("f", text);
    let mut out = Diagnostics::new();
    let data = read(id, &sources, &mut out);
    (data, render(&out, &sources, Format::Plain, false))
}

fn read_list(text: &str, ty: &Type) -> (ListData, String) {
    read(text, |id, sources, out| list(id, ty, &zone(), sources, out))
}

fn text(value: &str) -> Value {
    Value::Text(value.into())
}

fn day(text: &str) -> Time {
    Time::parse_date(text, &zone()).unwrap()
}

#[test]
fn each_type_is_read_as_in_events() {
    let read = |text: &str, ty: &Type| parse_value(text, ty, &zone());
    let enumeration = Type::Enum(Arc::new(EnumType { values: vec!["card".into(), "wallet".into()] }));
    let buyer = |base| Type::Entity(Arc::new(EntityType { id: EntityId(0), name: "buyer".into(), base }));
    let usd = Currency::parse("USD").unwrap();
    let good = [
        ("true", Type::Bool, Value::Bool(true)),
        ("-7", Type::Int, Value::Int(-7)),
        ("3.5", Type::Decimal, Value::Decimal(Decimal(3_500_000))),
        ("1e3", Type::Float, Value::Float(1000.0)),
        ("a b", Type::Text, text("a b")),
        ("", Type::Text, text("")),
        ("2026-11-11", Type::Time, Value::Time(Time::parse_rfc3339("2026-11-10T16:00:00Z").unwrap())),
        ("90s", Type::Duration, Value::Duration(Duration(90_000_000))),
        ("12.34 usd", Type::Money(None), Value::Money(Money { amount: Decimal(12_340_000), currency: usd })),
        ("::ffff:1.2.3.4", Type::Ip, Value::Ip("1.2.3.4".parse().unwrap())),
        ("10.0.0.0/8", Type::Cidr, Value::Cidr("10.0.0.0/8".parse().unwrap())),
        ("10.0.0.1", Type::Cidr, Value::Cidr("10.0.0.1/32".parse().unwrap())),
        ("ann@example.com", Type::Email, text("ann@example.com")),
        ("0048 (22) 123-45", Type::Phone, text("+482212345")),
        ("wallet", enumeration.clone(), Value::Enum(1)),
        ("7", buyer(Type::Text), text("7")),
        ("7", buyer(Type::Int), Value::Int(7)),
    ];
    for (written, ty, value) in good {
        assert_eq!(read(written, &ty), Ok(value), "{written} as {ty}");
    }
    let bad = [
        ("yes", Type::Bool),
        ("+7", Type::Int),
        ("7.0", Type::Int),
        ("9223372036854775808", Type::Int),
        ("NaN", Type::Float),
        ("2026-13-01", Type::Time),
        ("1.5h", Type::Duration),
        ("12.34", Type::Money(None)),
        ("12.34 EUR", Type::Money(Some(usd))),
        ("Poland", Type::Country),
        ("dollars", Type::Currency),
        ("10.0.0.0/8", Type::Ip),
        ("10.0.0.1/8", Type::Cidr),
        ("ann@", Type::Email),
        ("ann", Type::Phone),
        ("cash", enumeration),
        (" ", buyer(Type::Text)),
    ];
    for (written, ty) in bad {
        let expected = read(written, &ty).expect_err(written);
        assert!(!expected.is_empty() && !expected.ends_with('.'), "{expected}");
    }
    assert!(read("UK", &Type::Country).unwrap_err().contains("`GB`"));
    assert!(read("10.1.2.3/8", &Type::Cidr).unwrap_err().contains("`10.0.0.0/8`"));
}

#[test]
fn a_list_takes_values_comments_and_ends() {
    let (list, findings) = read_list(
        "\u{feff}# comment\nCN\r\n\n  PL  # home\nDE\tuntil=2026-12-31 owner=Ann from risk\n",
        &Type::Country,
    );
    assert_eq!(findings, "");
    assert_eq!(list.len(), 3);
    let country = |code| parse_value(code, &Type::Country, &zone()).unwrap();
    let end = day("2026-12-31");
    assert!(list.contains(&country("CN"), end) && list.contains(&country("PL"), end));
    assert!(list.contains(&country("DE"), Time(end.0 - 1)) && !list.contains(&country("DE"), end));
    // A number sign inside of a word is no comment.
    let (list, _) = read_list("a#b\n", &Type::Text);
    assert!(list.contains_text("a#b", end));
}

#[test]
fn broken_list_lines_have_their_place_and_the_rest_is_read() {
    let (list, findings) = read_list(
        "CN\nPoland\nPL\tuntill=2026-12-31\nDE\tuntil=tomorrow\nFR until=2026-12-31\nCN\nUS\tnote\n",
        &Type::Country,
    );
    assert_eq!(list.len(), 4);
    insta::assert_snapshot!(findings, @r"
f:2:1: error[E0501 data_value]: the entry `Poland` can't be read
    help: write a country code of two letters (ISO 3166-1) such as `PL`, or take the line out
f:3:4: error[E0506 list_attribute]: `untill` can't stand after a list entry
    help: did you mean `until`?
f:4:4: error[E0501 data_value]: the end `tomorrow` can't be read
    help: write a date such as `2026-11-11` or a time with an offset such as `2026-11-11T10:00:00Z`, or take the line out
f:5:3: error[E0506 list_attribute]: a tab is missing before this
    help: separate the value from what follows by a tab, not by blanks
f:6:1: warning[W0618 duplicate_entry]: `CN` is in this list twice
    f:1:1: first here
    help: take one of the two lines out
f:7:4: error[E0506 list_attribute]: `note` can't stand after a list entry
    help: after the tab may stand `until=2026-12-31` and `owner=NAME`; a comment begins with `#`
");
}

#[test]
fn a_wrong_file_is_not_told_line_by_line() {
    let (_, findings) = read_list(&"no country\n".repeat(1000), &Type::Country);
    assert_eq!(findings.matches("error[").count(), MOST_FINDINGS + 1);
    assert!(findings.contains("`f` has 980 more such findings"), "{findings}");
}

#[test]
fn a_table_answers_and_its_broken_rows_are_told() {
    let keys = [Type::Cidr];
    let (data, findings) = read(
        "10.0.0.0/8,PL\n10.1.0.0/16,\"DE\"\n# note\n10.0.0.0/8,CN\n1.2.3.4\nx,PL\n8.8.8.0/24,US,3\n9.9.9.0/24,\"U\"S\n",
        |id, sources, out| table(id, &keys, &Type::Country, &zone(), sources, out),
    );
    assert_eq!(data.len(), 2);
    let found = data.get_ip("10.1.2.3".parse().unwrap()).unwrap();
    assert_eq!(*found, parse_value("DE", &Type::Country, &zone()).unwrap());
    insta::assert_snapshot!(findings, @r#"
f:4:1: error[E0505 duplicate_key]: the key `10.0.0.0/8` is given twice
    f:1:1: first here
    help: keep the one that is right
f:5:1: error[E0502 data_columns]: this row has 1 cell where 2 belong
    help: separate cells by commas; a cell that holds a comma stands in quotes
f:6:1: error[E0501 data_value]: the key `x` can't be read
    help: write a network such as `203.0.113.0/24` or a single address, or take the line out
f:7:1: error[E0502 data_columns]: this row has 3 cells where 2 belong
    help: separate cells by commas; a cell that holds a comma stands in quotes
f:8:15: error[E0504 data_quote]: text after the closing quote of a cell
    help: put a comma before it, or write a quote inside quotes twice: `"a ""b"""`
"#);
}

fn read_calendar(text: &str, keys: &[Type]) -> (CalendarData, String) {
    read(text, |id, sources, out| calendar(id, keys, &zone(), sources, out))
}

#[test]
fn calendar_rows_are_in_their_own_zone() {
    let (data, findings) = read_calendar(
        "name,from,until,timezone,key\na,2026-11-11,2026-11-12,Europe/Warsaw,p1\n\
         b,2026-11-11T08:00:00,2026-11-11T10:00:00Z,,p2\n",
        &[Type::Text],
    );
    assert_eq!(findings, "");
    let at = |text| Time::parse_rfc3339(text).unwrap();
    assert!(data.during(&[text("p1")], at("2026-11-10T23:00:00Z")));
    assert!(!data.during(&[text("p1")], at("2026-11-10T22:59:59Z")));
    assert!(!data.during(&[text("p1")], at("2026-11-11T23:00:00Z")));
    assert!(data.during(&[text("p2")], at("2026-11-11T00:00:00Z")));
}

#[test]
fn broken_calendars_are_told() {
    let (_, findings) = read_calendar(
        "name,from,until,timezone\na,2026-11-12,2026-11-11,\nb,soon,2026-11-11,UTC\nc,2026-11-11,2026-11-12,Mars/North\n",
        &[],
    );
    insta::assert_snapshot!(findings, @r"
f:2:14: error[E0507 calendar_order]: this row ends at `2026-11-11`, not after it began
    f:2:3: begins here
    help: `until` is exclusive: for the whole of one day write the next day
f:3:3: error[E0501 data_value]: the time `soon` can't be read
    help: write a date such as `2026-11-11` or a time such as `2026-11-11T10:00:00`, or take the line out
f:4:25: error[E0501 data_value]: the time zone `Mars/North` can't be read
    help: write a zone such as `Europe/Warsaw`, or take the line out
");
    for wrong in
        ["", "name,until,from,timezone\n", "name,from,until,timezone,key\n", "a,2026-11-11,2026-11-12,UTC\n"]
    {
        let (_, findings) = read_calendar(wrong, &[]);
        assert!(findings.contains("E0503") && findings.matches("error[").count() == 1, "{wrong}: {findings}");
    }
}

#[test]
fn rates_serve_from_their_day_in_the_zone_of_the_ruleset() {
    let (data, findings) = read(
        "date,from,to,rate\n2026-11-11,USD,PLN,4.0\n2026-11-12,USD,PLN,0\n2026-11-11,PLN,USD,0.25\n2026-11-13,USD,USD,1\nx,EUR,Y,1\n",
        |id, sources, out| rates(id, Duration(7 * 86_400_000_000), &zone(), sources, out),
    );
    let usd = |amount| Money { amount: Decimal(amount), currency: Currency::parse("USD").unwrap() };
    let pln = Currency::parse("PLN").unwrap();
    let start = day("2026-11-11");
    assert_eq!(data.convert(usd(1_000_000), pln, None, start).unwrap().amount, Decimal(4_000_000));
    assert!(data.convert(usd(1_000_000), pln, None, Time(start.0 - 1)).is_err());
    insta::assert_snapshot!(findings, @r"
f:3:20: error[E0501 data_value]: the rate `0` can't be read
    help: write a number above zero such as `4.05`, or take the line out
f:4:1: error[E0505 duplicate_key]: the rate of PLN and USD on this date is given twice
    f:2:1: first here
    help: keep the one that is right
f:5:16: error[E0501 data_value]: the pair `USD` can't be read
    help: write two different currencies, or take the line out
f:6:1: error[E0501 data_value]: the date `x` can't be read
    help: write a date such as `2026-11-11`, or take the line out
f:6:7: error[E0501 data_value]: the currency `Y` can't be read
    help: write a currency code of ISO 4217 such as `USD`, or take the line out
");
}
