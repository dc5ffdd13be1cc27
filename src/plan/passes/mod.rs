//! Passes over the plan: each keeps its meaning, unknowns and their reasons included.

pub mod dead;
pub mod fold;

use super::ir::{Graph, NodeId, Plan};
use crate::model::value::Datum;

/// What becomes of every node of the old graph; `None` once it is gone.
struct Renamed(Vec<Option<NodeId>>);

impl Renamed {
    /// Puts the new graph in place. Every node that the events name must still be there.
    fn apply(self, graph: Graph, plan: &mut Plan) {
        plan.graph = graph;
        for trace in &mut plan.traces.traces {
            trace.node = trace.node.and_then(|node| self.0[node.index()]);
            if let Some(Datum::Unknown(why)) = trace.node.and_then(|node| plan.graph.constant(node)) {
                trace.never = Some(*why);
            }
        }
        for event in &mut plan.events {
            event.for_each_node_mut(&mut |node| {
                *node = self.0[node.index()].unwrap_or(*node);
            });
        }
    }
}
