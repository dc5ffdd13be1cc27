//! Changes behind our back: every bit, every length, every file.

use rulec::tooling::disk::{DirectoryOptions, Durability, ErrorKind, verify};

use crate::harness::{Caller, FINGERPRINT, Step, options, recover};
use crate::random::Random;
use crate::sim_disk::SimDisk;

const OPTIONS: fn() -> DirectoryOptions = || options(Durability::Sync, 160);

/// Two snapshots, several segments, and records behind the newest snapshot.
fn directory(closed: bool) -> Caller {
    let mut caller = Caller::new(SimDisk::default(), OPTIONS());
    let steps = [
        Step::Append(9),
        Step::Commit(0),
        Step::Append(70),
        Step::Commit(0),
        Step::Snapshot(0),
        Step::Append(2),
        Step::Append(80),
        Step::Commit(0),
        Step::Append(11),
        Step::Commit(0),
        Step::Snapshot(0),
        Step::Append(12),
        Step::Commit(0),
        Step::Append(90),
        Step::Commit(0),
        Step::Append(13),
        Step::Append(14),
        Step::Commit(0),
    ];
    caller.run(&steps).unwrap();
    let journal = caller.journal.take().unwrap();
    if closed {
        journal.close().unwrap();
    }
    assert_eq!(verify(caller.disk.shared(), Some(&FINGERPRINT)), []);
    let names = caller.disk.names();
    assert_eq!(names.iter().filter(|name| name.ends_with(".snap")).count(), 2, "{names:?}");
    assert!(names.iter().filter(|name| name.ends_with(".log")).count() >= 3, "{names:?}");
    caller
}

/// Opens a changed directory. What comes back is right, or a first part with a word about it, or an error.
/// Says whether anything was noticed.
fn judge(caller: &Caller, changed: &SimDisk, what: &str) -> bool {
    let noticed = !verify(changed.shared(), Some(&FINGERPRINT)).is_empty();
    match recover(changed, caller.options) {
        Err(error) => {
            assert!(matches!(error.kind, ErrorKind::Damage | ErrorKind::Foreign), "{what}: {error}");
            assert!(error.help.is_some(), "{what}: {error}");
            assert!(noticed, "{what}: verify did not see {error}");
        }
        Ok((records, _, recovered)) => {
            assert!(caller.records.starts_with(&records), "{what}: other records came back");
            if records.len() < caller.records.len() {
                assert!(recovered.torn.is_some(), "{what}: records are gone and nothing is said");
            }
        }
    }
    noticed
}

#[test]
fn every_flipped_bit_is_noticed() {
    for closed in [true, false] {
        let caller = directory(closed);
        for name in caller.disk.names() {
            let bytes = caller.disk.bytes(&name);
            for bit in 0..bytes.len() * 8 {
                let changed = caller.disk.after_kill();
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                changed.put(&name, flipped);
                let what = format!("closed {closed}, `{name}`, bit {bit}");
                assert!(judge(&caller, &changed, &what), "{what}: verify saw nothing");
                if closed && name.starts_with("wal") && is_needed(&caller, &name) {
                    assert!(recover(&caller.disk.after_kill(), OPTIONS()).is_ok());
                    let changed = changed.after_kill();
                    assert!(recover(&changed, OPTIONS()).is_err(), "{what}: taken for torn");
                }
            }
        }
    }
}

/// Whether opening reads this segment.
fn is_needed(caller: &Caller, name: &str) -> bool {
    let names = caller.disk.names();
    let newest = names.iter().rfind(|name| name.ends_with(".snap")).unwrap();
    let number = |name: &str| name[name.find('-').unwrap() + 1..][..20].parse::<u64>().unwrap();
    let next = names.iter().find(|other| other.ends_with(".log") && other.as_str() > name);
    next.is_none_or(|next| number(next) > number(newest) + 1)
}

#[test]
fn every_shorter_file_is_noticed() {
    let caller = directory(true);
    for name in caller.disk.names() {
        let bytes = caller.disk.bytes(&name);
        for length in 0..bytes.len() {
            let changed = caller.disk.after_kill();
            changed.put(&name, bytes[..length].to_vec());
            let what = format!("`{name}` cut to {length}");
            assert!(judge(&caller, &changed, &what), "{what}: verify saw nothing");
        }
    }
    let caller = directory(false);
    let last = caller.disk.names().into_iter().rfind(|name| name.ends_with(".log")).unwrap();
    let bytes = caller.disk.bytes(&last);
    for length in 0..bytes.len() {
        let changed = caller.disk.after_kill();
        changed.put(&last, bytes[..length].to_vec());
        match recover(&changed, OPTIONS()) {
            Ok((records, ..)) => assert!(caller.records.starts_with(&records), "cut to {length}"),
            Err(error) => assert_eq!(error.kind, ErrorKind::Damage, "cut to {length}: {error}"),
        }
    }
}

#[test]
fn garbage_behind_every_file_is_noticed() {
    for closed in [true, false] {
        let caller = directory(closed);
        for name in caller.disk.names() {
            for seed in 0..60 {
                let random = &mut Random::new(seed);
                let mut bytes = caller.disk.bytes(&name);
                let zeros = random.chance(30);
                for _ in 0..=random.below(100) {
                    bytes.push(if zeros { 0 } else { random.next() as u8 });
                }
                let changed = caller.disk.after_kill();
                changed.put(&name, bytes);
                let what = format!("closed {closed}, `{name}`, seed {seed}");
                assert!(judge(&caller, &changed, &what), "{what}: verify saw nothing");
            }
        }
    }
}

#[test]
fn every_missing_file_is_noticed_or_loses_nothing() {
    for closed in [true, false] {
        let caller = directory(closed);
        for name in caller.disk.names() {
            let changed = caller.disk.after_kill();
            changed.delete(&name);
            let noticed = judge(&caller, &changed, &name);
            // The log since the older snapshot is kept: without a newer one, or the word that it was closed, all is there.
            assert!(noticed || name == "CLOSED" || name.ends_with(".snap"), "`{name}`");
            if !noticed {
                let (records, ..) = recover(&changed, OPTIONS()).unwrap_or_else(|e| panic!("`{name}`: {e}"));
                assert_eq!(records, caller.records, "`{name}`");
            }
        }
    }
}

#[test]
fn files_in_each_others_place_are_noticed() {
    let caller = directory(true);
    let names = caller.disk.names();
    for one in &names {
        for other in names.iter().filter(|other| *other != one) {
            let changed = caller.disk.after_kill();
            changed.put(one, caller.disk.bytes(other));
            let what = format!("`{other}` in the place of `{one}`");
            assert!(judge(&caller, &changed, &what), "{what}: verify saw nothing");
        }
    }
}

/// The end of a segment is where a crash may leave something unfinished, but not after a seal, and not when closed.
#[test]
fn what_is_wrong_with_a_seal_is_no_crash() {
    let name = "wal-00000000000000000001.log";
    for closed in [true, false] {
        let mut caller = Caller::new(SimDisk::default(), options(Durability::Sync, 1));
        caller.run(&[Step::Append(9), Step::Commit(0)]).unwrap();
        let journal = caller.journal.take().unwrap();
        if closed {
            journal.close().unwrap();
        }
        let bytes = caller.disk.bytes(name);
        let changed = caller.disk.after_kill();
        changed.put(name, [&bytes[..], &[1, 2, 3]].concat());
        assert!(recover(&changed, caller.options).is_err(), "closed {closed}: garbage behind the seal");
        for byte in bytes.len() - 21..bytes.len() {
            let changed = caller.disk.after_kill();
            let mut flipped = bytes.clone();
            flipped[byte] ^= 4;
            changed.put(name, flipped);
            let noticed = !verify(changed.shared(), None).is_empty();
            assert!(noticed, "closed {closed}, byte {byte}");
            assert_eq!(recover(&changed, caller.options).is_err(), closed, "byte {byte}");
        }
    }
}

#[test]
fn garbage_behind_a_closed_log_is_no_torn_end() {
    let caller = directory(true);
    let last = caller.disk.names().into_iter().rfind(|name| name.ends_with(".log")).unwrap();
    let changed = caller.disk.after_kill();
    changed.put(&last, [&caller.disk.bytes(&last)[..], &[7; 5]].concat());
    assert_eq!(recover(&changed, OPTIONS()).unwrap_err().kind, ErrorKind::Damage);
}

/// Records count in their own file alone.
#[test]
fn records_of_another_directory_are_no_records() {
    let name = "wal-00000000000000000001.log";
    let written = |fingerprint| {
        let options = DirectoryOptions { fingerprint, ..options(Durability::Sync, 1_000) };
        let mut caller = Caller::new(SimDisk::default(), options);
        caller.run(&[Step::Append(9), Step::Commit(0)]).unwrap();
        caller.journal.take().unwrap().close().unwrap();
        caller
    };
    let (own, other) = (written([1; 16]), written([2; 16]));
    let changed = own.disk.after_kill();
    changed.put(name, [&own.disk.bytes(name)[..40], &other.disk.bytes(name)[40..]].concat());
    assert_eq!(recover(&changed, own.options).unwrap_err().kind, ErrorKind::Damage);
}

#[test]
fn an_older_log_beside_a_newer_snapshot_is_noticed() {
    let mut caller = Caller::new(SimDisk::default(), options(Durability::Sync, 1_000));
    caller.run(&[Step::Append(9), Step::Commit(0)]).unwrap();
    let older = caller.disk.after_kill();
    caller.run_on(&[Step::Append(8), Step::Snapshot(0)]);
    let snapshot = "snapshot-00000000000000000002.snap";
    older.put(snapshot, caller.disk.bytes(snapshot));
    let error = recover(&older, caller.options).unwrap_err();
    assert_eq!(error.what, "there is a snapshot of record 2, and the log ends after 1");
}

#[test]
fn a_block_that_is_missing_in_a_snapshot_is_noticed() {
    let mut caller = Caller::new(SimDisk::default(), options(Durability::Sync, 1_000_000));
    caller.run(&[Step::Append(200_000), Step::Snapshot(0)]).unwrap();
    caller.journal = None;
    let name = "snapshot-00000000000000000001.snap";
    let mut bytes = caller.disk.bytes(name);
    // Behind the header and the name of the section, the first of four blocks.
    let first = 40 + 21 + "records".len();
    bytes.drain(first..first + 21 + (64 << 10));
    let changed = caller.disk.after_kill();
    changed.put(name, bytes);
    assert_eq!(recover(&changed, caller.options).unwrap_err().what, "block 1 is missing");
}

#[test]
fn a_broken_record_before_a_good_one_is_no_torn_end() {
    let mut caller = Caller::new(SimDisk::default(), options(Durability::None, 100_000));
    let steps = [Step::Append(30), Step::Append(31), Step::Append(32), Step::Commit(0)];
    caller.run(&steps).unwrap();
    caller.journal = None;
    let name = "wal-00000000000000000001.log";
    let bytes = caller.disk.bytes(name);
    let record = (bytes.len() - 40) / 3;
    for (at, refused) in [(45, true), (45 + record, true), (bytes.len() - 5, false)] {
        let changed = caller.disk.after_kill();
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        changed.put(name, flipped);
        assert_eq!(recover(&changed, caller.options).is_err(), refused, "byte {at}");
    }
}

/// Systems may write the later part of a batch and not the earlier. What was synced is another matter.
#[test]
fn a_hole_is_cut_in_what_was_never_synced_and_refused_in_what_was() {
    for (durability, refused) in [(Durability::None, false), (Durability::Sync, true)] {
        let mut caller = Caller::new(SimDisk::default(), options(durability, 100_000));
        let steps = [Step::Append(500), Step::Commit(0)].repeat(6);
        caller.run(&steps).unwrap();
        caller.journal = None;
        let changed = caller.disk.after_kill();
        let name = "wal-00000000000000000001.log";
        let mut bytes = changed.bytes(name);
        bytes[512..1024].fill(0);
        changed.put(name, bytes);
        match recover(&changed, caller.options) {
            Ok((records, _, recovered)) => {
                assert!(!refused);
                assert_eq!(records, caller.records[..records.len()]);
                assert_eq!(recovered.torn.map(|torn| torn.after), Some(records.len() as u64));
            }
            Err(error) => {
                assert!(refused, "{error}");
                assert!(error.offset.is_some());
            }
        }
    }
}

#[test]
fn of_damaged_snapshots_only_the_operator_takes_the_older() {
    let caller = directory(true);
    let newest = caller.disk.names().into_iter().rfind(|name| name.ends_with(".snap")).unwrap();
    let mut bytes = caller.disk.bytes(&newest);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    let changed = caller.disk.after_kill();
    changed.put(&newest, bytes);
    let error = recover(&changed, OPTIONS()).unwrap_err();
    assert_eq!(error.file.as_deref(), Some(&*newest));
    let help = error.help.unwrap();
    assert!(help.contains("open with the older snapshot") && help.contains("nothing is lost"), "{help}");

    let chosen = DirectoryOptions { older_snapshot: true, ..OPTIONS() };
    let (records, journal, recovered) = recover(&changed, chosen).unwrap();
    assert_eq!(records, caller.records);
    assert_eq!(recovered.set_aside, [format!("{newest}.damaged")]);
    journal.close().unwrap();
    let (records, ..) = recover(&changed, OPTIONS()).unwrap();
    assert_eq!(records, caller.records);
}

#[test]
fn with_every_snapshot_damaged_the_whole_log_still_says_it() {
    let options = DirectoryOptions { keep_segments: 99, ..OPTIONS() };
    let mut caller = Caller::new(SimDisk::default(), options);
    let steps =
        [Step::Append(4), Step::Snapshot(0), Step::Append(5), Step::Snapshot(0), Step::Append(6), Step::Sync];
    caller.run(&steps).unwrap();
    caller.journal = None;
    for name in caller.disk.names().iter().filter(|name| name.ends_with(".snap")) {
        caller.disk.put(name, Vec::new());
    }
    assert!(recover(&caller.disk, options).is_err());
    let chosen = DirectoryOptions { older_snapshot: true, ..options };
    let (records, _, recovered) = recover(&caller.disk, chosen).unwrap();
    assert_eq!(records, caller.records);
    assert_eq!((recovered.snapshot, recovered.set_aside.len()), (None, 2));
}

#[test]
fn any_bytes_at_all_are_read_without_a_panic() {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner =
        TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::with_cases(400) }, rng);
    let caller = directory(true);
    let names = caller.disk.names();
    let change = (0..names.len(), any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..40));
    runner
        .run(&prop::collection::vec(change, 1..4), |changes| {
            let changed = caller.disk.after_kill();
            for (name, at, garbage) in &changes {
                let mut bytes = changed.bytes(&names[*name]);
                let at = at.index(bytes.len() + 1);
                let end = (at + garbage.len()).min(bytes.len());
                bytes.splice(at..end, garbage.iter().copied());
                changed.put(&names[*name], bytes);
            }
            judge(&caller, &changed, &format!("{changes:?}"));
            Ok(())
        })
        .unwrap();
}
