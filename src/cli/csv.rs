//! The records of a CSV file, byte by byte (RFC 4180).

use super::input::Fault;

/// Where in a CSV record a byte stands (RFC 4180). A quote inside a cell that did not begin with one is a character
/// like others, as inch signs are.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum CsvState {
    /// Where a cell begins.
    Start,
    Plain,
    Quoted,
    /// After a quote in a quoted cell: its end, or the first of two that stand for one.
    Closed,
    /// After the end of a quoted cell, before the comma.
    Padding,
    Wrong,
}

impl CsvState {
    fn step(self, byte: u8) -> CsvState {
        match (self, byte) {
            (CsvState::Wrong, _) => CsvState::Wrong,
            (CsvState::Start | CsvState::Closed, b'"') => CsvState::Quoted,
            (CsvState::Quoted, b'"') => CsvState::Closed,
            (CsvState::Quoted, _) => CsvState::Quoted,
            (_, b',') => CsvState::Start,
            (CsvState::Start | CsvState::Plain, _) => CsvState::Plain,
            (CsvState::Closed | CsvState::Padding, b' ' | b'\t') => CsvState::Padding,
            (CsvState::Closed | CsvState::Padding, _) => CsvState::Wrong,
        }
    }

    pub fn over(self, line: &[u8]) -> CsvState {
        line.iter().fold(self, |state, byte| state.step(*byte))
    }

    /// Of a record that ends in this state.
    pub fn fault(self) -> Option<Fault> {
        match self {
            CsvState::Quoted => Some(Fault::Unclosed),
            CsvState::Wrong => Some(Fault::AfterQuote),
            CsvState::Start | CsvState::Plain | CsvState::Closed | CsvState::Padding => None,
        }
    }
}

/// The cells of one CSV record.
#[derive(Debug, Default)]
pub struct Cells {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    /// Cuts `record`, a whole record without its line end and without faults.
    pub fn split(&mut self, record: &[u8]) {
        self.bytes.clear();
        self.ends.clear();
        let mut state = CsvState::Start;
        for byte in record {
            let next = state.step(*byte);
            match (state, next) {
                (CsvState::Quoted, CsvState::Quoted) | (CsvState::Closed, CsvState::Quoted) => {
                    self.bytes.push(*byte);
                }
                (_, CsvState::Plain) => self.bytes.push(*byte),
                (_, CsvState::Start) => self.ends.push(self.bytes.len()),
                _ => {}
            }
            state = next;
        }
        self.ends.push(self.bytes.len());
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(record: &str) -> Vec<String> {
        let mut cells = Cells::default();
        cells.split(record.as_bytes());
        cells.iter().map(|c| String::from_utf8_lossy(c).into_owned()).collect()
    }

    #[test]
    fn records_are_cut_into_cells() {
        assert_eq!(cells("a,b,c"), ["a", "b", "c"]);
        assert_eq!(cells("a,,c,"), ["a", "", "c", ""]);
        assert_eq!(cells("\"a,1\",\"say \"\"hi\"\"\",\"two\nlines\""), ["a,1", "say \"hi\"", "two\nlines"]);
        assert_eq!(cells("one"), ["one"]);
        assert_eq!(cells(""), [""]);
        assert_eq!(
            cells("5\" tv,\"x\" ,\"\""),
            ["5\" tv", "x", ""],
            "only a cell that begins with a quote is quoted"
        );
    }
}
