//! A strict JSON scanner (RFC 8259): it finds where members and values stand, checks every byte of them, and
//! borrows; nothing is built and nothing is unescaped before someone asks.

use std::borrow::Cow;

/// Open objects and arrays within one another, the outermost included.
pub const MAX_DEPTH: u32 = 64;

/// What a value is, by its first byte.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Null,
    True,
    False,
    /// Digits, perhaps after a minus.
    Integer,
    /// Any other number.
    Number,
    /// Its span has the quotes.
    Text,
    /// A text with escapes.
    Escaped,
    Object,
    Array,
    /// No JSON, but a cell of a CSV row, to be read as its field's type.
    Cell,
}

impl Kind {
    pub fn is_text(self) -> bool {
        matches!(self, Kind::Text | Kind::Escaped)
    }
}

/// A value and where it stands in the scanned text. Of two plain parts, so that it is handed on in registers.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The byte it starts at in the upper half, the one behind it in the lower.
    span: u64,
    pub kind: Kind,
}

/// A member of an object; the key's span is without its quotes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub key_start: u32,
    pub key_end: u32,
    pub key_escaped: bool,
    pub value: Token,
}

/// Why a text is no JSON.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Byte offset of what is wrong; the text's length if it ends too early.
    pub at: usize,
    pub expected: &'static str,
}

impl Token {
    #[inline]
    pub fn new(start: usize, end: usize, kind: Kind) -> Token {
        Token { span: (start as u64) << 32 | end as u64 & 0xFFFF_FFFF, kind }
    }

    #[inline]
    pub fn start(self) -> usize {
        (self.span >> 32) as usize
    }

    #[inline]
    pub fn end(self) -> usize {
        self.span as u32 as usize
    }

    /// The value as it is written.
    pub fn raw(self, text: &str) -> &str {
        text.get(self.start()..self.end()).unwrap_or("")
    }

    /// A string without its quotes, still escaped.
    pub fn inner(self, text: &str) -> &str {
        text.get(self.start() + 1..self.end() - 1).unwrap_or("")
    }
}

impl Member {
    /// The key as it is written.
    pub fn key(self, text: &str) -> &str {
        text.get(self.key_start as usize..self.key_end as usize).unwrap_or("")
    }

    /// What the key says.
    pub fn name(self, text: &str) -> Cow<'_, str> {
        if self.key_escaped { unescaped(self.key(text)).into() } else { self.key(text).into() }
    }

    pub fn is(self, text: &str, name: &str) -> bool {
        self.name(text) == name
    }
}

/// The one value that the text is, spaces around it dropped.
pub fn document(text: &str) -> Result<Token, SyntaxError> {
    let scan = Scan { bytes: text.as_bytes() };
    let value = scan.value(scan.space(0), 0)?;
    scan.end(value.end())?;
    Ok(value)
}

/// The members of the object that the whole text is, appended to `out`.
pub fn root_members(text: &str, out: &mut Vec<Member>) -> Result<(), SyntaxError> {
    let scan = Scan { bytes: text.as_bytes() };
    let start = scan.space(0);
    if scan.byte(start) != Some(b'{') {
        return Err(SyntaxError { at: start, expected: "a JSON object" });
    }
    let end = scan.members(start, 1, out)?;
    scan.end(end)
}

/// The value of a member of the outermost object that starts at `start`.
#[inline]
pub fn member_value(text: &str, start: usize) -> Result<Token, SyntaxError> {
    Scan { bytes: text.as_bytes() }.value(start, 1)
}

/// The members of an object within a scanned text, appended to `out`.
pub fn members(text: &str, object: Token, out: &mut Vec<Member>) -> Result<(), SyntaxError> {
    // Its depth was checked with the whole.
    Scan { bytes: text.as_bytes() }.members(object.start(), 1, out).map(drop)
}

/// The element of an array at or after `position`, and where the next may stand; begin one byte after the
/// array's start. `None` after the last.
pub fn element(text: &str, position: usize) -> Result<Option<(Token, usize)>, SyntaxError> {
    let scan = Scan { bytes: text.as_bytes() };
    let start = scan.space(position);
    if scan.byte(start) == Some(b']') {
        return Ok(None);
    }
    let value = scan.value(start, 0)?;
    let after = scan.space(value.end());
    Ok(Some((value, if scan.byte(after) == Some(b',') { after + 1 } else { after })))
}

/// Appends what an escaped string says.
pub fn unescape(escaped: &str, out: &mut String) {
    let mut rest = escaped;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let code = rest.as_bytes().get(at + 1).copied().unwrap_or(b'\\');
        rest = rest.get(at + 2..).unwrap_or("");
        out.push(match code {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let (unit, after) = take_unit(rest);
                rest = after;
                if (0xD800..0xDC00).contains(&unit) {
                    let (low, after) = take_unit(rest.get(2..).unwrap_or(""));
                    rest = after;
                    let code = 0x10000 + ((unit - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF);
                    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                } else {
                    char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
                }
            }
            other => char::from(other),
        });
    }
    out.push_str(rest);
}

pub fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    unescape(text, &mut out);
    out
}

fn take_unit(rest: &str) -> (u32, &str) {
    let digits = rest.get(..4).unwrap_or("");
    (u32::from_str_radix(digits, 16).unwrap_or(0), rest.get(4..).unwrap_or(""))
}

struct Scan<'a> {
    bytes: &'a [u8],
}

/// Of eight bytes at once: the high bit of the first one that is a quote, a backslash or a control, and perhaps of
/// some behind it; zero if there is none.
#[inline]
fn stops(eight: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    // Taking a number from all bytes borrows where a byte is less than that.
    let less_than = |bytes: u64, than: u8| bytes.wrapping_sub(ONES * u64::from(than)) & !bytes;
    let quotes = less_than(eight ^ (ONES * u64::from(b'"')), 1);
    let backslashes = less_than(eight ^ (ONES * u64::from(b'\\')), 1);
    (quotes | backslashes | less_than(eight, b' ')) & (ONES * 0x80)
}

impl Scan<'_> {
    #[inline]
    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    #[inline]
    fn space(&self, mut at: usize) -> usize {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte(at) {
            at += 1;
        }
        at
    }

    fn end(&self, at: usize) -> Result<(), SyntaxError> {
        let at = self.space(at);
        if at == self.bytes.len() { Ok(()) } else { Err(SyntaxError { at, expected: "the end of the line" }) }
    }

    fn members(&self, start: usize, depth: u32, out: &mut Vec<Member>) -> Result<usize, SyntaxError> {
        let mut at = self.space(start + 1);
        if self.byte(at) == Some(b'}') {
            return Ok(at + 1);
        }
        loop {
            let (key_end, key_escaped) = self.key(at)?;
            let colon = self.space(key_end + 1);
            if self.byte(colon) != Some(b':') {
                return Err(SyntaxError { at: colon, expected: "`:` after a key" });
            }
            let value = self.value(self.space(colon + 1), depth)?;
            out.push(Member { key_start: at as u32 + 1, key_end: key_end as u32, key_escaped, value });
            at = self.space(value.end());
            match self.byte(at) {
                Some(b',') => at = self.space(at + 1),
                Some(b'}') => return Ok(at + 1),
                _ => return Err(SyntaxError { at, expected: "`,` or `}`" }),
            }
        }
    }

    /// Where the key that starts at `at` has its closing quote.
    fn key(&self, at: usize) -> Result<(usize, bool), SyntaxError> {
        if self.byte(at) != Some(b'"') {
            return Err(SyntaxError { at, expected: "a key in quotes" });
        }
        self.string(at + 1)
    }

    /// Where the string that starts at `at` (after its quote) has its closing quote, and whether it has escapes.
    #[inline]
    fn string(&self, mut at: usize) -> Result<(usize, bool), SyntaxError> {
        let mut escaped = false;
        loop {
            at = self.plain(at);
            match self.byte(at) {
                Some(b'"') => return Ok((at, escaped)),
                Some(b'\\') => {
                    escaped = true;
                    at = self.escape(at + 1)?;
                }
                Some(_) => return Err(SyntaxError { at, expected: "control characters as `\\u` escapes" }),
                None => return Err(SyntaxError { at, expected: "a closing quote" }),
            }
        }
    }

    /// The end of a string's plain run: the next quote, backslash or control, or the text's end.
    #[inline]
    fn plain(&self, mut at: usize) -> usize {
        while let Some(eight) = self.bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            let stops = stops(u64::from_le_bytes(*eight));
            if stops != 0 {
                return at + stops.trailing_zeros() as usize / 8;
            }
            at += 8;
        }
        while let Some(byte) = self.byte(at)
            && !(byte < b' ' || byte == b'"' || byte == b'\\')
        {
            at += 1;
        }
        at
    }

    /// The end of the escape whose backslash stands before `at`.
    fn escape(&self, at: usize) -> Result<usize, SyntaxError> {
        let paired = SyntaxError { at, expected: "surrogates only in pairs" };
        match self.byte(at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
            Some(b'u') => match self.unit(at + 1)? {
                0xD800..=0xDBFF => {
                    if self.byte(at + 5) != Some(b'\\') || self.byte(at + 6) != Some(b'u') {
                        return Err(paired);
                    }
                    match self.unit(at + 7)? {
                        0xDC00..=0xDFFF => Ok(at + 11),
                        _ => Err(paired),
                    }
                }
                0xDC00..=0xDFFF => Err(paired),
                _ => Ok(at + 5),
            },
            _ => Err(SyntaxError { at, expected: "one of `\" \\ / b f n r t u` after a backslash" }),
        }
    }

    fn unit(&self, at: usize) -> Result<u32, SyntaxError> {
        let mut unit = 0;
        for i in at..at + 4 {
            let digit = self.byte(i).and_then(|b| char::from(b).to_digit(16));
            let digit = digit.ok_or(SyntaxError { at: i, expected: "four hex digits after `\\u`" })?;
            unit = unit << 4 | digit;
        }
        Ok(unit)
    }

    /// The value at `start`, inside of `depth` open objects and arrays.
    #[inline]
    fn value(&self, start: usize, depth: u32) -> Result<Token, SyntaxError> {
        let (kind, end) = match self.byte(start) {
            Some(b'"') => {
                let (quote, escaped) = self.string(start + 1)?;
                (if escaped { Kind::Escaped } else { Kind::Text }, quote + 1)
            }
            Some(b'-' | b'0'..=b'9') => {
                let (end, integer) = self.number(start)?;
                (if integer { Kind::Integer } else { Kind::Number }, end)
            }
            Some(b'{') => (Kind::Object, self.container(start, depth)?),
            Some(b'[') => (Kind::Array, self.container(start, depth)?),
            Some(b't') => (Kind::True, self.word(start, b"true")?),
            Some(b'f') => (Kind::False, self.word(start, b"false")?),
            Some(b'n') => (Kind::Null, self.word(start, b"null")?),
            _ => return Err(SyntaxError { at: start, expected: "a value" }),
        };
        Ok(Token::new(start, end, kind))
    }

    fn word(&self, start: usize, word: &[u8]) -> Result<usize, SyntaxError> {
        if self.bytes.get(start..start + word.len()) == Some(word) {
            Ok(start + word.len())
        } else {
            Err(SyntaxError { at: start, expected: "a value" })
        }
    }

    /// The end of a number, and whether it is nothing but an integer.
    #[inline]
    fn number(&self, start: usize) -> Result<(usize, bool), SyntaxError> {
        let mut at = start + usize::from(self.byte(start) == Some(b'-'));
        at = match self.byte(at) {
            Some(b'0') => at + 1,
            _ => self.digits(at)?,
        };
        let whole = at;
        if self.byte(at) == Some(b'.') {
            at = self.digits(at + 1)?;
        }
        if let Some(b'e' | b'E') = self.byte(at) {
            let sign = usize::from(matches!(self.byte(at + 1), Some(b'+' | b'-')));
            at = self.digits(at + 1 + sign)?;
        }
        match self.byte(at) {
            Some(b'0'..=b'9') => Err(SyntaxError { at, expected: "a number without leading zeros" }),
            _ => Ok((at, at == whole)),
        }
    }

    #[inline]
    fn digits(&self, start: usize) -> Result<usize, SyntaxError> {
        let mut at = start;
        while let Some(b'0'..=b'9') = self.byte(at) {
            at += 1;
        }
        if at == start { Err(SyntaxError { at, expected: "a digit" }) } else { Ok(at) }
    }

    /// Checks the object or array at `start` without recursion: one bit per open container tells its kind.
    fn container(&self, start: usize, outer: u32) -> Result<usize, SyntaxError> {
        let (mut objects, mut depth, mut at) = (0u64, 0, start);
        loop {
            let opens_object = match self.byte(at) {
                Some(b'{') => Some(true),
                Some(b'[') => Some(false),
                _ => None,
            };
            if let Some(object) = opens_object {
                depth += 1;
                if outer + depth > MAX_DEPTH {
                    return Err(SyntaxError { at, expected: "at most 64 levels of nesting" });
                }
                objects = objects << 1 | u64::from(object);
                let inside = self.space(at + 1);
                if self.byte(inside) != Some(if object { b'}' } else { b']' }) {
                    at = if object { self.member_start(inside)? } else { inside };
                    continue;
                }
                at = inside;
            } else {
                at = self.space(self.value(at, 0)?.end());
            }
            // Behind a value, or at the end of an empty container.
            loop {
                let object = objects & 1 == 1;
                match self.byte(at) {
                    Some(b',') => {
                        let next = self.space(at + 1);
                        at = if object { self.member_start(next)? } else { next };
                        break;
                    }
                    Some(byte) if byte == if object { b'}' } else { b']' } => {
                        depth -= 1;
                        objects >>= 1;
                        if depth == 0 {
                            return Ok(at + 1);
                        }
                        at = self.space(at + 1);
                    }
                    _ => {
                        return Err(SyntaxError {
                            at,
                            expected: if object { "`,` or `}`" } else { "`,` or `]`" },
                        });
                    }
                }
            }
        }
    }

    /// Past a key and its colon.
    fn member_start(&self, at: usize) -> Result<usize, SyntaxError> {
        let (quote, _) = self.key(at)?;
        let colon = self.space(quote + 1);
        if self.byte(colon) != Some(b':') {
            return Err(SyntaxError { at: colon, expected: "`:` after a key" });
        }
        Ok(self.space(colon + 1))
    }
}
