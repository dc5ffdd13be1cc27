//! What a directory does when nothing goes wrong, and what it says to a caller that is.

use rulec::tooling::disk::{
    Directory, DirectoryOptions, Durability, ErrorKind, MAX_PAYLOAD, Piece, Progress, View, verify,
};

use crate::harness::{Caller, FINGERPRINT, Step, options, recover};
use crate::sim_disk::SimDisk;

#[test]
fn what_was_appended_comes_back() {
    let disk = SimDisk::default();
    let (records, mut journal, recovered) = recover(&disk, options(Durability::Sync, 1_000)).unwrap();
    assert!(records.is_empty() && recovered.last == 0 && recovered.snapshot.is_none());
    let large = vec![7; MAX_PAYLOAD];
    assert_eq!(journal.append(b"one").unwrap(), 1);
    assert_eq!(journal.append(b"").unwrap(), 2);
    assert_eq!(journal.progress(), Progress { written: 0, synced: 0 });
    assert_eq!(journal.append(&large).unwrap(), 3);
    assert_eq!(journal.commit(0).unwrap(), Progress { written: 3, synced: 3 });
    journal.close().unwrap();
    let (records, _, recovered) = recover(&disk, options(Durability::Sync, 1_000)).unwrap();
    assert_eq!(records, [b"one".to_vec(), Vec::new(), large]);
    assert!(recovered.clean && recovered.records == 3);
}

#[test]
fn a_record_that_is_too_long_is_refused_and_the_log_goes_on() {
    let (_, mut journal, _) = recover(&SimDisk::default(), options(Durability::Sync, 1_000)).unwrap();
    let error = journal.append(&vec![0; MAX_PAYLOAD + 1]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert_eq!(error.to_string(), "`sim`: a record of 16842753 bytes is too long, the most are 16842752");
    assert_eq!(journal.append(b"short").unwrap(), 1);
}

#[test]
fn batches_are_synced_when_they_are_due() {
    let (_, mut journal, _) =
        recover(&SimDisk::default(), options(Durability::Batched { every: 10 }, 1_000)).unwrap();
    journal.append(b"a").unwrap();
    assert_eq!(journal.due(), None);
    assert_eq!(journal.commit(100).unwrap(), Progress { written: 1, synced: 0 });
    assert_eq!(journal.due(), Some(110));
    journal.append(b"b").unwrap();
    assert_eq!(journal.commit(109).unwrap(), Progress { written: 2, synced: 0 });
    assert_eq!(journal.commit(110).unwrap(), Progress { written: 2, synced: 2 });
    assert_eq!(journal.due(), None);
    journal.append(b"c").unwrap();
    assert_eq!(journal.sync().unwrap(), Progress { written: 3, synced: 3 });
}

#[test]
fn two_snapshots_and_the_log_since_the_older_are_kept() {
    let mut caller = Caller::new(SimDisk::default(), options(Durability::Sync, 1));
    caller.run(&[]).unwrap();
    for _ in 0..5 {
        caller.step(Step::Append(10)).unwrap();
        caller.step(Step::Commit(0)).unwrap();
        caller.step(Step::Snapshot(0)).unwrap();
    }
    let name = |kind: &str, number: u64, ending: &str| format!("{kind}-{number:020}.{ending}");
    let kept = [
        "FORMAT".to_string(),
        name("snapshot", 4, "snap"),
        name("snapshot", 5, "snap"),
        name("wal", 5, "log"),
        name("wal", 6, "log"),
    ];
    assert_eq!(caller.disk.names(), kept);
    // A second snapshot of the same record is none.
    assert!(caller.journal.as_mut().unwrap().begin_snapshot().unwrap().is_none());

    let options = DirectoryOptions { keep_segments: 3, ..caller.options };
    let mut caller = Caller::new(SimDisk::default(), options);
    caller.run(&[]).unwrap();
    for _ in 0..6 {
        for step in [Step::Append(10), Step::Commit(0), Step::Snapshot(0)] {
            caller.step(step).unwrap();
        }
    }
    let logs = caller.disk.names().iter().filter(|name| name.ends_with(".log")).count();
    assert_eq!(logs, 4, "three full ones and the one that is written");
}

#[test]
fn a_large_snapshot_is_written_and_read_in_pieces() {
    let disk = SimDisk::default();
    let (_, mut journal, _) = recover(&disk, options(Durability::None, 1_000)).unwrap();
    let mut writer = journal.begin_snapshot().unwrap().unwrap();
    assert!(writer.write(b"before any section").is_err());
    writer.section("numbers").unwrap();
    for number in 0..100_000_u32 {
        writer.write(&number.to_le_bytes()).unwrap();
    }
    writer.section("nothing").unwrap();
    writer.section("text").unwrap();
    writer.write(b"the end").unwrap();
    let published = writer.finish().unwrap();
    assert!(published.bytes > 400_000);
    journal.retire(published).unwrap();
    drop(journal);

    let directory = Directory::open(disk.shared(), options(Durability::None, 1_000)).unwrap();
    let mut reader = directory.snapshot().unwrap().unwrap();
    let mut sections: Vec<(String, Vec<u8>)> = Vec::new();
    while let Some(piece) = reader.next().unwrap() {
        match piece {
            Piece::Section(name) => sections.push((name.into(), Vec::new())),
            Piece::Bytes(bytes) => {
                assert!(bytes.len() <= 1 << 16);
                sections.last_mut().unwrap().1.extend_from_slice(bytes);
            }
        }
    }
    assert_eq!(reader.next().unwrap(), None);
    let numbers: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    assert_eq!(sections[0], ("numbers".to_string(), numbers));
    assert_eq!(sections[1], ("nothing".to_string(), Vec::new()));
    assert_eq!(sections[2], ("text".to_string(), b"the end".to_vec()));
}

#[test]
fn a_snapshot_that_is_dropped_is_none() {
    let disk = SimDisk::default();
    let mut caller = Caller::new(disk.clone(), options(Durability::Sync, 1_000));
    caller.run(&[Step::Append(1), Step::Commit(0)]).unwrap();
    let mut writer = caller.journal.as_mut().unwrap().begin_snapshot().unwrap().unwrap();
    writer.section("records").unwrap();
    drop(writer);
    let findings = verify(disk.shared(), Some(&FINGERPRINT));
    assert_eq!(findings.len(), 1);
    assert!(!findings[0].damage);
    caller.journal = None;
    let recovered = caller.open().unwrap();
    assert_eq!(recovered.unfinished, ["snapshot-00000000000000000001.snap.tmp"]);
    assert_eq!(recovered.snapshot, None);
}

#[test]
fn a_record_that_the_caller_objects_to_is_shown_with_its_place() {
    let mut caller = Caller::new(SimDisk::default(), options(Durability::Sync, 1_000));
    caller.run(&[Step::Append(1), Step::Commit(0), Step::Append(2), Step::Reopen]).unwrap();
    caller.journal = None;
    let directory = Directory::open(caller.disk.shared(), caller.options).unwrap();
    let error = directory
        .replay(&mut |number, _| if number == 2 { Err("it names no event".into()) } else { Ok(()) })
        .unwrap_err();
    let shown = error.to_string();
    assert!(shown.starts_with("`sim/wal-00000000000000000001.log` is damaged at byte "), "{shown}");
    assert!(shown.ends_with(": it names no event"), "{shown}");
}

#[test]
fn a_second_holder_is_refused_until_the_first_is_gone() {
    let disk = SimDisk::default();
    let (_, journal, _) = recover(&disk, options(Durability::Sync, 1_000)).unwrap();
    let error = recover(&disk, options(Durability::Sync, 1_000)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Locked);
    assert_eq!(error.to_string(), "`sim`: another process works on this directory");
    drop(journal);
    assert!(recover(&disk, options(Durability::Sync, 1_000)).is_ok());
}

#[test]
fn other_secrets_newer_formats_and_other_directories_are_refused() {
    let disk = SimDisk::default();
    drop(recover(&disk, options(Durability::Sync, 1_000)).unwrap());
    let other = DirectoryOptions { fingerprint: [1; 16], ..options(Durability::Sync, 1_000) };
    let error = recover(&disk, other).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Foreign);
    assert!(error.to_string().contains("under another secret"), "{error}");

    disk.put("FORMAT", b"rulec state, format 2\n".to_vec());
    let error = recover(&disk, options(Durability::Sync, 1_000)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`sim`: it holds state of format 2, and this version of rulec reads format 1"
    );

    for strange in ["rulec state, format 01\n", "rulec state, format +1\n", "rulec state, format 1", ""] {
        disk.put("FORMAT", strange.into());
        assert_eq!(recover(&disk, options(Durability::Sync, 1_000)).unwrap_err().kind, ErrorKind::Damage);
    }

    let disk = SimDisk::default();
    disk.put("holiday.jpg", vec![1, 2, 3]);
    disk.put("notes.tmp", vec![1]);
    let error = recover(&disk, options(Durability::Sync, 1_000)).unwrap_err();
    assert_eq!(error.to_string(), "`sim`: it holds `holiday.jpg` and other files, and no `FORMAT`");
    assert_eq!(disk.names(), ["holiday.jpg", "notes.tmp"]);
}

/// The duty to forget: what a record said may be nowhere in the directory any more.
#[test]
fn with_the_second_snapshot_after_it_a_record_is_gone() {
    let mut caller = Caller::new(SimDisk::default(), options(Durability::Sync, 1_000_000));
    caller.open().unwrap();
    let journal = caller.journal.as_mut().unwrap();
    let snapshot = |journal: &mut rulec::tooling::disk::Journal| {
        let mut writer = journal.begin_snapshot().unwrap().unwrap();
        writer.section("all of it but names").unwrap();
        let published = writer.finish().unwrap();
        journal.retire(published).unwrap();
    };
    journal.append(b"a name").unwrap();
    snapshot(journal);
    for _ in 0..2 {
        let names = caller.disk.names();
        let held =
            names.iter().any(|name| caller.disk.bytes(name).windows(6).any(|bytes| bytes == b"a name"));
        assert!(held || journal.last() == 2);
        journal.append(b"later").unwrap();
        snapshot(journal);
    }
    for name in caller.disk.names() {
        assert!(!caller.disk.bytes(&name).windows(6).any(|bytes| bytes == b"a name"), "`{name}`");
    }
}

#[test]
fn a_log_without_commits_is_written_all_the_same() {
    let disk = SimDisk::default();
    let (_, mut journal, _) = recover(&disk, options(Durability::None, 20 << 20)).unwrap();
    for _ in 0..50 {
        journal.append(&vec![3; 1 << 20]).unwrap();
    }
    assert!(journal.progress().written >= 40, "{:?}", journal.progress());
    assert!(disk.names().iter().filter(|name| name.ends_with(".log")).count() >= 2);
    journal.close().unwrap();
    assert_eq!(recover(&disk, options(Durability::None, 20 << 20)).unwrap().0.len(), 50);
}

#[test]
fn a_view_reads_beside_the_holder_and_changes_nothing() {
    let mut caller = Caller::new(SimDisk::default(), options(Durability::Sync, 1_000));
    caller
        .run(&[Step::Append(1), Step::Append(2), Step::Snapshot(0), Step::Append(3), Step::Commit(0)])
        .unwrap();
    let before = caller.disk.operations();
    let view = View::open(caller.disk.shared(), Some(FINGERPRINT)).unwrap();
    assert_eq!((view.snapshots(), view.oldest()), (&[2][..], 1));
    let mut numbers = Vec::new();
    let end = view.records(2, &mut |number, payload| {
        assert_eq!(payload, caller.records[number as usize - 1]);
        numbers.push(number);
        Ok(())
    });
    assert_eq!((end.unwrap(), numbers), ((3, None), vec![2, 3]));
    let mut reader = view.snapshot(2).unwrap();
    assert_eq!(reader.next().unwrap(), Some(Piece::Section("records")));
    assert!(view.snapshot(7).is_err());
    assert!(View::open(caller.disk.shared(), Some([9; 16])).unwrap().records(1, &mut |_, _| Ok(())).is_err());
    assert_eq!(caller.disk.operations(), before);
    assert!(View::open(SimDisk::default().shared(), None).is_err());
}
