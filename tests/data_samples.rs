//! Rules written for third-party samples give the figures that other engines computed, to the unit.

#[allow(dead_code, reason = "each test binary uses a part of it")]
#[path = "data/support.rs"]
mod support;

use std::collections::BTreeMap;
use std::fmt::Write;

use rulec::{Decision, compile_files};
use support::{Counts, With, compiled, csv, decide_csv, decision, engine, json, lines, ruleset, shared};

#[test]
fn regular_expressions_over_text_messages() {
    let Some(data) = shared("text_uci_sms") else { return };
    let engine = engine(&ruleset("tests/data/messages.rules"), None);
    let mut counts = Counts::default();
    let mut expected = csv(&data.join("expected.csv.gz"));
    let mut expected = expected.records();
    let mut rows = 0;
    for line in lines(&data.join("messages.ndjson.gz")) {
        let fraud = line.ends_with("\"label\":1}");
        let decision = decision(engine.decide_json(line.as_bytes()));
        // `r13` is what the scores reach, not whether any of them held.
        let of_scores = decision.outcome.as_ref() == "review";
        let mut hits: Vec<&str> =
            decision.rules.iter().map(|hit| &*hit.rule).filter(|rule| *rule != "r13").collect();
        if of_scores {
            hits.push("r13");
        }
        hits.iter().for_each(|rule| counts.add_one(rule, fraud));
        let row = expected.next().expect("as many rows").expect("a row");
        let columns = (0..14).filter(|c| ![8, 12].contains(c) && &row[c + 1] == "1");
        let wanted: Vec<String> = columns.map(|c| format!("r{c:02}")).collect();
        assert_eq!(hits, wanted, "message {}", &row[0]);
        rows += 1;
    }
    assert_eq!(rows, 5574);
    let summary = json(&data.join("expected_summary.json"));
    let names: Vec<(String, String)> = summary["rule_columns"]
        .as_object()
        .expect("names")
        .iter()
        .filter(|(column, _)| !["r08", "r12"].contains(&column.as_str()))
        .map(|(column, name)| (name.as_str().expect("a name").to_string(), column.clone()))
        .collect();
    assert_eq!(names.len(), 12);
    let names: Vec<(&str, &str)> = names.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    counts.expect(&summary, &names);
}

#[test]
fn card_purchases_with_places() {
    let Some(data) = shared("sparkov_120cust_4mo") else { return };
    let engine = engine(&ruleset("tests/data/card_purchases.rules"), None);
    let mut counts = Counts::default();
    let mut expected = csv(&data.join("expected.csv.gz"));
    let mut expected = expected.records();
    decide_csv(&engine, &data.join("events.csv.gz"), |row, decision| {
        counts.add(&decision, row.iter().next_back() == Some("1"));
        let printed = printed(&decision, "windows");
        let wanted = expected.next().expect("as many rows").expect("a row");
        // Amounts in cents, and places to the millimetre.
        let cents = |text: &str| scaled(text, 100.0).to_string();
        let got = [printed[0], printed[1], &cents(printed[2]), printed[3]];
        assert_eq!((&row[0], got), (&wanted[0], [1, 2, 3, 4].map(|column| &wanted[column])));
        let millimetres = scaled(printed[4], 1_000.0) - scaled(&wanted[5], 1_000_000.0);
        assert!(millimetres.abs() <= 1, "row {}: {} m, expected {} km", &row[0], printed[4], &wanted[5]);
    });
    assert!(expected.next().is_none(), "as few rows");
    counts.expect(
        &json(&data.join("expected_summary.json")),
        &[
            ("amt>500.00", "large"),
            ("amt>250.00 and hour in (22,23,0,1,2,3)", "large_at_night"),
            ("category in (shopping_net,misc_net) and amt>500.00", "large_online"),
            ("card n in 1h >=3", "three_in_an_hour"),
            ("card n in 24h >=10", "ten_in_a_day"),
            ("card sum 24h > 1500.00", "much_in_a_day"),
            ("card distinct categories 24h >=6", "many_categories"),
            ("merchant-home distance>100km", "far_from_home"),
            ("grocery_pos and amt>300.00", "large_groceries"),
        ],
    );
}

/// What a rule that hits always says, word by word.
fn printed<'d>(decision: &'d Decision, rule: &str) -> Vec<&'d str> {
    let hit = decision.rules.iter().find(|hit| &*hit.rule == rule).expect("a hit of every event");
    hit.because.as_deref().expect("a reason").split(' ').collect()
}

fn scaled(text: &str, by: f64) -> i64 {
    (text.parse::<f64>().unwrap_or_else(|_| panic!("`{text}` is no number")) * by).round() as i64
}

/// In a simulated network of accounts: how many different ones paid the payee within 1, 5 and 10 steps.
#[test]
fn fan_in_of_payments() {
    let Some(data) = shared("amlsim_20k") else { return };
    let engine = engine(&ruleset("tests/data/fan_in.rules"), None);
    let mut expected = csv(&data.join("20K_fanin200_expected.csv.gz"));
    let mut expected = expected.records();
    let (mut rows, mut hits, mut wanted_hits) = (0, 0, 0);
    decide_csv(&engine, &data.join("20K_fanin200_transactions.csv.gz"), |row, decision| {
        let wanted = expected.next().expect("as many rows").expect("a row");
        let got = printed(&decision, "payers");
        assert_eq!((&row[0], got), (&wanted[0], wanted.iter().skip(1).collect()));
        hits += u64::from(decision.rules.iter().any(|hit| &*hit.rule == "fan_in"));
        wanted_hits += u64::from(wanted[3].parse::<u64>().expect("a count") >= 20);
        rows += 1;
    });
    assert_eq!((rows, expected.next().is_none()), (118_250, true));
    assert_eq!((hits, wanted_hits), (736, 736));
}

/// Every customer of the sample, asked for on the day for which the summaries were published.
#[test]
fn summaries_of_customers() {
    const TODAY: &str = "1997-09-30T00:00:00Z";
    let Some(data) = shared("cdnow") else { return };
    let engine = engine(&ruleset("tests/data/customer_summary.rules"), None);
    let mut purchases = 0;
    for row in csv(&data.join("sample_transactions.csv.gz")).records() {
        let row = row.expect("a row");
        // What happened later is not known on that day.
        if &row[1] > TODAY {
            continue;
        }
        let line = serde_json::json!({
            "type": "purchase", "seq": &row[0], "ts": &row[1], "customer": &row[2],
        });
        decision(engine.decide_json(line.to_string().as_bytes()));
        purchases += 1;
    }
    let mut customers = 0;
    for wanted in csv(&data.join("published_customer_summary.csv")).records() {
        let wanted = wanted.expect("a row");
        let customer = format!("{:0>4}", &wanted[0]);
        let line = serde_json::json!({
            "type": "summary_request", "seq": format!("ask-{customer}"), "ts": TODAY, "customer": customer,
        });
        let decision = decision(engine.decide_json(line.to_string().as_bytes()));
        let printed = printed(&decision, "summary");
        // The day of the first purchase is none on which the customer came back.
        let again = scaled(printed[0], 1.0) - 1;
        let got = [again, scaled(printed[1], 100.0), scaled(printed[2], 100.0)];
        let wanted = [scaled(&wanted[1], 1.0), scaled(&wanted[2], 100.0), scaled(&wanted[3], 100.0)];
        assert_eq!(got, wanted, "customer {customer}");
        customers += 1;
    }
    assert_eq!((purchases, customers), (4_960, 2_357));
}

#[test]
fn registrations_by_network_and_country() {
    let (Some(data), Some(addresses)) = (shared("aws_frauddetector_samples"), shared("lists")) else {
        return;
    };
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/registrations.rules");
    let files = With {
        name: "ip_country.csv",
        bytes: country_table(&addresses.join("ip_asn_country_ipv4_num.csv.gz")),
    };
    let engine = engine(&compiled(compile_files(&files, path)).ruleset, None);
    let mut counts = Counts::default();
    let mut countries: BTreeMap<String, u64> = BTreeMap::new();
    let mut expected = csv(&data.join("registration_20k_expected_country.csv.gz"));
    let mut expected = expected.records();
    decide_csv(&engine, &data.join("registration_20k_events.csv.gz"), |row, decision| {
        counts.add(&decision, row.iter().next_back() == Some("1"));
        let hit = decision.rules.iter().find(|hit| &*hit.rule == "every_country");
        let country = hit.and_then(|hit| hit.because.clone()).unwrap_or_default();
        let wanted = expected.next().expect("as many rows").expect("a row");
        assert_eq!((&row[0], country.as_str()), (&wanted[0], &wanted[1]), "the country of {}", &row[3]);
        *countries.entry(if country.is_empty() { "nan".into() } else { country }).or_default() += 1;
    });
    counts.expect(
        &json(&data.join("registration_20k_expected_summary.json")),
        &[
            ("ip_n_ever>=2", "ip_n_ever"),
            ("email_n_ever>=2", "email_n_ever"),
            ("ip16_n_24h>=2", "ip16_n_24h"),
            ("ip16_n_7d>=2", "ip16_n_7d_2"),
            ("ip16_n_7d>=3", "ip16_n_7d_3"),
            ("ip8_n_1h>=3", "ip8_n_1h"),
            ("domain_n_1h>=5", "domain_n_1h"),
            ("email domain == example.com", "domain_com"),
            ("email domain == example.org", "domain_org"),
            ("email domain == example.net", "domain_net"),
            ("local part has digit", "digit_in_local_part"),
            ("ip is private (RFC1918 etc., python is_private)", "private_ip"),
            ("hour in 0..5 UTC", "small_hours"),
        ],
    );
    let by_country = json(&data.join("registration_20k_expected_country_summary.json"));
    counts.expect(
        &by_country,
        &[
            ("country == US", "country_us"),
            ("country == CN", "country_cn"),
            ("country == JP", "country_jp"),
            ("country == DE", "country_de"),
            ("country == BR", "country_br"),
            ("country == RU", "country_ru"),
            ("country == None", "country_none"),
        ],
    );
    let wanted: BTreeMap<String, u64> =
        serde_json::from_value(by_country["counts"].clone()).expect("counts by country");
    assert_eq!(countries, wanted);
}

/// Ranges of numbers to rows of networks: each range is cut into the fewest that fill it.
fn country_table(path: &std::path::Path) -> Vec<u8> {
    let mut table = String::new();
    for line in lines(path) {
        let mut cells = line.split(',');
        let mut number = || cells.next().and_then(|cell| cell.parse::<u64>().ok()).expect("a number");
        let (mut first, last) = (number(), number());
        let country = cells.next().expect("a country");
        while first <= last {
            // As large as alignment and what is left allow.
            let aligned = if first == 0 { 32 } else { first.trailing_zeros().min(32) };
            let left = 63 - (last - first + 1).leading_zeros();
            let bits = aligned.min(left);
            let address = std::net::Ipv4Addr::from(first as u32);
            writeln!(table, "{address}/{},{country}", 32 - bits).expect("written");
            first += 1 << bits;
        }
    }
    table.into_bytes()
}

#[test]
fn rows_without_a_label_are_missing_one() {
    let Some(data) = shared("aws_frauddetector_samples") else { return };
    let rules = ruleset("tests/data/coldstart.rules");
    let samples = [
        ("registration", "registration_data_2K_coldstart.csv.gz", "fraud", "legit"),
        ("purchase", "transaction_data_2K_coldstart.csv.gz", "1", "0"),
    ];
    for (event, file, fraud, legit) in samples {
        let mut wanted = [0; 3];
        let mut reader = csv(&data.join(file));
        let column = reader
            .headers()
            .expect("a header")
            .iter()
            .position(|name| name == "EVENT_LABEL")
            .expect("labels");
        for row in reader.records() {
            let label = row.expect("a row")[column].to_string();
            let place = [fraud, legit, ""].iter().position(|known| *known == label).expect("a known label");
            wanted[place] += 1;
        }
        let mut counts = Counts::default();
        decide_csv(&engine(&rules, Some(event)), &data.join(file), |_, decision| {
            counts.add(&decision, false)
        });
        let got = [format!("{event}_fraud"), format!("{event}_legit"), "without_label".into()];
        assert_eq!(got.map(|rule| counts.get(&rule).0), wanted, "{file}");
        assert!(wanted.iter().all(|count| *count > 0));
    }
}
