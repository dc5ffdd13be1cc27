//! Splits CSV text into records whose cells know their place in the file.
//!
//! A cell may be quoted; `""` in quotes is a quote; a quoted cell may hold commas and line ends. Blank
//! lines and lines that begin with `#` are skipped.

use std::borrow::Cow;
use std::ops::Range;

/// A quoted cell longer than this is taken for one whose closing quote was forgotten.
const LONGEST_QUOTED: usize = 64 * 1024;

const UNCLOSED: &str = "this quote is not closed where its cell ends";
const CLOSE_IT: &str = "end the cell with `\"`, and write a quote inside it twice";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Without quotes; an unquoted one without the blanks around it.
    pub text: Cow<'a, str>,
    /// Bytes of the file, quotes included.
    pub range: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub cells: Vec<Cell<'a>>,
    pub range: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteError {
    /// From the offending quote to the end of its line.
    pub range: Range<usize>,
    pub message: &'static str,
    pub help: &'static str,
}

/// Walks over the records of a text; after a broken one it goes on with the next line.
pub struct Records<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> Records<'a> {
    pub fn new(text: &'a str) -> Records<'a> {
        // Spreadsheets like to begin a file with a byte-order mark.
        Records { text, offset: if text.starts_with('\u{feff}') { 3 } else { 0 } }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or("")
    }

    /// The rest of the line at `offset`, its line end excluded.
    fn line_at(&self, offset: usize) -> &'a str {
        let rest = self.text.get(offset..).unwrap_or("");
        let line = rest.split('\n').next().unwrap_or("");
        line.strip_suffix('\r').unwrap_or(line)
    }

    fn skip_line(&mut self) {
        let rest = self.rest();
        self.offset += rest.find('\n').map_or(rest.len(), |end| end + 1);
    }

    fn broken(&mut self, at: usize, message: &'static str, help: &'static str) -> QuoteError {
        let range = at..at + self.line_at(at).len();
        self.offset = at;
        self.skip_line();
        QuoteError { range, message, help }
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.offset += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    fn quoted(&mut self) -> Result<Cell<'a>, QuoteError> {
        let open = self.offset;
        let inside = open + 1;
        let body = self.text.get(inside..).unwrap_or("");
        let mut doubled = false;
        let mut at = 0;
        loop {
            let Some(quote) = body.get(at..).and_then(|rest| rest.find('"')).map(|found| at + found) else {
                return Err(self.broken(open, UNCLOSED, CLOSE_IT));
            };
            if quote > LONGEST_QUOTED {
                return Err(self.broken(open, UNCLOSED, CLOSE_IT));
            }
            if body.as_bytes().get(quote + 1) == Some(&b'"') {
                doubled = true;
                at = quote + 2;
                continue;
            }
            let raw = body.get(..quote).unwrap_or("");
            let text = if doubled { Cow::Owned(raw.replace("\"\"", "\"")) } else { Cow::Borrowed(raw) };
            self.offset = inside + quote + 1;
            return Ok(Cell { text, range: open..self.offset });
        }
    }

    fn unquoted(&mut self) -> Result<Cell<'a>, QuoteError> {
        let start = self.offset;
        let rest = self.rest();
        let cell = rest.split([',', '\n']).next().unwrap_or("");
        let ends_line = !rest.get(cell.len()..).is_some_and(|after| after.starts_with(','));
        let raw = if ends_line { cell.strip_suffix('\r').unwrap_or(cell) } else { cell };
        if let Some(quote) = raw.find('"') {
            return Err(self.broken(
                start + quote,
                "a quote in the middle of a cell",
                "put the whole cell into quotes, and write a quote inside them twice: `\"a \"\"b\"\"\"`",
            ));
        }
        self.offset = start + raw.len();
        let text = raw.trim_end_matches([' ', '\t']);
        Ok(Cell { text: Cow::Borrowed(text), range: start..start + text.len() })
    }

    fn record(&mut self) -> Result<Record<'a>, QuoteError> {
        let start = self.offset;
        let mut cells: Vec<Cell<'a>> = Vec::new();
        loop {
            self.skip_blanks();
            let cell = if self.rest().starts_with('"') { self.quoted() } else { self.unquoted() }?;
            cells.push(cell);
            self.skip_blanks();
            let rest = self.rest();
            if rest.starts_with(',') {
                self.offset += 1;
            } else if matches!(rest, "" | "\r") || rest.starts_with('\n') || rest.starts_with("\r\n") {
                let range = start..cells.last().map_or(start, |cell| cell.range.end);
                self.skip_line();
                return Ok(Record { cells, range });
            } else {
                let open = cells.last().map_or(start, |cell| cell.range.start);
                let reaches = self.text.get(open..self.offset).unwrap_or("");
                // A quote that "closes" some lines later was opened by mistake.
                if reaches.contains('\n') {
                    return Err(self.broken(open, UNCLOSED, CLOSE_IT));
                }
                return Err(self.broken(
                    self.offset,
                    "text after the closing quote of a cell",
                    "put a comma before it, or write a quote inside quotes twice: `\"a \"\"b\"\"\"`",
                ));
            }
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, QuoteError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.rest().is_empty() {
                return None;
            }
            let line = self.line_at(self.offset);
            if !line.trim().is_empty() && !line.starts_with('#') {
                return Some(self.record());
            }
            self.skip_line();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        Records::new(text)
            .map(|record| record.unwrap().cells.into_iter().map(|cell| cell.text.into_owned()).collect())
            .collect()
    }

    #[test]
    fn quotes_commas_and_line_ends() {
        assert_eq!(
            cells("a, b ,c\r\n\n# no\n\"x,\"\"y\"\"\nz\",\"\"\n,\n"),
            [vec!["a", "b", "c"], vec!["x,\"y\"\nz", ""], vec!["", ""]]
        );
        assert_eq!(cells("\u{feff}a,b"), [["a", "b"]]);
        assert!(cells("").is_empty());
    }

    #[test]
    fn a_record_costs_its_length_however_many_cells_it_has() {
        let records = cells(&format!("a{}\r\nb\r", ",".repeat(500_000)));
        assert_eq!(records.iter().map(Vec::len).collect::<Vec<_>>(), [500_001, 1]);
        assert_eq!(records[1], ["b"]);
    }

    #[test]
    fn cells_know_their_place() {
        let text = "\u{feff}one, \"two\" ,zażółć \r\nd";
        for cell in Records::new(text).flatten().flat_map(|record| record.cells) {
            assert_eq!(text[cell.range].trim_matches('"'), cell.text);
        }
    }

    #[test]
    fn a_broken_record_does_not_take_the_next_with_it() {
        let text = "a,\"b\nc,d\ne,f\"g\nh,\"i\" j\nk,l\n";
        let results: Vec<_> = Records::new(text).collect();
        let found: Vec<&str> = results
            .iter()
            .map(|r| match r {
                Ok(record) => &text[record.range.clone()],
                Err(error) => &text[error.range.clone()],
            })
            .collect();
        assert_eq!(found, ["\"b", "c,d", "\"g", "j", "k,l"], "{results:?}");
        assert!(Records::new("a\n\"never closed\n").nth(1).unwrap().is_err());
    }
}
