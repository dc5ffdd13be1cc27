use super::*;
use proptest::prelude::*;

fn at(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap_or_else(|| panic!("{text}"))
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn reads_rfc_3339() {
    for (text, utc) in [
        ("2018-04-01T00:00:31Z", "2018-04-01T00:00:31Z"),
        ("2018-04-01t00:00:31z", "2018-04-01T00:00:31Z"),
        ("1970-01-01T00:00:00+00:00", "1970-01-01T00:00:00Z"),
        ("2018-04-01T02:00:31+02:00", "2018-04-01T00:00:31Z"),
        ("2018-03-31T23:00:31-01:00", "2018-04-01T00:00:31Z"),
        ("2018-04-01T00:00:31-00:00", "2018-04-01T00:00:31Z"),
        ("2018-04-01T05:45:31.500+05:45", "2018-04-01T00:00:31.5Z"),
        ("2018-04-01T00:00:31.1234569Z", "2018-04-01T00:00:31.123456Z"),
        ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"),
        ("2018-04-01T00:00:31.000000999Z", "2018-04-01T00:00:31Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(at(text).to_string(), utc, "{text}");
    }
    assert_eq!(at("0001-01-01T00:00:00Z"), Time::MIN);
    assert_eq!(at("9999-12-31T23:59:59.999999Z"), Time::MAX);
}

#[test]
fn refuses_what_the_standard_refuses() {
    for text in [
        "",
        "2018-04-01",
        "2018-04-01T00:00:31",
        "2018-04-01 00:00:31Z",
        "2018-04-01T00:00Z",
        "2018-4-1T00:00:31Z",
        "2018-04-01T24:00:00Z",
        "2018-04-01T00:60:00Z",
        "2018-04-01T00:00:61Z",
        "2018-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2018-13-01T00:00:00Z",
        "2018-00-01T00:00:00Z",
        "2018-04-00T00:00:00Z",
        "2018-04-31T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2018-04-01T00:00:31.Z",
        "2018-04-01T00:00:31,5Z",
        "2018-04-01T00:00:31+0200",
        "2018-04-01T00:00:31+02",
        "2018-04-01T00:00:31+24:00",
        "2018-04-01T00:00:31+02:60",
        "2018-04-01T00:00:31Z ",
        " 2018-04-01T00:00:31Z",
        "20180401T000031Z",
        "2018-04-01T00:00:31 Z",
        "+2018-04-01T00:00:31Z",
        "2018-04-01T00:00:31ZZ",
        "２018-04-01T00:00:31Z",
        "2018-04-01T00:00:31Z[UTC]",
        // Within the years 1 to 9999 only in UTC.
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ] {
        assert_eq!(Time::parse_rfc3339(text), None, "{text}");
    }
}

#[test]
fn a_leap_second_is_the_last_moment_of_its_day() {
    assert_eq!(at("2016-12-31T23:59:60Z").to_string(), "2016-12-31T23:59:59.999999Z");
    assert_eq!(at("2016-12-31T23:59:60.25Z").to_string(), "2016-12-31T23:59:59.999999Z");
    assert_eq!(at("1990-12-31T15:59:60-08:00").to_string(), "1990-12-31T23:59:59.999999Z");
    for text in
        ["2016-12-30T23:59:60Z", "2016-12-31T23:58:60Z", "2016-12-31T22:59:60Z", "2016-12-31T23:59:60+01:00"]
    {
        assert_eq!(Time::parse_rfc3339(text), None, "{text}");
    }
}

#[test]
fn local_fields() {
    let t = at("2026-11-11T23:30:00Z");
    assert_eq!((t.hour(&Zone::utc()), t.weekday(&Zone::utc()), t.month(&Zone::utc())), (23, 2, 11));
    let shanghai = zone("Asia/Shanghai");
    assert_eq!((t.hour(&shanghai), t.weekday(&shanghai)), (7, 3));
    assert_eq!(t.display_local(&shanghai), "2026-11-12 07:30:00");
    // Five and three quarter hours ahead; summer and winter time.
    assert_eq!(at("2026-11-11T18:20:00Z").display_local(&zone("Asia/Kathmandu")), "2026-11-12 00:05:00");
    let warsaw = zone("Europe/Warsaw");
    assert_eq!(at("2026-07-01T10:00:00Z").hour(&warsaw), 12);
    assert_eq!(at("2026-12-01T10:00:00Z").hour(&warsaw), 11);
    assert_eq!(at("2026-03-29T00:59:59Z").hour(&warsaw), 1);
    assert_eq!(at("2026-03-29T01:00:00Z").hour(&warsaw), 3);
    assert_eq!(at("1969-12-31T23:00:00Z").weekday(&Zone::utc()), 2);
}

#[test]
fn starts_of_periods() {
    let t = at("2026-11-11T23:30:00Z");
    let start = |period, name: &str| t.start_of(period, &zone(name)).to_string();
    assert_eq!(start(Period::Day, "UTC"), "2026-11-11T00:00:00Z");
    assert_eq!(start(Period::Week, "UTC"), "2026-11-09T00:00:00Z");
    assert_eq!(start(Period::Month, "UTC"), "2026-11-01T00:00:00Z");
    assert_eq!(start(Period::Day, "Asia/Shanghai"), "2026-11-11T16:00:00Z");
    assert_eq!(start(Period::Week, "Asia/Shanghai"), "2026-11-08T16:00:00Z");
    assert_eq!(start(Period::Month, "Asia/Shanghai"), "2026-10-31T16:00:00Z");
    // A start is inclusive: it is its own start.
    let midnight = at("2026-11-09T00:00:00Z");
    assert_eq!(midnight.start_of(Period::Week, &Zone::utc()), midnight);
}

#[test]
fn days_of_23_and_25_hours() {
    let warsaw = zone("Europe/Warsaw");
    let start = |text: &str, period| at(text).start_of(period, &warsaw).to_string();
    assert_eq!(start("2026-03-29T20:00:00Z", Period::Day), "2026-03-28T23:00:00Z");
    assert_eq!(start("2026-03-29T22:00:00Z", Period::Day), "2026-03-29T22:00:00Z");
    assert_eq!(start("2026-10-25T22:59:59Z", Period::Day), "2026-10-24T22:00:00Z");
    assert_eq!(start("2026-10-25T23:00:00Z", Period::Day), "2026-10-25T23:00:00Z");
    assert_eq!(start("2026-10-31T12:00:00Z", Period::Month), "2026-09-30T22:00:00Z");
}

#[test]
fn a_day_without_midnight_begins_at_the_jump() {
    // São Paulo, 2018-11-04: 00:00 became 01:00.
    let sao_paulo = zone("America/Sao_Paulo");
    let t = at("2018-11-04T15:00:00Z");
    assert_eq!(t.start_of(Period::Day, &sao_paulo).to_string(), "2018-11-04T03:00:00Z");
    assert_eq!(Time::parse_date("2018-11-04", &sao_paulo), Some(at("2018-11-04T03:00:00Z")));
    assert_eq!(at("2018-11-04T03:00:00Z").display_local(&sao_paulo), "2018-11-04 01:00:00");
    assert_eq!(at("2018-11-04T02:59:59Z").start_of(Period::Day, &sao_paulo), at("2018-11-03T03:00:00Z"));
    // Toronto, 1919-03-30: 23:30 of that day became 00:30 of the next, so it is no full hour that is skipped.
    let toronto = zone("America/Toronto");
    let t = at("1919-03-31T15:00:00Z");
    assert_eq!(t.start_of(Period::Day, &toronto).display_local(&toronto), "1919-03-31 00:30:00");
    // Samoa had no 2011-12-30 at all.
    let apia = zone("Pacific/Apia");
    assert_eq!(at("2011-12-30T12:00:00Z").start_of(Period::Day, &apia).to_string(), "2011-12-30T10:00:00Z");
    assert_eq!(Time::parse_date("2011-12-30", &apia), Some(at("2011-12-30T10:00:00Z")));
}

#[test]
fn a_day_with_two_midnights_begins_at_the_first() {
    // Havana, 2026-11-01: 01:00 became 00:00 again.
    let havana = zone("America/Havana");
    for t in ["2026-11-01T04:10:00Z", "2026-11-01T05:10:00Z", "2026-11-01T20:00:00Z"] {
        assert_eq!(at(t).start_of(Period::Day, &havana).to_string(), "2026-11-01T04:00:00Z", "{t}");
    }
    // São Paulo, 2018-02-18: 00:00 became 23:00 of the day before, which lasted 25 hours.
    let sao_paulo = zone("America/Sao_Paulo");
    assert_eq!(at("2018-02-18T02:30:00Z").start_of(Period::Day, &sao_paulo), at("2018-02-17T02:00:00Z"));
    assert_eq!(at("2018-02-18T03:00:00Z").start_of(Period::Day, &sao_paulo), at("2018-02-18T03:00:00Z"));
}

#[test]
fn the_edges_of_time_have_starts_and_texts() {
    for name in ["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"] {
        let zone = zone(name);
        for t in [Time::MIN, Time::MAX] {
            for period in [Period::Day, Period::Week, Period::Month] {
                assert!(t.start_of(period, &zone) <= t);
                assert!(t.start_of(period, &zone) >= Time::MIN);
            }
            assert!(!t.display_local(&zone).is_empty());
        }
    }
    assert_eq!(Time::MAX.display_local(&zone("Asia/Shanghai")), "10000-01-01 07:59:59");
}

#[test]
fn dates_are_midnights() {
    assert_eq!(Time::parse_date("2026-11-11", &Zone::utc()), Some(at("2026-11-11T00:00:00Z")));
    assert_eq!(Time::parse_date("2026-11-11", &zone("Asia/Shanghai")), Some(at("2026-11-10T16:00:00Z")));
    assert_eq!(Time::parse_date("0001-01-01", &zone("Asia/Shanghai")), None);
    for text in ["2026-02-29", "2026-11-1", "2026-11-11T", "11.11.2026", "0000-01-01", ""] {
        assert_eq!(Time::parse_date(text, &Zone::utc()), None, "{text}");
    }
}

#[test]
fn zones_are_iana_names() {
    assert_eq!(zone("Europe/Warsaw").name(), "Europe/Warsaw");
    for name in ["", "Europe/Nowhere", "../etc/passwd", "+02:00"] {
        assert_eq!(Zone::parse(name), None, "{name}");
    }
}

#[test]
fn durations_show_their_two_largest_units() {
    for (micros, text) in [
        (0, "0s"),
        (1, "1us"),
        (250_000, "250ms"),
        (250_004, "250ms 4us"),
        (1_000_000, "1s"),
        (61_000_000, "1m 1s"),
        (250 * SECOND, "4m 10s"),
        (2 * DAY + 3 * HOUR + 59 * 60 * SECOND, "2d 3h"),
        (2 * DAY + 59 * 60 * SECOND, "2d"),
        (14 * DAY, "14d"),
        (-(2 * DAY + 3 * HOUR), "-2d 3h"),
        (i64::MIN, "-106751991d 4h"),
    ] {
        assert_eq!(Duration(micros).to_string(), text);
    }
}

fn any_time() -> impl Strategy<Value = Time> {
    prop_oneof![
        (Time::MIN.0..=Time::MAX.0).prop_map(Time),
        (0i64..4_102_444_800_000_000).prop_map(Time),
        (0i64..4_102_444_800).prop_map(|s| Time(s * SECOND)),
    ]
}

fn any_zone() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "UTC",
        "Etc/UTC",
        "Europe/Warsaw",
        "Asia/Shanghai",
        "America/Sao_Paulo",
        "America/Havana",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/Toronto",
        "Africa/Cairo",
        "Asia/Beirut",
    ])
}

proptest! {
    #[test]
    fn display_reads_back(t in any_time()) {
        prop_assert_eq!(Time::parse_rfc3339(&t.to_string()), Some(t));
    }

    #[test]
    fn reading_agrees_with_jiff(
        t in any_time(), offset in -86_340i64 / 60..=86_340 / 60, nanos in 0u32..1_000_000_000, digits in 0usize..=9,
    ) {
        let local = t.0.div_euclid(SECOND) * SECOND + offset * 60 * SECOND;
        let mut text = Vec::new();
        civil::write(local, b'T', &mut text);
        let mut text = String::from_utf8(text).unwrap();
        if digits > 0 {
            text.push_str(&format!(".{nanos:09}")[..=digits]);
        }
        let sign = if offset < 0 { '-' } else { '+' };
        text.push_str(&format!("{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60));
        let theirs: Option<jiff::Timestamp> = text.parse().ok();
        let expected = theirs
            .filter(|_| text.find('-') == Some(4) && !text.starts_with("0000"))
            .and_then(|t| Time::in_range(t.as_nanosecond().div_euclid(1_000) as i64));
        prop_assert_eq!(Time::parse_rfc3339(&text), expected, "{}", text);
    }

    /// Nearly right texts: whatever we accept, jiff accepts too, with the same meaning.
    #[test]
    fn broken_texts_are_refused(place in 0usize..20, byte in any::<char>()) {
        let mut text: Vec<char> = "2018-02-28T23:59:31Z".chars().collect();
        text[place] = byte;
        let text: String = text.into_iter().collect();
        if let Some(t) = Time::parse_rfc3339(&text) {
            let theirs: jiff::Timestamp = text.parse().unwrap();
            prop_assert_eq!(t.0, theirs.as_microsecond());
        }
    }

    #[test]
    fn local_fields_agree_with_jiff(t in any_time(), name in any_zone()) {
        let zone = zone(name);
        let theirs = jiff::Timestamp::from_microsecond(t.0).unwrap().to_zoned(zone.tz().clone());
        if theirs.year() < 1 || (t.0 > Time::MAX.0 - DAY) {
            return Ok(());
        }
        prop_assert_eq!(t.hour(&zone), i64::from(theirs.hour()));
        prop_assert_eq!(t.month(&zone), i64::from(theirs.month()));
        prop_assert_eq!(i64::from(t.weekday(&zone)), i64::from(theirs.weekday().to_monday_zero_offset()));
        prop_assert_eq!(t.display_local(&zone), theirs.strftime("%Y-%m-%d %H:%M:%S").to_string());
    }

    /// A start lies at or before the time, on the same local day (or first day of its period), and the moment
    /// before it does not.
    #[test]
    fn a_start_is_the_first_moment(t in any_time(), name in any_zone()) {
        let zone = zone(name);
        prop_assume!(t.0 > Time::MIN.0 + 40 * DAY && t.0 < Time::MAX.0 - DAY);
        let day = |t: Time| zone.local(t).div_euclid(DAY);
        let start = t.start_of(Period::Day, &zone);
        prop_assert!(start <= t);
        prop_assert_eq!(day(start), day(t));
        prop_assert!(day(Time(start.0 - 1)) < day(t));
        for period in [Period::Week, Period::Month] {
            let start = t.start_of(period, &zone);
            prop_assert!(start <= t.start_of(Period::Day, &zone));
            prop_assert_eq!(start.start_of(period, &zone), start);
        }
    }
}
