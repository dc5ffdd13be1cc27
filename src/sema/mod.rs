//! Tree to meaning: every name resolved, every type known.

pub mod hir;
