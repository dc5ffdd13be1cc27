//! Pairs of a fold file: what else is to be read as the same.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, MatchKind};

use super::Folded;

/// How many pairs may lead to one another.
const LONGEST_CHAIN: usize = 8;

/// Texts and what each is read as. Both are folded; of two that begin at one place the longer one counts.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    sources: Vec<Folded>,
    targets: Vec<Folded>,
    automaton: Option<AhoCorasick>,
    /// No source can occur in an ASCII text.
    beyond_ascii: bool,
}

impl Pairs {
    /// Sources are not empty.
    pub fn new(pairs: Vec<(Folded, Folded)>) -> Pairs {
        let (sources, targets): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(sources.iter().map(Folded::text))
            .ok()
            .filter(|_| !sources.is_empty());
        let beyond_ascii = sources.iter().all(|s| !s.text().is_ascii());
        Pairs { sources, targets, automaton, beyond_ascii }
    }

    /// Until nothing is left to exchange: what one pair gives may complete another (`v❤` is `v心` is `微信`).
    pub fn apply<'a>(&self, folded: &'a Folded) -> Cow<'a, Folded> {
        let mut current = Cow::Borrowed(folded);
        for _ in 0..LONGEST_CHAIN {
            match self.exchange(&current) {
                Some(next) => current = Cow::Owned(next),
                None => break,
            }
        }
        current
    }

    /// Whether a target leads back to itself, or further than texts are followed.
    pub fn never_ends(&self, target: &Folded) -> bool {
        self.exchange(&self.apply(target)).is_some()
    }

    /// Once along the text; `None` if there is nothing to exchange.
    fn exchange(&self, folded: &Folded) -> Option<Folded> {
        let automaton = self.automaton.as_ref()?;
        if (self.beyond_ascii && folded.text.is_ascii()) || !automaton.is_match(&folded.text) {
            return None;
        }
        let mut changed = false;
        let mut out = Folded { map: Some(Vec::with_capacity(folded.text.len())), ..Folded::default() };
        let mut place = 0;
        for found in automaton.find_iter(&folded.text) {
            let index = found.pattern().as_usize();
            let (Some(source), Some(target)) = (self.sources.get(index), self.targets.get(index)) else {
                continue;
            };
            if !folded.confirms(found.range(), source) {
                continue;
            }
            copy(folded, place..found.start(), &mut out);
            let origin = folded.origin(found.range());
            out.push_copy(target, 0..target.text.len(), (origin.start as u32, origin.end as u32));
            place = found.end();
            changed = true;
        }
        copy(folded, place..folded.text.len(), &mut out);
        changed.then_some(out)
    }
}

fn copy(from: &Folded, range: std::ops::Range<usize>, out: &mut Folded) {
    for (offset, c) in from.text.get(range.clone()).unwrap_or("").char_indices() {
        let piece = range.start + offset..range.start + offset + c.len_utf8();
        let origin = from.origin(piece.clone());
        out.push_copy(from, piece, (origin.start as u32, origin.end as u32));
    }
}
