//! The bytes of our files: one kind of header, and one kind of frame behind it.
//!
//! ```text
//! header  magic 8 · version 4 · number 8 · fingerprint 16 · checksum 4
//! frame   kind 1 · length 4 · number 8 · checksum 4 · payload · checksum 4
//! ```
//!
//! Numbers are little-endian, checksums CRC-32. Those of frames start from the checksum of the header, so a frame
//! counts in its own file alone, and bytes in a payload can't pass for a frame without knowing the fingerprint. The
//! first covers the rest of the head, so that a length is known to be right before it is used; the second covers the payload as well.

use crc32fast::Hasher;

use super::io::{DiskError, ErrorKind, Folder};

/// What the caller tells its directories apart by, such as a hash of the secret that keys are hashed under.
pub type Fingerprint = [u8; 16];

/// Of everything that is written.
pub(super) const VERSION: u32 = 1;

pub(super) const LOG: [u8; 8] = *b"rulecwal";
pub(super) const SNAPSHOT: [u8; 8] = *b"rulecsnp";
pub(super) const CLOSED: [u8; 8] = *b"rulecend";

pub(super) const HEADER: usize = 40;
const HEAD: usize = 17;
const TAIL: usize = 4;
/// Bytes of a frame without its payload.
pub(super) const FRAME: usize = HEAD + TAIL;

/// Bytes of the largest payload: the longest line that is an event, and what is said of it.
pub const MAX_PAYLOAD: usize = (16 << 20) + (64 << 10);

/// How every file but `FORMAT` begins.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub magic: [u8; 8],
    pub number: u64,
    pub fingerprint: Fingerprint,
}

impl Header {
    pub fn bytes(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..8].copy_from_slice(&self.magic);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.number.to_le_bytes());
        bytes[20..36].copy_from_slice(&self.fingerprint);
        let sum = crc32fast::hash(&bytes[..36]);
        bytes[36..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// What the checksums of the frames start from.
    pub fn salt(&self) -> u32 {
        u32_at(&self.bytes(), 36)
    }

    /// Reads and judges the header of a file; with `fingerprint` also whether it is the caller's.
    pub fn read(
        folder: &Folder,
        file: &str,
        bytes: &[u8],
        magic: [u8; 8],
        fingerprint: Option<&Fingerprint>,
    ) -> Result<Header, DiskError> {
        let Some(bytes) = bytes.get(..HEADER) else {
            return Err(folder.damage(file, bytes.len() as u64, "it ends within its first bytes"));
        };
        if crc32fast::hash(&bytes[..36]) != u32_at(bytes, 36) {
            return Err(folder.damage(file, 0, "the checksum of its first bytes is wrong"));
        }
        if bytes[..8] != magic {
            return Err(folder.damage(file, 0, "it holds something else than its name says"));
        }
        let foreign = |what: String, help: &str| {
            let error = folder.error(ErrorKind::Foreign, what).help(help);
            DiskError { file: Some(file.to_string()), ..error }
        };
        let version = u32_at(bytes, 8);
        if version != VERSION {
            return Err(foreign(
                format!("it has the format {version}, and this version of rulec reads format {VERSION}"),
                "use the version of rulec that wrote it",
            ));
        }
        let mut found = [0; 16];
        found.copy_from_slice(&bytes[20..36]);
        if fingerprint.is_some_and(|own| *own != found) {
            return Err(foreign(
                "it was written under another secret, or for another purpose".into(),
                "give the secret that the directory was made with, or use another directory",
            ));
        }
        Ok(Header { magic, number: u64_at(bytes, 12), fingerprint: found })
    }
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut raw = [0; 4];
    raw.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(raw)
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut raw = [0; 8];
    raw.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(raw)
}

/// What a frame is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Log: one record; the number is its sequence number.
    Record,
    /// Log: everything before the record of this number was synced when this was written.
    Synced,
    /// Log: the segment ends here; the next one starts with this number.
    Seal,
    /// Snapshot: a section starts; the payload is its name. Frames of snapshots are numbered from 0.
    Section,
    /// Snapshot: bytes of the section.
    Block,
    /// Snapshot: how many frames were before, and the checksum over all of them.
    Footer,
}

const KINDS: [Kind; 6] = [Kind::Record, Kind::Synced, Kind::Seal, Kind::Section, Kind::Block, Kind::Footer];

/// One frame of a file.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub kind: Kind,
    pub number: u64,
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// Bytes of the whole frame.
    pub fn len(&self) -> usize {
        FRAME + self.payload.len()
    }
}

/// The head of a frame: what it is and how long.
#[derive(Copy, Clone, Debug)]
pub(super) struct Head {
    pub kind: Kind,
    pub number: u64,
    pub length: usize,
}

/// Why bytes are no frame.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// They end too early.
    Short,
    /// A checksum is wrong.
    Checksum,
    /// The checksums are right and yet it is nothing that we write.
    Strange,
}

impl Broken {
    pub fn text(self) -> &'static str {
        match self {
            Broken::Short => "the file ends in the middle of it",
            Broken::Checksum => "its checksum is wrong",
            Broken::Strange => "it is of a kind that does not belong here",
        }
    }
}

/// Adds a frame to `out`. The payload has at most [`MAX_PAYLOAD`] bytes.
pub(super) fn push(out: &mut Vec<u8>, salt: u32, kind: Kind, number: u64, payload: &[u8]) {
    let start = out.len();
    out.push(KINDS.iter().position(|k| *k == kind).map_or(0, |at| at as u8 + 1));
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    let mut hasher = Hasher::new_with_initial(salt);
    hasher.update(&out[start..]);
    let sum = hasher.clone().finalize();
    out.extend_from_slice(&sum.to_le_bytes());
    out.extend_from_slice(payload);
    // Not the sum itself: a checksum over a text and its checksum is the same for every text.
    hasher.update(payload);
    out.extend_from_slice(&hasher.finalize().to_le_bytes());
}

/// The head at the start of `bytes`.
pub(super) fn head(bytes: &[u8], salt: u32) -> Result<Head, Broken> {
    let bytes = bytes.get(..HEAD).ok_or(Broken::Short)?;
    let mut hasher = Hasher::new_with_initial(salt);
    hasher.update(&bytes[..HEAD - 4]);
    if hasher.finalize() != u32_at(bytes, HEAD - 4) {
        return Err(Broken::Checksum);
    }
    let kind = usize::from(bytes[0]).checked_sub(1).and_then(|at| KINDS.get(at)).ok_or(Broken::Strange)?;
    let length = u32_at(bytes, 1) as usize;
    if length > MAX_PAYLOAD {
        return Err(Broken::Strange);
    }
    Ok(Head { kind: *kind, number: u64_at(bytes, 5), length })
}

/// The frame at the start of `bytes`.
pub(super) fn read(bytes: &[u8], salt: u32) -> Result<Frame<'_>, Broken> {
    let Head { kind, number, length } = head(bytes, salt)?;
    let bytes = bytes.get(..FRAME + length).ok_or(Broken::Short)?;
    let (body, sum) = bytes.split_at(HEAD + length);
    let mut hasher = Hasher::new_with_initial(salt);
    hasher.update(&body[..HEAD - 4]);
    hasher.update(&body[HEAD..]);
    if hasher.finalize() != u32_at(sum, 0) {
        return Err(Broken::Checksum);
    }
    Ok(Frame { kind, number, payload: &body[HEAD..] })
}
