//! A folded copy of a text, with the way back to the original.
//!
//! Folding makes equal what people read as equal: compatibility forms (NFKC), case, invisible characters, marks on
//! Latin, Greek and Cyrillic letters, letters of other scripts that look like Latin ones, digits and signs in place of
//! letters, runs of white space. What it can't decide it leaves open: a `1` between letters, or a capital `I` among
//! small ones, may stand for `i` or `l`.

mod letters;
mod pairs;

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

pub(super) use letters::is_word;
pub use pairs::Pairs;

/// A folded text. `i` and `l` are one letter in it while searching; what they were is kept beside it, so that a match is
/// confirmed letter by letter.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Folded {
    /// What is searched; `i` is written `l`.
    text: String,
    /// Byte by byte what stands behind `text` where that says less: `i`, `l` or [`EITHER`] behind `l`, a line feed
    /// behind a space, `@` or `$` behind the letter that it may stand for.
    exact: Vec<u8>,
    /// The bytes of the original behind each byte; absent if all stand at the same place.
    map: Option<Vec<(u32, u32)>>,
}

/// Behind an `l` of the folded text: may be an `i` too.
const EITHER: u8 = b'1';

impl Folded {
    pub fn new(text: &str) -> Folded {
        let mut folded = fold_simple(text).unwrap_or_else(|| fold_any(text));
        folded.read_digits_as_letters();
        folded
    }

    /// What is searched: lower case, `i` written as `l`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the original text behind a range of this one; never empty unless the range is.
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        let Some(map) = &self.map else { return range };
        let inner = map.get(range).unwrap_or_default();
        match (inner.first(), inner.last()) {
            (Some(first), Some(last)) => first.0 as usize..last.1 as usize,
            _ => 0..0,
        }
    }

    /// Whether `range`, found by [`Folded::text`], is this pattern also where the text tells `i` from `l`.
    pub(super) fn confirms(&self, range: Range<usize>, pattern: &Folded) -> bool {
        let (Some(text), Some(exact)) = (self.text.as_bytes().get(range.clone()), self.exact.get(range))
        else {
            return false;
        };
        let may_differ = |(a, b): (&u8, &u8)| a != b && *a != EITHER && *b != EITHER;
        let letters = text.iter().zip(exact.iter().zip(&pattern.exact));
        !letters.into_iter().any(|(class, pair)| *class == b'l' && may_differ(pair))
    }

    /// Whether words can be told apart at this place: no letter or digit of a script with spaces on one of its sides.
    pub(super) fn is_boundary(&self, place: usize) -> bool {
        let before = self.text.get(..place).and_then(|t| t.chars().next_back());
        let after = self.text.get(place..).and_then(|t| t.chars().next());
        let sign = |place: Option<usize>| matches!(place.and_then(|p| self.exact.get(p)), Some(b'@' | b'$'));
        let word_before = before.is_some_and(is_word) && !sign(place.checked_sub(1));
        let word_after = after.is_some_and(is_word) && !sign(Some(place));
        !(word_before && word_after)
    }

    /// Where something that begins at most `characters` after this place must begin: before the end of the sentence
    /// and of the line.
    pub(super) fn reach(&self, place: usize, characters: usize) -> usize {
        let rest = self.text.get(place..).unwrap_or("");
        let stops = |offset: usize, c: char| {
            matches!(c, '.' | '!' | '?' | '。') || self.exact.get(place + offset) == Some(&b'\n')
        };
        for (count, (offset, c)) in rest.char_indices().enumerate() {
            if count == characters || stops(offset, c) {
                return place + offset;
            }
        }
        self.text.len()
    }

    /// Only letters, digits and their marks; `origin` gives places in this text.
    pub(super) fn squeezed(&self) -> Folded {
        let mut out = Folded { map: Some(Vec::new()), ..Folded::default() };
        for (start, c) in self.text.char_indices() {
            if c.is_alphanumeric() || is_combining_mark(c) {
                let range = start..start + c.len_utf8();
                out.push_copy(self, range.clone(), (range.start as u32, range.end as u32));
            }
        }
        out.read_digits_as_letters();
        out
    }

    /// Without white space at its ends.
    pub(super) fn trimmed(&self) -> Folded {
        let start = self.text.len() - self.text.trim_start().len();
        let end = self.text.trim_end().len().max(start);
        let mut out = Folded { map: Some(Vec::new()), ..Folded::default() };
        for (offset, c) in self.text.get(start..end).unwrap_or("").char_indices() {
            let range = start + offset..start + offset + c.len_utf8();
            let origin = self.origin(range.clone());
            out.push_copy(self, range, (origin.start as u32, origin.end as u32));
        }
        out
    }

    /// What it says, wherever it came from: equal for two texts that fold to the same.
    pub(super) fn meaning(&self) -> Folded {
        let letters = self.text.bytes().zip(&self.exact);
        let exact = letters.map(|(class, exact)| if class == b'l' { *exact } else { class }).collect();
        Folded { text: self.text.clone(), exact, map: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Appends a piece of another folded text, all of it standing for `origin`.
    fn push_copy(&mut self, from: &Folded, range: Range<usize>, origin: (u32, u32)) {
        self.text.push_str(from.text.get(range.clone()).unwrap_or(""));
        self.exact.extend_from_slice(from.exact.get(range).unwrap_or(&[]));
        if let Some(map) = &mut self.map {
            map.resize(self.text.len(), origin);
        }
    }

    /// Appends a folded character; white space after white space only widens what that stands for.
    fn push(&mut self, c: char, either: bool, origin: (u32, u32)) {
        if c.is_whitespace() {
            let line_end = matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
            if self.text.ends_with(' ') {
                if let Some(last) = self.map.as_mut().and_then(|map| map.last_mut()) {
                    last.1 = origin.1;
                }
                if let Some(last) = self.exact.last_mut().filter(|_| line_end) {
                    *last = b'\n';
                }
                return;
            }
            self.text.push(' ');
            self.exact.push(if line_end { b'\n' } else { b' ' });
        } else {
            self.text.push(if c == 'i' { 'l' } else { c });
            self.exact.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            if let Some(last) = self.exact.last_mut().filter(|_| either) {
                *last = EITHER;
            }
        }
        if let Some(map) = &mut self.map {
            map.resize(self.text.len(), origin);
        }
    }

    /// `0 1 3 4 5 @ $` as `o l e a s a s`, in runs that stand between letters.
    fn read_digits_as_letters(&mut self) {
        let bytes = self.text.as_bytes();
        if !bytes.iter().any(|b| letters::leet(*b).is_some()) {
            return;
        }
        let mut read = bytes.to_vec();
        let mut place = 0;
        while let Some(start) =
            bytes[place..].iter().position(|b| letters::leet(*b).is_some()).map(|p| p + place)
        {
            let run = bytes[start..].iter().take_while(|b| letters::leet(**b).is_some()).count();
            place = start + run;
            let is_letter =
                |at: Option<usize>| at.and_then(|p| bytes.get(p)).is_some_and(u8::is_ascii_lowercase);
            if !is_letter(start.checked_sub(1)) || !is_letter(Some(place)) {
                continue;
            }
            for (letter, byte) in read[start..place].iter_mut().zip(&bytes[start..place]) {
                *letter = letters::leet(*byte).unwrap_or(*byte);
            }
        }
        // Only ASCII was exchanged for ASCII. What stood there stays in `exact`: `1` there is `EITHER`.
        if let Ok(text) = String::from_utf8(read) {
            self.text = text;
        }
    }
}

/// ASCII without runs of white space: nothing moves.
fn fold_simple(text: &str) -> Option<Folded> {
    let bytes = text.as_bytes();
    let moves = |pair: &[u8]| matches!(pair, [a, b] if is_space(*a) && is_space(*b));
    if !text.is_ascii() || bytes.windows(2).any(moves) {
        return None;
    }
    let mut exact = text.to_ascii_lowercase().into_bytes();
    let mut folded = String::with_capacity(text.len());
    for (place, byte) in exact.iter_mut().enumerate() {
        let c = match *byte {
            b'i' => {
                let small =
                    |at: Option<usize>| at.and_then(|p| bytes.get(p)).is_some_and(u8::is_ascii_lowercase);
                if bytes.get(place) == Some(&b'I') && (small(place.checked_sub(1)) || small(Some(place + 1)))
                {
                    *byte = EITHER;
                }
                'l'
            }
            b'\n' | b'\r' | 0xb | 0xc => {
                *byte = b'\n';
                ' '
            }
            b'\t' => {
                *byte = b' ';
                ' '
            }
            b'`' => {
                *byte = b'\'';
                '\''
            }
            other => char::from(other),
        };
        folded.push(c);
    }
    Some(Folded { text: folded, exact, map: None })
}

fn is_space(byte: u8) -> bool {
    byte == b' ' || (9..=13).contains(&byte)
}

/// Any text: a base character with the marks that follow it is folded as one, and all that comes of it stands for
/// the whole of it.
fn fold_any(text: &str) -> Folded {
    let mut out = Folded { map: Some(Vec::with_capacity(text.len())), ..Folded::default() };
    let mut chars = text.char_indices().peekable();
    let mut before = None;
    while let Some((start, base)) = chars.next() {
        while chars.next_if(|(_, c)| letters::continues(*c)).is_some() {}
        let end = chars.peek().map_or(text.len(), |(next, _)| *next);
        let after = chars.peek().map(|(_, c)| *c);
        let small = |c: Option<char>| c.is_some_and(char::is_lowercase);
        let group = Group {
            text: text.get(start..end).unwrap_or(""),
            origin: (start as u32, end as u32),
            among_small: small(before) || small(after),
        };
        group.fold(base, &mut out);
        before = Some(base);
    }
    out
}

struct Group<'a> {
    text: &'a str,
    origin: (u32, u32),
    /// A small letter stands beside it.
    among_small: bool,
}

impl Group<'_> {
    fn fold(&self, base: char, out: &mut Folded) {
        // Most Chinese needs no more than this.
        if matches!(base, '\u{4e00}'..='\u{9fff}') && self.text.len() == base.len_utf8() {
            return out.push(base, false, self.origin);
        }
        // Whether marks are dropped is up to the letter they stand on.
        let mut drops_marks = false;
        let mut composed = String::new();
        for c in self.text.chars().filter(|c| !letters::is_invisible(*c)).map(letters::plain).nfkd() {
            if letters::is_invisible(c) {
                continue;
            }
            if is_combining_mark(c) {
                if !drops_marks {
                    composed.push(c);
                }
                continue;
            }
            drops_marks = letters::drops_marks(c);
            if drops_marks {
                self.flush(&mut composed, out);
                let either = self.among_small && letters::is_capital_i(c);
                letters::fold_letter(c, &mut |letter| out.push(letter, either && letter == 'i', self.origin));
            } else {
                c.to_lowercase().map(|l| letters::look_alike(l).unwrap_or(l)).for_each(|l| composed.push(l));
            }
        }
        self.flush(&mut composed, out);
    }

    fn flush(&self, composed: &mut String, out: &mut Folded) {
        for c in composed.nfc() {
            out.push(c, false, self.origin);
        }
        composed.clear();
    }
}

#[cfg(test)]
mod tests;
