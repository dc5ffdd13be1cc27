//! What the command line, editors and tests need of the stages: typed trees, positions, printers. Not stable.

use std::sync::Arc;

use crate::compile::Compiled;
use crate::decode::{self, Decoded, Decoder};
use crate::diag::Diagnostics;
use crate::engine::EngineOptions;
use crate::model::decision::Decision;
use crate::model::schema::Schema;
use crate::model::slot::Arena;
use crate::source::{FileError, SourceMap};

pub use crate::compile::{Checked, Parsed, Sources, check_files, check_text};
pub use crate::diag::render::{Format, render, summary as render_summary};
pub use crate::diag::{Severity, codes, nearest};
pub use crate::engine::testing::{Coverage, TestReport, run_tests};
pub use crate::oracle::Oracle;
pub use crate::sema::hir;
pub use crate::sema::print::print as print_hir;
pub use crate::syntax::ast;
pub use crate::syntax::print::file as print_ast;

/// Checks the ruleset at a path on disk.
pub fn check_path(path: &str) -> Result<Checked, FileError> {
    check_files(&crate::os::DiskFiles, path)
}

/// The canonical form of a text, or its syntax errors with their source.
pub fn format_source(path: &str, text: &str) -> Result<String, (SourceMap, Diagnostics)> {
    crate::format::format(text).map_err(|_| {
        let mut sources = SourceMap::default();
        let source = sources.add(path, text);
        let (_, mut diagnostics) = crate::syntax::parse(source, text);
        diagnostics.sort();
        (sources, diagnostics)
    })
}

/// The oracle in an engine's place: JSON lines in, decisions out, of a compiled ruleset. Slow, and right by definition.
pub struct Reference {
    schema: Arc<Schema>,
    decoder: Decoder,
    decoded: Decoded,
    oracle: Oracle,
}

impl Reference {
    pub fn new(compiled: &Compiled) -> Reference {
        let hir = Arc::new(compiled.ruleset.hir().clone());
        let options = EngineOptions::default();
        let decoder_options = decode::Options {
            default_event: None,
            hash_key: options.hash_key.clone(),
            clock_lead: Some(options.clock_lead),
        };
        Reference {
            schema: hir.schema.clone(),
            decoder: Decoder::new(&hir.schema, &[], decoder_options),
            decoded: Decoded::new(),
            oracle: Oracle::new(hir, &compiled.sources, compiled.ruleset.stamp().clone(), &options.hash_key),
        }
    }

    /// `None` if the line can't be read.
    pub fn decide_json(&mut self, line: &[u8]) -> Option<Decision> {
        self.decoder.decode_json(line, &mut self.decoded).ok()?;
        let event = self.decoded.to_event(&self.schema, &Arena::constants());
        Some(self.oracle.decide(&event))
    }
}

/// The parts that every event passes, for `benches/kernels.rs`.
pub mod kernels {
    pub use crate::decode::{Decoded, Decoder, Options as DecodeOptions};
    pub use crate::model::decision::{Decision, Stamp};
    pub use crate::model::ids::{EntityId, EventId, MemoryId};
    pub use crate::model::schema::{EventSchema, FieldSchema, Pointer, Schema, TimeFormat};
    pub use crate::model::slot::{Arena, Arenas, Slot};
    pub use crate::model::time::{Duration, Time};
    pub use crate::model::types::{EntityType, Ty, Type};
    pub use crate::model::window::AggregateFn;
    pub use crate::state::{Bounds, MemorySpec, Options as StoreOptions, Store};
}
