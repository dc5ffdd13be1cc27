//! Event files: NDJSON or CSV, plain, gzip or Zstandard, cut into lines and read as events on a thread of their own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use clap::ValueEnum;

use super::Failure;
use crate::{CsvColumns, Engine, Pending};

/// What a file holds.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// One JSON object per line
    Ndjson,
    /// A header, then one event per record
    Csv,
}

/// Lines (or CSV records) that were read together.
#[derive(Debug, Default)]
pub struct Batch {
    /// Which of the inputs.
    pub input: usize,
    /// The event of each line, in their order.
    pub events: Pending,
    bytes: Vec<u8>,
    records: Vec<Record>,
}

#[derive(Debug)]
struct Record {
    start: usize,
    end: usize,
    /// Of its first line, from 1.
    line: u64,
}

/// One line or CSV record as it came, without its line end.
#[derive(Copy, Clone, Debug)]
pub struct Line<'a> {
    pub number: u64,
    pub text: &'a [u8],
}

impl Batch {
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.records.iter().map(|r| Line { number: r.line, text: &self.bytes[r.start..r.end] })
    }
}

/// How much is handed over at once: little enough that it is still in the processor's caches when it is decided.
const BATCH_BYTES: usize = 48 * 1024;

/// How much is read from a file at once.
const READ_BYTES: usize = 256 * 1024;

/// A longer line is cut here, and then is no event.
const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

/// The inputs in their order, read ahead.
pub struct Inputs {
    pub batches: Receiver<Result<Batch, Failure>>,
    /// Batches that are done with, to be used again.
    pub done: Sender<Batch>,
    /// Bytes of the files read so far, before decompression.
    pub consumed: Arc<AtomicU64>,
    /// Of all files together; unknown with standard input.
    pub total_bytes: Option<u64>,
}

/// Opens every input before anything is read: a name that is wrong ends the run at its start.
pub fn open(paths: &[String], shape: Option<Shape>, engine: &Arc<Engine>) -> Result<Inputs, Failure> {
    let consumed = Arc::new(AtomicU64::new(0));
    let mut total = Some(0);
    let mut readers: Vec<(Shape, Box<dyn BufRead + Send>)> = Vec::new();
    for path in paths {
        let (reader, bytes) = open_one(path, &consumed)?;
        total = total.zip(bytes).map(|(a, b)| a + b);
        readers.push((shape.unwrap_or_else(|| shape_of(path)), reader));
    }
    let (sender, batches) = sync_channel(4);
    let (done, spare) = channel();
    let names: Vec<String> = paths.to_vec();
    let mut reading = Reading { engine: engine.clone(), cells: Cells::default(), sender, spare };
    std::thread::Builder::new()
        .name("read".into())
        .spawn(move || {
            for (input, (shape, reader)) in readers.into_iter().enumerate() {
                if let Err(failure) = reading.send_batches(input, shape, reader, &names[input]) {
                    // The other end hangs up when the run stops early.
                    let _ = reading.sender.send(Err(failure));
                    return;
                }
            }
        })
        .map_err(|e| Failure::new(format!("can't start a thread to read the events: {e}")))?;
    Ok(Inputs { batches, done, consumed, total_bytes: total })
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
        return Ok((Box::new(BufReader::with_capacity(READ_BYTES, counted)), None));
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
    let counted = BufReader::with_capacity(READ_BYTES, Counted { inner: file, consumed: consumed.clone() });
    let reader: Box<dyn BufRead + Send> = if path.ends_with(".gz") {
        Box::new(BufReader::with_capacity(READ_BYTES, flate2::bufread::MultiGzDecoder::new(counted)))
    } else if path.ends_with(".zst") {
        let decoder = ruzstd::decoding::StreamingDecoder::new(counted)
            .map_err(|e| Failure::new(format!("can't read events from `{path}`: {e}")))?;
        Box::new(BufReader::with_capacity(READ_BYTES, decoder))
    } else {
        Box::new(counted)
    };
    Ok((reader, Some(bytes)))
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

/// What the reading thread has.
struct Reading {
    engine: Arc<Engine>,
    cells: Cells,
    sender: SyncSender<Result<Batch, Failure>>,
    spare: Receiver<Batch>,
}

impl Reading {
    fn send_batches(
        &mut self,
        input: usize,
        shape: Shape,
        mut reader: Box<dyn BufRead + Send>,
        name: &str,
    ) -> Result<(), Failure> {
        let mut line = 0;
        let mut columns = None;
        loop {
            let mut batch = self.spare.try_recv().unwrap_or_default();
            batch.input = input;
            let open = batch.fill(&mut *reader, shape, &mut line).map_err(|error| {
                Failure::new(format!("can't read events from `{name}`, after line {line}: {error}"))
            })?;
            self.read_events(&mut batch, shape, &mut columns);
            if !batch.records.is_empty() && self.sender.send(Ok(batch)).is_err() {
                return Ok(());
            }
            if !open {
                return Ok(());
            }
        }
    }

    /// One event per line; the header of a CSV is no line of its own.
    fn read_events(&mut self, batch: &mut Batch, shape: Shape, columns: &mut Option<CsvColumns>) {
        let Batch { events, bytes, records, .. } = batch;
        match shape {
            Shape::Ndjson => {
                for record in records {
                    self.engine.read_json(&bytes[record.start..record.end], events);
                }
            }
            Shape::Csv => records.retain(|record| {
                self.cells.split(&bytes[record.start..record.end]);
                match columns {
                    Some(columns) => self.engine.read_csv(columns, self.cells.iter(), events),
                    None => {
                        *columns = Some(self.engine.csv_columns(self.cells.iter()));
                        return false;
                    }
                }
                true
            }),
        }
    }
}

impl Batch {
    /// `false` at the end of the input.
    fn fill(&mut self, reader: &mut dyn BufRead, shape: Shape, line: &mut u64) -> std::io::Result<bool> {
        self.bytes.clear();
        self.records.clear();
        while self.bytes.len() < BATCH_BYTES {
            let start = self.bytes.len();
            let first = *line + 1;
            if !next_record(reader, shape, &mut self.bytes, line)? {
                return Ok(false);
            }
            if *line == 1 && self.bytes[start..].starts_with(b"\xEF\xBB\xBF") {
                self.bytes.drain(start..start + 3);
            }
            let end = trimmed_end(&self.bytes, start);
            let blank = self.bytes[start..end].iter().all(u8::is_ascii_whitespace);
            // A blank line is no event; a record of a CSV with one column may be empty all the same.
            if !blank || (shape == Shape::Csv && end > start) {
                self.records.push(Record { start, end, line: first });
            }
        }
        Ok(true)
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

/// Appends a line; for CSV, further lines as long as a quote is open. `false` at the end.
fn next_record(
    reader: &mut dyn BufRead,
    shape: Shape,
    out: &mut Vec<u8>,
    line: &mut u64,
) -> std::io::Result<bool> {
    let start = out.len();
    loop {
        let before = out.len();
        if !read_line(reader, out, start)? {
            return Ok(out.len() > start);
        }
        *line += 1;
        if shape == Shape::Ndjson {
            return Ok(true);
        }
        let quotes = out[before..].iter().filter(|b| **b == b'"').count();
        let open_before = out[start..before].iter().filter(|b| **b == b'"').count() % 2 == 1;
        let open = (quotes % 2 == 1) != open_before;
        if !open || out.len() - start >= MAX_LINE_BYTES {
            return Ok(true);
        }
    }
}

/// Like `read_until`, but keeps no more than the longest line that can be an event.
fn read_line(reader: &mut dyn BufRead, out: &mut Vec<u8>, start: usize) -> std::io::Result<bool> {
    let room = (MAX_LINE_BYTES + start).saturating_sub(out.len());
    let read = (&mut *reader).take(room as u64).read_until(b'\n', out)?;
    if read == room && out.last() != Some(&b'\n') {
        reader.skip_until(b'\n')?;
    }
    Ok(read > 0)
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
        // Not `Reader::default`, which knows no CSV.
        Cells { reader: csv_core::Reader::new(), bytes: Vec::new(), ends: Vec::new(), count: 0 }
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
    }

    fn read(shape: Shape, text: &str) -> Vec<(u64, String)> {
        let mut reader = std::io::Cursor::new(text.as_bytes());
        let (mut batch, mut line) = (Batch::default(), 0);
        let mut found = Vec::new();
        loop {
            let open = batch.fill(&mut reader, shape, &mut line).unwrap();
            found.extend(batch.lines().map(|l| (l.number, String::from_utf8_lossy(l.text).into_owned())));
            if !open {
                return found;
            }
        }
    }

    #[test]
    fn lines_keep_their_numbers_over_blank_ones() {
        assert_eq!(
            read(Shape::Ndjson, "\u{feff}{}\r\n\n  \n[1]"),
            [(1, "{}".to_string()), (4, "[1]".to_string())]
        );
    }

    #[test]
    fn a_line_beyond_the_longest_is_cut_and_the_next_is_whole() {
        for length in [MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 1, 2 * MAX_LINE_BYTES + 5] {
            let lines = read(Shape::Ndjson, &format!("{}\n{{}}\n", "x".repeat(length)));
            let lengths: Vec<(u64, usize)> = lines.iter().map(|(n, text)| (*n, text.len())).collect();
            assert_eq!(lengths, [(1, length.min(MAX_LINE_BYTES)), (2, 2)]);
        }
    }

    #[test]
    fn a_quoted_cell_may_span_lines() {
        assert_eq!(
            read(Shape::Csv, "a,b\n\"x\ny\",1\n2,3\n"),
            [(1, "a,b".to_string()), (2, "\"x\ny\",1".to_string()), (4, "2,3".to_string())]
        );
    }
}
