//! `rulec`: a typed rules language and engine for e-commerce fraud.

pub mod builtins;
pub mod decode;
pub mod diag;
pub mod engine;
pub mod lint;
pub mod model;
pub mod oracle;
pub mod plan;
pub mod sema;
pub mod source;
pub mod state;
pub mod syntax;
pub mod text;
pub mod vm;
