//! What an engine remembers, written as bytes and read back: nothing of what it says afterwards may show it.

#[path = "support/mod.rs"]
mod support;

#[path = "support/saved.rs"]
mod saved;

#[path = "save/carry.rs"]
mod carry;
#[path = "save/damage.rs"]
mod damage;

use rulec::{Answer, Compiled, Engine, EngineOptions, Fate, MemoryFiles, Pending, Told, compile_files};
use saved::Saved;
use support::random::Random;
use support::{events, rules, schema};

const ROUNDS: u64 = 60;
const EVENTS: usize = 150;

pub fn generated(seed: u64) -> Option<(Compiled, Vec<String>, String)> {
    let mut random = Random::new(seed);
    let generated = rules::generate(&mut random);
    let mut files = MemoryFiles::new();
    files.add("rules/generated.rules", generated.source.as_bytes());
    for (name, text) in schema::FILES {
        files.add(format!("rules/{name}"), text.as_bytes());
    }
    let compiled = compile_files(&files, "rules").ok()?;
    let lines = events::generate(&generated, EVENTS, &mut random);
    Some((compiled, lines, generated.source))
}

/// Everything that an engine says to one line.
fn decide(engine: &Engine, line: &str, ahead: bool) -> Vec<String> {
    let mut all = Vec::new();
    if !ahead {
        all.push(engine.decide_json(line.as_bytes()).to_json());
        all.extend(engine.take_deadlines().iter().map(|decision| decision.to_json()));
        return all;
    }
    let mut pending = Pending::default();
    engine.read_json(line.as_bytes(), &mut pending);
    engine.decide_pending(&mut pending, false);
    engine.tell_decided(&mut pending, |told| {
        if !matches!(told, Told::Answer(Answer::Clock | Answer::List)) {
            all.push(told.into_answer().to_json());
        }
        std::ops::ControlFlow::Continue(())
    });
    all
}

/// A limit that is reached soon, or never left; retries are soon forgotten, so that there is room again at times.
fn little_memory(random: &mut Random) -> EngineOptions {
    let hour = std::time::Duration::from_secs(3600);
    let limit = [1, 2_000, 8_000, 20_000, 60_000];
    EngineOptions::default().retry_horizon(hour).memory_budget(limit[random.below(limit.len())])
}

#[test]
fn an_engine_that_was_saved_and_read_goes_on_as_if_nothing_had_been() {
    let (full, _) = go_on_after_reading(|_| EngineOptions::default());
    assert_eq!(full, 0);
}

/// What was kept out stays so, and everything that is in counts as much as before.
#[test]
fn so_does_one_with_little_memory() {
    let (full, rounds) = go_on_after_reading(little_memory);
    assert!(rounds == 1 || full > rounds * 10, "{full} events were not kept whole");
}

/// How many events were not kept whole, and how many engines there were.
#[expect(clippy::disallowed_methods, reason = "how long to look is the caller's choice")]
fn go_on_after_reading(options: impl Fn(&mut Random) -> EngineOptions) -> (u64, u64) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("RULEC_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RULEC_ROUNDS").unwrap_or(ROUNDS),
    };
    let single = seeds.end - seeds.start == 1;
    let (mut reads, mut bytes, mut full) = (0, 0, 0);
    for seed in seeds.clone() {
        let Some((compiled, lines, source)) = generated(seed) else { continue };
        let mut random = Random::new(seed ^ 0xABCD);
        let options = options(&mut random);
        let engine = || Engine::with_options(compiled.ruleset.clone(), options.clone());
        let steady = engine();
        let mut restarted = engine();
        for (index, line) in lines.iter().enumerate() {
            if random.chance(5) {
                let saved = Saved::of(&restarted);
                assert_eq!(Saved::of(&restarted), saved, "seed {seed}: saved twice");
                let fresh = engine();
                let carried = fresh.load(&mut saved.read(1 + random.below(300))).unwrap();
                let kept = carried.parts.iter().all(|part| part.fate == Fate::Kept);
                assert!(kept, "seed {seed}: {carried:#?}\n{source}");
                assert_eq!(Saved::of(&fresh), saved, "seed {seed}: saved again, line {index}\n{source}");
                assert_eq!(Saved::of(&steady), saved, "seed {seed}: steady, line {index}\n{source}");
                restarted = fresh;
                reads += 1;
                bytes += saved.len();
            }
            let ahead = random.chance(50);
            assert_eq!(
                decide(&restarted, line, ahead),
                decide(&steady, line, ahead),
                "seed {seed}: line {}\n{source}\n{}",
                index + 1,
                lines[..=index].join("\n")
            );
        }
        full += steady.stats().full;
    }
    let rounds = (seeds.end - seeds.start) as usize;
    assert!(single || reads >= rounds * 3 && bytes >= rounds * 3_000, "{reads} reads of {bytes} bytes");
    (full, rounds as u64)
}
