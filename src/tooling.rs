//! What the command line, editors and tests need of the stages: typed trees, positions, printers. Not stable.

use std::sync::Arc;

use crate::compile::Compiled;
use crate::decode::{self, Decoded, Decoder};
use crate::diag::Diagnostics;
use crate::engine::testing::{Decider, Fallen, fill, run_tests_with};
use crate::engine::{Answer, EngineOptions, lists};
use crate::model::decision::{Decision, Stamp};
use crate::model::schema::Schema;
use crate::model::slot::Arena;
use crate::sema::hir::Hir;
use crate::source::{FileError, SourceId, SourceMap};

/// Every built-in function, in the order of the documentation.
pub use crate::builtins::registry::ALL as BUILTINS;
pub use crate::compile::{Checked, Parsed, Sources, check_files, check_text};
pub use crate::diag::render::{Format, render, summary as render_summary};
pub use crate::diag::{Severity, codes, nearest};
pub use crate::engine::report::{FEW, Kept, StateReport};
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
    let mut sources = SourceMap::default();
    let source = sources.add(path, text);
    crate::format::format(source, text).map_err(|mut diagnostics| {
        diagnostics.sort();
        (sources, diagnostics)
    })
}

/// The tree of a text, without places: what two texts that mean the same have in common.
pub fn print_source(text: &str) -> String {
    print_ast(&crate::syntax::parse(SourceId(0), text).0)
}

/// The tests beside the rules, decided by the oracle.
pub fn run_tests_on_oracle(compiled: &Compiled) -> TestReport {
    run_tests_with(&compiled.ruleset, None, &mut |test| {
        let mut reference = Reference::with(compiled, replaced(compiled.ruleset.hir(), test));
        for replacement in &test.overrides {
            if let hir::Override::Fill(list, values) = replacement {
                reference.oracle.fill(fill(*list, values));
            }
        }
        Box::new(reference) as Box<dyn Decider>
    })
}

/// With the data that a test puts in place of the ruleset's own.
fn replaced(hir: &Hir, test: &hir::Test) -> Hir {
    let mut hir = hir.clone();
    for replacement in &test.overrides {
        match replacement {
            hir::Override::List(id, data) => hir.lists[id.index()].data = data.clone(),
            // Filled as by the first line of the test.
            hir::Override::Fill(..) => {}
            hir::Override::Table(id, data) => hir.tables[id.index()].data = data.clone(),
            hir::Override::Phrases(id, set) => hir.phrases[id.index()].set = set.clone(),
            hir::Override::Rates(rates) => hir.rates = Some(rates.clone()),
        }
    }
    hir
}

/// The oracle in an engine's place: JSON lines in, decisions out, of a compiled ruleset. Slow, and right by definition.
pub struct Reference {
    schema: Arc<Schema>,
    decoder: Decoder,
    decoded: Decoded,
    rejects: Arc<str>,
    stamp: Arc<Stamp>,
    oracle: Oracle,
    /// Decisions of deadlines that nobody asked for yet.
    deadlines: Vec<Decision>,
}

impl Reference {
    /// With the default options, and nothing remembered.
    pub fn new(compiled: &Compiled) -> Reference {
        Reference::with(compiled, compiled.ruleset.hir().clone())
    }

    fn with(compiled: &Compiled, hir: Hir) -> Reference {
        let hir = Arc::new(hir);
        let options = EngineOptions::default();
        let decoder_options = decode::Options {
            default_event: None,
            hash_key: options.hash_key.clone(),
            clock_lead: Some(options.clock_lead),
        };
        let stamp = compiled.ruleset.stamp().clone();
        Reference {
            schema: hir.schema.clone(),
            decoder: Decoder::new(&hir.schema, &[], decoder_options).with_lists(lists(&hir)),
            decoded: Decoded::new(),
            rejects: hir.outcome(hir.header.rejects).into(),
            stamp: stamp.clone(),
            oracle: Oracle::new(hir, &compiled.sources, stamp, &options.hash_key),
            deadlines: Vec::new(),
        }
    }

    /// Goes on as a ruleset that means the same and is called something else.
    pub fn go_on_as(&mut self, stamp: Arc<Stamp>) {
        self.oracle.go_on_as(stamp);
    }

    /// Whether the line can be read.
    pub fn can_read(&mut self, line: &[u8]) -> bool {
        self.decoder.decode_json(line, &mut self.decoded).is_ok()
    }

    /// The event's own decision. `None` if the line can't be read, or is none of an event.
    pub fn decide_json(&mut self, line: &[u8]) -> Option<Decision> {
        self.decoder.decode_json(line, &mut self.decoded).ok()?;
        let (before, own, after) = self.decide_decoded();
        self.deadlines.extend(before.into_iter().chain(after));
        own
    }

    /// Every decision that the line leads to, in their order; none if it can't be read.
    pub fn decide_all(&mut self, line: &[u8]) -> Vec<Decision> {
        if self.decoder.decode_json(line, &mut self.decoded).is_err() {
            return Vec::new();
        }
        let (before, own, after) = self.decide_decoded();
        before.into_iter().chain(own).chain(after).collect()
    }

    /// The decisions of deadlines that fell due since this was last asked.
    pub fn take_deadlines(&mut self) -> Vec<Decision> {
        std::mem::take(&mut self.deadlines)
    }

    fn decide_decoded(&mut self) -> (Vec<Decision>, Option<Decision>, Vec<Decision>) {
        if self.decoded.clock {
            return (self.oracle.clock(self.decoded.at), None, Vec::new());
        }
        if let Some(line) = self.decoded.list.take() {
            self.oracle.fill(*line);
            return (Vec::new(), None, Vec::new());
        }
        let event = self.decoded.to_event(&self.schema, &Arena::constants());
        let (before, own, after) = self.oracle.decide(&event);
        (before, Some(own), after)
    }
}

impl Decider for Reference {
    fn decide(&mut self, fields: &serde_json::Map<String, serde_json::Value>) -> Answer {
        if let Err(rejected) = self.decoder.decode_fields(fields, &mut self.decoded) {
            return Answer::Reject(rejected.into_reject(self.rejects.clone(), self.stamp.clone()));
        }
        let without = if self.decoded.list.is_some() { Answer::List } else { Answer::Clock };
        let (before, own, after) = self.decide_decoded();
        self.deadlines.extend(before.into_iter().chain(after));
        own.map_or(without, |decision| Answer::Decision(Arc::new(decision)))
    }

    fn fallen(&mut self) -> Vec<Fallen> {
        let fallen = |decision| Fallen { decision: Arc::new(decision), marks: Vec::new() };
        self.take_deadlines().into_iter().map(fallen).collect()
    }
}

/// The files that state is kept in.
pub mod disk {
    pub use crate::os::DiskDirectory;
    pub use crate::state::disk::{
        Directory, DirectoryOptions, Disk, DiskError, DiskFile, Durability, Each, ErrorKind, Finding,
        Fingerprint, Guard, Journal, LOCK_FILE, MAX_PAYLOAD, Piece, Progress, Published, Recovered,
        SnapshotReader, SnapshotWriter, Torn, View, verify,
    };
    use crate::{Engine, Store, StoreError, StoreOptions};
    use std::sync::Arc;

    /// A store on any disk, written by whoever decides.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn store_on(
        disk: Arc<dyn Disk>,
        options: StoreOptions,
        clock: Box<dyn Fn() -> u64 + Send + Sync>,
    ) -> Result<Store, StoreError> {
        Store::inline(disk, options, clock)
    }

    /// With a log that goes on in another file whenever one has grown to so many bytes.
    pub fn with_segments(options: StoreOptions, bytes: u64) -> StoreOptions {
        options.segment_bytes(bytes)
    }

    /// As [`Store::look`].
    ///
    /// # Errors
    /// Likewise.
    pub fn look(disk: Arc<dyn Disk>, options: &StoreOptions) -> Result<Engine, StoreError> {
        crate::store::look(disk, options)
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
    pub use crate::model::window::{AggregateFn, Window};
    pub use crate::state::{Bounds, Fill, MemorySpec, Options as StoreOptions, Question, Store};
}
