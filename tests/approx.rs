//! Sketches of many values: the engine says what the oracle makes of all the values, and both are as near to the exact
//! answer as `docs/language.md` states.

#[path = "support/random.rs"]
#[expect(dead_code, reason = "others need more of it")]
mod random;

use random::Random;
use rulec::tooling::Reference;
use rulec::{Compiled, Engine, EngineOptions, compile_text};

const RULES: &str = r#"
ruleset shop {
    edition 2026
    currency USD
    lateness 1h
    limits { entries 100000 }
}
entity seller
event order {
    seller: seller
    device: text
    ip: ip
    amount: money(USD)
    score: float
    wait: duration
    change: int
}
event look { seller: seller }

rule told on look {
    observe always
    because "{devices} {ips} {ever} {its_amount} {its_score} {its_wait} {its_change} {lately}"
    let devices = approx distinct(order.device) by seller over 1d
    let ips = approx distinct(order.ip) by seller over today
    let ever = approx distinct(order.amount) by seller ever
    let its_amount = approx percentile(order.amount, 95) by seller over 7d
    let its_score = approx percentile(order.score, 50) by seller over 1d step 6h
    let its_wait = approx percentile(order.wait, 25) by seller ever
    let its_change = approx percentile(order.change, 10) over 1d
    let lately = approx distinct(order.device) by seller over 1h
}

rule exact on look {
    observe always
    because "{devices} {ips} {ever} {its_amount} {its_score} {its_wait} {its_change} {lately}"
    let devices = distinct(order.device) by seller over 1d step 15m
    let ips = distinct(order.ip) by seller over today
    let ever = distinct(order.amount) by seller ever
    let its_amount = percentile(order.amount, 95) by seller over 7d
    let its_score = percentile(order.score, 50) by seller over 2d
    let its_wait = percentile(order.wait, 25) by seller ever
    let its_change = percentile(order.change, 10) by seller over 2d
    let lately = distinct(order.device) by seller over 1h step 1m
}
"#;

/// Within a day: most go forward, some are late.
fn order(id: u64, random: &mut Random) -> String {
    let second = (id * 50).saturating_sub(random.below(1800) as u64).min(80_000);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    // Few of the small ones, and more and more others.
    let device = random.below(1 + (id as usize).min(if id < 300 { 40 } else { 100_000 }));
    format!(
        r#"{{"type":"order","id":"o{id}","at":"2026-11-11T{hour:02}:{minute:02}:{second:02}Z","seller":"s1","device":"d{device}","ip":"10.{}.{}.{}","amount":"{}.{:02} USD","score":{},"wait":"{}s","change":{}}}"#,
        random.below(20),
        random.below(20),
        random.below(20),
        random.below(5000),
        random.below(100),
        random.below(2_000_001) as f64 / 1000.0 - 1000.0,
        random.below(1_000_000),
        random.below(20_001) as i64 - 10_000,
    )
}

fn numbers(text: &str) -> Vec<f64> {
    let mut numbers = Vec::new();
    let mut seconds: Option<f64> = None;
    for part in text.split(' ').filter(|part| *part != "USD") {
        // A duration shows its two largest units.
        let unit = [("d", 86_400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
        match unit.iter().find_map(|(unit, size)| Some((part.strip_suffix(unit)?.parse::<f64>().ok()?, size)))
        {
            Some((number, size)) => seconds = Some(seconds.unwrap_or(0.0) + number * size),
            None => {
                numbers.extend(seconds.take());
                numbers.push(part.parse().unwrap_or_else(|_| panic!("{text}")));
            }
        }
    }
    numbers
}

fn compiled() -> Compiled {
    compile_text("shop.rules", RULES).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_engine_says_what_the_oracle_makes_of_all_values_and_both_are_near_the_truth() {
    let compiled = compiled();
    let engine = Engine::new(compiled.ruleset.clone());
    let mut oracle = Reference::new(&compiled);
    let mut random = Random::new(7);
    let mut most = 0.0f64;
    for id in 0..1600 {
        let line = order(id, &mut random);
        assert!(engine.decide_json(line.as_bytes()).decision().is_some(), "{line}");
        oracle.decide_json(line.as_bytes());
        if id % 400 != 399 {
            continue;
        }
        // Right after them all: steps take what is a little later too.
        let second = (id * 50).min(80_000) + 1;
        let at = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        let look = format!(r#"{{"type":"look","id":"l{id}","at":"2026-11-11T{at}Z","seller":"s1"}}"#);
        let got = engine.decide_json(look.as_bytes());
        assert_eq!(got.to_json(), oracle.decide_json(look.as_bytes()).unwrap().to_json());
        let decision = got.decision().unwrap();
        let said = |rule: &str| {
            let hit = decision.rules.iter().find(|hit| &*hit.rule == rule).unwrap();
            numbers(hit.because.as_ref().unwrap())
        };
        let (told, exact) = (said("told"), said("exact"));
        assert_eq!((told.len(), exact.len()), (8, 8), "{}", got.to_json());
        for (place, (told, exact)) in told.iter().zip(&exact).enumerate() {
            let counts = matches!(place, 0..3 | 7);
            most = if counts { most.max(*exact) } else { most };
            let allowed = match counts {
                true if *exact <= 256.0 => 0.0,
                true => 0.07 * exact,
                // A text shows a wait to the minute or so, and amounts to the cent.
                false => exact.abs() / 128.0 + if place == 5 { 3600.0 } else { 0.01 },
            };
            assert!((told - exact).abs() <= allowed, "{told} for {exact}, at place {place} after {id}");
        }
    }
    assert!(most > 900.0, "only {most} different values");
}

/// What a sketch says depends on the host's secret, as everything hashed does, and on nothing else.
#[test]
fn the_same_secret_gives_the_same_number() {
    let told = |key: &str| {
        let compiled = compiled();
        let engine = Engine::with_options(compiled.ruleset.clone(), EngineOptions::default().hash_key(key));
        let mut random = Random::new(9);
        for id in 0..3000 {
            engine.decide_json(order(id, &mut random).as_bytes());
        }
        let look = r#"{"type":"look","id":"l","at":"2026-11-11T22:15:00Z","seller":"s1"}"#;
        let because = engine.decide_json(look.as_bytes()).decision().unwrap().rules[1].because.clone();
        because.unwrap()
    };
    assert_eq!(told("one"), told("one"));
    assert_ne!(told("one"), told("another"));
}
