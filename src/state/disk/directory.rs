//! A directory of state: opened, recovered, written to, closed.

use std::sync::Arc;

use super::frame::{CLOSED, Fingerprint, HEADER, Header, LOG, VERSION};
use super::io::{Disk, DiskError, ErrorKind, File, Folder, Guard, UNFINISHED};
use super::journal::Journal;
use super::log::{self, Durability, Log, Shape};
use super::segment::{self, Each, Expected, LogEnd, SegmentEnd};
use super::snapshot::{self, SnapshotReader};

/// Which format the directory is of, in words.
pub(super) const FORMAT_FILE: &str = "FORMAT";
/// After which record the log was closed; there until the log is opened again.
pub(super) const CLOSED_FILE: &str = "CLOSED";
/// Holds the lock; hosts make it.
pub const LOCK_FILE: &str = "LOCK";

const FORMAT_WORDS: &str = "rulec state, format ";

/// How a directory is kept.
#[derive(Copy, Clone, Debug)]
pub struct DirectoryOptions {
    /// Tells directories of different callers apart.
    pub fingerprint: Fingerprint,
    /// When records outlast a power cut.
    pub durability: Durability,
    /// A segment of the log that has grown this long is followed by the next; 1 GB at most.
    pub segment_bytes: u64,
    /// So many full segments are kept at least, even if no snapshot needs them.
    pub keep_segments: usize,
    /// Of damaged snapshots an older one is taken, and the log from there on. For an operator to say, never by default.
    pub older_snapshot: bool,
}

impl Default for DirectoryOptions {
    fn default() -> DirectoryOptions {
        DirectoryOptions {
            fingerprint: [0; 16],
            durability: Durability::Batched { every: 10_000 },
            segment_bytes: 64 << 20,
            keep_segments: 0,
            older_snapshot: false,
        }
    }
}

/// A directory that is locked, and not yet written to. First its snapshot is read, then the log behind it.
#[derive(Debug)]
pub struct Directory {
    folder: Folder,
    guard: Lock,
    options: DirectoryOptions,
    removed: Vec<String>,
    closed: Option<u64>,
    snapshots: Vec<u64>,
    /// Snapshots that are passed over.
    damaged: Vec<u64>,
    starts: Vec<u64>,
}

pub(super) struct Lock(#[expect(dead_code, reason = "released when dropped")] Guard);

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lock")
    }
}

/// What was found when a directory was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The snapshot that was taken; none for 0 without a snapshot.
    pub snapshot: Option<u64>,
    /// How many records of the log came after it.
    pub records: u64,
    /// The number of the last record; 0 if there is none.
    pub last: u64,
    /// It was closed in order.
    pub clean: bool,
    /// What a crash left behind at the end of the log.
    pub torn: Option<Torn>,
    /// Damaged snapshots that were passed over, as they are called now.
    pub set_aside: Vec<String>,
    /// Files that a crash left unfinished; they are gone.
    pub unfinished: Vec<String>,
}

/// The end of a log that was cut off: of records that were being written in a crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The segment.
    pub file: String,
    /// How many bytes were cut.
    pub bytes: u64,
    /// The last record that is whole.
    pub after: u64,
}

impl Torn {
    pub(super) fn of(starts: &[u64], end: &LogEnd) -> Option<Torn> {
        let start = starts.last()?;
        (end.last.torn > 0).then(|| Torn {
            file: segment::name(*start),
            bytes: end.last.torn,
            after: end.last.next - 1,
        })
    }
}

impl Directory {
    /// Locks and opens a directory; makes it if it is empty.
    ///
    /// # Errors
    /// If another process has it, if it is of a newer version or holds other files, or if the disk fails.
    pub fn open(disk: Arc<dyn Disk>, options: DirectoryOptions) -> Result<Directory, DiskError> {
        let folder = Folder::new(disk);
        let guard = Lock(folder.lock()?);
        let mut names = folder.list()?;
        if names.iter().any(|name| name == FORMAT_FILE) {
            check_format(&folder)?;
        } else {
            create(&folder, &names, options.fingerprint)?;
            names = folder.list()?;
        }
        let removed: Vec<String> = names.iter().filter(|name| is_unfinished(name)).cloned().collect();
        for name in &removed {
            folder.remove(name)?;
        }
        names.retain(|name| !removed.contains(name));
        let mut directory = Directory {
            closed: read_closed(&folder, &names, Some(&options.fingerprint))?,
            snapshots: snapshot::numbers(&names),
            starts: segment::starts(&names),
            damaged: Vec::new(),
            folder,
            guard,
            options,
            removed,
        };
        if options.older_snapshot {
            directory.pass_over_damaged()?;
        }
        Ok(directory)
    }

    fn pass_over_damaged(&mut self) -> Result<(), DiskError> {
        for number in self.snapshots.iter().rev() {
            let read = SnapshotReader::new(&self.folder, Some(&self.options.fingerprint), *number);
            match read.and_then(SnapshotReader::check) {
                Ok(()) => break,
                Err(error) if error.kind == ErrorKind::Damage => self.damaged.push(*number),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The number of the snapshot to start from.
    pub fn newest(&self) -> Option<u64> {
        let whole = self.snapshots.len() - self.damaged.len();
        self.snapshots[..whole].last().copied()
    }

    /// The newest snapshot, to be read to its end before the log; `None` if there is none yet.
    ///
    /// # Errors
    /// If it is damaged: an older one is never taken in silence. The help says whether an older one would lose anything.
    pub fn snapshot(&self) -> Result<Option<SnapshotReader>, DiskError> {
        let Some(number) = self.newest() else { return Ok(None) };
        let help = self.without(number);
        match SnapshotReader::new(&self.folder, Some(&self.options.fingerprint), number) {
            Ok(reader) => Ok(Some(reader.with_help(help))),
            Err(error) => Err(match help {
                Some(help) if error.kind == ErrorKind::Damage => error.help(help),
                _ => error,
            }),
        }
    }

    /// What would be if the newest snapshot were passed over.
    fn without(&self, newest: u64) -> Option<String> {
        let older = self.snapshots.iter().rev().find(|number| **number < newest);
        if self.starts.first()? > &(older.copied().unwrap_or(0) + 1) {
            return None;
        }
        let from = match older {
            Some(older) => format!("with the older snapshot `{}`", snapshot::name(*older)),
            None => "without a snapshot".into(),
        };
        Some(format!(
            "put back a copy of this file, or open {from}: nothing is lost, the log since then is kept"
        ))
    }

    /// Hands over the records behind the snapshot, in order, and goes on to write.
    ///
    /// A torn end of the last segment is cut and reported.
    ///
    /// # Errors
    /// If anything else is damaged or missing, or `each` objects to a record; then all that was written is as it was.
    pub fn replay(self, each: Each<'_>) -> Result<(Journal, Recovered), DiskError> {
        let from = self.newest().map_or(1, |number| number + 1);
        self.replay_from(from, each)
    }

    /// Hands over the last records alone, those of the last two segments, and goes on to write: for logs that are kept for
    /// ever and read by others.
    ///
    /// # Errors
    /// As [`Directory::replay`]; damage in front of those segments is not seen.
    pub fn resume(self, each: Each<'_>) -> Result<(Journal, Recovered), DiskError> {
        let from = self.starts.iter().rev().nth(1).or(self.starts.first()).copied().unwrap_or(1);
        self.replay_from(from, each)
    }

    fn replay_from(self, from: u64, each: Each<'_>) -> Result<(Journal, Recovered), DiskError> {
        let expected = Expected {
            fingerprint: Some(&self.options.fingerprint),
            closed: self.closed,
            reach: self.snapshots.last().copied().unwrap_or(0),
        };
        let mut records = 0;
        let end = segment::read_all(&self.folder, &self.starts, from, &expected, &mut |number, payload| {
            records += 1;
            each(number, payload)
        })?;
        let set_aside = self.set_aside()?;
        let file = self.mend(&end)?;
        let recovered = Recovered {
            snapshot: self.newest(),
            records,
            last: end.last.next - 1,
            clean: self.closed.is_some(),
            torn: Torn::of(&self.starts, &end),
            set_aside,
            unfinished: self.removed,
        };
        let shape = Shape {
            fingerprint: self.options.fingerprint,
            durability: self.options.durability,
            segment_bytes: self.options.segment_bytes,
        };
        let mut snapshots = self.snapshots;
        snapshots.retain(|number| !self.damaged.contains(number));
        let log = Log::resume(&self.folder, shape, self.starts, end.last.length, end.last.next, file);
        let journal = Journal {
            folder: self.folder,
            guard: self.guard,
            keep_segments: self.options.keep_segments,
            fingerprint: self.options.fingerprint,
            log,
            snapshots,
        };
        Ok((journal, recovered))
    }

    fn set_aside(&self) -> Result<Vec<String>, DiskError> {
        let mut names = Vec::new();
        for number in &self.damaged {
            let name = snapshot::name(*number);
            let aside = snapshot::aside(*number);
            self.folder.rename(&name, &aside)?;
            names.push(aside);
        }
        Ok(names)
    }

    /// Finishes what a crash interrupted. Whatever of it a second crash undoes is done again.
    fn mend(&self, end: &LogEnd) -> Result<File, DiskError> {
        let [before @ .., start] = &self.starts[..] else {
            return Err(self.folder.damage(&segment::name(1), None, "the log is missing"));
        };
        let last = segment::name(*start);
        // A killed process may have left names that no power cut would: they have to be certain before a seal is.
        self.folder.sync()?;
        if let Some(before) = before.last().filter(|_| end.last.length == HEADER as u64) {
            self.mend_before(*before, end.unsealed.as_ref())?;
        }
        if end.last.torn > 0 {
            self.folder.truncate(&last, end.last.length)?;
        }
        let mut file = self.folder.open(&last)?;
        // Records that were handed over count as safe from now on, whether or not the process before made them so.
        file.sync()?;
        if self.closed.is_some() {
            self.folder.remove(CLOSED_FILE)?;
            self.folder.sync()?;
        }
        Ok(file)
    }

    /// The segment before an empty one: a crash may have come before it was sealed, or before the seal was synced.
    fn mend_before(&self, start: u64, unsealed: Option<&SegmentEnd>) -> Result<(), DiskError> {
        let name = segment::name(start);
        let Some(unsealed) = unsealed else { return self.folder.open(&name)?.sync() };
        if unsealed.torn > 0 {
            self.folder.truncate(&name, unsealed.length)?;
        }
        let header = Header { magic: LOG, number: start, fingerprint: unsealed.fingerprint };
        log::seal(&mut self.folder.open(&name)?, header.salt(), unsealed.next)
    }
}

/// Whether it is a file of ours that a crash left behind while it was being made.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.strip_suffix(UNFINISHED).is_some_and(|name| {
        let name = [name.to_string()];
        name[0] == FORMAT_FILE
            || name[0] == CLOSED_FILE
            || !segment::starts(&name).is_empty()
            || !snapshot::numbers(&name).is_empty()
    })
}

/// The log is made first: a directory with `FORMAT` and no log has lost it.
fn create(folder: &Folder, names: &[String], fingerprint: Fingerprint) -> Result<(), DiskError> {
    let first = segment::name(1);
    for name in names {
        let begun = is_unfinished(name)
            || name == LOCK_FILE
            || *name == first && folder.length(name)? <= HEADER as u64;
        if !begun {
            let what = format!("it holds `{name}` and other files, and no `{FORMAT_FILE}`");
            return Err(folder
                .error(ErrorKind::Foreign, what)
                .help("give an empty directory, or put back the file `FORMAT` if this one held state"));
        }
    }
    if names.contains(&first) {
        folder.remove(&first)?;
    }
    log::create_segment(folder, fingerprint, 1)?;
    folder.write_whole(FORMAT_FILE, format!("{FORMAT_WORDS}{VERSION}\n").as_bytes())
}

pub(super) fn check_format(folder: &Folder) -> Result<(), DiskError> {
    let bytes = folder.read_whole(FORMAT_FILE)?;
    let text = String::from_utf8_lossy(&bytes);
    let version = text
        .strip_prefix(FORMAT_WORDS)
        .and_then(|rest| rest.strip_suffix('\n'))
        .filter(|digits| !digits.starts_with(['0', '+']))
        .and_then(|digits| digits.parse::<u32>().ok());
    match version {
        Some(VERSION) => Ok(()),
        Some(version) => Err(folder
            .error(
                ErrorKind::Foreign,
                format!(
                    "it holds state of format {version}, and this version of rulec reads format {VERSION}"
                ),
            )
            .help("use the version of rulec that wrote it")),
        None => Err(folder.damage(FORMAT_FILE, 0, "it does not say which format the directory is of")),
    }
}

pub(super) fn read_closed(
    folder: &Folder,
    names: &[String],
    fingerprint: Option<&Fingerprint>,
) -> Result<Option<u64>, DiskError> {
    if !names.iter().any(|name| name == CLOSED_FILE) {
        return Ok(None);
    }
    let bytes = folder.read_whole(CLOSED_FILE)?;
    let header = Header::read(folder, CLOSED_FILE, &bytes, CLOSED, fingerprint)?;
    if bytes.len() > HEADER {
        return Err(folder.damage(CLOSED_FILE, HEADER as u64, "there is something behind its end"));
    }
    Ok(Some(header.number))
}
