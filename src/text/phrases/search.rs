//! Finding mentions: one pass for all pieces of all phrases, then what little was found is put together.

use std::ops::Range;

use super::{Patterns, PhraseSet};
use crate::text::fold::{Folded, is_word};

/// How many characters a loose phrase may have between two of its own.
const LOOSE_GAP: usize = 4;

/// A piece found in the folded text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    phrase: u32,
    place: u32,
    start: usize,
    end: usize,
}

pub(super) fn first_mention(set: &PhraseSet, folded: &Folded) -> Option<Range<usize>> {
    let mut hits = Vec::new();
    find_plain(&set.plain, folded, &mut hits);
    find_loose(&set.loose, folded, &mut hits);
    if hits.is_empty() {
        return None;
    }
    hits.sort_unstable();
    hits.dedup();

    let (mut mentions, mut exceptions) = (Vec::new(), Vec::new());
    for hits in hits.chunk_by(|a, b| a.phrase == b.phrase) {
        let Some(phrase) = hits.first().and_then(|hit| set.phrases.get(hit.phrase as usize)) else {
            continue;
        };
        let spans = if phrase.exception { &mut exceptions } else { &mut mentions };
        join(hits, &phrase.gaps, folded, spans);
    }
    let exceptions = Exceptions::new(exceptions);
    mentions
        .into_iter()
        .filter_map(|m| {
            // If even the longest reading lies inside an exception, every reading does.
            let end = [m.shortest, m.longest].into_iter().find(|end| !exceptions.cover(m.start, *end))?;
            Some(m.start..end)
        })
        .min_by_key(|m| (m.start, std::cmp::Reverse(m.end)))
}

/// Where each exception begins, and how far those that begin there or before reach: a text full of both takes no
/// longer for it.
struct Exceptions(Vec<(usize, usize)>);

impl Exceptions {
    fn new(mut found: Vec<Mention>) -> Exceptions {
        found.sort_unstable_by_key(|e| e.start);
        let mut furthest = 0;
        let reach = |e: Mention| {
            furthest = furthest.max(e.longest);
            (e.start, furthest)
        };
        Exceptions(found.into_iter().map(reach).collect())
    }

    /// Whether one of them covers the whole span.
    fn cover(&self, start: usize, end: usize) -> bool {
        let before = self.0.partition_point(|(from, _)| *from <= start);
        before.checked_sub(1).and_then(|last| self.0.get(last)).is_some_and(|(_, furthest)| end <= *furthest)
    }
}

fn find_plain(patterns: &Patterns, folded: &Folded, hits: &mut Vec<Hit>) {
    let Some(automaton) = &patterns.automaton else { return };
    for found in automaton.find_overlapping_iter(folded.text()) {
        for piece in patterns.pieces.get(found.pattern().as_usize()).into_iter().flatten() {
            if folded.confirms(found.range(), &piece.text) && stands_alone(folded, found.range()) {
                hits.push(Hit {
                    phrase: piece.phrase,
                    place: piece.place,
                    start: found.start(),
                    end: found.end(),
                });
            }
        }
    }
}

fn find_loose(patterns: &Patterns, folded: &Folded, hits: &mut Vec<Hit>) {
    let Some(automaton) = &patterns.automaton else { return };
    let squeezed = folded.squeezed();
    for found in automaton.find_overlapping_iter(squeezed.text()) {
        for piece in patterns.pieces.get(found.pattern().as_usize()).into_iter().flatten() {
            let range = squeezed.origin(found.range());
            if squeezed.confirms(found.range(), &piece.text)
                && is_dense(&squeezed, found.range(), folded)
                && stands_alone(folded, range.clone())
            {
                hits.push(Hit {
                    phrase: piece.phrase,
                    place: piece.place,
                    start: range.start,
                    end: range.end,
                });
            }
        }
    }
}

/// No two neighbours lie too far apart in the folded text.
fn is_dense(squeezed: &Folded, found: Range<usize>, folded: &Folded) -> bool {
    let mut end = None;
    for (offset, c) in squeezed.text().get(found.clone()).unwrap_or("").char_indices() {
        let start = found.start + offset;
        let origin = squeezed.origin(start..start + c.len_utf8());
        let between = end.and_then(|end| folded.text().get(end..origin.start)).unwrap_or("");
        if between.chars().count() > LOOSE_GAP {
            return false;
        }
        end = Some(origin.end);
    }
    true
}

/// Where a piece begins or ends with a letter or digit of a script with spaces, a word must begin or end too.
fn stands_alone(folded: &Folded, range: Range<usize>) -> bool {
    let piece = folded.text().get(range.clone()).unwrap_or("");
    let ends_clear = |edge: Option<char>, place| !edge.is_some_and(is_word) || folded.is_boundary(place);
    ends_clear(piece.chars().next(), range.start) && ends_clear(piece.chars().next_back(), range.end)
}

/// A phrase that begins at one place; with gaps it may end at several.
struct Mention {
    start: usize,
    shortest: usize,
    longest: usize,
}

/// Puts the pieces of one phrase together, from the last to the first. `hits` are sorted by piece and place.
fn join(hits: &[Hit], gaps: &[u32], folded: &Folded, out: &mut Vec<Mention>) {
    let of = |place: usize| hits.iter().filter(move |hit| hit.place as usize == place);
    let as_mention = |hit: &Hit| Mention { start: hit.start, shortest: hit.end, longest: hit.end };
    let mut tails: Vec<Mention> = of(gaps.len()).map(as_mention).collect();
    for (place, gap) in gaps.iter().enumerate().rev() {
        let mut longer = Vec::new();
        for hit in of(place) {
            let last_start = folded.reach(hit.end, *gap as usize);
            let first = tails.partition_point(|tail| tail.start < hit.end);
            let behind = tails.partition_point(|tail| tail.start <= last_start).max(first);
            let reached = tails.get(first..behind).unwrap_or_default();
            let shortest = reached.iter().map(|tail| tail.shortest).min();
            let longest = reached.iter().map(|tail| tail.longest).max();
            if let (Some(shortest), Some(longest)) = (shortest, longest) {
                longer.push(Mention { start: hit.start, shortest, longest });
            }
        }
        tails = longer;
    }
    out.extend(tails);
}
