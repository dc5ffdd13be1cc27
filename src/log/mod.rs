//! The decision log: every input as it came, in the order in which they were decided, what each was decided with, and what
//! was said to it, byte for byte. A log is complete in itself: whoever has it can decide everything again.
//!
//! It is a directory of [`crate::state::disk`]; if something was erased from it, the records before that are in its snapshot.
//! Its records are pieces of *messages*: all but the last
//! piece of a message are of kind `PIECE`, so a message is in the log whole or not at all. A *run* is
//!
//! - `START`: what a crash left half written before it does not count;
//! - `RULESET` with everything that the inputs are decided with, unless it is what the log ended with;
//! - `SECTION` and `BYTES`: the memory at the start, unless it is empty or the one that the log ended with;
//! - `BEGIN`: which of these it is;
//! - for each line one message with the input and all that was told of it, and `HEADER` before the rows of a CSV file;
//! - `END`, if the run ended in order.

mod again;
mod erase;
mod message;
mod read;
mod write;

pub use again::Again;
pub(crate) use erase::erase;
pub use message::{Answers, Begin, Logged, Memory, Message, Start};
pub(crate) use read::read;
pub use write::DecisionLog;

use crate::state::disk::Fingerprint;

/// Of directories that are logs of decisions.
pub(crate) const FINGERPRINT: Fingerprint = *b"rulec decisions ";
