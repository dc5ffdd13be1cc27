//! The engine inside a service: only names of the crate root, as an outside user has them.

use std::ops::ControlFlow;
use std::sync::Arc;

use rulec::{Answer, Engine, Event, MemoryFiles, Pending, Ruleset, Stats, Told, compile_files, compile_text};

const RULES: &str = r#"
ruleset shop {
    edition 2026
    version "1"
    currency USD
}
entity buyer
event order { buyer: buyer, amount: money(USD), card: text? sensitive, secret: email sensitive }
rule busy on order {
    let orders = count(order) by buyer over 1h including this
    let spent = sum(order.amount) by buyer over 1h including this
    review if orders >= 3
    block if spent > 5000 USD
    because "{orders} orders, {spent}"
    about buyer
}
rule paid_by_known_card on order {
    challenge if card != "4000"
    because "another card"
}
"#;

fn ruleset() -> Arc<Ruleset> {
    compile_text("shop.rules", RULES).unwrap().ruleset
}

fn order(i: u64, buyer: u64, second: u64) -> String {
    format!(
        r#"{{"type":"order","id":"o-{i}","at":"2026-11-11T10:{:02}:{:02}Z","buyer":"b{buyer}","amount":"{}.50 USD","secret":"a@b.c"}}"#,
        second / 60 % 60,
        second % 60,
        i % 900
    )
}

/// In order, late, repeated, far ahead, broken in many ways.
fn feed() -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for i in 0..2_000_u64 {
        let second = if i % 7 == 0 { i / 2 } else { i };
        let line = order(if i % 31 == 0 { i / 2 } else { i }, i % 13, second);
        lines.push(match i % 11 {
            3 => line.replace("USD", "EUR").into_bytes(),
            4 => line.replace("\"secret\":\"a@b.c\"", "\"secret\":\"hush-hush\"").into_bytes(),
            5 => line.as_bytes()[..line.len() - (i % 50) as usize - 1].to_vec(),
            6 => line.replace("2026-11-11", "9998-01-01").into_bytes(),
            7 => [line.as_bytes(), b"\xff"].concat(),
            8 => line.replace("\"type\"", "\"type\":\"order\",\"type\"").into_bytes(),
            _ => line.into_bytes(),
        });
    }
    lines
}

fn answers(engine: &Engine, lines: &[Vec<u8>]) -> Vec<String> {
    lines.iter().map(|line| engine.decide_json(line).to_json()).collect()
}

#[test]
fn every_event_is_decided_or_rejected_and_nothing_secret_is_told() {
    let engine = Engine::new(ruleset());
    let lines = feed();
    let mut rejects = 0;
    for line in &lines {
        let answer = engine.decide_json(line);
        assert!(!answer.to_json().contains("hush"), "{}", answer.to_json());
        match answer {
            Answer::Reject(reject) => {
                rejects += 1;
                assert!(!reject.expected.is_empty() && !reject.found.is_empty());
                assert_eq!(&*reject.outcome, "review");
            }
            Answer::Decision(decision) => assert!(!decision.event.is_empty()),
            Answer::Clock | Answer::List | Answer::Failed(_) => panic!("there is none"),
        }
    }
    let stats = engine.stats();
    assert_eq!(stats.rejected, rejects);
    assert_eq!(stats.decided + stats.rejected, lines.len() as u64);
    assert_eq!(stats.rejects.values().sum::<u64>(), stats.rejected);
    assert_eq!(stats.outcomes.iter().sum::<u64>() + stats.duplicates, stats.decided);
    assert!(stats.duplicates > 0 && stats.late > 0 && rejects > 500, "{stats:?}");
}

#[test]
fn the_same_events_give_the_same_bytes() {
    let lines = feed();
    let whole = answers(&Engine::new(ruleset()), &lines);
    assert_eq!(whole, answers(&Engine::new(ruleset()), &lines));
    let engine = Engine::new(ruleset());
    let (first, second) = lines.split_at(lines.len() / 2);
    let halves = [answers(&engine, first), answers(&engine, second)].concat();
    assert_eq!(whole, halves);

    // Read ahead, in portions that fit nothing.
    let engine = Engine::new(ruleset());
    let mut pending = Pending::default();
    let mut ahead = Vec::new();
    for portion in lines.chunks(37) {
        for line in portion {
            engine.read_json(line, &mut pending);
        }
        engine.decide_pending(&mut pending, false);
        engine.tell_decided(&mut pending, |told| {
            let mut json = Vec::new();
            match told {
                Told::Quiet(quiet) => quiet.write_json(&mut json),
                Told::Answer(answer) => answer.write_json(&mut json),
                Told::Deadline(_) => panic!("there is none"),
            }
            ahead.push(String::from_utf8(json).unwrap());
            ControlFlow::Continue(())
        });
    }
    assert_eq!(whole, ahead);
}

#[test]
fn a_line_the_host_could_not_get_whole_counts_as_a_reject() {
    let engine = Engine::new(ruleset());
    let mut pending = Pending::default();
    engine.read_broken("a whole line", "its first half", &mut pending);
    let mut answers = Vec::new();
    engine.decide_pending(&mut pending, false);
    engine.tell_decided(&mut pending, |told| {
        answers.push(told.into_answer());
        ControlFlow::Continue(())
    });
    let reject = answers[0].reject().unwrap();
    assert_eq!(&*reject.outcome, "review");
    assert_eq!((&*reject.expected, &*reject.found), ("a whole line", "its first half"));
    let Stats { decided, rejected, rejects, .. } = engine.stats();
    assert_eq!((decided, rejected), (0, 1));
    assert_eq!(rejects["expected a whole line"], 1);
}

#[test]
fn the_ways_to_hand_over_an_event_agree() {
    let decide = |hand: &dyn Fn(&Engine) -> Answer| hand(&Engine::new(ruleset())).to_json();
    let line = order(7, 1, 5);
    let json = decide(&|engine| engine.decide_json(line.as_bytes()));
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(json, decide(&|engine| engine.decide_value(&value)));
    let event = Event::new("order")
        .id("o-7")
        .at("2026-11-11T10:00:05Z")
        .set("buyer", "b1")
        .set("amount", "7.50 USD")
        .set("secret", "a@b.c");
    assert_eq!(json, decide(&|engine| engine.decide_event(&event)));
    let columns = ["type", " id", "at", "buyer ", "amount", "secret"];
    let cells = ["order", "o-7", "2026-11-11T10:00:05Z", "b1", "7.50 USD", "a@b.c"];
    let csv = decide(&|engine| {
        let columns = engine.csv_columns(columns.iter().map(|c| c.as_bytes()));
        engine.decide_csv(&columns, cells.iter().map(|c| c.as_bytes()))
    });
    assert_eq!(json, csv);
}

#[test]
fn four_threads_come_to_the_same_totals_as_one() {
    // Each buyer's events go to one thread, so that no order between threads matters.
    let lines: Vec<(u64, String)> = (0..4_000).map(|i| (i % 8, order(i, i % 8, i / 2))).collect();
    let alone = Engine::new(ruleset());
    for (_, line) in &lines {
        alone.decide_json(line.as_bytes());
    }
    let shared = Engine::new(ruleset());
    let outcomes: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let (shared, lines) = (&shared, &lines);
                scope.spawn(move || {
                    let own = lines.iter().filter(|(buyer, _)| buyer % 4 == thread);
                    own.filter(|(_, line)| shared.decide_json(line.as_bytes()).outcome() != "allow").count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap() as u64).collect()
    });
    let stats = shared.stats();
    assert_eq!(stats, alone.stats());
    assert_eq!(stats.decided, 4_000);
    assert_eq!(outcomes.iter().sum::<u64>(), stats.decided - stats.outcomes[0]);
    assert!(stats.outcomes[0] > 0 && stats.outcomes[0] < 4_000, "{stats:?}");
}

#[test]
fn rulesets_may_live_in_memory() {
    let mut files = MemoryFiles::new();
    files.add("rules/shop.rules", RULES).add("rules/more/names.rules", "list known: buyer = [\"b1\"]");
    let compiled = compile_files(&files, "rules").unwrap();
    assert_eq!(compiled.ruleset.stamp().name, "shop");
    assert_eq!(compiled.ruleset.rule_names().collect::<Vec<_>>(), ["busy", "paid_by_known_card"]);
    let warning = compiled.warnings.iter().find(|w| w.code.name == "unused_declaration").unwrap();
    let source = compiled.sources.get(warning.span().source);
    assert!(source.path.ends_with("more/names.rules"), "{}", source.path);
    assert_eq!(source.position(warning.span().start as usize).line, 1);
}
