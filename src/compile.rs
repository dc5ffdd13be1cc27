//! From files to a ruleset: the only place that knows the order of the stages.
//!
//! [`Sources`] → [`Parsed`] → [`Checked`] → [`Ruleset`]: each is made by the one method that consumes the stage before,
//! so stages can't run out of order, and each gives its findings beside what it could make.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::diag::{Diagnostic, Diagnostics, Severity, codes, render};
use crate::engine::{Ruleset, RulesetFiles};
use crate::lint;
use crate::sema::{self, DataFiles, hir::Hir};
use crate::source::{FileError, Files, SourceId, SourceMap, Span, normalize_path};
use crate::syntax::{self, ast};

/// The files of a ruleset, found but not read.
pub struct Sources<'a> {
    files: &'a dyn Files,
    root: Root,
    rules: Vec<String>,
}

/// Where the ruleset is: what paths are relative to, and its name if it has no header.
struct Root {
    path: String,
    directory: String,
    name: String,
}

/// Every rules file read and parsed, `use`d ones and data files included.
pub struct Parsed {
    /// Every text that was read.
    pub sources: SourceMap,
    /// The trees of the rules files.
    pub files: Vec<ParsedFile>,
    /// What was wrong so far.
    pub diagnostics: Diagnostics,
    data: DataFiles,
    root: Root,
    /// What the hash covers: relative path and bytes.
    contents: BTreeMap<String, Vec<u8>>,
}

/// The tree of one rules file.
pub struct ParsedFile {
    /// The tree.
    pub file: ast::File,
    /// Of the ruleset itself, not brought in by `use`.
    pub root: bool,
    /// Its rules and tests count, not only its declarations.
    pub rules: bool,
}

/// Names, types and lints done.
pub struct Checked {
    /// Every text that was read.
    pub sources: SourceMap,
    /// What could be understood.
    pub hir: Hir,
    /// All findings.
    pub diagnostics: Diagnostics,
    files: RulesetFiles,
}

/// A ruleset that is ready to run, and what there is to warn of.
#[derive(Debug)]
pub struct Compiled {
    /// What an [`Engine`](crate::Engine) runs.
    pub ruleset: Arc<Ruleset>,
    /// Findings that don't keep it from running.
    pub warnings: Diagnostics,
    /// The texts that the warnings point into.
    pub sources: SourceMap,
}

/// Why a ruleset can't run. Its text is every finding with its place and how to mend it.
///
/// ```
/// let error = rulec::compile_text("shop.rules", "rule large on ordr { review always }").unwrap_err();
/// let rulec::CompileError::Rejected { diagnostics, .. } = &error else { panic!("the text was read") };
/// assert!(diagnostics.has_errors());
/// assert!(error.to_string().contains("shop.rules:1:15: error[E0201 unknown_name]"));
/// ```
pub enum CompileError {
    /// The ruleset itself can't be read.
    File(FileError),
    /// It was read, and has errors.
    Rejected {
        /// The texts that the findings point into.
        sources: Box<SourceMap>,
        /// Errors and warnings, at least one error among them.
        diagnostics: Diagnostics,
    },
}

impl<'a> Sources<'a> {
    /// `path` is a directory (every `*.rules` file below it) or one file.
    pub fn read(files: &'a dyn Files, path: &str) -> Result<Sources<'a>, FileError> {
        let path = normalize_path(path);
        let (directory, rules) = match files.rules_below(&path)? {
            Some(rules) if rules.is_empty() => {
                return Err(FileError { path, reason: "no `*.rules` file in this directory".into() });
            }
            Some(rules) => (path.clone(), rules),
            None => (parent(&path), vec![path.clone()]),
        };
        let last = path.rsplit('/').next().unwrap_or_default();
        let name = last.strip_suffix(".rules").unwrap_or(last);
        let name = if name.is_empty() || name == ".." { "ruleset" } else { name }.to_string();
        Ok(Sources { files, root: Root { path, directory, name }, rules })
    }

    /// Reads and parses everything, and what it uses. A file that can't be read is a finding where it is asked for.
    pub fn parse(self) -> Result<Parsed, FileError> {
        let mut reader = Reader {
            files: self.files,
            directory: &self.root.directory,
            sources: SourceMap::default(),
            parsed: Vec::new(),
            known: HashMap::new(),
            visiting: vec![self.root.path.clone()],
            done: BTreeSet::new(),
            diagnostics: Diagnostics::new(),
            data: DataFiles::default(),
            contents: BTreeMap::new(),
        };
        for path in &self.rules {
            reader.rules_file(path, true, true, None)?;
        }
        reader.visit_uses(0..reader.parsed.len());
        let Reader { sources, parsed, diagnostics, data, contents, .. } = reader;
        Ok(Parsed { sources, files: parsed, diagnostics, data, root: self.root, contents })
    }
}

struct Reader<'a> {
    files: &'a dyn Files,
    directory: &'a str,
    sources: SourceMap,
    parsed: Vec<ParsedFile>,
    /// Path → place in `parsed`: a file reached twice counts once.
    known: HashMap<String, usize>,
    /// The chain of `use`d paths, to find cycles.
    visiting: Vec<String>,
    /// `use`d paths that were followed already, with whether for their rules too.
    done: BTreeSet<(String, bool)>,
    diagnostics: Diagnostics,
    data: DataFiles,
    contents: BTreeMap<String, Vec<u8>>,
}

impl Reader<'_> {
    /// Reads one rules file. Without a `use` to blame, a file that can't be read ends the whole compilation.
    fn rules_file(
        &mut self,
        path: &str,
        root: bool,
        rules: bool,
        asked_by: Option<Span>,
    ) -> Result<(), FileError> {
        if let Some(&at) = self.known.get(path) {
            self.parsed[at].rules |= rules;
            return Ok(());
        }
        let text = match self.text(path) {
            Ok(text) => text,
            Err(error) => {
                let Some(span) = asked_by else { return Err(error) };
                self.unreadable(&error, span);
                return Ok(());
            }
        };
        let source = self.sources.add(path, text);
        let text = self.sources.get(source).text.clone();
        let (file, found) = syntax::parse(source, &text);
        self.diagnostics.extend(found);
        self.read_data(source, &file);
        self.known.insert(path.to_string(), self.parsed.len());
        self.parsed.push(ParsedFile { file, root, rules });
        Ok(())
    }

    fn text(&mut self, path: &str) -> Result<String, FileError> {
        let bytes = self.files.read(path)?;
        self.contents.insert(relative(self.directory, path), bytes.clone());
        String::from_utf8(bytes).map_err(|error| {
            let line =
                error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count()
                    + 1;
            FileError {
                path: path.to_string(),
                reason: format!("line {line} is not valid UTF-8: save the file as UTF-8"),
            }
        })
    }

    /// Every data file that the declarations of one file ask for.
    fn read_data(&mut self, source: SourceId, file: &ast::File) {
        for text in data_paths(file) {
            let written = &text.value;
            if self.data.get(source, written).is_some() {
                continue;
            }
            let path = normalize_path(&join(&parent(&self.sources.get(source).path), written));
            let known = self.sources.iter().find(|(_, s)| s.path == path).map(|(id, _)| id);
            let loaded = match known {
                Some(id) => Ok(id),
                None => self.text(&path).map(|text| self.sources.add(path, text)),
            };
            self.data.insert(source, written.clone(), loaded);
        }
    }

    /// Follows the `use`s of the files at these places, depth first, so that a cycle shows as a path that is being visited.
    fn visit_uses(&mut self, places: std::ops::Range<usize>) {
        for place in places {
            let parsed = &self.parsed[place];
            let source = parsed.file.source;
            let uses: Vec<ast::Use> = parsed
                .file
                .items
                .iter()
                .filter_map(|item| match &item.kind {
                    ast::ItemKind::Use(used) => Some(used.clone()),
                    _ => None,
                })
                .collect();
            // Rules of a plainly used file do not count, and so neither do rules that it uses.
            let outer_rules = parsed.rules;
            for used in uses {
                self.follow(source, &used, outer_rules);
            }
        }
    }

    fn follow(&mut self, source: SourceId, used: &ast::Use, outer_rules: bool) {
        let base = parent(&self.sources.get(source).path);
        let path = normalize_path(&join(&base, &used.path.value));
        let rules = used.rules && outer_rules;
        if self.visiting.contains(&path) {
            self.diagnostics.push(
                Diagnostic::new(
                    &codes::USE_CYCLE,
                    format!("`{}` uses itself, directly or through others", used.path.value),
                    used.path.span,
                    "this leads back to where it started",
                )
                .help("move the declarations that both need into a directory of their own, and `use` it from both"),
            );
            return;
        }
        if !self.done.insert((path.clone(), rules)) {
            return;
        }
        let found = match self.files.rules_below(&path) {
            Ok(Some(found)) if found.is_empty() => {
                let error =
                    FileError { path: path.clone(), reason: "no `*.rules` file in this directory".into() };
                return self.unreadable(&error, used.path.span);
            }
            Ok(Some(found)) => found,
            Ok(None) => vec![path.clone()],
            Err(error) => return self.unreadable(&error, used.path.span),
        };
        let start = self.parsed.len();
        let mut again = Vec::new();
        for file in &found {
            if let Some(&at) = self.known.get(file) {
                again.push(at);
            }
            // With a `use` to blame this reports by itself.
            let _ = self.rules_file(file, false, rules, Some(used.path.span));
        }
        self.visiting.push(path);
        self.visit_uses(start..self.parsed.len());
        for at in again {
            self.visit_uses(at..at + 1);
        }
        self.visiting.pop();
    }

    fn unreadable(&mut self, error: &FileError, span: Span) {
        self.diagnostics.push(
            Diagnostic::new(&codes::USE_MISSING, format!("can't use {error}"), span, "asked for here")
                .help("the path is relative to this file, and names a directory or one `.rules` file"),
        );
    }
}

/// The paths of data files, as written.
fn data_paths(file: &ast::File) -> Vec<&ast::Text> {
    let mut paths = Vec::new();
    for item in &file.items {
        match &item.kind {
            ast::ItemKind::List(ast::List { source: ast::ListSource::File(path), .. })
            | ast::ItemKind::Table(ast::Table { source: ast::TableSource::File(path), .. })
            | ast::ItemKind::Calendar(ast::Calendar { source: ast::TableSource::File(path), .. })
            | ast::ItemKind::Rates(ast::Rates { file: path, .. }) => paths.push(path),
            ast::ItemKind::Phrases(phrases) => {
                paths.push(&phrases.file);
                paths.extend(phrases.fold.iter());
            }
            _ => {}
        }
    }
    paths
}

impl Parsed {
    /// Names, types, lints; then the findings that comments allow are taken out.
    pub fn check(self) -> Checked {
        let Parsed { sources, files, mut diagnostics, data, root, contents } = self;
        let mut order: Vec<&ParsedFile> = files.iter().collect();
        order.sort_by_key(|f| &sources.get(f.file.source).path);
        let (hir, found) = sema::check(sema::Input {
            files: order
                .iter()
                .map(|f| sema::FileInput { file: &f.file, root: f.root, rules: f.rules })
                .collect(),
            sources: &sources,
            data: &data,
            default_name: &root.name,
        });
        diagnostics.extend(found);
        let trees: Vec<&ast::File> = order.iter().map(|f| &f.file).collect();
        // Advice on a ruleset with errors would only bury the errors.
        if !diagnostics.has_errors() {
            diagnostics.extend(lint::lint(&hir, &trees, &sources));
        }
        let mut diagnostics = lint::suppress(diagnostics, &trees, &sources);
        diagnostics.sort();
        let files = RulesetFiles { path: root.path, directory: root.directory, contents };
        Checked { sources, hir, diagnostics, files }
    }
}

impl Checked {
    /// The ruleset, unless there are errors.
    pub fn compile(self) -> Result<Compiled, CompileError> {
        let Checked { sources, hir, diagnostics, files } = self;
        if diagnostics.has_errors() {
            return Err(CompileError::Rejected { sources: Box::new(sources), diagnostics });
        }
        let hash = hash(&files.contents);
        let ruleset = Arc::new(Ruleset::new(hir, &sources, hash, files));
        Ok(Compiled { ruleset, warnings: diagnostics, sources })
    }
}

/// Reads, checks and compiles the ruleset at `path`, a directory or one `.rules` file, from wherever a host keeps files.
///
/// # Errors
/// Everything that is wrong with it, each finding with its place and how to mend it.
pub fn compile_files(files: &dyn Files, path: &str) -> Result<Compiled, CompileError> {
    check_files(files, path).map_err(CompileError::File)?.compile()
}

/// Compiles once more what a ruleset was made of.
pub(crate) fn compile_again(files: &RulesetFiles) -> Result<Compiled, CompileError> {
    compile_files(&Again(files), &files.path)
}

/// The files of a ruleset, by their paths as seen from it.
struct Again<'a>(&'a RulesetFiles);

impl Files for Again<'_> {
    fn rules_below(&self, path: &str) -> Result<Option<Vec<String>>, FileError> {
        let below = relative(&self.0.directory, path);
        if self.0.contents.contains_key(&below) {
            return Ok(None);
        }
        let rest = |key: &String| -> Option<String> {
            let rest = match below.as_str() {
                "" => key.as_str(),
                below => key.strip_prefix(below)?.strip_prefix('/')?,
            };
            // As in a file system: neither what lies above nor what is hidden.
            let inside = rest.ends_with(".rules") && !rest.split('/').any(|part| part.starts_with('.'));
            inside.then(|| join(path, rest))
        };
        let found: Vec<String> = self.0.contents.keys().filter_map(rest).collect();
        if found.is_empty() {
            return Err(FileError { path: path.to_string(), reason: "no such file or directory".into() });
        }
        Ok(Some(found))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let found = self.0.contents.get(&relative(&self.0.directory, path)).cloned();
        found.ok_or_else(|| FileError { path: path.to_string(), reason: "no such file".into() })
    }
}

/// Checks and compiles a ruleset of one text; `name` is its path in findings, such as `shop.rules`. It can't name data
/// files or `use` others: for those there is [`compile_files`].
///
/// # Errors
/// Everything that is wrong with it, each finding with its place and how to mend it.
pub fn compile_text(name: &str, text: &str) -> Result<Compiled, CompileError> {
    check_text(name, text).compile()
}

/// As far as the findings.
pub fn check_files(files: &dyn Files, path: &str) -> Result<Checked, FileError> {
    Ok(Sources::read(files, path)?.parse()?.check())
}

/// As far as the findings, for a ruleset of one text.
pub fn check_text(name: &str, text: &str) -> Checked {
    let mut sources = SourceMap::default();
    let source = sources.add(name, text);
    let (file, diagnostics) = syntax::parse(source, text);
    let mut data = DataFiles::default();
    for path in data_paths(&file) {
        let missing =
            FileError { path: path.value.clone(), reason: "a ruleset of one text has no files".into() };
        data.insert(source, path.value.clone(), Err(missing));
    }
    let contents = BTreeMap::from([(name.to_string(), text.as_bytes().to_vec())]);
    let last = name.rsplit('/').next().unwrap_or_default();
    let root = Root {
        path: name.to_string(),
        directory: String::new(),
        name: last.strip_suffix(".rules").unwrap_or(last).to_string(),
    };
    let files = vec![ParsedFile { file, root: true, rules: true }];
    Parsed { sources, files, diagnostics, data, root, contents }.check()
}

/// SHA-256 over the sorted relative paths and bytes, 16 hex digits. Lengths stand before contents so that no
/// two rulesets run together to the same bytes.
fn hash(contents: &BTreeMap<String, Vec<u8>>) -> String {
    let mut hasher = Sha256::new();
    for (path, bytes) in contents {
        for part in [path.as_bytes(), bytes] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn parent(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) => "/".to_string(),
        Some((directory, _)) => directory.to_string(),
        None => String::new(),
    }
}

fn join(directory: &str, path: &str) -> String {
    if directory.is_empty() || path.starts_with('/') {
        path.to_string()
    } else {
        format!("{directory}/{path}")
    }
}

/// `path` as seen from `directory`; both normalized.
fn relative(directory: &str, path: &str) -> String {
    let from: Vec<&str> = directory.split('/').filter(|p| !p.is_empty()).collect();
    let to: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut parts = vec![".."; from.len() - shared];
    parts.extend(&to[shared..]);
    parts.join("/")
}

impl CompileError {
    /// Every finding in the format asked for; a file that can't be read has only its text.
    pub fn render(&self, format: render::Format, colour: bool) -> String {
        match self {
            CompileError::File(error) => error.to_string(),
            CompileError::Rejected { sources, diagnostics } => {
                render::render(diagnostics, sources, format, colour)
            }
        }
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let CompileError::Rejected { diagnostics, .. } = self {
            let errors = diagnostics.count(Severity::Error);
            writeln!(f, "the ruleset has {errors} error{}", if errors == 1 { "" } else { "s" })?;
        }
        f.write_str(&self.render(render::Format::Plain, false))
    }
}

impl fmt::Debug for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for CompileError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_ruleset() {
        assert_eq!(relative("rulesets/shop", "rulesets/shop/a/b.rules"), "a/b.rules");
        assert_eq!(relative("rulesets/shop", "rulesets/events/e.rules"), "../events/e.rules");
        assert_eq!(relative("", "x.rules"), "x.rules");
    }
}
