//! Memory with a budget: what can't be kept is told, and never counted as nothing.

#[path = "support/random.rs"]
mod random;

use std::collections::BTreeMap;
use std::time::Duration;

use random::Random;
use rulec::{Decision, Engine, EngineOptions, compile_text};

const RULES: &str = r#"
ruleset shop {
    edition 2026
    lateness 10m
    limits { entries 200 }
}
entity buyer
entity device
event login { buyer: buyer, device: device, amount: int }
event order { buyer: buyer, device: device, amount: int }

rule counted on order {
    let x = count(login) by buyer over 1h
    observe if x >= 0
    because "{x}"
}
rule counted_briefly on order {
    let x = count(login) by buyer over 1m
    observe if x >= 0
    because "{x}"
}
rule ever on order {
    let x = sum(login.amount) by device ever
    observe if x >= 0
    because "{x}"
}
rule stepped on order {
    let x = count(order) by device over 2h step 10m including this
    observe if x >= 0
    because "{x}"
}
rule told_apart on order {
    let x = distinct(login.device) by buyer over 2h
    observe if x >= 0
    because "{x}"
}
rule sketched on order {
    let x = approx distinct(login.device) by buyer over 1h
    observe if x >= 0
    because "{x}"
}
rule no_login on order {
    observe if not any(login) by buyer over 30m
    because "none"
}
rule in_order on order {
    observe if sequence(login where amount > 50, order) by buyer within 1h
    because "in order"
}
rule not_in_order on order {
    observe if not sequence(login where amount > 50, order) by device within 1h
    because "not in order"
}
rule silent on no login by buyer within 30m after order {
    observe always
    because "silent"
}
"#;

fn line(kind: &str, id: u64, second: i64, buyer: &str, device: u64, amount: u64) -> String {
    let (day, hour, minute, s) = (second / 86_400, second / 3600 % 24, second / 60 % 60, second % 60);
    let at = format!("2026-11-{:02}T{hour:02}:{minute:02}:{s:02}Z", 1 + day);
    format!(
        r#"{{"type":"{kind}","id":"e{id}","at":"{at}","buyer":"{buyer}","device":"d{device}","amount":{amount}}}"#
    )
}

/// Some hours of many buyers, most of them rare; some events are late.
fn events(seed: u64, count: u64) -> Vec<String> {
    let mut random = Random::new(seed);
    let mut second = 0;
    let event = |id| {
        second += random.below(20) as i64;
        let late = if random.chance(5) { random.below(900) as i64 } else { 0 };
        let kind = random.pick(&["login", "login", "order"]);
        let (buyers, devices) = (1 + random.below(300), 1 + random.below(200));
        let (buyer, device) = (random.below(buyers), random.below(devices) as u64);
        line(kind, id, (second - late).max(0), &format!("b{buyer}"), device, random.below(100) as u64)
    };
    (0..count).map(event).collect()
}

fn engine(budget: Option<u64>) -> Engine {
    let ruleset = compile_text("shop.rules", RULES).unwrap_or_else(|error| panic!("{error}")).ruleset;
    let mut options = EngineOptions::default().retry_horizon(Duration::from_secs(60));
    if let Some(bytes) = budget {
        options = options.memory_budget(bytes);
    }
    Engine::with_options(ruleset, options)
}

/// All decisions, those of deadlines as well, by event.
fn decide(engine: &Engine, lines: &[String]) -> BTreeMap<String, Decision> {
    let mut all = BTreeMap::new();
    for line in lines {
        let own = engine.decide_json(line.as_bytes()).decision().cloned().unwrap_or_else(|| panic!("{line}"));
        let due = engine.take_deadlines();
        for decision in due.iter().map(|decision| Decision::clone(decision)).chain([own]) {
            all.insert(decision.event.to_string(), decision);
        }
    }
    all
}

/// Of each rule what it says, or that it can't.
fn said(decision: &Decision) -> BTreeMap<String, Result<String, Vec<String>>> {
    let hits = decision.rules.iter().map(|hit| (hit.rule.to_string(), Ok(hit.because.clone().unwrap())));
    let silent = decision.cannot_say.iter().map(|c| (c.rule.to_string(), Err(c.missing.clone())));
    hits.chain(silent).collect()
}

#[test]
fn every_answer_is_that_of_unlimited_memory_or_says_full() {
    let (mut full, mut same, mut readmitted) = (0u64, 0u64, 0u64);
    for (seed, budget) in [(1, 20_000), (2, 60_000), (3, 120_000), (4, 200_000), (5, 1)] {
        let lines = events(seed, 2500);
        let limited = engine(Some(budget));
        let wanted = decide(&engine(None), &lines);
        let got = decide(&limited, &lines);
        assert!(limited.stats().full > 0, "{budget} bytes are enough");
        for (event, wanted) in &wanted {
            let Some(decision) = got.get(event) else {
                // A deadline that could not be set, which the event that would have set it says.
                let set_by = event.strip_suffix("#silent").expect("a deadline");
                assert!(said(&got[set_by])["silent"].clone().unwrap_err()[0].ends_with("(full)"), "{event}");
                continue;
            };
            assert!(wanted.late || !decision.late);
            let (wanted, decision) = (said(wanted), said(decision));
            for rule in wanted.keys().chain(decision.keys()) {
                let got = decision.get(rule);
                match got {
                    Some(Err(missing)) if missing.iter().any(|m| m.ends_with("(full)")) => full += 1,
                    _ => {
                        assert_eq!(got, wanted.get(rule), "{rule} of {event} with {budget} bytes");
                        same += 1;
                    }
                }
            }
        }
        // A deadline that is decided is one that unlimited memory decides too.
        assert!(got.keys().all(|event| wanted.contains_key(event)));
        readmitted += u64::from(limited.stats().full < 2500);
        // The same input, the same decisions.
        let again = decide(&engine(Some(budget)), &lines);
        assert!(got.iter().zip(&again).all(|(a, b)| a.1.to_json() == b.1.to_json()));
    }
    assert!(full > 1000 && same > 20_000 && readmitted > 0, "{full} full, {same} the same, {readmitted}");
}

#[test]
fn enough_memory_changes_nothing() {
    let lines = events(9, 1500);
    let (wanted, ample) = (decide(&engine(None), &lines), engine(Some(1 << 30)));
    let got = decide(&ample, &lines);
    assert_eq!(ample.stats().full, 0);
    assert!(wanted.iter().zip(&got).all(|(a, b)| a.1.to_json() == b.1.to_json()));
}

/// What is kept of a busy key goes with time; then others come in, and know until when they were kept out.
#[test]
fn a_key_that_comes_in_later_knows_until_when_it_was_kept_out() {
    let rules = r#"
        ruleset shop {
            edition 2026
            lateness 1m
        }
        entity buyer
        event login { buyer: buyer }
        event order { buyer: buyer }
        rule counted on order {
            let x = count(login) by buyer over 1h
            observe if x >= 0
            because "{x}"
        }
    "#;
    let ruleset = compile_text("shop.rules", rules).unwrap_or_else(|error| panic!("{error}")).ruleset;
    let options = EngineOptions::default().retry_horizon(Duration::from_secs(1)).memory_budget(5_000);
    let engine = Engine::with_options(ruleset, options);
    let mut id = 0;
    let mut tell = |kind: &str, second: i64, buyer: &str| {
        id += 1;
        let line = line(kind, id, second, buyer, 1, 1);
        let decision = engine.decide_json(line.as_bytes()).decision().cloned().unwrap();
        match said(&decision).remove("counted") {
            Some(Ok(count)) => count,
            Some(Err(missing)) => missing.join(", "),
            None => String::new(),
        }
    };
    const FULL: &str = "count(login) by buyer over 1h (full)";
    // Nothing is known to be lost of a key that nobody refused.
    assert_eq!(tell("order", 0, "b2"), "0");
    for second in 0..500 {
        tell("login", second, "busy");
    }
    tell("login", 600, "b2");
    assert_eq!(tell("order", 601, "b2"), FULL);
    // Another that was never refused is not touched by that.
    assert_eq!(tell("order", 602, "b3"), "0");
    // The hour of the refused login is over.
    assert_eq!(tell("order", 600 + 3600, "b2"), "0");
    assert_eq!(tell("order", 600 + 3599, "b2"), FULL);
    // What is kept of the busy key is an hour old by now: there is room again.
    for second in 0..20 {
        tell("login", 8000 + second, "busy");
    }
    tell("login", 8030, "b4");
    assert_eq!(tell("order", 8031, "b4"), "1");
    for second in 0..500 {
        tell("login", 8100 + second, "busy");
    }
    tell("login", 8700, "b5");
    for second in 0..20 {
        tell("login", 12_500 + second, "busy");
    }
    tell("login", 12_299, "b5");
    assert_eq!(tell("order", 12_299, "b5"), FULL);
    assert_eq!(tell("order", 12_300, "b5"), "1");
    assert_eq!(tell("order", 12_301, "busy"), "0");
    assert_eq!(engine.stats().full, 2);
}

#[test]
fn so_does_a_key_of_sequences() {
    let rules = r#"
        ruleset shop {
            edition 2026
            lateness 1m
        }
        entity buyer
        event login { buyer: buyer }
        event order { buyer: buyer }
        rule counted on order {
            observe if sequence(login, order) by buyer within 1h
            because "in order"
        }
    "#;
    let ruleset = compile_text("shop.rules", rules).unwrap_or_else(|error| panic!("{error}")).ruleset;
    let options = EngineOptions::default().retry_horizon(Duration::from_secs(1)).memory_budget(5_000);
    let engine = Engine::with_options(ruleset, options);
    let mut id = 0;
    let mut tell = |kind: &str, second: i64, buyer: &str| {
        id += 1;
        let line = line(kind, id, second, buyer, 1, 1);
        said(&engine.decide_json(line.as_bytes()).decision().cloned().unwrap()).remove("counted")
    };
    let full = Some(Err(vec!["sequence(login, order) by buyer within 1h (full)".to_string()]));
    let hit = Some(Ok("in order".to_string()));
    for second in 0..500 {
        tell("login", second, "busy");
    }
    tell("login", 600, "b2");
    assert_eq!(tell("order", 601, "b2"), full);
    assert_eq!(tell("order", 602, "b3"), None);
    // What is kept of the busy key is too old by now: there is room again.
    tell("login", 5000, "busy");
    tell("login", 4190, "b2");
    assert_eq!(tell("order", 4199, "b2"), full);
    assert_eq!(tell("order", 4200, "b2"), hit);
}

/// Hits of events and of deadlines come in like events do, or don't.
#[test]
fn hits_that_were_not_kept_are_not_nothing_either() {
    let rules = r#"
        ruleset shop { edition 2026 }
        entity buyer
        event login { buyer: buyer }
        event order { buyer: buyer }
        event visit { buyer: buyer }
        rule seen on login {
            observe always
            because "seen"
        }
        rule silent on no visit by buyer within 30m after order {
            observe always
            because "silent"
        }
        rule again on order {
            let x = count(hit where rule == "seen") by buyer over 1h
            observe if x >= 0
            because "{x}"
        }
        rule silent_again on visit {
            let x = count(hit where rule == "silent") by buyer over 1h
            observe if x >= 0
            because "{x}"
        }
    "#;
    let ruleset = compile_text("shop.rules", rules).unwrap_or_else(|error| panic!("{error}")).ruleset;
    // The first that comes in takes all the room.
    let options = EngineOptions::default().memory_budget(1);
    let (little, ample) =
        (Engine::with_options(ruleset.clone(), options), Engine::with_options(ruleset, Default::default()));
    let mut id = 0;
    let mut tell = |kind: &str, minute: i64, buyer: &str| {
        id += 1;
        let line = line(kind, id, minute * 60, buyer, 1, 1);
        let both = [&little, &ample].map(|engine| {
            engine.decide_json(line.as_bytes()).decision().cloned().unwrap_or_else(|| panic!("{line}"))
        });
        // What is younger than it is asked for is no matter of room.
        assert_eq!(both[0].warming, both[1].warming, "{line}");
        let mut said = said(&both[0]);
        let own = said.remove("again").or_else(|| said.remove("silent_again")).unwrap_or(Ok(String::new()));
        (own.unwrap_or_else(|missing| missing.join(", ")), both[0].warming.len())
    };
    let full = |rule: &str| format!("count(hit where rule == \"{rule}\") by buyer over 1h (full)");
    tell("login", 0, "b1");
    tell("login", 1, "b2");
    assert_eq!(little.stats().full, 1);
    assert_eq!(tell("order", 2, "b1"), ("1".to_string(), 1));
    assert_eq!(tell("order", 3, "b2"), (full("seen"), 1));
    assert_eq!(tell("order", 4, "b3"), ("0".to_string(), 1));
    // The deadlines have fallen due meanwhile.
    assert_eq!(tell("visit", 50, "b1").0, "1");
    assert_eq!(tell("visit", 51, "b3").0, full("silent"));
    // Those of b2 and b3, and the last visit.
    assert_eq!(little.stats().full, 4);
    assert_eq!(tell("order", 92, "b2"), (full("seen"), 0));
    assert_eq!(tell("order", 93, "b2"), ("0".to_string(), 0));
}
