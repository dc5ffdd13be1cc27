//! What is kept of past events, and the exact answers of windows over it.
//!
//! How an engine uses it, per event:
//!
//! 1. Per distinct (group, key values): [`key::KeyHasher::hash`] the key slots (`None`: a key is missing, the
//!    aggregate is unknown) and [`Store::find`] the cell. Memories with the same key types are one group, so
//!    all windows over one key cost one look-up.
//! 2. Per aggregate: [`Cell::read`] on the [`Store::cell`] (there is one too for a key never seen) with the
//!    [`Question`], the [`Bounds`] of its window at the event's time, and the value that the current event itself
//!    would contribute, if it counts.
//! 3. After the decision, per memory that counts this event: [`Store::find_or_add`] and [`Store::write`].
//!
//! Semantics of one memory and key (the kernel, [`cell`]):
//!
//! - Entries are sorted by (time, arrival). The *newest* is the largest time ever written.
//! - A write at `t < newest - lateness` is refused; it counts as lost at `t`. Any other is inserted at its
//!   place. Then entries at or before `newest - reach - lateness` expire, and beyond the cap the oldest are dropped.
//! - A window `(after, through]` with `after <` the last lost (refused or expired) time is unknown: too late.
//!   With `after <` the last time dropped by the cap, `count` and `distinct` are lower bounds, `any` is true if
//!   anything is left in it, `last` and `since` are exact if anything is left in it, the rest is unknown: saturated.
//! - `ever` counts every write, refused ones included, in running values; `distinct … ever` keeps a set
//!   up to the cap, `percentile … ever` all numbers up to the cap and none above it.
//! - `distinct` costs the same however many values a window has: entries are linked by value, and a count is led on from
//!   where it stood last by what came and went since.
//! - A memory in steps keeps running values per step of time in place of entries; a step expires once no moment of it
//!   can be asked for. For `distinct` it keeps an entry for each different value of each step, and the cap holds for these.
//! - A memory of which only approximations are asked keeps a sketch per step (over `ever` one alone), and no cap holds. What
//!   it keeps doesn't depend on the order in which events came in.
//! - With a budget, no new key comes in once it is used up: windows of that key which reach back to what was not kept are
//!   unknown: full. A key that comes in later knows until when it was kept out ([`budget`]).
//! - The current event is laid over at its own time, after all entries of the same time, without being inserted.

mod budget;
pub mod cell;
pub mod deadlines;
pub mod dedupe;
pub mod disk;
mod effects;
mod entries;
mod feeds;
pub mod key;
mod moments;
mod number;
mod running;
pub mod save;
pub mod sequence;
pub mod sizes;
mod sketch;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod told;

use crate::model::time::{Duration, Time};
use crate::model::types::Type;
use crate::model::window::{AggregateFn, Window};

pub use budget::Budget;
pub use cell::{Carry, Kept as KeptValue};
pub use deadlines::{Deadlines, Waiting};
pub use dedupe::{Applied, Dedupe, Kept};
pub use effects::{Change, Effects, Kind};
pub use feeds::{Entry, Feeds, Lists, Prefix, Row, Rows, Spans};
pub use key::{Identity, KeyHash, KeyHasher};
pub use sequence::{SEQUENCE, SavedSequence, SequenceSpec, Sequences, Steps};
pub use sizes::Fill;
pub use store::{
    CELLS, CellId, Edges, GroupId, Held, MANY_WORDS, Question, SavedMemory, Sights, Store, Target, touch,
};

/// What one memory keeps; in the order of their `MemoryId`s.
#[derive(Clone, Debug)]
pub struct MemorySpec {
    /// The type of the kept value; absent for bare events. What is added or ranked is money of one currency,
    /// which the type names; open money can only be told apart and given back.
    pub value: Option<Type>,
    pub keys: Vec<Type>,
    /// How far back the widest window reaches; `None` if only `ever` is asked.
    pub reach: Option<Duration>,
    /// In what steps of time it is kept, rather than entry by entry.
    pub step: Option<Duration>,
    /// Only sketches of the values are kept.
    pub approx: bool,
    /// Every function asked of it, with whether over `ever`.
    pub functions: Vec<(AggregateFn, bool)>,
}

/// What all memories of a store have in common.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a memory keeps its span behind the newest event of a key.
    pub lateness: Duration,
    /// Entries per memory and key; at least 1.
    pub entries: u32,
    /// The host's secret: keys are hashed under it.
    pub hash_key: Vec<u8>,
}

/// The part of event time that a window asks for.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Bounds {
    /// `(after, through]`, in microseconds.
    Within {
        after: i64,
        through: i64,
    },
    Ever,
}

impl Bounds {
    /// Whether something at `t`, or before it, is asked for.
    pub fn begin_before(&self, t: i64) -> bool {
        match self {
            Bounds::Within { after, .. } => *after < t,
            Bounds::Ever => true,
        }
    }

    /// Of a window at the time of the current event.
    #[inline]
    pub fn of(window: &Window, t: Time) -> Bounds {
        match window {
            Window::Sliding { span, ending } => {
                let through = t.0.saturating_sub(ending.0);
                Bounds::Within { after: through.saturating_sub(span.0), through }
            }
            Window::Stepped { span, step } => {
                let start = |t: i64| t.div_euclid(step.0).saturating_mul(step.0);
                Bounds::Within {
                    after: start(t.0.saturating_sub(span.0)).saturating_sub(1),
                    through: start(t.0).saturating_add(step.0 - 1),
                }
            }
            // Inclusive start: everything after the microsecond before it.
            Window::Calendar { period, zone } => {
                Bounds::Within { after: t.start_of(*period, zone).0.saturating_sub(1), through: t.0 }
            }
            Window::Ever => Bounds::Ever,
        }
    }
}

/// What became of a write.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct WriteOutcome {
    /// Older than the newest event of this memory and key.
    pub late: bool,
    /// So late that it was not inserted; its place in windows is lost.
    pub refused: bool,
}
