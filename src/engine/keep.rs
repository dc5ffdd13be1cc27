//! An engine whose inputs are written down, and what it remembers with them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::durable::{Durable, StoreError, kind, write_cells};
use super::evaluate::{Engine, Inner};
use super::read::CsvColumns;
use super::save::Carried;
use crate::state::disk::{Published, Records};

/// What an engine found in its store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Inputs that are in the memory now: events, lines of the clock and of lists.
    pub inputs: u64,
    /// How many of them were decided again, because they came after the newest snapshot.
    pub replayed: u64,
    /// The store was closed in order.
    pub clean: bool,
    /// What a crash left behind at the end of the log and what was cut off, in words.
    pub torn: Option<String>,
    /// Damaged snapshots that were passed over, as they are called now.
    pub set_aside: Vec<String>,
    /// What became of the memory, if the inputs before were decided with another ruleset or other options.
    pub carried: Option<Carried>,
    /// The number of the last record that was found.
    pub(crate) last: u64,
}

/// What an engine with a store knows of it.
#[derive(Debug)]
pub(super) struct Kept {
    pub durable: Durable,
    /// What inputs are decided with, for snapshots.
    origin: Vec<u8>,
    /// Why the last snapshot could not be written.
    snapshot_failure: Mutex<Option<StoreError>>,
}

/// Sections of a snapshot before those of the memory.
pub(crate) mod section {
    /// What the inputs after it are decided with.
    pub const ORIGIN: &str = "origin";
    /// The headers of CSV files, each as its record in the log.
    pub const COLUMNS: &str = "columns";
    /// How many inputs are in it.
    pub const INPUTS: &str = "inputs";
}

impl Kept {
    fn retire(&self, published: Option<Published>) -> Result<(), StoreError> {
        let Some(published) = published else { return Ok(()) };
        match &mut *self.durable.flusher() {
            Some(flusher) => flusher.retire(published).map(drop).map_err(StoreError::from),
            None => Err(closed()),
        }
    }
}

fn closed() -> StoreError {
    StoreError::new("the store was closed")
}

impl Engine {
    /// Writes down every input from here on.
    pub(crate) fn keep_in(mut self, durable: Durable, origin: Vec<u8>, recovery: Recovery) -> Engine {
        self.kept = Some(Box::new(Kept { durable, origin, snapshot_failure: Mutex::default() }));
        self.looked_at(recovery)
    }

    /// With what was found.
    pub(crate) fn looked_at(mut self, recovery: Recovery) -> Engine {
        let mut inner = self.lock();
        inner.inputs = recovery.inputs;
        // What came before was counted by those who had it then.
        inner.state.stats = self.no_stats();
        drop(inner);
        self.recovery = Some(recovery);
        self
    }

    /// What was found in the store when it was opened; `None` without one.
    pub fn recovered(&self) -> Option<&Recovery> {
        self.recovery.as_ref()
    }

    /// Why the store can't write any more. Then nothing is decided until it is opened anew.
    pub fn store_failure(&self) -> Option<StoreError> {
        Some(self.kept.as_ref()?.durable.pipe().stopped()?.into())
    }

    /// Why the last snapshot could not be written. The log is whole, so nothing is lost; it takes longer to open.
    pub fn snapshot_failure(&self) -> Option<StoreError> {
        self.kept.as_ref()?.snapshot_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn durable(&self) -> Option<&Durable> {
        Some(&self.kept.as_ref()?.durable)
    }

    fn columns(&self) -> MutexGuard<'_, Vec<Vec<Vec<u8>>>> {
        self.columns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of a header, under which rows are written down; it stands in the log before them.
    pub(super) fn note_columns(&self, header: &[&[u8]]) -> u32 {
        let Some(durable) = self.durable() else { return 0 };
        let inner = self.lock();
        let mut columns = self.columns();
        if let Some(known) = columns.iter().position(|known| known == header) {
            return known as u32;
        }
        let mut records = Records::default();
        records.push(|out| {
            out.push(kind::COLUMNS);
            write_cells(out, header.iter().copied());
        });
        // If it fails, so do the rows.
        let _ = durable.push(&mut records);
        columns.push(header.iter().map(|cell| cell.to_vec()).collect());
        drop(inner);
        columns.len() as u32 - 1
    }

    /// As it stands in the log.
    pub(crate) fn know_columns(&self, header: &[&[u8]]) -> CsvColumns {
        let mut columns = self.columns();
        columns.push(header.iter().map(|cell| cell.to_vec()).collect());
        CsvColumns { columns: self.decoder.columns(header.iter().copied()), number: columns.len() as u32 - 1 }
    }

    pub(crate) fn known_columns(&self) -> Vec<Vec<Vec<u8>>> {
        self.columns().clone()
    }

    /// Writes everything that is remembered to the store, so that opening it takes no longer than reading that. It is
    /// done by itself as the log grows ([`StoreOptions::snapshot_every`](crate::StoreOptions::snapshot_every)); no event
    /// is decided meanwhile. Without a store, or if nothing came since the last one, nothing happens.
    ///
    /// # Errors
    /// If the disk fails. The log and the snapshots before are as they were.
    pub fn snapshot(&self) -> Result<(), StoreError> {
        let Some(kept) = &self.kept else { return Ok(()) };
        let inner = self.lock();
        let published = self.write_snapshot(kept, &inner)?;
        drop(inner);
        kept.retire(published)
    }

    /// Writes one if it is due. What goes wrong is no reason not to decide.
    pub(super) fn keep_snapshots(&self, inner: &Inner) {
        let Some(kept) = self.kept.as_ref().filter(|kept| kept.durable.snapshot_is_due()) else { return };
        let done = self.write_snapshot(kept, inner).and_then(|published| kept.retire(published));
        *kept.snapshot_failure.lock().unwrap_or_else(PoisonError::into_inner) = done.err();
    }

    fn write_snapshot(&self, kept: &Kept, inner: &Inner) -> Result<Option<Published>, StoreError> {
        kept.durable.begins_snapshot();
        let mut flusher = kept.durable.flusher();
        let Some(flusher) = &mut *flusher else { return Err(closed()) };
        let Some(mut writer) = flusher.begin_snapshot()? else { return Ok(None) };
        writer.section(section::ORIGIN)?;
        writer.write(&kept.origin)?;
        for header in self.columns().iter() {
            writer.section(section::COLUMNS)?;
            let mut bytes = Vec::new();
            write_cells(&mut bytes, header.iter().map(Vec::as_slice));
            writer.write(&bytes)?;
        }
        writer.section(section::INPUTS)?;
        writer.write(&inner.inputs.to_le_bytes())?;
        self.save_state(&inner.state, &mut writer)?;
        Ok(Some(writer.finish()?))
    }

    /// Makes everything safe and says so in the directory; without a store nothing happens. Nothing is decided after it.
    ///
    /// # Errors
    /// If the disk fails. (Dropping an engine closes its store as well, and says nothing.)
    pub fn close(&self) -> Result<(), StoreError> {
        self.settle_all(&mut self.lock().state);
        self.close_unsettled()
    }

    /// Likewise, if deadlines that were told may have got lost: they are told again.
    pub(crate) fn close_unsettled(&self) -> Result<(), StoreError> {
        match self.durable() {
            Some(durable) => Ok(durable.close()?),
            None => Ok(()),
        }
    }
}
