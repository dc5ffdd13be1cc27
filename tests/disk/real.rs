//! The same on the file system that is there.

use std::sync::Arc;

use rulec::tooling::disk::{Directory, DiskDirectory, Durability, ErrorKind, Journal, verify};

use crate::harness::{FINGERPRINT, options};

fn open(path: &std::path::Path) -> Result<(Vec<Vec<u8>>, Journal), rulec::tooling::disk::DiskError> {
    let disk = Arc::new(DiskDirectory::new(path).unwrap());
    let directory = Directory::open(disk, options(Durability::Sync, 300))?;
    let mut records = Vec::new();
    let (journal, _) = directory.replay(&mut |_, payload| {
        records.push(payload.to_vec());
        Ok(())
    })?;
    Ok((records, journal))
}

#[test]
fn a_real_directory_keeps_what_it_was_given() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("new/state");
    let (records, mut journal) = open(&path).unwrap();
    assert!(records.is_empty());
    for number in 0..40_u8 {
        journal.append(&[number; 20]).unwrap();
        journal.commit(0).unwrap();
    }
    let error = open(&path).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Locked);
    assert!(error.to_string().contains("new/state"), "{error}");
    journal.close().unwrap();
    assert_eq!(verify(Arc::new(DiskDirectory::new(&path).unwrap()), Some(&FINGERPRINT)), []);
    let (records, mut journal) = open(&path).unwrap();
    assert_eq!(records.len(), 40);
    assert!((0..40).all(|number| records[number] == [number as u8; 20]));

    // A torn end, cut for real, and a snapshot that makes the log before it superfluous.
    journal.append(b"last").unwrap();
    journal.commit(0).unwrap();
    drop(journal);
    let last = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
    let last = last.filter(|path| path.extension().is_some_and(|e| e == "log")).max().unwrap();
    let length = std::fs::metadata(&last).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&last).unwrap().set_len(length - 1).unwrap();
    let (records, mut journal) = open(&path).unwrap();
    assert_eq!(records.len(), 40);
    for _ in 0..2 {
        journal.append(b"again").unwrap();
        let mut writer = journal.begin_snapshot().unwrap().unwrap();
        writer.section("all").unwrap();
        writer.write(b"something").unwrap();
        // The log goes on while another thread writes the snapshot.
        let published = std::thread::scope(|scope| {
            let finished = scope.spawn(|| writer.finish().unwrap());
            journal.append(b"meanwhile").unwrap();
            journal.commit(0).unwrap();
            finished.join().unwrap()
        });
        journal.retire(published).unwrap();
    }
    journal.close().unwrap();
    assert_eq!(verify(Arc::new(DiskDirectory::new(&path).unwrap()), Some(&FINGERPRINT)), []);
    let (records, _journal) = open(&path).unwrap();
    assert_eq!(records, [b"meanwhile"], "the rest is in the snapshot");
}
