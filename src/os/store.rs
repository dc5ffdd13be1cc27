//! A store in a directory of the real file system, written by a thread of its own.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::DiskDirectory;
use crate::engine::durable::Driver;
use crate::engine::{Engine, StoreError};
use crate::state::disk::{Finding, Flusher, Pipe, verify};
use crate::store::{Store, StoreOptions, look};

impl Store {
    /// Opens a directory, and makes it if it is not there. No other process can open it until this one ends, or the
    /// store, or the engine that has it, is dropped.
    ///
    /// # Errors
    /// If another process has it, if it is of a newer version or holds other files, if it was made with another secret,
    /// or if the disk fails. Then it is as it was.
    pub fn open(path: impl AsRef<Path>, options: StoreOptions) -> Result<Store, StoreError> {
        let path = path.as_ref();
        let disk = DiskDirectory::new(path)
            .map_err(|error| StoreError::new(format!("can't use `{}` for state: {error}", path.display())))?;
        let waits = !options.syncs();
        Store::on(Arc::new(disk), options, Box::new(move |flusher| start(flusher, waits, "state")))
    }

    /// An engine with everything that is remembered in a directory and the ruleset that decided last, to look at.
    /// Nothing is written, and another process may have the directory open meanwhile.
    ///
    /// # Errors
    /// If there is no such directory, nothing is remembered in it, it is damaged, or it was made with another secret.
    pub fn look(path: impl AsRef<Path>, options: &StoreOptions) -> Result<Engine, StoreError> {
        look(Arc::new(DiskDirectory::existing(path.as_ref(), "the state")?), options)
    }
}

/// Something about a directory of state that an operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreFinding {
    /// Whether it is damage, or only what a crash leaves behind and opening mends.
    pub damage: bool,
    /// Where and what, in words.
    pub text: String,
}

impl fmt::Display for StoreFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.damage { "damage" } else { "note" };
        write!(f, "{word}: {}", self.text)
    }
}

impl From<Finding> for StoreFinding {
    fn from(finding: Finding) -> StoreFinding {
        let Finding { damage, file, offset, what } = finding;
        let file = file.map_or(String::new(), |file| format!("`{file}`"));
        let offset = offset.map_or(String::new(), |offset| format!(" at byte {offset}"));
        let place = if file.is_empty() { String::new() } else { format!("{file}{offset}: ") };
        StoreFinding { damage, text: format!("{place}{what}") }
    }
}

impl Store {
    /// Reads every byte of a directory, whether it is needed for opening or not. Empty if all is as it was written.
    /// Nothing is changed, and another process may have it open meanwhile; then the end may look torn.
    ///
    /// # Errors
    /// If there is no such directory.
    pub fn verify(path: impl AsRef<Path>, options: &StoreOptions) -> Result<Vec<StoreFinding>, StoreError> {
        let disk = Arc::new(DiskDirectory::existing(path.as_ref(), "the state")?);
        let found = verify(disk, Some(&options.fingerprint()));
        Ok(found.into_iter().map(StoreFinding::from).collect())
    }
}

/// Waits for the thread when it is dropped; its pipe has ended by then.
struct Writing(Option<JoinHandle<()>>);

impl Drop for Writing {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            // What went wrong there was told through the pipe.
            let _ = thread.join();
        }
    }
}

/// What comes so close together is written at once, where nobody waits for it.
const TOGETHER: Duration = Duration::from_millis(1);

/// A thread of that name.
pub(super) fn start(
    flusher: Arc<Mutex<Option<Flusher>>>,
    waits: bool,
    name: &str,
) -> Result<Driver, StoreError> {
    let pipe = match &*flusher.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(flusher) => flusher.pipe().clone(),
        None => return Err(StoreError::new("the store was closed")),
    };
    let thread = std::thread::Builder::new()
        .name(name.into())
        .spawn(move || write_all(&flusher, &pipe, waits))
        .map_err(|error| StoreError::new(format!("can't start a thread to write the {name}: {error}")))?;
    Ok(Driver::Thread(Box::new(Writing(Some(thread)))))
}

#[expect(clippy::disallowed_methods, reason = "here is the clock by which batches are synced")]
fn write_all(flusher: &Mutex<Option<Flusher>>, pipe: &Pipe, waits: bool) {
    let started = Instant::now();
    let now = || u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let mut due: Option<u64> = None;
    loop {
        let more = pipe.wait_filled(due.map(|due| due.saturating_sub(now())));
        if waits && more {
            std::thread::sleep(TOGETHER);
        }
        match &mut *flusher.lock().unwrap_or_else(PoisonError::into_inner) {
            // Everybody is told by the pipe.
            Some(flusher) => match flusher.step(now()) {
                Ok(next) => due = next,
                Err(_) => return,
            },
            None => return,
        }
        if !more {
            return;
        }
    }
}
