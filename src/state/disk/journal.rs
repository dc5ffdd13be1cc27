//! A directory while it is written to: records, snapshots, and what they make superfluous.

use super::directory::{CLOSED_FILE, Lock};
use super::frame::{CLOSED, Fingerprint, Header};
use super::io::{DiskError, Folder};
use super::log::{Log, Progress};
use super::segment;
use super::snapshot::{self, Published, SnapshotWriter};

/// A directory that is written to.
#[derive(Debug)]
pub struct Journal {
    pub(super) folder: Folder,
    pub(super) guard: Lock,
    pub(super) keep_segments: usize,
    pub(super) fingerprint: Fingerprint,
    pub(super) log: Log,
    /// Those that outlast a power cut, in order.
    pub(super) snapshots: Vec<u64>,
}

impl Journal {
    /// Adds a record, in memory: it is neither written nor safe before [`Journal::commit`], but if much comes together
    /// it may be written earlier. Its number is one more than
    /// that of the record before; the first is 1.
    ///
    /// # Errors
    /// If it is longer than [`MAX_PAYLOAD`](super::MAX_PAYLOAD), or if the log has stopped.
    pub fn append(&mut self, payload: &[u8]) -> Result<u64, DiskError> {
        self.log.append(payload)
    }

    /// Writes what was appended, and makes it safe if the mode says so. `now` is any clock in microseconds that does
    /// not go back.
    ///
    /// # Errors
    /// If the disk fails. Then the log has stopped: this error is all that is ever said again, because what became of
    /// the bytes can be known only by opening the directory anew.
    pub fn commit(&mut self, now: u64) -> Result<Progress, DiskError> {
        self.log.commit(now)
    }

    /// Writes what was appended and makes it safe, whatever the mode.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn sync(&mut self) -> Result<Progress, DiskError> {
        self.log.sync()
    }

    /// When [`Journal::commit`] has to be called next for what is written and not safe.
    pub fn due(&self) -> Option<u64> {
        self.log.due()
    }

    /// The number of the last record that was appended; 0 before the first.
    pub fn last(&self) -> u64 {
        self.log.last()
    }

    /// How far the log has come.
    pub fn progress(&self) -> Progress {
        self.log.progress()
    }

    /// Begins a snapshot as of the last record; `None` if there is one already. One at a time.
    ///
    /// The log is made safe first, so that it never ends before a snapshot, and goes on in a new segment: with the
    /// second snapshot after this one, every record up to here can be gone from the directory.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn begin_snapshot(&mut self) -> Result<Option<SnapshotWriter>, DiskError> {
        let number = self.log.last();
        if self.snapshots.contains(&number) {
            return Ok(None);
        }
        self.log.next_segment()?;
        SnapshotWriter::new(&self.folder, self.fingerprint, number).map(Some)
    }

    /// Removes what the new snapshot makes superfluous: snapshots but the newest two, and full segments of the log that
    /// neither of the two needs. Gives the names of what is gone.
    ///
    /// # Errors
    /// If the disk fails; what is left then goes with the next snapshot.
    pub fn retire(&mut self, published: Published) -> Result<Vec<String>, DiskError> {
        // Two that were begun with nothing in between are one file.
        if !self.snapshots.contains(&published.number) {
            self.snapshots.push(published.number);
        }
        self.snapshots.sort_unstable();
        let mut removed = Vec::new();
        while self.snapshots.len() > 2 {
            let name = snapshot::name(self.snapshots[0]);
            self.folder.remove(&name)?;
            self.snapshots.remove(0);
            removed.push(name);
        }
        for name in self.folder.list()?.into_iter().filter(|name| snapshot::is_set_aside(name)) {
            self.folder.remove(&name)?;
            removed.push(name);
        }
        self.folder.sync()?;
        let [older, _] = self.snapshots[..] else { return Ok(removed) };
        while let [oldest, second, ..] = self.log.starts[..]
            && second <= older + 1
            && self.log.starts.len() - 1 > self.keep_segments
        {
            let name = segment::name(oldest);
            self.folder.remove(&name)?;
            self.log.starts.remove(0);
            removed.push(name);
            // One by one, so that after a crash none is missing in the middle.
            self.folder.sync()?;
        }
        Ok(removed)
    }

    /// Makes everything safe and says so in the directory: whatever is missing or different at the end of the log
    /// afterwards is damage, and never taken for what a crash left behind.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn close(mut self) -> Result<(), DiskError> {
        self.log.sync()?;
        let header = Header { magic: CLOSED, number: self.log.last(), fingerprint: self.fingerprint };
        let closed = self.folder.write_whole(CLOSED_FILE, &header.bytes());
        drop(self.guard);
        closed
    }
}
