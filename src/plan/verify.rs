//! What every plan must be, checked after every pass while developing and testing.

use super::ir::*;
use crate::model::types::Type;
use crate::model::window::AggregateFn;

/// Panics in builds with debug assertions if a pass broke the plan.
pub fn verify(plan: &Plan) {
    if cfg!(debug_assertions) {
        let problems = problems(plan);
        assert!(problems.is_empty(), "broken plan: {}", problems.join("; "));
    }
}

/// Everything that is wrong with a plan.
pub fn problems(plan: &Plan) -> Vec<String> {
    let mut found = Vec::new();
    for (index, node) in plan.graph.nodes.iter().enumerate() {
        check_node(plan, index, node, &mut found);
    }
    for event in &plan.events {
        check_event(plan, event, &mut found);
    }
    found
}

fn check_node(plan: &Plan, index: usize, node: &Node, found: &mut Vec<String>) {
    if node.args.iter().any(|arg| arg.index() >= index) {
        return found.push(format!("%{index} stands before its operand"));
    }
    let arity = match node.op {
        Op::Const(_) | Op::Field(..) | Op::Element { .. } => Some(0),
        Op::Member(_)
        | Op::Unary(_)
        | Op::InList(_)
        | Op::InFilled(_)
        | Op::Not
        | Op::IsMissing
        | Op::IsPresent => Some(1),
        Op::Matches(_) | Op::Mentions(_) | Op::HasLabel(_) | Op::Convert(_) => Some(1),
        Op::Binary(_) | Op::Compare(_) | Op::InNetwork | Op::InElements | Op::Else | Op::TextTest(_) => {
            Some(2)
        }
        Op::Between => Some(3),
        Op::Fold { filter, value, .. } => Some(1 + usize::from(filter) + usize::from(value)),
        _ => None,
    };
    if arity.is_some_and(|arity| arity != node.args.len()) {
        found.push(format!("%{index} has {} operands", node.args.len()));
    }
    let truths = matches!(node.op, Op::And | Op::Or | Op::Not);
    if truths && node.args.iter().any(|arg| plan.graph.node(*arg).ty != Type::Bool) {
        found.push(format!("%{index} combines what is not a bool"));
    }
    if let Op::Element { ty, .. } = node.op
        && plan.graph.types.get(ty.index()) != Some(&node.ty)
    {
        found.push(format!("%{index} is an element of another type"));
    }
    if let Op::Read { function: AggregateFn::Count, .. } = node.op
        && node.ty != Type::Int
    {
        found.push(format!("%{index} counts, but is not an int"));
    }
}

fn check_event(plan: &Plan, event: &EventPlan, found: &mut Vec<String>) {
    let name = event.event.index();
    let mut named = Vec::new();
    event.clone().for_each_node_mut(&mut |node| named.push(*node));
    for node in named {
        if node.index() >= plan.graph.nodes.len() {
            found.push(format!("event {name} names %{} that is not there", node.index()));
        } else if plan.graph.node(node).levels != 0 {
            found.push(format!("event {name} names %{} outside of its fold", node.index()));
        }
    }
    for condition in event.rules.iter().flat_map(RulePlan::conditions) {
        if plan.graph.nodes.get(condition.node.index()).is_some_and(|node| node.ty != Type::Bool) {
            found.push(format!("event {name} decides by %{} that is not a bool", condition.node.index()));
        }
    }
    // Memory is asked between the two blocks, so nothing that is asked with may depend on an answer.
    let before = plan.graph.reachable(&event.input_nodes());
    if before.iter().any(|node| matches!(plan.graph.node(*node).op, Op::Read { .. } | Op::Sequence { .. })) {
        found.push(format!("event {name} asks memory with an answer of memory"));
    }
}
