//! Looking for a value among bytes: as a text, and as the hash that keys are kept under.
//!
//! A text is found where it stands on its own: `b-1` is no part of `b-10`. Among bytes that are no text it may stand behind
//! its length and before anything; when in doubt, it is found.

/// What is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Needles {
    texts: Vec<String>,
    hash: [u8; 16],
}

/// What was found.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trace {
    Text,
    Hash,
}

/// So far back it is looked for the length of the text that something found is the end of.
const LONGEST_TEXT: usize = 4 << 10;
/// So much is looked through at once.
const WINDOW: usize = 1 << 20;

impl Needles {
    pub fn new(texts: impl IntoIterator<Item = String>, hash: u128) -> Needles {
        let mut texts: Vec<String> = texts.into_iter().filter(|text| !text.is_empty()).collect();
        texts.sort();
        texts.dedup();
        Needles { texts, hash: hash.to_le_bytes() }
    }

    /// In all of these bytes, of which there are no more.
    pub fn find(&self, bytes: &[u8]) -> Option<Trace> {
        self.find_before(bytes, bytes.len() + 1)
    }

    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.find(bytes).is_some()
    }

    /// What ends before so many bytes.
    fn find_before(&self, bytes: &[u8], limit: usize) -> Option<Trace> {
        let text = |text: &String| {
            let mut places = places(bytes, text.as_bytes());
            places.any(|at| at + text.len() < limit && stands_alone(bytes, at, text.as_bytes()))
        };
        if places(bytes, &self.hash).next().is_some() {
            return Some(Trace::Hash);
        }
        self.texts.iter().any(text).then_some(Trace::Text)
    }

    /// In a JSON document, however its texts are written.
    pub fn find_in_json(&self, line: &[u8]) -> Option<Trace> {
        let document = || serde_json::from_slice::<serde_json::Value>(line).ok();
        self.find(line).or_else(|| document().filter(|value| self.is_in_value(value)).map(|_| Trace::Text))
    }

    fn is_in_value(&self, value: &serde_json::Value) -> bool {
        match value {
            serde_json::Value::String(text) => self.is_in(text.as_bytes()),
            serde_json::Value::Array(items) => items.iter().any(|item| self.is_in_value(item)),
            serde_json::Value::Object(fields) => {
                fields.iter().any(|(name, value)| self.is_in(name.as_bytes()) || self.is_in_value(value))
            }
            _ => false,
        }
    }
}

/// Looks through bytes that come piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Looking {
    buffer: Vec<u8>,
    found: Option<Trace>,
}

impl Looking {
    pub fn add(&mut self, needles: &Needles, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= WINDOW {
            // What stands at the very end may go on in the next piece.
            self.found = self.found.or_else(|| needles.find_before(&self.buffer, self.buffer.len()));
            self.buffer.drain(..self.buffer.len() - WINDOW / 4);
        }
    }

    /// Nothing comes any more.
    pub fn end(&mut self, needles: &Needles) -> Option<Trace> {
        let found = self.found.take().or_else(|| needles.find(&self.buffer));
        self.buffer.clear();
        found
    }
}

fn places<'a>(bytes: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let windows = bytes.windows(needle.len().max(1)).enumerate();
    windows.filter(move |(_, window)| *window == needle).map(|(at, _)| at)
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

fn stands_alone(bytes: &[u8], at: usize, needle: &[u8]) -> bool {
    let end = at + needle.len();
    let before = bytes[..at]
        .last()
        .filter(|byte| is_of_word(**byte) && needle.first().is_some_and(|n| is_of_word(*n)));
    let after =
        bytes.get(end).filter(|byte| is_of_word(**byte) && needle.last().is_some_and(|n| is_of_word(*n)));
    (before.is_none() || begins(bytes, at, needle.len())) && (after.is_none() || ends(bytes, at, end))
}

/// What stands before may be a length, or the end of an escape.
fn begins(bytes: &[u8], at: usize, length: usize) -> bool {
    let escaped = at >= 2 && bytes[at - 2] == b'\\';
    let is_text = |all: usize| {
        all >= length && bytes.get(at..at + all).is_some_and(|text| std::str::from_utf8(text).is_ok())
    };
    let short = usize::from(bytes[at - 1]);
    let long =
        at.checked_sub(2).and_then(|place| bytes.get(place)).map(|low| usize::from(low & 0x7f) | short << 7);
    escaped || short < 0x80 && (is_text(short) || long.is_some_and(|long| long >= 0x80 && is_text(long)))
}

/// It may be the end of a text, whose length stands before that.
fn ends(bytes: &[u8], at: usize, end: usize) -> bool {
    (at.saturating_sub(LONGEST_TEXT)..=at).rev().any(|start| {
        let length = end - start;
        let fixed = (length as u32).to_le_bytes();
        let short = [length as u8, 0];
        let long = [length as u8 | 0x80, (length >> 7) as u8];
        let head = if length < 0x80 { &short[..1] } else { &long[..] };
        let before = &bytes[..start];
        (before.ends_with(head) || before.ends_with(&fixed))
            && std::str::from_utf8(&bytes[start..end]).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::save::Out;

    fn needles() -> Needles {
        Needles::new(["b-10".to_string()], 7)
    }

    #[test]
    fn a_text_is_found_where_it_stands_on_its_own() {
        for (text, found) in [
            ("b-10", true),
            (r#"{"buyer":"b-10"}"#, true),
            (r#"{"why":"\nb-10"}"#, true),
            ("of b-10, today", true),
            ("b-104", false),
            ("ab-10", false),
            ("äb-10", false),
            ("b-1", false),
        ] {
            assert_eq!(needles().find(text.as_bytes()), found.then_some(Trace::Text), "{text}");
        }
        assert_eq!(needles().find_in_json(br#"{"buyer":"b\u002d10"}"#), Some(Trace::Text));
        assert_eq!(needles().find_in_json(br#"{"buyer":"b\u002d104"}"#), None);
    }

    #[test]
    fn among_bytes_it_stands_behind_its_length_and_before_anything() {
        // Nothing among zeros can be taken for a length.
        for length in [0usize, 44, 60, 100, 300] {
            for next in 0..=255 {
                for (word, found) in [("b-10", true), ("b-104", false)] {
                    let mut out = Out::default();
                    out.text(&format!("{}{word}", "\0".repeat(length)));
                    out.u8(next);
                    assert_eq!(needles().is_in(&out.0), found, "{word} after {length}, before {next}");
                    let mut out = Out::default();
                    out.text(&format!("{word}{}", "\0".repeat(length)));
                    assert_eq!(needles().is_in(&out.0), found, "{word} before {length}");
                }
            }
        }
    }

    #[test]
    fn what_comes_in_pieces_is_found_across_them() {
        for at in WINDOW - 20..WINDOW + 4 {
            for (word, found) in [(&b"b-10"[..], true), (b"b-104", false)] {
                let mut bytes = vec![0; 2 * WINDOW];
                bytes[at..at + word.len()].copy_from_slice(word);
                let mut looking = Looking::default();
                bytes.chunks(1000).for_each(|piece| looking.add(&needles(), piece));
                assert_eq!(looking.end(&needles()).is_some(), found, "{at}");
            }
        }
        let mut looking = Looking::default();
        looking.add(&needles(), &7u128.to_le_bytes());
        assert_eq!(looking.end(&needles()), Some(Trace::Hash));
        assert_eq!(looking.end(&needles()), None);
    }
}
