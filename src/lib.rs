#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod builtins;
mod compile;
#[expect(missing_docs, reason = "seen by `tooling` alone")]
mod decode;
mod diag;
mod engine;
mod format;
mod lint;
#[expect(missing_docs, reason = "seen by the command alone")]
mod log;
mod model;
#[expect(missing_docs, reason = "seen by `tooling` alone")]
mod oracle;
mod os;
mod plan;
#[expect(missing_docs, reason = "seen by `tooling` alone")]
mod sema;
mod source;
#[expect(missing_docs, reason = "seen by `tooling` alone")]
mod state;
mod store;
#[expect(missing_docs, reason = "seen by `tooling` alone")]
mod syntax;
mod text;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod tooling;
mod vm;

pub use compile::{CompileError, Compiled, compile_files, compile_text};
pub use diag::{Code, Diagnostic, Diagnostics, Edit, Fix, Label, Severity, render::Format};
pub use engine::{
    Answer, Carried, CarriedPart, CsvColumns, Engine, EngineOptions, Event, Failed, Fate, HeldPart, Recovery,
    RuleStats, Ruleset, Stats, StoreError, Summary,
};
#[doc(hidden)]
pub use engine::{LoadError, Pending, Told};
#[doc(hidden)]
pub use log::{Again, Answers, Begin, DecisionLog, Logged, Memory, Message, Start};
#[doc(hidden)]
pub use model::decision::Quiet;
pub use model::decision::{
    Argument, CannotSay, Decision, Effect, EffectKind, Hit, Reject, Stamp, Suppressed, Warming,
};
pub use model::time::Time;
pub use os::{DiskFiles, StoreFinding, compile};
#[doc(hidden)]
pub use os::{erase_from_log, read_log};
pub use source::{FileError, Files, MemoryFiles, Position, Source, SourceId, SourceMap, Span};
#[doc(hidden)]
pub use state::disk::Piece;
#[doc(hidden)]
pub use state::save::{Sink, Source as StateSource};
pub use store::{Durability, Store, StoreOptions};
