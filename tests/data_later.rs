//! Sequences and deadlines over the mixed stream of transactions and labels, against a count by plain lists.

#[allow(dead_code, reason = "each test binary uses a part of it")]
#[path = "data/support.rs"]
mod support;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rulec::{Answer, Pending, Told};
use support::{engine, lines, ruleset, shared};

const STREAM: &str = "mixed_stream_dev_d000-020.ndjson.gz";
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// One line of the stream, with its time in seconds.
struct Line {
    at: i64,
    id: String,
    label: bool,
    customer: i64,
    terminal: i64,
    /// More than 100, more than 150.
    large: (bool, bool),
    fraud: bool,
}

impl Line {
    fn of(text: &str) -> Line {
        let json: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let number = |name: &str| json[name].as_i64().unwrap_or_default();
        let at = rulec::Time::parse_rfc3339(json["ts"].as_str().expect("a time")).expect("a time");
        let amount = json["amount"].as_f64().unwrap_or_default();
        Line {
            at: at.0 / 1_000_000,
            id: number("tx_id").to_string(),
            label: json["type"] == "label",
            customer: number("customer_id"),
            terminal: number("terminal_id"),
            large: (amount > 100.0, amount > 150.0),
            fraud: number("fraud") == 1,
        }
    }
}

/// Transactions by the rule that hits them.
type Hits = BTreeMap<&'static str, Vec<String>>;

/// What the stream says by hand: the transactions that each rule on them hits, and what falls due until its end.
fn expected(stream: &[Line]) -> (Hits, Vec<(i64, String)>) {
    let mut hits = Hits::new();
    let mut large: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut labels: BTreeMap<i64, Vec<(i64, bool)>> = BTreeMap::new();
    let mut purchases: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for line in stream {
        if line.label {
            labels.entry(line.terminal).or_default().push((line.at, line.fraud));
            continue;
        }
        purchases.entry(line.customer).or_default().push(line.at);
        let before = large.entry(line.customer).or_default();
        if line.large.0 {
            if before.iter().filter(|at| line.at - **at < 12 * HOUR).count() >= 2 {
                hits.entry("three_large").or_default().push(line.id.clone());
            }
            before.push(line.at);
        }
        let last = labels.get(&line.terminal).and_then(|all| all.last());
        if last.is_some_and(|(at, fraud)| *fraud && line.at - *at < 3 * DAY) {
            hits.entry("last_label_was_fraud").or_default().push(line.id.clone());
        }
    }
    let end = stream.iter().map(|line| line.at).max().expect("lines");
    let mut due = Vec::new();
    for line in stream.iter().filter(|line| !line.label) {
        let within = |at: i64, span: i64| line.at <= at && at < line.at + span;
        let again = purchases[&line.customer].iter().filter(|at| within(**at, DAY)).count();
        if again == 1 && line.at + DAY <= end {
            due.push((line.at + DAY, format!("{}#quiet_for_a_day", line.id)));
        }
        let labelled = labels
            .get(&line.terminal)
            .is_some_and(|all| all.iter().any(|(at, fraud)| !fraud && within(*at, 12 * HOUR)));
        if line.large.1 && !labelled && line.at + 12 * HOUR <= end {
            due.push((line.at + 12 * HOUR, format!("{}#unlabelled", line.id)));
        }
    }
    // By time, then rule, then event.
    due.sort_by(|a, b| {
        let parts = |due: &(i64, String)| {
            let (id, rule) = due.1.split_once('#').expect("id and rule");
            (due.0, rule.to_string(), id.to_string())
        };
        parts(a).cmp(&parts(b))
    });
    (hits, due)
}

#[test]
fn what_follows_and_what_does_not_come_is_as_counted_by_hand() {
    let Some(data) = shared("handbook") else { return };
    let engine = engine(&ruleset("tests/data/later.rules"), None);
    let stream: Vec<String> = lines(&data.join(STREAM)).collect();
    let (wanted, wanted_due) = expected(&stream.iter().map(|line| Line::of(line)).collect::<Vec<Line>>());
    let mut hits: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut due: Vec<(i64, String)> = Vec::new();
    let mut pending = Pending::default();
    for portion in stream.chunks(500) {
        portion.iter().for_each(|line| engine.read_json(line.as_bytes(), &mut pending));
        engine.decide_pending(&mut pending, false);
        engine.tell_decided(&mut pending, |told| {
            match told {
                Told::Deadline(decision) => {
                    assert_eq!(&*decision.outcome, "observe");
                    due.push((decision.at.0 / 1_000_000, decision.event.to_string()));
                }
                Told::Answer(Answer::Decision(decision)) => {
                    for hit in &decision.rules {
                        hits.entry(hit.rule.to_string()).or_default().push(decision.event.to_string());
                    }
                }
                Told::Answer(answer) => panic!("{}", answer.to_json()),
                Told::Quiet(_) => {}
            }
            ControlFlow::Continue(())
        });
    }
    for (rule, wanted) in &wanted {
        assert!(wanted.len() > 100, "{rule}: only {}", wanted.len());
        assert_eq!(hits.get(*rule).map(Vec::len), Some(wanted.len()), "{rule}");
        assert_eq!(hits.get(*rule), Some(wanted), "{rule}");
    }
    assert_eq!(wanted.len(), hits.len());
    let of = |all: &[(i64, String)], rule: &str| all.iter().filter(|(_, id)| id.ends_with(rule)).count();
    for rule in ["quiet_for_a_day", "unlabelled"] {
        assert!(of(&wanted_due, rule) > 100, "{rule}: only {}", of(&wanted_due, rule));
        assert_eq!(of(&due, rule), of(&wanted_due, rule), "{rule}");
    }
    let differs = due.iter().zip(&wanted_due).find(|(got, wanted)| got != wanted);
    assert_eq!((differs, due.len()), (None, wanted_due.len()));
}
