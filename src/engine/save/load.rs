//! A saved state read into an engine: all of it or nothing.

use std::fmt;
use std::sync::Arc;

use super::*;
use crate::engine::testing::Fallen;
use crate::model::ids::{ActionId, CalendarId, LabelId, ListId, MuteId, SequenceId, TableId};
use crate::model::types::{Ty, Type};
use crate::model::value::Datum;
use crate::state::deadlines::Due;
use crate::state::save::{
    ASIDE, Aside, Bytes, Fault, Given, Names, Reader, Source, read_datum, read_decision, read_value,
};
use crate::state::{
    Applied, CELLS, Carry, Entry, Prefix, Row, SEQUENCE, SavedSequence, Spans, Target, Waiting,
};

/// Why a state could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError<E> {
    /// The source failed.
    Source(E),
    /// What it gave is no state, or none for this engine: in words.
    Refused(String),
}

impl<E: fmt::Display> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Source(error) => error.fmt(f),
            LoadError::Refused(what) => f.write_str(what),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for LoadError<E> {}

impl Engine {
    /// Reads what an engine of this ruleset or of another one has saved, in place of all that this one remembers. What it
    /// counted so far stays.
    ///
    /// # Errors
    /// If the source fails, or the bytes are no state, or were saved under another secret. Then nothing has changed.
    pub fn load<S: Source>(&self, source: &mut S) -> Result<Carried, LoadError<S::Error>> {
        let mut error = None;
        let mut more = |buffer: &mut Vec<u8>| match source.next() {
            Ok(Some(Piece::Bytes(bytes))) => {
                buffer.extend_from_slice(bytes);
                Ok(Given::Bytes)
            }
            Ok(Some(Piece::Section(name))) => Ok(Given::Section(name.to_string())),
            Ok(None) => Ok(Given::End),
            Err(failed) => {
                error = Some(failed);
                Err(Fault::Source)
            }
        };
        let mut reader = Reader::new(&mut more);
        let loaded = Loading::new(self).load(&mut reader);
        match (loaded, error) {
            (_, Some(error)) => Err(LoadError::Source(error)),
            (Err(Fault::Damaged(what)), _) => Err(LoadError::Refused(what)),
            (Err(Fault::Source), None) => Err(LoadError::Refused("the state could not be read".into())),
            (Ok((state, carried)), None) => {
                let mut inner = self.lock();
                let stats = std::mem::take(&mut inner.state.stats);
                inner.state = State { stats, ..state };
                Ok(carried)
            }
        }
    }
}

struct Loading<'e> {
    engine: &'e Engine,
    meaning: Meaning<'e>,
    state: State,
    /// Engine time.
    now: Time,
    names: Names,
    /// By their numbers in what is read: the numbers here.
    eras: Vec<u16>,
    memories: Vec<Option<CarriedPart>>,
    sequences: Vec<Option<CarriedPart>>,
    carried: Carried,
    spare: Out,
}

fn part(kind: &'static str, what: impl Into<String>, fate: Fate) -> CarriedPart {
    CarriedPart { kind, what: what.into(), fate, since: None }
}

/// The words for people: the types that were added to them go.
fn words(meaning: &str) -> &str {
    meaning.rsplit_once(" : ").map_or(meaning, |(words, _)| words)
}

impl<'e> Loading<'e> {
    fn new(engine: &'e Engine) -> Loading<'e> {
        let hir = &engine.ruleset.hir;
        Loading {
            engine,
            meaning: Meaning::new(hir),
            state: State::new(&engine.ruleset, &engine.options),
            now: NEVER,
            names: Names::default(),
            eras: Vec::new(),
            memories: vec![None; hir.memories.len()],
            sequences: vec![None; hir.sequences.len()],
            carried: Carried {
                now: None,
                parts: Vec::new(),
                deadlines: 0,
                deadlines_dropped: 0,
                decisions: 0,
            },
            spare: Out::default(),
        }
    }

    fn load(mut self, reader: &mut Reader<'_>) -> Result<(State, Carried), Fault> {
        match reader.section()? {
            Some(name) if name == ABOUT => self.about(reader)?,
            _ => return Err(Fault::of("this is no state of rulec: it does not begin like one")),
        }
        let mut decisions = false;
        while let Some(name) = reader.section()? {
            match name.as_str() {
                DECISIONS => {
                    self.decisions(reader)?;
                    decisions = true;
                }
                FALLEN => self.fallen(reader)?,
                ASIDE => self.aside(reader)?,
                kind => {
                    let header = header(reader)?;
                    self.thing(kind, header, reader, false)?;
                }
            }
        }
        // Always written, after nearly everything else.
        if !decisions {
            return Err(Fault::of("the state ends before its kept decisions"));
        }
        self.finish()
    }

    fn finish(mut self) -> Result<(State, Carried), Fault> {
        let hir = &self.engine.ruleset.hir;
        let now = self.now;
        let ever = self.ever();
        let since = &mut self.state.since;
        let mut parts: Vec<CarriedPart> = Vec::new();
        for (place, (found, memory)) in self.memories.into_iter().zip(&hir.memories).enumerate() {
            parts.push(found.unwrap_or_else(|| {
                since.memories[place] = now;
                since.ever[place] = ever;
                CarriedPart { since: Some(now), ..part("memory", memory.identity.as_str(), Fate::New) }
            }));
        }
        for (place, (found, memory)) in self.sequences.into_iter().zip(&hir.sequences).enumerate() {
            parts.push(found.unwrap_or_else(|| {
                since.sequences[place] = now;
                CarriedPart { since: Some(now), ..part("sequence", memory.identity.as_str(), Fate::New) }
            }));
        }
        parts.append(&mut self.carried.parts);
        Ok((self.state, Carried { parts, ..self.carried }))
    }

    fn about(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let mut record = reader.record()?.ok_or_else(|| Fault::of("the state does not say what it is"))?;
        let version = record.u32()?;
        if version != VERSION {
            return Err(Fault::of(format!(
                "the state was saved in form {version}, and this version of rulec reads form {VERSION}"
            )));
        }
        if record.u64()? != self.engine.hasher.mark(SECRET) {
            return Err(Fault::of("the state was saved under another hash key: no key would be found in it"));
        }
        let now = record.time()?;
        let count = record.u64()?.min(u64::MAX >> 1);
        self.state.since.began = record.option(Bytes::time)?;
        record.end()?;
        self.now = now;
        self.carried.now = (now != NEVER).then_some(now);
        self.state.dedupe.restore_now(now);
        self.state.deadlines.set_count(count);
        // The one that runs is there already.
        let own = self.state.eras.pop();
        while let Some(mut record) = reader.record()? {
            let era = self.era(&mut record, own.as_ref())?;
            record.end()?;
            self.state.eras.push(era);
        }
        let count = self.state.eras.len();
        if count >= usize::from(u16::MAX) {
            return Err(Fault::of("the state names more rulesets than there can be"));
        }
        self.eras = (0..count as u16).collect();
        let same = |own: &Era| self.state.eras.iter().position(|era| era.is_same(own));
        let place = own.as_ref().and_then(same);
        self.state.era = place.unwrap_or(count) as u16;
        if place.is_none() {
            self.state.eras.extend(own);
        }
        Ok(())
    }

    fn era(&mut self, bytes: &mut Bytes<'_>, own: Option<&Era>) -> Result<Era, Fault> {
        let mut text = || Ok::<String, Fault>(bytes.text()?.to_string());
        let stamp = Stamp { name: text()?, version: text()?, hash: text()? };
        let outcomes = bytes.list(|bytes| self.names.read(bytes))?;
        let readings = bytes.list(|bytes| Ok((self.names.read(bytes)?, bytes.u64()?)))?;
        let comparable = own.map_or(Vec::new(), |own| {
            own.readings.iter().map(|reading| readings.contains(reading)).collect()
        });
        Ok(Era { stamp: Arc::new(stamp), outcomes, readings, comparable })
    }

    /// What had been put aside: it is known again, still unknown, or has been so for too long.
    fn aside(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let mut record = reader.record()?.ok_or_else(no_header)?;
        let kind = record.text()?.to_string();
        let meaning = record.text()?.to_string();
        let dropped = record.time()?;
        let header = record.bytes()?.to_vec();
        record.end()?;
        let known = self.knows(&kind, &header)?;
        if known {
            return self.thing(&kind, header, reader, true);
        }
        let kind_shown = kind_words(&kind)?;
        if self.now.0.saturating_sub(dropped.0) >= GRACE.0 {
            self.carried.parts.push(part(kind_shown, words(&meaning), Fate::Gone));
            return Ok(());
        }
        let records = reader.rest()?;
        self.carried.parts.push(part(kind_shown, words(&meaning), Fate::Aside));
        self.state.aside.push(Aside { kind, meaning, dropped, header, records });
        Ok(())
    }

    fn put_aside(
        &mut self,
        kind: &str,
        meaning: String,
        header: Vec<u8>,
        records: Vec<u8>,
    ) -> Result<(), Fault> {
        self.carried.parts.push(part(kind_words(kind)?, words(&meaning), Fate::Dropped));
        // Nothing is lost with what holds nothing, and kept nothing out.
        if !records.is_empty() || refuses(kind, &header)? {
            let dropped = self.now;
            self.state.aside.push(Aside { kind: kind.to_string(), meaning, dropped, header, records });
        }
        Ok(())
    }

    /// Whether the ruleset has what this header speaks of.
    fn knows(&self, kind: &str, header: &[u8]) -> Result<bool, Fault> {
        let mut bytes = Bytes::new(header);
        Ok(match kind {
            CELLS => {
                let (saved, _) = SavedMemory::load_all(bytes)?;
                saved.first().is_some_and(|saved| self.memory(&saved.meaning).is_some())
            }
            SEQUENCE => self.sequence(&SavedSequence::load(bytes)?.0.meaning).is_some(),
            LABEL => self.label(bytes.text()?).is_some(),
            ASKED => self.action(bytes.text()?).is_some(),
            LIST => self.list(bytes.text()?).is_some(),
            TABLE => self.table(bytes.text()?).is_some(),
            CALENDAR => self.calendar(bytes.text()?).is_some(),
            MUTE => self.mute(bytes)?.1.is_some(),
            ACTED => self.acted(bytes)?.1.is_some(),
            _ => return Err(unknown_section(kind)),
        })
    }

    /// Everything of one section, whose header has been read.
    fn thing(
        &mut self,
        kind: &str,
        header: Vec<u8>,
        reader: &mut Reader<'_>,
        returned: bool,
    ) -> Result<(), Fault> {
        let bytes = Bytes::new(&header);
        match kind {
            CELLS => self.cells(bytes, reader, returned),
            SEQUENCE => self.of_sequence(&header, reader, returned),
            DEADLINES => self.deadlines(bytes, reader),
            LABEL | MUTE | ASKED | ACTED => self.moments(kind, &header, reader, returned),
            LIST | TABLE | CALENDAR => self.filled(kind, &header, reader, returned),
            _ => Err(unknown_section(kind)),
        }
    }

    fn memory(&self, meaning: &str) -> Option<MemoryId> {
        let hir = &self.engine.ruleset.hir;
        hir.memories.iter().position(|memory| self.meaning.memory(memory) == meaning).map(MemoryId::new)
    }

    fn sequence(&self, meaning: &str) -> Option<SequenceId> {
        let hir = &self.engine.ruleset.hir;
        let known = hir.sequences.iter().position(|memory| self.meaning.sequence(memory) == meaning);
        known.map(SequenceId::new)
    }

    fn label(&self, meaning: &str) -> Option<LabelId> {
        let mut labels = self.engine.ruleset.hir.labels.iter();
        labels.position(|label| self.meaning.label(label) == meaning).map(LabelId::new)
    }

    fn action(&self, meaning: &str) -> Option<ActionId> {
        let mut actions = self.engine.ruleset.hir.actions.iter();
        actions.position(|action| self.meaning.action(action).as_deref() == Some(meaning)).map(ActionId::new)
    }

    fn list(&self, meaning: &str) -> Option<ListId> {
        let mut lists = self.engine.ruleset.hir.lists.iter();
        lists.position(|list| list.external && self.meaning.list(list) == meaning).map(ListId::new)
    }

    fn table(&self, meaning: &str) -> Option<TableId> {
        let mut tables = self.engine.ruleset.hir.tables.iter();
        tables.position(|table| self.meaning.table(table).as_deref() == Some(meaning)).map(TableId::new)
    }

    fn calendar(&self, meaning: &str) -> Option<CalendarId> {
        let mut calendars = self.engine.ruleset.hir.calendars.iter();
        calendars.position(|of| self.meaning.calendar(of).as_deref() == Some(meaning)).map(CalendarId::new)
    }

    /// The rule of that name, or that had it formerly.
    fn rule(&self, name: &str) -> Option<RuleId> {
        let rules = &self.engine.ruleset.hir.rules;
        let now = rules.iter().position(|rule| rule.name == name);
        now.or_else(|| rules.iter().position(|rule| rule.formerly.iter().any(|old| old == name)))
            .map(RuleId::new)
    }

    /// The words for a mute of a rule, and both here.
    fn mute(&self, mut header: Bytes<'_>) -> Result<(String, Option<(MuteId, RuleId)>), Fault> {
        let (rule, keyed) = (header.text()?, read_keyed(&mut header)?);
        header.end()?;
        let mutes = self.engine.ruleset.hir.mutes.iter().enumerate();
        let mut mutes: Vec<(MuteId, Keyed)> =
            mutes.map(|(id, mute)| (MuteId::new(id), self.meaning.mute(id, mute))).collect();
        // The very same first: several may agree with it in parts.
        mutes.sort_by_key(|(_, known)| *known != keyed);
        let found = mutes.iter().find(|(_, known)| known.agrees_with(&keyed)).map(|(id, _)| *id);
        Ok((keyed_words("mute", rule, &keyed), found.zip(self.rule(rule))))
    }

    fn acted(&self, mut header: Bytes<'_>) -> Result<(String, Option<RuleId>), Fault> {
        let (name, keyed) = (header.text()?, read_keyed(&mut header)?);
        header.end()?;
        let rule = self.rule(name).filter(|rule| {
            let now = self.meaning.once(self.engine.ruleset.hir.rule(*rule));
            now.is_some_and(|now| now.agrees_with(&keyed))
        });
        Ok((keyed_words("once of rule", name, &keyed), rule))
    }

    /// The memories with the same keys.
    fn cells(&mut self, header: Bytes<'_>, reader: &mut Reader<'_>, returned: bool) -> Result<(), Fault> {
        let (saved, refused) = SavedMemory::load_all(header)?;
        let target = |saved: &SavedMemory| match self.memory(&saved.meaning) {
            Some(memory) => {
                let carry = Carry::of(&saved.keeps, &self.state.store.keeps(memory));
                Target::Memory { memory, carry, lacks: i64::MIN }
            }
            None => Target::Aside(Out::default()),
        };
        let mut targets: Vec<Target> = saved.iter().map(target).collect();
        let groups = self.state.store.groups(&targets);
        while let Some(record) = reader.record()? {
            self.state.store.load(&mut targets, record, &mut self.spare)?;
        }
        for (group, before) in groups {
            self.state.store.refuse(group, &refused, before);
        }
        for (saved, target) in saved.into_iter().zip(targets) {
            match target {
                Target::Aside(records) => {
                    let mut header = Out::default();
                    SavedMemory::save_all(std::slice::from_ref(&saved), &refused, &mut header);
                    self.put_aside(CELLS, saved.meaning, header.0, records.0)?;
                }
                Target::Memory { memory, carry, lacks } => {
                    let (fate, since, ever) = self.fate(&saved, &carry, lacks, returned);
                    self.state.since.memories[memory.index()] = since;
                    self.state.since.ever[memory.index()] = ever;
                    self.state.store.add_unclear(memory, saved.unclear);
                    let what = self.engine.ruleset.hir.memories[memory.index()].identity.clone();
                    let found = CarriedPart { since: Some(since), ..part("memory", what, fate) };
                    self.memories[memory.index()] = Some(found);
                }
            }
        }
        Ok(())
    }

    /// Since when `ever` holds everything, if it begins now: after the beginning in any case, as something came before.
    fn ever(&self) -> Time {
        self.state.since.began.map_or(self.now, |began| self.now.max(Time(began.0 + 1)).min(Time::MAX))
    }

    /// And since when windows and `ever` hold everything.
    fn fate(&self, saved: &SavedMemory, carry: &Carry, lacks: i64, returned: bool) -> (Fate, Time, Time) {
        let now = self.now;
        if returned {
            return (Fate::Returned, now, self.ever());
        }
        let fate = match carry {
            _ if carry.is_nothing() => Fate::New,
            _ if carry.windows_begin || carry.ever_begins => Fate::Extended,
            _ if carry.widened.is_some() => Fate::Widened,
            _ => Fate::Kept,
        };
        let since = if carry.windows_begin { now } else { saved.since.max(moment(lacks)) };
        (fate, since, if carry.ever_begins { self.ever() } else { saved.ever })
    }

    fn of_sequence(&mut self, header: &[u8], reader: &mut Reader<'_>, returned: bool) -> Result<(), Fault> {
        let (saved, refused) = SavedSequence::load(Bytes::new(header))?;
        let Some(memory) = self.sequence(&saved.meaning) else {
            return self.put_aside(SEQUENCE, saved.meaning, header.to_vec(), reader.rest()?);
        };
        let mut lacks = i64::MIN;
        while let Some(record) = reader.record()? {
            let budget = self.state.store.budget();
            lacks = lacks.max(self.state.sequences.load(memory, &saved, record, budget)?);
        }
        self.state.sequences.refuse(memory, &refused);
        let (fate, since) = match self.state.sequences.is_widened(memory, &saved) {
            _ if returned => (Fate::Returned, self.now),
            true => (Fate::Widened, saved.since.max(moment(lacks))),
            false => (Fate::Kept, saved.since),
        };
        let what = self.engine.ruleset.hir.sequences[memory.index()].identity.clone();
        let found = CarriedPart { since: Some(since), ..part("sequence", what, fate) };
        self.state.since.sequences[memory.index()] = since;
        self.sequences[memory.index()] = Some(found);
        Ok(())
    }

    fn moments(
        &mut self,
        kind: &str,
        header: &[u8],
        reader: &mut Reader<'_>,
        returned: bool,
    ) -> Result<(), Fault> {
        type Make = Box<dyn Fn(KeyHash, Time) -> Change>;
        let mut bytes = Bytes::new(header);
        let (what, make): (String, Option<Make>) = match kind {
            LABEL => {
                let what = bytes.text()?;
                let make = |label| -> Make {
                    Box::new(move |key, until| Change::Label {
                        label,
                        key,
                        until: Some(until).filter(|until| *until != FOR_EVER),
                    })
                };
                (what.to_string(), self.label(what).map(make))
            }
            MUTE => {
                let (what, found) = self.mute(bytes)?;
                let make = |(mute, rule)| -> Make {
                    Box::new(move |key, until| Change::Mute { mute, rule, key, until })
                };
                (what, found.map(make))
            }
            ASKED => {
                let what = bytes.text()?;
                let make = |action| -> Make { Box::new(move |key, at| Change::Asked { action, key, at }) };
                (what.to_string(), self.action(what).map(make))
            }
            _ => {
                let (what, found) = self.acted(bytes)?;
                let make = |rule| -> Make { Box::new(move |key, at| Change::Acted { rule, key, at }) };
                (what, found.map(make))
            }
        };
        let Some(make) = make else { return self.put_aside(kind, what, header.to_vec(), reader.rest()?) };
        while let Some(mut record) = reader.record()? {
            let key = KeyHash(record.u128()?);
            let micros = record.i64()?;
            record.end()?;
            let moment =
                Time::in_range(micros).or((kind == LABEL && micros == FOR_EVER.0).then_some(FOR_EVER));
            let moment = moment.ok_or_else(|| Fault::of(format!("{micros} is no time")))?;
            self.state.effects.apply(make(key, moment));
        }
        self.carry(kind, what, returned)
    }

    fn carry(&mut self, kind: &str, what: String, returned: bool) -> Result<(), Fault> {
        let fate = if returned { Fate::Returned } else { Fate::Kept };
        self.carried.parts.push(part(kind_words(kind)?, what, fate));
        Ok(())
    }

    fn filled(
        &mut self,
        kind: &str,
        header: &[u8],
        reader: &mut Reader<'_>,
        returned: bool,
    ) -> Result<(), Fault> {
        let mut bytes = Bytes::new(header);
        let what = bytes.text()?.to_string();
        if kind == LIST {
            let Some(list) = self.list(&what) else {
                return self.put_aside(kind, what, header.to_vec(), reader.rest()?);
            };
            // It is known from now on, even if it holds nothing.
            self.state.feeds.lists.change(list, &[], &[]);
            while let Some(record) = reader.record()? {
                let entry = read_entry(record)?;
                self.state.feeds.lists.change(list, &[], &[entry]);
            }
        } else if kind == TABLE {
            let Some(table) = self.table(&what) else {
                return self.put_aside(kind, what, header.to_vec(), reader.rest()?);
            };
            let fields = read_fields(&mut bytes)?;
            bytes.end()?;
            let value = &self.engine.ruleset.hir.tables[table.index()].value;
            let places = places(&self.meaning, value, &fields);
            while let Some(record) = reader.record()? {
                let (key, row) = read_row(record, value, &places)?;
                self.state.feeds.rows.restore(table, key, row);
            }
        } else {
            let Some(calendar) = self.calendar(&what) else {
                return self.put_aside(kind, what, header.to_vec(), reader.rest()?);
            };
            while let Some(record) = reader.record()? {
                let (key, spans) = read_spans(record)?;
                self.state.feeds.calendars.restore(calendar, key, spans);
            }
        }
        self.carry(kind, what, returned)
    }

    /// Those of one rule. Those of a rule whose `on` line is another one now are gone: what would have taken them back
    /// is not looked for.
    fn deadlines(&mut self, mut header: Bytes<'_>, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let ruleset = &*self.engine.ruleset;
        let (name, on) = (header.text()?, header.text()?);
        let events = header.list(|bytes| Ok((bytes.text()?.to_string(), read_fields(bytes)?)))?;
        header.end()?;
        let rule = self.rule(name).filter(|rule| {
            let now = ruleset.hir.rule(*rule).absence.as_ref();
            now.is_some_and(|absence| self.meaning.absence(absence) == on)
        });
        let place = rule.and_then(|rule| ruleset.absences.iter().position(|absence| absence.rule == rule));
        let Some(place) = place else {
            while reader.record()?.is_some() {
                self.carried.deadlines_dropped += 1;
            }
            self.carried.parts.push(part("deadlines", name, Fate::Gone));
            return Ok(());
        };
        let absence = &ruleset.absences[place];
        let due: Vec<Option<DueEvent>> =
            events.iter().map(|(event, fields)| self.due_event(place, event, fields)).collect();
        while let Some(mut record) = reader.record()? {
            let due_at = Due::load(&mut record, absence.name.clone())?;
            let key = KeyHash(record.u128()?);
            let event = record.len()?;
            let saved = record.list(|bytes| bytes.nested())?;
            record.end()?;
            let of = || Fault::of("a deadline was set by an event that can't set it");
            let Some(event) = due.get(event).ok_or_else(of)? else {
                self.carried.deadlines_dropped += 1;
                continue;
            };
            let mut fields = vec![Datum::MISSING; event.fields];
            for (bytes, (place, ty)) in saved.into_iter().zip(&event.places).filter_map(known_place) {
                let mut bytes = bytes;
                if let Some(field) = fields.get_mut(place) {
                    *field = read_datum(&mut bytes, ty)?;
                }
                bytes.end()?;
            }
            let waiting = Waiting { absence: place as u32, key, event: event.event, fields };
            self.state.deadlines.restore(due_at, waiting);
            self.carried.deadlines += 1;
        }
        self.carry(DEADLINES, absence.name.to_string(), false)
    }

    /// Where the fields that were kept of an event stand now; `None` if it sets no deadline any more.
    fn due_event(&self, absence: usize, name: &str, saved: &[(String, String)]) -> Option<DueEvent> {
        let ruleset = &*self.engine.ruleset;
        let schema = ruleset.hir.schema.events.iter().find(|event| &*event.name == name)?;
        let (event, place) = ruleset.absences.get(absence)?.due.iter().find(|(of, _)| *of == schema.id)?;
        let now = due_fields(ruleset, &self.meaning, *event, *place);
        let plan = ruleset.plan.events.get(*place)?;
        let places = saved.iter().map(|field| {
            let place = now.iter().position(|known| known == field)?;
            let of = schema.fields.get(plan.fields.get(place)?.index())?;
            Some((place, of.ty.clone()))
        });
        Some(DueEvent { event: *event, fields: now.len(), places: places.collect() })
    }

    fn decisions(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let outcomes: Vec<usize> =
            self.state.eras.iter().take(self.eras.len()).map(|era| era.outcomes.len()).collect();
        while let Some(mut record) = reader.record()? {
            let (names, eras) = (&mut self.names, &self.state.eras);
            let applied = Applied::load(&mut record, &outcomes, |bytes, era| {
                read_decision(bytes, names, &eras[era].stamp)
            })?;
            self.state.dedupe.restore(applied)?;
            self.carried.decisions += 1;
        }
        Ok(())
    }

    fn fallen(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        while let Some(mut record) = reader.record()? {
            let place = record.len()?;
            let era = self.eras.get(place).and_then(|_| self.state.eras.get(place));
            let era = era.ok_or_else(|| Fault::of("a decision was made by a ruleset that is not named"))?;
            let decision = read_decision(&mut record, &mut self.names, &era.stamp)?;
            record.end()?;
            self.state.fallen.push(Fallen { decision: Arc::new(decision), marks: Vec::new() });
        }
        Ok(())
    }
}

/// How deadlines after one type of event are taken over.
struct DueEvent {
    event: EventId,
    /// How many it keeps now.
    fields: usize,
    /// Per field that was kept: its place and type now.
    places: Vec<Option<(usize, Ty)>>,
}

fn known_place<'b, 'p>(
    (bytes, place): (Bytes<'b>, &'p Option<(usize, Ty)>),
) -> Option<(Bytes<'b>, (usize, &'p Ty))> {
    place.as_ref().map(|(place, ty)| (bytes, (*place, ty)))
}

/// Of a label without an end.
const FOR_EVER: Time = Time(i64::MAX);

/// Of what is lacking, as far as it can be told by an event.
fn moment(lacks: i64) -> Time {
    Time::in_range(lacks).unwrap_or(NEVER)
}

fn header(reader: &mut Reader<'_>) -> Result<Vec<u8>, Fault> {
    let mut record = reader.record()?.ok_or_else(no_header)?;
    Ok(record.take_rest().to_vec())
}

fn no_header() -> Fault {
    Fault::of("a section does not say what it is of")
}

fn unknown_section(kind: &str) -> Fault {
    Fault::of(format!("the state has a section `{}`, which is none that there is", kind.escape_debug()))
}

/// What a section is of, for people.
fn kind_words(kind: &str) -> Result<&'static str, Fault> {
    Ok(match kind {
        CELLS => "memory",
        SEQUENCE => "sequence",
        LABEL => "label",
        MUTE => "mute",
        ASKED | ACTED => "once",
        LIST => "list",
        TABLE => "table",
        CALENDAR => "calendar",
        DEADLINES => "deadlines",
        _ => return Err(unknown_section(kind)),
    })
}

fn keyed_words(what: &str, name: &str, keyed: &Keyed) -> String {
    let events: Vec<String> = keyed.events.iter().map(|(event, keys)| format!("{event} by {keys}")).collect();
    format!("{what} {name}: {}", events.join(" | "))
}

fn read_keyed(bytes: &mut Bytes<'_>) -> Result<Keyed, Fault> {
    Ok(Keyed {
        types: bytes.text()?.to_string(),
        events: bytes.list(|bytes| Ok((bytes.text()?.to_string(), bytes.text()?.to_string())))?,
    })
}

/// Whether a header tells of keys that were kept out.
fn refuses(kind: &str, header: &[u8]) -> Result<bool, Fault> {
    let refused = match kind {
        CELLS => SavedMemory::load_all(Bytes::new(header))?.1,
        SEQUENCE => SavedSequence::load(Bytes::new(header))?.1,
        _ => return Ok(false),
    };
    Ok(!refused.is_empty())
}

/// Names and types.
fn read_fields(bytes: &mut Bytes<'_>) -> Result<Vec<(String, String)>, Fault> {
    bytes.list(|bytes| Ok((bytes.text()?.to_string(), bytes.text()?.to_string())))
}

/// Where the fields of a row stand now; those that are no more, or of another type, nowhere.
fn places(meaning: &Meaning<'_>, row: &Type, saved: &[(String, String)]) -> Vec<Option<usize>> {
    let now = row_fields(meaning, row);
    saved.iter().map(|field| now.iter().position(|known| known == field)).collect()
}

fn read_entry(mut record: Bytes<'_>) -> Result<Entry, Fault> {
    let key = KeyHash(record.u128()?);
    let prefix = record.option(|bytes| Ok(Prefix { v4: bytes.flag()?, bits: bytes.u8()? }))?;
    record.end()?;
    Ok(Entry { key, prefix })
}

fn read_row(mut record: Bytes<'_>, row: &Type, places: &[Option<usize>]) -> Result<(KeyHash, Row), Fault> {
    let key = KeyHash(record.u128()?);
    let newest = record.time()?;
    let saved = record.list(|bytes| bytes.option(|bytes| Ok((bytes.time()?, bytes.nested()?))))?;
    record.end()?;
    let Type::Record(known) = row.representation() else { return Err(Fault::of("a row is none")) };
    let mut fields = vec![None; known.fields.len()];
    for (field, place) in saved.into_iter().zip(places) {
        let (Some((at, mut bytes)), Some(place)) = (field, place) else { continue };
        if let (Some(to), Some(of)) = (fields.get_mut(*place), known.fields.get(*place)) {
            *to = Some((at, read_value(&mut bytes, &of.ty.base)?));
        }
        bytes.end()?;
    }
    Ok((key, Row { newest, fields }))
}

fn read_spans(mut record: Bytes<'_>) -> Result<(KeyHash, Spans), Fault> {
    let key = KeyHash(record.u128()?);
    let newest = record.time()?;
    let lost = record.option(Bytes::time)?;
    let spans = record.list(|bytes| Ok((bytes.time()?, bytes.time()?)))?;
    record.end()?;
    let sorted = spans.iter().flat_map(|(from, until)| [from, until]).is_sorted();
    if !sorted {
        return Err(Fault::of("the spans of a calendar are not in order"));
    }
    Ok((key, Spans { newest, spans, lost }))
}
