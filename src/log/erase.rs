//! Taking inputs out of a log.

use std::sync::Arc;

use super::FINGERPRINT;
use super::message::{Answers, Logged, Message, kind, read_line};
use super::read::each_record;
use crate::engine::StoreError;
use crate::state::disk::{Directory, DirectoryOptions, Disk, Journal, SnapshotWriter, View};

/// The section of a snapshot that holds the records before it.
pub(super) const RECORDS: &str = "records";

/// Writes the whole log anew, without the inputs of which `which` says so and without what was said to them: each leaves
/// behind that there was one. Gives how many there were. Whatever stops it halfway, the log is whole; given the same
/// `which` again, it is finished.
///
/// The log is written twice, as directories keep two snapshots: what is erased is gone from the disk afterwards, as far as
/// that is in the hands of a program.
///
/// # Errors
/// If another process writes to the log, if it is damaged, or if the disk fails.
pub(crate) fn erase(
    disk: Arc<dyn Disk>,
    which: &mut dyn FnMut(Logged<'_>, Answers<'_>) -> bool,
) -> Result<u64, StoreError> {
    // One that holds no log is not made one.
    View::open(disk.clone(), Some(FINGERPRINT))?;
    let options = DirectoryOptions { fingerprint: FINGERPRINT, ..DirectoryOptions::default() };
    let (mut journal, _) = Directory::open(disk.clone(), options)?.resume(&mut |_, _| Ok(()))?;
    let erased = rewrite(&mut journal, &disk, which)?;
    rewrite(&mut journal, &disk, which)?;
    journal.close()?;
    Ok(erased)
}

fn rewrite(
    journal: &mut Journal,
    disk: &Arc<dyn Disk>,
    which: &mut dyn FnMut(Logged<'_>, Answers<'_>) -> bool,
) -> Result<u64, StoreError> {
    // What is remembered elsewhere is no more what comes of this log: the run to come must not rely on it.
    journal.append(&[kind::START])?;
    let Some(mut writer) = journal.begin_snapshot()? else {
        return Err(StoreError::new("the log was written to meanwhile"));
    };
    writer.section(RECORDS)?;
    let mut rewriting = Rewriting { writer, held: Vec::new(), whole: Vec::new(), which, erased: 0 };
    let view = View::open(disk.clone(), Some(FINGERPRINT))?;
    each_record(&view, &mut |record| rewriting.record(record))?;
    let Rewriting { writer, erased, .. } = rewriting;
    let published = writer.finish()?;
    journal.retire(published)?;
    Ok(erased)
}

struct Rewriting<'w> {
    writer: SnapshotWriter,
    /// The records of a message that is not whole yet, each behind its length.
    held: Vec<u8>,
    /// What they hold.
    whole: Vec<u8>,
    which: &'w mut dyn FnMut(Logged<'_>, Answers<'_>) -> bool,
    erased: u64,
}

impl Rewriting<'_> {
    fn record(&mut self, record: &[u8]) -> Result<(), StoreError> {
        let Some((of, body)) = record.split_first() else { return Ok(()) };
        if *of == kind::START {
            // Of what a crash left half written nothing stays.
            self.held.clear();
            self.whole.clear();
        }
        self.held.extend_from_slice(&(record.len() as u32).to_le_bytes());
        self.held.extend_from_slice(record);
        self.whole.extend_from_slice(body);
        if *of == kind::PIECE {
            return Ok(());
        }
        let begun = self.whole.len() > body.len();
        let body = self.whole.get(usize::from(begun)..).unwrap_or_default();
        let erase = match *of {
            kind::JSON | kind::ROW | kind::BROKEN => match read_line(*of, body)? {
                Message::Line(line, answers) => (self.which)(line, answers),
                _ => false,
            },
            _ => false,
        };
        if erase {
            self.erased += 1;
            self.writer.write(&[1, 0, 0, 0, kind::ERASED])?;
        } else {
            self.writer.write(&self.held)?;
        }
        self.held.clear();
        self.whole.clear();
        Ok(())
    }
}
