//! Cuts a file into top-level items, and the body of a broken item into its parts, so that an error in one
//! never hides the errors in another.

use std::ops::Range;

use super::scan::{Scan, Token, TokenKind};

/// The words that begin a top-level item.
pub const ITEM_WORDS: &[&str] = &[
    "ruleset", "use", "override", "entity", "event", "events", "let", "signal", "list", "table", "phrases",
    "calendar", "rates", "action", "label", "rule", "shadow", "policy", "sample", "test",
];

/// The words that begin a clause of a rule; besides them there are the outcomes.
pub const CLAUSE_WORDS: &[&str] = &[
    "tags", "severity", "source", "formerly", "let", "when", "score", "unless", "because", "tell", "about",
    "label", "unlabel", "do", "mute", "once", "active", "rollout", "always",
];

/// The words that begin a clause of a ruleset header.
pub const HEADER_WORDS: &[&str] =
    &["edition", "version", "timezone", "currency", "outcomes", "rejects", "lateness", "limits"];

/// Words that carry on what the line before began.
const CONTINUATIONS: &[&str] = &[
    "and",
    "or",
    "not",
    "else",
    "in",
    "is",
    "has",
    "between",
    "contains",
    "starts",
    "ends",
    "matches",
    "mentions",
    "during",
    "as",
    "from",
    "by",
    "over",
    "ever",
    "within",
    "ending",
    "step",
    "including",
    "before",
    "after",
    "where",
    "fold",
    "max_age",
    "extern",
    "once",
    "per",
    "until",
    "on",
    "if",
    "for",
];

/// One top-level item, or what stands in the place of one.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its tokens, no comments at either end.
    pub tokens: Range<usize>,
    /// The tokens of `{` and `}` around its body, if it is of a kind that has one.
    pub body: Option<(usize, Option<usize>)>,
    /// It was cut off at the next item although a brace was still open.
    pub cut: bool,
}

/// What the first word of a piece says it is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum BodyKind {
    Header,
    Event,
    Rule,
    Policy,
    Sample,
    Test,
}

pub struct Splitter<'s> {
    scan: &'s Scan<'s>,
    /// For the token of each `{` the token of its `}`.
    partners: Vec<u32>,
    next: usize,
}

const NONE: u32 = u32::MAX;

impl<'s> Splitter<'s> {
    pub fn new(scan: &'s Scan<'s>) -> Splitter<'s> {
        let mut partners = vec![NONE; scan.tokens.len()];
        let mut open = Vec::new();
        for (index, token) in scan.tokens.iter().enumerate().filter(|(_, t)| t.kind == TokenKind::Sign) {
            match scan.slice(token) {
                "{" => open.push(index),
                "}" => {
                    if let Some(slot) = open.pop().and_then(|opened| partners.get_mut(opened)) {
                        *slot = index as u32;
                    }
                }
                _ => {}
            }
        }
        Splitter { scan, partners, next: 0 }
    }

    fn token(&self, index: usize) -> Option<&'s Token> {
        self.scan.tokens.get(index)
    }

    fn word(&self, index: usize) -> &'s str {
        self.token(index).map_or("", |token| self.scan.slice(token))
    }

    fn kind(&self, index: usize) -> Option<TokenKind> {
        self.token(index).map(|token| token.kind)
    }

    /// The next piece of the file, comments skipped.
    pub fn next_piece(&mut self) -> Option<Piece> {
        while self.token(self.next)?.is_comment() {
            self.next += 1;
        }
        let piece = self.cut(self.next, false);
        self.next = piece.1;
        Some(piece.0)
    }

    /// Cuts `piece` again, now at the first item in the first column, because its braces do not tell the truth.
    /// `None` if there is nothing of the kind inside it.
    pub fn recut(&mut self, piece: &Piece) -> Option<Piece> {
        if piece.cut {
            return None;
        }
        let inside = piece.tokens.start + 1..piece.tokens.end;
        inside.clone().find(|index| self.is_item_in_first_column(*index))?;
        let (shorter, next) = self.cut(piece.tokens.start, true);
        self.next = next;
        Some(shorter)
    }

    /// The piece that starts at `start`, and where the next one starts.
    fn cut(&self, start: usize, first_column: bool) -> (Piece, usize) {
        let kind = self.body_kind(start);
        let mut body = None;
        let mut open_brace = false;
        let mut index = start + 1;
        while let Some(token) = self.token(index) {
            if open_brace || first_column {
                if self.is_item_in_first_column(index) {
                    break;
                }
            } else if self.starts_item(index) {
                break;
            }
            if token.kind == TokenKind::Sign && self.word(index) == "{" && !open_brace {
                let partner = self.partners.get(index).copied().filter(|p| *p != NONE).map(|p| p as usize);
                let partner = partner.filter(|_| !first_column);
                if body.is_none() && kind.is_some() {
                    body = Some((index, partner));
                    if let Some(close) = partner {
                        index = close + 1;
                        break;
                    }
                }
                match partner {
                    Some(close) => index = close,
                    None => open_brace = true,
                }
            }
            index += 1;
        }
        let mut end = index;
        while end > start + 1 && self.token(end - 1).is_some_and(Token::is_comment) {
            end -= 1;
        }
        if let Some((open, None)) = body
            && first_column
            && end > open + 1
            && self.word(end - 1) == "}"
        {
            body = Some((open, Some(end - 1)));
            open_brace = false;
        }
        (Piece { tokens: start..end, body, cut: open_brace }, index)
    }

    /// The kind of item that starts here, if it is one with a body in braces.
    pub fn body_kind(&self, start: usize) -> Option<BodyKind> {
        Some(match self.word(start) {
            "ruleset" => BodyKind::Header,
            "event" => BodyKind::Event,
            "rule" => BodyKind::Rule,
            "shadow" if self.word(start + 1) == "rule" => BodyKind::Rule,
            "policy" => BodyKind::Policy,
            "sample" => BodyKind::Sample,
            "test" => BodyKind::Test,
            _ => return None,
        })
    }

    fn is_item_in_first_column(&self, index: usize) -> bool {
        self.token(index).is_some_and(|token| token.starts_column) && self.has_item_shape(index)
    }

    /// Outside all braces: a line that begins an item.
    fn starts_item(&self, index: usize) -> bool {
        let Some(token) = self.token(index) else { return false };
        if !token.starts_line || token.kind != TokenKind::Word {
            return false;
        }
        if self.has_item_shape(index) {
            return true;
        }
        if !token.starts_column || self.line_is_open(index) {
            return false;
        }
        let word = self.word(index);
        let next = self.kind(index + 1);
        if ITEM_WORDS.contains(&word) {
            return next != Some(TokenKind::Sign) || matches!(self.word(index + 1), "{" | ":" | "=");
        }
        !CONTINUATIONS.contains(&word)
            && matches!(next, Some(TokenKind::Word | TokenKind::Quoted | TokenKind::Text))
            && self.token(index + 1).is_some_and(|token| !token.starts_line)
            && !CONTINUATIONS.contains(&self.word(index + 1))
    }

    /// What stands before needs something after it: an operator, a comma.
    fn line_is_open(&self, index: usize) -> bool {
        let before = (0..index).rev().find(|i| self.token(*i).is_some_and(|token| !token.is_comment()));
        before.is_some_and(|i| match self.kind(i) {
            Some(TokenKind::Sign) => !matches!(self.word(i), "}" | ")" | "]" | "?" | ">" | "%"),
            Some(TokenKind::Word) => CONTINUATIONS.contains(&self.word(i)) && self.word(i) != "extern",
            _ => false,
        })
    }

    /// An item word with what must follow it.
    fn has_item_shape(&self, index: usize) -> bool {
        let next = index + 1;
        let name = matches!(self.kind(next), Some(TokenKind::Word | TokenKind::Quoted));
        let text = matches!(self.kind(next), Some(TokenKind::Text | TokenKind::OpenText));
        if self.kind(index) != Some(TokenKind::Word) || self.token(next).is_some_and(|t| t.starts_line) {
            return false;
        }
        match self.word(index) {
            "use" => text || self.word(next) == "rules",
            "test" => text,
            "override" => self.word(next) == "let",
            "shadow" => self.word(next) == "rule",
            "rates" => self.word(next) == "from",
            "label" => name && self.word(next + 1) == "on",
            "let" | "signal" => name && self.word(next + 1) == "=",
            "event" | "sample" | "ruleset" => name && matches!(self.word(next + 1), "{" | "from"),
            "events" => name && self.word(next + 1) == "=",
            "rule" => name && !matches!(self.word(next), "where" | "by" | "over" | "ever"),
            "list" | "table" => name && self.word(next + 1) == ":",
            "phrases" | "calendar" => name && self.word(next + 1) == "from",
            "action" => name && self.word(next + 1) == "(",
            "policy" => name && matches!(self.word(next + 1), "{" | ","),
            "entity" => name && !CONTINUATIONS.contains(&self.word(next)),
            _ => false,
        }
    }

    /// The parts of a body (its braces excluded): clauses, fields, lines.
    pub fn parts(&self, kind: BodyKind, body: Range<usize>) -> Vec<Range<usize>> {
        let mut parts: Vec<Range<usize>> = Vec::new();
        let mut depth = 0usize;
        for index in body {
            let Some(token) = self.token(index) else { break };
            if token.is_comment() {
                continue;
            }
            let starts = parts.is_empty() || self.starts_part(kind, index, depth);
            match parts.last_mut() {
                Some(last) if !starts => last.end = index + 1,
                _ => {
                    parts.push(index..index + 1);
                    if kind == BodyKind::Rule {
                        // Clauses hold no lines of their own: a bracket still open belongs to a broken one.
                        depth = 0;
                    }
                }
            }
            if token.kind == TokenKind::Sign {
                match self.word(index) {
                    "{" | "(" | "[" => depth += 1,
                    "}" | ")" | "]" => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
        }
        parts
    }

    fn starts_part(&self, kind: BodyKind, index: usize, depth: usize) -> bool {
        let Some(token) = self.token(index) else { return false };
        if token.starts_line && matches!(self.word(index), "#" | "/*") {
            return true;
        }
        let name = matches!(token.kind, TokenKind::Word | TokenKind::Quoted);
        let after_comma = index > 0 && self.word(index - 1) == ",";
        match kind {
            BodyKind::Event | BodyKind::Sample => {
                name && depth == 0 && (token.starts_line || after_comma) && self.starts_field(index)
            }
            BodyKind::Header => {
                token.starts_line
                    && depth == 0
                    && (HEADER_WORDS.contains(&self.word(index)) || self.looks_like_clause(index))
            }
            BodyKind::Policy => {
                token.starts_line && name && (self.word(index + 1) == "at" || self.looks_like_clause(index))
            }
            BodyKind::Test => {
                token.starts_line
                    && name
                    && depth == 0
                    && (self.word(index + 1) == "{" || matches!(self.word(index), "with" | "deadline"))
            }
            BodyKind::Rule => token.starts_line && name && self.starts_clause(index, depth),
        }
    }

    /// `name:`, or two words where the colon was forgotten.
    fn starts_field(&self, index: usize) -> bool {
        self.word(index + 1) == ":"
            || (!matches!(self.word(index), "sensitive" | "public") && self.looks_like_clause(index))
    }

    fn starts_clause(&self, index: usize, depth: usize) -> bool {
        let next = index + 1;
        let word = self.word(next);
        let next_kind = self.kind(next);
        let name = matches!(next_kind, Some(TokenKind::Word | TokenKind::Quoted));
        let value = next_kind != Some(TokenKind::Sign)
            || matches!(word, "(" | "[" | "-" | "!" | ">" | "<" | ">=" | "<=");
        let sign_free = next_kind != Some(TokenKind::Sign);
        let operator = CONTINUATIONS.contains(&word) && word != "not";
        if depth == 0 && CLAUSE_WORDS.contains(&self.word(index)) && matches!(word, ":" | "=") {
            return true;
        }
        match self.word(index) {
            // No clause begins so, but it is what other languages begin with.
            "if" => {
                depth == 0
                    && !self.line_is_open(index)
                    && self.token(index - 1).is_some_and(|t| !t.starts_line)
            }
            "score" => next_kind == Some(TokenKind::Number) || word == "-",
            "when" | "unless" => value && !operator,
            "because" | "source" => sign_free && !operator && !name || next_kind == Some(TokenKind::Strange),
            "let" => name || word == "=",
            "tags" | "severity" | "formerly" | "tell" | "about" | "do" | "mute" => sign_free && !operator,
            "label" | "unlabel" => name && (depth == 0 || self.word(next + 1) == "on"),
            "once" => word == "per" || (depth == 0 && name),
            "active" => matches!(word, "from" | "until") || (depth == 0 && sign_free),
            "rollout" => next_kind == Some(TokenKind::Number),
            "always" => self.token(next).is_none_or(|t| t.starts_line) || word == "}",
            _ if matches!(word, "if" | "when" | "always") => true,
            // `zh "…"` carries on a `tell`.
            lang if lang.len() <= 3 && next_kind == Some(TokenKind::Text) => false,
            _ => depth == 0 && self.looks_like_clause(index),
        }
    }

    /// Two words side by side at the start of a line, the line before complete: a clause with a misspelt word.
    fn looks_like_clause(&self, index: usize) -> bool {
        !CONTINUATIONS.contains(&self.word(index))
            && !self.line_is_open(index)
            && matches!(
                self.kind(index + 1),
                Some(
                    TokenKind::Word
                        | TokenKind::Text
                        | TokenKind::OpenText
                        | TokenKind::Number
                        | TokenKind::Quoted
                )
            )
            && self.token(index + 1).is_some_and(|token| !token.starts_line)
            && !CONTINUATIONS.contains(&self.word(index + 1))
    }
}
