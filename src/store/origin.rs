//! What inputs were decided with: a ruleset, with all that it was made of, and the options that change answers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::compile::compile_again;
use crate::engine::durable::kind;
use crate::engine::{EngineOptions, Ruleset, RulesetFiles, StoreError};
use crate::model::decision::Stamp;
use crate::model::time::Duration;
use crate::state::disk::Records;

/// As it is written down before the first input that is decided with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The version of rulec that decided.
    pub rulec: String,
    pub name: String,
    pub version: String,
    pub hash: String,
    /// In microseconds.
    retry_horizon: i64,
    clock_lead: i64,
    default_event: Option<String>,
    /// In bytes; without a limit if absent.
    #[serde(default)]
    memory_budget: Option<u64>,
    files: RulesetFiles,
}

/// Records are at most so long.
const PIECE: usize = 8 << 20;

impl Origin {
    pub fn of(ruleset: &Ruleset, options: &EngineOptions) -> Origin {
        let stamp = ruleset.stamp();
        let event = options.default_event.and_then(|id| ruleset.event_names().nth(id.index()));
        Origin {
            rulec: env!("CARGO_PKG_VERSION").to_string(),
            name: stamp.name.clone(),
            version: stamp.version.clone(),
            hash: stamp.hash.clone(),
            retry_horizon: options.horizon.0,
            clock_lead: options.clock_lead.0,
            default_event: event.map(str::to_string),
            memory_budget: options.memory,
            files: ruleset.files().clone(),
        }
    }

    /// Whether the same input gets the same answer.
    pub fn decides_as(&self, other: &Origin) -> bool {
        let means = |origin: &Origin| {
            let Origin { retry_horizon, clock_lead, memory_budget, .. } = *origin;
            let Origin { name, version, hash, default_event, .. } = origin.clone();
            (name, version, hash, retry_horizon, clock_lead, default_event, memory_budget)
        };
        means(self) == means(other)
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        // Maps of texts can always be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub fn read(bytes: &[u8]) -> Result<Origin, StoreError> {
        serde_json::from_slice(bytes).map_err(|error| {
            StoreError::damaged(format!("what the inputs were decided with can't be read: {error}"))
        })
    }

    /// Without what the ruleset was made of: enough to be recognised.
    pub fn without_files(self) -> Origin {
        Origin { files: RulesetFiles::default(), ..self }
    }

    /// As records, of which the last one says that it is whole.
    pub fn write(&self, records: &mut Records) {
        let bytes = self.to_bytes();
        let mut pieces = bytes.chunks(PIECE).peekable();
        while let Some(piece) = pieces.next() {
            let kind = if pieces.peek().is_some() { kind::PIECE } else { kind::RULESET };
            records.push(|out| {
                out.push(kind);
                out.extend_from_slice(piece);
            });
        }
    }

    /// The ruleset and the options; `known` is taken if it is the same ruleset.
    pub fn again(
        &self,
        known: Option<&Arc<Ruleset>>,
        hash_key: &[u8],
    ) -> Result<(Arc<Ruleset>, EngineOptions), StoreError> {
        let ruleset = match known.filter(|known| self.is_of(known.stamp())) {
            Some(known) => known.clone(),
            None => self.compile()?,
        };
        let options = self.options(&ruleset, hash_key)?;
        Ok((ruleset, options))
    }

    /// The options, for a ruleset that may be another one.
    pub fn options(&self, ruleset: &Ruleset, hash_key: &[u8]) -> Result<EngineOptions, StoreError> {
        let options = EngineOptions {
            horizon: Duration(self.retry_horizon),
            clock_lead: Duration(self.clock_lead),
            memory: self.memory_budget,
            ..EngineOptions::default().hash_key(hash_key)
        };
        match &self.default_event {
            Some(event) => options.default_event(ruleset, event).map_err(StoreError::new),
            None => Ok(options),
        }
    }

    pub fn stamp(&self) -> Stamp {
        Stamp { name: self.name.clone(), version: self.version.clone(), hash: self.hash.clone() }
    }

    fn is_of(&self, stamp: &Stamp) -> bool {
        let Stamp { name, version, hash } = stamp;
        (name, version, hash) == (&self.name, &self.version, &self.hash)
    }

    /// From its files.
    pub fn compile(&self) -> Result<Arc<Ruleset>, StoreError> {
        let cannot = |why: String| {
            StoreError::new(format!(
                "the last inputs in the log were decided with the ruleset `{}` ({}), and it can't be compiled any more: {why}",
                self.name, self.hash
            ))
            .help(format!(
                "open the directory once with rulec {} and close it, so that all of it is in a snapshot",
                self.rulec
            ))
        };
        let compiled = compile_again(&self.files).map_err(|error| cannot(error.to_string()))?;
        if compiled.ruleset.stamp().hash != self.hash {
            return Err(cannot("its files give another hash".into()));
        }
        Ok(compiled.ruleset)
    }
}
