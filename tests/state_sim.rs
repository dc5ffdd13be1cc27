//! The engine with its store on a simulated disk and a virtual clock, beside the oracle: events of every kind, reloads, and
//! crashes and failures at any operation of the disk. What is remembered afterwards is what the log holds, decided
//! again by the oracle from the first input on; what was promised is in the log.
//!
//! `RULEC_ROUNDS=50000` runs more schedules than the default, `RULEC_SEED=17` one of them. A failure prints its seed.

#[path = "state_sim/damage.rs"]
mod damage;
#[path = "state_sim/every.rs"]
mod every;
#[path = "state_sim/family.rs"]
mod family;
#[path = "state_sim/host.rs"]
mod host;
#[path = "state_sim/reference.rs"]
mod reference;
#[path = "support/saved.rs"]
mod saved;
#[path = "support/sim_disk.rs"]
mod sim_disk;
#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};

use family::Family;
use host::{Fault, Host, Step, durabilities, options};
use support::events;
use support::random::{self, Random};

const SCHEDULES: u64 = 2_000;
/// So many schedules have the rulesets in common, which take longer to compile than to run.
const PER_FAMILY: u64 = 50;

/// Seeds that failed once.
const REGRESSIONS: &[u64] = &[
    // What was told before could not be noted as settled, and so what was due now was kept back.
    897,
];

/// What makes every deadline fall due.
pub const AT_LAST: &str = r#"{"type":"clock","at":"2027-01-01T00:00:00Z"}"#;

/// What the schedules came to.
pub type Seen = BTreeMap<String, u64>;

pub fn note(seen: &mut Seen, what: &str, count: usize) {
    *seen.entry(what.to_string()).or_default() += count as u64;
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long to look is the caller's choice")]
fn what_comes_back_is_what_the_log_decides_again() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let mut seen = Seen::default();
    if let Some(seed) = number("RULEC_SEED") {
        return schedule(seed, &Family::new(seed / PER_FAMILY), &mut seen);
    }
    let rounds = number("RULEC_ROUNDS").unwrap_or(SCHEDULES);
    for &seed in REGRESSIONS {
        told(seed, &Family::new(seed / PER_FAMILY), &mut seen);
    }
    let half = |which: u64| {
        let mut seen = Seen::default();
        let firsts = (0..rounds).step_by(PER_FAMILY as usize);
        for first in firsts.filter(|first| first / PER_FAMILY % 2 == which) {
            let family = Family::new(first / PER_FAMILY);
            (first..rounds.min(first + PER_FAMILY)).for_each(|seed| told(seed, &family, &mut seen));
        }
        seen
    };
    let halves = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        [half(0), other.join().unwrap()]
    });
    for (what, count) in halves.into_iter().flatten() {
        note(&mut seen, &what, count as usize);
    }
    println!("{rounds} schedules: {seen:#?}");
    // Schedules in which nothing goes wrong would be content with everything.
    for (what, of_a_hundred) in FLOORS {
        let count = seen.get(*what).copied().unwrap_or(0);
        assert!(count * 100 >= rounds * of_a_hundred, "only {count} {what} in {rounds} schedules: {seen:#?}");
    }
}

/// How many there are at least in a hundred schedules.
const FLOORS: &[(&str, u64)] = &[
    ("inputs", 2500),
    ("kills", 80),
    ("power cuts", 50),
    ("power cut at append", 12),
    ("power cut at sync", 7),
    ("power cut at sync of names", 2),
    ("power cut at create", 1),
    ("power cut at rename", 1),
    ("error at append", 4),
    ("error at sync", 3),
    ("error at create", 1),
    ("full disk at append", 7),
    ("full disk at create", 1),
    ("short write at append", 2),
    ("torn ends", 3),
    ("stops", 35),
    ("openings that failed", 5),
    ("snapshots that were read", 90),
    ("snapshots that failed", 7),
    ("inputs decided again", 1500),
    ("inputs decided after a snapshot that failed", 20),
    ("duplicates of lines sent again", 200),
    ("answered inputs that were not safe", 80),
    ("reloads", 8),
    ("closings", 50),
    ("rejects", 400),
];

fn told(seed: u64, family: &Family, seen: &mut Seen) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| schedule(seed, family, seen))) {
        println!("RULEC_SEED={seed}");
        std::panic::resume_unwind(panic);
    }
}

fn schedule(seed: u64, family: &Family, seen: &mut Seen) {
    let random = &mut Random::new(seed ^ 0x5EED);
    let lines = events::generate(&family.generated, 20 + random.below(40), random);
    let durability = durabilities()[random.below(3)];
    let snapshot_every = [1 << 30, 1 << 30, 20_000, 4_000, 1_500, 1][random.below(6)];
    let segment_bytes = [64 << 20, 20_000, 3_000, 500][random.below(4)];
    // Either rulesets that mean the same, or such that don't.
    let rulesets = if random.chance(85) { family.same() } else { family.different() };
    let reloads = random.chance(25);
    let mut host = Host::new(family, rulesets, options(durability, snapshot_every, segment_bytes), lines);
    host.open(seen);
    for _ in 0..random.below(4) {
        host.fail_after([5, 30, 120, 400][random.below(4)], fault(random), random);
        for _ in 0..3 + random.below(25) {
            let step = step(random, &host, reloads);
            if host.step(step, seen).is_err() {
                break;
            }
        }
        match random.chance(40) {
            true => host.kill(seen),
            false => host.cut_power(random.next(), seen),
        }
        let opened_at_once = random.chance(70);
        if !opened_at_once {
            host.fail_after(14, fault(random), random);
        }
        while host.open_again(seen).is_err() {
            match random.chance(50) {
                true => host.kill(seen),
                false => host.cut_power(random.next(), seen),
            }
        }
        let back = random.below(6);
        host.send_again(back, random.chance(40));
    }
    host.rest(&[AT_LAST.to_string()], seen);
}

fn fault(random: &mut Random) -> Fault {
    match random.below(10) {
        0..5 => Fault::PowerCut,
        5 => Fault::Error(ErrorKind::StorageFull),
        6 => Fault::Error(ErrorKind::Other),
        7 => Fault::Short,
        _ => Fault::Full,
    }
}

fn step(random: &mut Random, host: &Host<'_>, reloads: bool) -> Step {
    host.pass([0, 0, 100, 3_000, 20_000][random.below(5)]);
    match random.below(100) {
        0..4 => Step::Snapshot,
        4..8 => Step::Reopen { close: random.chance(50) },
        8..18 if reloads => Step::Reload(random.below(3)),
        13..40 => Step::Together(1 + random.below(8)),
        _ => Step::Line,
    }
}
