//! Source text to codes and to typed trees.

mod examples;
mod files;
mod golden;
mod limits;
mod pages;

use super::{DataFiles, FileInput, Input, check, hir::Hir};
use crate::diag::{Diagnostics, Severity};
use crate::source::SourceMap;
use crate::syntax;

/// A ruleset of one text, with data files as `(path, text)`.
pub fn check_with(text: &str, files: &[(&str, &str)]) -> (Hir, Diagnostics, SourceMap) {
    let mut sources = SourceMap::default();
    let main = sources.add("main.rules", text);
    let mut data = DataFiles::new();
    for (path, content) in files {
        let id = sources.add(*path, *content);
        data.insert(main, *path, Ok(id));
    }
    let (file, mut found) = syntax::parse(main, text);
    let input = Input {
        files: vec![FileInput { file: &file, root: true, rules: true }],
        sources: &sources,
        data: &data,
        default_name: "main",
    };
    let (hir, more) = check(input);
    found.extend(more);
    found.sort();
    (hir, found, sources)
}

/// The findings as `CODE "text under the first label": message`.
pub fn findings(text: &str) -> Vec<String> {
    let (_, found, sources) = check_with(text, &[]);
    found.iter().map(|d| format!("{} {:?}: {}", d.code.name, sources.slice(d.span()), d.message)).collect()
}

/// Names of the codes of all errors.
pub fn errors(text: &str) -> Vec<&'static str> {
    let (_, found, _) = check_with(text, &[]);
    found.iter().filter(|d| d.severity() == Severity::Error).map(|d| d.code.name).collect()
}
