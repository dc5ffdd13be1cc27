//! Where text comes from: sources, spans and positions.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Names one source text in a [`SourceMap`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// A run of bytes of one source, `start..end`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Which text.
    pub source: SourceId,
    /// The first byte.
    pub start: u32,
    /// Past the last byte.
    pub end: u32,
}

impl Span {
    pub(crate) fn new(source: SourceId, start: usize, end: usize) -> Span {
        Span { source, start: start as u32, end: end as u32 }
    }

    /// The smallest span that covers both; `other` must be of the same source.
    pub(crate) fn to(self, other: Span) -> Span {
        Span { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// For slices of the text.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// A place between two bytes.
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// A line and a column as people count them: from 1, columns in characters.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// One text: a rules file or a data file.
#[derive(Debug)]
pub struct Source {
    /// The path as shown to people and hashed: relative to the ruleset, with `/`.
    pub path: String,
    /// All of it.
    pub text: Arc<str>,
    line_starts: Vec<u32>,
}

impl Source {
    pub(crate) fn new(path: impl Into<String>, text: impl Into<Arc<str>>) -> Source {
        let text = text.into();
        let mut line_starts = vec![0];
        line_starts.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1));
        Source { path: path.into(), text, line_starts }
    }

    /// Index of the line (from 0) that holds `offset`.
    pub fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start as usize <= offset) - 1
    }

    /// The bytes of line `index` (from 0), its line end excluded.
    pub fn line_range(&self, index: usize) -> std::ops::Range<usize> {
        let start = self.line_starts[index] as usize;
        let end = self.line_starts.get(index + 1).map_or(self.text.len(), |next| *next as usize - 1);
        let end = if end > start && self.text.as_bytes()[end - 1] == b'\r' { end - 1 } else { end };
        start..end
    }

    /// At least 1.
    pub fn line_count(&self) -> usize {
        self.line_starts.len()
    }

    /// Of a byte of the text; one past the end is taken as the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.line_of(offset);
        let start = self.line_starts[line] as usize;
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        Position { line: line + 1, column }
    }
}

/// Every text of one compilation.
#[derive(Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    pub(crate) fn add(&mut self, path: impl Into<String>, text: impl Into<Arc<str>>) -> SourceId {
        self.sources.push(Source::new(path, text));
        SourceId(self.sources.len() as u32 - 1)
    }

    /// The text of that id, which must be of this map.
    ///
    /// # Panics
    /// With an id of another compilation that this one does not have.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.sources[id.0 as usize]
    }

    /// Every text with its id.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.sources.iter().enumerate().map(|(i, s)| (SourceId(i as u32), s))
    }

    /// The text under a span.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.source).text.get(span.range()).unwrap_or("")
    }
}

/// Why a file could not be had; the text names the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// As it was asked for.
    pub path: String,
    /// In a few words: `no such file`.
    pub reason: String,
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`: {}", self.path, self.reason)
    }
}

impl std::error::Error for FileError {}

/// What the compiler needs of a file system. Paths use `/`, are relative to wherever the host
/// roots them, and may climb with `..`.
///
/// [`MemoryFiles`] and [`DiskFiles`](crate::DiskFiles) are there already; a host that keeps rulesets elsewhere writes its own.
pub trait Files {
    /// Every `*.rules` file below `directory`, sorted; `None` if it is a file.
    ///
    /// # Errors
    /// If there is neither a file nor a directory of that path, or it can't be read.
    fn rules_below(&self, directory: &str) -> Result<Option<Vec<String>>, FileError>;
    /// The bytes of one file: rules, or the data that they name.
    ///
    /// # Errors
    /// If there is no such file, or it can't be read.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;
}

/// Files that live in memory: rulesets that a host builds itself, and tests.
///
/// ```
/// use rulec::{MemoryFiles, compile_files};
///
/// let mut files = MemoryFiles::new();
/// files.add("shop/events.rules", "event order { amount: money(USD) }");
/// files.add("shop/large.rules", "rule large on order { review if amount > 500 USD }");
/// let compiled = compile_files(&files, "shop").unwrap();
/// assert_eq!(compiled.ruleset.rule_names().collect::<Vec<_>>(), ["large"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles(BTreeMap<String, Vec<u8>>);

impl MemoryFiles {
    /// None yet.
    pub fn new() -> MemoryFiles {
        MemoryFiles::default()
    }

    /// Adds (or replaces) one file.
    pub fn add(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> &mut MemoryFiles {
        self.0.insert(normalize_path(&path.into()), bytes.into());
        self
    }
}

impl Files for MemoryFiles {
    fn rules_below(&self, directory: &str) -> Result<Option<Vec<String>>, FileError> {
        let directory = normalize_path(directory);
        if self.0.contains_key(&directory) {
            return Ok(None);
        }
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let mut any = false;
        let mut found = Vec::new();
        for path in self.0.keys().filter(|path| path.starts_with(&prefix)) {
            any = true;
            if path.ends_with(".rules") {
                found.push(path.clone());
            }
        }
        if any {
            Ok(Some(found))
        } else {
            Err(FileError { path: directory, reason: "no such file or directory".into() })
        }
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let path = normalize_path(path);
        self.0.get(&path).cloned().ok_or_else(|| FileError { path, reason: "no such file".into() })
    }
}

/// Folds `.` and `..` out of a `/`-separated path: `a/./b/../c` is `a/c`; leading `..` stay.
pub fn normalize_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    if path.starts_with('/') { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_lines_from_one() {
        let source = Source::new("a.rules", "ab\nzażółć x\r\n");
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        let x = source.text.find('x').unwrap();
        assert_eq!(source.position(x), Position { line: 2, column: 8 });
        assert_eq!(&source.text[source.line_range(1)], "zażółć x");
    }

    #[test]
    fn paths_are_folded() {
        assert_eq!(normalize_path("a/./b/../c"), "a/c");
        assert_eq!(normalize_path("../x//y"), "../x/y");
        assert_eq!(normalize_path("a/../../b"), "../b");
    }
}
