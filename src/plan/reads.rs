//! Which questions each event type asks memory and which fields it needs, once the passes are done.

use super::ir::*;
use crate::model::ids::FieldId;
use crate::model::schema::EventSchema;
use crate::sema::hir::{Hir, HitField};

pub fn collect(plan: &mut Plan, hir: &Hir) {
    for event in &mut plan.events {
        let nodes = plan.graph.reachable(&event.roots());
        for node in &nodes {
            add_read(event, &plan.graph, *node, hir);
        }
        event.fields = fields(event, &plan.graph, &nodes);
    }
    collect_of_hits(plan, hir);
    // What a deadline looks at must have been read from the event that set it.
    let (events, deadlines) = plan.events.split_at_mut(hir.schema.events.len());
    for deadline in deadlines {
        let Some(event) = events.get_mut(deadline.event.index()) else { continue };
        event.fields.extend(&deadline.fields);
        event.fields.sort();
        event.fields.dedup();
    }
}

/// What is kept of a hit must have been read from the event on which the rule hit.
fn collect_of_hits(plan: &mut Plan, hir: &Hir) {
    let Some(kept) = plan.hits.and_then(|place| plan.events.get(place)) else { return };
    let kept = kept.fields.clone();
    for event in plan.events.iter_mut().filter(|event| !event.rules.is_empty()) {
        let held = hir.hit_fields(event.event);
        let own = kept.iter().filter_map(|field| match held.get(field.index()) {
            Some(Some(HitField::Of(own))) => Some(*own),
            _ => None,
        });
        event.fields.extend(own);
        event.fields.sort();
        event.fields.dedup();
    }
}

fn add_read(event: &mut EventPlan, graph: &Graph, node: NodeId, hir: &Hir) {
    if let Op::Sequence { memory, within } = graph.node(node).op
        && let Some(types) = hir.sequences.get(memory.index()).map(|memory| memory.keys.clone())
    {
        let key = KeyTuple { nodes: graph.node(node).args.to_vec(), types };
        event.sequence_reads.push(SequenceRead { node, memory, within, key });
    }
    let Op::Read { memory, function, window, including } = graph.node(node).op else { return };
    let Some(types) = hir.memories.get(memory.index()).map(|memory| memory.keys.clone()) else { return };
    let key = event.key(KeyTuple { nodes: graph.node(node).args.to_vec(), types });
    let own = || event.writes.iter().position(|write| write.memory == memory);
    let include_current = if including { own() } else { None };
    event.reads.push(Read { node, memory, function, window, key, include_current });
}

fn fields(event: &EventPlan, graph: &Graph, nodes: &[NodeId]) -> Vec<FieldId> {
    let mut fields: Vec<FieldId> = nodes
        .iter()
        .filter_map(|node| match graph.node(*node).op {
            Op::Field(of, field) if of == event.event => Some(field),
            _ => None,
        })
        .chain([EventSchema::AT, EventSchema::ID, EventSchema::RECEIVED_AT])
        .collect();
    fields.sort();
    fields.dedup();
    fields
}

impl Graph {
    /// These nodes and everything they are computed from, operands first.
    pub fn reachable(&self, roots: &[NodeId]) -> Vec<NodeId> {
        let mut seen = vec![false; self.nodes.len()];
        let Some(last) = roots.iter().max() else { return Vec::new() };
        for root in roots {
            seen[root.index()] = true;
        }
        for index in (0..=last.index()).rev() {
            if seen[index] {
                self.nodes[index].args.iter().for_each(|arg| seen[arg.index()] = true);
            }
        }
        (0..seen.len()).filter(|index| seen[*index]).map(NodeId::new).collect()
    }
}
