//! What the engine is told is written down before it is decided, so that it can be told again.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::state::disk::{DiskError, Durability, ErrorKind, Flusher, Pipe, Records};

/// One input, as it is written down.
#[derive(Copy, Clone, Debug)]
pub(super) enum Input<'a> {
    Json(&'a [u8]),
    /// A row, and the number of the columns that it is read by.
    Row(u32, &'a [&'a [u8]]),
}

/// The first byte of a record.
pub(crate) mod kind {
    pub const JSON: u8 = 1;
    pub const ROW: u8 = 2;
    pub const COLUMNS: u8 = 3;
    pub const RULESET: u8 = 4;
    /// A piece of the ruleset that comes: records are not as long as rulesets can be.
    pub const PIECE: u8 = 5;
    pub const ERASE: u8 = 6;
    /// Deadlines that fell due with inputs up to a number are settled.
    pub const TOLD: u8 = 7;
}

/// The longest input that can be written down.
pub(super) const LONGEST_INPUT: usize = 16 << 20;

/// Whether a row is longer than any input may be.
pub(super) fn is_too_long(cells: &[&[u8]]) -> bool {
    cells.iter().map(|cell| cell.len() + 4).sum::<usize>() > LONGEST_INPUT
}

impl Input<'_> {
    pub fn write(self, out: &mut Vec<u8>) {
        match self {
            Input::Json(line) => {
                out.push(kind::JSON);
                out.extend_from_slice(line);
            }
            Input::Row(columns, cells) => {
                out.push(kind::ROW);
                out.extend_from_slice(&columns.to_le_bytes());
                write_cells(out, cells.iter().copied());
            }
        }
    }
}

pub(crate) fn write_cells<'c>(out: &mut Vec<u8>, cells: impl IntoIterator<Item = &'c [u8]>) {
    for cell in cells {
        out.extend_from_slice(&(cell.len() as u32).to_le_bytes());
        out.extend_from_slice(cell);
    }
}

/// What [`write_cells`] wrote; `None` if it is something else.
pub(crate) fn read_cells(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut cells = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (cell, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        cells.push(cell);
        bytes = rest;
    }
    Some(cells)
}

/// Who writes what waits.
pub(crate) enum Driver {
    /// Whoever hands it over, by this clock in microseconds: for simulations, where nothing happens beside.
    Inline(Box<dyn Fn() -> u64 + Send + Sync>),
    /// A thread of the host, which ends when the pipe does; waited for when this is dropped.
    Thread(#[expect(dead_code, reason = "dropped last")] Box<dyn Any + Send + Sync>),
}

/// The way to the disk.
pub(crate) struct Durable {
    pipe: Pipe,
    /// Gone when it was closed.
    flusher: Arc<Mutex<Option<Flusher>>>,
    driver: Driver,
    durability: Durability,
    /// A snapshot is due when so many bytes were written since the last one.
    snapshot_every: u64,
    since_snapshot: AtomicU64,
}

impl fmt::Debug for Durable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Durable({:?})", self.durability)
    }
}

impl Durable {
    pub fn new(
        pipe: Pipe,
        flusher: Arc<Mutex<Option<Flusher>>>,
        driver: Driver,
        durability: Durability,
        snapshot_every: u64,
    ) -> Durable {
        Durable { pipe, flusher, driver, durability, snapshot_every, since_snapshot: AtomicU64::new(0) }
    }

    /// Hands over records; they are not safe yet. Gives the number of the last one.
    pub fn push(&self, records: &mut Records) -> Result<u64, DiskError> {
        self.since_snapshot.fetch_add(records.bytes(), Ordering::Relaxed);
        let number = self.pipe.push(records)?;
        if let Driver::Inline(clock) = &self.driver
            && let Some(flusher) = &mut *self.flusher()
        {
            flusher.step(clock())?;
        }
        Ok(number)
    }

    /// Until that record is as safe as the mode promises of what was answered.
    pub fn wait(&self, number: u64) -> Result<(), DiskError> {
        match self.durability {
            Durability::Sync => self.pipe.wait_synced(number),
            Durability::None | Durability::Batched { .. } => Ok(()),
        }
    }

    pub fn pipe(&self) -> &Pipe {
        &self.pipe
    }

    pub fn flusher(&self) -> MutexGuard<'_, Option<Flusher>> {
        self.flusher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn snapshot_is_due(&self) -> bool {
        self.since_snapshot.load(Ordering::Relaxed) >= self.snapshot_every
    }

    /// Whether it works out or not: the next one is due as long after it as ever.
    pub fn begins_snapshot(&self) {
        self.since_snapshot.store(0, Ordering::Relaxed);
    }

    pub fn close(&self) -> Result<(), DiskError> {
        self.pipe.end();
        match self.flusher().take() {
            Some(flusher) => flusher.close(),
            None => Ok(()),
        }
    }
}

impl Drop for Durable {
    /// Whoever wants to know whether it worked closes before.
    fn drop(&mut self) {
        let _ = self.close();
    }
}

/// Why a store can't be opened, or can't write any more.
///
/// Its text says what is wrong, with which file, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    pub(crate) what: String,
    pub(crate) help: Option<String>,
    /// What is on the disk is not what was written.
    pub(crate) damage: bool,
}

impl StoreError {
    pub(crate) fn new(what: impl Into<String>) -> StoreError {
        StoreError { what: what.into(), help: None, damage: false }
    }

    /// What was read is not what was written.
    pub(crate) fn damaged(what: impl Into<String>) -> StoreError {
        StoreError { damage: true, ..StoreError::new(what) }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> StoreError {
        self.help = Some(help.into());
        self
    }

    /// Something on the disk is not as it was written: nothing of it was used.
    pub fn is_damage(&self) -> bool {
        self.damage
    }
}

impl From<DiskError> for StoreError {
    fn from(error: DiskError) -> StoreError {
        StoreError { what: error.to_string(), help: error.help, damage: error.kind == ErrorKind::Damage }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for StoreError {}
