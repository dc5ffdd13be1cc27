//! Reading a log, message by message.

use std::sync::Arc;

use super::FINGERPRINT;
use super::message::{Begin, Message, Start, from_json, kind, read_line};
use crate::engine::{Sections, StoreError};
use crate::state::disk::{Disk, Piece, Torn, View};
use crate::state::save::Sink;
use crate::store::Origin;

/// Hands over everything that stands in a log, in its order; little of it is in memory at once. Gives what a crash left
/// behind its end, in words. Takes no lock, so it may be read while it is written.
///
/// # Errors
/// If it is damaged or no log, or `each` objects.
pub(crate) fn read(
    disk: Arc<dyn Disk>,
    each: &mut dyn FnMut(Message<'_>) -> Result<(), StoreError>,
) -> Result<Option<String>, StoreError> {
    let view = View::open(disk, Some(FINGERPRINT))?;
    let mut reading = Reading::default();
    let torn = each_record(&view, &mut |record| reading.record(record, each))?;
    Ok(torn.as_ref().map(|torn| {
        format!("{} bytes at the end of `{}` are of no whole record, as after a crash", torn.bytes, torn.file)
    }))
}

/// Hands over all records, also those in front of the newest snapshot. Gives what is torn behind the last.
pub(super) fn each_record(
    view: &View,
    each: &mut dyn FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<Option<Torn>, StoreError> {
    let newest = view.snapshots().last().copied();
    if let Some(number) = newest {
        let mut reader = view.snapshot(number)?;
        let mut bytes: Vec<u8> = Vec::new();
        while let Some(piece) = reader.next()? {
            if let Piece::Bytes(more) = piece {
                bytes.extend_from_slice(more);
            }
            let mut rest = &bytes[..];
            while let Some((length, after)) = rest.split_first_chunk::<4>()
                && let Some((record, after)) = after.split_at_checked(u32::from_le_bytes(*length) as usize)
            {
                each(record)?;
                rest = after;
            }
            let done = bytes.len() - rest.len();
            bytes.drain(..done);
        }
        if !bytes.is_empty() {
            return Err(StoreError::damaged("the log ends within a record before what was erased"));
        }
    }
    let mut refused = None;
    let read = view.records(newest.map_or(1, |number| number + 1), &mut |_, record| {
        each(record).map_err(|error| {
            let told = error.what.clone();
            refused = Some(error).filter(|error| !error.is_damage());
            told
        })
    });
    if let Some(error) = refused {
        return Err(error);
    }
    Ok(read?.1)
}

#[derive(Default)]
struct Reading {
    pieces: Vec<u8>,
    origin: Option<Origin>,
    saved: Sections,
    /// Where lines may stand.
    begun: bool,
}

impl Reading {
    fn record(
        &mut self,
        record: &[u8],
        each: &mut dyn FnMut(Message<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let strange = || StoreError::damaged("this stands where no log of decisions has it");
        let (of, body) = record.split_first().ok_or_else(strange)?;
        if *of == kind::START {
            *self = Reading::default();
            return Ok(());
        }
        if *of == kind::PIECE {
            self.pieces.extend_from_slice(body);
            return Ok(());
        }
        let mut whole = std::mem::take(&mut self.pieces);
        let body = if whole.is_empty() {
            body
        } else {
            whole.extend_from_slice(body);
            // The first piece begins with the kind as well.
            whole.split_first().filter(|(first, _)| *first == of).ok_or_else(strange)?.1
        };
        match *of {
            kind::RULESET if !self.begun => self.origin = Some(Origin::read(body)?),
            kind::SECTION if !self.begun => {
                let name = std::str::from_utf8(body).map_err(|_| strange())?;
                let Ok(()) = self.saved.section(name);
            }
            kind::BYTES if !self.begun => {
                let Ok(()) = self.saved.write(body);
            }
            kind::BEGIN if !self.begun => {
                self.begun = true;
                let begin: Begin = from_json(body)?;
                let start =
                    Start { begin, origin: self.origin.take(), saved: std::mem::take(&mut self.saved) };
                each(Message::Begin(Box::new(start)))?;
            }
            kind::HEADER if self.begun => each(Message::Header(body))?,
            kind::JSON | kind::ROW | kind::BROKEN if self.begun => each(read_line(*of, body)?)?,
            kind::ERASED if self.begun => each(Message::Erased)?,
            kind::END if self.begun => {
                self.begun = false;
                each(Message::End)?;
            }
            _ => return Err(strange()),
        }
        Ok(())
    }
}
