//! Workflow commands that annotate a change on a code host.

use std::fmt::Write;

use super::super::{Diagnostics, Severity};
use super::screen;
use crate::source::SourceMap;

/// Escapes the text after `::`, so that it can't end the command and begin another.
fn message(text: &str) -> String {
    screen::text(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a `key=value` part.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

pub fn render(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let command = match diagnostic.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let span = diagnostic.span();
        let source = sources.get(span.source);
        let (from, to) = (source.position(span.start as usize), source.position(span.end as usize));
        let mut text = diagnostic.message.clone();
        if let Some(help) = &diagnostic.help {
            text.push_str("\nhelp: ");
            text.push_str(help);
        }
        let _ =
            write!(out, "::{command} file={},line={},endLine={}", property(&source.path), from.line, to.line);
        // Columns are only understood within one line.
        if from.line == to.line {
            let _ = write!(out, ",col={},endColumn={}", from.column, to.column);
        }
        let _ = writeln!(
            out,
            ",title={}::{}",
            property(&format!("{} {}", diagnostic.code.id, diagnostic.code.name)),
            message(&text)
        );
    }
    out
}
