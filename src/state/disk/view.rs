//! Reads a directory and changes nothing.

use std::sync::Arc;

use super::directory::{Torn, check_format, is_unfinished, read_closed};
use super::frame::Fingerprint;
use super::io::{Disk, DiskError, Folder};
use super::segment::{self, Each, Expected};
use super::snapshot::{self, SnapshotReader};

/// A directory that is only read. Takes no lock: if another process writes to it, the end may look torn, and what that
/// process removes can't be read any more.
#[derive(Debug)]
pub struct View {
    folder: Folder,
    fingerprint: Option<Fingerprint>,
    closed: Option<u64>,
    snapshots: Vec<u64>,
    starts: Vec<u64>,
}

impl View {
    /// Without `fingerprint` the directory may be anyone's.
    ///
    /// # Errors
    /// If it holds no state, or state of a newer version, or the disk fails.
    pub fn open(disk: Arc<dyn Disk>, fingerprint: Option<Fingerprint>) -> Result<View, DiskError> {
        let folder = Folder::new(disk);
        check_format(&folder)?;
        let names = folder.list()?;
        Ok(View {
            closed: read_closed(&folder, &names, fingerprint.as_ref())?,
            snapshots: snapshot::numbers(&names),
            starts: segment::starts(&names),
            folder,
            fingerprint,
        })
    }

    /// Files that are left of snapshots and not read any more; they go with the next snapshot, or when it is opened.
    pub fn leftovers(&self) -> Result<Vec<String>, DiskError> {
        let mut names = self.folder.list()?;
        names.retain(|name| snapshot::is_set_aside(name) || is_unfinished(name));
        Ok(names)
    }

    /// The name of a snapshot.
    pub fn snapshot_file(number: u64) -> String {
        snapshot::name(number)
    }

    /// The name of the file that a record stands in.
    pub fn log_file(&self, record: u64) -> String {
        let after = self.starts.partition_point(|start| *start <= record);
        segment::name(
            after.checked_sub(1).and_then(|place| self.starts.get(place)).copied().unwrap_or(record),
        )
    }

    /// The records that there are snapshots of.
    pub fn snapshots(&self) -> &[u64] {
        &self.snapshots
    }

    /// The snapshot as of this record.
    ///
    /// # Errors
    /// If there is none, or it is damaged.
    pub fn snapshot(&self, number: u64) -> Result<SnapshotReader, DiskError> {
        SnapshotReader::new(&self.folder, self.fingerprint.as_ref(), number)
    }

    /// The oldest record that the log still has, or the number of the first to come.
    pub fn oldest(&self) -> u64 {
        self.starts.first().copied().unwrap_or(1)
    }

    /// Hands over the records from number `from` on. Gives the number of the last, and what a crash left behind it.
    ///
    /// # Errors
    /// If the log does not go back so far, is damaged, or `each` objects to a record.
    pub fn records(&self, from: u64, each: Each<'_>) -> Result<(u64, Option<Torn>), DiskError> {
        let expected = Expected {
            fingerprint: self.fingerprint.as_ref(),
            closed: self.closed,
            reach: self.snapshots.last().copied().unwrap_or(0),
        };
        let end = segment::read_all(&self.folder, &self.starts, from, &expected, each)?;
        Ok((end.last.next - 1, Torn::of(&self.starts, &end)))
    }
}
