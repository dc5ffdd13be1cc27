//! What the state of a ruleset will take, before there is any.

use crate::model::ids::MemoryId;
use crate::model::time::Duration;
use crate::model::types::Type;
use crate::sema::hir::{EffectKind, Hir, Memory};
use crate::sema::print::{duration_text, memory_text, sequence_text};
use crate::state::{Deadlines, Effects, Fill, Kind, Lists, Rows};

use super::Engine;
use super::evaluate::State;
use super::ruleset::Ruleset;

/// How many entries a key is taken to have.
pub const FEW: u64 = 5;

/// Everything that a ruleset remembers, the biggest first.
#[derive(Clone, Debug)]
pub struct StateReport {
    /// The ruleset's name.
    pub ruleset: String,
    /// How many keys there are of each.
    pub keys: u64,
    /// Entries kept per memory and key.
    pub cap: u32,
    /// How long a memory keeps its span behind the newest event of a key, as a literal.
    pub lateness: String,
    /// One per thing that is kept.
    pub rows: Vec<Kept>,
}

/// One thing that is kept by key.
#[derive(Clone, Debug)]
pub struct Kept {
    /// `memory`, `sequence`, `deadline`, `label`, `mute`, `once`, `list`, `table`, `calendar`, or `index`: where the keys of
    /// memories are found.
    pub kind: &'static str,
    /// What is kept, as an author would name it.
    pub what: String,
    /// The keys.
    pub by: Vec<String>,
    /// How many there are of them: one where nothing is kept by key.
    pub keys: u64,
    /// Of a memory, what is asked of it.
    pub functions: Vec<String>,
    /// Of a memory: `entries`, `steps of 6h` or `running values`.
    pub form: Option<String>,
    /// How far back it is kept, as a literal.
    pub span: Option<String>,
    /// It is kept for `lateness` longer.
    pub late: bool,
    /// Of all keys, each with [`FEW`] entries where it may have several.
    pub bytes: u64,
    /// Of all keys, each with as much as it may have; absent where every key has the same.
    pub most: Option<u64>,
}

impl StateReport {
    /// For so many keys of each.
    pub fn new(ruleset: &std::sync::Arc<Ruleset>, keys: u64) -> StateReport {
        let keys = keys.max(1);
        let engine = Engine::new(ruleset.clone());
        let state = &engine.lock().state;
        let hir = &ruleset.hir;
        let mut rows = memories(hir, state, keys);
        rows.extend(sequences(hir, state, keys));
        rows.extend(deadlines(ruleset, keys));
        rows.extend(effects(hir, keys));
        rows.extend(feeds(hir, state, keys));
        rows.sort_by_key(|row| std::cmp::Reverse(row.bytes));
        StateReport {
            ruleset: hir.header.name.clone(),
            keys,
            cap: hir.header.limits.entries,
            lateness: duration_text(hir.header.lateness),
            rows,
        }
    }

    /// Of everything.
    pub fn bytes(&self) -> u64 {
        self.rows.iter().fold(0, |sum, row| sum.saturating_add(row.bytes))
    }
}

impl Kept {
    fn new(kind: &'static str, what: impl Into<String>, (by, keys): (Vec<String>, u64), bytes: u64) -> Kept {
        Kept {
            kind,
            what: what.into(),
            by,
            keys,
            functions: Vec::new(),
            form: None,
            span: None,
            late: false,
            bytes,
            most: None,
        }
    }

    /// What one key takes: with [`FEW`] entries, and with as many as it may have.
    pub fn per_key(&self) -> (u64, Option<u64>) {
        let each = |bytes: u64| bytes.div_ceil(self.keys.max(1));
        (each(self.bytes), self.most.map(each))
    }

    fn spanning(self, span: Option<Duration>) -> Kept {
        Kept { span: span.map(duration_text), ..self }
    }
}

const FEW_ENTRIES: Fill = Fill::Entries(FEW);

fn memories(hir: &Hir, state: &State, keys: u64) -> Vec<Kept> {
    let mut groups: Vec<Option<Vec<String>>> = Vec::new();
    let mut rows = Vec::new();
    for (index, memory) in hir.memories.iter().enumerate() {
        let id = MemoryId::new(index);
        let (what, by) = memory_text(hir, memory);
        let group = state.store.group(id).0 as usize;
        groups.resize(groups.len().max(group + 1), None);
        groups[group].get_or_insert_with(|| by.clone());
        // Without a key there is only one.
        let of = if memory.keys.is_empty() { 1 } else { keys };
        let row = Kept::new("memory", what, (by, of), state.store.bytes(id, of, FEW_ENTRIES));
        rows.push(Kept {
            functions: functions(memory),
            form: Some(form(memory)),
            late: memory.reach.is_some(),
            most: Some(state.store.bytes(id, of, Fill::Most)),
            ..row.spanning(memory.reach)
        });
    }
    for (group, bytes) in state.store.finding(keys) {
        let by = groups.get_mut(group.0 as usize).and_then(Option::take).unwrap_or_default();
        if !by.is_empty() {
            rows.push(Kept::new("index", "where memories are found", (by, keys), bytes));
        }
    }
    rows
}

fn functions(memory: &Memory) -> Vec<String> {
    let name = |(function, ever): &(_, bool)| format!("{function}{}", if *ever { " ever" } else { "" });
    memory.functions.iter().map(name).collect()
}

fn form(memory: &Memory) -> String {
    match (memory.reach, memory.step) {
        (Some(_), Some(step)) => format!("steps of {}", duration_text(step)),
        (Some(_), None) => "entries".into(),
        (None, _) => "running values".into(),
    }
}

fn sequences(hir: &Hir, state: &State, keys: u64) -> Vec<Kept> {
    let row = |sequence| {
        let (what, by) = sequence_text(hir, sequence);
        let bytes = |fill| state.sequences.bytes(keys, fill);
        let row = Kept::new("sequence", what, (by, keys), bytes(FEW_ENTRIES)).spanning(Some(sequence.reach));
        Kept { form: Some("entries".into()), late: true, most: Some(bytes(Fill::Most)), ..row }
    };
    hir.sequences.iter().map(row).collect()
}

fn deadlines(ruleset: &Ruleset, keys: u64) -> Vec<Kept> {
    let hir = &ruleset.hir;
    let all = &ruleset.absences;
    let row = |absence: &super::later::AbsenceCode| {
        let fields = absence.due.iter().map(|(event, place)| {
            let schema = &hir.schema.events[event.index()];
            let kept = ruleset.plan.events[*place].fields.iter();
            let kept = kept.filter_map(|field| schema.fields.get(field.index()));
            let types: Vec<&Type> = kept.map(|field| &field.ty.base).collect();
            (types.len() as u64, texts(types.into_iter()))
        });
        let bytes = Deadlines::bytes(all.len() as u64, keys, fields.max().unwrap_or_default());
        let (_, by) = memory_text(hir, &hir.memories[absence.memory.index()]);
        let what = format!("{}: {}", absence.name, absence.text);
        Kept::new("deadline", what, (by, keys), bytes).spanning(Some(absence.within))
    };
    all.iter().map(row).collect()
}

fn effects(hir: &Hir, keys: u64) -> Vec<Kept> {
    let names = |types: &[Type]| types.iter().map(Type::to_string).collect::<Vec<_>>();
    let mut rows = Vec::new();
    let bytes = Effects::bytes(Kind::Label, hir.labels.len() as u64, keys);
    for label in &hir.labels {
        rows.push(Kept::new("label", &label.name, (vec![label.entity.clone()], keys), bytes));
    }
    let bytes = Effects::bytes(Kind::Mute, hir.mutes.len() as u64, keys);
    for (index, mute) in hir.mutes.iter().enumerate() {
        let clauses = hir.rules.iter().flat_map(|rule| &rule.bodies).flat_map(|body| &body.effects);
        let periods = clauses.filter_map(|effect| match &effect.kind {
            EffectKind::Mute { mute, period, .. } if mute.index() == index => Some(*period),
            _ => None,
        });
        rows.push(Kept::new("mute", "one rule", (names(&mute.keys), keys), bytes).spanning(periods.max()));
    }
    let once: Vec<_> =
        hir.actions.iter().filter_map(|action| Some((action, action.once.as_ref()?))).collect();
    let bytes = Effects::bytes(Kind::Asked, once.len() as u64, keys);
    for (action, once) in &once {
        let by = once.keys.iter().filter_map(|key| Some(action.parameters.get(*key)?.0.to_string()));
        let what = format!("do {}", action.name);
        rows.push(Kept::new("once", what, (by.collect(), keys), bytes).spanning(once.period));
    }
    let once: Vec<_> =
        hir.rules.iter().filter_map(|rule| Some((rule, rule.bodies.first()?.once.as_ref()?))).collect();
    let bytes = Effects::bytes(Kind::Acted, once.len() as u64, keys);
    for (rule, once) in &once {
        let types: Vec<Type> = once.keys.iter().map(|key| key.ty.base.clone()).collect();
        let what = format!("effects of {}", rule.name);
        rows.push(Kept::new("once", what, (names(&types), keys), bytes).spanning(once.period));
    }
    rows
}

fn feeds(hir: &Hir, state: &State, keys: u64) -> Vec<Kept> {
    let names = |types: &[Type]| types.iter().map(Type::to_string).collect::<Vec<_>>();
    let mut rows = Vec::new();
    for list in hir.lists.iter().filter(|list| list.external) {
        rows.push(Kept::new("list", &list.name, (vec![list.ty.to_string()], keys), Lists::bytes(keys)));
    }
    let fed = || hir.tables.iter().filter_map(|table| Some((table, table.feed.as_ref()?)));
    for (table, feed) in fed() {
        let schema = &hir.schema.events[feed.event.index()];
        let told = feed.fields.iter().filter_map(|field| schema.fields.get(field.index()));
        let fields = (feed.fields.len() as u64, texts(told.map(|field| &field.ty.base)));
        let bytes = Rows::bytes(fed().count() as u64, keys, fields);
        rows.push(Kept::new("table", &table.name, (names(&table.keys), keys), bytes));
    }
    let fed = || hir.calendars.iter().filter(|calendar| calendar.feed.is_some());
    for calendar in fed() {
        let of = if calendar.keys.is_empty() { 1 } else { keys };
        let bytes = |fill| state.feeds.calendars.bytes(fed().count() as u64, of, fill);
        let row = Kept::new("calendar", &calendar.name, (names(&calendar.keys), of), bytes(FEW_ENTRIES));
        rows.push(Kept { most: Some(bytes(Fill::Most)), ..row });
    }
    rows
}

/// How many of them are kept behind a pointer.
fn texts<'t>(types: impl Iterator<Item = &'t Type>) -> u64 {
    let text = |ty: &&Type| matches!(ty.representation(), Type::Text | Type::Email | Type::Phone);
    types.filter(text).count() as u64
}
