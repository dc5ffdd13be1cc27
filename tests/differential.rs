//! The engine and the oracle, which share no code for memory, planning or execution, decide random events under random
//! rulesets: byte for byte the same.
//!
//! `RULEC_ROUNDS=5000` runs more rulesets than the default, `RULEC_SEED=17` one of them. A failure prints its seed, the
//! source and the lines up to the one on which they disagree.

#[path = "support/mod.rs"]
mod support;

use rulec::tooling::Reference;
use rulec::{Answer, Compiled, EffectKind, Engine, MemoryFiles, Pending, Told, compile_files};
use support::random::Random;
use support::{events, rules, schema};

const ROUNDS: u64 = 150;
const EVENTS: usize = 150;

#[derive(Default)]
struct Seen {
    compiled: u64,
    refused: Vec<String>,
    decisions: u64,
    deadlines: u64,
    clocks: u64,
    sequences: u64,
    stepped: u64,
    percentiles: u64,
    sketches: u64,
    /// Rulesets that count hits.
    counted_hits: u64,
    /// Lines that filled a list.
    filled: u64,
    /// Rulesets that ask what lines and events have filled.
    asked: u64,
    rejects: u64,
    hits: u64,
    cannot_say: u64,
    effects: u64,
    suppressed: u64,
    muted: u64,
    withheld: u64,
    labelled: u64,
    late: u64,
    duplicates: u64,
    conflicts: u64,
    warming: u64,
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long to look is the caller's choice")]
fn engine_and_oracle_agree() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("RULEC_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RULEC_ROUNDS").unwrap_or(ROUNDS),
    };
    let single = seeds.end - seeds.start == 1;
    let mut seen = Seen::default();
    seeds.for_each(|seed| round(seed, &mut seen));
    if single {
        return;
    }
    // A generator that makes nothing of what it should find differences in would be content with everything.
    let rounds = seen.compiled + seen.refused.len() as u64;
    assert!(
        seen.refused.len() as u64 * 10 <= rounds,
        "{} of {rounds} rulesets were refused:\n{}",
        seen.refused.len(),
        seen.refused.join("\n")
    );
    let told = [
        ("decisions", seen.decisions, rounds * EVENTS as u64 / 2),
        ("hits", seen.hits, rounds * 10),
        ("deadlines", seen.deadlines, rounds * 2),
        ("lines of the clock", seen.clocks, rounds),
        ("sequences", seen.sequences, rounds / 10),
        ("windows in steps", seen.stepped, rounds / 5),
        ("percentiles", seen.percentiles, rounds / 5),
        ("sketches", seen.sketches, rounds / 10),
        ("questions to hits", seen.counted_hits, rounds / 4),
        ("lines that filled lists", seen.filled, rounds),
        ("questions to lists, tables and calendars", seen.asked, rounds / 2),
        ("cannot say", seen.cannot_say, rounds * 10),
        ("effects", seen.effects, rounds),
        ("suppressed", seen.suppressed, rounds),
        ("muted", seen.muted, rounds / 2),
        ("withheld", seen.withheld, rounds / 2),
        ("labelled", seen.labelled, rounds),
        ("late", seen.late, rounds),
        ("duplicates", seen.duplicates, rounds),
        ("conflicts", seen.conflicts, rounds / 4),
        ("warming", seen.warming, rounds * 10),
        ("rejects", seen.rejects, rounds),
    ];
    for (what, count, at_least) in told {
        assert!(count >= at_least, "only {count} {what} in {rounds} rulesets");
    }
}

fn round(seed: u64, seen: &mut Seen) {
    let mut random = Random::new(seed);
    let generated = rules::generate(&mut random);
    let mut files = MemoryFiles::new();
    files.add("rules/generated.rules", generated.source.as_bytes());
    for (name, text) in schema::FILES {
        files.add(format!("rules/{name}"), text.as_bytes());
    }
    let compiled = match compile_files(&files, "rules") {
        Ok(compiled) => compiled,
        Err(error) => {
            seen.refused.push(format!("seed {seed}: {error}"));
            return;
        }
    };
    seen.compiled += 1;
    let asked = [
        " in friends",
        "profile[",
        "pair[",
        "campaigns[",
        "during closed",
        " in places",
        " in addresses",
        " in sizes",
    ];
    seen.asked += u64::from(asked.iter().any(|text| generated.source.contains(text)));
    seen.sequences += u64::from(generated.source.contains("sequence("));
    seen.counted_hits += u64::from(generated.source.contains("(hit"));
    seen.stepped += u64::from(generated.source.contains(" step "));
    seen.percentiles += u64::from(generated.source.contains("percentile("));
    seen.sketches += u64::from(generated.source.contains("(approx "));
    let lines = events::generate(&generated, EVENTS, &mut random);
    agree(seed, &generated.source, &compiled, &lines, seen);
}

/// What the engine says to one line, in order: own decisions, and those of deadlines. Both ways of asking are used.
fn decide(engine: &Engine, line: &str, ahead: bool) -> Vec<String> {
    let mut all = Vec::new();
    if ahead {
        let mut pending = Pending::default();
        engine.read_json(line.as_bytes(), &mut pending);
        engine.decide_pending(&mut pending, false);
        engine.tell_decided(&mut pending, |told| {
            if !matches!(told, Told::Answer(Answer::Reject(_) | Answer::Clock | Answer::List)) {
                all.push(told.into_answer().to_json());
            }
            std::ops::ControlFlow::Continue(())
        });
        return all;
    }
    let own = engine.decide_json(line.as_bytes());
    all.extend(own.decision().map(|decision| decision.to_json()));
    all.extend(engine.take_deadlines().iter().map(|decision| decision.to_json()));
    all
}

fn agree(seed: u64, source: &str, compiled: &Compiled, lines: &[String], seen: &mut Seen) {
    let engine = Engine::new(compiled.ruleset.clone());
    let mut oracle = Reference::new(compiled);
    let ahead = seed.is_multiple_of(2);
    for (index, line) in lines.iter().enumerate() {
        let mut got = decide(&engine, line, ahead);
        let decisions = oracle.decide_all(line.as_bytes());
        let mut wanted: Vec<String> = decisions.iter().map(|decision| decision.to_json()).collect();
        if !ahead {
            // Where an event stands among its deadlines is not told here.
            got.sort();
            wanted.sort();
        }
        if got != wanted {
            let before = lines[..index].join("\n");
            panic!(
                "seed {seed}: the engine and the oracle disagree on line {}\n\n{source}\n{before}\n\n{line}\n\nengine:\n{}\noracle:\n{}",
                index + 1,
                got.join("\n"),
                wanted.join("\n")
            );
        }
        let clock = line.starts_with("{\"type\":\"clock\"");
        seen.clocks += u64::from(clock);
        let list = line.starts_with("{\"type\":\"list\"");
        seen.rejects += u64::from(decisions.is_empty() && !clock && !list);
        for decision in decisions {
            if &*decision.event_type == "deadline" {
                seen.deadlines += 1;
            } else {
                seen.decisions += 1;
            }
            seen.hits += decision.rules.len() as u64;
            seen.cannot_say += decision.cannot_say.len() as u64;
            seen.effects += decision.effects.len() as u64;
            seen.suppressed += decision.suppressed.len() as u64;
            let why = |why: &str| decision.suppressed.iter().filter(|held| held.why == why).count() as u64;
            seen.muted += why("mute");
            seen.withheld += why("once");
            let labels = decision.effects.iter().filter(|e| matches!(e.kind, EffectKind::Label { .. }));
            seen.labelled += labels.count() as u64;
            seen.late += u64::from(decision.late);
            seen.duplicates += u64::from(decision.duplicate);
            seen.warming += decision.warming.len() as u64;
            seen.conflicts += u64::from(decision.conflict);
        }
    }
    seen.filled += engine.stats().lists;
}
