//! What became of a state that was read, and what an engine holds, for people.

use std::fmt;

use crate::engine::evaluate::Engine;
use crate::model::ids::{MemoryId, SequenceId};
use crate::model::time::Time;
use crate::state::{Change, Held};

/// What became of the parts of a state that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Engine time of the state; `None` if nothing had happened yet.
    pub now: Option<Time>,
    /// Memories and sequences of the ruleset first, in its order; then what is in the state alone.
    pub parts: Vec<CarriedPart>,
    /// Deadlines that still wait, and those of rules whose `on` line is another one now.
    pub deadlines: u64,
    /// Dropped deadlines.
    pub deadlines_dropped: u64,
    /// Decisions kept for retries.
    pub decisions: u64,
}

/// One thing that is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedPart {
    /// What it is: `memory`, `sequence`, `label`, `mute`, `once`, `list`, `table`, `calendar` or `deadlines`.
    pub kind: &'static str,
    /// Its meaning in words.
    pub what: String,
    /// What became of it.
    pub fate: Fate,
    /// Of memories and sequences: the engine time since which it holds everything that it is asked for.
    pub since: Option<Time>,
}

/// What became of something that is remembered.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// As it was.
    Kept,
    /// It was kept, and reaches further back from now on.
    Widened,
    /// Something is asked of it that was not kept: that part begins now.
    Extended,
    /// The ruleset is the first to ask for it.
    New,
    /// The ruleset does not know it: it is put aside.
    Dropped,
    /// It had been put aside, and the ruleset knows it again; what happened in between is not in it.
    Returned,
    /// It is still put aside.
    Aside,
    /// It was put aside for so long that it is gone for good; or it can't be put aside.
    Gone,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fate::Kept => "kept",
            Fate::Widened => "widened",
            Fate::Extended => "extended",
            Fate::New => "new",
            Fate::Dropped => "dropped",
            Fate::Returned => "returned",
            Fate::Aside => "aside",
            Fate::Gone => "gone",
        })
    }
}

/// What an engine holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Engine time; `None` before anything happened.
    pub now: Option<Time>,
    /// Memories and sequences in the order of the ruleset.
    pub memories: Vec<HeldPart>,
    /// Labels that were put on and not taken away, ended ones included.
    pub labels: u64,
    /// Likewise.
    pub mutes: u64,
    /// Moments that `once` waits for.
    pub once: u64,
    /// Values of `extern` lists, rows of tables and keys of calendars that lines and events have filled.
    pub filled: u64,
    /// Deadlines that wait.
    pub deadlines: u64,
    /// Decisions kept for retries.
    pub decisions: u64,
    /// What no part of the ruleset knows: its meaning, engine time when it was dropped, and its bytes.
    pub aside: Vec<(String, Time, u64)>,
}

/// What one memory or sequence holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPart {
    /// Its meaning in words.
    pub what: String,
    /// Engine time since which it holds everything that it is asked for.
    pub since: Time,
    /// Different keys.
    pub keys: u64,
    /// Entries of all keys.
    pub entries: u64,
    /// What it takes in memory, about.
    pub bytes: u64,
    /// Events that were not counted because their `where` or their value was unknown.
    pub unclear: u64,
}

impl Engine {
    /// What it holds.
    pub fn summary(&self) -> Summary {
        let inner = self.lock();
        let state = &inner.state;
        let hir = &self.ruleset.hir;
        let part = |what: &str, since: Time, held: Held, unclear: u64| HeldPart {
            what: what.to_string(),
            since,
            keys: held.keys,
            entries: held.entries,
            bytes: held.bytes,
            unclear,
        };
        let memories = hir.memories.iter().zip(&state.since.memories).enumerate();
        let memories = memories.map(|(id, (memory, since))| {
            let id = MemoryId::new(id);
            part(&memory.identity, *since, state.store.held(id), state.store.unclear(id))
        });
        let sequences = hir.sequences.iter().zip(&state.since.sequences).enumerate();
        let sequences = sequences.map(|(id, (memory, since))| {
            part(&memory.identity, *since, state.sequences.held(SequenceId::new(id)), 0)
        });
        let changes = state.effects.changes();
        let count = |is: fn(&Change) -> bool| changes.iter().filter(|change| is(change)).count() as u64;
        let entries: usize = state.feeds.lists.sorted().iter().map(|(_, entries)| entries.len()).sum();
        let rows = state.feeds.rows.sorted().len() + state.feeds.calendars.sorted().len();
        let aside = state.aside.iter();
        let now = state.dedupe.now();
        Summary {
            now: (now != super::NEVER).then_some(now),
            memories: memories.chain(sequences).collect(),
            labels: count(|change| matches!(change, Change::Label { .. })),
            mutes: count(|change| matches!(change, Change::Mute { .. })),
            once: count(|change| matches!(change, Change::Asked { .. } | Change::Acted { .. })),
            filled: (entries + rows) as u64,
            deadlines: state.deadlines.len() as u64,
            decisions: state.dedupe.applied().len() as u64,
            aside: aside
                .map(|aside| (aside.meaning.clone(), aside.dropped, aside.records.len() as u64))
                .collect(),
        }
    }
}
