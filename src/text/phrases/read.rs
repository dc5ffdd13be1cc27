//! Reading phrase and fold files.

use std::collections::BTreeMap;
use std::ops::Range;

use aho_corasick::AhoCorasick;

use super::search::first_mention;
use super::{Patterns, Phrase, PhraseError, PhraseErrors, PhraseSet, Piece};
use crate::text::fold::{Folded, Pairs};

/// A longer line is a paste, not a phrase.
const MAX_CHARACTERS: usize = 200;
const MAX_GAP: u32 = 200;
const MAX_PIECES: usize = 8;
/// After a phrase: separators between its characters don't matter.
const LOOSE: &str = "~loose";
/// Bounds what one list may take of memory: some hundreds of megabytes.
const MAX_PHRASES: usize = 100_000;

pub(super) fn read(phrases: &str, fold: Option<&str>) -> (PhraseSet, PhraseErrors) {
    let mut errors = PhraseErrors::default();
    let pairs = fold.map(|text| read_pairs(text, &mut errors.fold)).unwrap_or_default();
    let mut reader =
        Reader { pairs: &pairs, phrases: Vec::new(), plain: BTreeMap::new(), loose: BTreeMap::new() };
    let mut lines = Vec::new();
    let mut seen = BTreeMap::new();
    for (range, line) in useful_lines(phrases) {
        if reader.phrases.len() == MAX_PHRASES {
            errors.phrases.push(error(
                range,
                format!("a list takes at most {MAX_PHRASES} phrases"),
                Some("split it into several lists".into()),
            ));
            break;
        }
        match parse_line(line).and_then(|line| reader.fold(line)) {
            Ok(folded) => match seen.get(&folded.key) {
                Some(first) => errors.notes.push(error(
                    range,
                    format!("`{line}` is the same as `{first}` once both are folded"),
                    Some("remove one of the two lines".into()),
                )),
                None => {
                    seen.insert(folded.key.clone(), line);
                    reader.add(folded);
                    lines.push((range, line));
                }
            },
            Err((message, help)) => errors.phrases.push(error(range, message, help)),
        }
    }
    let Reader { phrases, plain, loose, .. } = reader;
    let (plain, loose) = (patterns(plain), patterns(loose));
    if let (Err(message), _) | (_, Err(message)) = (&plain, &loose) {
        errors.phrases.push(error(0..0, message.clone(), Some("split it into several lists".into())));
    }
    let set =
        PhraseSet { phrases, plain: plain.unwrap_or_default(), loose: loose.unwrap_or_default(), pairs };
    errors.notes.extend(shadowed(&set, &lines));
    (set, errors)
}

fn error(range: Range<usize>, message: String, help: Option<String>) -> PhraseError {
    PhraseError { range, message, help }
}

/// Each line's text without comment and white space at its ends, and where it stands; empty ones left out.
fn useful_lines(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut offset = 0;
    text.split_inclusive('\n').filter_map(move |whole| {
        let start = offset;
        offset += whole.len();
        let comment = whole.char_indices().find(|(i, c)| {
            *c == '#' && whole.get(..*i).unwrap_or("").chars().next_back().is_none_or(char::is_whitespace)
        });
        let line = whole.get(..comment.map_or(whole.len(), |(i, _)| i)).unwrap_or("");
        // A byte order mark is no part of the first phrase.
        let line = line.trim_start_matches('\u{feff}');
        let trimmed = line.trim();
        let lead = whole.find(trimmed).unwrap_or(0);
        (!trimmed.is_empty()).then(|| (start + lead..start + lead + trimmed.len(), trimmed))
    })
}

type Refusal = (String, Option<String>);

/// A line taken apart, nothing folded yet.
struct Line<'a> {
    exception: bool,
    loose: bool,
    pieces: Vec<&'a str>,
    gaps: Vec<u32>,
}

fn parse_line(line: &str) -> Result<Line<'_>, Refusal> {
    let (exception, rest) = match line.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, line),
    };
    let (loose, rest) = match rest.rsplit_once(char::is_whitespace) {
        // `wechat~loose` is `wechat ~loose`: nobody looks for a text that ends so.
        _ if rest.len() > LOOSE.len() && rest.ends_with(LOOSE) => {
            (true, rest.trim_end_matches(LOOSE).trim_end())
        }
        Some((_, mark)) if mark.starts_with('~') => {
            return Err((
                format!("`{mark}` is no mark of a phrase"),
                Some("the only one is `~loose`".into()),
            ));
        }
        _ if rest.starts_with('~') => {
            return Err(("there is no phrase before the mark".into(), Some("write `wechat ~loose`".into())));
        }
        _ => (false, rest),
    };
    let (mut pieces, mut gaps) = (Vec::new(), Vec::new());
    let mut tail = rest;
    while let Some((before, gap, after)) = split_gap(tail)? {
        pieces.push(before.trim());
        gaps.push(gap);
        tail = after;
    }
    pieces.push(tail.trim());
    if pieces.iter().any(|piece| piece.is_empty()) {
        let message = if gaps.is_empty() { "there is no phrase" } else { "a gap stands between two phrases" };
        return Err((message.into(), Some("write for example `pay ..12.. outside`".into())));
    }
    if pieces.len() > MAX_PIECES {
        return Err((format!("a phrase has at most {MAX_PIECES} pieces"), None));
    }
    if rest.chars().count() > MAX_CHARACTERS {
        let help = Some("keep the words that tell it from others".into());
        return Err((format!("a phrase has at most {MAX_CHARACTERS} characters"), help));
    }
    Ok(Line { exception, loose, pieces, gaps })
}

/// What stands before and after the first `..12..`.
fn split_gap(text: &str) -> Result<Option<(&str, u32, &str)>, Refusal> {
    for (start, _) in text.match_indices("..") {
        let inner = text.get(start + 2..).unwrap_or("");
        let digits = inner.len() - inner.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = inner.split_at(digits);
        let Some(after) = rest.strip_prefix("..").filter(|_| digits > 0) else {
            if digits > 0 && (rest.is_empty() || rest.starts_with([' ', '.'])) {
                let help = Some(format!("write `..{number}..` with two dots on both sides"));
                return Err(("this gap has no end".into(), help));
            }
            if let Some(width) = not_a_width(text.get(..start).unwrap_or(""), inner) {
                let help =
                    Some("write how many characters may stand between them: `pay ..12.. outside`".into());
                return Err((format!("the gap `..{width}..` has no number"), help));
            }
            continue;
        };
        let Some(gap) = number.parse().ok().filter(|gap| *gap <= MAX_GAP) else {
            return Err((format!("a gap is at most {MAX_GAP} characters wide"), None));
        };
        return Ok(Some((text.get(..start).unwrap_or(""), gap, after)));
    }
    Ok(None)
}

/// What stands between two pairs of dots where a number should: `pay ..x.. outside`, `pay .. 12 .. outside`. A word
/// there (`wait ..what.. no`) is a text that has dots.
fn not_a_width<'a>(before: &str, inner: &'a str) -> Option<&'a str> {
    let (width, after) = inner.split_once("..")?;
    let apart = before.ends_with(char::is_whitespace) && after.starts_with(char::is_whitespace);
    let word = width.chars().filter(|c| c.is_alphabetic()).count() > 1;
    (apart && !word && !width.contains('.')).then_some(width)
}

/// A line folded: what identifies it, too.
struct FoldedLine {
    exception: bool,
    loose: bool,
    pieces: Vec<Folded>,
    gaps: Vec<u32>,
    key: (bool, bool, Vec<Folded>, Vec<u32>),
}

struct Reader<'a> {
    pairs: &'a Pairs,
    phrases: Vec<Phrase>,
    plain: BTreeMap<String, Vec<Piece>>,
    loose: BTreeMap<String, Vec<Piece>>,
}

impl Reader<'_> {
    fn fold(&self, line: Line<'_>) -> Result<FoldedLine, Refusal> {
        let mut pieces = Vec::new();
        for piece in &line.pieces {
            let folded = fold_piece(piece, self.pairs, line.loose);
            if folded.is_empty() {
                let help = Some("invisible characters, and all but letters and digits of a loose phrase, are not searched".into());
                return Err((format!("nothing is left of `{piece}` to look for"), help));
            }
            pieces.push(folded);
        }
        // The same meaning from another spelling has another way back to its original.
        let bare = pieces.iter().map(Folded::meaning).collect();
        let key = (line.exception, line.loose, bare, line.gaps.clone());
        Ok(FoldedLine { exception: line.exception, loose: line.loose, pieces, gaps: line.gaps, key })
    }

    fn add(&mut self, line: FoldedLine) {
        let phrase = self.phrases.len() as u32;
        self.phrases.push(Phrase { exception: line.exception, gaps: line.gaps });
        let searched = if line.loose { &mut self.loose } else { &mut self.plain };
        for (place, text) in line.pieces.into_iter().enumerate() {
            let piece = Piece { phrase, place: place as u32, text };
            searched.entry(piece.text.text().to_string()).or_default().push(piece);
        }
    }
}

fn fold_piece(piece: &str, pairs: &Pairs, loose: bool) -> Folded {
    let folded = Folded::new(piece);
    let folded = pairs.apply(&folded);
    if loose { folded.squeezed() } else { folded.trimmed() }
}

fn patterns(searched: BTreeMap<String, Vec<Piece>>) -> Result<Patterns, String> {
    if searched.is_empty() {
        return Ok(Patterns::default());
    }
    let automaton = AhoCorasick::new(searched.keys()).map_err(|_| "the list is too large".to_string())?;
    Ok(Patterns { automaton: Some(automaton), pieces: searched.into_values().collect() })
}

/// Phrases that are not even found in their own text: an exception covers it.
fn shadowed(set: &PhraseSet, lines: &[(Range<usize>, &str)]) -> Vec<PhraseError> {
    if !set.phrases.iter().any(|phrase| phrase.exception) {
        return Vec::new();
    }
    let mut notes = Vec::new();
    for (index, (range, line)) in lines.iter().enumerate() {
        let plain = set.phrases.get(index).is_some_and(|phrase| !phrase.exception && phrase.gaps.is_empty());
        let phrase = line.trim_end_matches(LOOSE).trim();
        let folded = Folded::new(phrase);
        let folded = set.pairs.apply(&folded);
        if plain && first_mention(set, &folded).is_none() {
            notes.push(error(
                range.clone(),
                format!("`{phrase}` lies inside an exception and is never found by itself"),
                Some("narrow the exception, or remove the phrase".into()),
            ));
        }
    }
    notes
}

/// One pair a line: `帳 → 账` or `帳 账`.
fn read_pairs(text: &str, errors: &mut Vec<PhraseError>) -> Pairs {
    let mut pairs: BTreeMap<String, Pair<'_>> = BTreeMap::new();
    for (range, line) in useful_lines(text) {
        let halves = match line.split_once('→') {
            Some((from, to)) => Some((from.trim(), to.trim())),
            None => line.split_once(char::is_whitespace).map(|(from, to)| (from, to.trim_start())),
        };
        let complete = halves.filter(|(from, to)| !from.is_empty() && !to.is_empty() && !to.contains('→'));
        let Some((from, to)) =
            complete.filter(|(_, to)| line.contains('→') || !to.contains(char::is_whitespace))
        else {
            let help = Some("write what is found and what it is read as: `帳 → 账`".into());
            errors.push(error(range, format!("`{line}` is no pair"), help));
            continue;
        };
        let (source, target) = (Folded::new(from).trimmed(), Folded::new(to).trimmed());
        if source.is_empty() {
            errors.push(error(range, format!("nothing is left of `{from}` to look for"), None));
        } else if source.meaning() == target.meaning() {
            let help = Some("remove the line".into());
            errors.push(error(range, format!("`{from}` is read as `{to}` anyway"), help));
        } else if pairs.contains_key(source.text()) {
            errors.push(error(range, format!("`{from}` has a pair already"), None));
        } else {
            pairs.insert(source.text().to_string(), Pair { source, target, range, line });
        }
    }
    settle(pairs.into_values().collect(), errors)
}

struct Pair<'a> {
    source: Folded,
    target: Folded,
    range: Range<usize>,
    line: &'a str,
}

/// Pairs may lead to one another (`a → b`, `b → c`), but not for ever.
fn settle(mut list: Vec<Pair<'_>>, errors: &mut Vec<PhraseError>) -> Pairs {
    let build = |list: &[Pair<'_>]| {
        Pairs::new(list.iter().map(|pair| (pair.source.clone(), pair.target.clone())).collect())
    };
    let pairs = build(&list);
    let before = list.len();
    list.retain(|pair| {
        let endless = pairs.never_ends(&pair.target);
        if endless {
            let message = format!("`{}` leads through other pairs and never ends", pair.line);
            let help = Some("let every text be read as one that has no pair of its own".into());
            errors.push(error(pair.range.clone(), message, help));
        }
        !endless
    });
    errors.sort_by_key(|error| error.range.start);
    if list.len() == before { pairs } else { build(&list) }
}
