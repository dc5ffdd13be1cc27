//! What we tell people, as data. Rendering is in [`render`]; the registry of codes in [`codes`].

pub mod codes;
pub mod render;

use crate::source::Span;
pub use codes::Code;

/// How bad a finding is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The ruleset can't run.
    Error,
    /// It runs, but perhaps not as it was meant.
    Warning,
}

/// A finding: what happened, where, and how to fix it.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The kind of finding; `rulec explain` shows its page.
    pub code: &'static Code,
    /// Lower case, no full stop, user input in backticks.
    pub message: String,
    /// The first one is the place of the finding.
    pub labels: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
    /// A change that is certain to be right, if there is one.
    pub fix: Option<Fix>,
}

/// A place in the source, and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Which piece of source.
    pub span: Span,
    /// In a few words.
    pub text: String,
}

/// A change of the source that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in a few words.
    pub title: String,
    /// All of them together.
    pub edits: Vec<Edit>,
}

/// One replaced piece of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// What stands there instead.
    pub replacement: String,
}

impl Diagnostic {
    /// A finding at `span`; `label` says what is wrong with just that piece of source.
    pub(crate) fn new(
        code: &'static Code,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic {
            code,
            message: message.into(),
            labels: vec![Label { span, text: label.into() }],
            help: None,
            fix: None,
        }
    }

    pub(crate) fn label(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// `help` only if there is something to say, such as a nearest name.
    pub(crate) fn help_opt(mut self, help: Option<String>) -> Diagnostic {
        if help.is_some() {
            self.help = help;
        }
        self
    }

    pub(crate) fn fix(
        mut self,
        title: impl Into<String>,
        span: Span,
        replacement: impl Into<String>,
    ) -> Diagnostic {
        self.fix =
            Some(Fix { title: title.into(), edits: vec![Edit { span, replacement: replacement.into() }] });
        self
    }

    /// That of its code.
    pub fn severity(&self) -> Severity {
        self.code.severity
    }

    /// The place of the finding.
    pub fn span(&self) -> Span {
        self.labels[0].span
    }
}

/// All findings of a stage, errors and warnings.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    pub(crate) fn new() -> Diagnostics {
        Diagnostics::default()
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub(crate) fn extend(&mut self, other: Diagnostics) {
        self.0.extend(other.0);
    }

    /// Whether the ruleset can't run.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity() == Severity::Error)
    }

    /// How many are of that severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|d| d.severity() == severity).count()
    }

    /// No findings at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order that people read them: by file and place.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Keeps only the findings that are wanted.
    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.0.retain(keep);
    }

    /// By file, place and code, each finding once: the order people read in, the same on every run.
    pub(crate) fn sort(&mut self) {
        self.0.sort_by(|a, b| (a.span(), a.code.id, &a.message).cmp(&(b.span(), b.code.id, &b.message)));
        self.0.dedup_by(|a, b| a.code.id == b.code.id && a.span() == b.span() && a.message == b.message);
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// The nearest of `names` to what was written, if any is near enough to be meant.
pub fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = written.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&folded, &name.to_lowercase()), name))
        .filter(|(distance, name)| {
            let longest = written.chars().count().max(name.chars().count());
            // In a word of one or two letters another letter is another word.
            *distance == 0 || (longest > 2 && *distance <= (longest / 3).clamp(1, 3))
        })
        .min()
        .map(|(_, name)| name)
}

/// "did you mean `x`?" for an unknown name.
pub fn did_you_mean<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(written, names).map(|name| format!("did you mean `{name}`?"))
}
