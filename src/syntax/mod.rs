//! Text to tree: parsing never fails, it gives what could be read and all findings.

pub mod ast;

/// How deep parentheses, brackets and prefix operators may nest.
pub const MAX_NESTING: usize = 64;
