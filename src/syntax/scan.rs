//! A light scan of a whole file: tokens with their places, comments, and the characters no rules file may hold.
//!
//! The grammar does not depend on these tokens; they serve to cut a file into items, to keep comments and
//! to say clearly what is wrong where the grammar gave up.

use std::borrow::Cow;

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A name or a word of the language.
    Word,
    /// A name in backticks, closed or not.
    Quoted,
    /// What starts with a digit: `5`, `24h`, `2026-11-11`, `5%` is a number and a sign.
    Number,
    Text,
    /// A text whose closing quote is missing; it goes to the end of its line.
    OpenText,
    Regex,
    Sign,
    /// `// …`
    Comment,
    /// `/// …`
    Doc,
    /// No character of the language.
    Strange,
}

#[derive(Copy, Clone, Debug)]
pub struct Token {
    pub kind: TokenKind,
    pub start: u32,
    pub end: u32,
    /// Nothing but white space stands before it on its line.
    pub starts_line: bool,
    /// It stands in the first column.
    pub starts_column: bool,
}

impl Token {
    pub fn is_comment(&self) -> bool {
        matches!(self.kind, TokenKind::Comment | TokenKind::Doc)
    }
}

#[derive(Debug)]
pub struct Scan<'t> {
    pub text: Cow<'t, str>,
    pub tokens: Vec<Token>,
    /// Characters that were blanked out of `text`: their places and what they are.
    pub strange: Vec<(usize, char)>,
}

impl Scan<'_> {
    pub fn slice(&self, token: &Token) -> &str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or("")
    }

    /// Index of the first token that starts at or after `offset`.
    pub fn at(&self, offset: usize) -> usize {
        self.tokens.partition_point(|token| (token.start as usize) < offset)
    }

    /// The end of the last token before `end` that is no comment, at least `start`.
    pub fn trim_end(&self, start: usize, end: usize) -> usize {
        let before = self.tokens.get(..self.at(end)).unwrap_or(&[]);
        let last = before.iter().rev().find(|token| !token.is_comment());
        last.map_or(start, |token| (token.end as usize).min(end).max(start))
    }
}

/// Characters that no rules file may hold: they hide in text or change how it reads.
fn is_strange(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// The text with every strange character blanked out byte by byte, so that places stay the same.
fn blank_out(text: &str) -> (Cow<'_, str>, Vec<(usize, char)>) {
    let mut strange = Vec::new();
    let mut clean = String::new();
    let mut copied = 0;
    for (at, c) in text.char_indices() {
        if is_strange(c) || (c == '\u{feff}' && at == 0) {
            if c != '\u{feff}' {
                strange.push((at, c));
            }
            clean.push_str(text.get(copied..at).unwrap_or(""));
            clean.extend(std::iter::repeat_n(' ', c.len_utf8()));
            copied = at + c.len_utf8();
        }
    }
    if copied == 0 {
        return (Cow::Borrowed(text), strange);
    }
    clean.push_str(text.get(copied..).unwrap_or(""));
    (Cow::Owned(clean), strange)
}

pub fn scan(text: &str) -> Scan<'_> {
    let (text, strange) = blank_out(text);
    let tokens = Scanner {
        text: &text,
        at: 0,
        line: 0,
        line_end: line_end(&text, 0),
        first: true,
        after_matches: false,
        tokens: Vec::new(),
    }
    .run();
    Scan { text, tokens, strange }
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    /// Where the current line starts.
    line: usize,
    /// Where it ends; found once for all its tokens.
    line_end: usize,
    /// No token yet on this line.
    first: bool,
    /// The token before is the word `matches`: a slash opens a regex.
    after_matches: bool,
    tokens: Vec<Token>,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn run(mut self) -> Vec<Token> {
        while let Some(c) = self.rest().chars().next() {
            match c {
                '\n' => {
                    self.at += 1;
                    self.line = self.at;
                    self.line_end = line_end(self.text, self.at);
                    self.first = true;
                }
                ' ' | '\t' | '\r' => self.at += 1,
                _ => self.token(c),
            }
        }
        self.tokens
    }

    fn token(&mut self, c: char) {
        let (kind, length) = self.measure(c);
        let start = self.at;
        let end = start + length.max(c.len_utf8());
        self.at = end;
        self.after_matches = kind == TokenKind::Word && self.text.get(start..end) == Some("matches");
        self.tokens.push(Token {
            kind,
            start: start as u32,
            end: end as u32,
            starts_line: self.first,
            starts_column: start == self.line || (self.line == 0 && start == 3 && self.first),
        });
        self.first = false;
    }

    fn measure(&self, c: char) -> (TokenKind, usize) {
        let line = self.text.get(self.at..self.line_end).unwrap_or("");
        if line.starts_with("//") {
            let doc = line.starts_with("///") && !line.starts_with("////");
            return (if doc { TokenKind::Doc } else { TokenKind::Comment }, line.trim_end().len());
        }
        match c {
            '"' => quoted(line, '"')
                .map_or((TokenKind::OpenText, line.trim_end().len()), |n| (TokenKind::Text, n)),
            '`' => (TokenKind::Quoted, backticked(line)),
            '/' if self.after_matches => quoted(line, '/').map_or((TokenKind::Sign, 1), |n| {
                let flags = line.get(n..).unwrap_or("");
                (
                    TokenKind::Regex,
                    n + flags.chars().take_while(|c| is_id_char(*c)).map(char::len_utf8).sum::<usize>(),
                )
            }),
            '0'..='9' => (TokenKind::Number, number(line)),
            c if is_id_start(c) => {
                (TokenKind::Word, line.chars().take_while(|c| is_id_char(*c)).map(char::len_utf8).sum())
            }
            _ => match SIGNS.iter().find(|sign| line.starts_with(**sign)) {
                Some(sign) => (TokenKind::Sign, sign.len()),
                None => (TokenKind::Strange, c.len_utf8()),
            },
        }
    }
}

/// Where the line that holds `from` ends, its line end excluded.
fn line_end(text: &str, from: usize) -> usize {
    let line = text.get(from..).unwrap_or("").split('\n').next().unwrap_or("");
    from + line.trim_end_matches('\r').len()
}

/// Longest first; those the language lacks are here so that an error can show all of them.
const SIGNS: &[&str] = &[
    "===", "!==", "...", "<=>", "==", "!=", "<=", ">=", "=>", "=<", "<>", "->", "<-", "&&", "||", "..", "/*",
    "*/", ":=", "{", "}", "(", ")", "[", "]", "<", ">", ",", ":", "?", "=", "+", "-", "*", "/", "%", ".",
];

pub fn is_id_start(c: char) -> bool {
    c == '_' || c.is_ascii_alphabetic() || (!c.is_ascii() && c.is_alphabetic())
}

pub fn is_id_char(c: char) -> bool {
    is_id_start(c) || c.is_ascii_digit() || (!c.is_ascii() && is_mark(c))
}

/// Digits and combining marks that names may hold after their first letter.
fn is_mark(c: char) -> bool {
    c.is_numeric() || unicode_normalization::char::is_combining_mark(c)
}

/// The length of a run closed by `quote`, both quotes included.
fn quoted(line: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in line.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

fn backticked(line: &str) -> usize {
    let inner: usize = line.chars().skip(1).take_while(|c| is_id_char(*c)).map(char::len_utf8).sum();
    let closed = line.get(1 + inner..).is_some_and(|rest| rest.starts_with('`'));
    1 + inner + usize::from(closed)
}

/// A number with what is written right behind it: `24h`, `500USD`, `2026-11-11T10:00:00Z`, `1.5`.
fn number(line: &str) -> usize {
    let bytes = line.as_bytes();
    let digits =
        |from: usize, n: usize| (from..from + n).all(|i| bytes.get(i).is_some_and(u8::is_ascii_digit));
    let dash = |at: usize| bytes.get(at) == Some(&b'-');
    if digits(0, 4) && dash(4) && digits(5, 2) && dash(7) && digits(8, 2) {
        if bytes.get(10) != Some(&b'T') {
            return 10;
        }
        let tail = bytes
            .iter()
            .skip(10)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'.' | b'+' | b'-'));
        return 10 + tail.count();
    }
    let mut length = 0;
    let mut point = false;
    for (at, c) in line.char_indices() {
        let next_is_digit = || digits(at + 1, 1);
        if !(is_id_char(c) || (c == '.' && !point && next_is_digit())) {
            break;
        }
        point |= c == '.';
        length = at + c.len_utf8();
    }
    length
}
