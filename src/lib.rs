#![doc = include_str!("../README.md")]

mod builtins;
mod compile;
#[doc(hidden)]
pub mod decode;
mod diag;
mod engine;
mod format;
mod lint;
#[doc(hidden)]
pub mod model;
mod oracle;
mod os;
mod plan;
mod sema;
mod source;
#[doc(hidden)]
pub mod state;
mod syntax;
mod text;

#[cfg(feature = "cli")]
pub mod cli;
pub mod tooling;
mod vm;

pub use compile::{CompileError, Compiled, compile_files, compile_text};
pub use diag::{Diagnostic, Diagnostics, Severity, render::Format};
pub use engine::{Answer, CsvColumns, Engine, EngineOptions, Event, Pending, RuleStats, Ruleset, Stats};
pub use model::decision::{Argument, CannotSay, Decision, Effect, Hit, Reject, Stamp, Suppressed};
pub use os::{DiskFiles, compile};
pub use source::{FileError, Files, MemoryFiles, SourceMap};
