//! Data files to data: every broken line is a finding with file, line and column, and the rest is still read.

mod cell;
mod records;
mod tables;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

pub use cell::parse_value;
pub use tables::{calendar, rates, table};

use crate::diag::{Code, Diagnostic, Diagnostics, codes, did_you_mean};
use crate::model::data::ListData;
use crate::model::time::{Time, Zone};
use crate::model::types::Type;
use crate::model::value::Value;
use crate::source::{SourceId, SourceMap, Span};
use crate::text::phrases::{PhraseError, PhraseSet};

/// How many findings one file may give: who opened the wrong file wants to know that, not every line of it.
const MOST_FINDINGS: usize = 20;

/// Findings in one file, of which only the first few are told one by one.
struct Report<'a> {
    source: SourceId,
    path: &'a str,
    out: &'a mut Diagnostics,
    told: usize,
    untold: Option<(Range<usize>, usize)>,
}

impl<'a> Report<'a> {
    fn new(source: SourceId, sources: &'a SourceMap, out: &'a mut Diagnostics) -> Report<'a> {
        Report { source, path: &sources.get(source).path, out, told: 0, untold: None }
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.source, range.start, range.end)
    }

    fn push(&mut self, range: Range<usize>, make: impl FnOnce(Span) -> Diagnostic) {
        if self.told < MOST_FINDINGS {
            self.told += 1;
            let span = self.span(range);
            self.out.push(make(span));
        } else {
            self.untold.get_or_insert((range, 0)).1 += 1;
        }
    }

    /// A value that can't be read as its type.
    fn value(&mut self, range: Range<usize>, what: &str, written: &str, expected: &str) {
        let written = shorten(written);
        self.push(range, |span| {
            Diagnostic::new(
                &codes::DATA_VALUE,
                format!("{what} `{written}` can't be read"),
                span,
                format!("expected {expected}"),
            )
            .help(format!("write {expected}, or take the line out"))
        });
    }

    fn finish(self) {
        if let Some((range, count)) = self.untold {
            let span = Span::new(self.source, range.start, range.end);
            self.out.push(
                Diagnostic::new(
                    &codes::DATA_VALUE,
                    format!("`{}` has {count} more such findings", self.path),
                    span,
                    "from here on they are only counted",
                )
                .help("is this the file you meant?"),
            );
        }
    }
}

/// At most 40 characters, for messages.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
        None => text.to_string(),
    }
}

/// Remembers where a value was seen first, without keeping the values of a large file a second time.
#[derive(Default)]
struct Seen(HashMap<u64, Range<usize>>);

impl Seen {
    /// The place of an equal value before, if there was one; else this is the first place.
    fn before(&mut self, values: &[Value], range: Range<usize>) -> Option<Range<usize>> {
        struct Feed(DefaultHasher);
        impl std::fmt::Write for Feed {
            fn write_str(&mut self, text: &str) -> std::fmt::Result {
                text.hash(&mut self.0);
                Ok(())
            }
        }
        let mut feed = Feed(DefaultHasher::new());
        let _ = std::fmt::Write::write_fmt(&mut feed, format_args!("{values:?}"));
        match self.0.entry(feed.0.finish()) {
            std::collections::hash_map::Entry::Occupied(first) => Some(first.get().clone()),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(range);
                None
            }
        }
    }
}

/// What may stand after the tab of a list line.
const ATTRIBUTES: [&str; 2] = ["until", "owner"];

/// A list file: one value per line, then after a tab `until=DATE` and `owner=NAME`; `#` begins a comment at the
/// start of a line or after a blank.
pub fn list(text: SourceId, ty: &Type, zone: &Zone, sources: &SourceMap, out: &mut Diagnostics) -> ListData {
    let mut data = ListData::new();
    if !can_stand_in_a_file(ty) {
        return data;
    }
    let mut seen = Seen::default();
    let mut report = Report::new(text, sources, out);
    for (range, line) in lines(&sources.get(text).text) {
        let (written, attributes) = match line.split_once('\t') {
            Some((value, rest)) => (value, rest),
            None => (line, ""),
        };
        let attributes_at = range.start + (line.len() - attributes.len());
        let written = written.trim();
        let place = within(&range, line, written);
        let until = read_attributes(attributes, attributes_at, zone, &mut report);
        if let Some(split) = lost_attribute(written) {
            missing_tab(place.start + split, place.end, &mut report);
            continue;
        }
        match parse_value(written, ty, zone) {
            Ok(value) => {
                if let Some(first) = seen.before(std::slice::from_ref(&value), place.clone()) {
                    duplicate_entry(written, place, first, &mut report);
                }
                data.insert(value, until);
            }
            Err(expected) => report.value(place, "the entry", written, &expected),
        }
    }
    report.finish();
    data
}

/// Records and lists have no place in a line or cell; that is reported where such a type is declared.
fn can_stand_in_a_file(ty: &Type) -> bool {
    !matches!(ty.representation(), Type::Record(_) | Type::List(_))
}

/// The lines that hold something, comments taken off, with their bytes.
fn lines(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let skipped = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut offset = skipped;
    text.get(skipped..).unwrap_or("").split('\n').filter_map(move |line| {
        let start = offset;
        offset += line.len() + 1;
        let code = without_comment(line).trim_end();
        (!code.trim().is_empty()).then(|| (start..start + code.len(), code))
    })
}

/// `#` is a comment where a word could begin; `a#b` is a value.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (offset, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            return line.get(..offset).unwrap_or(line);
        }
        before = c;
    }
    line
}

/// The bytes of `part`, a piece of `line` which starts at `range.start`.
fn within(range: &Range<usize>, line: &str, part: &str) -> Range<usize> {
    let start = range.start + (part.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
    start..start + part.len()
}

/// Where `until=` or `owner=` begins in a value, if someone put blanks where the tab belongs.
fn lost_attribute(value: &str) -> Option<usize> {
    ATTRIBUTES.iter().filter_map(|name| value.find(&format!(" {name}="))).min()
}

fn missing_tab(start: usize, end: usize, report: &mut Report<'_>) {
    report.push(start..end, |span| {
        let blank = Span { end: span.start + 1, ..span };
        Diagnostic::new(
            &codes::LIST_ATTRIBUTE,
            "a tab is missing before this",
            span,
            "read as part of the value",
        )
        .help("separate the value from what follows by a tab, not by blanks")
        .fix("put a tab here", blank, "\t")
    });
}

fn duplicate_entry(written: &str, place: Range<usize>, first: Range<usize>, report: &mut Report<'_>) {
    let first = report.span(first);
    report.push(place, |span| {
        Diagnostic::new(
            &codes::DUPLICATE_ENTRY,
            format!("`{}` is in this list twice", shorten(written)),
            span,
            "again here",
        )
        .label(first, "first here")
        .help("take one of the two lines out")
    });
}

/// `until=2026-12-31 owner=Ann from risk`: gives the `until`.
fn read_attributes(text: &str, offset: usize, zone: &Zone, report: &mut Report<'_>) -> Option<Time> {
    let mut until = None;
    let mut current = None;
    for word in text.split_whitespace() {
        let place = within(&(offset..offset + text.len()), text, word);
        let Some((name, value)) = word.split_once('=') else {
            // `owner=Ann from risk`: a name may have several words.
            if current != Some("owner") {
                unknown_attribute(word, place, report);
            }
            continue;
        };
        current = Some(name);
        match name {
            "owner" => {}
            "until" => match parse_value(value, &Type::Time, zone) {
                Ok(Value::Time(time)) => until = Some(time),
                Ok(_) => {}
                Err(expected) => report.value(place, "the end", value, &expected),
            },
            _ => unknown_attribute(name, place, report),
        }
    }
    until
}

fn unknown_attribute(name: &str, place: Range<usize>, report: &mut Report<'_>) {
    let help = did_you_mean(name, ATTRIBUTES).unwrap_or(
        "after the tab may stand `until=2026-12-31` and `owner=NAME`; a comment begins with `#`".into(),
    );
    report.push(place, |span| {
        Diagnostic::new(
            &codes::LIST_ATTRIBUTE,
            format!("`{}` can't stand after a list entry", shorten(name)),
            span,
            "not known here",
        )
        .help(help)
    });
}

/// A phrase file and the fold file that goes with it.
pub fn phrases(
    text: SourceId,
    fold: Option<SourceId>,
    sources: &SourceMap,
    out: &mut Diagnostics,
) -> PhraseSet {
    let fold_text = fold.map(|fold| &*sources.get(fold).text);
    let (set, errors) = PhraseSet::parse(&sources.get(text).text, fold_text);
    phrase_errors(text, &codes::PHRASE_LINE, &errors.phrases, sources, out);
    phrase_errors(text, &codes::USELESS_PHRASE, &errors.notes, sources, out);
    if let Some(fold) = fold {
        phrase_errors(fold, &codes::FOLD_LINE, &errors.fold, sources, out);
    }
    set
}

fn phrase_errors(
    source: SourceId,
    code: &'static Code,
    errors: &[PhraseError],
    sources: &SourceMap,
    out: &mut Diagnostics,
) {
    let mut report = Report::new(source, sources, out);
    for error in errors {
        report.push(error.range.clone(), |span| {
            Diagnostic::new(code, error.message.clone(), span, "").help_opt(error.help.clone())
        });
    }
    report.finish();
}

#[cfg(test)]
mod tests;
