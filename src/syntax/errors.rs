//! Every message about text that can't be read.

use std::ops::Range;

use pest::error::Error as PestError;

use super::ast::Expr;
use super::parser::Rule;
use super::scan::Scan;
use super::split::BodyKind;
use super::{MAX_DEPTH, MAX_ERRORS, MAX_FILE_BYTES, MAX_NESTING};
use crate::diag::{Diagnostic, codes};
use crate::source::{SourceId, Span};

/// Where the grammar gave up.
pub(super) struct Failure<'s> {
    pub source: SourceId,
    pub scan: &'s Scan<'s>,
    /// The byte where it gave up.
    pub at: usize,
    /// The tokens that were being read.
    pub tokens: Range<usize>,
    /// As what they were being read.
    pub entry: Rule,
    pub kind: Option<BodyKind>,
}

/// Placeholder for now: says what stands where the grammar gave up.
pub(super) fn explain(failure: &Failure<'_>, error: &PestError<Rule>) -> Diagnostic {
    let token = failure.scan.tokens.get(failure.scan.at(failure.at));
    let word = token.map_or("the end", |t| failure.scan.slice(t));
    let end = token.map_or(failure.at, |t| t.end as usize);
    let span = Span::new(failure.source, failure.at, end.max(failure.at));
    let _ = (failure.entry, failure.kind, &failure.tokens);
    Diagnostic::new(
        &codes::SYNTAX,
        format!("did not expect `{word}` here: {error:?}"),
        span,
        "this can't stand here",
    )
}

pub(super) fn and_no_more(diagnostic: Diagnostic) -> Diagnostic {
    let more = format!("this file has {MAX_ERRORS} errors of this kind: any further ones are not shown");
    let help = diagnostic.help.clone().map_or(more.clone(), |help| format!("{help}\n{more}"));
    diagnostic.help(help)
}

pub(super) fn file_too_large(source: SourceId, bytes: usize) -> Diagnostic {
    let message = format!("this file is too large: {bytes} bytes, at most {MAX_FILE_BYTES} are read");
    Diagnostic::new(&codes::SYNTAX, message, Span::new(source, 0, 0), "not read")
        .help("split it into several files, and keep long lists in data files")
}

pub(super) fn strange_character(c: char, span: Span) -> Diagnostic {
    let message = format!("the character U+{:04X} can't stand in a rules file", c as u32);
    Diagnostic::new(&codes::SYNTAX, message, span, "an invisible character")
}

pub(super) fn nesting(span: Span) -> Diagnostic {
    let message = format!("this is nested more than {MAX_NESTING} deep");
    Diagnostic::new(&codes::SYNTAX, message, span, "one too many").help("give inner parts a name with `let`")
}

pub(super) fn too_long(span: Span) -> Diagnostic {
    let message = format!("this expression is too long: more than {MAX_DEPTH} operators in a row");
    Diagnostic::new(&codes::SYNTAX, message, span, "too long")
        .help("compare with a list (`x in [a, b]`), or give parts a name with `let`")
}

pub(super) fn clause_line(written: &str, span: Span, what: &str, comma: bool) -> Diagnostic {
    let _ = (written, comma);
    Diagnostic::new(
        &codes::SYNTAX,
        format!("each {what} starts a line of its own"),
        span,
        "move this to its own line",
    )
}

pub(super) fn item_line(span: Span) -> Diagnostic {
    Diagnostic::new(
        &codes::SYNTAX,
        "each declaration starts a line of its own",
        span,
        "move this to its own line",
    )
}

pub(super) fn twice(written: &str, span: Span) -> Diagnostic {
    Diagnostic::new(&codes::SYNTAX, format!("`{written}` is said twice"), span, "said before")
}

pub(super) fn unclosed(bracket: &str, span: Span, next: Option<Span>) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(&codes::SYNTAX, format!("this `{bracket}` is never closed"), span, "opened here");
    match next {
        Some(next) => diagnostic.label(next, "the next declaration starts here"),
        None => diagnostic,
    }
}

pub(super) fn else_beside_arithmetic(text: &str, left: &Expr, right: &Expr, op: Span) -> Diagnostic {
    let _ = (text, left, right);
    Diagnostic::new(&codes::SYNTAX, "`else` beside arithmetic needs parentheses", op, "")
}

pub(super) fn else_beside_comparison(text: &str, operands: &[Expr], span: Span, op: Span) -> Diagnostic {
    let _ = (text, operands, span);
    Diagnostic::new(&codes::SYNTAX, "`else` beside a comparison needs parentheses", op, "")
}

pub(super) fn between_without_and(text: &str, op: Span, low: Span) -> Diagnostic {
    let _ = (text, low);
    Diagnostic::new(&codes::SYNTAX, "`between` needs two ends", op, "")
}

pub(super) fn chained(text: &str, first: Span, middle: Option<Span>, op: Span, whole: Span) -> Diagnostic {
    let _ = (text, first, middle, whole);
    Diagnostic::new(&codes::SYNTAX, "comparisons can't be chained", op, "a second comparison")
}

pub(super) fn bad_escape(written: &str, span: Span) -> Diagnostic {
    Diagnostic::new(&codes::SYNTAX, format!("`{written}` is no escape"), span, "not known")
}

pub(super) fn open_template(span: Span) -> Diagnostic {
    Diagnostic::new(&codes::SYNTAX, "this `{` is never closed", span, "opened here")
}

pub(super) fn lone_brace(span: Span) -> Diagnostic {
    Diagnostic::new(&codes::SYNTAX, "this `}` closes nothing", span, "nothing is open here")
}

pub(super) fn bad_template(inner: &str, span: Span) -> Diagnostic {
    Diagnostic::new(&codes::SYNTAX, format!("`{inner}` is no name"), span, "only a name or a path")
}

pub(super) fn bad_template_format(format: &str, span: Span) -> Diagnostic {
    Diagnostic::new(&codes::SYNTAX, format!("`{format}` is no format"), span, "only `as %`")
}
