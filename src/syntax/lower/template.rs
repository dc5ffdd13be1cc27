//! Quoted texts: escapes, and `{values}` in the texts that take them.

use super::*;
use crate::syntax::scan::{is_id_char, is_id_start};

/// One character of a text after its escapes were resolved.
struct Resolved {
    /// Where it is written, from the start of the file.
    at: usize,
    value: char,
    /// Written as an escape, so a brace is just a brace.
    escaped: bool,
}

impl Lower<'_> {
    /// The value of a quoted text.
    pub(super) fn unescape(&mut self, written: &str, span: Span) -> String {
        let mut value = String::with_capacity(written.len());
        self.resolve(written, span, |resolved| value.push(resolved.value));
        value
    }

    fn resolve(&mut self, written: &str, span: Span, mut each: impl FnMut(Resolved)) {
        let inner = written.strip_prefix('"').and_then(|w| w.strip_suffix('"')).unwrap_or("");
        let base = span.start as usize + 1;
        let mut chars = inner.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c != '\\' {
                each(Resolved { at: base + at, value: c, escaped: false });
                continue;
            }
            let rest = inner.get(at..).unwrap_or("");
            let (value, length) = escape(rest);
            for _ in rest.get(1..length).unwrap_or("").chars() {
                chars.next();
            }
            match value {
                Some(value) => each(Resolved { at: base + at, value, escaped: true }),
                None => {
                    let place = Span::new(self.source, base + at, base + at + length);
                    self.report(errors::bad_escape(rest.get(..length).unwrap_or(""), place));
                }
            }
        }
    }

    pub(super) fn template(&mut self, node: &Node<'_>) -> Template {
        let span = self.token_span(node);
        let mut chars = Vec::new();
        self.resolve(node.as_str(), span, |resolved| chars.push(resolved));
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut at = 0;
        while let Some(c) = chars.get(at) {
            let twice = chars.get(at + 1).is_some_and(|next| next.value == c.value && !next.escaped);
            match c.value {
                '{' | '}' if !c.escaped && twice => {
                    text.push(c.value);
                    at += 2;
                }
                '{' if !c.escaped => {
                    let close = chars.iter().skip(at).position(|c| c.value == '}' && !c.escaped);
                    let open = Span::new(self.source, c.at, c.at + 1);
                    let Some(close) = close.map(|n| at + n) else {
                        self.report(errors::open_template(open));
                        break;
                    };
                    let end = chars.get(close).map_or(c.at + 1, |c| c.at);
                    let place = Span::new(self.source, c.at, end + 1);
                    if let Some(part) = self.template_value(place) {
                        if !text.is_empty() {
                            parts.push(TemplatePart::Text(std::mem::take(&mut text)));
                        }
                        parts.push(part);
                    }
                    at = close + 1;
                }
                '}' if !c.escaped => {
                    self.report(errors::lone_brace(Span::new(self.source, c.at, c.at + 1)));
                    at += 1;
                }
                value => {
                    text.push(value);
                    at += 1;
                }
            }
        }
        if !text.is_empty() {
            parts.push(TemplatePart::Text(text));
        }
        Template { parts, span }
    }

    /// What stands between braces; `place` includes them.
    fn template_value(&mut self, place: Span) -> Option<TemplatePart> {
        let written = self.slice(place);
        let inner = written.strip_prefix('{').and_then(|w| w.strip_suffix('}')).unwrap_or("");
        let (path, format) = split_format(inner);
        let lead = path.len() - path.trim_start().len();
        let start = place.start as usize + 1 + lead;
        let value = self.template_path(path.trim(), start);
        let percent = format == Some("%");
        match (value, format) {
            (Some(value), None | Some("%")) => Some(TemplatePart::Value { value, percent, span: place }),
            (_, Some(format)) if format != "%" => {
                self.report(errors::bad_template_format(format, place));
                None
            }
            _ => {
                self.report(errors::bad_template(inner.trim(), place));
                None
            }
        }
    }

    /// `name` or `a.b.c`, written from `start` on.
    fn template_path(&self, path: &str, start: usize) -> Option<Expr> {
        let mut value: Option<Expr> = None;
        let mut at = start;
        for (steps, part) in path.split('.').enumerate() {
            let bare = part.strip_prefix('`').and_then(|p| p.strip_suffix('`'));
            let word = bare.unwrap_or(part);
            let proper = match bare {
                Some(_) => !word.is_empty(),
                None => word.starts_with(is_id_start) && !matches!(word, "true" | "false" | "not"),
            };
            if !proper || !word.chars().all(is_id_char) || steps > 8 {
                return None;
            }
            let span = Span::new(self.source, at, at + part.len());
            let name = Name { text: word.nfc().collect(), span };
            value = Some(match value {
                None => Expr { kind: ExprKind::Name(name), span },
                Some(left) => {
                    let span = left.span.to(span);
                    Expr { kind: ExprKind::Member(Box::new(left), name), span }
                }
            });
            at += part.len() + 1;
        }
        value
    }
}

/// `share as %` into `share` and `%`.
fn split_format(inner: &str) -> (&str, Option<&str>) {
    let Some((path, format)) = inner.split_once(" as ") else { return (inner, None) };
    (path, Some(format.trim()))
}

/// The character an escape stands for, and how many bytes it takes; `rest` starts with the backslash.
fn escape(rest: &str) -> (Option<char>, usize) {
    let Some(kind) = rest.chars().nth(1) else { return (None, 1) };
    match kind {
        '"' | '\\' => (Some(kind), 2),
        'n' => (Some('\n'), 2),
        't' => (Some('\t'), 2),
        'u' => {
            let Some((digits, _)) =
                rest.get(2..).and_then(|r| r.strip_prefix('{')).and_then(|r| r.split_once('}'))
            else {
                return (None, 2);
            };
            let good = (1..=6).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_hexdigit());
            let value = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
            (value.filter(|_| good), 4 + digits.len())
        }
        other => (None, 1 + other.len_utf8()),
    }
}
