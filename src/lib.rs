//! `rulec`: a typed rules language and engine for e-commerce fraud.

pub mod builtins;
pub mod diag;
pub mod format;
pub mod model;
pub mod sema;
pub mod source;
pub mod syntax;
pub mod text;
