//! Tree to meaning: every name resolved, every type known.
//!
//! [`check`] runs in the order in which things depend on each other: names, header, types of events, data
//! files, `let`s and signals, rules, policies, tests. Everything that is found goes into one list of
//! diagnostics; the [`Hir`] is only meaningful if there is no error among them.

mod cases;
mod check;
pub mod data;
mod declare;
mod definitions;
mod errors;
mod events;
mod feeds;
mod header;
pub mod hir;
mod identity;
mod infer;
pub mod limits;
pub mod meaning;
mod memories;
pub mod print;
mod scope;
mod sources;
mod types;

use std::collections::HashMap;
use std::sync::Arc;

use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::model::ids::*;
use crate::model::schema::{EventSchema, Schema};
use crate::model::types::EntityType;
use crate::source::{FileError, SourceId, SourceMap};
use crate::syntax::ast;
use declare::Names;
use definitions::Definitions;
use hir::Hir;
use memories::Memories;
use scope::{Locals, Scope};

/// What a ruleset is made of, already read and parsed.
pub struct Input<'a> {
    /// In order of path.
    pub files: Vec<FileInput<'a>>,
    /// Also holds the data files that were read.
    pub sources: &'a SourceMap,
    pub data: &'a DataFiles,
    /// The folder's (or file's) name: the ruleset's name if there is no header.
    pub default_name: &'a str,
}

/// One parsed file.
#[derive(Copy, Clone)]
pub struct FileInput<'a> {
    pub file: &'a ast::File,
    /// Of the ruleset itself, not used by it: its header counts, and it may override what is used.
    pub root: bool,
    /// Whether this file's rules, tests and policies count, or only its declarations (plain `use`).
    pub rules: bool,
}

/// Where the text of each data file is that a declaration names.
#[derive(Debug, Default)]
pub struct DataFiles(HashMap<(SourceId, String), Result<SourceId, FileError>>);

impl DataFiles {
    /// `declaring`: the rules file in which `path` is written.
    pub fn insert(
        &mut self,
        declaring: SourceId,
        path: impl Into<String>,
        text: Result<SourceId, FileError>,
    ) {
        self.0.insert((declaring, path.into()), text);
    }

    pub fn get(&self, declaring: SourceId, path: &str) -> Option<&Result<SourceId, FileError>> {
        self.0.get(&(declaring, path.to_string()))
    }
}

/// Checks a whole ruleset and gives all findings, sorted.
pub fn check(input: Input<'_>) -> (Hir, Diagnostics) {
    let mut out = Diagnostics::new();
    let (items, names) = declare::collect(&input, &mut out);
    let header = header::read(&items, input.default_name, &mut out);
    let definitions = Definitions::new(&items);
    let mut checker = Checker {
        sources: input.sources,
        files: input.data,
        out,
        names,
        header,
        entities: Vec::new(),
        shapes: Vec::new(),
        groups: Vec::new(),
        lists: Vec::new(),
        tables: Vec::new(),
        phrases: Vec::new(),
        calendars: Vec::new(),
        rates: None,
        actions: Vec::new(),
        label_entities: Vec::new(),
        labels: Vec::new(),
        mute_clauses: Vec::new(),
        mutes: Vec::new(),
        memories: Memories::default(),
        definitions,
        rules: Vec::new(),
        certain: Vec::new(),
        too_deep_told: false,
        locals: Locals::default(),
        incomplete: input.files.iter().any(|f| f.file.incomplete || !f.file.broken_names.is_empty()),
        depth: 0,
    };
    checker.entities(&items);
    checker.events(&items);
    checker.header_values(&items);
    checker.check_overrides();
    checker.sources(&items);
    checker.actions(&items);
    checker.labels(&items);
    checker.check_definitions();
    checker.rules(&items);
    let policies = checker.policies(&items);
    let tests = checker.tests(&items);
    checker.finish(policies, tests)
}

/// The state of one check.
struct Checker<'a> {
    sources: &'a SourceMap,
    files: &'a DataFiles,
    out: Diagnostics,
    names: Names<'a>,
    header: hir::Header,
    entities: Vec<Arc<EntityType>>,
    /// The declared events, then the built-in `hit`.
    shapes: Vec<Arc<EventSchema>>,
    groups: Vec<Vec<EventId>>,
    lists: Vec<hir::List>,
    tables: Vec<hir::Table>,
    phrases: Vec<hir::Phrases>,
    calendars: Vec<hir::Calendar>,
    rates: Option<Arc<crate::model::data::RatesData>>,
    actions: Vec<hir::Action>,
    /// What each label is put on; absent if that is not known.
    label_entities: Vec<Option<EntityId>>,
    labels: Vec<hir::Label>,
    /// Every `mute` of the rules, until all rules are known.
    mute_clauses: Vec<check::MuteClause<'a>>,
    mutes: Vec<hir::Mute>,
    memories: Memories,
    definitions: Definitions<'a>,
    rules: Vec<hir::Rule>,
    /// Findings that hold whoever comes upon them (circles, depth): kept apart, since they show up while something
    /// else is tried.
    certain: Vec<Diagnostic>,
    too_deep_told: bool,
    /// The `let`s of the rule that is being checked.
    locals: Locals,
    /// Some file could not be read wholly, which was reported where it was read.
    incomplete: bool,
    /// Of the expression being inferred, definitions followed.
    depth: usize,
}

impl<'a> Checker<'a> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.out.push(diagnostic);
    }

    /// Runs `work` and gives what it reported instead of keeping it.
    fn aside<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, Diagnostics) {
        let kept = std::mem::take(&mut self.out);
        let result = work(self);
        (result, std::mem::replace(&mut self.out, kept))
    }

    /// Where only what is the same on every event is in sight.
    fn constants(&self) -> Scope {
        Scope::constants().with_locals(self.locals.clone())
    }

    fn shape(&self, event: EventId) -> Arc<EventSchema> {
        self.shapes[event.index()].clone()
    }

    /// The built-in event of hits; it is no part of the schema, since nobody sends it.
    fn hit(&self) -> EventId {
        EventId::new(self.shapes.len() - 1)
    }

    /// The last line of defence: a rule that was not understood is never accepted without a word.
    fn nothing_passes_silently(&mut self) {
        if self.incomplete || self.out.has_errors() {
            return;
        }
        let unclear = self.rules.iter().find(|rule| {
            let mut found = rule.bodies.is_empty();
            for expr in rule.bodies.iter().flat_map(|b| b.expressions()) {
                expr.walk(&mut |e| found |= matches!(e.kind, hir::ExprKind::Error));
            }
            found
        });
        if let Some(rule) = unclear {
            let finding = Diagnostic::new(
                &codes::TOO_LARGE,
                format!("the rule `{}` could not be understood", rule.name),
                rule.span,
                "this rule",
            )
            .help("simplify what it uses");
            self.report(finding);
        }
    }

    fn finish(mut self, policies: Vec<hir::Policy>, tests: Vec<hir::Test>) -> (Hir, Diagnostics) {
        let hit = self.shape(self.hit());
        self.shapes.pop();
        let certain = std::mem::take(&mut self.certain);
        certain.into_iter().for_each(|finding| self.out.push(finding));
        self.nothing_passes_silently();
        let events = self.shapes.into_iter().map(Arc::unwrap_or_clone).collect();
        let (memories, sequences) = self.memories.into_vecs();
        let hir = Hir {
            header: self.header,
            entities: self.entities,
            schema: Arc::new(Schema { events }),
            hit,
            lists: self.lists,
            tables: self.tables,
            phrases: self.phrases,
            calendars: self.calendars,
            rates: self.rates,
            actions: self.actions,
            labels: self.labels,
            mutes: self.mutes,
            memories,
            sequences,
            rules: self.rules,
            policies,
            tests,
        };
        self.out.sort();
        (hir, self.out)
    }
}

#[cfg(test)]
mod tests;
