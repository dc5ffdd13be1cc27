//! From the place where the grammar gave up to a message an analyst can act on.

use std::ops::Range;

use pest::error::Error as PestError;

use super::expected::Expected;
use super::{hints, unclosed, unclosed_quote};
use crate::diag::{Diagnostic, codes, did_you_mean};
use crate::source::{SourceId, Span};
use crate::syntax::parser::Rule;
use crate::syntax::scan::{Scan, Token, TokenKind};
use crate::syntax::split::{CLAUSE_WORDS, HEADER_WORDS, ITEM_WORDS};

/// Where the grammar gave up.
pub(in crate::syntax) struct Failure<'s> {
    pub source: SourceId,
    pub scan: &'s Scan<'s>,
    /// The byte where it gave up.
    pub at: usize,
    /// The tokens that were being read.
    pub tokens: Range<usize>,
    /// As what they were being read.
    pub entry: Rule,
}

/// The failure with its surroundings: tokens are asked for relative to the one that was not expected.
pub(super) struct Context<'s> {
    pub failure: &'s Failure<'s>,
    pub expected: Expected,
    /// The tokens that were being read, comments left out.
    tokens: Vec<&'s Token>,
    /// The one that was not expected; its number is that of all tokens if it was the end.
    pub found: usize,
}

impl<'s> Context<'s> {
    fn new(failure: &'s Failure<'s>, error: &PestError<Rule>) -> Context<'s> {
        let tokens: Vec<&Token> = failure
            .scan
            .tokens
            .get(failure.tokens.clone())
            .unwrap_or(&[])
            .iter()
            .filter(|t| !t.is_comment())
            .collect();
        // The grammar may give up inside what the scan sees as one token (`500USD`): that token is meant.
        let found = tokens.partition_point(|t| (t.end as usize) <= failure.at);
        let mut expected = Expected::new(error);
        let first = tokens.first().map_or("", |t| failure.scan.slice(t));
        if found == 1 && failure.entry == Rule::clause_only && CLAUSE_WORDS.contains(&first) {
            // The grammar also tried to read the word of the clause as an outcome.
            expected.things.retain(|t| !matches!(t.as_str(), "`if`" | "`always`"));
        }
        Context { failure, expected, tokens, found }
    }

    pub fn token(&self, offset: isize) -> Option<&'s Token> {
        self.tokens.get(self.found.checked_add_signed(offset)?).copied()
    }

    pub fn word(&self, offset: isize) -> &'s str {
        self.token(offset).map_or("", |token| self.failure.scan.slice(token))
    }

    pub fn kind(&self, offset: isize) -> Option<TokenKind> {
        self.token(offset).map(|token| token.kind)
    }

    /// The place of a token; past the end, right behind the last one.
    pub fn span(&self, offset: isize) -> Span {
        match self.token(offset).or(self.tokens.last().copied()) {
            Some(token) => Span::new(self.failure.source, token.start as usize, token.end as usize),
            None => Span::new(self.failure.source, self.failure.at, self.failure.at),
        }
    }

    /// The place from one token to another.
    pub fn run(&self, from: isize, to: isize) -> Span {
        self.span(from).to(self.span(to))
    }

    pub fn at_end(&self) -> bool {
        self.found >= self.tokens.len()
    }

    /// No white space between a token and the one after it.
    pub fn touches(&self, offset: isize) -> bool {
        match (self.token(offset), self.token(offset + 1)) {
            (Some(one), Some(two)) => one.end == two.start,
            _ => false,
        }
    }

    /// The rest of the file's line from the unexpected token on.
    pub fn rest_of_line(&self) -> &'s str {
        let start = self.token(0).map_or(self.failure.at, |t| t.start as usize);
        self.failure.scan.text.get(start..).unwrap_or("").lines().next().unwrap_or("")
    }

    /// The brackets still open before the unexpected token.
    fn open_brackets(&self) -> Vec<&'s Token> {
        let mut open: Vec<&Token> = Vec::new();
        for token in self.tokens.iter().take(self.found).filter(|t| t.kind == TokenKind::Sign) {
            match self.failure.scan.slice(token) {
                "(" | "[" | "{" => open.push(token),
                ")" | "]" | "}" => {
                    open.pop();
                }
                _ => {}
            }
        }
        open
    }

    /// The bracket that was opened last and is still open before the unexpected token.
    pub fn innermost_bracket(&self) -> Option<&'s str> {
        self.open_brackets().last().map(|token| self.failure.scan.slice(token))
    }

    /// What the end of this text is to a reader.
    fn end_name(&self) -> &'static str {
        match self.failure.entry {
            Rule::field_only | Rule::setting_only => "the end of the field",
            Rule::item_only => "the end of the declaration",
            Rule::expr_only => "the end",
            Rule::test_part_only => "the end of the line",
            Rule::clause_only | Rule::header_clause_only | Rule::policy_band_only => "the end of the clause",
            _ => "`{`",
        }
    }

    /// It is the first word of a clause or declaration.
    pub fn is_first(&self) -> bool {
        self.found == 0
    }
}

/// Says what is wrong where the grammar gave up.
pub(in crate::syntax) fn explain(failure: &Failure<'_>, error: &PestError<Rule>) -> Diagnostic {
    let context = Context::new(failure, error);
    if let Some(open) = open_quote(&context) {
        return open;
    }
    if let Some(hint) = hints::hint(&context) {
        return hint;
    }
    if let Some(unclosed) = open_bracket(&context) {
        return unclosed;
    }
    unknown_word(&context).unwrap_or_else(|| general(&context))
}

/// A text without its closing quote, at the unexpected token or just before it.
fn open_quote(context: &Context<'_>) -> Option<Diagnostic> {
    (-1..=0).find(|o| context.kind(*o) == Some(TokenKind::OpenText)).map(|o| unclosed_quote(context.span(o)))
}

/// A bracket that is still open where a new line or the end shows that it should be closed.
fn open_bracket(context: &Context<'_>) -> Option<Diagnostic> {
    let open = context.open_brackets();
    let last = open.last()?;
    let word = context.failure.scan.slice(last);
    let partner = matches!((word, context.word(0)), ("(", ")") | ("[", "]") | ("{", "}"));
    let closes = matches!(context.word(0), ")" | "]" | "}") && !partner;
    if partner {
        return None;
    }
    let new_line = context.token(0).is_some_and(|t| t.starts_line);
    let closable = context.expected.things.iter().any(|t| matches!(t.as_str(), "`)`" | "`]`" | "`}`"));
    if !(context.at_end()
        || closes
        || (new_line && closable)
        || (closable && context.expected.operator && word != "{"))
    {
        return None;
    }
    let span = Span::new(context.failure.source, last.start as usize, last.end as usize);
    let next = if context.at_end() { None } else { Some(context.span(0)) };
    Some(unclosed(word, span, next))
}

/// A word that begins nothing: the nearest one that does.
fn unknown_word(context: &Context<'_>) -> Option<Diagnostic> {
    let outcome = context.expected.has(Rule::kw_always) && context.found == 1;
    if !context.is_first() && !outcome {
        return None;
    }
    let first = context.token(-(context.found as isize))?;
    if first.kind != TokenKind::Word {
        return None;
    }
    let written = context.failure.scan.slice(first);
    let (known, what): (&[&str], &str) = match context.failure.entry {
        Rule::item_only => (ITEM_WORDS, "a declaration"),
        Rule::header_clause_only => (HEADER_WORDS, "a clause of a ruleset"),
        Rule::clause_only => (CLAUSE_WORDS, "a clause of a rule"),
        _ => return None,
    };
    if known.contains(&written) {
        return None;
    }
    let all = known.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(" ");
    let help =
        synonym(written).or_else(|| did_you_mean(written, known.iter().copied())).unwrap_or_else(|| {
            match context.failure.entry {
                Rule::clause_only => {
                    format!("a clause begins with one of {all}, or with an outcome: `review if …`")
                }
                _ => format!("it begins with one of {all}"),
            }
        });
    let span = context.span(-(context.found as isize));
    let message = format!("`{written}` does not begin {what}");
    Some(Diagnostic::new(&codes::UNKNOWN_WORD, message, span, "not a word of the language here").help(help))
}

/// Words of other tools for what the language calls differently.
fn synonym(written: &str) -> Option<String> {
    let word = match written.to_lowercase().as_str() {
        "reason" | "message" | "explain" | "why" => "because",
        "tag" | "category" => "tags",
        "priority" | "level" => "severity",
        "description" | "title" | "name" => {
            return Some("the title stands after the name: `rule name \"Title\" on order {`".into());
        }
        "except" | "exclude" | "ignore" => "unless",
        "condition" | "where" | "given" => "when",
        "points" | "weight" | "risk" => "score",
        "notify" | "customer" => "tell",
        "const" | "constant" | "define" | "set" | "var" => "let",
        "import" | "include" => "use",
        "function" | "func" | "fn" | "def" | "feature" | "variable" => "signal",
        "throttle" | "limit" | "cooldown" => "once",
        "type" | "struct" | "schema" => "event",
        _ => return None,
    };
    Some(format!("did you mean `{word}`?"))
}

fn general(context: &Context<'_>) -> Diagnostic {
    let expected = context.expected.describe(context.end_name());
    let found = found(context);
    let needs_more = !context.expected.end && context.found > 0;
    let next_line = context.token(0).is_none_or(|t| t.starts_line);
    let (span, label) = if needs_more && next_line {
        (context.span(-1), format!("{expected} must follow this"))
    } else {
        (
            context.span(0),
            format!("not {} here", if expected.contains(" or ") { "one of these" } else { "that" }),
        )
    };
    let label = if label.starts_with("not") { "this can't stand here".to_owned() } else { label };
    let near = match context.kind(0) {
        Some(TokenKind::Word) => {
            let words = context.expected.things.iter().chain(&context.expected.optional);
            let words: Vec<&str> =
                words.map(|t| t.trim_matches('`')).filter(|t| t.chars().all(char::is_alphabetic)).collect();
            did_you_mean(context.word(0), words)
        }
        _ => None,
    };
    let message = format!("expected {expected}, found {found}");
    let code = if context.kind(0) == Some(TokenKind::Strange) { &codes::CHARACTER } else { &codes::SYNTAX };
    Diagnostic::new(code, message, span, label).help_opt(near.or_else(|| usage(context)))
}

fn found(context: &Context<'_>) -> String {
    match context.token(0) {
        None => match context.failure.entry {
            Rule::item_only => "the end of the declaration".into(),
            Rule::rule_head_only | Rule::event_head_only | Rule::policy_head_only => "`{`".into(),
            Rule::ruleset_head_only | Rule::sample_head_only | Rule::test_head_only => "`{`".into(),
            _ => "the end of the line".into(),
        },
        Some(_) => {
            let word = context.word(0);
            let short: String = word.chars().take(40).collect();
            if short.len() < word.len() { format!("`{short}…`") } else { format!("`{short}`") }
        }
    }
}

/// How the thing that was being read is written.
fn usage(context: &Context<'_>) -> Option<String> {
    let first = context.word(-(context.found as isize));
    let second = context.word(1 - context.found as isize);
    let usage = match (context.failure.entry, first) {
        (Rule::clause_only, "tags") => "tags address, refund",
        (Rule::clause_only, "severity") => "severity high",
        (Rule::clause_only, "source") => "source \"ticket-17\"",
        (Rule::clause_only, "let") => "let changes = count(address_change) by buyer over 24h",
        (Rule::clause_only, "score") => "score 15 if amount > 500 USD",
        (Rule::clause_only, "tell") => "tell en \"Please confirm your address.\"",
        (Rule::clause_only, "label") => "label suspect on buyer for 30d",
        (Rule::clause_only, "unlabel") => "unlabel suspect on buyer",
        (Rule::clause_only, "do") => "do report(order, malicious_order) if changes >= 6",
        (Rule::clause_only, "mute") => "mute other_rule by buyer for 1d",
        (Rule::clause_only, "once") => "once per order per 30d",
        (Rule::clause_only, "active") => "active from 2026-11-20 until 2026-12-02",
        (Rule::clause_only, "rollout") => "rollout 10% by buyer",
        (Rule::clause_only, "when") => "when amount > 500 USD",
        (Rule::clause_only, "unless") => "unless trusted because \"long, verified history\"",
        (Rule::clause_only, "about") => "about buyer",
        (Rule::clause_only, "formerly") => "formerly old_name",
        (Rule::clause_only, "because") => "because \"{changes} address changes in 24 h\"",
        (Rule::clause_only, _) if context.expected.has(Rule::kw_always) => "review if amount > 500 USD",
        (Rule::policy_band_only, _) => "review at score 60",
        (Rule::rule_head_only, _) => "rule big_order \"Large order\" on order {",
        (Rule::field_only, _) => "amount: money",
        (Rule::setting_only, _) => "amount: 20 USD",
        (Rule::test_part_only, "with") => "with list trusted_buyers = [\"b9\"]",
        (Rule::test_part_only, _) => "order { buyer: \"b1\" } => review by big_order",
        (Rule::item_only, "use") => "use rules \"../packs/returns\"",
        (Rule::item_only, "entity") => "entity buyer",
        (Rule::item_only, "events") => "events activity = login, order",
        (Rule::item_only, "let" | "override") => "let HIGH_VALUE = 500 USD",
        (Rule::item_only, "signal") => "signal account_age = at - buyer_since",
        (Rule::item_only, "list") => "list home_markets: country = [CN, PL]",
        (Rule::item_only, "table") => "table ip_country: cidr -> country from \"tables/ip_country.csv\"",
        (Rule::item_only, "phrases") => "phrases off_platform from \"phrases/off_platform.txt\"",
        (Rule::item_only, "calendar") => "calendar promotions from \"calendars/promotions.csv\"",
        (Rule::item_only, "rates") => "rates from \"tables/rates.csv\"",
        (Rule::item_only, "action") => "action report(order: order_ref) once per order",
        (Rule::item_only, "label") => "label suspect on buyer",
        (Rule::item_only, "rule") | (Rule::item_only, "shadow") => "rule big_order on order { … }",
        (Rule::item_only, "event") => "event order { … }",
        (Rule::item_only, "policy") => "policy order { … }",
        (Rule::item_only, "sample") => "sample order { … }",
        (Rule::item_only, "test") => "test \"a large order\" { … }",
        (Rule::item_only, "ruleset") => "ruleset marketplace { … }",
        _ => return None,
    };
    // The example only helps where the clause itself is malformed, not deep inside an expression.
    let deep = context.expected.operator || (context.expected.value && !second.is_empty());
    (!deep).then(|| format!("it is written like `{usage}`"))
}
