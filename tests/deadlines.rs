//! Deadlines and the clock as a host sees them: which decisions, in which order, and what is counted.

use std::ops::ControlFlow;

use rulec::tooling::Reference;
use rulec::{Answer, Engine, Event, Pending, Stats, Told, compile_text};

const RULES: &str = r#"
ruleset shop {
    edition 2026
    version "1"
}
entity buyer
event order { order: text, buyer: buyer, card: text? sensitive }
event preorder { order: text, buyer: buyer, card: text? sensitive }
event payment { order: text? }
events ordered = order, preorder
action remind(order: text, card: text)
rule unpaid on no payment by order within 48h after ordered {
    tags money
    severity high
    observe always
    because "{order} was not paid until {at}"
    about buyer
    do remind(order, card)
}
rule also_unpaid on no payment by order within 48h after ordered {
    warn if order == "o-2"
    because "two"
}
rule soon on no payment by order within 1h after order {
    observe always
    because "soon"
}
"#;

fn engine() -> Engine {
    Engine::new(compile_text("shop.rules", RULES).unwrap().ruleset)
}

fn order(id: &str, at: &str, order: &str) -> String {
    format!(r#"{{"type":"order","id":"{id}","at":"{at}","order":"{order}","buyer":"b1","card":"4000"}}"#)
}

fn clock(at: &str) -> String {
    format!(r#"{{"type":"clock","at":"{at}"}}"#)
}

/// What is told of each line read ahead, as event and outcome.
fn told(engine: &Engine, lines: &[String]) -> Vec<String> {
    let mut pending = Pending::default();
    lines.iter().for_each(|line| engine.read_json(line.as_bytes(), &mut pending));
    let mut all = Vec::new();
    engine.decide_pending(&mut pending, false);
    engine.tell_decided(&mut pending, |told| {
        all.push(match told {
            Told::Quiet(quiet) => format!("{} {}", quiet.event, quiet.outcome),
            Told::Deadline(decision) => format!("{} {} at {}", decision.event, decision.outcome, decision.at),
            Told::Answer(Answer::Clock) => "clock".to_string(),
            Told::Answer(answer) => answer
                .decision()
                .map_or("reject".to_string(), |decision| format!("{} {}", decision.event, decision.outcome)),
        });
        ControlFlow::Continue(())
    });
    all
}

#[test]
fn deadlines_stand_before_what_made_them_due_by_time_rule_and_event() {
    let engine = engine();
    let lines = [
        order("b", "2026-01-01T00:00:00Z", "o-2"),
        order("a", "2026-01-01T00:00:00Z", "o-1"),
        order("c", "2026-01-01T00:00:01Z", "o-3"),
        r#"{"type":"preorder","id":"a","at":"2026-01-01T00:00:00Z","order":"o-2","buyer":"b1"}"#.to_string(),
        order("d", "2026-01-10T00:00:00Z", "o-4"),
    ];
    assert_eq!(
        told(&engine, &lines),
        [
            "b allow",
            "a allow",
            "c allow",
            "a allow",
            "a#soon observe at 2026-01-01T01:00:00Z",
            "b#soon observe at 2026-01-01T01:00:00Z",
            "c#soon observe at 2026-01-01T01:00:01Z",
            // The order of that name first, since it came first.
            "a#also_unpaid allow at 2026-01-03T00:00:00Z",
            "a#also_unpaid warn at 2026-01-03T00:00:00Z",
            "b#also_unpaid warn at 2026-01-03T00:00:00Z",
            "a#unpaid observe at 2026-01-03T00:00:00Z",
            "a#unpaid observe at 2026-01-03T00:00:00Z",
            "b#unpaid observe at 2026-01-03T00:00:00Z",
            "c#also_unpaid allow at 2026-01-03T00:00:01Z",
            "c#unpaid observe at 2026-01-03T00:00:01Z",
            "d allow",
        ]
    );
    let Stats { decided, rejected, deadlines, waiting, deadline_outcomes, outcomes, .. } = engine.stats();
    assert_eq!((decided, rejected, deadlines, waiting), (5, 0, 11, 3));
    assert_eq!(outcomes.iter().sum::<u64>(), 5);
    assert_eq!((deadline_outcomes[0], deadline_outcomes.iter().sum::<u64>()), (2, 11));
}

#[test]
fn what_came_after_its_own_deadline_is_decided_first() {
    let engine = engine();
    let lines = [clock("2026-01-02T00:00:00Z"), order("a", "2026-01-01T00:00:00Z", "o-1")];
    assert_eq!(told(&engine, &lines), ["clock", "a allow", "a#soon observe at 2026-01-01T01:00:00Z"]);
    // One after the other, they wait until somebody asks.
    let engine = self::engine();
    lines.iter().for_each(|line| drop(engine.decide_json(line.as_bytes())));
    engine.decide_json(clock("2026-01-05T00:00:00Z").as_bytes());
    let ids: Vec<String> =
        engine.take_deadlines().iter().map(|decision| decision.event.to_string()).collect();
    assert_eq!(ids, ["a#soon", "a#also_unpaid", "a#unpaid"]);
    assert!(engine.take_deadlines().is_empty());
}

#[test]
fn the_decision_of_a_deadline_is_one_like_any_other() {
    let engine = engine();
    engine.decide_json(order("e-1", "2026-01-01T00:00:00Z", "o-1").as_bytes());
    assert_eq!(engine.decide_event(&Event::new("clock").at("2026-01-03T00:00:00Z")), Answer::Clock);
    let decisions = engine.take_deadlines();
    let unpaid = decisions.iter().find(|decision| decision.event.ends_with("#unpaid")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&unpaid.to_json()).unwrap();
    let (card, key) = (&json["effects"][0]["args"]["card"], &json["effects"][0]["once"]);
    assert!(card.as_str().is_some_and(|card| !card.is_empty() && card != "4000"), "{json}");
    assert!(key.as_str().is_some_and(|key| key.len() == 16), "{json}");
    assert_eq!(
        unpaid.to_json(),
        format!(
            concat!(
                r#"{{"v":1,"event":"e-1#unpaid","type":"deadline","at":"2026-01-03T00:00:00Z","outcome":"observe","score":0,"#,
                r#""rules":[{{"rule":"unpaid","outcome":"observe","score":0,"because":"o-1 was not paid until 2026-01-03 00:00:00","#,
                r#""tell":{{}},"about":{{"buyer":"b1"}},"tags":["money"],"severity":"high"}}],"shadow":[],"suppressed":[],"cannot_say":[],"#,
                r#""effects":[{{"rule":"unpaid","do":"remind","args":{{"order":"o-1","card":{card}}},"once":{key}}}],"warming":[],"bad":[],"#,
                r#""late":false,"duplicate":false,"ruleset":{{"name":"shop","version":"1","hash":"{hash}"}}}}"#
            ),
            card = card,
            key = key,
            hash = engine.ruleset().stamp().hash
        )
    );
}

#[test]
fn a_missing_key_is_told_beside_what_was_decided() {
    let rules = RULES.replace("{ order: text, buyer", "{ order: text?, buyer");
    let engine = Engine::new(compile_text("shop.rules", &rules).unwrap().ruleset);
    let line = r#"{"type":"order","id":"a","at":"2026-01-01T00:00:00Z","buyer":"b1"}"#;
    let answer = engine.decide_json(line.as_bytes());
    let decision = answer.decision().unwrap();
    let told: Vec<(&str, Vec<&str>)> = decision
        .cannot_say
        .iter()
        .map(|c| (&*c.rule, c.missing.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(told, [("also_unpaid", vec!["order"]), ("soon", vec!["order"]), ("unpaid", vec!["order"])]);
    let stats = engine.stats();
    assert_eq!((stats.rules[0].cannot_say, stats.waiting), (1, 0));
}

#[test]
fn the_clock_counts_as_no_event_and_moves_the_time_of_retries() {
    let engine = engine();
    let payment = r#"{"type":"payment","id":"p","at":"2026-01-01T00:00:00Z"}"#;
    engine.decide_json(payment.as_bytes());
    assert!(engine.decide_json(payment.as_bytes()).decision().unwrap().duplicate);
    let answer = engine.decide_json(clock("2026-01-02T00:00:00Z").as_bytes());
    assert_eq!((answer.outcome(), answer.to_json().as_str()), ("allow", ""));
    assert!(answer.decision().is_none() && answer.reject().is_none());
    assert!(!engine.decide_json(payment.as_bytes()).decision().unwrap().duplicate);
    let broken = engine.decide_json(br#"{"type":"clock","at":"noon"}"#);
    assert_eq!(broken.reject().map(|reject| reject.pointer.as_str()), Some("/at"));
    let Stats { decided, rejected, clocks, own_time, .. } = engine.stats();
    assert_eq!((decided, rejected, clocks, own_time), (3, 1, 1, 3));
}

#[test]
fn lines_in_any_portions_give_the_same_decisions() {
    let mut lines = Vec::new();
    for i in 0..400 {
        let at = format!("2026-01-{:02}T{:02}:00:00Z", 1 + i / 24, i % 24);
        lines.push(match i % 9 {
            4 => clock(&at),
            7 => format!(r#"{{"type":"payment","id":"p{i}","at":"{at}","order":"o-{}"}}"#, i % 5),
            _ => order(&format!("e{i}"), &at, &format!("o-{}", i % 5)),
        });
    }
    let whole = told(&engine(), &lines);
    assert!(whole.iter().filter(|told| told.contains('#')).count() > 50, "{whole:?}");
    for size in [1, 7, 64] {
        let engine = engine();
        let portions: Vec<String> = lines.chunks(size).flat_map(|portion| told(&engine, portion)).collect();
        assert_eq!(portions, whole, "{size}");
    }
}

#[test]
fn what_the_hit_of_one_deadline_does_the_next_one_knows() {
    let rules = r#"
        entity buyer
        event order { buyer: buyer, first: text, second: text }
        event payment { buyer: buyer }
        label slow on buyer
        rule unpaid on no payment by buyer within 1h after order {
            review if buyer has label slow
            observe always
            because "not paid for"
            label slow on buyer for 1d
            mute second by buyer for 1d
            mute first by buyer for 1d
        }
    "#;
    let compiled = compile_text("shop.rules", rules).unwrap();
    let (engine, mut oracle) = (Engine::new(compiled.ruleset.clone()), Reference::new(&compiled));
    let order = |id: u32| {
        format!(
            r#"{{"type":"order","id":"{id}","at":"2026-01-01T00:00:0{id}Z","buyer":"b","first":"x","second":"y"}}"#
        )
    };
    for line in [order(1), order(2), r#"{"type":"clock","at":"2026-01-01T02:00:00Z"}"#.to_string()] {
        let own = engine.decide_json(line.as_bytes());
        let got = own.decision().map(|d| d.to_json()).into_iter();
        let due = engine.take_deadlines();
        let got: Vec<String> = got.chain(due.iter().map(|decision| decision.to_json())).collect();
        let wanted: Vec<String> = oracle.decide_all(line.as_bytes()).iter().map(|d| d.to_json()).collect();
        assert_eq!(got, wanted);
        if line.contains("clock") {
            let told: Vec<(&str, &str)> = due.iter().map(|d| (&*d.event, &*d.outcome)).collect();
            assert_eq!(told, [("1#unpaid", "observe"), ("2#unpaid", "review")]);
            assert!(due.iter().all(|decision| decision.bad == ["/first", "/second"]));
        }
    }
}

/// Engine time begins with the first line that moves it: here a line of the clock.
#[test]
fn windows_of_deadlines_are_warming_like_others() {
    let rules = r#"
event order { order: text, buyer: text, card: text }
event payment { order: text }
rule unpaid on no payment by order within 2h after order {
    warn if count(order) by order over 3h >= 1
    because "not paid"
}
"#;
    let engine = Engine::new(compile_text("shop.rules", rules).unwrap().ruleset);
    let lines = [
        clock("2026-01-01T00:00:00Z"),
        order("a", "2026-01-01T00:30:00Z", "o-1"),
        order("b", "2026-01-01T01:00:00Z", "o-2"),
        clock("2026-01-01T06:00:00Z"),
    ];
    lines.iter().for_each(|line| drop(engine.decide_json(line.as_bytes())));
    let due = engine.take_deadlines();
    let outcomes: Vec<&str> = due.iter().map(|decision| &*decision.outcome).collect();
    assert_eq!(outcomes, ["warn", "warn"]);
    let warming = |at: usize| {
        let all = due[at].warming.iter();
        all.map(|w| format!("{} {} {}", w.rule, w.memory, w.since)).collect::<Vec<String>>()
    };
    assert_eq!(warming(0), ["unpaid count(order) by order over 3h 2026-01-01T00:00:00Z"]);
    // Due at 03:00, so it reaches back to when everything began.
    assert!(warming(1).is_empty());
}
