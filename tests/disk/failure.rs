//! Operations that fail while the process lives on.

use std::io::ErrorKind;

use rulec::tooling::disk::{Durability, ErrorKind as Kind};

use crate::harness::{Caller, Step, check_and_go_on, options};
use crate::sim_disk::{Fault, SimDisk};

const FAULTS: [Fault; 4] =
    [Fault::Error(ErrorKind::StorageFull), Fault::Error(ErrorKind::Other), Fault::Short, Fault::Full];

const WORKLOAD: &[Step] = &[
    Step::Append(20),
    Step::Commit(4),
    Step::Append(300),
    Step::Commit(12),
    Step::Snapshot(1),
    Step::Append(40),
    Step::Commit(1),
    Step::Snapshot(0),
    Step::Append(7),
    Step::Commit(20),
];

#[test]
fn whatever_fails_is_said_and_loses_nothing_that_was_promised() {
    for durability in [Durability::None, Durability::Batched { every: 10 }, Durability::Sync] {
        for fault in FAULTS {
            for operation in 1.. {
                let disk = SimDisk::default();
                disk.fail(operation, fault);
                let mut caller = Caller::new(disk.clone(), options(durability, 200));
                let done = caller.run(WORKLOAD);
                if done.is_ok() {
                    assert_eq!(disk.hit(), None, "operation {operation} failed, and nobody said so");
                    // A full disk is none as long as nobody needs more of it.
                    match disk.operations() < operation {
                        true => break,
                        false => continue,
                    }
                }
                assert_eq!(done.unwrap_err().kind, Kind::Io);
                // As it stands, and after the power is cut as well.
                check_and_go_on(&caller, &disk.after_kill(), caller.safe);
                for seed in 0..8 {
                    println!("{durability:?} {fault:?} operation {operation} seed {seed}");
                    check_and_go_on(&caller, &disk.after_power_cut(seed), caller.safe);
                }
            }
        }
    }
}

#[test]
fn the_log_stops_for_good_after_a_failed_write_or_sync() {
    for (name, ahead) in [("write to it", 1), ("make sure of what was written to it", 2)] {
        let disk = SimDisk::default();
        let mut caller = Caller::new(disk.clone(), options(Durability::Sync, 1_000));
        caller.run(&[Step::Append(3), Step::Commit(0)]).unwrap();
        disk.fail(disk.operations() + ahead, Fault::Error(ErrorKind::StorageFull));
        caller.step(Step::Append(3)).unwrap();
        let first = caller.step(Step::Commit(0)).unwrap_err();
        assert_eq!(
            first.to_string(),
            format!("`sim/wal-00000000000000000001.log`: can't {name}: no space is left on the disk")
        );
        let before = disk.operations();
        let mut journal = caller.journal.take().unwrap();
        assert_eq!(journal.append(b"more").unwrap_err(), first);
        assert_eq!(journal.commit(100).unwrap_err(), first);
        assert_eq!(journal.sync().unwrap_err(), first);
        assert_eq!(journal.begin_snapshot().unwrap_err(), first);
        assert_eq!(journal.progress().synced, 1);
        assert_eq!(journal.close().unwrap_err(), first);
        assert_eq!(disk.operations(), before, "it was tried again");
    }
}

#[test]
fn a_failed_snapshot_leaves_the_log_and_the_older_snapshots_as_they_are() {
    for ahead in 1.. {
        let disk = SimDisk::default();
        // Every commit fills a segment, so that beginning a snapshot changes nothing of the log.
        let mut caller = Caller::new(disk.clone(), options(Durability::Sync, 1));
        caller
            .run(&[Step::Append(3), Step::Commit(0), Step::Snapshot(0), Step::Append(4), Step::Commit(0)])
            .unwrap();
        disk.fail(disk.operations() + ahead, Fault::Error(ErrorKind::StorageFull));
        let Err(failed) = caller.step(Step::Snapshot(0)) else {
            // Create, header, section, block, footer, sync, rename, sync of the names, and what goes with it.
            assert!(ahead > 8, "a snapshot took {ahead} operations");
            break;
        };
        caller.options.segment_bytes = 1_000;
        let names_lost = failed.what.contains("the names of the files");
        caller.step(Step::Append(9)).unwrap();
        // Only a new segment needs names, and says so when they are not certain any more.
        let committed = caller.step(Step::Commit(0));
        assert_eq!(committed.is_err(), names_lost, "{failed}: {committed:?}");
        if names_lost {
            assert_eq!(committed.unwrap_err(), failed);
        } else {
            caller.step(Step::Snapshot(0)).unwrap();
            caller.step(Step::Reopen).unwrap();
        }
        check_and_go_on(&caller, &disk.after_kill(), caller.safe);
    }
}
