//! A small document printer: groups go on one line if they fit, and are broken otherwise.

/// The column a line should not go beyond.
pub const WIDTH: usize = 100;

/// One step of indentation.
pub const STEP: usize = 4;

#[derive(Clone, Debug)]
pub enum Doc {
    Text(String),
    /// A space, or a line end in a broken group.
    Line,
    /// Nothing, or a line end in a broken group.
    Soft,
    /// A comma in a broken group only.
    Trailing,
    Indent(Box<Doc>),
    Group(Box<Doc>),
    Many(Vec<Doc>),
}

pub fn text(text: impl Into<String>) -> Doc {
    Doc::Text(text.into())
}

pub fn group(parts: Vec<Doc>) -> Doc {
    Doc::Group(Box::new(Doc::Many(parts)))
}

pub fn indent(parts: Vec<Doc>) -> Doc {
    Doc::Indent(Box::new(Doc::Many(parts)))
}

/// `open a, b close`, one item a line if that is too long; `edge` stands inside the brackets.
pub fn bracketed(open: &str, items: Vec<Doc>, close: &str, edge: &Doc) -> Doc {
    if items.is_empty() {
        return text(format!("{open}{close}"));
    }
    let mut inside = vec![edge.clone()];
    inside.extend(comma_separated(items));
    inside.push(Doc::Trailing);
    group(vec![text(open), indent(inside), edge.clone(), text(close)])
}

pub fn comma_separated(items: Vec<Doc>) -> Vec<Doc> {
    let mut out = Vec::with_capacity(items.len() * 3);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(text(","));
            out.push(Doc::Line);
        }
        out.push(item);
    }
    out
}

/// Prints `doc` from `column` of a line on, broken lines at `base` spaces or deeper.
pub fn print(doc: &Doc, base: usize, column: usize) -> String {
    let mut out = String::new();
    let mut column = column;
    let mut stack = vec![(base, false, doc)];
    while let Some((indent, flat, doc)) = stack.pop() {
        match doc {
            Doc::Text(text) => {
                out.push_str(text);
                column += text.chars().count();
            }
            Doc::Line if flat => {
                out.push(' ');
                column += 1;
            }
            Doc::Soft | Doc::Trailing if flat => {}
            Doc::Trailing => {
                out.push(',');
                column += 1;
            }
            Doc::Line | Doc::Soft => {
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
                column = indent;
            }
            Doc::Indent(inner) => stack.push((indent + STEP, flat, inner)),
            Doc::Group(inner) => {
                let flat = flat || fits(inner, &stack, WIDTH.saturating_sub(column));
                stack.push((indent, flat, inner));
            }
            Doc::Many(parts) => stack.extend(parts.iter().rev().map(|part| (indent, flat, part))),
        }
    }
    out
}

/// Whether `doc` on one line, with what follows up to the next line end, takes at most `room` columns.
fn fits(doc: &Doc, rest: &[(usize, bool, &Doc)], room: usize) -> bool {
    let mut room = room;
    let mut stack = vec![(true, doc)];
    let mut rest = rest.iter().rev();
    loop {
        let Some((flat, doc)) = stack.pop().or_else(|| rest.next().map(|(_, flat, doc)| (*flat, *doc)))
        else {
            return true;
        };
        let width = match doc {
            Doc::Text(text) => text.chars().count(),
            Doc::Line if flat => 1,
            Doc::Line | Doc::Soft if !flat => return true,
            Doc::Trailing if !flat => 1,
            Doc::Line | Doc::Soft | Doc::Trailing => 0,
            Doc::Indent(inner) => {
                stack.push((flat, inner));
                0
            }
            Doc::Group(inner) => {
                stack.push((flat, inner));
                0
            }
            Doc::Many(parts) => {
                stack.extend(parts.iter().rev().map(|part| (flat, part)));
                0
            }
        };
        match room.checked_sub(width) {
            Some(left) => room = left,
            None => return false,
        }
    }
}
