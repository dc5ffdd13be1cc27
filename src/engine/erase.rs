//! One key that nothing may remember any more.
//!
//! Erasing is an input like any other: it is written down before it is done, and done again when the log is. What can only
//! be found with the value in clear is found once and written down by other names, so that the value is not.

mod needles;

use std::collections::HashSet;
use std::sync::Arc;

use super::durable::{StoreError, kind};
use super::evaluate::{Engine, State};
use super::show::Under;
use crate::builtins::short_hash;
use crate::model::decision::Decision;
use crate::model::ids::{CalendarId, ListId, MemoryId, SequenceId, TableId};
use crate::model::types::Type;
use crate::model::value::{Datum, Value};
use crate::state::disk::Records;
use crate::state::erase::{Erasing, value_hash};
use crate::state::save::{Bytes, Fault, Out, write_datum, write_decision};
use crate::state::{Identity, Kept, KeyHash, Store, Waiting};
pub(crate) use needles::{Looking, Needles, Trace};

/// What was erased, and what could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Memories of windows.
    pub memories: u64,
    /// Memories of sequences.
    pub sequences: u64,
    /// Memories and rows of other keys in which it stood as a value. Counts of different values are as they were.
    pub values: u64,
    /// Labels on it.
    pub labels: u64,
    /// Mutes by it.
    pub mutes: u64,
    /// Moments for which `once` waits.
    pub once: u64,
    /// Deadlines that waited, by its key or with it in what they keep of their event.
    pub deadlines: u64,
    /// Entries of lists, rows of tables and rows of calendars.
    pub filled: u64,
    /// Kept decisions that name it: a retry of such an event is decided anew.
    pub decisions: u64,
    /// Records of what no ruleset knows any more.
    pub aside: u64,
    /// What it may still be in, in words: what is kept by it and other keys together is found under a keyed hash of all of
    /// them, from which no one of them can be told.
    pub left: Vec<String>,
}

/// What is to be erased, as it is written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Plan {
    entity: String,
    key: u128,
    /// What takes the place of its hash among values that are told apart.
    stand_in: u128,
    /// Events whose decisions go.
    decisions: Vec<u128>,
    /// Sorted.
    deadlines: Vec<u64>,
    /// Of what was put aside: which, and its records, sorted.
    aside: Vec<(u32, Vec<u32>)>,
}

/// So many decisions and deadlines are named by one record: records are not as long as plans can be.
const NAMED: usize = 1 << 18;

impl Plan {
    fn write(&self, out: &mut Out) {
        out.text(&self.entity);
        out.u128(self.key);
        out.u128(self.stand_in);
        out.list(&self.decisions, |out, event| out.u128(*event));
        out.list(&self.deadlines, |out, number| out.u64(*number));
        out.list(&self.aside, |out, (of, places)| {
            out.u32(*of);
            out.list(places, |out, place| out.u32(*place));
        });
    }

    fn read(mut bytes: Bytes<'_>) -> Result<Plan, Fault> {
        let plan = Plan {
            entity: bytes.text()?.to_string(),
            key: bytes.u128()?,
            stand_in: bytes.u128()?,
            decisions: bytes.list(Bytes::u128)?,
            deadlines: bytes.list(Bytes::u64)?,
            aside: bytes.list(|bytes| Ok((bytes.u32()?, bytes.list(Bytes::u32)?)))?,
        };
        bytes.end()?;
        Ok(plan)
    }

    /// Parts that come to the same one after the other.
    fn parts(self) -> Vec<Plan> {
        let Plan { entity, key, stand_in, decisions, deadlines, aside } = self;
        let part = || Plan { entity: entity.clone(), key, stand_in, ..Plan::default() };
        let mut parts = vec![Plan { aside, ..part() }];
        parts.extend(decisions.chunks(NAMED).map(|some| Plan { decisions: some.to_vec(), ..part() }));
        parts.extend(deadlines.chunks(NAMED).map(|some| Plan { deadlines: some.to_vec(), ..part() }));
        parts
    }
}

impl Engine {
    /// Forgets one buyer, device, card …: whatever is kept by it alone is as if it had never come, and nothing that is
    /// kept names it any more. With a store it is written down like an event, so that it stays forgotten; the files still
    /// have what came before until a second snapshot is written after it ([`Engine::clear_log`]).
    ///
    /// No event is decided meanwhile: everything that is remembered is looked through.
    ///
    /// ```
    /// use rulec::{Engine, compile_text};
    ///
    /// let rules = r#"
    ///     entity buyer
    ///     event login { buyer: buyer }
    ///     rule busy on login { review if count(login) by buyer over 1h before this >= 1 }
    /// "#;
    /// let engine = Engine::new(compile_text("shop.rules", rules).unwrap().ruleset);
    /// let login = |id: u32| format!(r#"{{"type":"login","id":{id},"at":"2026-11-11T10:0{id}:00Z","buyer":"b1"}}"#);
    /// engine.decide_json(login(1).as_bytes());
    /// let erased = engine.erase("buyer", "b1")?;
    /// assert_eq!(erased.memories, 1);
    /// assert_eq!(engine.decide_json(login(2).as_bytes()).outcome(), "allow");
    /// # Ok::<(), rulec::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such entity, or the text is no value of it; or if the store can't write any more: then nothing was
    /// erased.
    pub fn erase(&self, entity: &str, value: &str) -> Result<Erased, StoreError> {
        let (needles, key) = self.needles(entity, value)?;
        let mut inner = self.lock();
        let parts = self.plan(&inner.state, entity, key, &needles)?.parts();
        let mut number = 0;
        if let Some(durable) = self.durable() {
            let mut records = Records::default();
            for part in &parts {
                let mut out = Out(vec![kind::ERASE]);
                part.write(&mut out);
                records.push(|record| record.extend_from_slice(&out.0));
            }
            number = durable.push(&mut records)?;
        }
        let mut erased = Erased { left: self.left(entity, &inner.state.store), ..Erased::default() };
        for part in &parts {
            self.carry_out(&mut inner.state, part, &mut erased).map_err(told)?;
        }
        self.keep_snapshots(&inner);
        drop(inner);
        if let Some(durable) = self.durable() {
            durable.wait(number)?;
        }
        Ok(erased)
    }

    /// As it was written down; `untold` are decisions that may have to be told again.
    pub(crate) fn erase_again(
        &self,
        record: &[u8],
        untold: &mut Vec<(u64, Arc<Decision>)>,
    ) -> Result<(), StoreError> {
        let plan = Plan::read(Bytes::new(record)).map_err(told)?;
        untold.retain(|(_, decision)| !plan.decisions.contains(&self.identity(decision).0));
        self.carry_out(&mut self.lock().state, &plan, &mut Erased::default()).map_err(told)
    }

    /// By what traces of a value are found.
    pub(crate) fn needles(&self, entity: &str, value: &str) -> Result<(Needles, KeyHash), StoreError> {
        let (key, plain) = self.key_hash(entity, value).map_err(StoreError::new)?;
        let short = short_hash(&self.options.hash_key, &plain);
        Ok((Needles::new([value.to_string(), plain, short], key.0), key))
    }

    fn under<'e>(&'e self, entity: &'e str, key: KeyHash) -> Under<'e> {
        Under { hir: &self.ruleset.hir, entity, key }
    }

    fn plan(&self, state: &State, entity: &str, key: KeyHash, needles: &Needles) -> Result<Plan, StoreError> {
        // Of what is remembered alone, so that two engines that remember the same go on alike.
        let salt = format!("{:032x} {} {}", key.0, state.dedupe.now().0, state.dedupe.applied().len());
        let mut aside = Vec::new();
        for (place, put) in state.aside.iter().enumerate() {
            let places = put.find(&|record| needles.is_in(record)).map_err(told)?;
            if !places.is_empty() {
                aside.push((place as u32, places));
            }
        }
        let mut plan = Plan {
            entity: entity.to_string(),
            key: key.0,
            stand_in: self.hasher.identity(self.hasher.mark("erased"), &salt).0,
            decisions: self.named(state, needles),
            deadlines: self.waiting(state, self.under(entity, key), needles),
            aside,
        };
        plan.deadlines.sort_unstable();
        Ok(plan)
    }

    /// Events whose decisions name it.
    fn named(&self, state: &State, needles: &Needles) -> Vec<u128> {
        let mut bytes = Out::default();
        let mut names = |decision: &Decision| {
            bytes.0.clear();
            write_decision(&mut bytes, decision);
            needles.is_in(&bytes.0)
        };
        let applied = state.dedupe.applied().filter_map(|applied| match &applied.decision {
            Kept::Whole(decision) if names(decision) => Some(applied.event().0),
            _ => None,
        });
        let mut all: Vec<u128> = applied.collect();
        all.extend(
            state.untold().filter(|decision| names(decision)).map(|decision| self.identity(&decision).0),
        );
        all
    }

    fn identity(&self, decision: &Decision) -> Identity {
        self.hasher.identity(self.hasher.mark(&decision.event_type), &decision.event)
    }

    /// Deadlines that wait for it, or keep it.
    fn waiting(&self, state: &State, under: Under<'_>, needles: &Needles) -> Vec<u64> {
        let mut bytes = Out::default();
        let mut holds = |waiting: &Waiting| {
            bytes.0.clear();
            waiting.fields.iter().for_each(|field| write_datum(&mut bytes, field));
            needles.is_in(&bytes.0) || self.is_field_of(waiting, under)
        };
        let pending = state.deadlines.pending().filter(|(due, waiting)| {
            let absence = self.ruleset.absences.get(waiting.absence as usize);
            waiting.key == under.key && under.waits(absence)
                || needles.is_in(due.event.as_bytes())
                || holds(waiting)
        });
        pending.map(|(due, _)| due.number()).collect()
    }

    /// Whether a field is the value, in whatever form it is kept.
    fn is_field_of(&self, waiting: &Waiting, under: Under<'_>) -> bool {
        let absence = self.ruleset.absences.get(waiting.absence as usize);
        let place = absence.and_then(|absence| absence.due.iter().find(|(of, _)| *of == waiting.event));
        let Some(plan) = place.and_then(|(_, place)| self.ruleset.plan.events.get(*place)) else {
            return false;
        };
        let schema = &self.ruleset.hir.schema.events[waiting.event.index()];
        plan.fields.iter().zip(&waiting.fields).any(|(field, datum)| {
            let ty = schema.fields.get(field.index()).map(|field| &field.ty.base);
            match (ty, datum) {
                (Some(ty), Datum::Known(value)) => self.is_value(value, ty, under),
                _ => false,
            }
        })
    }

    fn is_value(&self, value: &Value, ty: &Type, under: Under<'_>) -> bool {
        under.is_of(std::slice::from_ref(ty)) && value_hash(&self.hasher, value, ty) == Some(under.key)
    }

    fn carry_out(&self, state: &mut State, plan: &Plan, erased: &mut Erased) -> Result<(), Fault> {
        let key = KeyHash(plan.key);
        let under = self.under(&plan.entity, key);
        let hir = &self.ruleset.hir;
        let State { store, sequences, deadlines, effects, dedupe, aside, .. } = state;
        // The type is that of each memory's values.
        let erasing = Erasing { key, stand_in: plan.stand_in, ty: &Type::Text, hasher: &self.hasher };
        let (memories, values) = store.erase(&erasing, &|types| under.is_of(types));
        erased.memories += memories;
        erased.values += values;
        for (id, sequence) in hir.sequences.iter().enumerate() {
            let goes =
                under.is_of(&sequence.keys) && sequences.erase(SequenceId::new(id), key, store.budget());
            erased.sequences += u64::from(goes);
        }
        let [labels, mutes, once] = effects.erase(key, &|held| under.holds(held));
        erased.labels += labels;
        erased.mutes += mutes;
        erased.once += once;
        erased.deadlines += deadlines.erase(&plan.deadlines);
        let events: HashSet<Identity> = plan.decisions.iter().copied().map(Identity).collect();
        erased.decisions += dedupe.erase(&events);
        for (of, places) in &plan.aside {
            if let Some(put) = aside.get_mut(*of as usize) {
                put.erase(places)?;
                erased.aside += places.len() as u64;
            }
        }
        aside.retain(|put| !put.records.is_empty());
        erased.decisions += state.untell(|decision| events.contains(&self.identity(decision)));
        self.empty(state, under, erased);
        Ok(())
    }

    /// What lines and events have filled.
    fn empty(&self, state: &mut State, under: Under<'_>, erased: &mut Erased) {
        let hir = &self.ruleset.hir;
        let feeds = &mut state.feeds;
        let key = under.key;
        let mut filled = 0;
        for (id, list) in hir.lists.iter().enumerate() {
            let goes = under.is_of(std::slice::from_ref(&list.ty)) && feeds.lists.erase(ListId::new(id), key);
            filled += u64::from(goes);
        }
        for (id, table) in hir.tables.iter().enumerate() {
            filled += u64::from(under.is_of(&table.keys) && feeds.rows.erase(TableId::new(id), key));
        }
        for (id, calendar) in hir.calendars.iter().enumerate() {
            let goes = under.is_of(&calendar.keys) && feeds.calendars.erase(CalendarId::new(id), key);
            filled += u64::from(goes);
        }
        erased.filled += filled;
        erased.values += feeds.rows.erase_values(|table, place, value| {
            let Type::Record(record) = hir.tables[table.index()].value.representation() else { return false };
            record.fields.get(place).is_some_and(|field| self.is_value(value, &field.ty.base, under))
        });
    }

    /// What is kept by the entity and others together, and values that are kept as numbers.
    fn left(&self, entity: &str, store: &Store) -> Vec<String> {
        let hir = &self.ruleset.hir;
        let is = |ty: &Type| matches!(ty, Type::Entity(own) if *own.name == *entity);
        let several = |types: &[Type]| types.len() > 1 && types.iter().any(is);
        let mut left = Vec::new();
        for (id, memory) in hir.memories.iter().enumerate() {
            let counts = memory.value.as_ref().is_some_and(is) && !store.holds_hashes(MemoryId::new(id));
            if several(&memory.keys) || counts {
                left.push(format!("memory {}", memory.identity));
            }
        }
        let named = |kind: &str, name: &str| format!("{kind} {name}");
        let sequences = hir.sequences.iter().filter(|sequence| several(&sequence.keys));
        left.extend(sequences.map(|sequence| named("sequence", &sequence.identity)));
        left.extend(
            hir.mutes.iter().filter(|mute| several(&mute.keys)).map(|mute| named("mute", &mute.identity)),
        );
        for action in &hir.actions {
            let keys = action.once.iter().flat_map(|once| &once.keys);
            let types: Vec<Type> =
                keys.filter_map(|key| Some(action.parameters.get(*key)?.1.clone())).collect();
            if several(&types) {
                left.push(named("once", &action.name));
            }
        }
        for rule in &hir.rules {
            let once = rule.bodies.first().and_then(|body| body.once.as_ref());
            let types: Vec<Type> =
                once.into_iter().flat_map(|once| &once.keys).map(|key| key.ty.base.clone()).collect();
            if several(&types) {
                left.push(named("once", &rule.name));
            }
        }
        let tables = hir.tables.iter().filter(|table| table.feed.is_some() && several(&table.keys));
        left.extend(tables.map(|table| named("table", &table.name)));
        let calendars =
            hir.calendars.iter().filter(|calendar| calendar.feed.is_some() && several(&calendar.keys));
        left.extend(calendars.map(|calendar| named("calendar", &calendar.name)));
        left
    }

    /// Writes two snapshots, one after the other, so that the files have nothing of what is no longer remembered: neither
    /// older snapshots nor the log before them are left. Without a store nothing happens.
    ///
    /// # Errors
    /// If the disk fails; what is left then goes with later snapshots.
    pub fn clear_log(&self) -> Result<(), StoreError> {
        let Some(durable) = self.durable() else { return Ok(()) };
        for _ in 0..2 {
            // A snapshot is known by the last record before it.
            let mut records = Records::default();
            records.push(|out| out.push(kind::NOTHING));
            let inner = self.lock();
            durable.push(&mut records)?;
            drop(inner);
            self.snapshot()?;
        }
        Ok(())
    }
}

fn told(fault: Fault) -> StoreError {
    match fault {
        Fault::Source => StoreError::damaged("it can't be read"),
        Fault::Damaged(what) => StoreError::damaged(what),
    }
}
