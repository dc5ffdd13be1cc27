//! Phrase lists: what `mentions` looks for.
//!
//! A phrase file has one phrase a line; `#` begins a comment (at the start of a line or after white space):
//!
//! ```text
//! pay outside                 # word by word, however it is spaced or spelled
//! pay ..12.. outside          # at most 12 characters between them, within a sentence and a line
//! wechat ~loose               # also `w e c h a t` and `w.e.c.h.a.t`
//! -never pay outside          # an exception: a mention wholly inside it does not count
//! ```
//!
//! A fold file has one pair a line, the two texts separated by `→` or by white space: `帳 → 账`.

mod read;
mod search;

use std::ops::Range;

use aho_corasick::AhoCorasick;

use super::fold::{Folded, Pairs};

/// A compiled phrase list.
#[derive(Clone, Debug, Default)]
pub struct PhraseSet {
    phrases: Vec<Phrase>,
    pairs: Pairs,
    plain: Patterns,
    /// Searched among letters and digits only.
    loose: Patterns,
}

/// One line: pieces that follow one another.
#[derive(Clone, Debug)]
struct Phrase {
    exception: bool,
    /// How many characters may stand between each piece and the next: one fewer than there are pieces.
    gaps: Vec<u32>,
}

/// Every different text that is searched for, each once, and the pieces that it is.
#[derive(Clone, Debug, Default)]
struct Patterns {
    automaton: Option<AhoCorasick>,
    pieces: Vec<Vec<Piece>>,
}

#[derive(Clone, Debug)]
struct Piece {
    phrase: u32,
    /// Its place among the phrase's pieces.
    place: u32,
    text: Folded,
}

/// A line of a phrase or fold file that can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhraseError {
    /// Bytes of the file's text.
    pub range: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

impl PhraseSet {
    /// From the text of a phrase file and of an optional fold file. All broken lines are reported; the set
    /// works with the rest.
    pub fn parse(phrases: &str, fold: Option<&str>) -> (PhraseSet, PhraseErrors) {
        read::read(phrases, fold)
    }

    /// The first mention: the bytes of the original text that it covers. Of several that begin at one place, the
    /// longest.
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        if self.phrases.is_empty() { None } else { self.find_folded(&Folded::new(text)) }
    }

    /// The same for a text that is folded already: one copy serves every set.
    pub fn find_folded(&self, folded: &Folded) -> Option<Range<usize>> {
        if self.phrases.is_empty() {
            return None;
        }
        let folded = self.pairs.apply(folded);
        let mention = search::first_mention(self, &folded)?;
        Some(folded.origin(mention))
    }

    /// How many phrases there are; exceptions do not count.
    pub fn len(&self) -> usize {
        self.phrases.iter().filter(|phrase| !phrase.exception).count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[derive(Clone, Debug, Default)]
pub struct PhraseErrors {
    pub phrases: Vec<PhraseError>,
    pub fold: Vec<PhraseError>,
    /// Lines of the phrase file that are no use but do no harm: a phrase that folds to another one, or lies inside
    /// an exception.
    pub notes: Vec<PhraseError>,
}

#[cfg(test)]
mod tests;
