//! Whether anything of one key is left in a directory.

use std::convert::Infallible;
use std::sync::Arc;

use super::{StoreOptions, look};
use crate::engine::durable::kind;
use crate::engine::erase::{Looking, Needles, Trace};
use crate::engine::{Engine, StoreError, section};
use crate::state::disk::{Disk, Piece, View};
use crate::state::save::Sink;

/// Something of a key that is still there.
pub(crate) struct Found {
    /// Absent if it is in what is remembered, and not in a file.
    pub file: Option<String>,
    pub what: String,
    /// The rules themselves speak of it.
    pub in_rules: bool,
}

fn words(trace: Trace) -> &'static str {
    match trace {
        Trace::Text => "its text",
        Trace::Hash => "the hash of its key",
    }
}

/// Looks at what is remembered, and at every byte of every file. Takes no lock.
pub(crate) fn traces(
    disk: Arc<dyn Disk>,
    options: &StoreOptions,
    (entity, value): (&str, &str),
) -> Result<Vec<Found>, StoreError> {
    let engine = look(disk.clone(), options)?;
    let (needles, _) = engine.needles(entity, value)?;
    let view = View::open(disk, Some(options.fingerprint()))?;
    let mut found = remembered(&engine, (entity, value), &needles)?;
    for number in view.snapshots() {
        in_snapshot(&view, *number, &needles, &mut found)?;
    }
    in_log(&view, &needles, &mut found)?;
    for file in view.leftovers()? {
        let what = "it was not looked through; it goes with the next snapshot".into();
        found.push(Found { file: Some(file), what, in_rules: false });
    }
    Ok(found)
}

fn remembered(engine: &Engine, of: (&str, &str), needles: &Needles) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::new();
    let mut each = |piece: serde_json::Value| {
        let word =
            |name: &str| piece.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_string();
        let what = format!("it is remembered in {} {}", word("kind"), word("what"));
        found.push(Found { file: None, what, in_rules: false });
        true
    };
    engine.remembered(Some(of), &mut each).map_err(StoreError::new)?;
    let mut sections =
        Sections { needles, name: String::new(), looking: Looking::default(), found: Vec::new() };
    match engine.save(&mut sections) {
        Ok(()) => sections.end(),
        Err(never) => match never {},
    }
    found.extend(sections.found.into_iter().map(|(name, trace)| Found {
        file: None,
        what: format!("{} is remembered among `{name}`", words(trace)),
        in_rules: false,
    }));
    Ok(found)
}

/// Looks through sections.
struct Sections<'n> {
    needles: &'n Needles,
    name: String,
    looking: Looking,
    found: Vec<(String, Trace)>,
}

impl Sections<'_> {
    fn end(&mut self) {
        if let Some(trace) = self.looking.end(self.needles) {
            self.found.push((std::mem::take(&mut self.name), trace));
        }
    }
}

impl Sink for Sections<'_> {
    type Error = Infallible;

    fn section(&mut self, name: &str) -> Result<(), Infallible> {
        self.end();
        self.name = name.to_string();
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.looking.add(self.needles, bytes);
        Ok(())
    }
}

fn in_snapshot(
    view: &View,
    number: u64,
    needles: &Needles,
    found: &mut Vec<Found>,
) -> Result<(), StoreError> {
    let mut reader = view.snapshot(number)?;
    let mut sections =
        Sections { needles, name: String::new(), looking: Looking::default(), found: Vec::new() };
    while let Some(piece) = reader.next()? {
        let looked = match piece {
            Piece::Section(name) => sections.section(name),
            Piece::Bytes(bytes) => sections.write(bytes),
        };
        match looked {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }
    sections.end();
    found.extend(sections.found.into_iter().map(|(name, trace)| Found {
        file: Some(View::snapshot_file(number)),
        what: format!("{} is in the section `{name}`", words(trace)),
        in_rules: name == section::ORIGIN,
    }));
    Ok(())
}

fn in_log(view: &View, needles: &Needles, found: &mut Vec<Found>) -> Result<(), StoreError> {
    // Pieces of rules are looked through as the whole that they are.
    let mut rules = Looking::default();
    let mut each = |number: u64, record: &[u8]| {
        let Some((of, body)) = record.split_first() else { return Ok(()) };
        let in_rules = matches!(*of, kind::RULESET | kind::PIECE);
        let trace = match *of {
            kind::PIECE => {
                rules.add(needles, body);
                None
            }
            kind::RULESET => {
                rules.add(needles, body);
                rules.end(needles)
            }
            kind::JSON => needles.find_in_json(body),
            _ => needles.find(body),
        };
        if let Some(trace) = trace {
            let what = format!("{} is in record {number}", words(trace));
            found.push(Found { file: Some(view.log_file(number)), what, in_rules });
        }
        Ok(())
    };
    view.records(view.oldest(), &mut each)?;
    Ok(())
}
