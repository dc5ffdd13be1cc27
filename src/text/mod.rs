//! Folding of texts and phrase search.

pub mod fold;
pub mod phrases;
