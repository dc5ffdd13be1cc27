//! Event files: NDJSON or CSV, plain, gzip or Zstandard, cut into lines and read as events on a thread of their own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use clap::ValueEnum;

use super::Failure;
use super::csv::{Cells, CsvState};
use super::unpack::unpacked;
use crate::{CsvColumns, Engine, Logged, Pending};

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
    /// Of a CSV file, as it came.
    header: Option<Arc<[u8]>>,
    bytes: Vec<u8>,
    records: Vec<Record>,
}

#[derive(Copy, Clone, Debug)]
struct Record {
    start: usize,
    end: usize,
    /// Of its first line, from 1.
    line: u64,
    /// Why it is no event, whatever it says.
    fault: Option<Fault>,
}

/// One line or CSV record as it came, without its line end.
#[derive(Copy, Clone, Debug)]
pub struct Line<'a> {
    pub number: u64,
    pub text: &'a [u8],
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
        self.records.iter().map(|r| Line { number: r.line, text: &self.bytes[r.start..r.end] })
    }

    /// By which its lines are read, if they are rows of a CSV file.
    pub fn header(&self) -> Option<&[u8]> {
        self.header.as_deref()
    }

    /// A line with all that is needed to read it again.
    pub fn logged(&self, place: usize) -> Option<Logged<'_>> {
        let record = self.records.get(place)?;
        let text = self.bytes.get(record.start..record.end)?;
        Some(match (record.fault, &self.header) {
            (Some(fault), _) => Logged::Broken { expected: fault.expected(), found: fault.found(), text },
            (None, Some(_)) => Logged::Row(text),
            (None, None) => Logged::Json(text),
        })
    }

    /// A blank line is no event; a record of a CSV with one column may be blank all the same.
    fn keep(&mut self, shape: Shape, record: Record) {
        let text = &self.bytes[record.start..record.end];
        let blank = match shape {
            Shape::Ndjson => text.iter().all(u8::is_ascii_whitespace),
            Shape::Csv => text.is_empty(),
        };
        if !blank || record.fault.is_some() {
            self.records.push(record);
        }
    }
}

/// How much is handed over at once: little enough that it is still in the processor's caches when it is decided.
const BATCH_BYTES: usize = 48 * 1024;

/// How much is read from a file at once.
const READ_BYTES: usize = 256 * 1024;

/// A longer line is no event.
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
    let reader = BufReader::with_capacity(READ_BYTES, unpacked(path, counted).map_err(failed)?);
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
        reader: Box<dyn BufRead + Send>,
        name: &str,
    ) -> Result<(), Failure> {
        let mut cutter = Cutter { reader, shape, line: 0 };
        let mut columns = None;
        loop {
            let mut batch = self.spare.try_recv().unwrap_or_default();
            batch.input = input;
            let filled = cutter.fill(&mut batch);
            self.read_events(&mut batch, shape, &mut columns)
                .map_err(|reason| Failure::new(format!("{name}:1: {reason}")))?;
            // What came before a failure was read, and is decided.
            if !batch.records.is_empty() && self.sender.send(Ok(batch)).is_err() {
                return Ok(());
            }
            match filled {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => {
                    let line = cutter.line;
                    let place = if line > 0 { format!(", after line {line}") } else { String::new() };
                    return Err(Failure::new(format!("can't read events from `{name}`{place}: {error}")));
                }
            }
        }
    }

    /// One event per line; the header of a CSV is no line of its own. An error if that can be no header.
    fn read_events(
        &mut self,
        batch: &mut Batch,
        shape: Shape,
        columns: &mut Option<(CsvColumns, Arc<[u8]>)>,
    ) -> Result<(), String> {
        let Batch { events, header: of_batch, bytes, records, .. } = batch;
        if shape == Shape::Csv && columns.is_none() && !records.is_empty() {
            let header = records.remove(0);
            let text = &bytes[header.start..header.end];
            self.cells.split(text);
            check_header(text, &self.cells)?;
            if let Some(fault) = header.fault {
                return Err(format!("the header: expected {}, found {}", fault.expected(), fault.found()));
            }
            *columns = Some((self.engine.csv_columns(self.cells.iter()), text.into()));
        }
        *of_batch = columns.as_ref().map(|(_, header)| header.clone());
        for record in records {
            let text = &bytes[record.start..record.end];
            match (record.fault, &*columns) {
                (Some(fault), _) => self.engine.read_broken(fault.expected(), fault.found(), events),
                (None, Some((columns, _))) => {
                    self.cells.split(text);
                    self.engine.read_csv(columns, self.cells.iter(), events);
                }
                (None, None) => self.engine.read_json(text, events),
            }
        }
        Ok(())
    }
}

/// What is plainly no header of comma separated values, before every row is a reject.
fn check_header(line: &[u8], cells: &Cells) -> Result<(), String> {
    if line.contains(&b'\r') {
        return Err("its lines end in a carriage return alone: save it with line feeds".into());
    }
    if line.first() == Some(&b'{') {
        return Err("this is JSON, not the header of a CSV: give `--input ndjson`".into());
    }
    let separator = [(b';', "`;`"), (b'\t', "tabs"), (b'|', "`|`")].into_iter().find(|s| line.contains(&s.0));
    match separator {
        Some((_, shown)) if cells.iter().count() == 1 => {
            Err(format!("its cells are separated by {shown}: separate them by commas"))
        }
        _ => Ok(()),
    }
}

/// Cuts what is read into lines, or into the records of a CSV.
struct Cutter {
    reader: Box<dyn BufRead + Send>,
    shape: Shape,
    /// How many were read.
    line: u64,
}

impl Cutter {
    /// As many records as are handed over at once; `false` at the end of the input.
    fn fill(&mut self, batch: &mut Batch) -> std::io::Result<bool> {
        batch.bytes.clear();
        batch.records.clear();
        while batch.bytes.len() < BATCH_BYTES {
            if self.shape == Shape::Ndjson {
                // No more than is at hand: whoever sends lines one by one waits for their answers.
                let taken = self.line > 0 && self.take_lines(batch)?;
                return Ok(taken || self.next(batch)?);
            }
            if !self.next(batch)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Appends the JSON lines that are at hand as a whole and have room in the batch. Nearly all lines are taken this
    /// way, many at once; the rest is taken one by one. `false` if there were none.
    fn take_lines(&mut self, batch: &mut Batch) -> std::io::Result<bool> {
        let at_hand = match self.reader.fill_buf() {
            // Whoever reads on tries again.
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(false),
            at_hand => at_hand?,
        };
        let room = BATCH_BYTES - batch.bytes.len();
        let lines = at_hand.get(..room).unwrap_or(at_hand);
        let Some(last) = lines.iter().rposition(|byte| *byte == b'\n') else { return Ok(false) };
        let lines = last + 1;
        let mut start = batch.bytes.len();
        batch.bytes.extend_from_slice(&at_hand[..lines]);
        self.reader.consume(lines);
        while let Some(length) = line_feed(&batch.bytes[start..]) {
            let next = start + length + 1;
            self.line += 1;
            let end = trimmed_end(&batch.bytes[..next], start);
            batch.keep(self.shape, Record { start, end, line: self.line, fault: None });
            start = next;
        }
        Ok(true)
    }

    /// Appends the next record; `false` at the end.
    ///
    /// A CSV record goes on over further lines as long as a quoted cell is open. If that leads to nowhere each of
    /// these lines stands for itself, so that one wrong quote does not swallow the records after it.
    fn next(&mut self, batch: &mut Batch) -> std::io::Result<bool> {
        let Some(first) = self.line(&mut batch.bytes)? else { return Ok(false) };
        if self.shape == Shape::Ndjson || first.fault.is_some() {
            batch.keep(self.shape, first);
            return Ok(true);
        }
        let mut state = CsvState::Start.over(&batch.bytes[first.start..first.end]);
        if state != CsvState::Quoted {
            batch.keep(self.shape, Record { fault: state.fault(), ..first });
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
            Some(last) if state.fault().is_none() => {
                batch.keep(self.shape, Record { end: last.end, ..first })
            }
            _ => {
                for line in lines {
                    let own = CsvState::Start.over(&batch.bytes[line.start..line.end]).fault();
                    batch.keep(self.shape, Record { fault: line.fault.or(own), ..line });
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

/// Where the first line feed is, looked for in eight bytes at once.
fn line_feed(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    let (eights, rest) = bytes.as_chunks();
    for (i, eight) in eights.iter().enumerate() {
        let others = u64::from_le_bytes(*eight) ^ (ONES * u64::from(b'\n'));
        // Its lowest bit is in the first byte that is zero.
        let zeros = others.wrapping_sub(ONES) & !others & (ONES * 0x80);
        if zeros != 0 {
            return Some(i * 8 + zeros.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|byte| *byte == b'\n').map(|at| eights.len() * 8 + at)
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
    let room = (MAX_LINE_BYTES + 1 + start).saturating_sub(out.len());
    let read = (&mut *reader).take(room as u64).read_until(b'\n', out)?;
    if read == 0 {
        return Ok(None);
    }
    let whole = read < room || out.last() == Some(&b'\n');
    if !whole {
        out.pop();
        reader.skip_until(b'\n')?;
    }
    Ok(Some(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(shape: Shape, text: &str) -> Vec<(u64, String, Option<Fault>)> {
        let reader = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
        let mut cutter = Cutter { reader, shape, line: 0 };
        let (mut batch, mut found) = (Batch::default(), Vec::new());
        loop {
            let open = cutter.fill(&mut batch).unwrap();
            found.extend(batch.records.iter().map(|r| {
                (r.line, String::from_utf8_lossy(&batch.bytes[r.start..r.end]).into_owned(), r.fault)
            }));
            if !open {
                return found;
            }
        }
    }

    fn read(shape: Shape, text: &str) -> Vec<(u64, String)> {
        records(shape, text).into_iter().map(|(line, text, _)| (line, text)).collect()
    }

    fn faults(text: &str) -> Vec<(u64, Option<Fault>)> {
        records(Shape::Csv, text).into_iter().map(|(line, _, fault)| (line, fault)).collect()
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
    fn many_lines_are_cut_like_each_alone() {
        let line = |i: usize| match i % 7 {
            0 => String::new(),
            1 => " \t".to_string(),
            2 => format!("{i}\r"),
            _ => "y".repeat(1 + i % 101),
        };
        let text: String = (1..=5_000).map(|i| line(i) + "\n").collect();
        let whole = |i: usize| (i as u64, line(i).trim_end_matches('\r').to_string(), None);
        let expected = (1..=5_000).map(whole).filter(|(_, text, _)| !text.trim().is_empty());
        assert_eq!(records(Shape::Ndjson, &text), expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_line_of_just_the_longest_is_whole() {
        for (length, whole) in
            [(MAX_LINE_BYTES - 1, true), (MAX_LINE_BYTES, true), (MAX_LINE_BYTES + 1, false)]
        {
            let found = records(Shape::Ndjson, &format!("{}\n{{}}\n", "x".repeat(length)));
            let lengths: Vec<_> =
                found.iter().map(|(n, text, fault)| (*n, text.len(), fault.is_none())).collect();
            assert_eq!(lengths, [(1, length.min(MAX_LINE_BYTES), whole), (2, 2, true)]);
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_takes_no_longer_than_its_lines() {
        let lines = 200_000;
        let found = faults(&format!("a,b\n\"{}", "x\n".repeat(lines)));
        assert_eq!(found.len(), lines + 1);
        assert_eq!(found[1], (2, Some(Fault::Unclosed)));
        assert!(found[2..].iter().all(|(_, fault)| fault.is_none()));
    }
}
