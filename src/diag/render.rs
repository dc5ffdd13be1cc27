//! Findings as people and programs read them. The only file of the library that names miette.

mod github;
mod json;
mod sarif;
mod screen;

use std::collections::HashMap;
use std::fmt::{self, Write};

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::{Diagnostic, Diagnostics, Severity};
use crate::source::{Source, SourceId, SourceMap};

/// How findings are written.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// With the source and arrows.
    Human,
    /// `path:line:col: error[E0201 unknown_name]: message`
    Plain,
    /// An array of objects.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Workflow commands.
    Github,
}

/// Columns that findings for people are wrapped at.
#[cfg(feature = "cli")]
const WIDTH: usize = 100;

/// Every finding in `format`, sorted by file and place; the empty string for no findings in the formats for
/// people. `color` concerns only [`Format::Human`].
pub fn render(diagnostics: &Diagnostics, sources: &SourceMap, format: Format, color: bool) -> String {
    let mut sorted = diagnostics.clone();
    sorted.sort();
    match format {
        Format::Human => human(&sorted, sources, color),
        Format::Plain => plain(&sorted, sources),
        Format::Json => json::render(&sorted, sources),
        Format::Sarif => sarif::render(&sorted, sources),
        Format::Github => github::render(&sorted, sources),
    }
}

/// `2 errors, 1 warning`; `no findings`.
pub fn summary(diagnostics: &Diagnostics) -> String {
    let counted = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        _ => Some(format!("{count} {what}s")),
    };
    let parts: Vec<String> = [
        counted(diagnostics.count(Severity::Error), "error"),
        counted(diagnostics.count(Severity::Warning), "warning"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { "no findings".to_string() } else { parts.join(", ") }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

// ---- Plain

fn plain(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let place = |span: crate::source::Span| {
            let source = sources.get(span.source);
            let position = source.position(span.start as usize);
            format!("{}:{}:{}", screen::line(&source.path), position.line, position.column)
        };
        let _ = writeln!(
            out,
            "{}: {}[{} {}]: {}",
            place(diagnostic.span()),
            word(diagnostic.severity()),
            diagnostic.code.id,
            diagnostic.code.name,
            screen::line(&diagnostic.message)
        );
        for label in diagnostic.labels.iter().skip(1).filter(|label| !label.text.is_empty()) {
            let _ = writeln!(out, "    {}: {}", place(label.span), screen::line(&label.text));
        }
        if let Some(help) = &diagnostic.help {
            let help = screen::text(help);
            let mut lines = help.lines();
            let _ = writeln!(out, "    help: {}", lines.next().unwrap_or_default());
            for line in lines {
                let _ = writeln!(out, "          {line}");
            }
        }
    }
    out
}

// ---- Human

fn human(diagnostics: &Diagnostics, sources: &SourceMap, color: bool) -> String {
    let mut views: HashMap<SourceId, View> = HashMap::new();
    for label in diagnostics.iter().flat_map(|d| &d.labels) {
        views.entry(label.span.source).or_insert_with(|| View::new(sources.get(label.span.source)));
    }
    let mut out = String::new();
    for diagnostic in diagnostics {
        for report in reports(diagnostic, &views) {
            // A report that can't be drawn must not take the others with it.
            if draw(&report, color, &mut out).is_err() {
                let _ = writeln!(out, "{report}");
            }
            out.push('\n');
        }
    }
    out
}

#[cfg(feature = "cli")]
fn draw(report: &Report<'_>, color: bool, out: &mut String) -> fmt::Result {
    use miette::{GraphicalReportHandler, GraphicalTheme};
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    GraphicalReportHandler::new_themed(theme)
        .with_width(WIDTH)
        .with_links(false)
        .with_context_lines(1)
        .render_report(out, report)
}

/// Without the tool's drawing library: the same in words.
#[cfg(not(feature = "cli"))]
fn draw(report: &Report<'_>, _color: bool, out: &mut String) -> fmt::Result {
    miette::NarratableReportHandler::new().with_context_lines(1).render_report(out, report)
}

/// One piece of source with the labels in it. A finding whose labels lie in several files gives several.
struct Report<'a> {
    code: Option<String>,
    severity: miette::Severity,
    message: String,
    help: Option<String>,
    view: Option<&'a View>,
    labels: Vec<LabeledSpan>,
}

fn reports<'a>(diagnostic: &Diagnostic, views: &'a HashMap<SourceId, View>) -> Vec<Report<'a>> {
    let severity = match diagnostic.severity() {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
    };
    let home = diagnostic.span().source;
    let mut all = vec![Report {
        code: Some(format!("{} {}", diagnostic.code.id, diagnostic.code.name)),
        severity,
        message: screen::line(&diagnostic.message).into_owned(),
        help: None,
        view: views.get(&home),
        labels: Vec::new(),
    }];
    for (index, label) in diagnostic.labels.iter().enumerate() {
        let Some(view) = views.get(&label.span.source) else { continue };
        let text = screen::line(&label.text).into_owned();
        let mut elsewhere = None;
        if label.span.source != home {
            elsewhere = Some(Report {
                code: None,
                severity: miette::Severity::Advice,
                message: text.clone(),
                help: None,
                view: Some(view),
                labels: Vec::new(),
            });
        }
        let start = view.screened.offset(label.span.start as usize);
        let end = view.screened.offset(label.span.end as usize).max(start);
        let span = SourceSpan::new(start.into(), end - start);
        let text = (!text.is_empty() && elsewhere.is_none()).then_some(text);
        let labeled = if index == 0 {
            LabeledSpan::new_primary_with_span(text, span)
        } else {
            LabeledSpan::new_with_span(text, span)
        };
        match elsewhere {
            Some(mut report) => {
                report.labels.push(labeled);
                all.push(report);
            }
            None => all[0].labels.push(labeled),
        }
    }
    // What to do comes after everything there is to see.
    if let Some(last) = all.last_mut() {
        last.help = diagnostic.help.as_ref().map(|help| screen::text(help).into_owned());
    }
    all
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.view.map(|view| view as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// A source as it may be shown, with its line index: a label costs no walk from the file's beginning.
struct View {
    source: Source,
    screened: screen::Screened,
    /// The last line (from 0) worth showing around a label.
    last_line: usize,
}

impl View {
    fn new(source: &Source) -> View {
        let screened = screen::Screened::new(&source.text);
        // The drawing library drops a label that has no character under it, so every line gets an end,
        // also the last one.
        let text = format!("{}\n", screened.text);
        let last_line = screened.text.lines().count().saturating_sub(1);
        View { source: Source::new(screen::line(&source.path), text), screened, last_line }
    }
}

impl SourceCode for View {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let source = &self.source;
        let end = (span.offset() + span.len()).min(source.text.len());
        let start = span.offset().min(end);
        let first = source.line_of(start).saturating_sub(before);
        // A span that ends with a line end does not reach into the next line.
        let inside = end.saturating_sub(usize::from(end > start)).min(self.screened.text.len());
        let reached = source.line_of(inside);
        let last = (reached + after).min(self.last_line.max(reached));
        let from = source.line_range(first).start;
        let to = source.line_range(last + 1).start;
        let data = source.text.get(from..to).ok_or(MietteError::OutOfBounds)?;
        let column = if before == 0 && after == 0 { source.position(start).column - 1 } else { 0 };
        Ok(Box::new(MietteSpanContents::new_named(
            source.path.clone(),
            data.as_bytes(),
            SourceSpan::new(from.into(), data.len()),
            first,
            column,
            last - first + 1,
        )))
    }
}

#[cfg(test)]
mod tests;
