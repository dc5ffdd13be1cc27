//! Findings for programs.

use serde::Serialize;

use super::super::{Diagnostic, Diagnostics, Severity};
use super::screen;
use crate::source::{SourceMap, Span};

#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    name: &'a str,
    severity: &'a str,
    message: &'a str,
    help: Option<&'a str>,
    labels: Vec<Label<'a>>,
    fix: Option<Fix<'a>>,
}

#[derive(Serialize)]
struct Label<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    text: &'a str,
}

/// Offsets in bytes; lines and columns from 1, columns in characters.
#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    start: u32,
    end: u32,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct Fix<'a> {
    title: &'a str,
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
struct Edit<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    replacement: &'a str,
}

fn place(span: Span, sources: &SourceMap) -> Place<'_> {
    let source = sources.get(span.source);
    let (from, to) = (source.position(span.start as usize), source.position(span.end as usize));
    Place {
        path: &source.path,
        start: span.start,
        end: span.end,
        line: from.line,
        column: from.column,
        end_line: to.line,
        end_column: to.column,
    }
}

fn finding<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Finding<'a> {
    Finding {
        code: diagnostic.code.id,
        name: diagnostic.code.name,
        severity: match diagnostic.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        labels: diagnostic
            .labels
            .iter()
            .map(|label| Label { place: place(label.span, sources), text: &label.text })
            .collect(),
        fix: diagnostic.fix.as_ref().map(|fix| Fix {
            title: &fix.title,
            edits: fix
                .edits
                .iter()
                .map(|edit| Edit { place: place(edit.span, sources), replacement: &edit.replacement })
                .collect(),
        }),
    }
}

/// An array of objects, one per finding.
pub fn render(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
    let findings: Vec<Finding<'_>> = diagnostics.iter().map(|d| finding(d, sources)).collect();
    let json = serde_json::to_string_pretty(&findings).unwrap_or_default();
    screen::escape_json(&json).into_owned() + "\n"
}
