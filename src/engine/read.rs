//! From an input in any of its shapes to an answer.

use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::durable::{self, Input, LONGEST_INPUT, StoreError};
use super::evaluate::{Engine, Inner, State};
use super::event::Event;
use super::ruleset::Ruleset;
use super::testing::Fallen;
use super::{Answer, EngineOptions, Failed};
use crate::decode::{Columns, Decoded, Decoder, ListShape, Options, RejectReason, Rejected};
use crate::model::decision::{Decision, Quiet, Reject};
use crate::model::event::ListLine;
use crate::model::ids::EventId;
use crate::model::slot::{Arenas, Slot};
use crate::model::time::Time;
use crate::sema::hir::{Hir, List};
use crate::state::disk::Records;
use crate::state::{CellId, Identity, Kept, KeyHash};

/// How many events' memories are looked up together. Waiting for one takes as long as for all of them.
const LOOK_AHEAD: usize = 16;

/// What was expected, and what was found instead.
const TOO_LONG: (&str, &str) = ("an event of at most 16 MiB", "a longer one");

/// Events that were read and wait for their decisions. Reading needs nothing of what the engine remembers, so a
/// host may read on one thread, decide on another and tell the decisions on a third; used again, it allocates nothing.
///
/// ```
/// # use std::ops::ControlFlow;
/// # let ruleset = rulec::compile_text("r.rules", "event ping { n: int }").unwrap().ruleset;
/// let engine = rulec::Engine::new(ruleset);
/// let mut pending = rulec::Pending::default();
/// engine.read_json(br#"{"type":"ping","id":"1","at":"2026-11-11T10:00:00Z","n":1}"#, &mut pending);
/// engine.read_json(br#"{"type":"ping","id":"2","at":"2026-11-11T10:00:01Z"}"#, &mut pending);
/// let mut outcomes = Vec::new();
/// engine.decide_pending(&mut pending, false);
/// engine.tell_decided(&mut pending, |told| {
///     outcomes.push(told.into_answer().outcome().to_string());
///     ControlFlow::Continue(())
/// });
/// assert_eq!(outcomes, ["allow", "review"]);
/// ```
#[derive(Debug)]
pub struct Pending {
    /// Fields and texts of all events.
    pub(super) decoded: Decoded,
    pub(super) lines: Vec<Prepared>,
    /// Of each event those that its type has; those that must be computed first are absent.
    pub(super) keys: Vec<Option<KeyHash>>,
    /// What the lines that were decided came to, until that is told.
    answers: Vec<Own>,
    /// What fell due, in order.
    deadlines: Vec<Due>,
    /// Those that are no rejects, as they are written down; none if the engine has no store.
    records: Records,
    /// The number of the last of them, once they were handed over.
    number: u64,
}

/// What a host is told of lines that had been read ahead: for each line its answer, and before it (after it, if the
/// event came so late that its own deadline had passed) the deadlines that fell due.
#[derive(Debug)]
pub enum Told<'a> {
    /// Nothing happened, as in nearly all decisions: enough to write it, without making a [`Decision`](crate::Decision).
    Quiet(Quiet<'a>),
    /// The answer to any other line.
    Answer(Answer),
    /// No line: a deadline fell due.
    Deadline(Arc<Decision>),
}

impl Told<'_> {
    /// The answer that deciding the line at once would have given; of a deadline its decision.
    pub fn into_answer(self) -> Answer {
        match self {
            Told::Quiet(quiet) => Answer::Decision(Arc::new(quiet.to_decision())),
            Told::Answer(answer) => answer,
            Told::Deadline(decision) => Answer::Decision(decision),
        }
    }
}

/// What becomes of a line itself.
#[derive(Debug)]
pub(super) enum Own {
    Decided(Kept),
    Rejected(Box<Reject>),
    Clock,
    /// It changed a list.
    List,
}

/// What fell due before a line, or after it.
#[derive(Debug)]
struct Due {
    line: usize,
    after: bool,
    fallen: Fallen,
}

/// One line, read. Small, because one thread hands it to the next.
#[derive(Debug)]
pub(super) struct Prepared {
    pub line: Line,
    pub event: EventId,
    /// Where its fields begin.
    pub slots: usize,
    /// Where its keys begin.
    pub keys: usize,
    pub content: u32,
    pub unknown_fields: u64,
    pub at: Time,
    pub received_at: Option<Time>,
    pub id: Slot,
    pub identity: Identity,
    pub bad: Vec<String>,
}

#[derive(Debug)]
pub(super) enum Line {
    Event,
    Rejected(Rejected),
    Clock,
    List(Box<ListLine>),
}

impl Default for Pending {
    fn default() -> Pending {
        Pending {
            decoded: Decoded::keeping(),
            lines: Vec::new(),
            keys: Vec::new(),
            answers: Vec::new(),
            deadlines: Vec::new(),
            records: Records::default(),
            number: 0,
        }
    }
}

impl Pending {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// None waits.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn note_due(&mut self, line: usize, after: bool, fallen: Vec<Fallen>) {
        if !fallen.is_empty() {
            self.deadlines.extend(fallen.into_iter().map(|fallen| Due { line, after, fallen }));
        }
    }

    /// Under which the last of the lines is written down.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    fn clear(&mut self) {
        self.decoded.clear();
        self.lines.clear();
        self.keys.clear();
        self.answers.clear();
        self.deadlines.clear();
        self.records.clear();
    }

    fn read(&mut self, engine: &Engine, decode: impl FnOnce(&Decoder, &mut Decoded) -> Result<(), Rejected>) {
        let Pending { decoded, lines, keys, .. } = self;
        let line = match decode(&engine.decoder, decoded) {
            Err(rejected) => Line::Rejected(rejected),
            Ok(()) if decoded.clock => Line::Clock,
            Ok(()) => decoded.list.take().map_or(Line::Event, Line::List),
        };
        let first_key = keys.len();
        let mut identity = Identity::default();
        if matches!(line, Line::Event) {
            identity = engine.hasher.identity(engine.marks[decoded.event.index()], decoded.id());
            engine.hash_keys(decoded, keys);
        }
        lines.push(Prepared {
            line,
            event: decoded.event,
            slots: decoded.first(),
            keys: first_key,
            content: decoded.content,
            unknown_fields: decoded.unknown_fields,
            at: decoded.at,
            received_at: decoded.received_at,
            id: decoded.id,
            identity,
            bad: std::mem::take(&mut decoded.bad),
        });
    }

    /// Writes down what was read last, unless it is a reject: those change nothing.
    fn note(&mut self, input: Input<'_>) {
        if self.is_input() {
            self.records.push(|out| input.write(out));
        }
    }

    /// What was read last is no reject.
    fn is_input(&self) -> bool {
        self.lines.last().is_some_and(|read| !matches!(read.line, Line::Rejected(_)))
    }
}

impl Prepared {
    /// Neither a reject nor a line of another kind.
    pub fn is_event(&self) -> bool {
        matches!(self.line, Line::Event)
    }

    /// The time to which it moves engine time.
    fn told(&self) -> Time {
        match self.line {
            Line::Event | Line::Clock => self.received_at.unwrap_or(self.at),
            // A line that fills a list moves no time.
            Line::Rejected(_) | Line::List(_) => Time::MIN,
        }
    }
}

/// The header of a CSV file, by which its rows are read.
///
/// ```
/// use rulec::{Engine, compile_text};
///
/// let ruleset = compile_text("shop.rules", "event order { amount: money(USD) }").unwrap().ruleset;
/// let engine = Engine::new(ruleset);
/// let columns = engine.csv_columns([&b"id"[..], b"at", b"amount"]);
/// let answer = engine.decide_csv(&columns, [&b"e-1"[..], b"2026-11-11T10:00:00Z", b"20 USD"]);
/// assert_eq!(answer.outcome(), "allow");
/// ```
#[derive(Debug)]
pub struct CsvColumns {
    pub(super) columns: Columns,
    /// Under which the store knows them.
    pub(super) number: u32,
}

pub(super) fn decoder(ruleset: &Ruleset, options: &EngineOptions) -> Decoder {
    let needed: Vec<Vec<bool>> = ruleset
        .plan
        .events
        .iter()
        .zip(&ruleset.hir.schema.events)
        .map(|(plan, schema)| {
            let mut needed = vec![false; schema.fields.len()];
            for field in &plan.fields {
                if let Some(flag) = needed.get_mut(field.index()) {
                    *flag = true;
                }
            }
            needed
        })
        .collect();
    Decoder::new(&ruleset.hir.schema, &needed, decoder_options(options)).with_lists(lists(&ruleset.hir))
}

/// What lines may fill.
pub(crate) fn lists(hir: &Hir) -> Vec<ListShape> {
    let shape = |list: &List| ListShape {
        name: list.name.as_str().into(),
        ty: list.ty.clone(),
        external: list.external,
    };
    hir.lists.iter().map(shape).collect()
}

fn decoder_options(options: &EngineOptions) -> Options {
    Options {
        default_event: options.default_event,
        hash_key: options.hash_key.clone(),
        clock_lead: Some(options.clock_lead),
    }
}

impl Engine {
    /// Decides one event as it comes: a JSON object, without its line end. Whatever is wrong with it is told by a
    /// [`Reject`](crate::Reject); there are no other errors. `{"type":"clock","at":…}` only moves time, and
    /// `{"type":"list",…}` changes an `extern` list. Deadlines that fall due wait in [`Engine::take_deadlines`].
    pub fn decide_json(&self, line: &[u8]) -> Answer {
        if self.kept.is_some() && line.len() > LONGEST_INPUT {
            return self.reject_line(TOO_LONG.0, TOO_LONG.1);
        }
        self.decide_with(|decoder, decoded| decoder.decode_json(line, decoded), Input::Json(line))
    }

    /// Decides one event as it comes, parsed already. (Numbers with a fraction have lost their text: give amounts as strings.)
    pub fn decide_value(&self, value: &Value) -> Answer {
        self.decide_json(value.to_string().as_bytes())
    }

    /// Decides an event built in code.
    pub fn decide_event(&self, event: &Event) -> Answer {
        let mut fields = event.fields.clone();
        fields.insert("type".to_string(), Value::String(event.name.clone()));
        if self.kept.is_some() {
            return self.decide_value(&Value::Object(fields));
        }
        self.decide_fields(&fields)
    }

    /// An object of fields by their names, with its `type`.
    pub(super) fn decide_fields(&self, fields: &Map<String, Value>) -> Answer {
        self.decide_with(|decoder, decoded| decoder.decode_fields(fields, decoded), Input::Json(b""))
    }

    /// What the cells of rows mean, from the cells of the header: blanks around a name are ignored, a nested value is in
    /// the column of its pointer (`/total/value`). Once per file.
    pub fn csv_columns<'c>(&self, header: impl IntoIterator<Item = &'c [u8]>) -> CsvColumns {
        let header: Vec<&[u8]> = header.into_iter().collect();
        let number = if self.kept.is_some() { self.note_columns(&header) } else { 0 };
        CsvColumns { columns: self.decoder.columns(header), number }
    }

    /// Decides one row of a CSV file; an empty cell is missing.
    pub fn decide_csv<'c>(&self, columns: &CsvColumns, cells: impl IntoIterator<Item = &'c [u8]>) -> Answer {
        let CsvColumns { columns, number } = columns;
        let cells: Vec<&[u8]> = cells.into_iter().collect();
        if self.kept.is_some() && durable::is_too_long(&cells) {
            return self.reject_line(TOO_LONG.0, TOO_LONG.1);
        }
        let read = |decoder: &Decoder, decoded: &mut Decoded| {
            decoder.decode_csv(columns, cells.iter().copied(), decoded)
        };
        self.decide_with(read, Input::Row(*number, &cells))
    }

    /// Reads an event without deciding it: see [`Pending`].
    pub fn read_json(&self, line: &[u8], pending: &mut Pending) {
        if self.kept.is_none() {
            return pending.read(self, |decoder, decoded| decoder.decode_json(line, decoded));
        }
        if line.len() > LONGEST_INPUT {
            return self.read_broken(TOO_LONG.0, TOO_LONG.1, pending);
        }
        pending.read(self, |decoder, decoded| decoder.decode_json(line, decoded));
        pending.note(Input::Json(line));
    }

    /// Reads a row of a CSV file without deciding it: see [`Pending`].
    pub fn read_csv<'c>(
        &self,
        columns: &CsvColumns,
        cells: impl IntoIterator<Item = &'c [u8]>,
        pending: &mut Pending,
    ) {
        let CsvColumns { columns, number } = columns;
        if self.kept.is_none() {
            return pending.read(self, |decoder, decoded| decoder.decode_csv(columns, cells, decoded));
        }
        let cells: Vec<&[u8]> = cells.into_iter().collect();
        if durable::is_too_long(&cells) {
            return self.read_broken(TOO_LONG.0, TOO_LONG.1, pending);
        }
        pending.read(self, |decoder, decoded| decoder.decode_csv(columns, cells.iter().copied(), decoded));
        pending.note(Input::Row(*number, &cells));
    }

    /// An event that the host itself could not get whole, such as a line that was cut off: counted and answered
    /// like any other that can't be read.
    pub fn reject_line(&self, expected: &str, found: &str) -> Answer {
        let broken = |_: &Decoder, decoded: &mut Decoded| {
            decoded.start();
            Err(RejectReason::whole(expected, found))
        };
        self.decide_with(broken, Input::Json(b""))
    }

    /// Takes in place of an event what the host could not get whole, such as a line that was cut off: a reject like
    /// any other.
    pub fn read_broken(&self, expected: &str, found: &str, pending: &mut Pending) {
        pending.read(self, |_, decoded| {
            decoded.start();
            Err(RejectReason::whole(expected, found))
        });
    }

    /// Decides the lines of `pending` that are not decided yet, in their order; [`Engine::tell_decided`] hands out what
    /// they came to. If asked to `stop` at the first that can't be read, those after it are dropped undecided, and the
    /// result is `true`. It is `true` as well, and nothing is decided, if there is a store and it can't write any more
    /// ([`Engine::store_failure`]). `pending` must have been filled by this engine.
    pub fn decide_pending(&self, pending: &mut Pending, stop: bool) -> bool {
        let mut inner = self.lock();
        if self.write_down(pending, stop).is_err() {
            pending.clear();
            return true;
        }
        let inner = &mut *inner;
        let stopped = self.decide_all(inner, pending, stop);
        self.keep_snapshots(inner);
        stopped
    }

    /// Everything that will be decided.
    fn write_down(&self, pending: &mut Pending, stop: bool) -> Result<(), StoreError> {
        let Some(durable) = self.durable() else { return Ok(()) };
        let Pending { lines, answers, records, number, .. } = pending;
        let mut read = lines.iter().skip(answers.len());
        if stop && let Some(first) = read.position(|line| matches!(line.line, Line::Rejected(_))) {
            // Those before it have one record each.
            records.truncate(first as u64);
        }
        *number = durable.push(records)?;
        Ok(())
    }

    /// Until what was decided is as safe as the store promises of what was answered; call it before telling.
    ///
    /// # Errors
    /// If the store can't write any more: then nobody may be told.
    pub fn wait_until_safe(&self, pending: &Pending) -> Result<(), StoreError> {
        match self.durable() {
            Some(durable) => Ok(durable.wait(pending.number)?),
            None => Ok(()),
        }
    }

    fn decide_all(&self, inner: &mut Inner, pending: &mut Pending, stop: bool) -> bool {
        let Inner { inputs, state, .. } = inner;
        let mut cells = Vec::new();
        for first in (pending.answers.len()..pending.len()).step_by(LOOK_AHEAD) {
            let group = first..pending.len().min(first + LOOK_AHEAD);
            self.warm(state, pending, group.clone(), &mut cells);
            let first_key = pending.lines.get(first).map_or(0, |line| line.keys);
            for line in group {
                let Some(prepared) = pending.lines.get(line) else { break };
                let now = prepared.told();
                let cells = cells.get(prepared.keys - first_key..).unwrap_or_default();
                let before = self.fall_due(state, now);
                let answer = self.decide_prepared(state, pending, line, cells);
                // What came after its own deadline has one that is due already.
                let after = self.fall_due(state, now);
                if self.kept.is_some() {
                    state.tells_ahead(pending.number, &before);
                    state.tells_ahead(pending.number, &after);
                }
                pending.note_due(line, false, before);
                pending.note_due(line, true, after);
                *inputs += u64::from(!matches!(answer, Own::Rejected(_)));
                let stopped = stop && matches!(answer, Own::Rejected(_));
                pending.answers.push(answer);
                if stopped {
                    pending.lines.truncate(line + 1);
                    return true;
                }
            }
        }
        false
    }

    /// Tells what the lines of `pending` came to, in their order, and empties it. With a store [`Engine::was_told`] belongs
    /// after it. Nobody is told of what follows a
    /// [`ControlFlow::Break`], nor of lines that were not decided.
    pub fn tell_decided(&self, pending: &mut Pending, mut each: impl FnMut(Told<'_>) -> ControlFlow<()>) {
        self.tell_lines(pending, |_, told| each(told));
    }

    /// As [`Engine::tell_decided`], and says which of the lines it is about, from 0.
    pub fn tell_lines(&self, pending: &mut Pending, each: impl FnMut(usize, Told<'_>) -> ControlFlow<()>) {
        // Whether somebody wanted to know all of it does not matter here.
        let _ = self.tell_all(pending, each);
        pending.clear();
    }

    fn tell_all(
        &self,
        pending: &mut Pending,
        mut each: impl FnMut(usize, Told<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Pending { decoded, lines, answers, deadlines, .. } = pending;
        let mut deadlines = deadlines.drain(..).peekable();
        for (place, (line, answer)) in lines.iter().zip(answers.drain(..)).enumerate() {
            while let Some(due) = deadlines.next_if(|due| due.line == place && !due.after) {
                each(place, Told::Deadline(due.fallen.decision))?;
            }
            each(
                place,
                match answer {
                    Own::Decided(Kept::Whole(decision)) => Told::Answer(Answer::Decision(decision)),
                    Own::Decided(Kept::Quiet { at, outcome, late }) => Told::Quiet(Quiet {
                        event: decoded.text(line.id),
                        event_type: &self.ruleset.events[line.event.index()].name,
                        at,
                        outcome: self.ruleset.hir.outcome(outcome),
                        late,
                        ruleset: &self.ruleset.stamp,
                    }),
                    Own::Rejected(reject) => Told::Answer(Answer::Reject(*reject)),
                    Own::Clock => Told::Answer(Answer::Clock),
                    Own::List => Told::Answer(Answer::List),
                },
            )?;
            while let Some(due) = deadlines.next_if(|due| due.line == place) {
                each(place, Told::Deadline(due.fallen.decision))?;
            }
        }
        ControlFlow::Continue(())
    }

    /// The keys of an event that are made of its fields alone.
    fn hash_keys(&self, decoded: &Decoded, keys: &mut Vec<Option<KeyHash>>) {
        let arenas = Arenas { constants: &self.ruleset.program.constants, event: &decoded.arena };
        let Some(code) = self.ruleset.events.get(decoded.event.index()) else { return };
        let slots = decoded.slots.get(decoded.first()..).unwrap_or_default();
        keys.extend(code.keys.iter().map(|key| {
            let fields = key.fields.as_ref()?;
            let slot = |field: &usize| slots.get(*field).copied().unwrap_or(Slot::MISSING);
            self.hasher.hash_all(fields.iter().map(slot), &key.types, &arenas)
        }));
    }

    fn decide_with(
        &self,
        decode: impl FnOnce(&Decoder, &mut Decoded) -> Result<(), Rejected>,
        input: Input<'_>,
    ) -> Answer {
        let mut inner = self.lock();
        let Inner { alone, records, inputs, state } = &mut *inner;
        alone.clear();
        alone.read(self, decode);
        let mut number = 0;
        if let Some(durable) = self.durable()
            && alone.is_input()
        {
            records.clear();
            records.push(|out| input.write(out));
            number = match durable.push(records) {
                Ok(number) => number,
                Err(error) => return self.failed(error.into()),
            };
        }
        let now = alone.lines.first().map_or(Time::MIN, Prepared::told);
        let before = self.fall_due(state, now);
        state.fallen.extend(before);
        let answer = match self.decide_prepared(state, alone, 0, &[]) {
            Own::Decided(Kept::Whole(decision)) => Answer::Decision(decision),
            Own::Decided(Kept::Quiet { at, outcome, late }) => {
                let Decoded { event, .. } = &alone.decoded;
                Answer::Decision(Arc::new(self.quiet(*event, alone.decoded.id(), at, outcome, late)))
            }
            Own::Rejected(reject) => Answer::Reject(*reject),
            Own::Clock => Answer::Clock,
            Own::List => Answer::List,
        };
        *inputs += u64::from(!matches!(answer, Answer::Reject(_)));
        let after = self.fall_due(state, now);
        state.fallen.extend(after);
        self.keep_snapshots(&inner);
        drop(inner);
        match self.durable() {
            // Others go on meanwhile: one sync is for all of them.
            Some(durable) => match durable.wait(number) {
                Ok(()) => answer,
                Err(error) => self.failed(error.into()),
            },
            None => answer,
        }
    }

    /// The answer when an input could not be written down.
    fn failed(&self, error: StoreError) -> Answer {
        Answer::Failed(Box::new(Failed {
            outcome: self.ruleset.outcome_name(self.ruleset.hir.header.rejects),
            error,
        }))
    }

    fn decide_prepared(
        &self,
        state: &mut State,
        pending: &mut Pending,
        line: usize,
        cells: &[Option<CellId>],
    ) -> Own {
        // There is one: whoever asks counts them.
        let Some(prepared) = pending.lines.get_mut(line) else { return Own::Clock };
        state.stats.unknown_fields += prepared.unknown_fields;
        match std::mem::replace(&mut prepared.line, Line::Event) {
            Line::Event => {
                if !self.ruleset.absences.is_empty() && prepared.received_at.is_none() {
                    state.stats.own_time += 1;
                }
                Own::Decided(self.decide_accepted(state, pending, line, cells))
            }
            Line::Rejected(rejected) => {
                state.stats.reject(&rejected);
                let outcome = self.ruleset.outcome_name(self.ruleset.hir.header.rejects);
                Own::Rejected(Box::new(rejected.into_reject(outcome, self.ruleset.stamp.clone())))
            }
            Line::Clock => {
                state.stats.clocks += 1;
                state.dedupe.advance(prepared.at);
                state.since.begin(state.dedupe.now());
                Own::Clock
            }
            Line::List(line) => {
                state.stats.lists += 1;
                self.fill(state, &line);
                Own::List
            }
        }
    }
}
