//! Every maximum of the checker, with its reason.

use crate::model::time::Duration;

const DAY: i64 = 24 * 3_600_000_000;

/// Nested expressions, definitions followed: executors recurse over them.
pub const DEPTH: usize = 200;

/// Nodes of one expression once its definitions are written out: signals that use a signal twice double.
pub const EXPANDED_SIZE: usize = 20_000;

/// Bands and score lines of a rule: more is a table, not a rule anyone can read.
pub const BANDS: usize = 100;

/// How far back a window may reach, `ending` included: ten years; state grows with it.
pub const SPAN: Duration = Duration(3660 * DAY);

/// `lateness` in the header: every memory is kept that much longer.
pub const LATENESS: Duration = Duration(366 * DAY);

/// Entries kept per memory and key: a cell is rewritten as a whole.
pub const ENTRIES: i64 = 1_000_000;

/// Keys of an aggregate, table or calendar: more is never a group of people.
pub const KEYS: usize = 8;

/// Events of one sequence: which of them an event is, is kept in 16 bits.
pub const SEQUENCE: usize = 16;

/// Values of one enum: they are numbered in 16 bits.
pub const ENUM_VALUES: usize = 65_535;

/// Outcomes of a ladder.
pub const OUTCOMES: usize = 100;

/// How deep records and lists may nest in a field's type.
pub const TYPE_DEPTH: usize = 16;

/// Compiled size of one pattern, in bytes: what `regex` needs for any sensible one, and no more.
pub const REGEX_BYTES: usize = 1 << 20;
