//! What an event means for later ones: sequences that it is part of, deadlines that it sets and takes back.

use super::ir::*;
use super::lower::{Lowering, empty};
use super::written::one_line;
use crate::model::ids::{RuleId, SequenceId};
use crate::model::types::Type;
use crate::model::value::{Datum, Value};
use crate::sema::hir::{Absence, Expr, Rule, Sequence, SequenceMemory};

impl Lowering<'_> {
    pub fn sequence_writes(&mut self, plan: &mut EventPlan) {
        let hir = self.hir;
        for (index, memory) in hir.sequences.iter().enumerate() {
            for input in memory.inputs.iter().filter(|input| input.event == plan.event) {
                let nodes = input.keys.iter().map(|key| self.node(key)).collect();
                let steps = input.elements.iter().map(|(place, filter)| {
                    let filter = filter.as_ref().map(|filter| self.node(filter));
                    let (is, breaks) = bits(memory, *place);
                    StepPlan { filter, is, breaks }
                });
                plan.sequence_writes.push(SequenceWrite {
                    memory: SequenceId::new(index),
                    steps: steps.collect(),
                    key: KeyTuple { nodes, types: memory.keys.clone() },
                });
            }
        }
    }

    pub fn sequence(&mut self, expr: &Expr, sequence: &Sequence) -> Traced {
        if !sequence.ends_here || self.waited {
            let node = self.graph.add_constant(Datum::Known(Value::Bool(false)), &Type::Bool);
            return self.traced(node, Vec::new(), None);
        }
        let filter = sequence.filter.as_ref().map(|filter| self.expr(filter));
        let keys: Vec<Traced> = sequence.keys.iter().map(|key| self.expr(key)).collect();
        let nodes: Vec<NodeId> = keys.iter().map(|key| key.node).collect();
        let op = Op::Sequence { memory: sequence.memory, within: sequence.within };
        let node = self.graph.add(op, &nodes, &Type::Bool);
        let before = self.traced(node, keys.iter().map(|key| key.trace).collect(), Some(expr));
        let Some(filter) = filter else { return before };
        let node = self.graph.add(Op::And, &[filter.node, before.node], &Type::Bool);
        self.traced(node, vec![filter.trace, before.trace], None)
    }

    /// Adds what to do at deadlines behind the plans of the events.
    pub fn absences(&mut self, events: &mut Vec<EventPlan>) -> Vec<AbsencePlan> {
        let hir = self.hir;
        let mut absences = Vec::new();
        for (index, rule) in hir.rules.iter().enumerate() {
            let Some(absence) = &rule.absence else { continue };
            let plan = self.absence(RuleId::new(index), rule, absence, absences.len(), events);
            absences.push(plan);
        }
        absences
    }

    fn absence(
        &mut self,
        id: RuleId,
        rule: &Rule,
        absence: &Absence,
        place: usize,
        events: &mut Vec<EventPlan>,
    ) -> AbsencePlan {
        for trigger in &absence.triggers {
            let Some(plan) = events.get_mut(trigger.event.index()) else { continue };
            self.start(trigger.event, false);
            plan.sets.push(SetPlan {
                absence: place,
                filter: trigger.filter.as_ref().map(|filter| self.expr(filter)),
                keys: trigger.keys.iter().map(|key| self.expr(key)).collect(),
            });
        }
        for plan in events.iter_mut().take(self.hir.schema.events.len()) {
            let write = plan.writes.iter().position(|write| write.memory == absence.memory);
            plan.cancels.extend(write.map(|write| CancelPlan { absence: place, write }));
        }
        let mut due = Vec::new();
        for body in &rule.bodies {
            self.start(body.event, true);
            let rules = vec![self.rule(id, body)];
            due.push((body.event, events.len()));
            // No policy: the outcome is the rule's.
            events.push(EventPlan { rules, policy: Vec::new(), ..empty(self.hir, body.event) });
        }
        AbsencePlan {
            rule: id,
            memory: absence.memory,
            within: absence.within,
            text: self.traces.add_text(&one_line(self.sources.slice(absence.span))),
            due,
        }
    }
}

/// Which event of the sequence this element is, or after which it must not come.
fn bits(memory: &SequenceMemory, place: usize) -> (u16, u16) {
    let before = memory.elements.iter().take(place).filter(|element| !element.absent).count();
    match memory.elements.get(place) {
        // The first element is none of these, so one stands before.
        Some(element) if element.absent => (0, 1 << before.saturating_sub(1).min(15)),
        _ => (1 << before.min(15), 0),
    }
}
