//! Bytes that outlast the process: a log of records, snapshots, and the directory that holds both. What the bytes mean
//! is for the caller to know.
//!
//! What is promised:
//!
//! - Records come back in the order in which they were appended, numbered without a gap, and byte for byte as they were.
//!   What a crash leaves is always a prefix: with [`Durability::Sync`] at least everything that was acknowledged, with
//!   [`Durability::Batched`] at least everything up to the last sync. A killed process loses nothing that was written.
//! - Nothing that was not appended is ever handed over. Everything that is read is covered by checksums, and the places
//!   of files and frames are checked as well as their bytes.
//! - A torn end of the last segment is cut, and said ([`Recovered::torn`]); so is the end from the first block on that
//!   the system did not write of a batch that was never synced. Everything else that is missing or different refuses to
//!   open, with file, place and what to do. After [`Journal::close`] this holds for the end of the log too.
//! - After the first failed write or sync the log stops for good. A failed snapshot leaves the log and the older
//!   snapshots as they are; after a failed sync of the names of files there are no more snapshots and segments.
//! - A snapshot is in its place whole or not at all. Two are kept, and the log since the older one: nothing is removed
//!   before the new one is safe. If the newest is damaged, only the operator chooses the older.
//! - Two processes never write to one directory.
//!
//! How it is used: [`Directory::open`] locks, [`Directory::snapshot`] reads, [`Directory::replay`] hands over the rest
//! and gives the [`Journal`], which takes records and begins snapshots.

mod directory;
mod frame;
mod io;
mod journal;
mod log;
mod pipe;
mod segment;
mod snapshot;
mod verify;
mod view;

pub use directory::{Directory, DirectoryOptions, LOCK_FILE, Recovered, Torn};
pub use frame::{Fingerprint, MAX_PAYLOAD};
pub use io::{Disk, DiskError, DiskFile, ErrorKind, Guard};
pub use journal::Journal;
pub use log::{Durability, Progress};
pub use pipe::{Flusher, Pipe, Records};
pub use segment::Each;
pub use snapshot::{Piece, Published, SnapshotReader, SnapshotWriter};
pub use verify::{Finding, verify};
pub use view::View;
