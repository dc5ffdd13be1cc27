//! Event files: NDJSON or CSV, plain, gzip or Zstandard, cut into lines on a thread of their own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use clap::ValueEnum;

use super::Failure;
use super::unpack::unpacked;

/// What a file holds.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// One JSON object per line
    Ndjson,
    /// A header, then one event per record
    Csv,
}

/// Lines (or CSV records) that were read together.
#[derive(Debug)]
pub struct Batch {
    /// Which of the inputs.
    pub input: usize,
    pub shape: Shape,
    bytes: Vec<u8>,
    records: Vec<Record>,
}

#[derive(Debug)]
struct Record {
    start: usize,
    end: usize,
    /// Of its first line, from 1.
    line: u64,
    flaw: Option<Flaw>,
}

/// Why a record is none.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It was cut at the longest that can be an event.
    TooLong,
    /// The file ends within a quoted cell.
    OpenQuote,
}

impl Flaw {
    /// What was expected, and what was found.
    pub fn told(self) -> (&'static str, &'static str) {
        match self {
            Flaw::TooLong => ("at most 16 MiB", "a longer line or record"),
            Flaw::OpenQuote => ("a closing `\"`", "the end of the file"),
        }
    }
}

/// One line or CSV record as it came, without its line end.
#[derive(Copy, Clone, Debug)]
pub struct Line<'a> {
    pub number: u64,
    pub text: &'a [u8],
    pub flaw: Option<Flaw>,
}

impl Batch {
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.records.iter().map(|r| Line { number: r.line, text: &self.bytes[r.start..r.end], flaw: r.flaw })
    }
}

/// How much is handed over at once.
const BATCH_BYTES: usize = 256 * 1024;

/// A longer line is cut here, and then is no event.
const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

/// The inputs in their order, read ahead.
pub struct Inputs {
    pub batches: Receiver<Result<Batch, Failure>>,
    /// Bytes of the files read so far, before decompression.
    pub consumed: Arc<AtomicU64>,
    /// Of all files together; unknown with standard input.
    pub total_bytes: Option<u64>,
}

/// Opens every input before anything is read: a name that is wrong ends the run at its start.
pub fn open(paths: &[String], shape: Option<Shape>) -> Result<Inputs, Failure> {
    let consumed = Arc::new(AtomicU64::new(0));
    let mut total = Some(0);
    let mut readers: Vec<(Shape, Box<dyn BufRead + Send>)> = Vec::new();
    for path in paths {
        let (reader, bytes) = open_one(path, &consumed)?;
        total = total.zip(bytes).map(|(a, b)| a + b);
        readers.push((shape.unwrap_or_else(|| shape_of(path)), reader));
    }
    let (sender, batches) = sync_channel(4);
    let names: Vec<String> = paths.to_vec();
    std::thread::Builder::new()
        .name("read".into())
        .spawn(move || {
            for (input, (shape, reader)) in readers.into_iter().enumerate() {
                if let Err(failure) = send_batches(input, shape, reader, &names[input], &sender) {
                    // The other end hangs up when the run stops early.
                    let _ = sender.send(Err(failure));
                    return;
                }
            }
        })
        .map_err(|e| Failure::new(format!("can't start a thread to read the events: {e}")))?;
    Ok(Inputs { batches, consumed, total_bytes: total })
}

/// By the name before the compression's ending.
fn shape_of(path: &str) -> Shape {
    let plain = path.strip_suffix(".gz").or_else(|| path.strip_suffix(".zst")).unwrap_or(path);
    if plain.to_ascii_lowercase().ends_with(".csv") { Shape::Csv } else { Shape::Ndjson }
}

type OpenInput = (Box<dyn BufRead + Send>, Option<u64>);

fn open_one(path: &str, consumed: &Arc<AtomicU64>) -> Result<OpenInput, Failure> {
    if path == "-" {
        let counted = Counted { inner: std::io::stdin(), consumed: consumed.clone() };
        return Ok((Box::new(BufReader::with_capacity(BATCH_BYTES, counted)), None));
    }
    let failed = |error: std::io::Error| {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => "no such file".to_string(),
            _ => error.to_string(),
        };
        Failure::new(format!("can't read events from `{path}`: {reason}"))
    };
    if Path::new(path).is_dir() {
        return Err(Failure::new(format!("can't read events from `{path}`: it is a directory")));
    }
    let file = File::open(path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    let counted = BufReader::with_capacity(BATCH_BYTES, Counted { inner: file, consumed: consumed.clone() });
    let reader = BufReader::with_capacity(BATCH_BYTES, unpacked(path, counted).map_err(failed)?);
    Ok((Box::new(reader), Some(bytes)))
}

struct Counted<R> {
    inner: R,
    consumed: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.consumed.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

fn send_batches(
    input: usize,
    shape: Shape,
    mut reader: Box<dyn BufRead + Send>,
    name: &str,
    sender: &SyncSender<Result<Batch, Failure>>,
) -> Result<(), Failure> {
    let failed = |line: u64, error: std::io::Error| {
        let place = if line == 0 { String::new() } else { format!(", after line {line}") };
        Failure::new(format!("can't read events from `{name}`{place}: {error}"))
    };
    let mut line = 0;
    loop {
        let mut batch =
            Batch { input, shape, bytes: Vec::with_capacity(BATCH_BYTES + 4096), records: Vec::new() };
        let mut open = true;
        while batch.bytes.len() < BATCH_BYTES {
            let start = batch.bytes.len();
            let first = line + 1;
            let read = next_record(&mut *reader, shape, &mut batch.bytes, &mut line);
            let Some(flaw) = read.map_err(|e| failed(line, e))? else {
                open = false;
                break;
            };
            if line == 1 && batch.bytes[start..].starts_with(b"\xEF\xBB\xBF") {
                batch.bytes.drain(start..start + 3);
            }
            let end = trimmed_end(&batch.bytes, start);
            let blank = batch.bytes[start..end].iter().all(u8::is_ascii_whitespace);
            // A blank line is no event; a record of a CSV with one column may be empty all the same.
            if !blank || (shape == Shape::Csv && end > start) {
                batch.records.push(Record { start, end, line: first, flaw });
            }
        }
        if !batch.records.is_empty() && sender.send(Ok(batch)).is_err() {
            return Ok(());
        }
        if !open {
            return Ok(());
        }
    }
}

fn trimmed_end(bytes: &[u8], start: usize) -> usize {
    let mut end = bytes.len();
    if end > start && bytes[end - 1] == b'\n' {
        end -= 1;
        if end > start && bytes[end - 1] == b'\r' {
            end -= 1;
        }
    }
    end
}

/// Appends a line; for CSV, further lines as long as a quoted cell is open. `None` at the end, else what is wrong with it.
#[expect(
    clippy::option_option,
    reason = "whether there is a record, and what is wrong with it, are two questions"
)]
fn next_record(
    reader: &mut dyn BufRead,
    shape: Shape,
    out: &mut Vec<u8>,
    line: &mut u64,
) -> std::io::Result<Option<Option<Flaw>>> {
    let start = out.len();
    let mut place = Place::CellStart;
    loop {
        let before = out.len();
        let whole = match read_line(reader, out, start)? {
            Some(whole) => whole,
            None if before == start => return Ok(None),
            None => return Ok(Some(Some(Flaw::OpenQuote))),
        };
        *line += 1;
        if !whole {
            return Ok(Some(Some(Flaw::TooLong)));
        }
        if shape == Shape::Csv {
            place = out[before..].iter().fold(place, |place, byte| place.after(*byte));
        }
        if place != Place::Quoted {
            return Ok(Some(None));
        }
    }
}

/// Where in a CSV record a byte is: a quote opens a cell only at its beginning (`5" disk` is plain text).
#[derive(Copy, Clone, PartialEq, Eq)]
enum Place {
    CellStart,
    Plain,
    Quoted,
    /// After a quote in a quoted cell: its end, or the first of two that mean one.
    Quote,
}

impl Place {
    fn after(self, byte: u8) -> Place {
        match (self, byte) {
            (Place::CellStart | Place::Quote, b'"') => Place::Quoted,
            (Place::Quoted, b'"') => Place::Quote,
            (Place::Quoted, _) => Place::Quoted,
            (_, b',') => Place::CellStart,
            _ => Place::Plain,
        }
    }
}

/// Like `read_until`, but keeps no more than the longest line that can be an event: `false` if it was longer, `None` at
/// the end.
fn read_line(reader: &mut dyn BufRead, out: &mut Vec<u8>, start: usize) -> std::io::Result<Option<bool>> {
    let (mut any, mut whole) = (false, true);
    loop {
        let available = match reader.fill_buf() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if available.is_empty() {
            return Ok(any.then_some(whole));
        }
        any = true;
        let (used, done) = match available.iter().position(|b| *b == b'\n') {
            Some(at) => (at + 1, true),
            None => (available.len(), false),
        };
        let room = (MAX_LINE_BYTES + start).saturating_sub(out.len());
        whole &= used <= room;
        out.extend_from_slice(&available[..used.min(room)]);
        reader.consume(used);
        if done {
            return Ok(Some(whole));
        }
    }
}

/// Splits one CSV record (RFC 4180) into cells.
pub struct Cells {
    reader: csv_core::Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Default for Cells {
    fn default() -> Cells {
        // A lone carriage return is text; what is split is one record, so that nothing else ends it.
        let reader = csv_core::ReaderBuilder::new().terminator(csv_core::Terminator::Any(b'\n')).build();
        Cells { reader, bytes: Vec::new(), ends: Vec::new(), count: 0 }
    }
}

impl Cells {
    /// Cuts `record`, a whole record without its line end.
    pub fn split(&mut self, record: &[u8]) {
        self.bytes.resize(record.len() + 8, 0);
        self.reader.reset();
        let (mut read, mut written) = (0, 0);
        self.count = 0;
        loop {
            if self.ends.len() < self.count + 64 {
                self.ends.resize(self.count + 256, 0);
            }
            // Once all is read, an empty input tells the reader that the record ends.
            let (result, r, w, ends) = self.reader.read_record(
                &record[read..],
                &mut self.bytes[written..],
                &mut self.ends[self.count..],
            );
            read += r;
            written += w;
            self.count += ends;
            match result {
                csv_core::ReadRecordResult::Record | csv_core::ReadRecordResult::End => return,
                csv_core::ReadRecordResult::InputEmpty | csv_core::ReadRecordResult::OutputEndsFull => {}
                csv_core::ReadRecordResult::OutputFull => self.bytes.resize(self.bytes.len() * 2, 0),
            }
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.count).map(|i| {
            let start = if i == 0 { 0 } else { self.ends[i - 1] };
            &self.bytes[start..self.ends[i]]
        })
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
        assert_eq!(cells("5\" disk,a\rb"), ["5\" disk", "a\rb"]);
    }

    fn read(shape: Shape, text: &str) -> Vec<(u64, String)> {
        let (sender, batches) = sync_channel(4);
        let reader = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
        std::thread::scope(|scope| {
            scope.spawn(move || send_batches(0, shape, reader, "test", &sender));
            batches
                .into_iter()
                .flat_map(|batch| {
                    let batch = batch.unwrap_or_else(|f| panic!("{}", f.0));
                    batch
                        .lines()
                        .map(|l| (l.number, String::from_utf8_lossy(l.text).into_owned()))
                        .collect::<Vec<_>>()
                })
                .collect()
        })
    }

    #[test]
    fn lines_keep_their_numbers_over_blank_ones() {
        assert_eq!(
            read(Shape::Ndjson, "\u{feff}{}\r\n\n  \n[1]"),
            [(1, "{}".to_string()), (4, "[1]".to_string())]
        );
    }

    #[test]
    fn a_quote_within_a_cell_opens_nothing() {
        assert_eq!(
            read(Shape::Csv, "a,b\n5\" disk,1\n6\",2\n\"x\"\"\",3\n\"\ny\" z\",4\n"),
            [
                (1, "a,b".to_string()),
                (2, "5\" disk,1".to_string()),
                (3, "6\",2".to_string()),
                (4, "\"x\"\"\",3".to_string()),
                (5, "\"\ny\" z\",4".to_string()),
            ]
        );
    }

    #[test]
    fn what_is_too_long_or_open_is_no_record() {
        let flaws = |shape, text: &str| -> Vec<Option<Flaw>> {
            let (sender, batches) = sync_channel(4);
            let reader = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
            std::thread::spawn(move || send_batches(0, shape, reader, "test", &sender));
            let batches: Vec<Batch> =
                batches.into_iter().map(|b| b.unwrap_or_else(|f| panic!("{}", f.0))).collect();
            batches.iter().flat_map(|batch| batch.lines().map(|line| line.flaw)).collect()
        };
        let long = "x".repeat(MAX_LINE_BYTES - 1);
        for shape in [Shape::Csv, Shape::Ndjson] {
            assert_eq!(
                flaws(shape, &format!("{long}\nx{long}y\n{long}\n")),
                [None, Some(Flaw::TooLong), None]
            );
        }
        assert_eq!(
            flaws(Shape::Csv, &format!("\"{long}\n\"\nx\n")),
            [Some(Flaw::TooLong), Some(Flaw::OpenQuote)]
        );
        assert_eq!(flaws(Shape::Csv, "a\n\"b\nc\n"), [None, Some(Flaw::OpenQuote)]);
        assert_eq!(flaws(Shape::Csv, "a\n\"b"), [None, Some(Flaw::OpenQuote)]);
    }

    #[test]
    fn a_quote_that_is_never_closed_takes_no_longer_than_its_lines() {
        let lines = 2_000_000;
        let read = read(Shape::Csv, &format!("a,b\n\"{}", "x\n".repeat(lines)));
        assert_eq!(read.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(read[1].1.len(), 2 * lines);
    }

    #[test]
    fn a_quoted_cell_may_span_lines() {
        assert_eq!(
            read(Shape::Csv, "a,b\n\"x\ny\",1\n2,3\n"),
            [(1, "a,b".to_string()), (2, "\"x\ny\",1".to_string()), (4, "2,3".to_string())]
        );
    }
}
