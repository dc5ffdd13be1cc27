//! A log of decisions in a directory of the real file system.

use std::path::Path;
use std::sync::Arc;

use super::DiskDirectory;
use crate::engine::StoreError;
use crate::log::{Answers, DecisionLog, Logged, Message, erase, read};
use crate::store::Durability;

impl DecisionLog {
    /// Opens a directory, and makes it if it is not there. No other process can write to it meanwhile.
    ///
    /// # Errors
    /// If another process has it, if it holds other files, or if the disk fails. Then it is as it was.
    pub fn open(path: impl AsRef<Path>, durability: Durability) -> Result<DecisionLog, StoreError> {
        let path = path.as_ref();
        let disk = DiskDirectory::new(path)
            .map_err(|error| StoreError::new(format!("can't use `{}` for a log: {error}", path.display())))?;
        let waits = durability != Durability::Sync;
        let start = move |flusher| super::store::start(flusher, waits, "log");
        DecisionLog::on(Arc::new(disk), durability, Box::new(start))
    }
}

/// Hands over everything that stands in a log of decisions, in its order. Gives what a crash left behind its end.
///
/// # Errors
/// If there is none, if it is damaged, or `each` objects.
pub fn read_log(
    path: &Path,
    each: &mut dyn FnMut(Message<'_>) -> Result<(), StoreError>,
) -> Result<Option<String>, StoreError> {
    read(Arc::new(DiskDirectory::existing(path, "a log of decisions")?), each)
}

/// Erases inputs from a log, with what was said to them: those of which `which` says so. Gives how many there were.
///
/// # Errors
/// If another process writes to the log, if it is damaged, or if the disk fails. Then the log is whole all the same.
pub fn erase_from_log(
    path: &Path,
    which: &mut dyn FnMut(Logged<'_>, Answers<'_>) -> bool,
) -> Result<u64, StoreError> {
    erase(Arc::new(DiskDirectory::existing(path, "a log of decisions")?), which)
}
