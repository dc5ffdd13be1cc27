//! Constant folding: what needs no event is computed now, by the same functions that executors use.

use super::Renamed;
use crate::model::ops::{self, MoneyContext};
use crate::model::time::Time;
use crate::model::types::Type;
use crate::model::value::{Datum, Value};
use crate::plan::ir::{Graph, NodeId, Op, Plan};

pub fn run(plan: &mut Plan) {
    let old = std::mem::take(&mut plan.graph);
    let mut graph = old.successor();
    let mut renamed: Vec<Option<NodeId>> = Vec::with_capacity(old.nodes.len());
    for node in &old.nodes {
        let args: Vec<NodeId> = node.args.iter().filter_map(|arg| renamed[arg.index()]).collect();
        let id = match node.op {
            Op::Const(constant) => graph.add_constant(old.constants[constant.index()].clone(), &node.ty),
            op => simplify(&mut graph, op, &args, &node.ty),
        };
        renamed.push(Some(id));
    }
    Renamed(renamed).apply(graph, plan);
}

fn simplify(graph: &mut Graph, op: Op, args: &[NodeId], ty: &Type) -> NodeId {
    if let Some(shorter) = kleene(graph, op, args, ty).or_else(|| by_shape(graph, op, args)) {
        return shorter;
    }
    match evaluate(graph, op, args) {
        Some(datum) => graph.add_constant(datum, ty),
        None => graph.add(op, args, ty),
    }
}

/// `and` and `or` without what can't matter: an operand that settles it, neutral ones, repeated ones.
fn kleene(graph: &mut Graph, op: Op, args: &[NodeId], ty: &Type) -> Option<NodeId> {
    let neutral = match op {
        Op::And => true,
        Op::Or => false,
        _ => return None,
    };
    let mut kept: Vec<NodeId> = Vec::with_capacity(args.len());
    for arg in args {
        match graph.constant(*arg).and_then(Datum::truth) {
            Some(truth) if truth == neutral => {}
            Some(_) => return Some(*arg),
            None if kept.contains(arg) => {}
            None => kept.push(*arg),
        }
    }
    match kept.as_slice() {
        [] => Some(graph.add_constant(Datum::bool(neutral), ty)),
        [only] => Some(*only),
        _ => Some(graph.add(op, &kept, ty)),
    }
}

fn by_shape(graph: &Graph, op: Op, args: &[NodeId]) -> Option<NodeId> {
    match (op, args) {
        // An unknown first side stays: it is named beside the second where that is unknown as well.
        (Op::Else, [first, _]) => match graph.constant(*first)? {
            Datum::Unknown(_) => None,
            _ => Some(*first),
        },
        _ => None,
    }
}

fn evaluate(graph: &Graph, op: Op, args: &[NodeId]) -> Option<Datum> {
    let constants: Option<Vec<&Datum>> = args.iter().map(|arg| graph.constant(*arg)).collect();
    let constants = constants?;
    // What depends on rates depends on the event's date.
    let mut currencies = constants.iter().filter_map(|datum| match datum.known() {
        Some(Value::Money(money)) => Some(money.currency),
        _ => None,
    });
    let first = currencies.next();
    if currencies.any(|other| Some(other) != first) {
        return None;
    }
    let money = MoneyContext { rates: None, currency: None, at: Time::MIN };
    match (op, constants.as_slice()) {
        (Op::Unary(op), [a]) => Some(ops::unary(op, a)),
        (Op::Binary(op), [a, b]) => Some(ops::binary(op, a, b, &money)),
        (Op::Compare(op), [a, b]) => Some(ops::compare(op, a, b, &money)),
        (Op::Between, [a, b, c]) => Some(ops::between(a, b, c, &money)),
        (Op::TextTest(test), [a, b]) => Some(ops::text_test(test, a, b)),
        (Op::Not, [a]) => Some(ops::not(a)),
        (Op::IsMissing, [a]) => Some(Datum::bool(matches!(a, Datum::Unknown(_)))),
        (Op::IsPresent, [a]) => Some(Datum::bool(!matches!(a, Datum::Unknown(_)))),
        _ => None,
    }
}
