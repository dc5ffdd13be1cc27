//! Everything an engine remembers as bytes, and back: into an engine of the same ruleset or of another one, which takes
//! over whatever it means as well ([`Meaning`]).
//!
//! A state is written as sections ([`crate::state::save`]): `about` comes first, then one for each thing that is
//! remembered. The first record of a section says what it is, in words; nothing is kept under numbers that another ruleset
//! would give to something else. What a ruleset does not know is put aside, for [`GRACE`] of engine time.

mod load;
mod report;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use super::durable::StoreError;
use super::evaluate::{Engine, State};
use super::ruleset::Ruleset;
use super::texts::digest;
use crate::model::decision::Stamp;
use crate::model::ids::{EventId, MemoryId, RuleId};
use crate::model::time::{Duration, Time};
use crate::sema::meaning::{Keyed, Meaning};
use crate::state::disk::Piece;
use crate::state::save::{Out, Sink, Source, Writer, write_datum, write_decision, write_value};
use crate::state::{Change, KeyHash, SavedMemory};

pub use load::LoadError;
pub use report::{Carried, CarriedPart, Fate, HeldPart, Summary};

/// For how long what no ruleset knows any more is kept, in engine time: a rollback finds it again.
pub const GRACE: Duration = Duration(7 * 24 * 3_600_000_000);

/// Of what is written here; other versions are refused.
const VERSION: u32 = 1;

const ABOUT: &str = "about";
const LABEL: &str = "label";
const MUTE: &str = "mute";
const ASKED: &str = "asked";
const ACTED: &str = "acted";
const LIST: &str = "list";
const TABLE: &str = "table";
const CALENDAR: &str = "calendar";
const DEADLINES: &str = "deadlines";
const DECISIONS: &str = "decisions";
const FALLEN: &str = "fallen";

/// A ruleset that decisions which are kept for retries were made by, as far as these need it.
#[derive(Clone, Debug)]
pub(super) struct Era {
    pub stamp: Arc<Stamp>,
    pub outcomes: Vec<Arc<str>>,
    /// Per event type, what says how it was read.
    readings: Vec<(Arc<str>, u64)>,
    /// By event type of the ruleset that runs: it reads them alike, so that what they said can be compared.
    comparable: Vec<bool>,
}

impl Era {
    /// Of the ruleset that runs.
    pub fn of(ruleset: &Ruleset) -> Era {
        let meaning = Meaning::new(&ruleset.hir);
        let events = &ruleset.hir.schema.events;
        let reading = |event| digest([meaning.reading(event).as_str()]);
        Era {
            stamp: ruleset.stamp.clone(),
            outcomes: ruleset.outcomes.clone(),
            readings: events.iter().map(|event| (event.name.clone(), reading(event))).collect(),
            comparable: vec![true; events.len()],
        }
    }

    pub fn outcome(&self, outcome: crate::model::ids::OutcomeId) -> Arc<str> {
        self.outcomes.get(outcome.index()).cloned().unwrap_or_else(|| "allow".into())
    }

    pub fn is_comparable(&self, event: EventId) -> bool {
        self.comparable.get(event.index()).copied().unwrap_or(false)
    }

    fn is_same(&self, other: &Era) -> bool {
        self.stamp == other.stamp && self.outcomes == other.outcomes && self.readings == other.readings
    }

    fn save(&self, out: &mut Out) {
        let Stamp { name, version, hash } = &*self.stamp;
        [name, version, hash].iter().for_each(|text| out.text(text));
        out.list(&self.outcomes, |out, outcome| out.text(outcome));
        out.list(&self.readings, |out, (event, reading)| {
            out.text(event);
            out.u64(*reading);
        });
    }
}

impl Engine {
    /// Writes everything that it remembers. The same state gives the same bytes.
    ///
    /// # Errors
    /// If the sink fails; what it got until then is to be thrown away.
    pub fn save<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error> {
        self.save_state(&self.lock().state, sink)
    }

    /// As [`Engine::save`], for those who hold the lock.
    pub(super) fn save_state<S: Sink>(&self, state: &State, sink: &mut S) -> Result<(), S::Error> {
        let mut error = None;
        let mut put = |piece: Piece<'_>| {
            let put = match piece {
                Piece::Section(name) => sink.section(name),
                Piece::Bytes(bytes) => sink.write(bytes),
            };
            error = put.err();
            error.is_none()
        };
        let mut writer = Writer::new(&mut put);
        let saving = Saving { engine: self, state, meaning: Meaning::new(&self.ruleset.hir) };
        saving.save(&mut writer);
        writer.flush();
        error.map_or(Ok(()), Err)
    }
}

struct Saving<'e> {
    engine: &'e Engine,
    state: &'e State,
    meaning: Meaning<'e>,
}

impl Saving<'_> {
    fn save(&self, writer: &mut Writer<'_>) {
        let State { store, sequences, since, aside, .. } = self.state;
        let hir = &self.engine.ruleset.hir;
        let eras = self.about(writer);
        let saved = |id: MemoryId| SavedMemory {
            meaning: self.meaning.memory(&hir.memories[id.index()]),
            since: since.memories[id.index()],
            ever: since.ever[id.index()],
            unclear: store.unclear(id),
            keeps: store.keeps(id),
        };
        store.save(saved, writer);
        let saved = |id: crate::model::ids::SequenceId| {
            (self.meaning.sequence(&hir.sequences[id.index()]), since.sequences[id.index()])
        };
        sequences.save(saved, writer);
        self.effects(writer);
        self.feeds(writer);
        self.deadlines(writer);
        self.decisions(&eras, writer);
        aside.iter().for_each(|aside| aside.write(writer));
    }

    /// Gives the numbers of the eras in what is written, by those they have now.
    fn about(&self, writer: &mut Writer<'_>) -> Vec<u16> {
        let State { dedupe, deadlines, eras, era, since, .. } = self.state;
        let mut numbers: Vec<Option<u16>> = vec![None; eras.len()];
        let mut order = Vec::new();
        let of_untold = self.state.untold().map(|decision| self.era_of(&decision.ruleset));
        let used = dedupe.applied().map(|applied| applied.era).chain(of_untold).chain([*era]);
        for era in used {
            if let Some(number @ None) = numbers.get_mut(usize::from(era)) {
                *number = Some(order.len() as u16);
                order.push(&eras[usize::from(era)]);
            }
        }
        writer.section(ABOUT);
        writer.record(|out| {
            out.u32(VERSION);
            out.u64(self.engine.hasher.mark(SECRET));
            out.time(dedupe.now());
            out.u64(deadlines.count());
            out.option(since.began, Out::time);
        });
        order.iter().for_each(|era| writer.record(|out| era.save(out)));
        numbers.into_iter().map(Option::unwrap_or_default).collect()
    }

    fn era_of(&self, stamp: &Stamp) -> u16 {
        let found = self.state.eras.iter().position(|era| *era.stamp == *stamp);
        found.map_or(self.state.era, |place| place as u16)
    }

    /// Labels, mutes and what `once` waits for: a section for each that has some.
    fn effects(&self, writer: &mut Writer<'_>) {
        let hir = &self.engine.ruleset.hir;
        let rule = |out: &mut Out, rule: RuleId, keyed: Option<Keyed>| {
            out.text(&hir.rule(rule).name);
            write_keyed(out, &keyed.unwrap_or(Keyed { types: String::new(), events: Vec::new() }));
        };
        let mut section = None;
        for change in self.state.effects.changes() {
            let (of, key, moment) = match change {
                Change::Label { label, key, until } => {
                    ((LABEL, label.0, 0), key, until.map_or(i64::MAX, |until| until.0))
                }
                Change::Mute { mute, rule, key, until } => ((MUTE, mute.0, rule.0), key, until.0),
                Change::Asked { action, key, at } => ((ASKED, action.0, 0), key, at.0),
                Change::Acted { rule, key, at } => ((ACTED, rule.0, 0), key, at.0),
                Change::Unlabel { .. } => continue,
            };
            if section.replace(of) != Some(of) {
                writer.section(of.0);
                writer.record(|out| match change {
                    Change::Label { label, .. } => out.text(&self.meaning.label(&hir.labels[label.index()])),
                    Change::Mute { mute, rule: of, .. } => {
                        rule(out, of, Some(self.meaning.mute(mute.index(), &hir.mutes[mute.index()])));
                    }
                    Change::Asked { action, .. } => {
                        out.text(&self.meaning.action(&hir.actions[action.index()]).unwrap_or_default());
                    }
                    Change::Acted { rule: of, .. } => rule(out, of, self.meaning.once(hir.rule(of))),
                    Change::Unlabel { .. } => {}
                });
            }
            writer.record(|out| write_moment(out, key, moment));
        }
    }

    /// What lines and events have filled: a section for each that was filled.
    fn feeds(&self, writer: &mut Writer<'_>) {
        let hir = &self.engine.ruleset.hir;
        let feeds = &self.state.feeds;
        for (list, entries) in feeds.lists.sorted() {
            writer.section(LIST);
            writer.record(|out| out.text(&self.meaning.list(&hir.lists[list.index()])));
            for entry in entries {
                writer.record(|out| {
                    out.u128(entry.key.0);
                    out.option(entry.prefix, |out, prefix| {
                        out.flag(prefix.v4);
                        out.u8(prefix.bits);
                    });
                });
            }
        }
        let mut section = None;
        let mut spare = Out::default();
        for (id, key, row) in feeds.rows.sorted() {
            let table = &hir.tables[id.index()];
            if section.replace(id) != Some(id) {
                writer.section(TABLE);
                writer.record(|out| {
                    out.text(&self.meaning.table(table).unwrap_or_default());
                    out.list(&row_fields(&self.meaning, &table.value), |out, (name, ty)| {
                        out.text(name);
                        out.text(ty);
                    });
                });
            }
            writer.record(|out| {
                out.u128(key.0);
                out.time(row.newest);
                out.list(&row.fields, |out, field| {
                    out.option(field.as_ref(), |out, (at, value)| {
                        out.time(*at);
                        out.nested(&mut spare, |out| write_value(out, value));
                    });
                });
            });
        }
        let mut section = None;
        for (id, key, spans) in feeds.calendars.sorted() {
            if section.replace(id) != Some(id) {
                writer.section(CALENDAR);
                writer.record(|out| {
                    out.text(&self.meaning.calendar(&hir.calendars[id.index()]).unwrap_or_default());
                });
            }
            writer.record(|out| {
                out.u128(key.0);
                out.time(spans.newest);
                out.option(spans.lost, Out::time);
                out.list(&spans.spans, |out, (from, until)| {
                    out.time(*from);
                    out.time(*until);
                });
            });
        }
    }

    /// A section for each rule that waits for some, in the order of the rules.
    fn deadlines(&self, writer: &mut Writer<'_>) {
        let ruleset = &*self.engine.ruleset;
        let mut spare = Out::default();
        for (place, absence) in ruleset.absences.iter().enumerate() {
            let pending = self.state.deadlines.pending();
            let mut pending = pending.filter(|(_, waiting)| waiting.absence as usize == place).peekable();
            let (Some(_), Some(on)) = (pending.peek(), ruleset.hir.rule(absence.rule).absence.as_ref())
            else {
                continue;
            };
            writer.section(DEADLINES);
            writer.record(|out| {
                out.text(&absence.name);
                out.text(&self.meaning.absence(on));
                out.list(&absence.due, |out, (event, place)| {
                    out.text(&ruleset.hir.schema.events[event.index()].name);
                    out.list(&due_fields(ruleset, &self.meaning, *event, *place), |out, (name, ty)| {
                        out.text(name);
                        out.text(ty);
                    });
                });
            });
            for (due, waiting) in pending {
                writer.record(|out| {
                    due.save(out);
                    out.u128(waiting.key.0);
                    let event = absence.due.iter().position(|(event, _)| *event == waiting.event);
                    out.len(event.unwrap_or(usize::MAX));
                    out.list(&waiting.fields, |out, field| {
                        out.nested(&mut spare, |out| write_datum(out, field));
                    });
                });
            }
        }
    }

    /// For retries, and those of deadlines that nobody asked for yet.
    fn decisions(&self, eras: &[u16], writer: &mut Writer<'_>) {
        let dedupe = &self.state.dedupe;
        let number = |era: u16| eras.get(usize::from(era)).copied().unwrap_or_default();
        writer.section(DECISIONS);
        for applied in dedupe.applied() {
            writer.record(|out| applied.save(out, number(applied.era), write_decision));
        }
        let mut untold = self.state.untold().peekable();
        if untold.peek().is_some() {
            writer.section(FALLEN);
        }
        for decision in untold {
            writer.record(|out| {
                out.len(usize::from(number(self.era_of(&decision.ruleset))));
                write_decision(out, &decision);
            });
        }
    }
}

/// Under what the host's secret is recognised: under another one no key would be found again.
const SECRET: &str = "rulec state";

fn write_moment(out: &mut Out, key: KeyHash, moment: i64) {
    out.u128(key.0);
    out.i64(moment);
}

fn write_keyed(out: &mut Out, keyed: &Keyed) {
    out.text(&keyed.types);
    out.list(&keyed.events, |out, (event, keys)| {
        out.text(event);
        out.text(keys);
    });
}

/// Names and types of the fields of a row.
fn row_fields(meaning: &Meaning<'_>, row: &crate::model::types::Type) -> Vec<(String, String)> {
    match row.representation() {
        crate::model::types::Type::Record(record) => {
            record.fields.iter().map(|f| (f.name.to_string(), meaning.type_of(&f.ty.base))).collect()
        }
        _ => Vec::new(),
    }
}

/// Names and types of the fields that a deadline after such an event holds.
fn due_fields(
    ruleset: &Ruleset,
    meaning: &Meaning<'_>,
    event: EventId,
    place: usize,
) -> Vec<(String, String)> {
    let schema = &ruleset.hir.schema.events[event.index()];
    let Some(plan) = ruleset.plan.events.get(place) else { return Vec::new() };
    let field = |field: &crate::model::ids::FieldId| match schema.fields.get(field.index()) {
        Some(of) => (of.name.to_string(), meaning.type_of(&of.ty.base)),
        None => (String::new(), String::new()),
    };
    plan.fields.iter().map(field).collect()
}

/// Engine time before anything happened.
pub(super) const NEVER: Time = Time::MIN;

impl Engine {
    /// Reads what another one remembers.
    ///
    /// # Errors
    /// If that was saved under another secret.
    pub(crate) fn take_over(&self, before: &Engine) -> Result<Carried, StoreError> {
        let mut saved = Sections::default();
        match before.save(&mut saved) {
            Ok(()) => {}
            Err(never) => match never {},
        }
        self.load(&mut saved).map_err(|error| StoreError::new(error.to_string()))
    }
}

/// A saved state in memory; read from its front.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    pieces: VecDeque<(bool, Vec<u8>)>,
    read: (bool, Vec<u8>),
}

impl Sink for Sections {
    type Error = Infallible;

    fn section(&mut self, name: &str) -> Result<(), Infallible> {
        self.pieces.push_back((true, name.as_bytes().to_vec()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.pieces.push_back((false, bytes.to_vec()));
        Ok(())
    }
}

impl Source for Sections {
    type Error = Infallible;

    fn next(&mut self) -> Result<Option<Piece<'_>>, Infallible> {
        let Some(piece) = self.pieces.pop_front() else { return Ok(None) };
        self.read = piece;
        Ok(Some(match &self.read {
            // It came in as a text.
            (true, name) => Piece::Section(std::str::from_utf8(name).unwrap_or_default()),
            (false, bytes) => Piece::Bytes(bytes),
        }))
    }
}
