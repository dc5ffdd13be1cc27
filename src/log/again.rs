//! The engines that decide a log again.

use std::sync::Arc;

use super::message::{Memory, Start};
use crate::engine::{Engine, Ruleset, StoreError};
use crate::model::decision::Stamp;
use crate::store::{Origin, fingerprint};

/// Gives the engine of each run of a log, as it was when the run began.
pub struct Again {
    /// In place of those of the log.
    other: Option<Arc<Ruleset>>,
    hash_key: Vec<u8>,
    /// Those that were compiled.
    known: Vec<Arc<Ruleset>>,
    origin: Option<Origin>,
    engine: Option<Engine>,
}

impl Again {
    /// With the rulesets of the log, or with `other` for all of it.
    pub fn new(other: Option<Arc<Ruleset>>, hash_key: Vec<u8>) -> Again {
        Again { other, hash_key, known: Vec::new(), origin: None, engine: None }
    }

    /// A run begins. Gives the ruleset that decided it, and the version of rulec.
    ///
    /// # Errors
    /// If what the log says can't be had again.
    pub fn begin(&mut self, start: Start) -> Result<(Stamp, String), StoreError> {
        let Start { begin, origin, saved } = start;
        if begin.secret != secret(&self.hash_key) {
            let other =
                StoreError::new("keys and sensitive values were hashed under another secret in this log");
            return Err(other.help("give that one with `--hash-key-file`"));
        }
        let before = self.engine.take();
        let missing = || StoreError::damaged("what the inputs were decided with is missing");
        let changed = origin.is_some();
        let origin = origin.or(self.origin.take()).ok_or_else(missing)?;
        let engine = match (begin.memory, before) {
            (Memory::AsBefore, Some(before)) if !changed => before,
            (Memory::AsBefore, Some(before)) => {
                let engine = self.make(&origin)?;
                engine.take_over(&before)?;
                engine
            }
            (Memory::AsBefore, None) => {
                return Err(StoreError::damaged("what was remembered before is missing"));
            }
            (Memory::Nothing, _) => self.make(&origin)?,
            (Memory::Saved, _) => {
                let engine = self.make(&origin)?;
                engine.take(saved)?;
                engine
            }
        };
        self.engine = Some(engine);
        let stamp = origin.stamp();
        self.origin = Some(origin);
        Ok((stamp, begin.rulec))
    }

    fn make(&mut self, origin: &Origin) -> Result<Engine, StoreError> {
        let ruleset = match &self.other {
            Some(other) => other.clone(),
            None => match self.known.iter().find(|known| **known.stamp() == origin.stamp()) {
                Some(known) => known.clone(),
                None => {
                    let again = format!("replay the log with rulec {}, which wrote it", origin.rulec);
                    let compiled = origin.compile().map_err(|error| error.help(again))?;
                    self.known.push(compiled.clone());
                    compiled
                }
            },
        };
        let options = origin.options(&ruleset, &self.hash_key)?;
        Ok(Engine::with_options(ruleset, options))
    }

    /// That of the run.
    pub fn engine(&self) -> Option<&Engine> {
        self.engine.as_ref()
    }
}

/// Tells secrets apart, and tells nothing of them.
pub(super) fn secret(hash_key: &[u8]) -> String {
    fingerprint(hash_key).iter().map(|byte| format!("{byte:02x}")).collect()
}
