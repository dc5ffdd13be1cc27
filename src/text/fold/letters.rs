//! What single characters fold to.

use std::sync::LazyLock;

use unicode_normalization::char::is_combining_mark;

/// A letter or digit of a script that puts spaces between words. Chinese, Japanese, Thai and their neighbours don't;
/// Korean does, but glues particles to its words, which comes to the same.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() && !is_unspaced(c)
}

fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0fff}' // Thai, Lao, Tibetan
        | '\u{1000}'..='\u{109f}' // Burmese
        | '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7ff}' // Korean
        | '\u{1780}'..='\u{17ff}' // Khmer
        | '\u{2e80}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' // kana, bopomofo, ideographs
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Belongs to the character before it: marks, what nobody sees, and the second half of Korean syllables.
pub(super) fn continues(c: char) -> bool {
    // Nothing below U+00AD is either.
    c >= '\u{ad}'
        && (is_combining_mark(c)
            || is_invisible(c)
            || matches!(c, '\u{1160}'..='\u{11ff}' | '\u{ff9e}' | '\u{ff9f}'))
}

/// Zero width, soft hyphens, directions, fillers, variation selectors, tags.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{20e3}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Before normalisation: quotes and dashes in one form, letters in boxes, flags as the letters they are made of.
pub(super) fn plain(c: char) -> char {
    let letter = |first: char| char::from(b'a' + (u32::from(c) - u32::from(first)).min(25) as u8);
    match c {
        '`' | '´' | '\u{2bc}' | '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2032}' => '\'',
        '\u{201c}'..='\u{201f}' | '\u{2033}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{1f150}'..='\u{1f169}' => letter('\u{1f150}'),
        '\u{1f170}'..='\u{1f189}' => letter('\u{1f170}'),
        '\u{1f1e6}'..='\u{1f1ff}' => letter('\u{1f1e6}'),
        other => other,
    }
}

/// Latin, Greek and Cyrillic letters (and ASCII digits, for the sake of keycaps and strokes) lose their marks.
pub(super) fn drops_marks(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c,
            '\u{c0}'..='\u{24f}' | '\u{250}'..='\u{2af}' | '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}'
            | '\u{1c80}'..='\u{1c8f}' | '\u{1d00}'..='\u{1dbf}' | '\u{1e00}'..='\u{1fff}' | '\u{2c60}'..='\u{2c7f}'
            | '\u{a640}'..='\u{a69f}' | '\u{a720}'..='\u{a7ff}' | '\u{ab30}'..='\u{ab6f}')
}

pub(super) fn is_capital_i(c: char) -> bool {
    matches!(c, 'I' | '\u{399}' | '\u{406}' | '\u{4c0}')
}

/// What a digit or sign stands for between letters.
pub(super) fn leet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'0' => b'o',
        b'1' => b'l',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        _ => return None,
    })
}

/// A letter that loses its marks, already decomposed: in lower case, without strokes, as the Latin letter it looks like.
pub(super) fn fold_letter(c: char, emit: &mut dyn FnMut(char)) {
    if c.is_ascii() {
        return emit(c.to_ascii_lowercase());
    }
    for lower in c.to_lowercase().filter(|c| !is_combining_mark(*c)) {
        // The sigma at a word's end has a shape of its own.
        let lower = if lower == 'ς' { 'σ' } else { lower };
        match unstroked(lower) {
            Some(plain) => plain.chars().for_each(&mut *emit),
            None => emit(look_alike(lower).unwrap_or(lower)),
        }
    }
}

/// Letters that are not decomposed but are written without their stroke, or as two, where keyboards lack them.
fn unstroked(lower: char) -> Option<&'static str> {
    Some(match lower {
        'ł' | 'ƚ' | 'ɫ' => "l",
        'ø' | 'ɵ' => "o",
        'đ' | 'ð' | 'ɖ' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'ı' | 'ɨ' => "i",
        'ƀ' => "b",
        'ǥ' => "g",
        'ɍ' => "r",
        'ȼ' => "c",
        'ɇ' => "e",
        'ƶ' => "z",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        _ => return None,
    })
}

/// The Latin letter that a small letter, or its capital, looks like by Unicode's confusables. Going by the small
/// letter keeps both cases together: `т` folds as `Т`, which looks like `T`.
pub(super) fn look_alike(lower: char) -> Option<char> {
    /// Greek and Cyrillic come in whole texts; the rest is rare.
    static COMMON: LazyLock<Vec<Option<char>>> =
        LazyLock::new(|| (0x370u32..0x530).map(|c| char::from_u32(c).and_then(look_up)).collect());
    if lower.is_ascii() || !lower.is_alphabetic() || is_unspaced(lower) {
        return None;
    }
    match u32::from(lower).checked_sub(0x370).and_then(|i| COMMON.get(i as usize)) {
        Some(known) => *known,
        None => look_up(lower),
    }
}

fn look_up(lower: char) -> Option<char> {
    let mut upper = lower.to_uppercase();
    let capital = upper.next().filter(|_| upper.next().is_none());
    prototype(lower).or_else(|| capital.and_then(prototype))
}

/// The one ASCII letter that a character is a look-alike of, in lower case.
fn prototype(c: char) -> Option<char> {
    let mut buffer = [0; 4];
    let skeleton: String =
        unicode_security::confusable_detection::skeleton(c.encode_utf8(&mut buffer)).collect();
    // The standard writes an `m` as two letters.
    if skeleton == "rn" {
        return Some('m');
    }
    let mut letters = skeleton.chars();
    let letter = letters.next().filter(char::is_ascii_alphabetic)?;
    letters.all(is_combining_mark).then_some(letter.to_ascii_lowercase())
}
