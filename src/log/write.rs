//! Writing a log.

use std::sync::{Arc, Mutex};

use super::FINGERPRINT;
use super::again::secret;
use super::message::{Begin, End, Logged, Memory, kind, to_json, write_answer};
use crate::engine::durable::Durable;
use crate::engine::{Engine, StoreError};
use crate::state::disk::{Directory, DirectoryOptions, Disk, DiskError, Flusher, Records};
use crate::state::save::Sink;
use crate::store::{Durability, Origin, Start};

/// A log of decisions that is written to.
#[derive(Debug)]
pub struct DecisionLog {
    durable: Durable,
    /// How the run before has ended, if it did in order and nothing came after it.
    before: Option<End>,
    torn: Option<String>,
    /// Those that were not handed over yet.
    records: Records,
    /// The number of the last that was.
    number: u64,
    line: Vec<u8>,
    in_line: bool,
}

/// Records are at most so long.
const PIECE: usize = 4 << 20;

/// So much is handed over at once.
const ENOUGH: u64 = 1 << 20;

impl DecisionLog {
    /// On any disk; `start` makes what writes.
    pub(crate) fn on(
        disk: Arc<dyn Disk>,
        durability: Durability,
        start: Start,
    ) -> Result<DecisionLog, StoreError> {
        let mode = durability.mode();
        let options =
            DirectoryOptions { fingerprint: FINGERPRINT, durability: mode, ..DirectoryOptions::default() };
        let directory = Directory::open(disk, options)?;
        let mut last = Vec::new();
        let (journal, found) = directory.resume(&mut |_, record| {
            last.clear();
            if record.first() == Some(&kind::END) {
                last.extend_from_slice(record);
            }
            Ok(())
        })?;
        // How it ended is told by a newer version in a way of its own: then it is as if it had ended in a crash.
        let before = last.split_first().and_then(|(_, end)| serde_json::from_slice(end).ok());
        let flusher = Flusher::new(journal);
        let pipe = flusher.pipe().clone();
        let flusher = Arc::new(Mutex::new(Some(flusher)));
        let driver = start(flusher.clone())?;
        Ok(DecisionLog {
            number: pipe.last(),
            durable: Durable::new(pipe, flusher, driver, mode, u64::MAX),
            before,
            torn: found.torn.as_ref().map(crate::store::torn),
            records: Records::default(),
            line: Vec::new(),
            in_line: false,
        })
    }

    /// What a crash left behind at the end of the log and what was cut off, in words.
    pub fn torn(&self) -> Option<&str> {
        self.torn.as_deref()
    }

    /// A run of this engine begins, which has decided nothing yet. What it remembers is written down as well, unless the log
    /// ends with the same memory.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn begin(&mut self, engine: &Engine) -> Result<(), StoreError> {
        let origin = Origin::of(engine.ruleset(), engine.options());
        let before = self.before.take();
        self.put(&[kind::START])?;
        if before.as_ref().is_none_or(|end| !end.origin.decides_as(&origin)) {
            self.put_with(kind::RULESET, &origin.to_bytes())?;
        }
        let memory = match engine.found_at() {
            None => Memory::Nothing,
            Some(found) if found.inputs == 0 => Memory::Nothing,
            found if before.is_some_and(|end| end.memory == found) => Memory::AsBefore,
            Some(_) => {
                let mut saving = Saving { log: self, bytes: vec![kind::BYTES] };
                engine.save(&mut saving)?;
                saving.flush()?;
                Memory::Saved
            }
        };
        let secret = secret(&engine.options().hash_key);
        let begin = Begin { rulec: env!("CARGO_PKG_VERSION").into(), memory, secret };
        self.put_with(kind::BEGIN, &to_json(&begin))?;
        self.hand_over()?;
        Ok(())
    }

    /// The rows that follow are read by this header.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn header(&mut self, text: &[u8]) -> Result<(), StoreError> {
        self.end_line()?;
        self.put_with(kind::HEADER, text)
    }

    /// The next input.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn line(&mut self, input: Logged<'_>) -> Result<(), StoreError> {
        self.end_line()?;
        self.line.clear();
        input.write(&mut self.line);
        self.in_line = true;
        Ok(())
    }

    /// What is told of it, next after what was told before: `write` appends the JSON.
    pub fn answer(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write_answer(&mut self.line, write);
    }

    fn end_line(&mut self) -> Result<(), StoreError> {
        if std::mem::take(&mut self.in_line) {
            let line = std::mem::take(&mut self.line);
            self.put(&line)?;
            self.line = line;
        }
        Ok(())
    }

    /// Hands over all lines, and waits until they are as safe as was asked for.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        self.end_line()?;
        self.hand_over()?;
        Ok(self.durable.wait(self.number)?)
    }

    /// The run has ended in order; the engine is closed.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn end(mut self, engine: &Engine) -> Result<(), StoreError> {
        self.end_line()?;
        let origin = Origin::of(engine.ruleset(), engine.options()).without_files();
        let end = End { origin, memory: engine.left_at() };
        let mut record = vec![kind::END];
        record.extend(to_json(&end));
        self.records.push(|out| out.extend_from_slice(&record));
        self.hand_over()?;
        Ok(self.durable.close()?)
    }

    fn put_with(&mut self, kind: u8, body: &[u8]) -> Result<(), StoreError> {
        let mut message = Vec::with_capacity(body.len() + 1);
        message.push(kind);
        message.extend_from_slice(body);
        self.put(&message)
    }

    /// A message, which begins with its kind.
    fn put(&mut self, message: &[u8]) -> Result<(), StoreError> {
        let mut rest = message;
        while rest.len() > PIECE {
            let (piece, after) = rest.split_at(PIECE);
            self.records.push(|out| {
                out.push(kind::PIECE);
                out.extend_from_slice(piece);
            });
            rest = after;
        }
        self.records.push(|out| {
            // Behind pieces stands the kind of the last record, which is that of the message.
            if rest.len() < message.len() {
                out.push(message[0]);
            }
            out.extend_from_slice(rest);
        });
        if self.records.bytes() >= ENOUGH {
            self.hand_over()?;
        }
        Ok(())
    }

    fn hand_over(&mut self) -> Result<(), DiskError> {
        if !self.records.is_empty() {
            self.number = self.durable.push(&mut self.records)?;
        }
        Ok(())
    }
}

/// What an engine remembers, into a log.
struct Saving<'l> {
    log: &'l mut DecisionLog,
    /// A message that grows.
    bytes: Vec<u8>,
}

impl Saving<'_> {
    fn flush(&mut self) -> Result<(), StoreError> {
        if self.bytes.len() > 1 {
            self.log.put(&self.bytes)?;
            self.bytes.truncate(1);
        }
        Ok(())
    }
}

impl Sink for Saving<'_> {
    type Error = StoreError;

    fn section(&mut self, name: &str) -> Result<(), StoreError> {
        self.flush()?;
        self.log.put_with(kind::SECTION, name.as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= ENOUGH as usize { self.flush() } else { Ok(()) }
    }
}
