//! What the oracle says where it would be easy to be wrong, worked out by hand. That the engine says the same is the
//! matter of `differential.rs`; here it says so once more.

use rulec::tooling::Reference;
use rulec::{Compiled, Decision, Engine, compile_text};

const HEAD: &str = r#"
ruleset shop {
    edition  2026
    version  "1"
    timezone "UTC"
    currency USD
    lateness 1h
    limits   { entries 3 }
}
entity buyer
event order {
    buyer:  buyer
    amount: int
    limit:  int?
    note:   text?
    items:  list<record { price: int?, kind: text }>
}
event look {
    buyer: buyer?
}
"#;

struct Shop {
    oracle: Reference,
    engine: Engine,
    orders: u32,
}

impl Shop {
    fn new(rules: &str) -> Shop {
        let compiled: Compiled =
            compile_text("shop.rules", &format!("{HEAD}{rules}")).unwrap_or_else(|e| panic!("{e}"));
        Shop { oracle: Reference::new(&compiled), engine: Engine::new(compiled.ruleset.clone()), orders: 0 }
    }

    #[track_caller]
    fn decide(&mut self, line: &str) -> Decision {
        let decision = self.oracle.decide_json(line.as_bytes()).unwrap_or_else(|| panic!("a reject: {line}"));
        assert_eq!(self.engine.decide_json(line.as_bytes()).to_json(), decision.to_json());
        decision
    }

    /// An order of `b1` so many minutes after ten o'clock.
    #[track_caller]
    fn order(&mut self, minute: i64, amount: i64) -> Decision {
        self.orders += 1;
        let at = clock(minute);
        let line = format!(
            r#"{{"type":"order","id":"o{}","at":"{at}","buyer":"b1","amount":{amount},"items":[]}}"#,
            self.orders
        );
        self.decide(&line)
    }

    #[track_caller]
    fn look(&mut self, minute: i64) -> Decision {
        self.orders += 1;
        let at = clock(minute);
        let line = format!(r#"{{"type":"look","id":"l{}","at":"{at}","buyer":"b1"}}"#, self.orders);
        self.decide(&line)
    }
}

fn clock(minute: i64) -> String {
    let minute = 10 * 60 + minute;
    format!("2026-11-{:02}T{:02}:{:02}:00Z", 11 + minute / 1440, minute / 60 % 24, minute % 60)
}

fn said(decision: &Decision) -> String {
    decision.rules.iter().filter_map(|hit| hit.because.clone()).collect::<Vec<_>>().join("; ")
}

fn unclear(decision: &Decision) -> Vec<String> {
    decision.cannot_say.iter().flat_map(|entry| entry.missing.clone()).collect()
}

#[test]
fn windows_are_open_on_the_left_and_closed_on_the_right() {
    let mut shop = Shop::new(
        r#"
signal hour = sum(order.amount) by buyer over 1h
signal before = sum(order.amount) by buyer over 1h ending 30m ago
rule sums on look {
    observe always
    because "{hour} {before}"
}
"#,
    );
    shop.order(0, 1);
    shop.order(60, 10);
    assert_eq!(said(&shop.look(60)), "10 1");
    assert_eq!(said(&shop.look(59)), "1 1");
    assert_eq!(said(&shop.look(90)), "10 10");
    assert_eq!(said(&shop.look(120)), "0 10");
}

#[test]
fn an_event_counts_itself_after_all_of_its_time() {
    let mut shop = Shop::new(
        r#"
signal with = last(order.amount) by buyer over 1h including this
signal without = last(order.amount) by buyer over 1h before this
rule values on order {
    observe if with is present
    because "{with} {without}"
}
"#,
    );
    assert_eq!(said(&shop.order(5, 1)), "1 ?");
    assert_eq!(said(&shop.order(5, 2)), "2 1");
    // What is later does not count: this one is late.
    let late = shop.order(4, 3);
    assert_eq!((said(&late).as_str(), late.late), ("3 ?", true));
    assert_eq!(said(&shop.order(5, 4)), "4 2");
}

#[test]
fn entries_beyond_the_cap_leave_lower_bounds() {
    let mut shop = Shop::new(
        r#"
signal orders = count(order) by buyer over 1d
signal total = sum(order.amount) by buyer over 1d
rule many on look {
    review if orders >= 3
    because "{orders} orders, {total} in all, the last {latest}"
    let latest = last(order.amount) by buyer over 1d
}
rule even on look {
    review if orders % 2 == 0
}
rule much on look {
    review if total > 0
}
"#,
    );
    for minute in 0..4 {
        shop.order(minute, 10 + minute);
    }
    let decision = shop.look(10);
    assert_eq!(said(&decision), "3 or more orders, ? in all, the last 13");
    assert_eq!(
        unclear(&decision),
        ["count(order) by buyer over 1d (saturated)", "sum(order.amount) by buyer over 1d (saturated)"]
    );
    // What the cap dropped is behind this window.
    assert_eq!(unclear(&shop.look(1440)), Vec::<String>::new());
}

#[test]
fn what_came_too_late_is_missed_by_its_windows_only() {
    let mut shop = Shop::new(
        r#"
signal orders = count(order) by buyer over 2h
signal all = count(order) by buyer ever
rule counts on look {
    observe if all > 0
    because "{orders} of {all}"
}
rule recent on look {
    observe if orders > 2
}
"#,
    );
    shop.order(0, 1);
    shop.order(120, 1);
    // Within the lateness of one hour it takes its place, before that it is decided and lost.
    assert!(shop.order(60, 1).late);
    assert_eq!(said(&shop.look(120)), "2 of 3");
    assert!(shop.order(59, 1).late);
    let decision = shop.look(178);
    assert_eq!(said(&decision), "? of 4");
    assert_eq!(unclear(&decision), ["count(order) by buyer over 2h (too late)"]);
    assert_eq!(said(&shop.look(179)), "2 of 4");
}

#[test]
fn cannot_say_names_what_was_missing_as_written() {
    let mut shop = Shop::new(
        r#"
signal room = limit
    - amount
rule full on order {
    review if room < 0 or (note contains "x" and amount > 5)
    block if amount * 4611686018427387904 > 0 or 1 / (amount - amount) > 0
    challenge if sum(items.price where kind == note) > 1
    observe if unknown
    because "room for {room}"
}
rule visits on look {
    review if count(order) by buyer over 1d > 2
}
"#,
    );
    let line = r#"{"type":"order","id":"1","at":"2026-11-11T10:00:00Z","buyer":"b1","amount":6,"note":"y","items":[{"kind":"y"},{"kind":"z"}]}"#;
    let decision = shop.decide(line);
    assert_eq!(&*decision.outcome, "observe");
    assert_eq!(said(&decision), "room for ?");
    assert_eq!(
        unclear(&decision),
        [
            "limit",
            "amount * 4611686018427387904 (overflow)",
            "1 / (amount - amount) (division by zero)",
            "items.price"
        ]
    );
    let line = r#"{"type":"order","id":"2","at":"2026-11-11T10:00:00Z","buyer":"b1","amount":3,"limit":9,"items":[{"kind":"y"}]}"#;
    let decision = shop.decide(line);
    assert_eq!(
        unclear(&decision),
        ["amount * 4611686018427387904 (overflow)", "1 / (amount - amount) (division by zero)", "note"]
    );
    let line = r#"{"type":"look","id":"3","at":"2026-11-11T10:00:00Z"}"#;
    assert_eq!(unclear(&shop.decide(line)), ["buyer"]);
}

#[test]
fn bands_lanes_and_policies() {
    let mut shop = Shop::new(
        r#"
rule free on order {
    allow if amount < 10 score 5
}
rule scored on order {
    when amount > 0
    score 20 if amount > 1
    score -5 if amount > 2
}
rule strict on order {
    always
    warn if amount == 3 score 30
    unless limit == 1 because "limit {limit}"
}
policy order {
    challenge at score 20
    review at score 45
}
"#,
    );
    let outcome = |decision: &Decision| (decision.outcome.to_string(), decision.score);
    assert_eq!(outcome(&shop.order(0, 20)), ("allow".into(), 15));
    // In the lane only `strict` counts, and its score alone reaches a band; all hits are in the sum.
    assert_eq!(outcome(&shop.order(1, 3)), ("challenge".into(), 50));
    assert_eq!(outcome(&shop.order(2, 2)), ("allow".into(), 25));
    let line = r#"{"type":"order","id":"x","at":"2026-11-11T12:00:00Z","buyer":"b1","amount":3,"limit":1,"items":[]}"#;
    let decision = shop.decide(line);
    assert_eq!(outcome(&decision), ("allow".into(), 20));
    assert_eq!(decision.suppressed[0].because.as_deref(), Some("limit 1"));
}

#[test]
fn a_retry_within_a_day_gets_the_stored_decision() {
    let mut shop = Shop::new(
        r#"
rule repeated on order {
    review if count(order) by buyer ever before this >= 1
}
"#,
    );
    let line = |id: &str, at: &str| {
        format!(r#"{{"type":"order","id":"{id}","at":"{at}","buyer":"b1","amount":1,"items":[]}}"#)
    };
    let first = shop.decide(&line("a", "2026-11-11T10:00:00Z"));
    shop.decide(&line("b", "2026-11-12T09:59:59Z"));
    let again = shop.decide(&line("a", "2026-11-11T10:00:00Z"));
    assert_eq!(again, Decision { duplicate: true, ..first });
    // A day of engine time later it is an event like any other.
    shop.decide(&line("c", "2026-11-12T10:00:00Z"));
    let fresh = shop.decide(&line("a", "2026-11-11T10:00:00Z"));
    assert_eq!((fresh.duplicate, &*fresh.outcome), (false, "review"));
}

#[test]
fn deviations_and_averages_are_exact() {
    let mut shop = Shop::new(
        r#"
signal mean = avg(order.amount) by buyer over 1d
signal spread = stddev(order.amount) by buyer over 1d
rule figures on look {
    observe if (mean == 4.666667) and (spread == 2.516611)
}
"#,
    );
    for (minute, amount) in [(0, 2), (1, 5), (2, 7)] {
        shop.order(minute, amount);
    }
    assert_eq!(&*shop.look(5).outcome, "observe");
    assert_eq!(&*shop.look(1441).outcome, "allow");
}
