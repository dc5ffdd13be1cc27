//! Findings as people and programs read them. The only file of the library that names miette.

mod excerpt;
mod github;
mod json;
mod sarif;
mod screen;

use std::collections::HashMap;
use std::fmt::{self, Write};

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::{Diagnostic, Diagnostics, Severity};
use crate::source::{Source, SourceId, SourceMap};
use excerpt::{Excerpt, shortened};

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
            shortened(&screen::line(&diagnostic.message))
        );
        for label in diagnostic.labels.iter().skip(1).filter(|label| !label.text.is_empty()) {
            let _ = writeln!(out, "    {}: {}", place(label.span), shortened(&screen::line(&label.text)));
        }
        if let Some(help) = &diagnostic.help {
            let help = screen::text(help);
            let help = shortened(&help);
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
        .with_context_lines(excerpt::CONTEXT)
        .render_report(out, report)
}

/// Without the tool's drawing library: the same in words.
#[cfg(not(feature = "cli"))]
fn draw(report: &Report<'_>, _color: bool, out: &mut String) -> fmt::Result {
    miette::NarratableReportHandler::new().with_context_lines(excerpt::CONTEXT).render_report(out, report)
}

/// One piece of source with the labels in it. A finding whose labels lie in several files gives several.
struct Report<'a> {
    code: Option<String>,
    severity: miette::Severity,
    message: String,
    help: Option<String>,
    path: &'a str,
    excerpt: Excerpt,
    labels: Vec<LabeledSpan>,
}

impl<'a> Report<'a> {
    fn new(severity: miette::Severity, message: &str, view: &'a View, labels: &[LabelIn<'_>]) -> Report<'a> {
        let spans: Vec<_> = labels.iter().map(|label| label.span.clone()).collect();
        let excerpt = Excerpt::new(&view.source, view.last_line, &spans);
        let labels = labels.iter().zip(&excerpt.labels).map(|(label, (span, _))| {
            let text = shortened(&screen::line(label.text)).into_owned();
            let text = (!text.is_empty()).then_some(text);
            let span = SourceSpan::new(span.start.into(), span.len());
            match label.primary {
                true => LabeledSpan::new_primary_with_span(text, span),
                false => LabeledSpan::new_with_span(text, span),
            }
        });
        let labels = labels.collect();
        let message = shortened(&screen::line(message)).into_owned();
        Report { code: None, severity, message, help: None, path: &view.source.path, excerpt, labels }
    }
}

/// A label in what is shown of a source.
struct LabelIn<'a> {
    span: std::ops::Range<usize>,
    text: &'a str,
    primary: bool,
}

fn reports<'a>(diagnostic: &Diagnostic, views: &'a HashMap<SourceId, View>) -> Vec<Report<'a>> {
    let severity = match diagnostic.severity() {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
    };
    let home = diagnostic.span().source;
    let mut at_home = Vec::new();
    let mut elsewhere = Vec::new();
    for (index, label) in diagnostic.labels.iter().enumerate() {
        let Some(view) = views.get(&label.span.source) else { continue };
        let start = view.screened.offset(label.span.start as usize);
        let end = view.screened.offset(label.span.end as usize).max(start);
        let shown = LabelIn { span: start..end, text: &label.text, primary: index == 0 };
        if label.span.source == home {
            at_home.push(shown);
        } else {
            let shown = LabelIn { text: "", ..shown };
            elsewhere.push(Report::new(miette::Severity::Advice, &label.text, view, &[shown]));
        }
    }
    let mut all = Vec::new();
    if let Some(view) = views.get(&home) {
        let mut report = Report::new(severity, &diagnostic.message, view, &at_home);
        report.code = Some(format!("{} {}", diagnostic.code.id, diagnostic.code.name));
        all.push(report);
    }
    all.extend(elsewhere);
    // What to do comes after everything there is to see.
    if let Some(last) = all.last_mut() {
        last.help = diagnostic.help.as_ref().map(|help| shortened(&screen::text(help)).into_owned());
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
        Some(self)
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
        let last_line = screened.text.lines().count().saturating_sub(1);
        let source = Source::new(screen::line(&source.path), screened.text.as_str());
        View { source, screened, last_line }
    }
}

impl SourceCode for Report<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let part = self.excerpt.lines_of(span.offset()..span.offset() + span.len(), before, after);
        let data = self.excerpt.text.get(part.range.clone()).ok_or(MietteError::OutOfBounds)?;
        // Without lines around it, it is asked where a label begins.
        let label = self.excerpt.labels.iter().find(|(range, _)| range.start == span.offset());
        let column = label.filter(|_| before == 0 && after == 0).map_or(0, |(_, column)| *column);
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.to_string(),
            data.as_bytes(),
            SourceSpan::new(part.range.start.into(), data.len()),
            part.line,
            column,
            part.count,
        )))
    }
}

#[cfg(test)]
mod tests;
