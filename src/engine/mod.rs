//! Plan, program, decoder and memory put together: events in, decisions out.

mod code;
pub(crate) mod durable;
mod effects;
pub(crate) mod erase;
mod evaluate;
mod event;
mod explain;
mod feeds;
mod hits;
mod judge;
mod keep;
mod later;
mod logged;
mod read;
pub mod report;
mod ruleset;
pub mod save;
mod show;
mod stats;
pub mod testing;
#[cfg(test)]
mod tests;
mod texts;
mod told;
mod warming;

use std::fmt;
use std::sync::Arc;

use crate::builtins::DEFAULT_HASH_KEY;
use crate::model::decision::{Decision, Reject};
use crate::model::ids::EventId;
use crate::model::time::Duration;
use crate::state::dedupe;
pub use durable::StoreError;
pub use erase::Erased;
pub use evaluate::Engine;
pub use event::Event;
pub use keep::Recovery;
pub(crate) use keep::section;
pub(crate) use logged::Position;
pub(crate) use read::lists;
pub use read::{CsvColumns, Pending, Told};
pub use ruleset::Ruleset;
pub(crate) use ruleset::RulesetFiles;
pub(crate) use save::Sections;
pub use save::{Carried, CarriedPart, Fate, HeldPart, LoadError, Summary};
pub use stats::{RuleStats, Stats};

/// What an engine says to one line of input: a decision about the event, or why it could not be read. What else became
/// due on the way, [`Engine::take_deadlines`] tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The event was accepted, and its windows are written.
    Decision(Arc<Decision>),
    /// The event could not be read; nothing was remembered of it.
    Reject(Reject),
    /// A line of the clock: time moved, and there is no event to decide.
    Clock,
    /// A line that changed an `extern` list: there is no event to decide.
    List,
    /// The store could not write the input down: nobody may rely on any decision about it. No more is decided until
    /// the store is opened anew; then give the input again.
    Failed(Box<Failed>),
}

/// Why there is no decision: the store can't write any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// What to do with the event meanwhile: the outcome of the header's `rejects`.
    pub outcome: Arc<str>,
    /// What happened.
    pub error: StoreError,
}

impl Answer {
    /// The name of a rung of the ladder; for a reject, and if nothing could be decided, that of the header's `rejects`; for a
    /// line that is no event the lowest.
    pub fn outcome(&self) -> &str {
        match self {
            Answer::Decision(decision) => &decision.outcome,
            Answer::Reject(reject) => &reject.outcome,
            Answer::Failed(failed) => &failed.outcome,
            Answer::Clock | Answer::List => "allow",
        }
    }

    /// The decision, if the event could be read.
    pub fn decision(&self) -> Option<&Decision> {
        match self {
            Answer::Decision(decision) => Some(decision),
            Answer::Reject(_) | Answer::Clock | Answer::List | Answer::Failed(_) => None,
        }
    }

    /// What was wrong with the event, if it could not be read.
    pub fn reject(&self) -> Option<&Reject> {
        match self {
            Answer::Decision(_) | Answer::Clock | Answer::List | Answer::Failed(_) => None,
            Answer::Reject(reject) => Some(reject),
        }
    }

    /// Appends compact JSON, without a line end; nothing for a line that is no event.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Answer::Decision(decision) => decision.write_json(out),
            Answer::Reject(reject) => reject.write_json(out),
            Answer::Clock | Answer::List | Answer::Failed(_) => {}
        }
    }

    /// Compact JSON, the same bytes for the same answer; empty for a line that is no event.
    pub fn to_json(&self) -> String {
        match self {
            Answer::Decision(decision) => decision.to_json(),
            Answer::Reject(reject) => reject.to_json(),
            Answer::Clock | Answer::List | Answer::Failed(_) => String::new(),
        }
    }
}

/// How a host runs a ruleset.
///
/// ```
/// use std::time::Duration;
/// use rulec::{Engine, EngineOptions, compile_text};
///
/// let ruleset = compile_text("shop.rules", "event order { amount: money(USD) }").unwrap().ruleset;
/// let options = EngineOptions::default()
///     .hash_key("a secret of this host")
///     .retry_horizon(Duration::from_secs(6 * 3600))
///     .default_event(&ruleset, "order")
///     .unwrap();
/// let engine = Engine::with_options(ruleset, options);
/// let answer = engine.decide_json(br#"{"id":"e-1","at":"2026-11-11T10:00:00Z","amount":"20 USD"}"#);
/// assert_eq!(answer.outcome(), "allow");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct EngineOptions {
    pub(crate) hash_key: Vec<u8>,
    pub(crate) horizon: Duration,
    pub(crate) clock_lead: Duration,
    pub(crate) default_event: Option<EventId>,
    pub(crate) memory: Option<u64>,
}

impl fmt::Debug for EngineOptions {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EngineOptions { horizon, clock_lead, default_event, memory, hash_key: _ } = self;
        let mut fields = f.debug_struct("EngineOptions");
        fields.field("horizon", horizon).field("clock_lead", clock_lead);
        fields.field("default_event", default_event).field("memory", memory);
        fields.finish_non_exhaustive()
    }
}

impl Default for EngineOptions {
    fn default() -> EngineOptions {
        EngineOptions {
            hash_key: DEFAULT_HASH_KEY.to_vec(),
            horizon: dedupe::DEFAULT_HORIZON,
            clock_lead: Duration(5 * 60 * 1_000_000),
            default_event: None,
            memory: None,
        }
    }
}

impl EngineOptions {
    /// The host's secret: keys of memories, `hash(…)` and the short hashes of sensitive values rest on it.
    pub fn hash_key(mut self, key: impl Into<Vec<u8>>) -> EngineOptions {
        self.hash_key = key.into();
        self
    }

    /// How long a retry of an event gets the stored decision, in engine time: 24 hours unless said otherwise.
    pub fn retry_horizon(mut self, horizon: std::time::Duration) -> EngineOptions {
        self.horizon = micros(horizon);
        self
    }

    /// How far `at` may lie past `received_at` before the event is a reject: 5 minutes unless said otherwise.
    pub fn clock_lead(mut self, lead: std::time::Duration) -> EngineOptions {
        self.clock_lead = micros(lead);
        self
    }

    /// How many bytes all that is remembered may take: without a limit unless said otherwise. At the limit no new key comes into
    /// memory: what is asked of it is unknown with the reason `full`, never 0, and [`Stats::full`] counts the events that
    /// were not kept whole. What is counted is what is kept, in sizes that are the same everywhere; the process itself takes
    /// up to twice as much.
    pub fn memory_budget(mut self, bytes: u64) -> EngineOptions {
        self.memory = Some(bytes);
        self
    }

    /// The type of events that don't say theirs.
    ///
    /// # Errors
    /// If the ruleset has no such event; the text names the nearest.
    pub fn default_event(mut self, ruleset: &Ruleset, name: &str) -> Result<EngineOptions, String> {
        let found = ruleset.schema().events.iter().find(|event| &*event.name == name);
        let Some(event) = found else {
            let help = crate::diag::did_you_mean(name, ruleset.event_names());
            let help = help.map_or(String::new(), |help| format!("; {help}"));
            return Err(format!("the ruleset has no event `{name}`{help}"));
        };
        self.default_event = Some(event.id);
        Ok(self)
    }
}

fn micros(duration: std::time::Duration) -> Duration {
    Duration(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}
