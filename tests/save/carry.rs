//! A state read by another ruleset than the one that saved it.

use rulec::{Carried, Engine, EngineOptions, Fate, compile_text};
use serde_json::Value;

use super::decide;
use super::saved::Saved;

fn engine(rules: &str) -> Engine {
    engine_with(rules, EngineOptions::default())
}

fn engine_with(rules: &str, options: EngineOptions) -> Engine {
    // One line for what needs several, to be read at a glance.
    match compile_text("shop.rules", &rules.replace(" ; ", "\n")) {
        Ok(compiled) => Engine::with_options(compiled.ruleset, options),
        Err(error) => panic!("{error}\n{rules}"),
    }
}

/// What an engine of other rules makes of what this one remembers.
fn carried(old: &Engine, rules: &str) -> (Engine, Carried) {
    let new = engine(rules);
    let report = new.load(&mut Saved::of(old).read(1000)).unwrap();
    (new, report)
}

fn fate(report: &Carried, kind: &str, what: &str) -> Fate {
    let mut found = report.parts.iter().filter(|part| part.kind == kind && part.what.contains(what));
    match (found.next(), found.next()) {
        (Some(part), None) => part.fate,
        _ => panic!("no {kind} {what}, or several: {report:#?}"),
    }
}

/// An event at so many minutes after the start of a day.
fn event(kind: &str, id: &str, minute: i64, fields: &str) -> String {
    let (day, hour, minute) = (1 + minute / 1440, minute / 60 % 24, minute % 60);
    let comma = if fields.is_empty() { "" } else { "," };
    format!(
        r#"{{"type":"{kind}","id":"{id}","at":"2026-01-{day:02}T{hour:02}:{minute:02}:00Z"{comma}{fields}}}"#
    )
}

fn say(engine: &Engine, line: &str) -> Value {
    serde_json::from_str(&decide(engine, line, false)[0]).unwrap()
}

fn order(engine: &Engine, id: &str, minute: i64) -> Value {
    order_of("b1", engine, id, minute)
}

fn order_of(buyer: &str, engine: &Engine, id: &str, minute: i64) -> Value {
    let fields = format!(r#""buyer":"{buyer}","order":"o1","amount":"20 USD","status":"paid""#);
    say(engine, &event("order", id, minute, &fields))
}

const DECLARED: &str = r#"
ruleset shop { edition 2026 ; version "1" ; currency USD }
entity buyer
event order { buyer: buyer, order: text, amount: money(USD), status: enum { open, paid, sent } }
event payment { order: text }
"#;

fn rules(more: &str) -> String {
    format!("{DECLARED}{more}")
}

/// Counts are shown in the reason.
fn because(answer: &Value) -> String {
    answer["rules"][0]["because"].as_str().unwrap_or("nothing").to_string()
}

#[test]
fn a_memory_is_known_by_its_meaning() {
    let old = engine(&rules(
        r#"
rule often on order {
    let orders = count(order where amount > 5 USD) by buyer over 1h including this
    review if orders >= 2
    because "{orders}"
}"#,
    ));
    order(&old, "e1", 0);
    order(&old, "e2", 10);
    // Renamed, moved, reformatted, by way of a signal, with another threshold and another question beside it.
    let (new, report) = carried(
        &old,
        &rules(
            r#"
let little = 5 USD
signal orders = count(order where (amount > little))
    by buyer over 1h including this
rule first_of_all on payment { observe always ; because "paid" }
rule very_often on order {
    let sum = sum(order.amount) by buyer over 1h including this
    block if orders >= 3 and sum > 0 USD
    because "{orders} {sum}"
}"#,
        ),
    );
    assert_eq!(fate(&report, "memory", "order where"), Fate::Kept);
    assert_eq!(fate(&report, "memory", "order value"), Fate::New);
    let answer = order(&new, "e3", 20);
    assert_eq!(because(&answer), "3 20.00 USD");
    let warming = &answer["warming"];
    assert_eq!(warming.as_array().unwrap().len(), 2, "{warming}");
    assert_eq!(warming[0]["since"], "2026-01-01T00:00:00Z", "that of the beginning");
    assert_eq!(warming[1]["since"], "2026-01-01T00:10:00Z", "that of the ruleset");
}

fn counting(span: &str) -> String {
    rules(&format!(
        r#"rule often on order {{
    let orders = count(order) by buyer over {span} including this
    review if orders >= 1
    because "{{orders}}"
}}"#
    ))
}

#[test]
fn a_wider_span_keeps_what_there_is_and_is_warming() {
    let old = engine(&counting("1h"));
    for (id, minute) in [("e1", 0), ("e2", 30), ("e3", 2 * 1440), ("e4", 2 * 1440 + 30), ("e5", 3 * 1440)] {
        order(&old, id, minute);
    }
    let (new, report) = carried(&old, &counting("2d"));
    let part = &report.parts[0];
    assert_eq!((part.kind, part.fate), ("memory", Fate::Widened));
    // When the last one happened that had expired.
    assert_eq!(part.since.unwrap().to_string(), "2026-01-03T00:30:00Z");
    let answer = order(&new, "e6", 3 * 1440 + 10);
    assert_eq!(because(&answer), "2", "not too late: it is only warming");
    assert_eq!(answer["warming"][0]["since"], "2026-01-03T00:30:00Z");
    let answer = order(&new, "e7", 4 * 1440 + 30);
    assert_eq!((because(&answer).as_str(), &answer["warming"]), ("3", &serde_json::json!([])));
    // Back again: what was widened is narrower, and nothing is missing.
    let (back, report) = carried(&new, &counting("1h"));
    assert_eq!(report.parts[0].fate, Fate::Kept);
    assert_eq!(because(&order(&back, "e8", 4 * 1440 + 40)), "2");
    // And wider once more: what was there all the time still is.
    let (wide, report) = carried(&back, &counting("2d"));
    assert_eq!(report.parts[0].since.unwrap().to_string(), "2026-01-04T00:10:00Z");
    assert_eq!(because(&order(&wide, "e9", 4 * 1440 + 50)), "3");
}

/// A key that was late lacks something within its old windows too, and says so.
#[test]
fn what_was_refused_stays_too_late_in_a_wider_span() {
    let old = engine(&counting("1h").replace("currency USD", "currency USD ; lateness 5m"));
    for (id, minute) in [("e1", 100), ("e2", 80)] {
        order(&old, id, minute);
    }
    let (new, _) = carried(&old, &counting("2h").replace("currency USD", "currency USD ; lateness 5m"));
    let answer = order(&new, "e3", 110);
    assert_eq!(answer["cannot_say"][0]["rule"], "often", "{answer}");
}

#[test]
fn what_was_not_kept_begins_when_it_is_asked() {
    let old = engine(&counting("1h"));
    order(&old, "e1", 0);
    let (new, report) = carried(
        &old,
        &rules(
            r#"rule often on order {
    let all = count(order) by buyer ever including this
    let some = count(order) by buyer over 1h including this
    review if all >= 1 and some >= 1
    because "{all} {some}"
}"#,
        ),
    );
    assert_eq!(report.parts[0].fate, Fate::Extended);
    let answer = order(&new, "e2", 30);
    assert_eq!(because(&answer), "1 2");
    let warming: Vec<(&str, &str)> = answer["warming"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["memory"].as_str().unwrap(), entry["since"].as_str().unwrap()))
        .collect();
    assert!(warming.iter().any(|(memory, _)| memory.contains("ever")), "{warming:?}");
}

#[test]
fn what_a_ruleset_does_not_know_comes_back_with_a_rollback_until_it_is_too_old() {
    let old = engine(&counting("7d"));
    order(&old, "e1", 0);
    order(&old, "e2", 10);
    let nothing = rules("rule paid on payment { observe always ; because \"paid\" }");
    let (between, report) = carried(&old, &nothing);
    assert_eq!(fate(&report, "memory", "order"), Fate::Dropped);
    assert_eq!(between.summary().aside.len(), 1);
    order(&between, "e3", 20);
    // It outlasts further snapshots.
    let (between, report) = carried(&between, &nothing);
    assert_eq!(fate(&report, "memory", "order"), Fate::Aside);
    let (back, report) = carried(&between, &counting("7d"));
    assert_eq!(fate(&report, "memory", "order"), Fate::Returned);
    assert!(back.summary().aside.is_empty());
    let answer = order(&back, "e4", 30);
    assert_eq!(because(&answer), "3", "without the one in between");
    assert_eq!(answer["warming"][0]["since"], "2026-01-01T00:20:00Z");

    order(&between, "e5", 7 * 1440 + 30);
    let (gone, report) = carried(&between, &nothing);
    assert_eq!(fate(&report, "memory", "order"), Fate::Gone);
    assert!(gone.summary().aside.is_empty());
}

/// The values of an enum, the currency of an amount and the type of a key all matter to what was kept.
#[test]
fn other_values_are_another_memory() {
    let last = r#"rule same on order {
    let before = last(order.status) by order over 1d before this
    review if before == sent
    because "{before}"
}"#;
    let old = engine(&rules(last));
    order(&old, "e1", 0);
    let reordered = rules(last).replace("open, paid, sent", "sent, open, paid");
    let (_, report) = carried(&old, &reordered);
    let memories: Vec<Fate> = report.parts.iter().filter(|p| p.kind == "memory").map(|p| p.fate).collect();
    assert_eq!(memories, [Fate::New, Fate::Dropped]);
    let (_, report) = carried(&old, &rules(last).replace("order: text", "order: int"));
    let memories: Vec<Fate> = report.parts.iter().filter(|p| p.kind == "memory").map(|p| p.fate).collect();
    assert_eq!(memories, [Fate::New, Fate::Dropped]);
    let sum = r#"rule much on order {
    let sum = sum(order.amount) by buyer over 1d including this
    review if sum > 1 USD
    because "{sum}"
}"#;
    let old = engine(&rules(sum));
    order(&old, "e1", 0);
    let in_euro = rules(sum).replace("USD", "EUR");
    let (new, report) = carried(&old, &in_euro);
    assert_eq!(report.parts.iter().filter(|p| p.fate == Fate::Kept).count(), 0);
    let line = event("order", "e2", 5, r#""buyer":"b1","order":"o1","amount":"20 EUR","status":"paid""#);
    assert_eq!(because(&say(&new, &line)), "20.00 EUR");
}

#[test]
fn a_retry_gets_its_decision_whatever_decides_now() {
    let mild = "rule any on order { review if amount > 50 USD ; because \"dear\" } ; rule pay on payment { observe always ; because \"paid\" }";
    let old = engine(&rules(mild));
    let quiet = order(&old, "e1", 0);
    let whole = say(&old, &event("payment", "p1", 1, r#""order":"o1""#));
    let strict = format!(
        "{}rule any on order {{ severe if amount > 1 USD ; because \"dear\" }}",
        DECLARED
            .replace("version \"1\"", "version \"2\" ; outcomes allow < hold < severe ; rejects hold")
            .replace("event payment { order: text }\n", "")
            .replace("entity buyer", "entity buyer\nevent payment { order: text, note: text? }")
    );
    let (new, report) = carried(&old, &strict);
    assert_eq!(report.decisions, 2);
    let (new, again) = {
        // Through one more ruleset, which decides something itself.
        let other = order(&new, "e9", 2);
        assert_eq!(other["outcome"], "severe");
        let (newer, report) = carried(&new, &rules(mild));
        assert_eq!(report.decisions, 3);
        (newer, other)
    };
    let with_mark = |mut answer: Value| {
        answer["duplicate"] = true.into();
        answer
    };
    assert_eq!(order(&new, "e1", 0), with_mark(quiet.clone()));
    assert_eq!(say(&new, &event("payment", "p1", 1, r#""order":"o1""#)), with_mark(whole));
    assert_eq!(order(&new, "e9", 2), with_mark(again));
    // The same ruleset read it, so it can tell that something else is said now.
    let other = event("order", "e1", 0, r#""buyer":"b2","order":"o1","amount":"20 USD","status":"paid""#);
    assert_eq!(say(&new, &other)["conflict"], true);
    // Read with other fields, what was said can't be compared.
    let (new, _) =
        carried(&old, &rules(mild).replace("buyer: buyer, order: text", "order: text, buyer: buyer"));
    assert_eq!(order(&new, "e1", 0), with_mark(quiet));
}

const EFFECTS: &str = r#"
action report(order: text) once per order per 10d
label known on buyer
label odd on buyer
list friends: buyer extern
rule a_first on order { observe if not (buyer has label odd) ; because "first" ; label odd on buyer for 1d }
rule busy on order {
    review if not (buyer in friends)
    because "busy"
    do report(order)
    mute later by buyer for 1h
    once per order per 5d
    label known on buyer
}
rule later on payment, order { challenge if buyer has label known ; because "later" }
"#;

fn effects(text: &str) -> String {
    rules(&text.replace(" on payment, order", " on order"))
}

#[test]
fn labels_mutes_and_once_go_by_name_and_a_renamed_rule_by_its_former_one() {
    let old = engine(&effects(EFFECTS));
    decide(&old, r#"{"type":"list","name":"friends","at":"2026-01-01T00:00:00Z","add":["b7"]}"#, false);
    order(&old, "e1", 0);
    let other_order = r#"
label odd on buyer
label known on buyer
"#;
    let moved = EFFECTS
        .replace("label known on buyer\nlabel odd on buyer\n", other_order)
        .replace("rule busy on order {", "rule aa_busy on order {\n    formerly busy")
        .replace("rule later on", "rule aaa_later on")
        .replace("mute later", "mute aaa_later")
        .replace("challenge if", "formerly later\n    challenge if");
    let (new, report) = carried(&old, &effects(&moved));
    for (kind, what) in [("label", "known"), ("label", "odd"), ("mute", "later"), ("list", "friends")] {
        assert_eq!(fate(&report, kind, what), Fate::Kept, "{report:#?}");
    }
    assert_eq!(report.parts.iter().filter(|part| part.kind == "once").count(), 2);
    let answer = order(&new, "e2", 10);
    let names = |part: &str| -> Vec<String> {
        answer[part].as_array().unwrap().iter().map(|h| h["rule"].as_str().unwrap().to_string()).collect()
    };
    assert_eq!(names("rules"), ["aa_busy"], "{answer}");
    // Muted, and the action and the label were withheld.
    assert_eq!(names("suppressed"), ["aa_busy", "aaa_later"], "{answer}");
    // Without the former name it is another rule: neither muted nor resting.
    let (new, report) =
        carried(&old, &effects(&moved.replace("formerly later", "").replace("formerly busy", "")));
    assert_eq!(fate(&report, "mute", "later"), Fate::Dropped);
    let answer = order(&new, "e2", 10);
    assert_eq!(answer["rules"].as_array().unwrap().len(), 2, "{answer}");
}

fn waiting(name: &str, on: &str, says: &str) -> String {
    rules(&format!("rule {name} on {on} {{ {says} ; review always ; because \"unpaid {{amount}}\" }}"))
}

#[test]
fn deadlines_wait_on_unless_the_line_that_set_them_means_something_else() {
    let on = "no payment by order within 48h after order where amount > 1 USD";
    let old = engine(&waiting("unpaid", on, ""));
    order(&old, "e1", 0);
    let due = |engine: &Engine| -> Vec<String> {
        let clock = r#"{"type":"clock","at":"2026-01-05T00:00:00Z"}"#;
        let said = decide(engine, clock, true);
        said.iter()
            .map(|s| serde_json::from_str::<Value>(s).unwrap()["event"].as_str().unwrap().into())
            .collect()
    };
    let reformatted = "no payment by order within 2d\n after order where (amount > 1 USD)";
    let (new, report) = carried(&old, &waiting("never_paid", reformatted, "formerly unpaid"));
    assert_eq!((report.deadlines, report.deadlines_dropped), (1, 0));
    assert_eq!(due(&new), ["e1#never_paid"]);
    let (new, _) = carried(&old, &waiting("unpaid", on, ""));
    say_nothing(&new, &event("payment", "p1", 60, r#""order":"o1""#));
    assert!(due(&new).is_empty(), "it was paid");
    let changed = [
        ("unpaid", on.replace("48h", "47h")),
        ("unpaid", on.replace("> 1", "> 2")),
        ("unpaid", on.replace("payment by", "payment where order == \"x\" by")),
        ("another", on.to_string()),
    ];
    for (name, on) in changed {
        let (new, report) = carried(&old, &waiting(name, &on, ""));
        assert_eq!((report.deadlines, report.deadlines_dropped), (0, 1), "{on}");
        assert!(due(&new).is_empty());
    }
}

fn say_nothing(engine: &Engine, line: &str) {
    decide(engine, line, false);
}

/// Everything that a ruleset can remember, declared in one order and in another.
fn everything(turned: bool) -> String {
    let mut parts: Vec<&str> = vec![
        "entity buyer\n",
        "event order { buyer: buyer, order: text, n: int, code: text }\n",
        "event payment { order: text, buyer: buyer }\n",
        "event told { buyer: buyer, level: int, since: time? }\n",
        "event sale { buyer: buyer, from: time, until: time }\n",
        "list friends: buyer extern\n",
        "list nets: ip extern\n",
        "table levels: buyer from told\n",
        "calendar sales from sale by buyer\n",
        "label good on buyer\n",
        "label bad on buyer\n",
        "action ask(who: buyer) once per who per 1d\n",
        "action tell_them(who: buyer) once per who per 2d\n",
        "rule r1 on order { review if sequence(told, payment, order) by buyer within 3d ; because \"in a row\" ; label bad on buyer for 2d }\n",
        "rule r2 on order { warn if buyer has label bad and not (buyer in friends) ; because \"bad\" ; do ask(buyer) ; once per order per 12h }\n",
        "rule r3 on order { let codes = distinct(order.code) by buyer over 2d including this ; let last = last(order.code) by buyer over 3d before this ; let level = levels[buyer].level ; observe if codes >= 2 ; because \"{codes} {last} {level}\" ; mute r2 by buyer for 6h }\n",
        "rule r4 on no payment by order within 10h after order { challenge always ; because \"unpaid {n}\" ; label good on buyer }\n",
        "rule r5 on payment { observe if buyer has label good or at during sales[buyer] ; because \"good\" ; do tell_them(buyer) }\n",
        "rule r6 on order { let first = first(order.code) by buyer ever before this ; score 5 if sum(order.n) by buyer ever before this > 10 ; score 3 if percentile(order.n, 50) by buyer over 2d including this > 3 and avg(order.n) by buyer over 2d step 1h including this > 2 ; score 2 if distinct(order.code) by buyer ever including this > 2 ; because \"{first}\" }\n",
    ];
    if turned {
        parts.reverse();
    }
    format!(
        "ruleset shop {{ edition 2026 ; version \"1\" ; lateness 1h ; limits {{ entries 20 }} }}\n{}",
        parts.concat()
    )
}

fn traffic(from: usize, to: usize) -> Vec<String> {
    let line = |i: usize| {
        let (minute, buyer, order) = (i as i64 * 37, i % 5, i % 9);
        let id = format!("e{i}");
        match i % 8 {
            0 | 3 | 5 => event(
                "order",
                &id,
                minute - (i % 7) as i64 * 11,
                &format!(r#""buyer":"b{buyer}","order":"o{order}","n":{},"code":"c{}""#, i % 13, i % 4),
            ),
            1 | 6 => event("payment", &id, minute, &format!(r#""buyer":"b{buyer}","order":"o{order}""#)),
            2 => event("told", &id, minute, &format!(r#""buyer":"b{buyer}","level":{i}"#)),
            4 => {
                let (from, until) = (i / 40 + 1, i / 40 + 2);
                let span =
                    format!(r#""from":"2026-01-{from:02}T00:00:00Z","until":"2026-01-{until:02}T00:00:00Z""#);
                event("sale", &id, minute, &format!(r#""buyer":"b{buyer}",{span}"#))
            }
            _ => format!(
                r#"{{"type":"list","name":"friends","at":"2026-01-01T00:00:00Z","add":["b{buyer}"],"remove":["b{}"]}}"#,
                (i + 2) % 5
            ),
        }
    };
    (from.max(20)..to).map(line).collect()
}

/// The stamp tells them apart, and nothing else may.
fn without_stamp(said: Vec<String>) -> Vec<String> {
    said.iter().map(|said| said.split(",\"ruleset\":").next().unwrap_or_default().to_string()).collect()
}

#[test]
fn the_order_of_declarations_means_nothing() {
    for cut in [60, 200, 350] {
        let (old, steady) = (engine(&everything(false)), engine(&everything(true)));
        for line in traffic(0, cut) {
            assert_eq!(
                without_stamp(decide(&old, &line, false)),
                without_stamp(decide(&steady, &line, false))
            );
        }
        let (new, report) = carried(&old, &everything(true));
        let changed: Vec<_> = report.parts.iter().filter(|part| part.fate != Fate::Kept).collect();
        assert!(changed.is_empty(), "{changed:#?}");
        assert_eq!(report.deadlines_dropped, 0);
        let (mut rules, mut deadlines) = (0, 0);
        for line in traffic(cut, cut + 250) {
            let said = decide(&new, &line, true);
            rules += said.iter().filter(|said| said.contains("\"rules\":[{")).count();
            deadlines += said.iter().filter(|said| said.contains("\"deadline\"")).count();
            assert_eq!(without_stamp(said), without_stamp(decide(&steady, &line, true)), "{line}");
        }
        assert!(rules > 50 && deadlines > 5, "{rules} {deadlines}");
    }
}

#[test]
fn under_another_secret_nothing_would_be_found_again() {
    let old = engine(&counting("1h"));
    order(&old, "e1", 0);
    let ruleset = old.ruleset().clone();
    let other = Engine::with_options(ruleset, EngineOptions::default().hash_key("another"));
    let error = other.load(&mut Saved::of(&old).read(100)).unwrap_err();
    assert!(error.to_string().contains("another hash key"), "{error}");
    assert_eq!(because(&order(&other, "e1", 0)), "1", "nothing of it was taken over");
}

#[test]
fn a_summary_says_what_is_held() {
    let old = engine(&everything(false));
    traffic(0, 200).iter().for_each(|line| say_nothing(&old, line));
    let summary = old.summary();
    assert_eq!(
        summary.memories.iter().filter(|memory| memory.keys > 0 && memory.bytes > 0).count(),
        summary.memories.len()
    );
    assert!(summary.memories.iter().any(|memory| memory.what == "order value code by buyer"), "{summary:#?}");
    for count in
        [summary.labels, summary.mutes, summary.once, summary.filled, summary.deadlines, summary.decisions]
    {
        assert!(count > 0, "{summary:#?}");
    }
    let (new, _) = carried(&old, &everything(true));
    let total = |engine: &Engine| engine.summary().memories.iter().map(|memory| memory.keys).sum::<u64>();
    assert_eq!(total(&new), total(&old));
}

/// Of the first hit what it says, else what the first rule that can't say misses.
fn said_or_missing(answer: &Value) -> String {
    match answer["cannot_say"][0]["missing"][0].as_str() {
        Some(missing) => missing.to_string(),
        None => because(answer),
    }
}

/// What comes first takes all the room there is.
fn with_no_room(rules: &str) -> Engine {
    engine_with(rules, EngineOptions::default().memory_budget(1))
}

#[test]
fn what_was_kept_out_stays_unknown_for_other_rules_and_with_more_room() {
    let old = with_no_room(&counting("1h"));
    order_of("b0", &old, "e1", 0);
    order(&old, "e2", 10);
    assert_eq!(old.stats().full, 1);
    let full = |span: &str| format!("count(order) by buyer over {span} including this (full)");
    let (new, report) = carried(&old, &counting("2h"));
    assert_eq!(fate(&report, "memory", "order"), Fate::Widened);
    // It comes in, and knows what it lost; others lost nothing.
    assert_eq!(said_or_missing(&order(&new, "e3", 20)), full("2h"));
    assert_eq!(said_or_missing(&order_of("b0", &new, "e4", 20)), "2");
    assert_eq!(said_or_missing(&order_of("b2", &new, "e5", 20)), "1");
    let (again, _) = carried(&new, &counting("2h"));
    assert_eq!(Saved::of(&again), Saved::of(&new));
    for engine in [&new, &again] {
        assert_eq!(said_or_missing(&order(engine, "e6", 129)), full("2h"));
        assert_eq!(said_or_missing(&order(engine, "e7", 130)), "3", "of e3, e6 and this");
        assert_eq!(said_or_missing(&order_of("b0", engine, "e8", 130)), "2");
    }
}

#[test]
fn what_was_put_aside_remembers_whom_it_kept_out() {
    // By the same keys, but with orders that are large.
    let other = rules(
        r#"rule large on order {
    let orders = count(order where amount > 5 USD) by buyer over 1h including this
    review if orders >= 1
    because "{orders}"
}"#,
    );
    for some_are_in in [true, false] {
        let old = with_no_room(&counting("7d"));
        if some_are_in {
            order_of("b0", &old, "e1", 0);
        } else {
            // The memory holds nobody: what is kept for retries has all the room.
            say_nothing(&old, &event("payment", "e1", 0, r#""order":"o1""#));
        }
        order(&old, "e2", 10);
        assert_eq!(old.stats().full, 1);
        let (between, _) = carried(&old, &other);
        order(&between, "e3", 20);
        order_of("b0", &between, "e4", 20);
        let (back, _) = carried(&between, &counting("7d"));
        let missing = "count(order) by buyer over 7d including this (full)";
        assert_eq!(said_or_missing(&order(&back, "e5", 30)), missing);
        assert_eq!(said_or_missing(&order_of("b2", &back, "e6", 30)), "1");
    }
}

#[test]
fn sequences_remember_whom_they_kept_out() {
    let sequence = |within: &str, name: &str| {
        rules(&format!(
            r#"rule {name} on order {{
    review if sequence(order, order) by buyer within {within}
    because "again"
}}"#
        ))
    };
    let old = with_no_room(&sequence("1h", "twice"));
    order_of("b0", &old, "e1", 0);
    order(&old, "e2", 10);
    let nothing = rules("rule paid on payment { observe always ; because \"paid\" }");
    let (between, _) = carried(&old, &nothing);
    let back = [carried(&old, &sequence("2h", "renamed")).0, carried(&between, &sequence("2h", "twice")).0];
    for new in back {
        let full = "sequence(order, order) by buyer within 2h (full)";
        assert_eq!(said_or_missing(&order_of("b0", &new, "e3", 20)), "again");
        assert_eq!(said_or_missing(&order_of("b2", &new, "e4", 20)), "nothing");
        assert_eq!(said_or_missing(&order(&new, "e5", 20)), full);
        let (again, _) = carried(&new, &sequence("2h", "twice"));
        assert_eq!(said_or_missing(&order(&again, "e6", 129)), full);
        assert_eq!(said_or_missing(&order(&again, "e7", 200)), "again");
    }
}

/// However little room there is now, what is in a saved state is in.
#[test]
fn nothing_that_is_read_is_kept_out() {
    let old = engine(&everything(false));
    traffic(0, 200).iter().for_each(|line| say_nothing(&old, line));
    let saved = Saved::of(&old);
    let new = with_no_room(&everything(false));
    new.load(&mut saved.read(500)).unwrap();
    assert_eq!(Saved::of(&new), saved);
    let both =
        traffic(200, 260).into_iter().map(|line| [&old, &new].map(|engine| decide(engine, &line, false)));
    let (mut same, mut full) = (0, 0);
    for [wanted, got] in both {
        if got == wanted {
            same += 1;
        } else {
            assert!(got.concat().contains("(full)"), "{got:?} and not {wanted:?}");
            full += 1;
        }
    }
    assert!(same > 20, "{same} the same, {full} full");
}

/// What has expired is not saved; so it must not count before either, or other keys would come in afterwards.
#[test]
fn what_has_expired_takes_no_room_whether_or_not_it_was_saved() {
    let little = || {
        let second = std::time::Duration::from_secs(1);
        engine_with(&counting("1h"), EngineOptions::default().retry_horizon(second).memory_budget(6_000))
    };
    let steady = little();
    for minute in 0..50 {
        order(&steady, &format!("e{minute}"), minute);
    }
    order(&steady, "late", 200);
    let restarted = little();
    restarted.load(&mut Saved::of(&steady).read(100)).unwrap();
    for minute in 300..400 {
        let (id, buyer) = (format!("e{minute}"), format!("b{minute}"));
        let answers = [&steady, &restarted].map(|engine| order_of(&buyer, engine, &id, minute));
        assert_eq!(answers[0], answers[1], "{buyer}");
    }
    let full = steady.stats().full;
    assert!(0 < full && full < 100, "{full}");
    assert_eq!(restarted.stats().full, full);
}
