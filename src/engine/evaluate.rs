//! One event after the other: read and evaluate, decide, write.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use super::EngineOptions;
use super::code::{EventCode, KeyCode, ReadCode, WriteCode};
use super::effects::Known;
use super::feeds::{self, tellings, write_feeds};
use super::hits::Writing;
use super::judge::{Judge, Mark, Said, Subject, Verdict};
use super::keep::{Kept as Written, Recovery};
use super::later::{deadlines_of, read_sequences, sequence_specs, write_deadlines, write_sequences};
use super::read::{Pending, Prepared};
use super::ruleset::Ruleset;
use super::save::Era;
use super::stats::{RuleStats, Stats};
use super::testing::Fallen;
use super::told::Told;
use super::warming::Since;
use crate::decode::Decoder;
use crate::model::decision::Decision;
use crate::model::event::ListLine;
use crate::model::ids::{EventId, OutcomeId};
use crate::model::slot::{Arena, Slot};
use crate::model::time::Time;
use crate::model::value::Unknown;
use crate::state::disk::Records;
use crate::state::save::Aside;
use crate::state::{
    Bounds, CellId, Deadlines, Dedupe, Effects, Feeds, GroupId, Kept, KeyHash, KeyHasher, MANY_WORDS,
    Options, Question, Sequences, Sights, Store, touch,
};
use crate::vm::{Data, Frame, Machine, Surroundings};

/// Decides events with a ruleset, and remembers what its windows need.
///
/// It may be shared by threads: every method takes `&self`, and events are decided one at a time, in the order in which
/// they come. The same ruleset and the same sequence of events give byte-identical decisions. Memory lives as long as
/// the engine.
///
/// ```
/// use rulec::{Engine, compile_text};
///
/// let rules = r#"
///     entity buyer
///     event login { buyer: buyer }
///     rule busy on login {
///         let logins = count(login) by buyer over 1h including this
///         review if logins >= 2
///         because "{logins} logins in an hour"
///     }
/// "#;
/// let engine = Engine::new(compile_text("shop.rules", rules).unwrap().ruleset);
/// let login = |id: u32| format!(r#"{{"type":"login","id":{id},"at":"2026-11-11T10:0{id}:00Z","buyer":"b1"}}"#);
/// assert_eq!(engine.decide_json(login(1).as_bytes()).outcome(), "allow");
/// assert_eq!(engine.decide_json(login(2).as_bytes()).outcome(), "review");
/// assert_eq!(engine.stats().decided, 2);
/// ```
#[derive(Debug)]
pub struct Engine {
    pub(super) ruleset: Arc<Ruleset>,
    pub(super) options: EngineOptions,
    pub(super) decoder: Decoder,
    /// The store's own, for those who read events without its lock.
    pub(super) hasher: KeyHasher,
    /// By event type, what stands for its name among what is told apart.
    pub(super) marks: Vec<u64>,
    pub(super) data: Data,
    inner: Mutex<Inner>,
    /// The headers of CSV files by their numbers, for as long as records speak of them.
    pub(super) columns: Mutex<Vec<Vec<Vec<u8>>>>,
    /// Where inputs are written down, if anywhere.
    pub(super) kept: Option<Box<Written>>,
    /// What was found where they were.
    pub(super) recovery: Option<Recovery>,
}

#[derive(Debug)]
pub(super) struct Inner {
    /// For events that come alone.
    pub(super) alone: Pending,
    /// What is written down of it.
    pub(super) records: Records,
    /// How many are in the state: events, lines of the clock and of lists.
    pub(super) inputs: u64,
    pub(super) state: State,
}

/// What changes from event to event.
#[derive(Debug)]
pub(super) struct State {
    pub(super) store: Store,
    pub(super) sequences: Sequences,
    pub(super) deadlines: Deadlines,
    pub(super) effects: Effects,
    pub(super) feeds: Feeds,
    pub(super) dedupe: Dedupe,
    pub(super) since: Since,
    /// The rulesets that kept decisions were made by, and which of them runs.
    pub(super) eras: Vec<Era>,
    pub(super) era: u16,
    /// What is remembered that the ruleset does not know.
    pub(super) aside: Vec<Aside>,
    /// By event type, and then by what falls due, as in the plan.
    pub(super) frames: Vec<Frame>,
    /// As the frames, then by key: the group of memories that are kept by it, and what is looked at there.
    pub(super) groups: Vec<Vec<Option<(GroupId, Sights)>>>,
    /// As the frames, then by read.
    pub(super) questions: Vec<Vec<Question>>,
    pub(super) scratch: Scratch,
    pub(super) stats: Stats,
    /// Deadlines that fell due, until somebody asks for them.
    pub(super) fallen: Vec<Fallen>,
    /// Those that were told and may be lost on their way, if there is a store.
    pub(super) told: Told,
}

/// Room that is used again for every event.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    keys: Vec<Key>,
    slots: Vec<Slot>,
    bounds: Vec<Bounds>,
    /// By write: what the event contributes.
    counted: Vec<Option<Slot>>,
    pub(super) marks: Vec<Mark>,
    cells: Vec<(CellId, Time, u32, u32)>,
}

/// What an evaluation may ask, and what is known of its keys already.
pub(super) struct Memory<'a> {
    pub store: &'a mut Store,
    pub sequences: &'a Sequences,
    pub keys: KeysOf<'a>,
    pub questions: &'a [Question],
}

/// A key of the event: its hash and where it is kept, or why there is none.
#[derive(Copy, Clone, Debug)]
pub(super) enum Key {
    Known { hash: KeyHash, group: GroupId, cell: Option<CellId> },
    Unknown(Unknown),
}

impl State {
    /// Nothing is remembered.
    pub(super) fn new(ruleset: &Ruleset, options: &EngineOptions) -> State {
        let header = &ruleset.hir.header;
        let kept = Options {
            lateness: header.lateness,
            entries: header.limits.entries,
            hash_key: options.hash_key.clone(),
        };
        let mut store = Store::new(&ruleset.memories, &kept);
        store.budget().limit = options.memory;
        let questions = ruleset.events.iter().map(|event| {
            let question = |read: &ReadCode| {
                let edges = store.edges(read.memory, &event.windows[read.window]);
                store.question(read.memory, read.function, edges)
            };
            event.reads.iter().map(question).collect()
        });
        let questions: Vec<Vec<Question>> = questions.collect();
        let groups = ruleset.events.iter().zip(&questions);
        let groups = groups.map(|(event, questions)| groups_of(&store, event, questions)).collect();
        State {
            store,
            sequences: Sequences::new(&sequence_specs(&ruleset.hir), &kept),
            deadlines: Deadlines::new(),
            effects: Effects::default(),
            feeds: Feeds::new(header.limits.entries),
            dedupe: Dedupe::new(options.horizon),
            since: Since::new(ruleset.hir.memories.len(), ruleset.hir.sequences.len()),
            eras: vec![Era::of(ruleset)],
            era: 0,
            aside: Vec::new(),
            frames: ruleset.program.events.iter().map(Frame::new).collect(),
            groups,
            questions,
            scratch: Scratch::default(),
            stats: no_stats(ruleset),
            fallen: Vec::new(),
            told: Told::default(),
        }
    }
}

/// Nothing was counted yet.
fn no_stats(ruleset: &Ruleset) -> Stats {
    Stats {
        outcomes: vec![0; ruleset.outcomes.len()],
        deadline_outcomes: vec![0; ruleset.outcomes.len()],
        rules: vec![RuleStats::default(); ruleset.hir.rules.len()],
        ..Stats::default()
    }
}

impl Engine {
    /// With the default options, and nothing remembered.
    pub fn new(ruleset: Arc<Ruleset>) -> Engine {
        Engine::with_options(ruleset, EngineOptions::default())
    }

    /// With options, and nothing remembered.
    pub fn with_options(ruleset: Arc<Ruleset>, options: EngineOptions) -> Engine {
        let data = ruleset.data.clone();
        Engine::with_data(ruleset, options, data)
    }

    /// With other lists, tables, phrases or rates than the ruleset's own.
    pub(super) fn with_data(ruleset: Arc<Ruleset>, options: EngineOptions, data: Data) -> Engine {
        let state = State::new(&ruleset, &options);
        let hasher = state.store.hasher().clone();
        let events = ruleset.hir.schema.events.iter();
        Engine {
            decoder: super::read::decoder(&ruleset, &options),
            data,
            marks: events.map(|event| hasher.mark(&event.name)).collect(),
            hasher,
            inner: Mutex::new(Inner {
                alone: Pending::default(),
                records: Records::default(),
                inputs: 0,
                state,
            }),
            columns: Mutex::default(),
            kept: None,
            recovery: None,
            ruleset,
            options,
        }
    }

    pub(super) fn no_stats(&self) -> Stats {
        no_stats(&self.ruleset)
    }

    /// What it decides with.
    pub fn ruleset(&self) -> &Arc<Ruleset> {
        &self.ruleset
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        let inner = self.lock();
        let waiting = inner.state.deadlines.len() as u64;
        Stats { waiting, ..inner.state.stats.clone() }
    }

    /// The decisions of deadlines that fell due since this was last asked, in the order in which they did. They wait here
    /// for as long as nobody asks: with rules on something that did not happen, ask after every event or line of the clock.
    /// ([`Engine::decide_pending`] hands them out itself, each at its place.)
    ///
    /// With a store: who asks again, or closes, says that nothing is left to be done for those handed out before. After a
    /// crash all others are handed out once more, with `"duplicate":true`.
    ///
    /// ```
    /// use rulec::{Engine, compile_text};
    ///
    /// let rules = r#"
    ///     event order { order: text }
    ///     event payment { order: text }
    ///     rule unpaid on no payment by order within 48h after order {
    ///         observe always
    ///         because "{order} was not paid for"
    ///     }
    /// "#;
    /// let engine = Engine::new(compile_text("shop.rules", rules).unwrap().ruleset);
    /// engine.decide_json(br#"{"type":"order","id":"e-1","at":"2026-11-11T10:00:00Z","order":"o-1"}"#);
    /// assert!(engine.take_deadlines().is_empty());
    /// engine.decide_json(br#"{"type":"clock","at":"2026-11-13T10:00:00Z"}"#);
    /// let due = engine.take_deadlines();
    /// assert_eq!((&*due[0].event, &*due[0].outcome), ("e-1#unpaid", "observe"));
    /// ```
    pub fn take_deadlines(&self) -> Vec<Arc<Decision>> {
        let (fallen, last) = self.take_with_last();
        // What made them due may not be safe yet; if it never will be, they were not decided.
        let safe = self.durable().filter(|_| !fallen.is_empty());
        if safe.is_some_and(|durable| durable.wait(last).is_err()) {
            return Vec::new();
        }
        fallen.into_iter().map(|fallen| fallen.decision).collect()
    }

    pub(super) fn take_fallen(&self) -> Vec<Fallen> {
        self.take_with_last().0
    }

    /// With the number of the last record that there was then.
    fn take_with_last(&self) -> (Vec<Fallen>, u64) {
        let mut inner = self.lock();
        let fallen = std::mem::take(&mut inner.state.fallen);
        let last = self.hand_out(&mut inner.state, &fallen);
        (fallen, last)
    }

    /// What the rules said of the last event that was not a retry.
    pub(super) fn last_marks(&self) -> Vec<Mark> {
        self.lock().state.scratch.marks.clone()
    }

    /// No code that runs under the lock can leave it half done in a way that matters to the next event.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Changes a list. The same line again changes it again: lines have no id.
    pub(super) fn fill(&self, state: &mut State, line: &ListLine) {
        feeds::change(&mut state.feeds, &self.hasher, &self.ruleset.hir, line);
    }

    /// Brings near what deciding these lines will look at. Changes nothing but `cells`: where their keys are kept.
    pub(super) fn warm(
        &self,
        state: &mut State,
        pending: &Pending,
        lines: Range<usize>,
        cells: &mut Vec<Option<CellId>>,
    ) {
        let State { store, dedupe, groups, scratch, .. } = state;
        let lines = pending.lines.get(lines).unwrap_or_default();
        let events = || lines.iter().filter(|line| line.is_event());
        let keys_of = |line: &Prepared| {
            let keys = pending.keys.get(line.keys..).unwrap_or_default();
            keys.iter().zip(&groups[line.event.index()]).enumerate()
        };
        let mut words: Vec<&u64> = Vec::with_capacity(MANY_WORDS);
        dedupe.words(events().map(|line| line.identity), &mut words);
        for line in events() {
            // Another thread wrote them.
            if let Some(first) = pending.decoded.slots.get(line.slots) {
                words.push(&first.bits);
            }
            for (_, (key, group)) in keys_of(line) {
                if let (Some(hash), Some((group, _))) = (key, group)
                    && let Some(word) = store.home_word(*group, *hash)
                {
                    words.push(word);
                }
            }
        }
        touch(&words);
        cells.clear();
        scratch.cells.clear();
        for line in events() {
            for (place, (key, group)) in keys_of(line) {
                let cell = key.zip(group.as_ref()).and_then(|(hash, (group, _))| store.find(*group, hash));
                cells.push(cell);
                scratch.cells.extend(cell.map(|cell| (cell, line.at, line.event.0, place as u32)));
            }
        }
        let cells = scratch.cells.iter().filter_map(|(cell, at, kind, place)| {
            let (group, sights) = groups[*kind as usize][*place as usize].as_ref()?;
            Some((*group, *cell, sights, *at))
        });
        store.warm(cells);
    }

    /// Decides an event that was accepted. Of a decision in which nothing happened no more is made than it needs.
    ///
    /// `cells`: where its keys are kept, if they were looked for.
    pub(super) fn decide_accepted(
        &self,
        state: &mut State,
        pending: &mut Pending,
        line: usize,
        cells: &[Option<CellId>],
    ) -> Kept {
        let State {
            store,
            sequences,
            deadlines,
            effects,
            feeds,
            dedupe,
            since,
            eras,
            era,
            frames,
            groups,
            questions,
            scratch,
            stats,
            ..
        } = state;
        let Pending { decoded, lines, keys, .. } = pending;
        let line = &mut lines[line];
        stats.decided += 1;
        let ruleset = &*self.ruleset;
        let (event, at, id) = (line.event, line.at, line.id);
        let index = event.index();
        if let Some(applied) = dedupe.check(line.identity, line.received_at.unwrap_or(at)) {
            stats.duplicates += 1;
            let era = &eras[usize::from(applied.era)];
            let conflict = applied.content != line.content && era.is_comparable(event);
            let decision = match &applied.decision {
                Kept::Whole(decision) => Decision::clone(decision),
                Kept::Quiet { at, outcome, late } => Decision {
                    outcome: era.outcome(*outcome),
                    ruleset: era.stamp.clone(),
                    ..self.quiet(event, decoded.text(id), *at, *outcome, *late)
                },
            };
            return Kept::Whole(Arc::new(Decision { duplicate: true, conflict, ..decision }));
        }
        since.begin(dedupe.now());
        let frame = &mut frames[index];
        let code = &ruleset.events[index];
        let slots = decoded.slots.get(line.slots..).unwrap_or_default();
        for (to, slot) in frame.slots.iter_mut().zip(slots).take(code.fields) {
            slot.put(to);
        }
        let first = line.keys;
        let hashes = keys.get(first..first + code.keys.len()).unwrap_or_default();
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
            keys: KeysOf { groups: &groups[index], hashes, cells },
            questions: &questions[index],
        };
        let (mut verdict, mut machine) =
            self.settle(index, frame, &mut decoded.arena, &known, memory, scratch, Subject { id, at });

        let mut set = Vec::new();
        if !code.sets.is_empty() {
            let state = (&mut *store, &*deadlines);
            let mut sets = deadlines_of(&mut machine, code, ruleset, state, event, &mut scratch.marks);
            if !sets.cannot_say.is_empty() {
                let verdict = verdict.get_or_insert_with(|| Box::new(Verdict::quiet(code.quiet)));
                verdict.cannot_say.append(&mut sets.cannot_say);
                verdict.cannot_say.sort_by(|a, b| a.rule.cmp(&b.rule));
            }
            set = sets.set;
        }
        let told = tellings(&machine, &code.feeds, &self.hasher);
        self.count_others(store, (effects, feeds, deadlines, dedupe));
        let mut wrote = write_memory(&machine, code, store, scratch, at);
        if !code.sequence_writes.is_empty() {
            write_sequences(&machine, code, sequences, (store.budget(), &self.hasher), at, &mut wrote);
        }
        if !code.sets.is_empty() || !code.cancels.is_empty() {
            let counts = |write: usize| match scratch.keys[code.writes[write].key] {
                Key::Known { hash, .. } => scratch.counted[write].map(|_| hash),
                Key::Unknown(_) => None,
            };
            let of = (machine.arenas().text(id), at);
            write_deadlines(code, ruleset, deadlines, counts, of, set, &mut scratch.marks);
        }
        let hits = verdict.as_ref().map_or(&[][..], |verdict| &verdict.rules);
        if ruleset.hits.is_some() && !hits.is_empty() {
            let arena = &mut decoded.arena;
            let writing = Writing { known: &known, arena, frames, groups, store, sequences, scratch };
            wrote.full |= self.write_hits(hits, (event, index), at, writing);
        }
        stats.full += u64::from(wrote.full);
        let late = write_feeds(feeds, told, at) || wrote.late;
        if let Some(verdict) = &mut verdict {
            verdict.effects = std::mem::take(&mut verdict.sent).apply(effects);
        }
        let outcome = verdict.as_ref().map_or(code.quiet, |verdict| verdict.outcome);
        count(stats, &scratch.marks, outcome.index(), late);
        let quiet = verdict.as_ref().is_none_or(|verdict| verdict.is_quiet());
        let kept = if quiet && line.bad.is_empty() {
            Kept::Quiet { at, outcome, late }
        } else {
            let mut verdict = verdict.map_or_else(|| Verdict::quiet(outcome), |verdict| *verdict);
            let mut bad = std::mem::take(&mut line.bad);
            verdict.bad.retain(|pointer| !bad.contains(pointer));
            if !verdict.bad.is_empty() {
                bad.append(&mut verdict.bad);
                bad.sort_unstable();
            }
            Kept::Whole(Arc::new(self.decision(code, decoded.text(id).into(), at, verdict, bad, late)))
        };
        dedupe.remember(line.identity, line.content, *era, kept.clone());
        kept
    }

    /// Before anything is written: what takes room beside the memories of events.
    #[inline]
    pub(super) fn count_others(
        &self,
        store: &mut Store,
        (effects, feeds, deadlines, dedupe): (&Effects, &Feeds, &Deadlines, &Dedupe),
    ) {
        if self.options.memory.is_some() {
            store.budget().others = effects.room() + feeds.room() + deadlines.room() + dedupe.room();
        }
    }

    /// What the rules of one plan make of the fields in its frame. Events and deadlines share it, and all that it calls.
    #[inline(never)]
    #[expect(clippy::too_many_arguments, reason = "what it borrows must come apart again")]
    pub(super) fn settle<'m>(
        &'m self,
        place: usize,
        frame: &'m mut Frame,
        arena: &'m mut Arena,
        known: &'m Known<'m>,
        memory: Memory<'_>,
        scratch: &mut Scratch,
        subject: Subject,
    ) -> (Option<Box<Verdict>>, Machine<'m>) {
        let ruleset = &*self.ruleset;
        let (code, plan, at) = (&ruleset.events[place], &ruleset.plan.events[place], subject.at);
        let mut machine = Machine {
            program: &ruleset.program.events[place],
            frame,
            constants: &ruleset.program.constants,
            arena,
            around: self.around(known, at),
        };
        machine.run_inputs();
        let Memory { store, sequences, keys, questions } = memory;
        read_memory(&mut machine, code, store, keys, questions, scratch, at);
        if !code.sequence_reads.is_empty() {
            read_sequences(&mut machine, code, sequences, &self.hasher, at);
        }
        machine.run_rules();
        scratch.marks.clear();
        let marks = &mut scratch.marks;
        let mut judge = Judge { ruleset, plan, code, machine, subject, known, marks };
        let verdict = judge.judge();
        (verdict, judge.machine)
    }

    pub(super) fn around<'m>(&'m self, known: &'m Known<'m>, at: Time) -> Surroundings<'m> {
        let header = &self.ruleset.hir.header;
        Surroundings {
            data: &self.data,
            labels: known,
            filled: known,
            zone: &header.zone,
            currency: header.currency,
            hash_key: &self.options.hash_key,
            at,
        }
    }

    /// The decision in which nothing happened.
    pub(super) fn quiet(
        &self,
        event: EventId,
        id: &str,
        at: Time,
        outcome: OutcomeId,
        late: bool,
    ) -> Decision {
        let code = &self.ruleset.events[event.index()];
        self.decision(code, id.into(), at, Verdict::quiet(outcome), Vec::new(), late)
    }

    pub(super) fn decision(
        &self,
        code: &EventCode,
        id: Arc<str>,
        at: Time,
        verdict: Verdict,
        bad: Vec<String>,
        late: bool,
    ) -> Decision {
        Decision {
            event: id,
            event_type: code.name.clone(),
            at,
            outcome: self.ruleset.outcome_name(verdict.outcome),
            score: verdict.score,
            rules: verdict.rules,
            shadow: verdict.shadow,
            suppressed: verdict.suppressed,
            cannot_say: verdict.cannot_say,
            effects: verdict.effects,
            warming: verdict.warming,
            bad,
            late,
            duplicate: false,
            conflict: false,
            ruleset: self.ruleset.stamp.clone(),
        }
    }
}

/// By key: what is kept by it, and what this type of events looks at there.
fn groups_of(store: &Store, event: &EventCode, questions: &[Question]) -> Vec<Option<(GroupId, Sights)>> {
    let group = |(index, key): (usize, &KeyCode)| {
        let asked = event.reads.iter().zip(questions).filter(|(read, _)| read.key == index);
        let written = event.writes.iter().filter(|write| write.key == index).map(|write| write.memory);
        let sights = || store.sights(asked.map(|(_, question)| question), written);
        key.memory.map(|memory| (store.group(memory), sights()))
    };
    event.keys.iter().enumerate().map(group).collect()
}

/// The first phase: every key once, every question once.
#[inline(never)]
pub(super) fn read_memory(
    machine: &mut Machine<'_>,
    code: &EventCode,
    store: &mut Store,
    keys: KeysOf<'_>,
    questions: &[Question],
    scratch: &mut Scratch,
    at: Time,
) {
    scratch.bounds.clear();
    scratch.bounds.extend(code.windows.iter().map(|window| Bounds::of(window, at)));
    scratch.keys.clear();
    for (index, (key, group)) in code.keys.iter().zip(keys.groups).enumerate() {
        let key = find_key(machine, key, group.as_ref(), index, &keys, store, &mut scratch.slots);
        scratch.keys.push(key);
    }
    scratch.counted.clear();
    scratch.counted.extend(code.writes.iter().map(|write| counted(machine, write)));
    for (index, reads) in &code.reads_by_key {
        let asked = code.reads.get(reads.clone()).unwrap_or_default();
        let asked = asked.iter().zip(questions.get(reads.clone()).unwrap_or_default());
        let key = scratch.keys[*index];
        let mut cell = match key {
            Key::Known { hash, group, cell } => {
                let full = store.full(group, hash, cell);
                store.cell(group, cell, at).full(full)
            }
            Key::Unknown(why) => {
                asked.for_each(|(read, _)| machine.frame.slots[read.to as usize] = Slot::unknown(why));
                continue;
            }
        };
        for (read, question) in asked {
            let current = read.include_current.and_then(|write| {
                let same = code.writes[write].key;
                if same == *index || key.is_same(scratch.keys[same]) { scratch.counted[write] } else { None }
            });
            let bounds = scratch.bounds[read.window];
            let slot = cell.read(question, bounds, at, current, machine.constants, machine.arena);
            slot.put(&mut machine.frame.slots[read.to as usize]);
        }
    }
}

/// What is known of an event's keys before any of it is computed.
pub(super) struct KeysOf<'a> {
    pub groups: &'a [Option<(GroupId, Sights)>],
    pub hashes: &'a [Option<KeyHash>],
    pub cells: &'a [Option<CellId>],
}

fn find_key(
    machine: &Machine<'_>,
    key: &KeyCode,
    group: Option<&(GroupId, Sights)>,
    index: usize,
    known: &KeysOf<'_>,
    store: &Store,
    slots: &mut Vec<Slot>,
) -> Key {
    if let (Some(Some(hash)), Some((group, _))) = (known.hashes.get(index), group) {
        let cell = known.cells.get(index).copied().flatten().or_else(|| store.find(*group, *hash));
        return Key::Known { hash: *hash, group: *group, cell };
    }
    slots.clear();
    slots.extend(key.regs.iter().map(|reg| machine.get(*reg)));
    match (store.hasher().hash(slots, &key.types, &machine.arenas()), group) {
        (Some(hash), Some((group, _))) => Key::Known { hash, group: *group, cell: store.find(*group, hash) },
        _ => {
            let missing = slots.iter().find(|slot| !slot.is_known());
            Key::Unknown(missing.map_or(Unknown::Missing, |slot| slot.why()))
        }
    }
}

impl Key {
    fn is_same(self, other: Key) -> bool {
        match (self, other) {
            (Key::Known { hash: a, .. }, Key::Known { hash: b, .. }) => a == b,
            _ => false,
        }
    }
}

/// What the event contributes to a memory, if it counts; its key is not looked at.
fn counted(machine: &Machine<'_>, write: &WriteCode) -> Option<Slot> {
    if write.filter.is_some_and(|filter| !machine.get(filter).is_true()) {
        return None;
    }
    match write.value {
        Some(value) => Some(machine.get(value)).filter(|slot| slot.is_known()),
        None => Some(Slot::bool(true)),
    }
}

/// It does not count because nobody can say whether it does, or with what value.
fn is_unclear(machine: &Machine<'_>, write: &WriteCode) -> bool {
    let filter = write.filter.map(|filter| machine.get(filter));
    filter.is_none_or(|filter| filter.is_true() || !filter.is_known())
}

/// What became of an event in memory.
#[derive(Copy, Clone, Default)]
pub(super) struct Wrote {
    /// It is older than the newest of a key that it writes.
    pub late: bool,
    /// There was no room for a key of it.
    pub full: bool,
}

/// The third phase.
pub(super) fn write_memory(
    machine: &Machine<'_>,
    code: &EventCode,
    store: &mut Store,
    scratch: &Scratch,
    at: Time,
) -> Wrote {
    let mut wrote = Wrote::default();
    for (write, counted) in code.writes.iter().zip(&scratch.counted) {
        let Some(value) = *counted else {
            if is_unclear(machine, write) {
                store.add_unclear(write.memory, 1);
            }
            continue;
        };
        let Key::Known { hash, group, cell } = scratch.keys[write.key] else { continue };
        match cell.or_else(|| store.find_or_add(group, hash, at)) {
            Some(cell) => wrote.late |= store.write(cell, write.memory, at, value, &machine.arenas()).late,
            None => wrote.full = true,
        }
    }
    wrote
}

fn count(stats: &mut Stats, marks: &[Mark], outcome: usize, late: bool) {
    stats.late += u64::from(late);
    if let Some(count) = stats.outcomes.get_mut(outcome) {
        *count += 1;
    }
    count_rules(stats, marks);
}

pub(super) fn count_rules(stats: &mut Stats, marks: &[Mark]) {
    for mark in marks {
        let Some(rule) = stats.rules.get_mut(mark.rule.index()) else { continue };
        match mark.said {
            Said::Hit => rule.hits += 1,
            Said::Shadow => rule.shadow += 1,
            Said::Suppressed => rule.suppressed += 1,
            Said::CannotSay => rule.cannot_say += 1,
            Said::Cancelled => {}
        }
    }
}
