//! From the grammar's pairs to the tree. Every pair that arrives here matched the grammar, so what is missing
//! is filled with something harmless instead of a panic; only the rules the grammar can't say are checked.

mod body;
mod expr;
mod item;
mod template;
mod test;

use pest::iterators::Pair;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::ast::*;
use super::errors;
use super::parser::Rule;
use super::scan::{Scan, TokenKind};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{SourceId, Span};

pub(super) type Node<'t> = Pair<'t, Rule>;

/// Lowers the pairs of one slice of a file.
pub(super) struct Lower<'s> {
    pub source: SourceId,
    pub scan: &'s Scan<'s>,
    /// Where the slice starts in the file.
    pub base: usize,
    pub diagnostics: Diagnostics,
    /// Tokens of `///` lines that became the documentation of a field.
    pub docs: Vec<usize>,
}

/// What one pair holds, by kind, in source order: most rules of the grammar need no more than this.
#[derive(Default)]
struct Bag {
    names: Vec<Name>,
    texts: Vec<Text>,
    exprs: Vec<Expr>,
    keys: Vec<Key>,
    types: Vec<TypeExpr>,
    condition: Option<Expr>,
}

impl Bag {
    fn name(&mut self) -> Name {
        first(&mut self.names).unwrap_or_else(|| Name { text: String::new(), span: nowhere() })
    }

    fn text(&mut self) -> Text {
        first(&mut self.texts).unwrap_or_else(|| Text { value: String::new(), span: nowhere() })
    }

    fn expr(&mut self) -> Expr {
        first(&mut self.exprs).unwrap_or_else(|| Expr { kind: ExprKind::Error, span: nowhere() })
    }

    fn ty(&mut self) -> TypeExpr {
        first(&mut self.types).unwrap_or_else(|| TypeExpr {
            kind: TypeKind::Name(Name { text: String::new(), span: nowhere() }),
            optional: false,
            span: nowhere(),
        })
    }

    fn key(&mut self) -> Key {
        first(&mut self.keys).unwrap_or_else(|| Key {
            here: Expr { kind: ExprKind::Error, span: nowhere() },
            there: None,
            span: nowhere(),
        })
    }
}

fn first<T>(items: &mut Vec<T>) -> Option<T> {
    if items.is_empty() { None } else { Some(items.remove(0)) }
}

fn nowhere() -> Span {
    Span::new(SourceId(0), 0, 0)
}

impl<'s> Lower<'s> {
    pub fn new(source: SourceId, scan: &'s Scan<'s>, base: usize) -> Lower<'s> {
        Lower { source, scan, base, diagnostics: Diagnostics::new(), docs: Vec::new() }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The place of a pair, without the white space that the grammar may have read after it.
    fn span(&self, node: &Node<'_>) -> Span {
        let span = node.as_span();
        let (start, end) = (self.base + span.start(), self.base + span.end());
        Span::new(self.source, start, self.scan.trim_end(start, end))
    }

    /// The place of a pair that is one token.
    fn token_span(&self, node: &Node<'_>) -> Span {
        let span = node.as_span();
        Span::new(self.source, self.base + span.start(), self.base + span.end())
    }

    fn slice(&self, span: Span) -> &'s str {
        self.scan.text.get(span.range()).unwrap_or("")
    }

    fn name(&self, node: &Node<'_>) -> Name {
        let written = node.as_str().trim_matches('`');
        let text = if is_nfc(written) { written.to_owned() } else { written.nfc().collect() };
        Name { text, span: self.token_span(node) }
    }

    fn names(&self, node: Node<'_>) -> Vec<Name> {
        node.into_inner().filter(|n| n.as_rule() == Rule::name).map(|n| self.name(&n)).collect()
    }

    fn text(&mut self, node: &Node<'_>) -> Text {
        let span = self.token_span(node);
        Text { value: self.unescape(node.as_str(), span), span }
    }

    fn texts(&mut self, node: Node<'_>) -> Vec<Text> {
        node.into_inner().filter(|n| n.as_rule() == Rule::text).map(|n| self.text(&n)).collect()
    }

    fn bag(&mut self, node: Node<'_>) -> Bag {
        let mut bag = Bag::default();
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::name => bag.names.push(self.name(&child)),
                Rule::names => bag.names.extend(self.names(child)),
                Rule::text => bag.texts.push(self.text(&child)),
                Rule::file => bag.texts.extend(self.texts(child)),
                Rule::expr => bag.exprs.push(self.expr(child)),
                Rule::simple => bag.exprs.push(self.simple(child)),
                Rule::key => bag.keys.push(self.key(child)),
                Rule::keys => bag.keys.extend(self.keys(child)),
                Rule::type_expr => bag.types.push(self.type_expr(child)),
                Rule::effect_if => {
                    let mut inner = self.bag(child);
                    bag.condition = Some(inner.expr());
                }
                _ => {}
            }
        }
        bag
    }

    /// The pairs directly inside the bodies of lists, in order.
    fn keys(&mut self, node: Node<'_>) -> Vec<Key> {
        node.into_inner().filter(|n| n.as_rule() == Rule::key).map(|n| self.key(n)).collect()
    }

    /// Clauses and fields start a line, follow `{` or (fields only) a comma.
    fn check_line(&mut self, span: Span, what: &str, comma: bool) {
        let before = self.scan.text.get(..span.start as usize).unwrap_or("").trim_end_matches([' ', '\t']);
        match before.chars().next_back() {
            None | Some('\n' | '{') => {}
            Some(',') if comma => {}
            _ => self.report(errors::clause_line(self.slice(span), span, what, comma)),
        }
    }

    /// The `///` lines right before the token at `start`.
    fn doc_before(&mut self, start: u32) -> Option<Doc> {
        let (doc, tokens) = doc_before(self.source, self.scan, start as usize)?;
        self.docs.extend(tokens);
        Some(doc)
    }
}

/// The documentation right before `start`, and its tokens.
pub(super) fn doc_before(
    source: SourceId,
    scan: &Scan<'_>,
    start: usize,
) -> Option<(Doc, std::ops::Range<usize>)> {
    let end = scan.at(start);
    let mut from = end;
    while from > 0 && scan.tokens.get(from - 1).is_some_and(|t| t.kind == TokenKind::Doc && t.starts_line) {
        from -= 1;
    }
    let lines = scan.tokens.get(from..end)?;
    let (head, tail) = (lines.first()?, lines.last()?);
    let text: Vec<&str> = lines
        .iter()
        .map(|line| {
            let text = scan.slice(line).trim_start_matches('/');
            text.strip_prefix(' ').unwrap_or(text)
        })
        .collect();
    let span = Span::new(source, head.start as usize, tail.end as usize);
    Some((Doc { text: text.join("\n"), span }, from..end))
}
