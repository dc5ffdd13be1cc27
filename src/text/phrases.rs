//! Phrase lists: what `mentions` looks for.

use std::ops::Range;

/// A compiled phrase list.
#[derive(Debug, Default)]
pub struct PhraseSet {}

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
        let _ = (phrases, fold);
        todo!("text")
    }

    /// The first mention: the bytes of the original text that it covers.
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        let _ = text;
        todo!("text")
    }

    pub fn len(&self) -> usize {
        todo!("text")
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[derive(Clone, Debug, Default)]
pub struct PhraseErrors {
    pub phrases: Vec<PhraseError>,
    pub fold: Vec<PhraseError>,
}
