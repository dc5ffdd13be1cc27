//! Power cuts and kills at every operation.

use rulec::tooling::disk::{DirectoryOptions, Durability};

use crate::harness::{
    Caller, Step, check, check_and_go_on, options, random_options, random_steps, recover, seeds, told,
};
use crate::random::Random;
use crate::sim_disk::{Fault, SimDisk};

const MODES: [Durability; 3] = [Durability::None, Durability::Batched { every: 10 }, Durability::Sync];

/// Small, and yet with everything: batches, segments that fill up, snapshots with records meanwhile, closing.
const WORKLOAD: &[Step] = &[
    Step::Append(20),
    Step::Commit(4),
    Step::Append(0),
    Step::Append(30),
    Step::Commit(12),
    Step::Snapshot(2),
    Step::Append(600),
    Step::Append(10),
    Step::Commit(3),
    Step::Snapshot(0),
    Step::Append(5),
    Step::Reopen,
    Step::Append(50),
    Step::Commit(1),
    Step::Snapshot(1),
    Step::Sync,
    Step::Append(8),
    Step::Commit(2),
];

/// How many operations the steps take when nothing fails.
fn operations(steps: &[Step], options: DirectoryOptions) -> u64 {
    let disk = SimDisk::default();
    Caller::new(disk.clone(), options).run(steps).unwrap();
    disk.operations()
}

fn crashed_at(operation: u64, steps: &[Step], options: DirectoryOptions) -> Caller {
    let disk = SimDisk::default();
    disk.fail(operation, Fault::PowerCut);
    let mut caller = Caller::new(disk, options);
    // Only the last record of all may be appended in memory after the last operation.
    let _ = caller.run(steps);
    caller
}

#[test]
fn a_power_cut_at_every_operation_leaves_a_prefix_with_all_that_was_promised() {
    for durability in MODES {
        for segment_bytes in [1, 200, 100_000] {
            let options = options(durability, segment_bytes);
            for operation in 1..=operations(WORKLOAD, options) + 1 {
                let caller = crashed_at(operation, WORKLOAD, options);
                for seed in 0..24 {
                    told(
                        || {
                            format!(
                                "{durability:?}, {segment_bytes} bytes, operation {operation}, seed {seed}"
                            )
                        },
                        || check_and_go_on(&caller, &caller.disk.after_power_cut(seed), caller.safe),
                    );
                }
            }
        }
    }
}

#[test]
fn a_kill_at_every_operation_loses_nothing_that_was_written() {
    for durability in MODES {
        let options = options(durability, 200);
        for operation in 1..=operations(WORKLOAD, options) + 1 {
            let caller = crashed_at(operation, WORKLOAD, options);
            told(
                || format!("{durability:?}, operation {operation}"),
                || check_and_go_on(&caller, &caller.disk.after_kill(), caller.written),
            );
        }
    }
}

/// What was handed over after the first crash is promised to be there after the second.
#[test]
fn a_second_crash_while_opening_loses_nothing_more() {
    for segment_bytes in [1, 200] {
        let options = options(Durability::Batched { every: 10 }, segment_bytes);
        for operation in 1..=operations(WORKLOAD, options) {
            let caller = crashed_at(operation, WORKLOAD, options);
            second_power_cut(&caller, operation, 0, || caller.disk.after_kill());
            for seed in 0..4 {
                second_power_cut(&caller, operation, seed, || caller.disk.after_power_cut(seed));
            }
        }
    }
}

/// At every operation of opening, and behind the last, when a few more records are there and not synced.
fn second_power_cut(caller: &Caller, first: u64, seed: u64, left: impl Fn() -> SimDisk) {
    for second in 1.. {
        let left = left();
        left.fail(second, Fault::PowerCut);
        let done = recover(&left, caller.options);
        let opened = done.is_ok();
        let mut next = Caller::new(left.clone(), caller.options);
        let mut promised = caller.safe;
        next.records.clone_from(&caller.records);
        if let Ok((records, journal, _)) = done {
            check(caller, &records, caller.safe);
            promised = records.len();
            next.adopt(records, journal);
            let _ = next.step(Step::Append(4)).and_then(|()| next.step(Step::Commit(1)));
        }
        told(
            || format!("operations {first} and {second}, seed {seed}"),
            || check_and_go_on(&next, &left.after_power_cut(seed + 1), promised),
        );
        if opened && left.operations() < second {
            break;
        }
    }
}

#[test]
fn random_runs_with_several_crashes_lose_nothing_that_was_promised() {
    for seed in seeds(600) {
        told(|| format!("RULEC_SEED={seed}"), || several_crashes(seed));
    }
}

fn several_crashes(seed: u64) {
    let random = &mut Random::new(seed);
    let options = random_options(random);
    let mut caller = Caller::new(SimDisk::default(), options);
    for _ in 0..5 {
        caller.disk.fail(1 + random.below(60) as u64, Fault::PowerCut);
        let opened = match &caller.journal {
            None => caller.open().map(drop),
            Some(_) => Ok(()),
        };
        let steps = random_steps(random);
        let _ = opened.and_then(|()| steps.iter().try_for_each(|step| caller.step(*step)));
        let killed = random.chance(30);
        let left = match killed {
            true => caller.disk.after_kill(),
            false => caller.disk.after_power_cut(random.next()),
        };
        let promised = if killed { caller.written } else { caller.safe };
        let (records, journal, _) = recover(&left, options).expect("a crash is no damage");
        check(&caller, &records, promised);
        let mut next = Caller::new(left, options);
        next.adopt(records, journal);
        caller = next;
    }
}
