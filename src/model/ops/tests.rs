use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::model::money::Country;

const USD: Currency = Currency(*b"USD");
const EUR: Currency = Currency(*b"EUR");
const GBP: Currency = Currency(*b"GBP");

fn plain() -> MoneyContext<'static> {
    MoneyContext { rates: None, currency: None, at: Time(0) }
}

fn int(value: i64) -> Datum {
    Datum::Known(Value::Int(value))
}

fn dec(text: &str) -> Datum {
    Datum::Known(Value::Decimal(Decimal::parse(text).unwrap()))
}

fn money(text: &str) -> Datum {
    Datum::Known(Value::Money(Money::parse(text).unwrap()))
}

fn text(text: &str) -> Datum {
    Datum::Known(Value::Text(text.into()))
}

fn at_least(value: i64) -> Datum {
    Datum::AtLeast(Value::Int(value))
}

fn duration(micros: i64) -> Datum {
    Datum::Known(Value::Duration(Duration(micros)))
}

fn time(micros: i64) -> Datum {
    Datum::Known(Value::Time(Time(micros)))
}

const fn unknown(why: Unknown) -> Datum {
    Datum::Unknown(why)
}

const YES: Datum = Datum::Known(Value::Bool(true));
const NO: Datum = Datum::Known(Value::Bool(false));
const OVERFLOW: Datum = unknown(Unknown::Overflow);
const ZERO: Datum = unknown(Unknown::DivisionByZero);
const SATURATED: Datum = unknown(Unknown::Saturated);
const NO_RATE: Datum = unknown(Unknown::NoRate);

fn calc(op: BinaryOp, left: Datum, right: Datum) -> Datum {
    binary(op, &left, &right, &plain())
}

fn test(op: CompareOp, left: Datum, right: Datum) -> Datum {
    compare(op, &left, &right, &plain())
}

#[test]
fn ints_are_total() {
    use BinaryOp::*;
    assert_eq!(calc(AddInt, int(2), int(3)), int(5));
    assert_eq!(calc(AddInt, int(i64::MAX), int(1)), OVERFLOW);
    assert_eq!(calc(SubtractInt, int(i64::MIN), int(1)), OVERFLOW);
    assert_eq!(calc(MultiplyInt, int(i64::MIN), int(-1)), OVERFLOW);
    assert_eq!(calc(RemainderInt, int(-7), int(3)), int(-1));
    assert_eq!(calc(RemainderInt, int(7), int(-3)), int(1));
    assert_eq!(calc(RemainderInt, int(7), int(0)), ZERO);
    assert_eq!(calc(RemainderInt, int(i64::MIN), int(-1)), int(0));
    assert_eq!(unary(UnaryOp::NegateInt, &int(i64::MIN)), OVERFLOW);
    assert_eq!(unary(UnaryOp::IntToDecimal, &int(i64::MAX)), OVERFLOW);
}

#[test]
fn quotients_and_products_round_half_even() {
    use BinaryOp::*;
    assert_eq!(calc(DivideDecimal, int(1), int(3)), dec("0.333333"));
    assert_eq!(calc(DivideDecimal, int(2), int(3)), dec("0.666667"));
    assert_eq!(calc(DivideDecimal, int(-2), int(3)), dec("-0.666667"));
    assert_eq!(calc(DivideDecimal, int(1), int(2_000_000)), dec("0"));
    assert_eq!(calc(DivideDecimal, int(3), int(2_000_000)), dec("0.000002"));
    assert_eq!(calc(DivideDecimal, dec("0.000005"), int(10)), dec("0"));
    assert_eq!(calc(DivideDecimal, dec("0.000015"), int(10)), dec("0.000002"));
    assert_eq!(calc(DivideDecimal, int(7), dec("0.000001")), dec("7000000"));
    assert_eq!(calc(DivideDecimal, int(i64::MAX), dec("0.000001")), OVERFLOW);
    assert_eq!(calc(DivideDecimal, int(i64::MAX), int(i64::MAX)), dec("1"));
    assert_eq!(calc(DivideDecimal, int(i64::MAX), int(1)), OVERFLOW);
    assert_eq!(calc(DivideDecimal, int(1), int(0)), ZERO);
    assert_eq!(calc(DivideDecimal, dec("0"), dec("0")), ZERO);
    assert_eq!(calc(MultiplyDecimal, dec("0.0005"), dec("0.001")), dec("0"));
    assert_eq!(calc(MultiplyDecimal, dec("0.0015"), dec("0.001")), dec("0.000002"));
    assert_eq!(calc(MultiplyDecimal, dec("-0.0015"), dec("0.001")), dec("-0.000002"));
    assert_eq!(calc(MultiplyDecimal, int(4), dec("2.5")), dec("10"));
    assert_eq!(calc(MultiplyDecimal, int(i64::MAX), dec("0.000001")), dec("9223372036854.775807"));
    assert_eq!(calc(MultiplyDecimal, int(i64::MAX), int(1)), OVERFLOW);
}

#[test]
fn ints_meet_decimals_exactly() {
    use BinaryOp::*;
    assert_eq!(calc(AddDecimal, int(1), dec("0.5")), dec("1.5"));
    // The int alone would be out of a decimal's range; the sum is not.
    assert_eq!(calc(SubtractDecimal, int(9_223_372_036_855), dec("1")), dec("9223372036854"));
    assert_eq!(calc(RemainderDecimal, int(7), dec("2.5")), dec("2"));
    assert_eq!(calc(RemainderDecimal, dec("-7.5"), int(2)), dec("-1.5"));
    assert_eq!(calc(RemainderDecimal, int(i64::MAX), dec("0.4")), dec("0.2"));
    assert_eq!(calc(RemainderDecimal, dec("1"), dec("0")), ZERO);
    assert_eq!(test(CompareOp::Equal, int(2), dec("2.0")), YES);
    assert_eq!(test(CompareOp::Less, dec("9223372036854.775807"), int(i64::MAX)), YES);
    assert_eq!(test(CompareOp::Greater, int(1), dec("1.000001")), NO);
}

#[test]
fn times_and_durations() {
    use BinaryOp::*;
    assert_eq!(calc(SubtractTime, time(5), time(8)), duration(-3));
    assert_eq!(calc(AddTimeDuration, time(5), duration(8)), time(13));
    assert_eq!(calc(AddTimeDuration, time(Time::MAX.0), duration(1)), OVERFLOW);
    assert_eq!(calc(SubtractTimeDuration, time(Time::MIN.0), duration(1)), OVERFLOW);
    assert_eq!(calc(AddTimeDuration, time(Time::MAX.0), duration(i64::MAX)), OVERFLOW);
    assert_eq!(calc(MultiplyDuration, duration(3), dec("0.5")), duration(2));
    assert_eq!(calc(MultiplyDuration, duration(5), dec("0.5")), duration(2));
    assert_eq!(calc(MultiplyDuration, duration(90), int(3)), duration(270));
    assert_eq!(calc(DivideDuration, duration(5), int(2)), duration(2));
    assert_eq!(calc(DivideDuration, duration(7), dec("0.5")), duration(14));
    assert_eq!(calc(DivideDuration, duration(7), int(0)), ZERO);
    assert_eq!(calc(DivideDurationDuration, duration(90), duration(60)), dec("1.5"));
    assert_eq!(calc(SubtractDuration, duration(i64::MIN), duration(1)), OVERFLOW);
}

fn rates() -> RatesData {
    let mut rates = RatesData::new(Duration(7 * 86_400_000_000));
    assert!(rates.insert(Time(0), EUR, USD, Decimal::parse("1.25").unwrap()));
    assert!(rates.insert(Time(0), USD, GBP, Decimal::parse("0.8").unwrap()));
    rates
}

#[test]
fn money_of_one_currency_needs_no_rates() {
    use BinaryOp::*;
    assert_eq!(calc(AddMoney, money("1.5 EUR"), money("2 EUR")), money("3.5 EUR"));
    assert_eq!(calc(MultiplyMoney, money("0.000005 EUR"), dec("0.5")), money("0.000002 EUR"));
    assert_eq!(calc(DivideMoney, money("10 EUR"), int(3)), money("3.333333 EUR"));
    assert_eq!(calc(DivideMoneyMoney, money("10 EUR"), money("4 EUR")), dec("2.5"));
    assert_eq!(calc(DivideMoneyMoney, money("10 EUR"), money("0 EUR")), ZERO);
    assert_eq!(calc(AddMoney, money("9223372036854 EUR"), money("1 EUR")), OVERFLOW);
    assert_eq!(test(CompareOp::Less, money("1 EUR"), money("2 EUR")), YES);
}

#[test]
fn money_of_different_currencies_goes_through_the_rulesets() {
    use BinaryOp::*;
    let rates = rates();
    let context = MoneyContext { rates: Some(&rates), currency: Some(USD), at: Time(0) };
    let sum = binary(AddMoney, &money("4 EUR"), &money("4 GBP"), &context);
    assert_eq!(sum, money("10 USD"));
    assert_eq!(binary(SubtractMoney, &money("4 EUR"), &money("1 USD"), &context), money("4 USD"));
    assert_eq!(binary(DivideMoneyMoney, &money("4 EUR"), &money("4 GBP"), &context), dec("1"));
    for (op, holds) in [
        (CompareOp::Equal, YES),
        (CompareOp::NotEqual, NO),
        (CompareOp::GreaterEqual, YES),
        (CompareOp::Less, NO),
    ] {
        assert_eq!(compare(op, &money("4 EUR"), &money("5 USD"), &context), holds, "{op:?}");
    }
    // Without a rate, or without a currency to meet in, there is no answer: not even that they differ.
    let stale = MoneyContext { at: Time(30 * 86_400_000_000), ..context };
    let nowhere = MoneyContext { currency: None, ..context };
    for context in [stale, nowhere, plain()] {
        assert_eq!(compare(CompareOp::NotEqual, &money("4 EUR"), &money("4 GBP"), &context), NO_RATE);
        assert_eq!(binary(AddMoney, &money("4 EUR"), &money("4 GBP"), &context), NO_RATE);
    }
}

#[test]
fn conversion_is_at_the_events_date() {
    let rates = rates();
    let context = MoneyContext { rates: Some(&rates), currency: Some(USD), at: Time(0) };
    assert_eq!(convert(&money("4 EUR"), USD, &context), money("5 USD"));
    assert_eq!(convert(&money("4 EUR"), GBP, &context), money("4 GBP"));
    assert_eq!(convert(&money("4 USD"), USD, &plain()), money("4 USD"));
    assert_eq!(convert(&money("4 USD"), EUR, &plain()), NO_RATE);
    assert_eq!(convert(&Datum::MISSING, EUR, &plain()), Datum::MISSING);
}

#[test]
fn the_first_unknown_names_the_reason() {
    use BinaryOp::*;
    assert_eq!(calc(AddInt, Datum::MISSING, OVERFLOW), Datum::MISSING);
    assert_eq!(calc(AddInt, OVERFLOW, Datum::MISSING), OVERFLOW);
    assert_eq!(calc(AddInt, int(1), ZERO), ZERO);
    assert_eq!(calc(AddInt, at_least(5), Datum::MISSING), SATURATED);
    assert_eq!(test(CompareOp::NotEqual, int(1), Datum::MISSING), Datum::MISSING);
    assert_eq!(test(CompareOp::Equal, Datum::MISSING, Datum::MISSING), Datum::MISSING);
    assert_eq!(unary(UnaryOp::NegateInt, &Datum::MISSING), Datum::MISSING);
    assert_eq!(text_test(TextTest::Contains, &text("abc"), &Datum::MISSING), Datum::MISSING);
}

/// Whatever a lower bound settles is what every value at or above it says; what it does not settle, some of them
/// say and some do not.
#[test]
fn a_saturated_count_answers_what_its_bound_settles() {
    let ops = [
        CompareOp::Equal,
        CompareOp::NotEqual,
        CompareOp::Less,
        CompareOp::LessEqual,
        CompareOp::Greater,
        CompareOp::GreaterEqual,
    ];
    for op in ops {
        for other in 7..=13 {
            for mirrored in [false, true] {
                let ask = |count: Datum| {
                    if mirrored { test(op, int(other), count) } else { test(op, count, int(other)) }
                };
                let answers: Vec<Datum> = (10..20).map(|count| ask(int(count))).collect();
                let same = answers.iter().all(|a| *a == answers[0]);
                let expected = if same { answers[0].clone() } else { SATURATED };
                assert_eq!(ask(at_least(10)), expected, "{op:?} {other} {mirrored}");
            }
        }
    }
    assert_eq!(test(CompareOp::Less, at_least(3), at_least(5)), SATURATED);
    assert_eq!(test(CompareOp::Greater, at_least(10), Datum::MISSING), Datum::MISSING);
    assert_eq!(test(CompareOp::Greater, at_least(10), dec("9.5")), YES);
}

#[test]
fn a_bound_survives_conversion_but_not_arithmetic() {
    let converted = unary(UnaryOp::IntToDecimal, &at_least(10));
    assert_eq!(test(CompareOp::Greater, converted, dec("9.5")), YES);
    assert_eq!(unary(UnaryOp::IntToFloat, &at_least(10)), Datum::AtLeast(Value::Float(10.0)));
    assert_eq!(unary(UnaryOp::NegateInt, &at_least(10)), SATURATED);
    assert_eq!(calc(BinaryOp::AddInt, at_least(10), int(1)), SATURATED);
    assert_eq!(calc(BinaryOp::AddInt, int(1), at_least(10)), SATURATED);
}

#[test]
fn between_takes_both_ends_and_no_unknown() {
    let ask = |value: Datum, low: Datum, high: Datum| between(&value, &low, &high, &plain());
    assert_eq!(ask(int(5), int(5), int(7)), YES);
    assert_eq!(ask(int(7), int(5), int(7)), YES);
    assert_eq!(ask(int(8), int(5), int(7)), NO);
    assert_eq!(ask(int(8), Datum::MISSING, int(7)), Datum::MISSING);
    assert_eq!(ask(int(8), int(9), Datum::MISSING), Datum::MISSING);
    assert_eq!(ask(Datum::MISSING, int(1), int(2)), Datum::MISSING);
    assert_eq!(ask(at_least(8), int(1), int(7)), NO);
    assert_eq!(ask(at_least(8), int(1), int(9)), SATURATED);
    assert_eq!(ask(at_least(8), int(9), int(20)), SATURATED);
    assert_eq!(ask(int(5), int(1), at_least(8)), YES);
    assert_eq!(ask(int(0), int(1), at_least(8)), NO);
    assert_eq!(ask(money("1 EUR"), money("5 EUR"), money("9 GBP")), NO_RATE);
}

#[test]
fn membership() {
    let ask = |value: Datum, items: &[Datum]| in_array(&value, items, &plain());
    assert_eq!(ask(int(2), &[int(1), int(2)]), YES);
    assert_eq!(ask(int(3), &[int(1), int(2)]), NO);
    assert_eq!(ask(int(2), &[Datum::MISSING, int(2)]), YES);
    assert_eq!(ask(int(3), &[Datum::MISSING, int(2)]), Datum::MISSING);
    assert_eq!(ask(at_least(3), &[int(2), int(1)]), NO);
    let list = Datum::Known(Value::List([int(1), Datum::MISSING].into()));
    assert_eq!(in_elements(&int(1), &list, &plain()), YES);
    assert_eq!(in_elements(&int(2), &list, &plain()), Datum::MISSING);
    assert_eq!(in_elements(&int(2), &OVERFLOW, &plain()), OVERFLOW);
    let empty = Datum::Known(Value::List(Arc::new([])));
    assert_eq!(in_elements(&int(2), &empty, &plain()), NO);
    assert_eq!(in_elements(&Datum::MISSING, &empty, &plain()), Datum::MISSING);
}

#[test]
fn networks_hold_addresses_of_either_spelling() {
    let ask = |ip: &str, net: &str| {
        let ip = Datum::Known(Value::Ip(ip.parse().unwrap()));
        in_network(&ip, &Datum::Known(Value::Cidr(net.parse().unwrap())))
    };
    assert_eq!(ask("10.1.2.3", "10.0.0.0/8"), YES);
    assert_eq!(ask("11.1.2.3", "10.0.0.0/8"), NO);
    assert_eq!(ask("::ffff:10.1.2.3", "10.0.0.0/8"), YES);
    assert_eq!(ask("10.1.2.3", "::ffff:10.0.0.0/104"), YES);
    assert_eq!(ask("10.1.2.3", "10.1.2.99/24"), YES);
    assert_eq!(ask("2001:db8::1", "2001:db8::/32"), YES);
    assert_eq!(ask("10.1.2.3", "::/0"), NO);
    assert_eq!(in_network(&Datum::MISSING, &Datum::MISSING), Datum::MISSING);
    let ip = |text: &str| Datum::Known(Value::Ip(text.parse().unwrap()));
    assert_eq!(test(CompareOp::Equal, ip("::ffff:10.1.2.3"), ip("10.1.2.3")), YES);
}

#[test]
fn texts_and_the_rest_compare() {
    assert_eq!(test(CompareOp::Less, text("Z"), text("a")), YES);
    // A surrogate pair in UTF-16 would sort before U+FFFD; code points do not.
    assert_eq!(test(CompareOp::Less, text("\u{fffd}"), text("\u{10000}")), YES);
    assert_eq!(test(CompareOp::Equal, text("a"), text("A")), NO);
    let float = |x: f64| Datum::Known(Value::Float(x));
    assert_eq!(test(CompareOp::Equal, float(-0.0), float(0.0)), YES);
    assert_eq!(test(CompareOp::Less, float(1.5), float(1.6)), YES);
    let country = |c: &[u8; 2]| Datum::Known(Value::Country(Country(*c)));
    assert_eq!(test(CompareOp::NotEqual, country(b"PL"), country(b"DE")), YES);
    let record = |a: Datum| Datum::Known(Value::Record([a, text("x")].into()));
    assert_eq!(test(CompareOp::Equal, record(int(1)), record(int(1))), YES);
    assert_eq!(test(CompareOp::Equal, record(int(1)), record(Datum::MISSING)), Datum::MISSING);
    for (op, yes, no) in [
        (TextTest::Contains, "bc", "cb"),
        (TextTest::StartsWith, "ab", "bc"),
        (TextTest::EndsWith, "cd", "abc"),
    ] {
        assert_eq!(text_test(op, &text("abcd"), &text(yes)), YES);
        assert_eq!(text_test(op, &text("abcd"), &text(no)), NO);
        assert_eq!(text_test(op, &text("abcd"), &text("")), YES);
    }
}

#[test]
fn kleene_logic() {
    let u = Datum::MISSING;
    let all = [YES, NO, u.clone()];
    for a in &all {
        for b in &all {
            let expected = match (a.truth(), b.truth()) {
                (Some(false), _) | (_, Some(false)) => NO,
                (Some(true), Some(true)) => YES,
                _ => u.clone(),
            };
            assert_eq!(and([a, b]), expected, "{a:?} {b:?}");
            // De Morgan ties the three together.
            assert_eq!(or([a, b]), not(&and([&not(a), &not(b)])));
        }
    }
    assert_eq!(and([&YES, &OVERFLOW, &u]), OVERFLOW);
    assert_eq!(or([&NO, &u, &OVERFLOW]), u);
    assert_eq!(or([&u, &OVERFLOW, &YES]), YES);
    assert_eq!(and([]), YES);
    assert_eq!(or([]), NO);
}

#[test]
fn floats_become_decimals_by_their_exact_value() {
    for (float, expected) in [
        (0.0, Ok(0)),
        (-0.0, Ok(0)),
        (0.1, Ok(100_000)),
        (-2.5, Ok(-2_500_000)),
        (1e-7, Ok(0)),
        // 2^-21 and thrice it: their seventh digits and what follows decide.
        (0.000_000_476_837_158_203_125, Ok(0)),
        (0.000_001_430_511_474_609_375, Ok(1)),
        // Exactly half: 1/128 is 0.0078125.
        (0.007_812_5, Ok(7_812)),
        (0.023_437_5, Ok(23_438)),
        (9_223_372_036_854.0, Ok(9_223_372_036_854_000_000)),
        (9_223_372_036_855.0, Err(Unknown::Overflow)),
        (1e300, Err(Unknown::Overflow)),
        (f64::MIN_POSITIVE, Ok(0)),
        (5e-324, Ok(0)),
        (f64::INFINITY, Err(Unknown::Overflow)),
        (f64::NAN, Err(Unknown::Overflow)),
    ] {
        assert_eq!(float_to_decimal(float), expected, "{float}");
    }
}

fn any_number() -> impl Strategy<Value = Number> {
    let bits = prop_oneof![any::<i64>(), -1000i64..1000, any::<i32>().prop_map(i64::from)];
    (bits, any::<bool>()).prop_map(|(v, int)| if int { Number::Int(v) } else { Number::Decimal(v) })
}

/// Rounded half-even by 256-bit numbers, as the definition says.
fn rounded(dividend: ethnum::I256, divisor: ethnum::I256) -> Result<i64, Unknown> {
    let (n, d) = if divisor < 0 { (-dividend, -divisor) } else { (dividend, divisor) };
    let floor = n.div_euclid(d);
    let twice = n.rem_euclid(d) * 2;
    let up = twice > d || (twice == d && floor % 2 != 0);
    i64::try_from(if up { floor + 1 } else { floor }).map_err(|_| Unknown::Overflow)
}

proptest! {
    #[test]
    fn decimal_arithmetic_is_exact(a in any_number(), b in any_number()) {
        let (x, y) = (ethnum::I256::from(a.scaled()), ethnum::I256::from(b.scaled()));
        let million = ethnum::I256::from(1_000_000i64);
        prop_assert_eq!(multiply_decimal(a, b), rounded(x * y, million));
        prop_assert_eq!(add_decimal(a, b), rounded(x + y, ethnum::I256::ONE));
        prop_assert_eq!(subtract_decimal(a, b), rounded(x - y, ethnum::I256::ONE));
        if y != 0 {
            prop_assert_eq!(divide_decimal(a, b), rounded(x * million, y));
            prop_assert_eq!(remainder_decimal(a, b), rounded(x % y, ethnum::I256::ONE));
        }
        prop_assert_eq!(compare_numbers(a, b), x.cmp(&y));
    }

    #[test]
    fn comparisons_agree_with_one_another(a in any_number(), b in any_number()) {
        let datum = |n| Datum::Known(match n { Number::Int(i) => Value::Int(i), Number::Decimal(d) => Value::Decimal(Decimal(d)) });
        let (a, b) = (datum(a), datum(b));
        let ask = |op| compare(op, &a, &b, &plain()).truth().unwrap();
        prop_assert_eq!(ask(CompareOp::Less), !ask(CompareOp::GreaterEqual));
        prop_assert_eq!(ask(CompareOp::Greater), !ask(CompareOp::LessEqual));
        prop_assert_eq!(ask(CompareOp::Equal), !ask(CompareOp::NotEqual));
        prop_assert_eq!(ask(CompareOp::LessEqual), ask(CompareOp::Less) || ask(CompareOp::Equal));
        for op in [CompareOp::Less, CompareOp::GreaterEqual, CompareOp::Equal] {
            prop_assert_eq!(compare(op, &a, &b, &plain()), compare(op.mirrored(), &b, &a, &plain()));
        }
    }

    #[test]
    fn floats_to_decimals_are_near(x in -9e12f64..9e12) {
        let scaled = float_to_decimal(x).unwrap();
        prop_assert!((decimal_to_float(scaled) - x).abs() <= 5e-7 + x.abs() * 1e-15);
    }
}
