//! Writing the log.

use super::frame::{self, Fingerprint, HEADER, Header, Kind, LOG, MAX_PAYLOAD};
use super::io::{DiskError, ErrorKind, File, Folder};
use super::segment;

/// When records are made to outlast a power cut. In every mode what survives is a prefix of what was appended, and
/// records that were written outlast the process.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When the system pleases. A power cut may take everything since the last snapshot, or the last full segment.
    None,
    /// With the first commit that comes this long after the first record that is not safe, in microseconds. A power
    /// cut takes at most what came after the last sync.
    Batched {
        /// In microseconds.
        every: u64,
    },
    /// With every commit. Nothing that was acknowledged is lost.
    Sync,
}

/// How far the log has come.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The number of the last record that outlasts the process.
    pub written: u64,
    /// The number of the last record that outlasts a power cut.
    pub synced: u64,
}

/// What is appended is written without waiting for a commit when it has come to so many bytes.
const LARGEST_BUFFER: usize = 8 << 20;

/// Segments are read as a whole.
const LARGEST_SEGMENT: u64 = 1 << 30;

#[derive(Debug)]
pub(super) struct Log {
    folder: Folder,
    fingerprint: Fingerprint,
    durability: Durability,
    segment_bytes: u64,
    file: File,
    salt: u32,
    /// Where the segments start; the last one is being written.
    pub starts: Vec<u64>,
    length: u64,
    buffer: Vec<u8>,
    /// Of the record to come.
    next: u64,
    progress: Progress,
    /// Every record before this one is said, in the log, to be synced.
    marked: u64,
    /// When the first record that is not synced was written.
    unsynced_since: Option<u64>,
    stopped: Option<DiskError>,
}

/// What a log is made of.
#[derive(Copy, Clone, Debug)]
pub(super) struct Shape {
    pub fingerprint: Fingerprint,
    pub durability: Durability,
    pub segment_bytes: u64,
}

/// Makes an empty segment, which is there whole or not at all.
pub(super) fn create_segment(folder: &Folder, fingerprint: Fingerprint, start: u64) -> Result<(), DiskError> {
    let header = Header { magic: LOG, number: start, fingerprint };
    folder.write_whole(&segment::name(start), &header.bytes())
}

/// Ends a segment that the one of `next` follows.
pub(super) fn seal(file: &mut File, salt: u32, next: u64) -> Result<(), DiskError> {
    let mut bytes = Vec::new();
    frame::push(&mut bytes, salt, Kind::Seal, next, &[]);
    file.append(&bytes)?;
    file.sync()
}

impl Log {
    /// Goes on at the end of the last segment, which has `length` bytes, all of them synced.
    pub fn resume(
        folder: &Folder,
        shape: Shape,
        starts: Vec<u64>,
        length: u64,
        next: u64,
        file: File,
    ) -> Log {
        let start = starts.last().copied().unwrap_or(next);
        let header = Header { magic: LOG, number: start, fingerprint: shape.fingerprint };
        Log {
            folder: folder.clone(),
            fingerprint: shape.fingerprint,
            durability: shape.durability,
            segment_bytes: shape.segment_bytes.min(LARGEST_SEGMENT),
            file,
            salt: header.salt(),
            starts,
            length,
            buffer: Vec::new(),
            next,
            progress: Progress { written: next - 1, synced: next - 1 },
            marked: start,
            unsynced_since: None,
            stopped: None,
        }
    }

    pub fn last(&self) -> u64 {
        self.next - 1
    }

    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// When the caller has to commit next, even without a new record.
    pub fn due(&self) -> Option<u64> {
        match self.durability {
            Durability::Batched { every } => Some(self.unsynced_since?.saturating_add(every)),
            Durability::None | Durability::Sync => None,
        }
    }

    pub fn append(&mut self, payload: &[u8]) -> Result<u64, DiskError> {
        self.may_go_on()?;
        if payload.len() > MAX_PAYLOAD {
            let what = format!("a record of {} bytes is too long, the most are {MAX_PAYLOAD}", payload.len());
            return Err(self.folder.error(ErrorKind::Refused, what));
        }
        if self.progress.synced >= self.marked && self.progress.synced + 1 == self.next {
            frame::push(&mut self.buffer, self.salt, Kind::Synced, self.next, &[]);
            self.marked = self.next;
        }
        let number = self.next;
        frame::push(&mut self.buffer, self.salt, Kind::Record, number, payload);
        self.next += 1;
        if self.buffer.len() >= LARGEST_BUFFER {
            let done = self.write().and_then(|()| self.rotate_if_full());
            self.or_stop(done)?;
        }
        Ok(number)
    }

    /// Writes what was appended, and syncs as the mode says. `now` is any clock in microseconds that does not go back.
    pub fn commit(&mut self, now: u64) -> Result<Progress, DiskError> {
        self.may_go_on()?;
        let done = self.try_commit(now);
        self.or_stop(done)
    }

    /// Writes and syncs, whatever the mode.
    pub fn sync(&mut self) -> Result<Progress, DiskError> {
        self.may_go_on()?;
        let done = self.write().and_then(|()| self.try_sync());
        self.or_stop(done)
    }

    /// Writes and syncs everything, and goes on in a new segment.
    pub fn next_segment(&mut self) -> Result<Progress, DiskError> {
        self.may_go_on()?;
        let done = self.write().and_then(|()| self.rotate());
        self.or_stop(done)
    }

    /// Nothing is written any more after the first failure: what the system did with the bytes is not known.
    fn or_stop(&mut self, done: Result<(), DiskError>) -> Result<Progress, DiskError> {
        if let Err(error) = done {
            self.stopped = Some(error.clone());
            return Err(error);
        }
        Ok(self.progress)
    }

    fn may_go_on(&self) -> Result<(), DiskError> {
        self.stopped.clone().map_or(Ok(()), Err)
    }

    fn try_commit(&mut self, now: u64) -> Result<(), DiskError> {
        self.write()?;
        if self.progress.synced < self.progress.written {
            let since = *self.unsynced_since.get_or_insert(now);
            match self.durability {
                Durability::Batched { every } if now.saturating_sub(since) < every => {}
                Durability::None => {}
                Durability::Batched { .. } | Durability::Sync => self.try_sync()?,
            }
        }
        self.rotate_if_full()
    }

    fn rotate_if_full(&mut self) -> Result<(), DiskError> {
        if self.length >= self.segment_bytes { self.rotate() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), DiskError> {
        if !self.buffer.is_empty() {
            self.file.append(&self.buffer)?;
            self.length += self.buffer.len() as u64;
            self.buffer.clear();
            self.progress.written = self.last();
        }
        Ok(())
    }

    fn try_sync(&mut self) -> Result<(), DiskError> {
        if self.progress.synced < self.progress.written {
            self.file.sync()?;
            self.progress.synced = self.progress.written;
        }
        self.unsynced_since = None;
        Ok(())
    }

    /// The new segment is there before the old one is sealed: a seal without a segment behind it is damage.
    fn rotate(&mut self) -> Result<(), DiskError> {
        self.try_sync()?;
        if self.starts.last() == Some(&self.next) {
            return Ok(());
        }
        create_segment(&self.folder, self.fingerprint, self.next)?;
        seal(&mut self.file, self.salt, self.next)?;
        self.file = self.folder.open(&segment::name(self.next))?;
        let header = Header { magic: LOG, number: self.next, fingerprint: self.fingerprint };
        self.salt = header.salt();
        self.length = HEADER as u64;
        self.starts.push(self.next);
        self.marked = self.next;
        Ok(())
    }
}
