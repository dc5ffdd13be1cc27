//! The one way to lay out a rules file. Only the layout changes: the tree stays equal, comments stay where
//! they belong, and a second pass changes nothing.

mod doc;
mod tree;

use crate::diag::Diagnostics;
use crate::source::{SourceId, Span};
use crate::syntax::ast::*;
use crate::syntax::{self, scan};
use doc::{STEP, WIDTH};
use tree::Tree;

/// The canonical layout of a file. A file with syntax errors is not formatted: its errors come back.
pub fn format(source: SourceId, text: &str) -> Result<String, Diagnostics> {
    let (file, diagnostics) = syntax::parse(source, text);
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let scan = scan::scan(text);
    let mut writer = Writer {
        text: &scan.text,
        scan: &scan,
        tree: Tree { source: &scan.text },
        comments: &file.comments,
        out: String::with_capacity(text.len()),
        indent: 0,
        last_end: 0,
        opened: true,
    };
    writer.items(&file.items);
    Ok(writer.out)
}

struct Writer<'t> {
    text: &'t str,
    scan: &'t scan::Scan<'t>,
    tree: Tree<'t>,
    /// Those not yet written.
    comments: &'t [Comment],
    out: String,
    indent: usize,
    /// Where in the source the thing written last ends.
    last_end: usize,
    /// Nothing was written yet in the file or in this body.
    opened: bool,
}

/// A piece of source that is written as a whole, with its documentation.
struct Unit<'t> {
    span: Span,
    doc: Option<&'t Doc>,
    layout: doc::Doc,
}

impl<'t> Writer<'t> {
    fn items(&mut self, items: &'t [Item]) {
        let mut after_body = false;
        for item in items {
            let body = has_body(&item.kind);
            let start = item.doc.as_ref().map_or(item.span, |doc| doc.span).start as usize;
            let spaced = self.blank_before(start);
            if (body || after_body) && !spaced && !self.opened {
                self.out.push('\n');
            }
            self.item(item);
            after_body = body;
        }
        self.comments_before(self.text.len());
    }

    /// Whether the author left a blank line anywhere between the last thing and `start`.
    fn blank_before(&self, start: usize) -> bool {
        let gap = self.text.get(self.last_end..start).unwrap_or("");
        let inner = gap.split_once('\n').and_then(|(_, rest)| rest.rsplit_once('\n'));
        inner.is_some_and(|(lines, _)| lines.split('\n').any(|line| line.trim().is_empty()))
    }

    fn item(&mut self, item: &'t Item) {
        let tree = self.tree;
        match &item.kind {
            ItemKind::Ruleset(header) => {
                let clause = |c: &'t HeaderClause| Unit {
                    span: c.span,
                    doc: None,
                    layout: tree.header_clause(&c.kind),
                };
                self.body(item, header.clauses.iter().map(clause).collect());
            }
            ItemKind::Event(event) => {
                let field = |f: &'t Field| Unit { span: f.span, doc: f.doc.as_ref(), layout: tree.field(f) };
                self.body(item, event.fields.iter().map(field).collect());
            }
            ItemKind::Rule(rule) => {
                let clause = |c: &'t Clause| Unit { span: c.span, doc: None, layout: tree.clause(&c.kind) };
                self.body(item, rule.clauses.iter().map(clause).collect());
            }
            ItemKind::Policy(policy) => {
                let band = |b: &'t PolicyBand| Unit { span: b.span, doc: None, layout: tree.policy_band(b) };
                self.body(item, policy.bands.iter().map(band).collect());
            }
            ItemKind::Sample(sample) => self.sample(item, sample),
            ItemKind::Test(test) => {
                let with = |w: &'t With| Unit { span: w.span, doc: None, layout: tree.with(w) };
                let line = |l: &'t TestLine| Unit { span: l.span, doc: None, layout: tree.test_line(l) };
                let mut units: Vec<Unit<'t>> =
                    test.withs.iter().map(with).chain(test.lines.iter().map(line)).collect();
                units.sort_by_key(|unit| unit.span.start);
                self.body(item, units);
            }
            simple => {
                let layout = tree.simple_item(simple);
                self.unit(&Unit { span: item.span, doc: item.doc.as_ref(), layout });
            }
        }
    }

    /// On one line if it fits and holds no comment, else a field a line.
    fn sample(&mut self, item: &'t Item, sample: &'t Sample) {
        let layout = self.tree.sample(sample);
        let line = doc::print(&layout, 0, 0);
        let free = !self.comments.iter().any(|c| within(c, item.span));
        if free && !line.contains('\n') && line.chars().count() <= WIDTH {
            self.unit(&Unit { span: item.span, doc: item.doc.as_ref(), layout });
            return;
        }
        let tree = self.tree;
        let field = |f: &'t Setting| Unit { span: setting_span(f), doc: None, layout: tree.setting(f) };
        self.body(item, sample.fields.iter().map(field).collect());
    }

    /// An item with a body in braces, its parts one below the other.
    fn body(&mut self, item: &'t Item, units: Vec<Unit<'t>>) {
        let (open, close) = self.braces(item.span);
        self.lead(item.span.start as usize, item.doc.as_ref());
        let head = Span { end: open as u32, ..item.span };
        if self.comments.iter().any(|c| within(c, head)) {
            let written = self.text.get(head.start as usize..open + 1).unwrap_or("");
            self.verbatim(written);
            self.skip_comments(open);
        } else {
            let head = doc::print(&self.tree.head(&item.kind), self.indent, self.indent);
            self.pad();
            self.out.push_str(&head);
            self.out.push_str(" {");
        }
        self.last_end = open + 1;
        let empty = units.is_empty() && !self.comments.iter().any(|c| (c.span.start as usize) < close);
        if empty {
            self.out.push('}');
        } else {
            self.trail();
            self.opened = true;
            self.indent += STEP;
            for unit in &units {
                self.unit(unit);
            }
            self.comments_before(close);
            self.indent -= STEP;
            self.pad();
            self.out.push('}');
        }
        self.opened = false;
        self.last_end = close + 1;
        self.trail();
    }

    /// The places of the braces of an item's body.
    fn braces(&self, span: Span) -> (usize, usize) {
        let tokens = self.scan.tokens.get(self.scan.at(span.start as usize)..).unwrap_or(&[]);
        let open = tokens.iter().find(|t| t.kind == scan::TokenKind::Sign && self.scan.slice(t) == "{");
        let open = open.map_or(span.start, |t| t.start);
        (open as usize, (span.end as usize).saturating_sub(1))
    }

    fn unit(&mut self, unit: &Unit<'_>) {
        self.lead(unit.span.start as usize, unit.doc);
        if self.comments.iter().take_while(|c| c.span.start < unit.span.end).any(|c| within(c, unit.span)) {
            let written = self.text.get(unit.span.range()).unwrap_or("");
            self.verbatim(written);
            self.skip_comments(unit.span.end as usize);
        } else {
            let written = doc::print(&unit.layout, self.indent, self.indent);
            self.pad();
            self.out.push_str(&written);
        }
        self.last_end = unit.span.end as usize;
        self.trail();
    }

    /// What stands before a thing: the author's blank line, comments, documentation.
    fn lead(&mut self, start: usize, doc: Option<&Doc>) {
        let first = doc.map_or(start, |doc| doc.span.start as usize);
        self.comments_before(first);
        self.blank_line(first);
        if let Some(doc) = doc {
            for line in doc.text.split('\n') {
                self.pad();
                self.out.push_str(format!("/// {line}").trim_end());
                self.out.push('\n');
            }
        }
    }

    /// One blank line where the author left some, but not at the start of a body.
    fn blank_line(&mut self, start: usize) {
        let gap = self.text.get(self.last_end..start).unwrap_or("");
        if !self.opened && gap.matches('\n').count() > 1 && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
        self.opened = false;
    }

    fn comments_before(&mut self, end: usize) {
        while let Some((comment, rest)) = self.comments.split_first()
            && (comment.span.start as usize) < end
        {
            self.comments = rest;
            self.blank_line(comment.span.start as usize);
            self.pad();
            self.out.push_str(&comment.text);
            self.out.push('\n');
            self.last_end = comment.span.end as usize;
        }
    }

    fn skip_comments(&mut self, end: usize) {
        let inside = self.comments.iter().take_while(|c| (c.span.start as usize) < end).count();
        self.comments = self.comments.get(inside..).unwrap_or(&[]);
    }

    /// Ends the line, after a comment that stands behind the thing just written.
    fn trail(&mut self) {
        if let Some((comment, rest)) = self.comments.split_first()
            && !comment.own_line
            && !self.text.get(self.last_end..comment.span.start as usize).unwrap_or("\n").contains('\n')
            && self.is_next(comment)
        {
            self.comments = rest;
            self.out.push_str("  ");
            self.out.push_str(&comment.text);
            self.last_end = comment.span.end as usize;
        }
        self.out.push('\n');
    }

    /// Only signs stand between the thing just written and this comment.
    fn is_next(&self, comment: &Comment) -> bool {
        let gap = self.text.get(self.last_end..comment.span.start as usize).unwrap_or("");
        gap.chars().all(|c| c.is_whitespace() || c == ',')
    }

    fn pad(&mut self) {
        self.out.extend(std::iter::repeat_n(' ', self.indent));
    }

    /// As the author wrote it: a comment stands somewhere inside.
    fn verbatim(&mut self, written: &str) {
        for (index, line) in written.split('\n').enumerate() {
            if index == 0 {
                self.pad();
            } else {
                self.out.push('\n');
            }
            self.out.push_str(line.trim_end());
        }
    }
}

fn within(comment: &Comment, span: Span) -> bool {
    span.start <= comment.span.start && comment.span.end <= span.end
}

fn has_body(item: &ItemKind) -> bool {
    matches!(
        item,
        ItemKind::Ruleset(_)
            | ItemKind::Event(_)
            | ItemKind::Rule(_)
            | ItemKind::Policy(_)
            | ItemKind::Test(_)
    )
}

fn setting_span(setting: &Setting) -> Span {
    let value = match &setting.value {
        Given::Value(value) => value.span,
        Given::After(_, span) | Given::Record(_, span) | Given::List(_, span) => *span,
    };
    setting.name.span.to(value)
}

#[cfg(test)]
mod tests;
