//! Drops nodes that nothing needs any more.

use super::Renamed;
use crate::plan::ir::{NodeId, Op, Plan};

pub fn run(plan: &mut Plan) {
    let mut live = vec![false; plan.graph.nodes.len()];
    for event in &mut plan.events {
        event.for_each_node_mut(&mut |node| live[node.index()] = true);
    }
    // Operands stand before what uses them, so one walk from the end reaches everything.
    for (index, node) in plan.graph.nodes.iter().enumerate().rev() {
        if live[index] {
            node.args.iter().for_each(|arg| live[arg.index()] = true);
        }
    }
    let old = std::mem::take(&mut plan.graph);
    let mut graph = old.successor();
    let mut renamed: Vec<Option<NodeId>> = Vec::with_capacity(old.nodes.len());
    for (node, live) in old.nodes.iter().zip(live) {
        let id = live.then(|| match node.op {
            Op::Const(constant) => graph.add_constant(old.constants[constant.index()].clone(), &node.ty),
            op => {
                let args: Vec<NodeId> = node.args.iter().filter_map(|arg| renamed[arg.index()]).collect();
                graph.add(op, &args, &node.ty)
            }
        });
        renamed.push(id);
    }
    Renamed(renamed).apply(graph, plan);
}
