//! What is remembered as bytes, and back.
//!
//! A saved state is a row of *sections*, each a row of *records*: a length, then so many bytes. A record is the least that
//! is written or read at once, so however much is remembered, little of it stands in memory twice. Numbers are
//! little-endian, lengths as in LEB128. Whatever bytes are read, what comes of it is a state or a [`Fault`].

mod decision;
mod values;

use crate::model::time::Time;
use crate::state::disk::{DiskError, Piece, SnapshotReader, SnapshotWriter};

pub use decision::{Names, read_decision, write_decision};
pub use values::{read_datum, read_value, write_datum, write_value};

/// Where a state is written to.
pub trait Sink {
    /// Why it can't be.
    type Error;

    /// A section starts.
    ///
    /// # Errors
    /// If it can't be written.
    fn section(&mut self, name: &str) -> Result<(), Self::Error>;

    /// Bytes of the section.
    ///
    /// # Errors
    /// If they can't be written.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}

/// Where a state is read from.
pub trait Source {
    /// Why it can't be.
    type Error;

    /// The next piece, cut anywhere within a section; `None` after the last.
    ///
    /// # Errors
    /// If it can't be read.
    fn next(&mut self) -> Result<Option<Piece<'_>>, Self::Error>;
}

impl Sink for SnapshotWriter {
    type Error = DiskError;

    fn section(&mut self, name: &str) -> Result<(), DiskError> {
        SnapshotWriter::section(self, name)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        SnapshotWriter::write(self, bytes)
    }
}

impl Source for SnapshotReader {
    type Error = DiskError;

    fn next(&mut self) -> Result<Option<Piece<'_>>, DiskError> {
        SnapshotReader::next(self)
    }
}

/// Why bytes are no state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The source failed; it knows why.
    Source,
    /// In words.
    Damaged(String),
}

impl Fault {
    /// Damage, in words.
    pub fn of(what: impl Into<String>) -> Fault {
        Fault::Damaged(what.into())
    }
}

/// Bytes that something is written to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Out(pub Vec<u8>);

impl Out {
    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub fn flag(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    pub fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub fn i64(&mut self, value: i64) {
        self.u64(value as u64);
    }

    pub fn u128(&mut self, value: u128) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub fn time(&mut self, time: Time) {
        self.i64(time.0);
    }

    /// A length or another number that is mostly small.
    pub fn len(&mut self, value: usize) {
        let mut rest = value as u64;
        while rest >= 0x80 {
            self.u8(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.u8(rest as u8);
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub fn option<T>(&mut self, value: Option<T>, each: impl FnOnce(&mut Out, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            each(self, value);
        }
    }

    pub fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Out, &T)) {
        self.len(items.len());
        items.iter().for_each(|item| each(self, item));
    }

    /// With its length before it.
    pub fn nested(&mut self, spare: &mut Out, fill: impl FnOnce(&mut Out)) {
        spare.0.clear();
        fill(spare);
        self.bytes(&spare.0);
    }
}

/// Bytes that are read from their front.
#[derive(Copy, Clone, Debug)]
pub struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub fn new(bytes: &'a [u8]) -> Bytes<'a> {
        Bytes { rest: bytes }
    }

    /// All that are left.
    pub fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// So many of them.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(short)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or_else(short)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub fn u8(&mut self) -> Result<u8, Fault> {
        Ok(self.array::<1>()?[0])
    }

    pub fn flag(&mut self) -> Result<bool, Fault> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Fault::of(format!("{other} stands where yes or no should"))),
        }
    }

    pub fn u32(&mut self) -> Result<u32, Fault> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> Result<u64, Fault> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub fn i64(&mut self) -> Result<i64, Fault> {
        Ok(self.u64()? as i64)
    }

    pub fn u128(&mut self) -> Result<u128, Fault> {
        Ok(u128::from_le_bytes(self.array()?))
    }

    pub fn array32(&mut self) -> Result<[u8; 32], Fault> {
        self.array()
    }

    /// A moment that an event can tell.
    pub fn time(&mut self) -> Result<Time, Fault> {
        let micros = self.i64()?;
        Time::in_range(micros).ok_or_else(|| Fault::of(format!("{micros} is no time")))
    }

    pub fn len(&mut self) -> Result<usize, Fault> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return usize::try_from(value).map_err(|_| long());
            }
        }
        Err(long())
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], Fault> {
        let count = self.len()?;
        self.take(count)
    }

    pub fn nested(&mut self) -> Result<Bytes<'a>, Fault> {
        Ok(Bytes { rest: self.bytes()? })
    }

    pub fn text(&mut self) -> Result<&'a str, Fault> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Fault::of("a text is not UTF-8"))
    }

    pub fn option<T>(
        &mut self,
        each: impl FnOnce(&mut Bytes<'a>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        if self.flag()? { each(self).map(Some) } else { Ok(None) }
    }

    /// Room is made for no more items than there are bytes.
    pub fn list<T>(
        &mut self,
        mut each: impl FnMut(&mut Bytes<'a>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let count = self.len()?;
        let mut items = Vec::with_capacity(count.min(self.rest.len() / 8));
        for _ in 0..count {
            items.push(each(self)?);
        }
        Ok(items)
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), Fault> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(Fault::of(format!("{} bytes are left over at the end of a record", self.rest.len())))
    }
}

fn short() -> Fault {
    Fault::of("a record ends before what it should hold")
}

fn long() -> Fault {
    Fault::of("a length is larger than any can be")
}

/// Bytes that are handed on together.
const BLOCK: usize = 64 << 10;

/// Writes sections and records.
pub struct Writer<'s> {
    /// Whether it goes on.
    put: &'s mut dyn FnMut(Piece<'_>) -> bool,
    buffer: Out,
    record: Out,
    goes_on: bool,
}

impl<'s> Writer<'s> {
    /// `put` keeps its own errors: after it has said `false` it is not called again.
    pub fn new(put: &'s mut dyn FnMut(Piece<'_>) -> bool) -> Writer<'s> {
        Writer { put, buffer: Out::default(), record: Out::default(), goes_on: true }
    }

    pub fn section(&mut self, name: &str) {
        self.flush();
        self.goes_on = self.goes_on && (self.put)(Piece::Section(name));
    }

    pub fn record(&mut self, fill: impl FnOnce(&mut Out)) {
        if !self.goes_on {
            return;
        }
        self.record.0.clear();
        fill(&mut self.record);
        self.buffer.bytes(&self.record.0);
        if self.buffer.0.len() >= BLOCK {
            self.flush();
        }
    }

    /// Records that were read as they stand.
    pub fn records(&mut self, bytes: &[u8]) {
        self.flush();
        for block in bytes.chunks(BLOCK) {
            self.goes_on = self.goes_on && (self.put)(Piece::Bytes(block));
        }
    }

    /// Whether it is worth while to go on.
    pub fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Everything that was written is handed on.
    pub fn flush(&mut self) {
        if self.goes_on && !self.buffer.0.is_empty() {
            self.goes_on = (self.put)(Piece::Bytes(&self.buffer.0));
        }
        self.buffer.0.clear();
    }
}

/// What a source gave.
pub enum Given {
    /// It was added to the bytes.
    Bytes,
    Section(String),
    End,
}

/// Reads sections and records.
pub struct Reader<'s> {
    more: &'s mut dyn FnMut(&mut Vec<u8>) -> Result<Given, Fault>,
    buffer: Vec<u8>,
    at: usize,
    /// What follows the section that is being read.
    next: Option<Given>,
}

impl<'s> Reader<'s> {
    pub fn new(more: &'s mut dyn FnMut(&mut Vec<u8>) -> Result<Given, Fault>) -> Reader<'s> {
        Reader { more, buffer: Vec::new(), at: 0, next: None }
    }

    /// The next section; what is left of the one before is passed over.
    pub fn section(&mut self) -> Result<Option<String>, Fault> {
        while self.pull()? {
            self.at = self.buffer.len();
        }
        self.buffer.clear();
        self.at = 0;
        match self.next.take() {
            Some(Given::Section(name)) => Ok(Some(name)),
            _ => {
                self.next = Some(Given::End);
                Ok(None)
            }
        }
    }

    /// The next record of the section.
    pub fn record(&mut self) -> Result<Option<Bytes<'_>>, Fault> {
        if self.at == self.buffer.len() && !self.pull()? {
            return Ok(None);
        }
        let length = loop {
            let mut head = Bytes::new(&self.buffer[self.at..]);
            match head.len() {
                Ok(length) => {
                    self.at = self.buffer.len() - head.rest.len();
                    break length;
                }
                Err(fault) if self.buffer.len() - self.at >= 10 => return Err(fault),
                Err(_) => self.need()?,
            }
        };
        // As many bytes as come, not as many as the length asks for.
        while self.buffer.len() - self.at < length {
            self.need()?;
        }
        let record = self.at..self.at + length;
        self.at = record.end;
        Ok(Some(Bytes::new(&self.buffer[record])))
    }

    /// The records that are left in the section, as they stand.
    pub fn rest(&mut self) -> Result<Vec<u8>, Fault> {
        while self.pull()? {}
        let rest = self.buffer.split_off(self.at);
        self.buffer.clear();
        self.at = 0;
        Ok(rest)
    }

    fn need(&mut self) -> Result<(), Fault> {
        if self.pull()? { Ok(()) } else { Err(Fault::of("a section ends in the middle of a record")) }
    }

    /// Whether there were more bytes in this section.
    fn pull(&mut self) -> Result<bool, Fault> {
        if self.next.is_some() {
            return Ok(false);
        }
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        let before = self.buffer.len();
        loop {
            match (self.more)(&mut self.buffer)? {
                Given::Bytes if self.buffer.len() == before => {}
                Given::Bytes => return Ok(true),
                other => {
                    self.next = Some(other);
                    return Ok(false);
                }
            }
        }
    }
}

/// What no part of the ruleset knows any more, until it is known again or forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// The section it would stand in.
    pub kind: String,
    pub meaning: String,
    /// Engine time when it was dropped.
    pub dropped: Time,
    /// The first record of its section, and the others.
    pub header: Vec<u8>,
    pub records: Vec<u8>,
}

impl Aside {
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.section(ASIDE);
        writer.record(|out| {
            out.text(&self.kind);
            out.text(&self.meaning);
            out.time(self.dropped);
            out.bytes(&self.header);
        });
        writer.records(&self.records);
    }
}

/// The section of what was put aside.
pub const ASIDE: &str = "aside";
