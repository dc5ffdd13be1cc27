//! Tree to meaning: every name resolved, every type known.

pub mod data;
pub mod hir;
