//! The lines of a source that one finding shows: those of its labels and one around each. A line that is too long to be
//! read is cut down to what the labels point at.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::source::Source;

/// Lines shown before and after each label.
pub const CONTEXT: usize = 1;

/// Longer lines are cut, in bytes.
const LONG: usize = 400;

/// Bytes kept of a cut line on either side of where a label begins or ends.
const AROUND: usize = 80;

/// Messages are cut to about as many bytes: a name may be as long as the file.
const LONG_TEXT: usize = 1_000;

pub struct Excerpt {
    pub text: String,
    /// Ascending.
    lines: Vec<Line>,
    /// The labels in the order they were given, in bytes of `text`, and the column (from 0) in the source where each begins.
    pub labels: Vec<(Range<usize>, usize)>,
}

struct Line {
    /// In the source, from 0.
    number: usize,
    /// In the excerpt's text.
    start: usize,
}

/// Whole lines of an excerpt.
pub struct Part {
    pub range: Range<usize>,
    /// The first line's number in the source, from 0.
    pub line: usize,
    pub count: usize,
}

/// Where a label lies in the source.
struct Place {
    first: usize,
    last: usize,
    start: usize,
    end: usize,
}

impl Excerpt {
    /// `last_line` (from 0) is the last one worth showing around a label.
    pub fn new(source: &Source, last_line: usize, labels: &[Range<usize>]) -> Excerpt {
        let places: Vec<Place> = labels.iter().map(|label| place(source, label)).collect();
        // Each line to show, with the places in it that must be seen.
        let mut shown: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for place in &places {
            let last = (place.last + CONTEXT).min(last_line.max(place.last));
            for line in place.first.saturating_sub(CONTEXT)..=last {
                shown.entry(line).or_default();
            }
            shown.entry(place.first).or_default().push(place.start);
            shown.entry(place.last).or_default().push(place.end);
        }
        let mut excerpt = Excerpt { text: String::new(), lines: Vec::new(), labels: Vec::new() };
        let mut pieces = Vec::new();
        for (number, points) in shown {
            let line = source.line_range(number);
            let kept = kept(source.text.get(line.clone()).unwrap_or(""), line.start, &points);
            excerpt.lines.push(Line { number, start: excerpt.text.len() });
            pieces.push(excerpt.add_line(source, &line, &kept));
        }
        for place in &places {
            let start = excerpt.find(place.first, place.start, &pieces, 0);
            // A label may reach over the line end.
            let end = excerpt.find(place.last, place.end, &pieces, 1).max(start);
            excerpt.labels.push((start..end, source.position(place.start).column - 1));
        }
        excerpt
    }

    /// Writes the kept pieces of a line; gives where each begins in the source and in the excerpt.
    fn add_line(
        &mut self,
        source: &Source,
        line: &Range<usize>,
        kept: &[Range<usize>],
    ) -> Vec<(Range<usize>, usize)> {
        let mut pieces = Vec::new();
        let mut done = line.start;
        for piece in kept {
            if piece.start > done {
                self.text.push('…');
            }
            pieces.push((piece.clone(), self.text.len()));
            self.text.push_str(source.text.get(piece.clone()).unwrap_or(""));
            done = piece.end;
        }
        if done < line.end {
            self.text.push('…');
        }
        // The drawing library drops a label that has no character under it, so every line gets an end.
        self.text.push('\n');
        pieces
    }

    /// Where `offset` of the source, which lies in line `number`, is in the excerpt.
    fn find(
        &self,
        number: usize,
        offset: usize,
        pieces: &[Vec<(Range<usize>, usize)>],
        over_end: usize,
    ) -> usize {
        let Ok(index) = self.lines.binary_search_by_key(&number, |line| line.number) else { return 0 };
        let line_end = self.part(index, index).range.end.saturating_sub(1);
        match pieces[index].iter().find(|(piece, _)| offset <= piece.end) {
            Some((piece, at)) => at + offset.saturating_sub(piece.start),
            None => line_end + over_end,
        }
    }

    /// The lines that `range` touches, and those around it.
    pub fn lines_of(&self, range: Range<usize>, before: usize, after: usize) -> Part {
        let line_of =
            |offset: usize| self.lines.partition_point(|line| line.start <= offset).saturating_sub(1);
        let (first, last) = (line_of(range.start), line_of(range.end.saturating_sub(1).max(range.start)));
        let number = |index: usize| self.lines.get(index).map(|line| line.number);
        let mut from = first;
        while from > 0 && first - from < before && number(from - 1).map(|n| n + 1) == number(from) {
            from -= 1;
        }
        let mut to = last;
        while to - last < after && number(to).map(|n| n + 1) == number(to + 1) {
            to += 1;
        }
        self.part(from, to)
    }

    fn part(&self, from: usize, to: usize) -> Part {
        let start = |index: usize| self.lines.get(index).map_or(self.text.len(), |line| line.start);
        Part {
            range: start(from)..start(to + 1),
            line: self.lines.get(from).map_or(0, |line| line.number),
            count: to + 1 - from,
        }
    }
}

fn place(source: &Source, label: &Range<usize>) -> Place {
    let end = label.end.min(source.text.len());
    let start = label.start.min(end);
    // A label that ends with a line end does not reach into the next line.
    let inside = end - usize::from(end > start);
    Place { first: source.line_of(start), last: source.line_of(inside), start, end }
}

/// The pieces of a line that are shown, in bytes of the source; `start` is where the line begins.
fn kept(line: &str, start: usize, points: &[usize]) -> Vec<Range<usize>> {
    let whole = start..start + line.len();
    if line.len() <= LONG {
        return vec![whole];
    }
    let mut points: Vec<usize> = points.iter().map(|point| point.saturating_sub(start)).collect();
    if points.is_empty() {
        points.push(0);
    }
    points.sort_unstable();
    let mut kept: Vec<Range<usize>> = Vec::new();
    for point in points {
        let from = start + line.floor_char_boundary(point.saturating_sub(AROUND));
        let to = start + line.ceil_char_boundary((point + AROUND).min(line.len()));
        match kept.last_mut() {
            Some(last) if from <= last.end => last.end = to.max(last.end),
            _ => kept.push(from..to),
        }
    }
    kept
}

/// A message with its middle left out if it is too long to be read.
pub fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= LONG_TEXT {
        return Cow::Borrowed(text);
    }
    let head = text.floor_char_boundary(LONG_TEXT * 3 / 4);
    let tail = text.ceil_char_boundary(text.len() - LONG_TEXT / 4);
    Cow::Owned(format!("{}…{}", &text[..head], &text[tail..]))
}
