//! Sequences and deadlines: what an event has to do with those before and after it.

use std::sync::Arc;

use super::code::{EventCode, SetCode};
use super::effects::Known;
use super::evaluate::{Engine, KeysOf, Memory, State, Wrote, count_rules};
use super::explain::explain;
use super::hits::Writing;
use super::judge::{Mark, Said, Subject, Verdict, is_active};
use super::ruleset::Ruleset;
use super::testing::Fallen;
use crate::model::decision::{CannotSay, Decision};
use crate::model::ids::{EventId, MemoryId, RuleId, SequenceId};
use crate::model::schema::EventSchema;
use crate::model::slot::{Arena, Slot};
use crate::model::time::{Duration, Time};
use crate::model::types::{Ty, Type};
use crate::model::value::{Datum, Unknown};
use crate::model::window::AggregateFn;
use crate::plan::Plan;
use crate::sema::hir::Hir;
use crate::state::deadlines::Due;
use crate::state::{
    Bounds, Budget, Deadlines, Edges, KeyHash, KeyHasher, SequenceSpec, Sequences, Steps, Store, Waiting,
};
use crate::vm::{Machine, Reg};

/// A rule on something that did not happen.
#[derive(Debug)]
pub(super) struct AbsenceCode {
    pub rule: RuleId,
    pub name: Arc<str>,
    pub memory: MemoryId,
    pub within: Duration,
    /// From `no` on, as written.
    pub text: Arc<str>,
    /// By the event that set the deadline: the place of what to do when it falls due.
    pub due: Vec<(EventId, usize)>,
}

impl AbsenceCode {
    pub fn all(plan: &Plan, hir: &Hir) -> Vec<AbsenceCode> {
        let code = |absence: &crate::plan::ir::AbsencePlan| AbsenceCode {
            rule: absence.rule,
            name: hir.rule(absence.rule).name.as_str().into(),
            memory: absence.memory,
            within: absence.within,
            text: plan.traces.text(absence.text).clone(),
            due: absence.due.clone(),
        };
        plan.absences.iter().map(code).collect()
    }

    fn due_on(&self, event: EventId) -> Option<usize> {
        self.due.iter().find(|(of, _)| *of == event).map(|(_, place)| *place)
    }
}

pub(super) fn sequence_specs(hir: &Hir) -> Vec<SequenceSpec> {
    let spec = |memory: &crate::sema::hir::SequenceMemory| SequenceSpec {
        reach: memory.reach,
        steps: memory.elements.iter().filter(|element| !element.absent).count() as u32,
    };
    hir.sequences.iter().map(spec).collect()
}

/// Registers of a key, and their types.
#[derive(Debug)]
pub(super) struct KeyRegs {
    pub regs: Vec<Reg>,
    pub types: Vec<Type>,
}

impl KeyRegs {
    fn hash(&self, machine: &Machine<'_>, hasher: &KeyHasher) -> Result<KeyHash, Unknown> {
        let slots = || self.regs.iter().map(|reg| machine.get(*reg));
        hasher
            .hash_all(slots(), &self.types, &machine.arenas())
            .ok_or_else(|| slots().find(|slot| !slot.is_known()).map_or(Unknown::Missing, Slot::why))
    }
}

#[derive(Debug)]
pub(super) struct SequenceWriteCode {
    pub memory: SequenceId,
    pub key: KeyRegs,
    pub steps: Vec<(Option<Reg>, Steps)>,
}

#[derive(Debug)]
pub(super) struct SequenceReadCode {
    pub to: Reg,
    pub memory: SequenceId,
    pub within: Duration,
    pub key: KeyRegs,
}

/// The first phase: every question about a sequence.
pub(super) fn read_sequences(
    machine: &mut Machine<'_>,
    code: &EventCode,
    sequences: &Sequences,
    hasher: &KeyHasher,
    at: Time,
) {
    for read in &code.sequence_reads {
        let slot = match read.key.hash(machine, hasher) {
            Ok(key) => sequences.read(read.memory, key, at, read.within),
            Err(why) => Slot::unknown(why),
        };
        slot.put(&mut machine.frame.slots[read.to as usize]);
    }
}

/// The third phase.
pub(super) fn write_sequences(
    machine: &Machine<'_>,
    code: &EventCode,
    sequences: &mut Sequences,
    (budget, hasher): (&mut Budget, &KeyHasher),
    at: Time,
    wrote: &mut Wrote,
) {
    for write in &code.sequence_writes {
        let holds = |filter: &Option<Reg>| filter.is_none_or(|filter| machine.get(filter).is_true());
        let held = write.steps.iter().filter(|(filter, _)| holds(filter));
        let steps = held.fold(Steps::default(), |all, (_, steps)| all.or(*steps));
        if !steps.is_nothing()
            && let Ok(key) = write.key.hash(machine, hasher)
        {
            match sequences.write(write.memory, key, at, steps, budget) {
                Some(outcome) => wrote.late |= outcome.late,
                None => wrote.full = true,
            }
        }
    }
}

/// Deadlines that an event sets, and rules that can't say whether it does.
#[derive(Debug, Default)]
pub(super) struct Sets {
    pub set: Vec<(Time, Waiting)>,
    pub cannot_say: Vec<CannotSay>,
}

/// What is known of a deadline that an event would set.
enum Set {
    /// It sets none, or what must not come has come already.
    No {
        came: bool,
    },
    CannotSay(Vec<String>),
    Yes(Time, Waiting),
}

/// Asked before anything of the event is written.
pub(super) fn deadlines_of(
    machine: &mut Machine<'_>,
    code: &EventCode,
    ruleset: &Ruleset,
    (store, deadlines): (&mut Store, &Deadlines),
    event: EventId,
    marks: &mut Vec<Mark>,
) -> Sets {
    let mut sets = Sets::default();
    for set in &code.sets {
        let Some(absence) = ruleset.absences.get(set.absence as usize) else { continue };
        let mut mark = |said| marks.push(Mark { rule: absence.rule, said, band: None });
        match deadline_of(machine, set, absence, ruleset, (&mut *store, deadlines), event) {
            Set::No { came } => {
                if came {
                    mark(Said::Cancelled);
                }
            }
            Set::CannotSay(missing) => {
                mark(Said::CannotSay);
                sets.cannot_say.push(CannotSay { rule: absence.name.clone(), missing });
            }
            Set::Yes(due, waiting) => sets.set.push((due, waiting)),
        }
    }
    sets
}

fn deadline_of(
    machine: &mut Machine<'_>,
    set: &SetCode,
    absence: &AbsenceCode,
    ruleset: &Ruleset,
    (store, deadlines): (&mut Store, &Deadlines),
    event: EventId,
) -> Set {
    const NO: Set = Set::No { came: false };
    let at = machine.around.at;
    // No time is later than the last one, so a deadline behind it never comes.
    let Some(due) = at.0.checked_add(absence.within.0).and_then(Time::in_range) else { return NO };
    let Some(place) = absence.due_on(event) else { return NO };
    let Some(code) = ruleset.events.get(place) else { return NO };
    if !code.rules.iter().all(|rule| is_active(rule, due)) {
        return NO;
    }
    let filter = set.filter.map(|(reg, trace)| (machine.get(reg), trace));
    if filter.is_some_and(|(slot, _)| slot.is_known() && !slot.is_true()) {
        return NO;
    }
    let key = set.key.hash(machine, store.hasher());
    let unclear = filter.filter(|(slot, _)| !slot.is_known());
    let mut missing = Vec::new();
    let (Ok(key), None) = (key, unclear) else {
        let traces = set.traces.iter().chain(unclear.as_ref().map(|(_, trace)| trace));
        for trace in traces {
            explain(machine, &ruleset.plan.traces, *trace, &mut missing);
        }
        return Set::CannotSay(missing);
    };
    let bounds = Bounds::Within { after: at.0.saturating_sub(1), through: due.0 - 1 };
    let group = store.group(absence.memory);
    let cell = store.find(group, key);
    let full = store.full(group, key, cell);
    let question = store.question(absence.memory, AggregateFn::Any, Edges::default());
    let came = store.cell(group, cell, at).full(full).read(
        &question,
        bounds,
        at,
        None,
        machine.constants,
        machine.arena,
    );
    let limit = ruleset.hir.header.limits.entries as usize;
    let why = if !came.is_known() {
        came.why()
    } else if came.is_true() {
        return Set::No { came: true };
    } else if deadlines.waiting(set.absence, key) >= limit {
        Unknown::Saturated
    } else {
        let fields = kept_fields(machine, ruleset, place, event);
        return Set::Yes(due, Waiting { absence: set.absence, key, event, fields });
    };
    missing.push(match why.reason() {
        Some(reason) => format!("{} ({reason})", absence.text),
        None => absence.text.to_string(),
    });
    Set::CannotSay(missing)
}

/// The fields that will be looked at, in the order of the plan.
fn kept_fields(machine: &Machine<'_>, ruleset: &Ruleset, place: usize, event: EventId) -> Vec<Datum> {
    let Some(plan) = ruleset.plan.events.get(place) else { return Vec::new() };
    let schema = &ruleset.hir.schema.events[event.index()];
    let kept = plan.fields.iter().map(|field| match schema.fields.get(field.index()) {
        Some(of) => machine.arenas().datum(machine.get(field.0), &of.ty.base),
        None => Datum::MISSING,
    });
    kept.collect()
}

impl Engine {
    /// Decides what is due once engine time reaches `told`, one after the other.
    #[inline]
    pub(super) fn fall_due(&self, state: &mut State, told: Time) -> Vec<Fallen> {
        let now = state.dedupe.now().max(told);
        if state.deadlines.is_due(now) { self.decide_due(state, now) } else { Vec::new() }
    }

    #[cold]
    fn decide_due(&self, state: &mut State, now: Time) -> Vec<Fallen> {
        let mut fallen = Vec::new();
        while let Some((due, waiting)) = state.deadlines.take_due(now) {
            fallen.extend(self.decide_deadline(state, &due, &waiting));
        }
        fallen
    }

    /// The rule with the fields of the event that set it, at the deadline. `None` outside of `active`.
    fn decide_deadline(&self, state: &mut State, due: &Due, waiting: &Waiting) -> Option<Fallen> {
        let ruleset = &*self.ruleset;
        let place = ruleset.absences.get(waiting.absence as usize)?.due_on(waiting.event)?;
        let (code, plan) = (ruleset.events.get(place)?, ruleset.plan.events.get(place)?);
        if !code.rules.iter().all(|rule| is_active(rule, due.at)) {
            return None;
        }
        let State {
            store,
            sequences,
            deadlines,
            effects,
            feeds,
            dedupe,
            since,
            frames,
            groups,
            questions,
            scratch,
            stats,
            ..
        } = state;
        let mut arena = Arena::new();
        let frame = frames.get_mut(place)?;
        let schema = &ruleset.hir.schema.events[waiting.event.index()];
        for (field, datum) in plan.fields.iter().zip(&waiting.fields) {
            let ty = schema.fields.get(field.index()).map_or(Type::Bool.optional(), |of| of.ty.clone());
            frame.slots[field.index()] = arena.add_datum(datum, &Ty { optional: true, ..ty });
        }
        frame.slots[EventSchema::AT.index()] = Slot::int(due.at.0);
        let subject = Subject { id: arena.add_text(&due.event), at: due.at };
        let known = Known {
            effects: &*effects,
            feeds: &*feeds,
            since: &*since,
            hir: &ruleset.hir,
            hasher: &self.hasher,
        };
        let memory = Memory {
            store,
            sequences,
            keys: KeysOf { groups: &groups[place], hashes: &[], cells: &[] },
            questions: &questions[place],
        };
        // What was said of the last event stays.
        let of_event = std::mem::take(&mut scratch.marks);
        let (verdict, _) = self.settle(place, frame, &mut arena, &known, memory, scratch, subject);
        let mut verdict = verdict.map_or_else(|| Verdict::quiet(code.quiet), |verdict| *verdict);
        let marks = std::mem::replace(&mut scratch.marks, of_event);
        if ruleset.hits.is_some() && !verdict.rules.is_empty() {
            self.count_others(store, (effects, feeds, deadlines, dedupe));
            let writing =
                Writing { known: &known, arena: &mut arena, frames, groups, store, sequences, scratch };
            let full = self.write_hits(&verdict.rules, (waiting.event, place), due.at, writing);
            stats.full += u64::from(full);
        }
        let mut bad = std::mem::take(&mut verdict.bad);
        bad.sort_unstable();
        verdict.effects = std::mem::take(&mut verdict.sent).apply(effects);
        stats.deadlines += 1;
        if let Some(count) = stats.deadline_outcomes.get_mut(verdict.outcome.index()) {
            *count += 1;
        }
        count_rules(stats, &marks);
        let id: Arc<str> = format!("{}#{}", due.event, due.rule).into();
        let decision = self.decision(code, id, due.at, verdict, bad, false);
        let decision = Arc::new(Decision { event_type: "deadline".into(), ..decision });
        Some(Fallen { decision, marks })
    }
}

/// Takes back and sets deadlines, in this order: an event takes none back that it sets itself.
pub(super) fn write_deadlines(
    code: &EventCode,
    ruleset: &Ruleset,
    deadlines: &mut Deadlines,
    counted: impl Fn(usize) -> Option<KeyHash>,
    (id, at): (&str, Time),
    set: Vec<(Time, Waiting)>,
    marks: &mut Vec<Mark>,
) {
    for cancel in &code.cancels {
        let Some(absence) = ruleset.absences.get(cancel.absence) else { continue };
        let Some(key) = counted(cancel.write) else { continue };
        if deadlines.cancel(cancel.absence as u32, key, at, absence.within) > 0 {
            marks.push(Mark { rule: absence.rule, said: Said::Cancelled, band: None });
        }
    }
    for (due, waiting) in set {
        if let Some(absence) = ruleset.absences.get(waiting.absence as usize) {
            deadlines.set(due, absence.name.clone(), id.into(), waiting);
        }
    }
}
