//! Snapshots: everything that is remembered, as of one record of the log.

use crc32fast::Hasher;

use super::frame::{self, FRAME, Fingerprint, HEADER, Header, Kind, SNAPSHOT, u32_at, u64_at};
use super::io::{DiskError, ErrorKind, File, Folder, UNFINISHED};
use super::segment::number_in;

const PREFIX: &str = "snapshot-";
const SUFFIX: &str = ".snap";
/// Added to the name of a snapshot that is passed over.
const SET_ASIDE: &str = ".damaged";

/// Bytes of a block.
const BLOCK: usize = 64 << 10;
const LONGEST_NAME: usize = 256;

/// The name of the snapshot as of this record.
pub(super) fn name(number: u64) -> String {
    format!("{PREFIX}{number:020}{SUFFIX}")
}

/// What a damaged snapshot is called when it is passed over.
pub(super) fn aside(number: u64) -> String {
    format!("{}{SET_ASIDE}", name(number))
}

pub(super) fn is_set_aside(name: &str) -> bool {
    name.strip_suffix(SET_ASIDE).is_some_and(|name| number_in(name, PREFIX, SUFFIX).is_some())
}

/// The records that snapshots are of, in order.
pub(super) fn numbers(names: &[String]) -> Vec<u64> {
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| number_in(name, PREFIX, SUFFIX)).collect();
    numbers.sort_unstable();
    numbers
}

/// Writes a snapshot piece by piece, beside the log that goes on; may be sent to another thread.
///
/// Until [`SnapshotWriter::finish`] there is no snapshot: what is dropped before, or lost in a crash, is removed when
/// the directory is opened, or before the next snapshot is written.
#[derive(Debug)]
pub struct SnapshotWriter {
    folder: Folder,
    number: u64,
    file: File,
    salt: u32,
    block: Vec<u8>,
    out: Vec<u8>,
    frames: u64,
    sum: Hasher,
    in_section: bool,
}

/// A snapshot that outlasts a power cut; to be given to [`Journal::retire`](super::Journal::retire).
#[derive(Debug, PartialEq, Eq)]
#[must_use = "older snapshots and segments of the log stay until it is given to `Journal::retire`"]
pub struct Published {
    pub(super) number: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

impl SnapshotWriter {
    pub(super) fn new(
        folder: &Folder,
        fingerprint: Fingerprint,
        number: u64,
    ) -> Result<SnapshotWriter, DiskError> {
        for name in folder.list()? {
            if name.starts_with(PREFIX) && name.ends_with(UNFINISHED) {
                folder.remove(&name)?;
            }
        }
        let header = Header { magic: SNAPSHOT, number, fingerprint };
        let mut file = folder.create_new(&format!("{}{UNFINISHED}", name(number)))?;
        file.append(&header.bytes())?;
        Ok(SnapshotWriter {
            folder: folder.clone(),
            number,
            file,
            salt: header.salt(),
            block: Vec::new(),
            out: Vec::new(),
            frames: 0,
            sum: Hasher::new(),
            in_section: false,
        })
    }

    /// The last record whose effects belong into the snapshot.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Starts a section; what is written next belongs to it. Names may come again.
    ///
    /// # Errors
    /// If the disk fails: this snapshot is lost, the log is not.
    pub fn section(&mut self, name: &str) -> Result<(), DiskError> {
        if name.len() > LONGEST_NAME {
            let what = format!("the name of a section has {} bytes, the most are {LONGEST_NAME}", name.len());
            return Err(self.folder.error(ErrorKind::Refused, what));
        }
        self.flush_block()?;
        self.in_section = true;
        self.frame(Kind::Section, name.as_bytes())
    }

    /// Adds bytes to the section.
    ///
    /// # Errors
    /// If the disk fails, or no section was started.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), DiskError> {
        if !self.in_section {
            return Err(self.folder.error(ErrorKind::Refused, "a snapshot starts with a section"));
        }
        while !bytes.is_empty() {
            let (fits, rest) = bytes.split_at(bytes.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(fits);
            bytes = rest;
            if self.block.len() == BLOCK {
                self.flush_block()?;
            }
        }
        Ok(())
    }

    /// Puts the snapshot in its place.
    ///
    /// # Errors
    /// If the disk fails; the older snapshots are still there.
    pub fn finish(mut self) -> Result<Published, DiskError> {
        self.flush_block()?;
        let mut payload = self.frames.to_le_bytes().to_vec();
        payload.extend_from_slice(&self.sum.clone().finalize().to_le_bytes());
        self.frame(Kind::Footer, &payload)?;
        self.file.sync()?;
        let name = name(self.number);
        let bytes = self.folder.length(&self.file.name)?;
        self.folder.rename(&self.file.name, &name)?;
        self.folder.sync()?;
        Ok(Published { number: self.number, bytes })
    }

    fn flush_block(&mut self) -> Result<(), DiskError> {
        if self.block.is_empty() {
            return Ok(());
        }
        let block = std::mem::take(&mut self.block);
        self.frame(Kind::Block, &block)?;
        self.block = block;
        self.block.clear();
        Ok(())
    }

    fn frame(&mut self, kind: Kind, payload: &[u8]) -> Result<(), DiskError> {
        self.out.clear();
        frame::push(&mut self.out, self.salt, kind, self.frames, payload);
        self.sum.update(&self.out);
        self.frames += 1;
        self.file.append(&self.out)
    }
}

/// A part of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A section starts.
    Section(&'a str),
    /// Bytes of the section, cut anywhere.
    Bytes(&'a [u8]),
}

/// Reads a snapshot piece by piece. Only after the last piece it is known to be whole: what was made of it before an
/// error has to be thrown away.
#[derive(Debug)]
pub struct SnapshotReader {
    folder: Folder,
    file: String,
    number: u64,
    help: Option<String>,
    salt: u32,
    at: u64,
    length: u64,
    frame: Vec<u8>,
    frames: u64,
    sum: Hasher,
    in_section: bool,
    done: bool,
}

impl SnapshotReader {
    pub(super) fn new(
        folder: &Folder,
        fingerprint: Option<&Fingerprint>,
        number: u64,
    ) -> Result<SnapshotReader, DiskError> {
        let file = name(number);
        let mut bytes = [0; HEADER];
        let read = folder.read(&file, 0, &mut bytes)?;
        let header = Header::read(folder, &file, &bytes[..read], SNAPSHOT, fingerprint)?;
        if header.number != number {
            let what = format!("it is of record {}, and its name says {number}", header.number);
            return Err(folder.damage(&file, 12, what));
        }
        Ok(SnapshotReader {
            folder: folder.clone(),
            number,
            help: None,
            salt: header.salt(),
            at: HEADER as u64,
            length: folder.length(&file)?,
            file,
            frame: Vec::new(),
            frames: 0,
            sum: Hasher::new(),
            in_section: false,
            done: false,
        })
    }

    /// What is in it makes no sense, though every byte is as it was written.
    pub fn damage(&self, what: &str) -> DiskError {
        self.advise(self.folder.damage(&self.file, None, what))
    }

    /// What is said with every damage.
    pub(super) fn with_help(mut self, help: Option<String>) -> SnapshotReader {
        self.help = help;
        self
    }

    /// The last record whose effects are in it.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next piece; `None` after the last.
    ///
    /// # Errors
    /// If it can't be read or is damaged, with the place and what can be done.
    #[expect(clippy::should_implement_trait, reason = "what it gives borrows from it")]
    pub fn next(&mut self) -> Result<Option<Piece<'_>>, DiskError> {
        if self.done {
            return Ok(None);
        }
        let start = self.at;
        let kind = match self.next_frame() {
            Ok(kind) => kind,
            Err(error) => return Err(self.advise(error)),
        };
        let payload = &self.frame[FRAME - 4..self.frame.len() - 4];
        let wrong = match kind {
            Kind::Section => match std::str::from_utf8(payload) {
                Ok(name) => {
                    self.in_section = true;
                    return Ok(Some(Piece::Section(name)));
                }
                Err(_) => "the name of a section is no text",
            },
            Kind::Block if self.in_section => return Ok(Some(Piece::Bytes(payload))),
            Kind::Footer => {
                self.done = true;
                return Ok(None);
            }
            _ => "it has a part that does not belong there",
        };
        Err(self.advise(self.folder.damage(&self.file, start, wrong)))
    }

    /// Reads all of it, for nothing but to know that it is whole.
    pub(super) fn check(mut self) -> Result<(), DiskError> {
        while self.next()?.is_some() {}
        Ok(())
    }

    fn advise(&self, error: DiskError) -> DiskError {
        match &self.help {
            Some(help) if error.kind == ErrorKind::Damage => error.help(help.clone()),
            _ => error,
        }
    }

    fn next_frame(&mut self) -> Result<Kind, DiskError> {
        let start = self.at;
        let damage = |folder: &Folder, what: String| Err(folder.damage(&self.file, start, what));
        let broken = |why: frame::Broken| format!("block {} can't be read: {}", self.frames, why.text());
        self.frame.resize(FRAME - 4, 0);
        let read = self.folder.read(&self.file, start, &mut self.frame)?;
        let head = match frame::head(&self.frame[..read], self.salt) {
            Ok(head) => head,
            Err(why) => return damage(&self.folder, broken(why)),
        };
        // Of a few gigabytes that a damaged length asks for, none is reserved: the length has its own checksum.
        self.frame.resize(FRAME + head.length, 0);
        let rest = self.folder.read(&self.file, start + read as u64, &mut self.frame[read..])?;
        if let Err(why) = frame::read(&self.frame[..read + rest], self.salt) {
            return damage(&self.folder, broken(why));
        }
        if head.number != self.frames {
            return damage(&self.folder, format!("block {} is missing", self.frames));
        }
        if head.kind == Kind::Footer {
            let payload = &self.frame[FRAME - 4..FRAME - 4 + head.length];
            let sum = self.sum.clone().finalize();
            if payload.len() != 12 || u64_at(payload, 0) != self.frames || u32_at(payload, 8) != sum {
                return damage(&self.folder, "the checksum over all of it is wrong".into());
            }
            if start + self.frame.len() as u64 != self.length {
                return damage(&self.folder, "there is something behind its end".into());
            }
        }
        self.sum.update(&self.frame);
        self.frames += 1;
        self.at = start + self.frame.len() as u64;
        Ok(head.kind)
    }
}
