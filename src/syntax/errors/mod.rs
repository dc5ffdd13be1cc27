//! Every message about text that can't be read.

mod expected;
mod explain;
mod habits;
mod hints;

use crate::diag::{Diagnostic, codes};
use crate::source::{SourceId, Span};

use super::ast::{BinaryOp, Expr, ExprKind};
use super::{MAX_DEPTH, MAX_ERRORS, MAX_FILE_BYTES, MAX_NESTING};

pub(super) use explain::{Failure, explain};

/// The text under a span on one line, as the author wrote it otherwise; the middle of a long one is left out.
fn flat(text: &str, span: Span) -> String {
    const LONGEST: usize = 120;
    let words: Vec<&str> = text.get(span.range()).unwrap_or("").split_whitespace().collect();
    let line = words.join(" ");
    if line.len() <= LONGEST {
        return line;
    }
    let head: String = line.chars().take(LONGEST / 2).collect();
    let tail: Vec<char> = line.chars().rev().take(LONGEST / 4).collect();
    format!("{head} … {}", tail.iter().rev().collect::<String>())
}

fn between(from: Span, to: Span) -> Span {
    Span { source: from.source, start: from.start, end: to.end }
}

pub(super) fn and_no_more(diagnostic: Diagnostic) -> Diagnostic {
    let more = format!("only the first {MAX_ERRORS} errors of this file are shown");
    let help = diagnostic.help.clone().map_or(more.clone(), |help| format!("{help}; {more}"));
    diagnostic.help(help)
}

pub(super) fn file_too_large(source: SourceId, bytes: usize) -> Diagnostic {
    let message = format!("this file has {bytes} bytes, at most {MAX_FILE_BYTES} are read");
    Diagnostic::new(&codes::SIZE, message, Span::new(source, 0, 0), "nothing of it was read")
        .help("split it into several files of the same folder, and keep long lists in data files")
}

pub(super) fn strange_character(c: char, span: Span) -> Diagnostic {
    let message = format!("the invisible character U+{:04X} can't stand in a rules file", c as u32);
    Diagnostic::new(&codes::CHARACTER, message, span, "here")
        .help("delete it; in a text it can be written as an escape, such as `\\u{200b}`")
        .fix("delete the character", span, "")
}

pub(super) fn nesting(span: Span) -> Diagnostic {
    let message = format!("this is nested more than {MAX_NESTING} deep");
    Diagnostic::new(&codes::NESTING, message, span, "this goes too deep")
        .help("give an inner part a name with `let` and use the name")
}

pub(super) fn too_long(span: Span) -> Diagnostic {
    let message =
        format!("this expression is too long: at most {MAX_DEPTH} operators may follow one another");
    Diagnostic::new(&codes::SIZE, message, span, "too long").help(
        "to compare with many values write `x in [a, b]` or use a `list`; give other parts a name with `let`",
    )
}

pub(super) fn clause_line(written: &str, span: Span, what: &str, comma: bool) -> Diagnostic {
    let word: String = written.chars().take_while(|c| !c.is_whitespace() && *c != ':').collect();
    let place = Span { end: (span.start + word.len() as u32).min(span.end), ..span };
    let or_comma = if comma { ", or a comma before it" } else { "" };
    let gap = Span { start: span.start, end: span.start, ..span };
    let fix = if comma { ", " } else { "\n    " };
    Diagnostic::new(
        &codes::CLAUSE_LINE,
        format!("each {what} starts a line of its own{or_comma}"),
        place,
        format!("`{word}` begins another {what} on the same line"),
    )
    .help(format!("put `{word}` on a new line"))
    .fix(if comma { "put a comma before it" } else { "put it on a new line" }, gap, fix)
}

pub(super) fn item_line(span: Span) -> Diagnostic {
    let gap = Span { end: span.start, ..span };
    Diagnostic::new(
        &codes::CLAUSE_LINE,
        "each declaration starts a line of its own",
        span,
        "this begins another declaration on the same line",
    )
    .help("put it on a new line")
    .fix("put it on a new line", gap, "\n")
}

pub(super) fn twice(written: &str, span: Span) -> Diagnostic {
    let word = written.split_whitespace().next().unwrap_or("");
    Diagnostic::new(&codes::SYNTAX, format!("`{word}` stands twice in this field"), span, "said before")
        .help("keep one of them")
}

pub(super) fn unclosed(bracket: &str, span: Span, next: Option<Span>) -> Diagnostic {
    let closing = match bracket {
        "(" => ")",
        "[" => "]",
        _ => "}",
    };
    let diagnostic =
        Diagnostic::new(&codes::UNCLOSED, format!("this `{bracket}` is never closed"), span, "opened here")
            .help(format!("add the missing `{closing}`"));
    match next {
        Some(next) => diagnostic.label(next, format!("the `{closing}` is missing before this")),
        None => diagnostic,
    }
}

/// It is about a `{` that nothing closes.
pub(super) fn is_unclosed_brace(diagnostic: &Diagnostic) -> bool {
    diagnostic.code == &codes::UNCLOSED && diagnostic.message.contains("`{`")
}

pub(super) fn unclosed_quote(span: Span) -> Diagnostic {
    let open = Span { end: span.start + 1, ..span };
    Diagnostic::new(&codes::UNCLOSED, "this text has no closing quote", open, "opened here")
        .help("end the text with `\"` on the same line; a quote inside a text is written `\\\"`")
}

/// `a + b else c`: what the author may have meant, with the author's words.
pub(super) fn else_beside_arithmetic(text: &str, left: &Expr, right: &Expr, op: Span) -> Diagnostic {
    if let Some(outcome) = is_outcome(right) {
        return else_band(outcome, op.to(right.span));
    }
    let side = |e: &Expr| match e.kind {
        ExprKind::Binary { .. } => format!("({})", flat(text, e.span)),
        _ => flat(text, e.span),
    };
    let whole = format!("{} else {}", side(left), side(right));
    let (near_left, near_right) = (last_operand(left), first_operand(right));
    let before = flat(text, Span { end: near_left.span.start, ..left.span });
    let after = flat(text, Span { start: near_right.span.end, ..right.span });
    let inner = format!("({} else {})", flat(text, near_left.span), flat(text, near_right.span));
    let near = [before, inner, after].iter().filter(|p| !p.is_empty()).cloned().collect::<Vec<_>>().join(" ");
    two_readings("an arithmetic operator", &near, &whole, op, between(left.span, right.span))
}

/// A word of the default ladder.
fn is_outcome(expr: &Expr) -> Option<&str> {
    const LADDER: [&str; 6] = ["allow", "observe", "warn", "challenge", "review", "block"];
    match &expr.kind {
        ExprKind::Name(name) => LADDER.into_iter().find(|outcome| *outcome == name.text),
        _ => None,
    }
}

/// `review if n > 5 else block`
fn else_band(outcome: &str, span: Span) -> Diagnostic {
    Diagnostic::new(&codes::MISSING_OUTCOME, "a band has no `else`", span, "an outcome can't stand here").help(
        format!("write `{outcome} always` on a line of its own; bands are tried in order and the first that holds is the result"),
    )
}

fn two_readings(beside: &str, one: &str, other: &str, op: Span, whole: Span) -> Diagnostic {
    Diagnostic::new(
        &codes::ELSE_READING,
        format!("`else` beside {beside} can be read in two ways"),
        op,
        "this `else` needs parentheses",
    )
    .label(whole, "in this expression")
    .help(format!("write `{one}` or `{other}`"))
}

/// The operand of a run of arithmetic that stands next to what follows it.
fn last_operand(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Binary { op, right, .. } if *op != BinaryOp::Else => last_operand(right),
        _ => expr,
    }
}

fn first_operand(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Binary { op, left, .. } if *op != BinaryOp::Else => first_operand(left),
        _ => expr,
    }
}

/// `a else b > c`: the operands of the comparison, of which one is an `else`.
pub(super) fn else_beside_comparison(text: &str, operands: &[Expr], span: Span, op: Span) -> Diagnostic {
    let parts = operands.iter().enumerate().find_map(|(index, e)| match &e.kind {
        ExprKind::Binary { op: BinaryOp::Else, op_span, left, right } => {
            Some((index, e, *op_span, left, right))
        }
        _ => None,
    });
    if let Some((_, _, else_span, _, right)) = parts
        && let Some(outcome) = is_outcome(right)
    {
        return else_band(outcome, else_span.to(right.span));
    }
    let Some((index, inner, else_span, left, right)) = parts else {
        return two_readings("a comparison", &flat(text, span), &flat(text, span), op, span);
    };
    let before = flat(text, Span { end: inner.span.start, ..span });
    let after = flat(text, Span { start: inner.span.end, ..span });
    let kept = format!("{before} ({}) {after}", flat(text, inner.span));
    let other = if index == 0 {
        let rest = Span { start: right.span.start, ..span };
        format!("{} else ({})", flat(text, left.span), flat(text, rest))
    } else if index + 1 == operands.len() {
        let rest = Span { end: left.span.end, ..span };
        format!("({}) else {}", flat(text, rest), flat(text, right.span))
    } else {
        let message = "`else` beside a comparison needs parentheses";
        return Diagnostic::new(&codes::ELSE_READING, message, else_span, "this `else`")
            .help(format!("write `{}`", kept.trim()));
    };
    two_readings("a comparison", kept.trim(), other.trim(), else_span, span)
}

pub(super) fn between_without_and(text: &str, op: Span, low: Span) -> Diagnostic {
    let low_text = flat(text, Span { start: op.end, ..low });
    let place = Span { start: low.end.saturating_sub(1), ..low };
    Diagnostic::new(&codes::SYNTAX, "`between` needs two ends", op, "here begins the comparison")
        .label(place, "`and` with the upper end is missing after this")
        .help(format!("write `between {low_text} and …`; both ends belong to the range"))
}

/// `1 < x < 5`; `middle` is the operand that both comparisons would use.
pub(super) fn chained(text: &str, first: Span, middle: Option<Span>, op: Span, whole: Span) -> Diagnostic {
    let rest = flat(text, Span { start: op.start, ..whole });
    let first_text = flat(text, first);
    let zone = ["over today in ", "over this week in ", "over this month in "];
    let help = match middle {
        _ if zone.iter().any(|z| first_text.contains(z)) => {
            "the name of a zone stands in quotes: `over today in \"Europe/Warsaw\"`".to_owned()
        }
        Some(middle) => format!("write `{first_text} and {} {rest}`", flat(text, middle)),
        None => format!("compare one thing at a time: `{first_text} and … {rest}`"),
    };
    Diagnostic::new(&codes::CHAINED_COMPARISON, "comparisons can't be chained", op, "a second comparison")
        .label(first, "this is a comparison already")
        .help(help)
}

pub(super) fn bad_escape(written: &str, span: Span) -> Diagnostic {
    let help = if written.starts_with("\\u") {
        "a character by its number is written `\\u{4f60}`: one to six hexadecimal digits of an existing character"
    } else {
        "the escapes are `\\\"` `\\\\` `\\n` `\\t` and `\\u{…}`; a single backslash is written `\\\\`"
    };
    Diagnostic::new(&codes::BAD_ESCAPE, format!("`{written}` is not an escape"), span, "not known").help(help)
}

pub(super) fn open_template(span: Span) -> Diagnostic {
    Diagnostic::new(&codes::BAD_TEMPLATE, "this `{` is never closed", span, "opened here")
        .help("close it with `}`; for a brace as a character write `{{`")
}

pub(super) fn lone_brace(span: Span) -> Diagnostic {
    Diagnostic::new(&codes::BAD_TEMPLATE, "this `}` closes nothing", span, "nothing is open here")
        .help("for a brace as a character write `}}`")
        .fix("double the brace", span, "}}")
}

pub(super) fn bad_template(inner: &str, span: Span) -> Diagnostic {
    let message = if inner.is_empty() {
        "there is no name between these braces".to_owned()
    } else {
        format!("only a name or a path can stand between braces, found `{inner}`")
    };
    Diagnostic::new(&codes::BAD_TEMPLATE, message, span, "in this text").help(format!(
        "give it a name in the rule, such as `let value = {}`, and write `{{value}}`; for a brace as a character write `{{{{`",
        if inner.is_empty() { "…" } else { inner }
    ))
}

pub(super) fn bad_template_format(format: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        &codes::BAD_TEMPLATE,
        format!("a value can't be shown as `{format}`"),
        span,
        "in this text",
    )
    .help("the one format is `{share as %}`; to convert an amount write `let x = amount as USD` and `{x}`")
}
