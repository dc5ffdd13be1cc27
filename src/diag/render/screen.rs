//! Makes text from rule files and events harmless to a terminal.
//!
//! Control characters could move the cursor, recolour the screen or hide what follows; bidirectional
//! controls and tag characters make a line read differently from what it says. Each becomes a visible picture.

use std::borrow::Cow;

/// What to show instead of `c`, if it can't be shown as it is. Line ends and tabs are left to the caller.
fn picture(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => None,
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + c as u32),
        '\u{7f}' => Some('\u{2421}'),
        // There are no pictures of the C1 controls, of bidirectional controls, of tags, of what has no width (but
        // joiners, which scripts and emoji need).
        '\u{80}'..='\u{9f}'
        | '\u{200b}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}'
        | '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => Some('\u{fffd}'),
        _ => None,
    }
}

/// Would [`text`] or [`line`] change this character?
pub fn is_unsafe(c: char) -> bool {
    picture(c).is_some()
}

/// Several lines of text: line ends and tabs stay.
pub fn text(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unsafe) {
        Cow::Owned(text.chars().map(|c| picture(c).unwrap_or(c)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// One line of text: line ends and tabs become pictures too.
pub fn line(text: &str) -> Cow<'_, str> {
    let shown = |c: char| match c {
        '\n' => '\u{240a}',
        '\t' => '\u{2409}',
        other => picture(other).unwrap_or(other),
    };
    if text.chars().any(|c| shown(c) != c) {
        Cow::Owned(text.chars().map(shown).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// A source text as it may be shown, and the way from its own offsets to those of what is shown.
pub struct Screened {
    pub text: String,
    /// (offset in the source, offset in `text`) right after each replaced character, ascending.
    shifts: Vec<(usize, usize)>,
}

impl Screened {
    pub fn new(source: &str) -> Screened {
        let mut text = String::with_capacity(source.len());
        let mut shifts = Vec::new();
        let mut chars = source.char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            let ends_line = c == '\r' && chars.peek().is_some_and(|(_, next)| *next == '\n');
            match picture(c) {
                Some(shown) if !ends_line => {
                    text.push(shown);
                    if shown.len_utf8() != c.len_utf8() {
                        shifts.push((offset + c.len_utf8(), text.len()));
                    }
                }
                _ => text.push(c),
            }
        }
        Screened { text, shifts }
    }

    /// Where the character at `offset` of the source begins in what is shown.
    pub fn offset(&self, offset: usize) -> usize {
        let before = self.shifts.partition_point(|(source, _)| *source <= offset);
        let (source, shown) =
            before.checked_sub(1).and_then(|i| self.shifts.get(i)).copied().unwrap_or((0, 0));
        let mapped = (shown + (offset - source)).min(self.text.len());
        // A span that starts inside a character (none should) is moved to its beginning.
        (0..=mapped).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }
}

/// JSON text with every unsafe character of its strings escaped: the value stays the same.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    if !json.chars().any(is_unsafe) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_unsafe(c) {
            let mut units = [0u16; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_become_pictures() {
        assert_eq!(line("a\u{1b}[31m\u{202e}b\nc\u{9b}\u{7f}"), "a␛[31m\u{fffd}b␊c\u{fffd}␡");
        assert_eq!(text("a\nb\tc\rd"), "a\nb\tc␍d");
        assert!(matches!(line("zażółć 注意 👩‍🚀"), Cow::Borrowed(_)));
    }

    #[test]
    fn offsets_follow_replaced_characters() {
        let source = "\u{1b}\u{202e}x\r\n\u{0}y";
        let screened = Screened::new(source);
        assert_eq!(screened.text, "␛\u{fffd}x\r\n␀y");
        for needle in ['x', 'y'] {
            let shown = screened.offset(source.find(needle).unwrap());
            assert!(screened.text[shown..].starts_with(needle));
        }
        assert_eq!(screened.offset(source.len()), screened.text.len());
        assert_eq!(screened.offset(999), screened.text.len());
    }

    #[test]
    fn escaped_json_is_the_same_value() {
        let value = serde_json::json!({ "a": "\u{202e}\u{9b}\u{7f}\u{e0041}x" });
        let json = value.to_string();
        let escaped = escape_json(&json);
        assert!(escaped.is_ascii());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }
}
