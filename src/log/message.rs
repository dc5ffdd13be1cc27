//! The messages of a log, and their bytes.

use serde::{Deserialize, Serialize};

use crate::engine::durable::{read_cells, write_cells};
use crate::engine::{Position, StoreError};
use crate::store::Origin;

/// The first byte of a record.
pub(super) mod kind {
    pub const START: u8 = 1;
    /// A piece of the message that comes: records are not as long as messages can be.
    pub const PIECE: u8 = 2;
    pub const RULESET: u8 = 3;
    pub const SECTION: u8 = 4;
    pub const BYTES: u8 = 5;
    pub const BEGIN: u8 = 6;
    pub const HEADER: u8 = 7;
    pub const JSON: u8 = 8;
    pub const ROW: u8 = 9;
    pub const BROKEN: u8 = 10;
    pub const ERASED: u8 = 11;
    pub const END: u8 = 12;
}

/// What stands in a log.
#[derive(Debug)]
pub enum Message<'a> {
    /// A run begins.
    Begin(Box<Start>),
    /// The header of a CSV file, as it came; the rows after it are read by it.
    Header(&'a [u8]),
    /// An input, and everything that was told of it, in the order in which it was told.
    Line(Logged<'a>, Answers<'a>),
    /// There was an input once, and it was erased.
    Erased,
    /// The run ended in order.
    End,
}

/// An input as it came.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Logged<'a> {
    Json(&'a [u8]),
    /// A record of a CSV file.
    Row(&'a [u8]),
    /// No event, whatever it says.
    Broken {
        expected: &'a str,
        found: &'a str,
        text: &'a [u8],
    },
}

/// The JSON of what was told.
#[derive(Clone, Debug)]
pub struct Answers<'a>(std::vec::IntoIter<&'a [u8]>);

impl<'a> Iterator for Answers<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.0.next()
    }
}

/// What a run begins with.
#[derive(Debug)]
pub struct Start {
    pub begin: Begin,
    /// What the inputs are decided with; `None` if it is as in the run before.
    pub(crate) origin: Option<Origin>,
    pub(crate) saved: crate::engine::Sections,
}

/// What a run says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// The version of rulec that decides.
    pub rulec: String,
    pub memory: Memory,
    /// Tells secrets apart, and tells nothing of them.
    pub secret: String,
}

/// What a run remembers when it begins.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Memory {
    Nothing,
    /// What the run before has left.
    AsBefore,
    /// What stands before it in the log.
    Saved,
}

/// How a run left things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    /// Without its files.
    pub origin: Origin,
    /// The memory that it left; `None` if it is gone.
    pub memory: Option<Position>,
}

impl Logged<'_> {
    /// The message up to the answers.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self {
            Logged::Json(text) => {
                out.push(kind::JSON);
                write_cells(out, [text]);
            }
            Logged::Row(text) => {
                out.push(kind::ROW);
                write_cells(out, [text]);
            }
            Logged::Broken { expected, found, text } => {
                out.push(kind::BROKEN);
                write_cells(out, [expected.as_bytes(), found.as_bytes(), text]);
            }
        }
    }
}

/// Appends an answer to the message of a line.
pub(super) fn write_answer(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let length = (out.len() - start - 4) as u32;
    if let Some(head) = out.get_mut(start..start + 4) {
        head.copy_from_slice(&length.to_le_bytes());
    }
}

fn strange() -> StoreError {
    StoreError::damaged("this is nothing that a log of decisions has")
}

pub(super) fn read_line(of: u8, body: &[u8]) -> Result<Message<'_>, StoreError> {
    let mut cells = read_cells(body).ok_or_else(strange)?.into_iter();
    let mut next = || cells.next().ok_or_else(strange);
    let words = |bytes| std::str::from_utf8(bytes).map_err(|_| strange());
    let logged = match of {
        kind::JSON => Logged::Json(next()?),
        kind::ROW => Logged::Row(next()?),
        kind::BROKEN => Logged::Broken { expected: words(next()?)?, found: words(next()?)?, text: next()? },
        _ => return Err(strange()),
    };
    Ok(Message::Line(logged, Answers(cells)))
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    // Texts and numbers can always be written.
    serde_json::to_vec(value).unwrap_or_default()
}

pub(super) fn from_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|_| strange())
}
