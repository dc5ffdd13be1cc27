//! SARIF 2.1.0, the format that code-scanning services read.

use serde_json::{Value, json};

use super::super::codes::{self, Code};
use super::super::{Diagnostic, Diagnostics, Severity};
use super::screen;
use crate::source::{SourceMap, Span};

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// A relative URI reference (or `file:` for an absolute path); everything but unreserved characters is escaped.
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(byte as char)
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn artifact(span: Span, sources: &SourceMap) -> Value {
    json!({ "uri": uri(&sources.get(span.source).path) })
}

fn region(span: Span, sources: &SourceMap) -> Value {
    let source = sources.get(span.source);
    let (from, to) = (source.position(span.start as usize), source.position(span.end as usize));
    json!({
        "startLine": from.line,
        "startColumn": from.column,
        "endLine": to.line,
        "endColumn": to.column,
    })
}

fn location(span: Span, text: &str, sources: &SourceMap) -> Value {
    let mut location = json!({
        "physicalLocation": { "artifactLocation": artifact(span, sources), "region": region(span, sources) },
    });
    if !text.is_empty() {
        location["message"] = json!({ "text": text });
    }
    location
}

fn fix(diagnostic: &Diagnostic, sources: &SourceMap) -> Option<Value> {
    let fix = diagnostic.fix.as_ref()?;
    let changes: Vec<Value> = fix
        .edits
        .iter()
        .map(|edit| {
            json!({
                "artifactLocation": artifact(edit.span, sources),
                "replacements": [{
                    "deletedRegion": region(edit.span, sources),
                    "insertedContent": { "text": edit.replacement },
                }],
            })
        })
        .collect();
    Some(json!([{ "description": { "text": fix.title }, "artifactChanges": changes }]))
}

fn result(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let message = match &diagnostic.help {
        Some(help) => format!("{}\n{help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut result = json!({
        "ruleId": diagnostic.code.id,
        "level": level(diagnostic.severity()),
        "message": { "text": message },
        "locations": diagnostic.labels.iter().take(1).map(|l| location(l.span, &l.text, sources)).collect::<Vec<_>>(),
    });
    if let Some(index) = codes::ALL.iter().position(|code| *code == diagnostic.code) {
        result["ruleIndex"] = json!(index);
    }
    if diagnostic.labels.len() > 1 {
        let related = diagnostic.labels.iter().skip(1).map(|l| location(l.span, &l.text, sources));
        result["relatedLocations"] = Value::Array(related.collect());
    }
    if let Some(fixes) = fix(diagnostic, sources) {
        result["fixes"] = fixes;
    }
    result
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.id,
        "name": code.name,
        "shortDescription": { "text": code.title },
        "help": { "text": code.page, "markdown": code.page },
        "defaultConfiguration": { "level": level(code.severity) },
    })
}

/// One run with one result per finding.
pub fn render(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
    let rules: Vec<Value> = codes::ALL.iter().map(|code| rule(code)).collect();
    let results: Vec<Value> = diagnostics.iter().map(|d| result(d, sources)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let json = serde_json::to_string_pretty(&log).unwrap_or_default();
    screen::escape_json(&json).into_owned() + "\n"
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_are_escaped() {
        assert_eq!(super::uri("a b/ż.rules"), "a%20b/%C5%BC.rules");
        assert_eq!(super::uri("../c:d"), "../c%3Ad");
        assert_eq!(super::uri("/x"), "file:///x");
    }
}
