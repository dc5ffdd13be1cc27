//! What the engine looks up per event, with registers in place of nodes.

use std::ops::Range;
use std::sync::Arc;

use super::later::{KeyRegs, SequenceReadCode, SequenceWriteCode};
use crate::model::ids::*;
use crate::model::time::Time;
use crate::model::types::Type;
use crate::model::window::{AggregateFn, Window};
use crate::plan::Plan;
use crate::plan::ir::{CancelPlan, EventPlan, Fed, KeyTuple, NodeId, TraceId, Traced};
use crate::sema::hir::Hir;
use crate::state::Steps;
use crate::vm::{EventProgram, Reg};

#[derive(Debug)]
pub(super) struct EventCode {
    pub name: Arc<str>,
    /// How many fields it has.
    pub fields: usize,
    pub keys: Vec<KeyCode>,
    pub writes: Vec<WriteCode>,
    /// By key.
    pub reads: Vec<ReadCode>,
    /// Those of each key.
    pub reads_by_key: Vec<(usize, Range<usize>)>,
    pub feeds: Vec<FeedCode>,
    pub sequence_writes: Vec<SequenceWriteCode>,
    pub sequence_reads: Vec<SequenceReadCode>,
    pub sets: Vec<SetCode>,
    pub cancels: Vec<CancelPlan>,
    /// The distinct windows of the reads.
    pub windows: Vec<Window>,
    /// By name.
    pub rules: Vec<RuleCode>,
    /// Score at least `.0` gives outcome `.1`; ascending.
    pub policy: Vec<(i64, OutcomeId)>,
    /// What it comes to if no rule says anything.
    pub quiet: OutcomeId,
}

#[derive(Debug)]
pub(super) struct KeyCode {
    pub regs: Vec<Reg>,
    pub types: Vec<Type>,
    /// The fields it consists of, unless some part of it is computed.
    pub fields: Option<Vec<usize>>,
    /// One of the memories with this key: all of them keep it in one cell.
    pub memory: Option<MemoryId>,
}

#[derive(Debug)]
pub(super) struct WriteCode {
    pub memory: MemoryId,
    pub filter: Option<Reg>,
    pub value: Option<Reg>,
    pub key: usize,
}

/// What an event tells a table or a calendar.
#[derive(Debug)]
pub(super) struct FeedCode {
    pub into: Fed,
    pub keys: Vec<(Reg, Type)>,
    pub values: Vec<(Reg, Type)>,
}

#[derive(Debug)]
pub(super) struct ReadCode {
    pub to: Reg,
    pub memory: MemoryId,
    pub function: AggregateFn,
    /// Of [`EventCode::windows`].
    pub window: usize,
    pub key: usize,
    pub include_current: Option<usize>,
}

/// A deadline that the event sets.
#[derive(Debug)]
pub(super) struct SetCode {
    /// Of the ruleset's rules on something that did not happen.
    pub absence: u32,
    pub filter: Option<(Reg, TraceId)>,
    pub key: KeyRegs,
    /// Of the keys.
    pub traces: Vec<TraceId>,
}

/// What is looked at for every event; the rest of a rule is in its plan.
#[derive(Debug)]
pub(super) struct RuleCode {
    pub rule: RuleId,
    pub name: Arc<str>,
    /// Its place in the plan and among the blocks of the program.
    pub place: usize,
    pub when: Option<Reg>,
    pub bands: Vec<Reg>,
    pub scores: Vec<Reg>,
    pub shadow: bool,
    pub always: bool,
    pub from: Option<Time>,
    pub until: Option<Time>,
    pub tags: Arc<[String]>,
    pub severity: Option<&'static str>,
}

impl EventCode {
    pub fn new(event: &EventPlan, program: &EventProgram, hir: &Hir, plan: &Plan) -> EventCode {
        // Every node that an event names has a register.
        let reg = |node: NodeId| program.place(node.0).unwrap_or_default();
        let mut windows: Vec<Window> = Vec::new();
        let mut used: Vec<crate::plan::ir::WindowId> = Vec::new();
        let reads = event.reads.iter().map(|read| {
            let window = used.iter().position(|known| *known == read.window).unwrap_or_else(|| {
                used.push(read.window);
                windows.push(plan.windows[read.window.index()].clone());
                used.len() - 1
            });
            ReadCode {
                to: reg(read.node),
                memory: read.memory,
                function: read.function,
                window,
                key: read.key,
                include_current: read.include_current,
            }
        });
        let mut reads: Vec<ReadCode> = reads.collect();
        reads.sort_by_key(|read| read.key);
        let mut reads_by_key: Vec<(usize, Range<usize>)> = Vec::new();
        for (place, read) in reads.iter().enumerate() {
            match reads_by_key.last_mut() {
                Some((key, range)) if *key == read.key => range.end = place + 1,
                _ => reads_by_key.push((read.key, place..place + 1)),
            }
        }
        let writes = event.writes.iter().map(|write| WriteCode {
            memory: write.memory,
            filter: write.filter.map(reg),
            value: write.value.map(reg),
            key: write.key,
        });
        let writes: Vec<WriteCode> = writes.collect();
        let typed = |nodes: &[NodeId]| -> Vec<(Reg, Type)> {
            nodes.iter().map(|node| (reg(*node), plan.graph.node(*node).ty.clone())).collect()
        };
        let feeds = event.feeds.iter().map(|feed| FeedCode {
            into: feed.into,
            keys: typed(&feed.keys),
            values: typed(&feed.values),
        });
        let fields = hir.event(event.event).fields.len();
        // Fields stand in the first registers, by their place.
        let field = |node: &NodeId| Some(reg(*node) as usize).filter(|place| *place < fields);
        let keys = event.keys.iter().enumerate().map(|(index, key)| KeyCode {
            fields: key.nodes.iter().map(field).collect(),
            regs: key.nodes.iter().map(|node| reg(*node)).collect(),
            types: key.types.clone(),
            memory: reads
                .iter()
                .map(|read| (read.key, read.memory))
                .chain(writes.iter().map(|write| (write.key, write.memory)))
                .find(|(key, _)| *key == index)
                .map(|(_, memory)| memory),
        });
        EventCode {
            name: hir.event(event.event).name.clone(),
            fields,
            keys: keys.collect(),
            rules: rules(event, hir, &reg),
            quiet: event
                .policy
                .iter()
                .filter(|band| band.0 <= 0)
                .map(|band| band.1)
                .max()
                .unwrap_or(OutcomeId(0)),
            policy: event.policy.clone(),
            feeds: feeds.collect(),
            sequence_writes: sequence_writes(event, &reg),
            sequence_reads: sequence_reads(event, &reg),
            sets: sets(event, hir, plan, &reg),
            cancels: event.cancels.clone(),
            writes,
            reads,
            reads_by_key,
            windows,
        }
    }
}

fn key_regs(key: &KeyTuple, reg: &dyn Fn(NodeId) -> Reg) -> KeyRegs {
    KeyRegs { regs: key.nodes.iter().map(|node| reg(*node)).collect(), types: key.types.clone() }
}

fn sequence_writes(event: &EventPlan, reg: &dyn Fn(NodeId) -> Reg) -> Vec<SequenceWriteCode> {
    let code = |write: &crate::plan::ir::SequenceWrite| SequenceWriteCode {
        memory: write.memory,
        key: key_regs(&write.key, reg),
        steps: write
            .steps
            .iter()
            .map(|step| (step.filter.map(reg), Steps { is: step.is, breaks: step.breaks }))
            .collect(),
    };
    event.sequence_writes.iter().map(code).collect()
}

fn sequence_reads(event: &EventPlan, reg: &dyn Fn(NodeId) -> Reg) -> Vec<SequenceReadCode> {
    let code = |read: &crate::plan::ir::SequenceRead| SequenceReadCode {
        to: reg(read.node),
        memory: read.memory,
        within: read.within,
        key: key_regs(&read.key, reg),
    };
    event.sequence_reads.iter().map(code).collect()
}

fn sets(event: &EventPlan, hir: &Hir, plan: &Plan, reg: &dyn Fn(NodeId) -> Reg) -> Vec<SetCode> {
    let traced = |traced: &Traced| (reg(traced.node), traced.trace);
    let code = |set: &crate::plan::ir::SetPlan| {
        let memory =
            plan.absences.get(set.absence).and_then(|absence| hir.memories.get(absence.memory.index()));
        SetCode {
            absence: set.absence as u32,
            filter: set.filter.as_ref().map(traced),
            key: KeyRegs {
                regs: set.keys.iter().map(|key| reg(key.node)).collect(),
                types: memory.map_or(Vec::new(), |memory| memory.keys.clone()),
            },
            traces: set.keys.iter().map(|key| key.trace).collect(),
        }
    };
    event.sets.iter().map(code).collect()
}

fn rules(event: &EventPlan, hir: &Hir, reg: &dyn Fn(NodeId) -> Reg) -> Vec<RuleCode> {
    let rules = event.rules.iter().enumerate().map(|(place, plan)| {
        let rule = hir.rule(plan.rule);
        RuleCode {
            rule: plan.rule,
            name: rule.name.as_str().into(),
            place,
            when: plan.when.map(|when| reg(when.node)),
            bands: plan.bands.iter().map(|band| reg(band.condition.node)).collect(),
            scores: plan.scores.iter().map(|score| reg(score.condition.node)).collect(),
            shadow: rule.shadow,
            always: rule.always,
            from: rule.active_from,
            until: rule.active_until,
            tags: rule.tags.clone().into(),
            severity: rule.severity.map(|severity| severity.name()),
        }
    });
    let mut rules: Vec<RuleCode> = rules.collect();
    rules.sort_by(|a, b| a.name.cmp(&b.name));
    rules
}
