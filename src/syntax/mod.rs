//! Text to tree: parsing never fails, it gives what could be read and all findings.

pub mod ast;
mod errors;
mod lower;
mod parser;
pub mod print;
pub(crate) mod scan;
mod split;

pub use parser::parse;

/// How deep parentheses, brackets and prefix operators may nest.
pub const MAX_NESTING: usize = 64;

/// How deep the tree of one expression may be. A chain of operators is as deep as it is long, and everything
/// that walks a tree does so by recursion.
pub const MAX_DEPTH: usize = 256;

/// The largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;

/// How many errors of one file are told.
pub const MAX_ERRORS: usize = 20;

#[cfg(test)]
pub use parser::parse_expression;
#[cfg(test)]
pub(crate) mod tests;
