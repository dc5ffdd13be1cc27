//! Event files: NDJSON or CSV, plain, gzip or Zstandard, cut into lines on a thread of their own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use clap::ValueEnum;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::Failure;

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

#[derive(Copy, Clone, Debug)]
struct Record {
    start: usize,
    end: usize,
    /// Of its first line, from 1.
    line: u64,
    fault: Option<Fault>,
}

/// One line or CSV record as it came, without its line end.
#[derive(Copy, Clone, Debug)]
pub struct Line<'a> {
    pub number: u64,
    pub text: &'a [u8],
    /// Why it is no event, whatever it says.
    pub fault: Option<Fault>,
}

/// What keeps a line from being one event.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    TooLong,
    /// A quoted cell without its end.
    Unclosed,
    /// Text between the end of a quoted cell and the next comma.
    AfterQuote,
}

impl Fault {
    pub fn expected(self) -> &'static str {
        match self {
            Fault::TooLong => "a line of at most 16 MiB",
            Fault::Unclosed => "a closing `\"` of the quoted cell",
            Fault::AfterQuote => "`,` or the end of the line after a quoted cell",
        }
    }

    pub fn found(self) -> &'static str {
        match self {
            Fault::TooLong => "a longer one",
            Fault::Unclosed => "none",
            Fault::AfterQuote => "other text",
        }
    }
}

impl Batch {
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.records.iter().map(|r| Line {
            number: r.line,
            text: &self.bytes[r.start..r.end],
            fault: r.fault,
        })
    }

    /// A blank line is no event; a record of a CSV with one column may be blank all the same.
    fn keep(&mut self, record: Record) {
        let text = &self.bytes[record.start..record.end];
        let blank = match self.shape {
            Shape::Ndjson => text.iter().all(u8::is_ascii_whitespace),
            Shape::Csv => text.is_empty(),
        };
        if !blank || record.fault.is_some() {
            self.records.push(record);
        }
    }
}

/// How much is handed over at once.
const BATCH_BYTES: usize = 256 * 1024;

/// A longer line is no event.
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
    let reader: Box<dyn BufRead + Send> = if path.ends_with(".gz") {
        Box::new(BufReader::with_capacity(BATCH_BYTES, flate2::bufread::MultiGzDecoder::new(counted)))
    } else if path.ends_with(".zst") {
        Box::new(BufReader::with_capacity(BATCH_BYTES, Zstandard::new(counted)))
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

/// Every frame of a Zstandard file, one after the other: such files may be put together from several.
struct Zstandard<R> {
    source: R,
    frame: FrameDecoder,
    open: bool,
}

impl<R: BufRead> Zstandard<R> {
    fn new(source: R) -> Zstandard<R> {
        Zstandard { source, frame: FrameDecoder::new(), open: false }
    }

    /// Goes to the next frame that holds something; `false` at the end of the file.
    fn next_frame(&mut self) -> std::io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.frame.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let skipped =
                        std::io::copy(&mut (&mut self.source).take(u64::from(length)), &mut std::io::sink())?;
                    if skipped < u64::from(length) {
                        return Err(std::io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::BadMagicNumber(_))) => {
                    return Err(std::io::Error::other("this is no Zstandard frame"));
                }
                Err(error) => return Err(std::io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Zstandard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.open {
                while self.frame.can_collect() < buffer.len() && !self.frame.is_finished() {
                    let wanted = BlockDecodingStrategy::UptoBytes(buffer.len());
                    self.frame.decode_blocks(&mut self.source, wanted).map_err(std::io::Error::other)?;
                }
                let n = self.frame.read(buffer)?;
                if n > 0 {
                    return Ok(n);
                }
                let told = self.frame.get_checksum_from_data();
                if told.is_some() && told != self.frame.get_calculated_checksum() {
                    return Err(std::io::Error::other("the checksum of its content is wrong"));
                }
            }
            self.open = self.next_frame()?;
            if !self.open {
                return Ok(0);
            }
        }
    }
}

fn send_batches(
    input: usize,
    shape: Shape,
    reader: Box<dyn BufRead + Send>,
    name: &str,
    sender: &SyncSender<Result<Batch, Failure>>,
) -> Result<(), Failure> {
    let mut cutter = Cutter { reader, line: 0 };
    loop {
        let mut batch =
            Batch { input, shape, bytes: Vec::with_capacity(BATCH_BYTES + 4096), records: Vec::new() };
        let mut ended = Ok(false);
        while batch.bytes.len() < BATCH_BYTES && matches!(ended, Ok(false)) {
            ended = cutter.next(&mut batch).map(|open| !open);
        }
        // What came before a failure was read, and is decided.
        if !batch.records.is_empty() && sender.send(Ok(batch)).is_err() {
            return Ok(());
        }
        match ended {
            Ok(false) => {}
            Ok(true) => return Ok(()),
            Err(error) => {
                let place =
                    if cutter.line > 0 { format!(", after line {}", cutter.line) } else { String::new() };
                return Err(Failure::new(format!("can't read events from `{name}`{place}: {error}")));
            }
        }
    }
}

/// Cuts what is read into lines, or into the records of a CSV.
struct Cutter {
    reader: Box<dyn BufRead + Send>,
    /// How many were read.
    line: u64,
}

impl Cutter {
    /// Appends the next record; `false` at the end.
    ///
    /// A CSV record goes on over further lines as long as a quoted cell is open. If that leads to nowhere each of
    /// these lines stands for itself, so that one wrong quote does not swallow the records after it.
    fn next(&mut self, batch: &mut Batch) -> std::io::Result<bool> {
        let Some(first) = self.line(&mut batch.bytes)? else { return Ok(false) };
        if batch.shape == Shape::Ndjson || first.fault.is_some() {
            batch.keep(first);
            return Ok(true);
        }
        let mut state = CsvState::Start.over(&batch.bytes[first.start..first.end]);
        if state != CsvState::Quoted {
            batch.keep(Record { fault: state.fault(), ..first });
            return Ok(true);
        }
        let mut lines = vec![first];
        let mut ended = Ok(true);
        while state == CsvState::Quoted && batch.bytes.len() - first.start < MAX_LINE_BYTES {
            match self.line(&mut batch.bytes) {
                Ok(Some(line)) if line.fault.is_none() => {
                    lines.push(line);
                    state = state.over(&batch.bytes[line.start..line.end]);
                }
                Ok(Some(too_long)) => {
                    lines.push(too_long);
                    break;
                }
                Ok(None) => break,
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            }
        }
        match lines.last() {
            Some(last) if state.fault().is_none() => batch.keep(Record { end: last.end, ..first }),
            _ => {
                for line in lines {
                    let own = CsvState::Start.over(&batch.bytes[line.start..line.end]).fault();
                    batch.keep(Record { fault: line.fault.or(own), ..line });
                }
            }
        }
        ended
    }

    /// Appends one line; the record is without the line end.
    fn line(&mut self, bytes: &mut Vec<u8>) -> std::io::Result<Option<Record>> {
        let mut start = bytes.len();
        let Some(whole) = read_line(&mut *self.reader, bytes, start)? else { return Ok(None) };
        if self.line == 0 {
            let text = &bytes[start..];
            if let Some(what) = not_text(text) {
                return Err(std::io::Error::other(what));
            }
            if text.starts_with(b"\xEF\xBB\xBF") {
                start += 3;
            }
        }
        self.line += 1;
        let end = trimmed_end(bytes, start);
        let fault = if whole { None } else { Some(Fault::TooLong) };
        Ok(Some(Record { start, end, line: self.line, fault }))
    }
}

/// Files that are not what their name says, by their first bytes.
fn not_text(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x1f, 0x8b, ..] => Some("it is compressed with gzip: name it `.gz`, or pipe it through `zcat`"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            Some("it is compressed with Zstandard: name it `.zst`, or pipe it through `zstdcat`")
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("it is UTF-16: save it as UTF-8"),
        _ => None,
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

/// Like `read_until`, but keeps no more than the longest line that can be an event: `false` if there was more,
/// nothing at the end.
fn read_line(reader: &mut dyn BufRead, out: &mut Vec<u8>, start: usize) -> std::io::Result<Option<bool>> {
    let mut any = false;
    let mut whole = true;
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
        out.extend_from_slice(&available[..used.min(room)]);
        whole &= used <= room;
        reader.consume(used);
        if done {
            return Ok(Some(whole));
        }
    }
}

/// Where in a CSV record a byte stands (RFC 4180). A quote inside a cell that did not begin with one is a character
/// like others, as inch signs are.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum CsvState {
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

    fn over(self, line: &[u8]) -> CsvState {
        line.iter().fold(self, |state, byte| state.step(*byte))
    }

    /// Of a record that ends in this state.
    fn fault(self) -> Option<Fault> {
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
    fn a_quoted_cell_may_span_lines() {
        assert_eq!(
            read(Shape::Csv, "a,b\n\"x\ny\",1\n2,3\n"),
            [(1, "a,b".to_string()), (2, "\"x\ny\",1".to_string()), (4, "2,3".to_string())]
        );
    }

    fn faults(text: &str) -> Vec<(u64, Option<Fault>)> {
        let (sender, batches) = sync_channel(4);
        let reader = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
        std::thread::scope(|scope| {
            scope.spawn(move || send_batches(0, Shape::Csv, reader, "test", &sender));
            let batches: Vec<Batch> =
                batches.into_iter().map(|batch| batch.unwrap_or_else(|f| panic!("{}", f.0))).collect();
            batches.iter().flat_map(|batch| batch.lines().map(|l| (l.number, l.fault))).collect()
        })
    }

    #[test]
    fn a_quote_inside_a_cell_joins_no_lines() {
        assert_eq!(faults("a,b\n1,5\" tv\n2,x\n3,7\"\n"), [(1, None), (2, None), (3, None), (4, None)]);
    }

    #[test]
    fn a_wrong_quote_swallows_no_records() {
        assert_eq!(
            faults("a,b\n1,\"open\n2,x\n3,y\n"),
            [(1, None), (2, Some(Fault::Unclosed)), (3, None), (4, None)]
        );
        assert_eq!(
            faults("a,b\n1,\"open\n2,x\n3,\"fine\"\n4,z"),
            [(1, None), (2, Some(Fault::Unclosed)), (3, None), (4, None), (5, None)]
        );
        assert_eq!(faults("\"a\"b,c\n1,2\n"), [(1, Some(Fault::AfterQuote)), (2, None)]);
    }

    #[test]
    fn a_line_that_is_too_long_is_told_and_the_next_is_read() {
        let long = format!("a\n{}\nb\n", "x".repeat(MAX_LINE_BYTES + 1));
        assert_eq!(faults(&long), [(1, None), (2, Some(Fault::TooLong)), (3, None)]);
    }

    #[test]
    fn every_frame_of_a_zstandard_file_is_read() {
        let frame = |text: &str| {
            ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest)
        };
        let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let bytes = [&frame("one\n")[..], &skipped, &frame("two\n"), &frame("")].concat();
        let mut text = String::new();
        Zstandard::new(&bytes[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n");
        let cut = &bytes[..bytes.len() - frame("").len() - 3];
        assert!(
            Zstandard::new(cut).read_to_string(&mut String::new()).is_err(),
            "a cut file is no whole one"
        );
    }
}
