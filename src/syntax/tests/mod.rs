mod errors;
pub(crate) mod language;
pub(crate) mod robust;
mod tree;

use super::ast::File;
use super::parse;
use crate::diag::Diagnostics;
use crate::source::SourceId;

fn read(text: &str) -> (File, Diagnostics) {
    parse(SourceId(0), text)
}

/// The messages of a text, one a line, with the code's name and the piece of text each points at.
fn findings(text: &str) -> Vec<String> {
    let (_, diagnostics) = read(text);
    diagnostics
        .iter()
        .map(|d| format!("{}: {} @ `{}`", d.code.name, d.message, text.get(d.span().range()).unwrap_or("?")))
        .collect()
}

#[track_caller]
fn clean(text: &str) -> File {
    let (file, diagnostics) = read(text);
    assert!(diagnostics.is_empty(), "{:#?}\nin\n{text}", findings(text));
    file
}
