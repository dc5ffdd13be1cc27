//! What rules mean, from source text to JSON.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::sema::{self, DataFiles, FileInput, Input};
use crate::source::SourceMap;
use crate::syntax;

const HEADER: &str = r#"
ruleset shop {
    version "1"
    timezone "UTC"
    currency USD
}
entity buyer
entity card
event order {
    buyer: buyer?
    amount: money(USD)
    old: int?
    part: int?
    card: card? sensitive
    country: country?
    items: list<record { sku: text, price: int? }>?
}
event login { buyer: buyer }
action report(buyer: buyer, what: text)
"#;

fn ruleset(rules: &str) -> Arc<Ruleset> {
    let text = format!("{HEADER}{rules}");
    let mut sources = SourceMap::default();
    let source = sources.add("shop.rules", text.as_str());
    let (file, mut found) = syntax::parse(source, &text);
    let files = vec![FileInput { file: &file, root: true, rules: true }];
    let data = DataFiles::default();
    let (hir, more) = sema::check(Input { files, sources: &sources, data: &data, default_name: "shop" });
    found.extend(more);
    let errors: Vec<String> = found
        .iter()
        .filter(|d| d.severity() == crate::diag::Severity::Error)
        .map(|d| format!("{} at `{}`", d.message, sources.slice(d.span())))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    Arc::new(Ruleset::new(hir, &sources, "0123456789abcdef".to_string(), Default::default()))
}

fn engine(rules: &str) -> Engine {
    Engine::new(ruleset(rules))
}

/// An order at this second with these fields more; `id` is the second unless given.
fn order(second: u32, fields: Value) -> Event {
    event("order", second, json!({ "amount": "10 USD" })).with(fields)
}

fn event(name: &str, second: u32, fields: Value) -> Event {
    let at = format!("2026-01-01T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60);
    Event::new(name).id(format!("e{second}")).at(at).with(fields)
}

impl Event {
    fn with(mut self, fields: Value) -> Event {
        for (name, value) in fields.as_object().cloned().unwrap_or_default() {
            self = self.set(name, value);
        }
        self
    }
}

fn decide(engine: &Engine, event: Event) -> Value {
    serde_json::from_str(&engine.decide_event(&event).to_json()).unwrap()
}

/// The decision of a fresh engine about one order.
fn once(rules: &str, fields: Value) -> Value {
    decide(&engine(rules), order(0, fields))
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["rule"].as_str().unwrap()).collect()
}

#[test]
fn the_first_true_band_is_the_result() {
    let rules = r#"
rule a on order {
    block  if old >= 6 score 90
    review if old >= 3 score 40
    because "old {old}"
}"#;
    let hit = once(rules, json!({ "old": 7 }));
    assert_eq!((&hit["outcome"], &hit["score"]), (&json!("block"), &json!(90)));
    assert_eq!(hit["rules"][0]["because"], "old 7");
    assert_eq!(once(rules, json!({ "old": 3 }))["outcome"], "review");
    let quiet = once(rules, json!({ "old": 2 }));
    assert_eq!(
        (&quiet["outcome"], &quiet["rules"], &quiet["cannot_say"]),
        (&json!("allow"), &json!([]), &json!([]))
    );
}

#[test]
fn an_unknown_earlier_band_is_listed_beside_the_hit() {
    let rules = r#"
rule a on order {
    block  if old > 5
    review if amount > 5 USD
    because "x {old}"
}"#;
    let decision = once(rules, json!({}));
    assert_eq!(decision["outcome"], "review");
    assert_eq!(decision["cannot_say"], json!([{ "rule": "a", "missing": ["old"] }]));
    assert_eq!(decision["rules"][0]["because"], "x ?");
    // Bands after the first true one are not asked.
    let known = once(rules, json!({ "old": 9 }));
    assert_eq!((&known["outcome"], &known["cannot_say"]), (&json!("block"), &json!([])));
}

#[test]
fn missing_data_never_passes_silently() {
    let rules = r#"
rule plain on order { review if old > 5
    because "x" }
rule strict on order {
    when amount > 1 USD
    review if old > 5
    challenge if unknown score 7
    because "x"
}
rule guarded on order {
    when old > 5
    block if amount > 1 USD
    because "x"
}"#;
    let decision = once(rules, json!({}));
    assert_eq!(decision["outcome"], "challenge");
    assert_eq!(decision["score"], 7);
    assert_eq!(names(&decision["rules"]), ["strict"]);
    assert_eq!(names(&decision["cannot_say"]), ["guarded", "plain", "strict"]);
    // Nothing is unknown, so nothing is said.
    let known = once(rules, json!({ "old": 1 }));
    assert_eq!((&known["rules"], &known["cannot_say"]), (&json!([]), &json!([])));
}

#[test]
fn a_hit_through_an_unknown_when_still_shows_its_values() {
    let rules = r#"
rule a on order {
    when old > 5
    let half = part / 2
    block if half > 3
    review if unknown
    because "half of it is {half}"
    do report(buyer, "x") if half > 1
}"#;
    let engine = engine(rules);
    decide(&engine, order(0, json!({ "old": 9, "part": 90 })));
    let decision = decide(&engine, order(1, json!({ "part": 4, "buyer": "b" })));
    assert_eq!(decision["rules"][0]["because"], "half of it is 2");
    assert_eq!(decision["effects"].as_array().unwrap().len(), 1);
}

#[test]
fn cannot_say_names_operands_as_written_each_once_with_reasons() {
    let rules = r#"
signal ratio = old / part
rule a on order {
    review if ratio > 3
           or old  +   1 > part
    because "x"
}
rule b on order { review if (old else 5) / part > 1
    because "x" }
rule c on order { review if old * 9223372036854775807 > 1
    because "x" }
"#;
    let decision = once(rules, json!({ "part": 0 }));
    assert_eq!(
        decision["cannot_say"],
        json!([
            { "rule": "a", "missing": ["old"] },
            { "rule": "b", "missing": ["(old else 5) / part (division by zero)"] },
            { "rule": "c", "missing": ["old"] },
        ])
    );
    let decision = once(rules, json!({ "old": 2, "part": 0 }));
    assert_eq!(decision["rules"][0]["rule"], "a");
    assert_eq!(
        decision["cannot_say"],
        json!([
            { "rule": "b", "missing": ["(old else 5) / part (division by zero)"] },
            { "rule": "c", "missing": ["old * 9223372036854775807 (overflow)"] },
        ])
    );
}

#[test]
fn cannot_say_looks_into_lists() {
    let rules = r#"
rule a on order { review if sum(items.price) > 5
    because "x" }
rule b on order { review if any(items where price > 5)
    because "x" }
"#;
    let items = json!({ "items": [{ "sku": "a", "price": 3 }, { "sku": "b" }] });
    let decision = once(rules, items);
    assert_eq!(names(&decision["cannot_say"]), ["a", "b"]);
    let missing = decision["cannot_say"][1]["missing"].as_array().unwrap();
    assert_eq!(missing, &[json!("price")]);
    assert_eq!(once(rules, json!({}))["cannot_say"][0]["missing"], json!(["items"]));
}

#[test]
fn an_aggregate_without_its_key_is_unknown_and_names_the_key() {
    let rules = r#"
rule a on order {
    review if count(login) by buyer over 1h >= 1
    because "{count}"
    let count = count(login) by buyer over 1h
}"#;
    let engine = engine(rules);
    let decision = decide(&engine, order(0, json!({})));
    assert_eq!(decision["cannot_say"], json!([{ "rule": "a", "missing": ["buyer"] }]));
    decide(&engine, event("login", 1, json!({ "buyer": "b" })));
    assert_eq!(decide(&engine, order(2, json!({ "buyer": "b" })))["rules"][0]["because"], "1");
    assert_eq!(decide(&engine, order(3, json!({ "buyer": "c" })))["rules"], json!([]));
}

#[test]
fn windows_slide_and_the_current_event_counts_if_said() {
    let rules = r#"
rule before on order { score 1 if count(order) by buyer over 10s before this >= 2
    because "x" }
rule including on order { score 10 if count(order) by buyer over 10s including this >= 2
    because "x" }
rule far on order { score 100 if count(order) by buyer over 10s ending 10s ago >= 1
    because "x" }
"#;
    let engine = engine(rules);
    let score = |second: u32| decide(&engine, order(second, json!({ "buyer": "b" })))["score"].clone();
    assert_eq!(score(0), 0);
    assert_eq!(score(5), 10);
    assert_eq!(score(9), 11);
    // (1, 11] holds the orders of 5 and 9; (-9, 1] that of 0.
    assert_eq!(score(11), 111);
    assert_eq!(score(15), 111);
    assert_eq!(score(40), 0);
}

#[test]
fn scores_add_up_while_when_is_true() {
    let rules = r#"
rule a on order {
    when amount > 5 USD
    score 10 if old > 1
    score -3 if part > 1
    review if old > 100 score 5
    because "x"
}"#;
    let decision = once(rules, json!({ "old": 2, "part": 2 }));
    assert_eq!((&decision["score"], &decision["outcome"]), (&json!(7), &json!("allow")));
    assert_eq!(decision["rules"][0]["outcome"], Value::Null);
    assert_eq!(once(rules, json!({ "old": 200, "part": 2 }))["score"], 12);
    let unclear = once(rules, json!({ "old": 2 }));
    assert_eq!((&unclear["score"], &unclear["cannot_say"][0]["missing"]), (&json!(10), &json!(["part"])));
    assert_eq!(once(rules, json!({ "amount": "1 USD", "old": 2 }))["rules"], json!([]));
}

#[test]
fn unless_suppresses_and_unknown_counts_as_false() {
    let rules = r#"
rule a on order {
    review if amount > 5 USD score 4
    unless old > 5 because "old: {old}"
    because "x"
}"#;
    let held_back = once(rules, json!({ "old": 7 }));
    assert_eq!((&held_back["outcome"], &held_back["score"]), (&json!("allow"), &json!(0)));
    let entry = &held_back["suppressed"][0];
    assert_eq!(entry["rule"], "a");
    assert_eq!(
        (&entry["why"], &entry["because"], &entry["outcome"]),
        (&json!("unless"), &json!("old: 7"), &json!("review"))
    );
    let hit = once(rules, json!({}));
    assert_eq!((&hit["outcome"], &hit["suppressed"]), (&json!("review"), &json!([])));
}

#[test]
fn the_allow_lane_leaves_only_always_rules_counting() {
    let rules = r#"
rule trusted on order { allow if old > 5
    because "x" }
rule sum on order { review always score 30
    because "x" }
rule fixed on order { challenge if amount > 5 USD score 8
    always
    because "x" }
policy order { block at score 35 }
"#;
    let open = once(rules, json!({ "old": 1 }));
    assert_eq!((&open["outcome"], &open["score"]), (&json!("block"), &json!(38)));
    let allowed = once(rules, json!({ "old": 9 }));
    assert_eq!((&allowed["outcome"], &allowed["score"]), (&json!("challenge"), &json!(38)));
    assert_eq!(names(&allowed["rules"]), ["fixed", "sum", "trusted"]);
}

#[test]
fn a_policy_band_counts_from_its_score_on() {
    let rules = r#"
rule a on order { score 20 if old > 1
    because "x" }
rule b on order { score 20 if part > 1
    because "x" }
policy order { challenge at score 20
 block at score 40 }
"#;
    assert_eq!(once(rules, json!({ "old": 2, "part": 0 }))["outcome"], "challenge");
    assert_eq!(once(rules, json!({ "old": 2, "part": 2 }))["outcome"], "block");
    assert_eq!(once(rules, json!({ "old": 0, "part": 0 }))["outcome"], "allow");
}

#[test]
fn shadow_rules_change_nothing() {
    let rules = r#"
shadow rule a on order {
    block if amount > 5 USD score 50
    because "x"
    do report(buyer, "a")
}"#;
    let decision = once(rules, json!({ "buyer": "b" }));
    assert_eq!(
        (&decision["outcome"], &decision["score"], &decision["effects"]),
        (&json!("allow"), &json!(0), &json!([]))
    );
    assert_eq!(decision["shadow"][0]["outcome"], "block");
    assert_eq!(decision["rules"], json!([]));
}

#[test]
fn a_rule_is_evaluated_while_it_is_active() {
    let rules = r#"
rule a on order {
    review if amount > 5 USD
    because "x"
    active from 2026-01-01T00:00:10Z until 2026-01-01T00:00:20Z
}"#;
    let engine = engine(rules);
    let hits = [9, 10, 19, 20].map(|second| decide(&engine, order(second, json!({})))["outcome"].clone());
    assert_eq!(hits, ["allow", "review", "review", "allow"]);
}

#[test]
fn a_rollout_is_sticky_and_grows() {
    let hits = |share: &str| -> Vec<u32> {
        let engine = engine(
            &format!("rule a on order {{ review if amount > 5 USD because \"x\" rollout {share} by buyer }}")
                .replace(" because", "\n because")
                .replace(" rollout", "\n rollout"),
        );
        (0..400)
            .filter(|i| {
                let decision = decide(&engine, order(*i, json!({ "buyer": format!("b{i}") })));
                let (live, shadow) = (names(&decision["rules"]), names(&decision["shadow"]));
                assert_eq!(live.len() + shadow.len(), 1);
                live.len() == 1
            })
            .collect()
    };
    let (tenth, fifth) = (hits("10%"), hits("20%"));
    assert!((20..=60).contains(&tenth.len()), "{}", tenth.len());
    assert!(tenth.iter().all(|key| fifth.contains(key)) && fifth.len() > tenth.len());
    assert_eq!(hits("10%"), tenth);
    let rules = "rule a on order {\n review if amount > 5 USD\n because \"x\"\n rollout 100% by buyer\n}";
    assert_eq!(names(&once(rules, json!({}))["shadow"]), ["a"]);
    assert_eq!(names(&once(rules, json!({ "buyer": "b" }))["rules"]), ["a"]);
}

#[test]
fn effects_carry_a_key_and_need_their_arguments() {
    let rules = r#"
rule a on order {
    review if amount > 5 USD
    because "x"
    do report(buyer, "first") if old > 1
    do report(buyer, "second")
}"#;
    let decision = once(rules, json!({ "buyer": "b", "old": 2 }));
    let effects = decision["effects"].as_array().unwrap();
    assert_eq!(effects.len(), 2);
    assert_eq!(effects[0]["do"], "report");
    assert_eq!(effects[0]["args"], json!({ "buyer": "b", "what": "first" }));
    assert_ne!(effects[0]["once"], effects[1]["once"]);
    assert_eq!(once(rules, json!({ "buyer": "b", "old": 2 }))["effects"], decision["effects"]);
    let without = once(rules, json!({}));
    assert_eq!(without["effects"], json!([]));
    assert_eq!(names(&without["rules"]), ["a"]);
    assert_eq!(without["cannot_say"], json!([{ "rule": "a", "missing": ["old", "buyer"] }]));
}

#[test]
fn about_names_subjects_and_hides_sensitive_ones() {
    let rules = "rule a on order {\n review if amount > 5 USD\n because \"x\"\n about buyer, card\n}";
    let decision = once(rules, json!({ "buyer": "b", "card": "4111" }));
    let about = &decision["rules"][0]["about"];
    assert_eq!(about["buyer"], "b");
    let card = about["card"].as_str().unwrap();
    assert!(card.starts_with('#') && card.len() == 11, "{card}");
    assert!(!decision.to_string().contains("4111"));
    assert_eq!(once(rules, json!({ "buyer": "b" }))["rules"][0]["about"], json!({ "buyer": "b" }));
}

#[test]
fn a_retry_gets_the_stored_decision_and_changes_nothing() {
    let rules =
        "rule a on order {\n review if count(order) by buyer over 1h before this >= 1\n because \"x\"\n}";
    let engine = engine(rules);
    let first = decide(&engine, order(0, json!({ "buyer": "b" })));
    let second = decide(&engine, order(1, json!({ "buyer": "b" })));
    assert_eq!((&first["outcome"], &second["outcome"]), (&json!("allow"), &json!("review")));
    let mut again = decide(&engine, order(0, json!({ "buyer": "b" })));
    assert_eq!(again["duplicate"], true);
    again["duplicate"] = json!(false);
    assert_eq!(again, first);
    let stats = engine.stats();
    assert_eq!((stats.decided, stats.duplicates, stats.rules[0].hits), (3, 1, 1));
    // Another type with the same id is another event.
    assert_eq!(decide(&engine, event("login", 0, json!({ "buyer": "b" })))["duplicate"], false);
}

#[test]
fn a_reject_is_not_remembered() {
    let engine = engine("rule a on order {\n review if amount > 5 USD\n because \"x\"\n}");
    let answer = engine.decide_event(&order(0, json!({ "amount": "ten" })));
    let reject = answer.reject().expect("a wrong amount is a reject");
    assert_eq!((reject.pointer.as_str(), &*reject.outcome), ("/amount", "review"));
    let corrected = decide(&engine, order(0, json!({ "amount": "10 USD" })));
    assert_eq!((&corrected["outcome"], &corrected["duplicate"]), (&json!("review"), &json!(false)));
    let stats = engine.stats();
    assert_eq!((stats.decided, stats.rejected, stats.rejects.len()), (1, 1, 1));
}

#[test]
fn late_events_say_so() {
    let rules =
        "rule a on order {\n review if count(order) by buyer over 1h before this >= 9\n because \"x\"\n}";
    let engine = engine(rules);
    assert_eq!(decide(&engine, order(10, json!({ "buyer": "b" })))["late"], false);
    assert_eq!(decide(&engine, order(5, json!({ "buyer": "b" })))["late"], true);
    assert_eq!(decide(&engine, order(6, json!({ "buyer": "c" })))["late"], false);
    assert_eq!(engine.stats().late, 1);
}

#[test]
fn wrong_optional_values_are_missing_and_listed() {
    let decision = once(
        "rule a on order {\n review if country == PL\n because \"x\"\n}",
        json!({ "country": "Atlantis" }),
    );
    assert_eq!(decision["bad"], json!(["/country"]));
    assert_eq!(decision["cannot_say"], json!([{ "rule": "a", "missing": ["country"] }]));
}

#[test]
fn rules_of_a_group_are_evaluated_on_each_event() {
    let rules = r#"
events activity = order, login
rule a on activity {
    review if count(activity) by buyer over 1h including this >= 2
    because "x"
}"#;
    let engine = engine(rules);
    assert_eq!(decide(&engine, event("login", 0, json!({ "buyer": "b" })))["outcome"], "allow");
    assert_eq!(decide(&engine, order(1, json!({ "buyer": "b" })))["outcome"], "review");
}

#[test]
fn the_same_input_gives_the_same_bytes_on_every_engine() {
    let rules = r#"
rule a on order {
    review if count(order) by buyer over 1h before this >= 3 score 5
    block if sum(order.amount) by buyer over 1h including this > 100 USD
    because "{n} orders"
    let n = count(order) by buyer over 1h before this
    about buyer
    do report(buyer, "many")
}
rule b on order { score 3 if old > 4
    because "{old}" }
"#;
    let ruleset = ruleset(rules);
    let run = || -> Vec<String> {
        let engine = Engine::new(ruleset.clone());
        let event = |i: u32| {
            let old = if i.is_multiple_of(4) { json!(null) } else { json!(i % 9) };
            order(i * 37 % 900, json!({ "id": format!("{i}"), "buyer": format!("b{}", i % 5), "old": old }))
        };
        (0..300).map(|i| engine.decide_event(&event(i)).to_json()).collect()
    };
    assert_eq!(run(), run());
}

#[test]
fn json_lines_and_parsed_values_and_typed_events_agree() {
    let rules = "rule a on order {\n review if old > 1\n because \"{old}\"\n}";
    let value = json!({ "type": "order", "id": "e7", "at": "2026-01-01T00:00:07Z", "amount": "10 USD", "old": 2, "extra": 1 });
    let by_line = engine(rules);
    let line = by_line.decide_json(value.to_string().as_bytes());
    assert_eq!(by_line.stats().unknown_fields, 1);
    assert_eq!(engine(rules).decide_value(&value), line);
    assert_eq!(engine(rules).decide_event(&order(7, json!({ "old": 2 }))), line);
    assert_eq!(line.outcome(), "review");
}

#[test]
fn tests_beside_the_rules_are_run() {
    let rules = r#"
list trusted: buyer = ["b1"]
rule a on order {
    review if old > 5 score 9
    unless buyer in trusted because "known"
    because "x"
    do report(buyer, "old")
}
sample order { buyer: "b2", amount: 20 USD }
test "passes" {
    order { old: 7 } => review by only a, score 9, do report("b2", "old"), no do report("b3")
    order { old: 1 } => allow, not by a, no do report
    order { } => cannot say a
    order { buyer: "b1", old: 7 } => suppressed a
}
test "replaces a list" {
    with list trusted = ["b2"]
    order { old: 7 } => suppressed a, allow
}
test "fails" {
    order { old: 7 } => block, score 8
}
"#;
    let report = testing::run_tests(&ruleset(rules), None);
    let failures: Vec<usize> = report.tests.iter().map(|test| test.failures.len()).collect();
    assert_eq!(failures, [0, 0, 2], "{:#?}", report.tests);
    let failure = &report.tests[2].failures[0];
    assert_eq!((failure.expected.as_str(), failure.got.as_str()), ("block", "review"));
    assert_eq!(report.failed(), 1);
    assert_eq!(report.coverage.whole(), report.coverage.lines.len());
    let some = testing::run_tests(&ruleset(rules), Some("list"));
    assert_eq!(some.tests.len(), 1);
}

#[test]
fn an_unknown_default_event_names_the_nearest() {
    let ruleset = ruleset("rule a on order {\n review if old > 1\n because \"x\"\n}");
    let error = EngineOptions::default().default_event(&ruleset, "ordr").unwrap_err();
    assert!(error.contains("`ordr`") && error.contains("`order`"), "{error}");
    let options = EngineOptions::default().default_event(&ruleset, "order").unwrap();
    let engine = Engine::with_options(ruleset, options);
    let line = br#"{"id":"1","at":"2026-01-01T00:00:00Z","amount":"1 USD","old":3}"#;
    assert_eq!(engine.decide_json(line).outcome(), "review");
}

#[test]
fn engines_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Engine>();
    shared::<Arc<Ruleset>>();
}

/// A memory that came later than the engine itself, with a ruleset that needed it.
#[test]
fn what_came_later_is_warming_also_without_an_end() {
    let engine = engine(
        r#"
rule often on order {
    review if count(order) by buyer ever including this >= 1 and count(login) by buyer over 1s >= 0
    because "often"
}
"#,
    );
    let at = |second: u32| decide(&engine, order(second, json!({ "buyer": "b1" })))["warming"].clone();
    assert_eq!(at(0)[0]["memory"], "count(login) by buyer over 1s");
    assert_eq!(at(2), json!([]));
    let later = crate::model::time::Time::parse_rfc3339("2026-01-01T00:00:03Z").unwrap();
    engine.lock().state.since.ever.fill(later);
    let ever = "count(order) by buyer ever including this";
    assert_eq!(at(60), json!([{ "rule": "often", "memory": ever, "since": "2026-01-01T00:00:03Z" }]));
}
