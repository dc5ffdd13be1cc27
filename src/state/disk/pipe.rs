//! Between those who add records and the one who writes them: records are handed over in memory, so that nobody who adds
//! one waits for the disk, and one sync makes safe what many added.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::io::{DiskError, ErrorKind};
use super::journal::Journal;
use super::log::Progress;
use super::snapshot::{Published, SnapshotWriter};

/// Records one after the other, each behind its length.
#[derive(Clone, Debug, Default)]
pub struct Records {
    bytes: Vec<u8>,
    count: u64,
}

impl Records {
    /// Adds a record that `write` makes at the end of the buffer.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        write(&mut self.bytes);
        let length = (self.bytes.len() - start - 4) as u32;
        if let Some(head) = self.bytes.get_mut(start..start + 4) {
            head.copy_from_slice(&length.to_le_bytes());
        }
        self.count += 1;
    }

    /// Takes the records of another one, which is empty then.
    pub fn append(&mut self, other: &mut Records) {
        if self.bytes.is_empty() {
            std::mem::swap(&mut self.bytes, &mut other.bytes);
        } else {
            self.bytes.append(&mut other.bytes);
        }
        self.count += std::mem::take(&mut other.count);
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
    }

    /// Keeps the first so many.
    pub fn truncate(&mut self, count: u64) {
        let bytes = self.iter().take(count as usize).map(|record| record.len() + 4).sum();
        self.bytes.truncate(bytes);
        self.count = self.count.min(count);
    }

    /// How much memory their bytes take.
    pub fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.bytes[..];
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let (record, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rest = after;
            Some(record)
        })
    }
}

/// Where records are handed over. Clones are the same pipe.
#[derive(Clone, Debug)]
pub struct Pipe(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    inner: Mutex<Inner>,
    /// There is something to write.
    filled: Condvar,
    /// Something was written, or writing has ended.
    moved: Condvar,
}

#[derive(Debug)]
struct Inner {
    waiting: Records,
    /// The number of the last record that was handed over.
    last: u64,
    progress: Progress,
    stopped: Option<DiskError>,
    ended: bool,
    /// What is said then.
    closed: DiskError,
}

/// So much may wait; then those who add wait themselves.
const LARGEST_WAITING: usize = 32 << 20;

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over records; `records` is empty afterwards. Gives the number of the last one.
    ///
    /// # Errors
    /// If writing has stopped. Then none of them was taken.
    pub fn push(&self, records: &mut Records) -> Result<u64, DiskError> {
        let mut inner = self.lock();
        while inner.stopped.is_none() && inner.waiting.bytes.len() > LARGEST_WAITING {
            inner = self.0.moved.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(error) = &inner.stopped {
            return Err(error.clone());
        }
        if inner.ended {
            return Err(inner.closed.clone());
        }
        inner.last += records.len();
        inner.waiting.append(records);
        self.0.filled.notify_one();
        Ok(inner.last)
    }

    /// Until the record of that number outlasts a power cut.
    ///
    /// # Errors
    /// If writing has stopped before.
    pub fn wait_synced(&self, number: u64) -> Result<(), DiskError> {
        let mut inner = self.lock();
        loop {
            if inner.progress.synced >= number {
                return Ok(());
            }
            if let Some(error) = &inner.stopped {
                return Err(error.clone());
            }
            inner = self.0.moved.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The number of the last record that was handed over.
    pub fn last(&self) -> u64 {
        self.lock().last
    }

    /// Why writing has stopped.
    pub fn stopped(&self) -> Option<DiskError> {
        self.lock().stopped.clone()
    }

    /// No more records are taken: whoever waits for some need not wait any more.
    pub fn end(&self) {
        self.lock().ended = true;
        self.0.filled.notify_all();
    }

    /// Until there are records, at most `micros`. `false` when no more will come.
    pub fn wait_filled(&self, micros: Option<u64>) -> bool {
        let mut inner = self.lock();
        if inner.waiting.is_empty() && !inner.ended {
            inner = match micros {
                None => self.0.filled.wait(inner).unwrap_or_else(PoisonError::into_inner),
                Some(micros) => {
                    let time = std::time::Duration::from_micros(micros);
                    let waited = self.0.filled.wait_timeout(inner, time);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        !inner.ended || !inner.waiting.is_empty()
    }
}

/// Takes records out of a pipe and writes them.
#[derive(Debug)]
pub struct Flusher {
    pipe: Pipe,
    journal: Journal,
    /// Used again.
    taken: Records,
}

impl Flusher {
    pub fn new(journal: Journal) -> Flusher {
        let inner = Inner {
            waiting: Records::default(),
            last: journal.last(),
            progress: journal.progress(),
            stopped: None,
            ended: false,
            closed: journal.folder.error(ErrorKind::Refused, "it was closed"),
        };
        let shared = Shared { inner: Mutex::new(inner), filled: Condvar::new(), moved: Condvar::new() };
        Flusher { pipe: Pipe(Arc::new(shared)), journal, taken: Records::default() }
    }

    /// Where to hand over records for it.
    pub fn pipe(&self) -> &Pipe {
        &self.pipe
    }

    /// Writes what waits, and syncs as the mode says. Gives when it has to be called next, even without new records;
    /// `now` is any clock in microseconds that does not go back.
    ///
    /// # Errors
    /// If the disk fails: then everybody is told, and no record is taken any more.
    pub fn step(&mut self, now: u64) -> Result<Option<u64>, DiskError> {
        let done = self.take().and_then(|()| self.journal.commit(now));
        self.tell(done)?;
        Ok(self.journal.due())
    }

    /// Writes what waits and makes it safe, whatever the mode.
    ///
    /// # Errors
    /// As [`Flusher::step`].
    pub fn sync(&mut self) -> Result<(), DiskError> {
        let done = self.take().and_then(|()| self.journal.sync());
        self.tell(done)
    }

    fn take(&mut self) -> Result<(), DiskError> {
        self.taken.clear();
        std::mem::swap(&mut self.pipe.lock().waiting, &mut self.taken);
        self.taken.iter().try_for_each(|record| self.journal.append(record).map(drop))
    }

    fn tell(&mut self, done: Result<Progress, DiskError>) -> Result<(), DiskError> {
        let mut inner = self.pipe.lock();
        let told = match done {
            Ok(progress) => {
                inner.progress = progress;
                Ok(())
            }
            Err(error) => {
                inner.stopped = Some(error.clone());
                Err(error)
            }
        };
        self.pipe.0.moved.notify_all();
        told
    }

    /// Begins a snapshot as of the last record that was handed over: nobody may hand over more until it is written.
    /// `None` if there is one already.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn begin_snapshot(&mut self) -> Result<Option<SnapshotWriter>, DiskError> {
        self.sync()?;
        let begun = self.journal.begin_snapshot();
        if let Err(error) = &begun {
            // It may be the log that failed; then it has stopped, and says so to everybody.
            let error = error.clone();
            if self.journal.sync().is_err() {
                self.tell(Err(error))?;
            }
        }
        begun
    }

    /// The snapshot is safe: what it makes superfluous can go.
    ///
    /// # Errors
    /// If the disk fails; what is left then goes with the next snapshot.
    pub fn retire(&mut self, published: Published) -> Result<Vec<String>, DiskError> {
        self.journal.retire(published)
    }

    /// Writes what waits, and closes the directory in order.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn close(mut self) -> Result<(), DiskError> {
        self.sync()?;
        let Flusher { pipe, journal, .. } = self;
        let closed = journal.close();
        let mut inner = pipe.lock();
        inner.ended = true;
        inner.stopped = Some(closed.clone().err().unwrap_or_else(|| inner.closed.clone()));
        drop(inner);
        pipe.0.moved.notify_all();
        closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(texts: &[&str]) -> Records {
        let mut records = Records::default();
        texts.iter().for_each(|text| records.push(|out| out.extend_from_slice(text.as_bytes())));
        records
    }

    #[test]
    fn records_are_cut_and_joined_as_a_whole() {
        let mut first = records(&["a", "", "ccc"]);
        first.truncate(2);
        assert_eq!(first.len(), 2);
        let mut second = records(&["dd"]);
        first.append(&mut second);
        assert!(second.is_empty());
        assert_eq!(first.iter().collect::<Vec<_>>(), [&b"a"[..], b"", b"dd"]);
        second.append(&mut first);
        second.truncate(9);
        assert_eq!((first.len(), second.len()), (0, 3));
    }
}
