//! Items and their recovery: each item is parsed by itself, and the body of a broken one part by part.

use pest::Parser as _;
use pest::error::{Error as PestError, InputLocation};

use super::ast::*;
use super::errors::{self, Failure};
use super::lower::{Lower, doc_before};
use super::scan::{Scan, TokenKind, scan};
use super::split::{BodyKind, Piece, Splitter};
use super::{MAX_ERRORS, MAX_FILE_BYTES, MAX_NESTING};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{SourceId, Span};

mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "grammar/rules.pest"]
    pub struct Grammar;
}

pub(super) use grammar::Rule;

/// Reads one file. The tree holds what could be read, the findings say what could not.
pub fn parse(source: SourceId, text: &str) -> (File, Diagnostics) {
    let mut file =
        File { source, items: Vec::new(), broken_names: Vec::new(), incomplete: false, comments: Vec::new() };
    if text.len() > MAX_FILE_BYTES {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(errors::file_too_large(source, text.len()));
        file.incomplete = true;
        return (file, diagnostics);
    }
    let scan = scan(text);
    let mut reader = Reader { source, scan: &scan, file, diagnostics: Diagnostics::new(), docs: Vec::new() };
    reader.strange_characters();
    reader.items();
    reader.finish()
}

struct Reader<'s> {
    source: SourceId,
    scan: &'s Scan<'s>,
    file: File,
    diagnostics: Diagnostics,
    /// Tokens of `///` lines that became documentation.
    docs: Vec<usize>,
}

type Node<'t> = super::lower::Node<'t>;

impl<'s> Reader<'s> {
    fn report(&mut self, diagnostic: Diagnostic) {
        let errors = self.diagnostics.iter().count();
        if errors >= MAX_ERRORS {
            return;
        }
        let last = errors + 1 == MAX_ERRORS;
        self.diagnostics.push(if last { errors::and_no_more(diagnostic) } else { diagnostic });
    }

    fn is_full(&self) -> bool {
        self.diagnostics.iter().count() >= MAX_ERRORS
    }

    fn strange_characters(&mut self) {
        for (at, c) in &self.scan.strange {
            self.report(errors::strange_character(*c, Span::new(self.source, *at, at + c.len_utf8())));
            if self.is_full() {
                break;
            }
        }
    }

    fn items(&mut self) {
        let scan = self.scan;
        let mut splitter = Splitter::new(scan);
        while let Some(mut piece) = splitter.next_piece() {
            if self.piece(&piece) {
                continue;
            }
            if !self.is_full()
                && let Some(shorter) = splitter.recut(&piece)
            {
                piece = shorter;
                if self.piece(&piece) {
                    continue;
                }
            }
            self.file.incomplete = true;
            self.recover(&splitter, &piece);
        }
    }

    /// The bytes from the first to the last of these tokens.
    fn bytes(&self, tokens: &std::ops::Range<usize>) -> std::ops::Range<usize> {
        let start = self.scan.tokens.get(tokens.start).map_or(self.scan.text.len(), |t| t.start as usize);
        let last = tokens.end.checked_sub(1).and_then(|last| self.scan.tokens.get(last));
        start..last.map_or(start, |t| (t.end as usize).max(start))
    }

    /// Parses tokens by one entry point of the grammar.
    fn pairs(
        &self,
        rule: Rule,
        tokens: &std::ops::Range<usize>,
    ) -> Result<pest::iterators::Pairs<'s, Rule>, Box<PestError<Rule>>> {
        let scan: &'s Scan<'s> = self.scan;
        let slice = scan.text.get(self.bytes(tokens)).unwrap_or("");
        grammar::Grammar::parse(rule, slice).map_err(Box::new)
    }

    /// Parses and lowers; what fails is reported.
    fn read<T>(
        &mut self,
        rule: Rule,
        tokens: std::ops::Range<usize>,
        lower: impl FnOnce(&mut Lower<'s>, Node<'s>) -> T,
    ) -> Option<T> {
        match self.pairs(rule, &tokens) {
            Ok(pairs) => self.lowered(pairs, &tokens, lower),
            Err(error) => {
                self.fail(&error, rule, &tokens);
                None
            }
        }
    }

    fn lowered<T>(
        &mut self,
        mut pairs: pest::iterators::Pairs<'s, Rule>,
        tokens: &std::ops::Range<usize>,
        lower: impl FnOnce(&mut Lower<'s>, Node<'s>) -> T,
    ) -> Option<T> {
        let mut lowering = Lower::new(self.source, self.scan, self.bytes(tokens).start);
        let value = lower(&mut lowering, pairs.next()?);
        self.docs.append(&mut lowering.docs);
        for diagnostic in &lowering.diagnostics {
            self.file.incomplete = true;
            self.report(diagnostic.clone());
        }
        Some(value)
    }

    fn fail(&mut self, error: &PestError<Rule>, rule: Rule, tokens: &std::ops::Range<usize>) {
        let offset = match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
        };
        let at = self.bytes(tokens).start + offset;
        let failure =
            Failure { source: self.source, scan: self.scan, at, tokens: tokens.clone(), entry: rule };
        let diagnostic = errors::explain(&failure, error);
        self.report(diagnostic);
    }

    /// An item that can be read as it is.
    fn piece(&mut self, piece: &Piece) -> bool {
        if piece.cut {
            return false;
        }
        let outer = usize::from(piece.body.is_some());
        if self.depth(piece.tokens.clone()) > MAX_NESTING + outer {
            return false;
        }
        let Ok(pairs) = self.pairs(Rule::item_only, &piece.tokens) else { return false };
        let doc = self.doc(piece);
        let span = self.first_span(piece);
        let item = self.lowered(pairs, &piece.tokens, |lower, node| lower.item(node, doc)).flatten();
        if self.scan.tokens.get(piece.tokens.start).is_some_and(|token| !token.starts_line) {
            self.report(errors::item_line(span));
        }
        self.file.items.extend(item);
        true
    }

    fn first_span(&self, piece: &Piece) -> Span {
        let bytes = self.bytes(&(piece.tokens.start..piece.tokens.start + 1));
        Span::new(self.source, bytes.start, bytes.end)
    }

    fn doc(&mut self, piece: &Piece) -> Option<Doc> {
        let start = self.bytes(&piece.tokens).start;
        let (doc, tokens) = doc_before(self.source, self.scan, start)?;
        self.docs.extend(tokens);
        Some(doc)
    }

    /// How deep brackets nest; `list<` counts too, because types nest by it.
    fn depth(&self, tokens: std::ops::Range<usize>) -> usize {
        let (mut depth, mut deepest, mut angles) = (0usize, 0, 0usize);
        let mut list = false;
        for token in self.scan.tokens.get(tokens).unwrap_or(&[]) {
            let word = self.scan.slice(token);
            match (token.kind, word) {
                (TokenKind::Sign, "(" | "[" | "{") => depth += 1,
                (TokenKind::Sign, ")" | "]" | "}") => depth = depth.saturating_sub(1),
                (TokenKind::Sign, "<") if list => angles += 1,
                (TokenKind::Sign, ">") => angles = angles.saturating_sub(1),
                (TokenKind::Sign, "," | ":") => angles = 0,
                _ => {}
            }
            list = word == "list";
            deepest = deepest.max(depth + angles);
        }
        deepest
    }

    /// Reports nesting beyond the limit, at the bracket that goes beyond it.
    fn too_deep(&mut self, tokens: std::ops::Range<usize>, outer: usize) -> bool {
        if self.depth(tokens.clone()) <= MAX_NESTING + outer {
            return false;
        }
        let mut depth = 0usize;
        let mut place = self.bytes(&tokens);
        for index in tokens {
            let Some(token) = self.scan.tokens.get(index) else { break };
            match self.scan.slice(token) {
                "(" | "[" | "{" | "<" if token.kind == TokenKind::Sign => depth += 1,
                ")" | "]" | "}" | ">" if token.kind == TokenKind::Sign => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > MAX_NESTING + outer {
                place = token.start as usize..token.end as usize;
                break;
            }
        }
        self.report(errors::nesting(Span::new(self.source, place.start, place.end)));
        true
    }

    /// A broken item: all that is wrong with it, and what of it can be kept.
    fn recover(&mut self, splitter: &Splitter<'_>, piece: &Piece) {
        let kind = splitter.body_kind(piece.tokens.start);
        let before = self.diagnostics.iter().count();
        if self.is_full() {
            self.broken(piece);
            return;
        }
        match (kind, piece.body) {
            (Some(kind), Some((open, close))) if !self.too_deep(piece.tokens.clone(), 1) => {
                let end = close.unwrap_or(piece.tokens.end).max(open + 1);
                self.recover_body(splitter, piece, kind, open, open + 1..end);
            }
            (_, Some(_)) => self.broken(piece),
            _ => {
                self.broken(piece);
                if !self.too_deep(piece.tokens.clone(), 0) {
                    self.read(Rule::item_only, piece.tokens.clone(), |_, _| ());
                }
            }
        }
        // A brace left open inside was found while reading the body, and is the better place.
        let told = self.diagnostics.iter().skip(before).any(errors::is_unclosed_brace);
        if piece.cut
            && !told
            && let Some(open) = self.open_brace(piece)
        {
            self.report(open);
        }
        if self.diagnostics.iter().count() == before {
            self.read(Rule::item_only, piece.tokens.clone(), |_, _| ());
        }
    }

    /// The error for the first brace of a cut piece that nothing closes.
    fn open_brace(&self, piece: &Piece) -> Option<Diagnostic> {
        let mut open = Vec::new();
        for index in piece.tokens.clone() {
            let token = self.scan.tokens.get(index)?;
            match self.scan.slice(token) {
                "{" if token.kind == TokenKind::Sign => open.push(token),
                "}" if token.kind == TokenKind::Sign => {
                    open.pop();
                }
                _ => {}
            }
        }
        let token = open.first()?;
        let span = Span::new(self.source, token.start as usize, token.end as usize);
        let next = self.scan.tokens.get(piece.tokens.end..)?.iter().find(|t| !t.is_comment());
        let next = next.map(|t| Span::new(self.source, t.start as usize, t.end as usize));
        Some(errors::unclosed("{", span, next))
    }

    /// What a broken item would have declared is not reported as unknown too.
    fn broken(&mut self, piece: &Piece) {
        self.doc(piece);
        let names = piece.tokens.clone().skip(1).filter_map(|index| self.scan.tokens.get(index));
        let name = names
            .filter(|t| matches!(t.kind, TokenKind::Word | TokenKind::Quoted))
            .map(|t| self.scan.slice(t).trim_matches('`'))
            .find(|word| !matches!(*word, "rule" | "let" | "rules" | "from"));
        self.file.broken_names.extend(name.map(str::to_owned));
    }

    fn recover_body(
        &mut self,
        splitter: &Splitter<'_>,
        piece: &Piece,
        kind: BodyKind,
        open: usize,
        body: std::ops::Range<usize>,
    ) {
        let doc = self.doc(piece);
        let head = piece.tokens.start..open;
        let Some(mut item) = self.head(kind, head) else {
            self.broken(piece);
            self.parts(splitter, kind, body, None);
            return;
        };
        self.parts(splitter, kind, body, Some(&mut item));
        let bytes = self.bytes(&piece.tokens);
        let span = Span::new(self.source, bytes.start, bytes.end);
        self.file.items.push(Item { doc, kind: item, span });
    }

    fn head(&mut self, kind: BodyKind, tokens: std::ops::Range<usize>) -> Option<ItemKind> {
        match kind {
            BodyKind::Header => self.read(Rule::ruleset_head_only, tokens, |lower, node| {
                ItemKind::Ruleset(Header { name: lower.sample_head(node), clauses: Vec::new() })
            }),
            BodyKind::Event => self.read(Rule::event_head_only, tokens, |lower, node| {
                let (name, discriminator) = lower.event_head(node);
                ItemKind::Event(Event { name, discriminator, fields: Vec::new() })
            }),
            BodyKind::Rule => self.read(Rule::rule_head_only, tokens, |lower, node| {
                ItemKind::Rule(Box::new(lower.rule_head(node)))
            }),
            BodyKind::Policy => self.read(Rule::policy_head_only, tokens, |lower, node| {
                ItemKind::Policy(Policy { events: lower.policy_head(node), bands: Vec::new() })
            }),
            BodyKind::Sample => self.read(Rule::sample_head_only, tokens, |lower, node| {
                ItemKind::Sample(Sample { event: lower.sample_head(node), fields: Vec::new() })
            }),
            BodyKind::Test => self.read(Rule::test_head_only, tokens, |lower, node| {
                ItemKind::Test(Test { name: lower.test_head(node), withs: Vec::new(), lines: Vec::new() })
            }),
        }
    }

    /// Reads a body part by part into `item`, if its head could be read.
    fn parts(
        &mut self,
        splitter: &Splitter<'_>,
        kind: BodyKind,
        body: std::ops::Range<usize>,
        mut item: Option<&mut ItemKind>,
    ) {
        let rule = match kind {
            BodyKind::Header => Rule::header_clause_only,
            BodyKind::Event => Rule::field_only,
            BodyKind::Rule => Rule::clause_only,
            BodyKind::Policy => Rule::policy_band_only,
            BodyKind::Sample => Rule::setting_only,
            BodyKind::Test => Rule::test_part_only,
        };
        for part in splitter.parts(kind, body) {
            if self.is_full() {
                break;
            }
            let into = item.as_deref_mut();
            let done = self.read(rule, part.clone(), |lower, node| match into {
                Some(item) => keep(lower, node, item),
                None => keep(lower, node, &mut scratch(kind)),
            });
            if done.is_none() {
                self.broken_part(kind, part, item.as_deref_mut());
            }
        }
    }

    /// A broken field or `let` still declares its name.
    fn broken_part(&mut self, kind: BodyKind, part: std::ops::Range<usize>, item: Option<&mut ItemKind>) {
        let word = |index: usize| self.scan.tokens.get(index).map_or("", |t| self.scan.slice(t));
        match (kind, item) {
            (BodyKind::Event, _) => {
                let name = word(part.start).trim_matches('`').to_owned();
                self.file.broken_names.push(name);
            }
            (BodyKind::Rule, Some(ItemKind::Rule(rule))) if word(part.start) == "let" => {
                let bytes = self.bytes(&(part.start + 1..part.start + 2));
                let span = Span::new(self.source, bytes.start, bytes.end);
                let name = Name { text: word(part.start + 1).trim_matches('`').to_owned(), span };
                let value = Expr { kind: ExprKind::Error, span };
                let whole = self.bytes(&part);
                rule.clauses.push(Clause {
                    kind: ClauseKind::Let(Let { overrides: false, name, value }),
                    span: Span::new(self.source, whole.start, whole.end),
                });
            }
            _ => {}
        }
    }

    /// Comments are all the comment tokens that did not become documentation.
    fn finish(mut self) -> (File, Diagnostics) {
        self.docs.sort_unstable();
        let mut docs = self.docs.iter().copied().peekable();
        for (index, token) in self.scan.tokens.iter().enumerate().filter(|(_, t)| t.is_comment()) {
            while docs.peek().is_some_and(|doc| *doc < index) {
                docs.next();
            }
            if docs.peek() == Some(&index) {
                continue;
            }
            let span = Span::new(self.source, token.start as usize, token.end as usize);
            let text = self.scan.slice(token).to_owned();
            self.file.comments.push(Comment { span, text, own_line: token.starts_line });
        }
        self.file.incomplete |= self.diagnostics.has_errors();
        self.diagnostics.sort();
        (self.file, self.diagnostics)
    }
}

/// Where the parts of an item go whose head could not be read.
fn scratch(kind: BodyKind) -> ItemKind {
    let span = Span::new(SourceId(0), 0, 0);
    let name = Name { text: String::new(), span };
    match kind {
        BodyKind::Header => ItemKind::Ruleset(Header { name, clauses: Vec::new() }),
        BodyKind::Event => ItemKind::Event(Event { name, discriminator: None, fields: Vec::new() }),
        BodyKind::Rule => ItemKind::Rule(Box::new(super::ast::Rule {
            shadow: false,
            name,
            title: None,
            on: On::Events(Vec::new()),
            clauses: Vec::new(),
        })),
        BodyKind::Policy => ItemKind::Policy(Policy { events: Vec::new(), bands: Vec::new() }),
        BodyKind::Sample => ItemKind::Sample(Sample { event: name, fields: Vec::new() }),
        BodyKind::Test => {
            let name = Text { value: String::new(), span };
            ItemKind::Test(Test { name, withs: Vec::new(), lines: Vec::new() })
        }
    }
}

fn keep(lower: &mut Lower<'_>, node: Node<'_>, item: &mut ItemKind) {
    match item {
        ItemKind::Ruleset(header) => header.clauses.extend(lower.header_clause(node)),
        ItemKind::Event(event) => event.fields.push(lower.field(node)),
        ItemKind::Rule(rule) => lower.clause(node, &mut rule.clauses),
        ItemKind::Policy(policy) => policy.bands.push(lower.policy_band(node)),
        ItemKind::Sample(sample) => sample.fields.push(lower.setting(node, 0)),
        ItemKind::Test(test) => lower.test_part(node, test),
        _ => {}
    }
}

/// Reads one expression that makes up the whole text.
#[cfg(test)]
pub fn parse_expression(source: SourceId, text: &str) -> (Expr, Diagnostics) {
    let scan = scan(text);
    let file =
        File { source, items: Vec::new(), broken_names: Vec::new(), incomplete: false, comments: Vec::new() };
    let mut reader = Reader { source, scan: &scan, file, diagnostics: Diagnostics::new(), docs: Vec::new() };
    let error = Expr { kind: ExprKind::Error, span: Span::new(source, 0, text.len()) };
    if reader.too_deep(0..scan.tokens.len(), 0) {
        return (error, reader.diagnostics);
    }
    let expr = reader.read(Rule::expr_only, 0..scan.tokens.len(), |lower, node| lower.expr(node));
    (expr.unwrap_or(error), reader.diagnostics)
}
