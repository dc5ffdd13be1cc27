//! Plan to program. What several rules need goes before all of them, once; the rest of a rule is jumped over
//! if its `when` does not hold.

use std::collections::HashSet;
use std::ops::Range;

use super::Program;
use super::op::*;
use crate::model::ids::EventId;
use crate::model::ops::{BinaryOp, CompareOp, UnaryOp};
use crate::model::slot::Arena;
use crate::model::types::{Ty, Type};
use crate::model::value::Datum;
use crate::plan::ir::{EventPlan, Graph, NodeId, Op, Plan, RulePlan};

/// `fields`: how many fields each event type has.
pub fn compile(plan: &Plan, fields: &[usize]) -> Program {
    let mut constants = Arena::constants();
    let events = plan
        .events
        .iter()
        .map(|event| {
            let fields = fields.get(event.event.index()).copied().unwrap_or_default();
            let mut compiler = Compiler::new(plan, event, fields, &mut constants);
            compiler.event(event);
            compiler.program
        })
        .collect();
    Program { constants, events }
}

/// Where a node is computed.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Home {
    Nowhere,
    /// With the inputs of memory.
    Inputs,
    /// Before all rules.
    Shared,
    /// With this rule.
    Rule(u32),
}

struct Compiler<'a> {
    graph: &'a Graph,
    event: EventId,
    constants: &'a mut Arena,
    program: EventProgram,
    /// By node.
    registers: Vec<Option<Reg>>,
    homes: Vec<Home>,
}

impl<'a> Compiler<'a> {
    fn new(plan: &'a Plan, event: &EventPlan, fields: usize, constants: &'a mut Arena) -> Compiler<'a> {
        let mut compiler = Compiler {
            graph: &plan.graph,
            event: event.event,
            constants,
            program: EventProgram {
                registers: fields,
                regexes: plan.graph.regexes.clone(),
                ..EventProgram::default()
            },
            registers: vec![None; plan.graph.nodes.len()],
            homes: vec![Home::Nowhere; plan.graph.nodes.len()],
        };
        for node in plan.graph.reachable(&event.roots()) {
            compiler.place(node);
        }
        compiler
    }

    /// Gives a node its register.
    fn place(&mut self, id: NodeId) {
        let node = self.graph.node(id);
        let reg = match node.op {
            Op::Field(event, field) if event == self.event => field.0,
            _ => {
                self.program.registers += 1;
                self.program.registers as Reg - 1
            }
        };
        if let Op::Const(constant) = node.op {
            let datum = &self.graph.constants[constant.index()];
            let ty = Ty { base: node.ty.clone(), optional: true };
            self.program.presets.push((reg, self.constants.add_datum(datum, &ty)));
        }
        self.registers[id.index()] = Some(reg);
        self.program.places.push((id.0, reg));
    }

    /// Every node that is asked for was placed; register 0 (`at`) can't harm.
    fn reg(&self, id: NodeId) -> Reg {
        self.registers[id.index()].unwrap_or(0)
    }

    fn event(&mut self, event: &EventPlan) {
        let inputs = self.claim(&event.input_nodes(), Home::Inputs);
        self.program.inputs = self.emit_all(&inputs);
        let owned: Vec<Vec<NodeId>> = event
            .rules
            .iter()
            .enumerate()
            .map(|(index, rule)| {
                let roots: Vec<NodeId> = rule.conditions().map(|condition| condition.node).collect();
                self.claim(&roots, Home::Rule(index as u32))
            })
            .collect();
        let start = self.program.code.len();
        let mut shared: Vec<NodeId> =
            owned.iter().flatten().copied().filter(|id| self.homes[id.index()] == Home::Shared).collect();
        shared.sort();
        shared.dedup();
        self.emit_all(&shared);
        for (index, (rule, owned)) in event.rules.iter().zip(&owned).enumerate() {
            self.rule(rule, owned, Home::Rule(index as u32));
        }
        self.program.rules = start..self.program.code.len();
        for (index, rule) in event.rules.iter().enumerate() {
            let block = self.block(rule, Home::Rule(index as u32));
            self.program.blocks.push(block);
        }
    }

    /// Marks what these roots need as computed in `home`, or as shared if another rule has it already.
    /// Gives every node that it marked, ascending.
    fn claim(&mut self, roots: &[NodeId], home: Home) -> Vec<NodeId> {
        let mut marked = Vec::new();
        let mut open = roots.to_vec();
        while let Some(id) = open.pop() {
            let now = match self.homes[id.index()] {
                Home::Nowhere => home,
                Home::Rule(_) if self.homes[id.index()] != home => Home::Shared,
                _ => continue,
            };
            self.homes[id.index()] = now;
            marked.push(id);
            open.extend(&self.graph.node(id).args);
        }
        marked.sort();
        marked
    }

    fn rule(&mut self, rule: &RulePlan, owned: &[NodeId], home: Home) {
        let own: Vec<NodeId> = owned.iter().copied().filter(|id| self.homes[id.index()] == home).collect();
        let Some(when) = rule.when else {
            self.emit_all(&own);
            return;
        };
        let first: HashSet<NodeId> = self.below(when.node, home);
        let (before, after): (Vec<NodeId>, Vec<NodeId>) = own.iter().partition(|id| first.contains(id));
        self.emit_all(&before);
        if after.is_empty() {
            return;
        }
        let skip = self.program.code.len();
        self.program.code.push(Instr::SkipUnless { a: self.reg(when.node), target: 0 });
        self.emit_all(&after);
        let target = self.program.code.len() as u32;
        self.program.code[skip] = Instr::SkipUnless { a: self.reg(when.node), target };
    }

    /// What a node needs of what has its home here.
    fn below(&self, root: NodeId, home: Home) -> HashSet<NodeId> {
        let mut found = HashSet::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            if self.homes[id.index()] == home && found.insert(id) {
                open.extend(&self.graph.node(id).args);
            }
        }
        found
    }

    /// What only a hit needs. It computes again what another rule's part computes (with the same result), and what
    /// its own part jumps over: a rule may hit because its `when` is unknown.
    fn block(&mut self, rule: &RulePlan, home: Home) -> Range<usize> {
        let certain = rule.when.map(|when| self.below(when.node, home));
        let mut found = HashSet::new();
        let mut open = rule.hit_nodes();
        while let Some(id) = open.pop() {
            let there = self.homes[id.index()];
            let done = match there {
                Home::Inputs | Home::Shared => true,
                _ => there == home && certain.as_ref().is_none_or(|certain| certain.contains(&id)),
            };
            if !done && found.insert(id) {
                open.extend(&self.graph.node(id).args);
            }
        }
        let mut nodes: Vec<NodeId> = found.into_iter().collect();
        nodes.sort();
        self.emit_all(&nodes)
    }

    /// Emits those nodes that stand outside of folds, operands first.
    fn emit_all(&mut self, nodes: &[NodeId]) -> Range<usize> {
        let start = self.program.code.len();
        for id in nodes {
            if self.graph.node(*id).levels == 0
                && let Some(instr) = self.instr(*id)
            {
                self.program.code.push(instr);
            }
        }
        start..self.program.code.len()
    }

    fn instr(&mut self, id: NodeId) -> Option<Instr> {
        let node = self.graph.node(id);
        let to = self.reg(id);
        let regs: Vec<Reg> = node.args.iter().map(|arg| self.reg(*arg)).collect();
        let first = regs.first().copied().unwrap_or(0);
        let second = regs.get(1).copied().unwrap_or(0);
        let instr = match node.op {
            Op::Const(_) | Op::Field(..) | Op::Element { .. } => return None,
            // Filled in by whoever runs the program.
            Op::Read { .. } | Op::Sequence { .. } => return None,
            Op::And if regs.len() == 2 => Instr::And2 { to, a: first, b: second },
            Op::Or if regs.len() == 2 => Instr::Or2 { to, a: first, b: second },
            Op::And => Instr::And { to, all: self.list(&regs) },
            Op::Or => Instr::Or { to, all: self.list(&regs) },
            Op::Not => Instr::Not { to, a: first },
            Op::Else => Instr::Else { to, a: first, b: second },
            Op::IsMissing => Instr::IsMissing { to, a: first },
            Op::IsPresent => Instr::IsPresent { to, a: first },
            Op::Member(place) => Instr::Member { to, a: first, place },
            Op::TextTest(test) => Instr::TextTest { test, to, a: first, b: second },
            Op::Matches(regex) => Instr::Matches { to, a: first, regex: regex.0 },
            Op::Mentions(phrases) => Instr::Mentions { to, a: first, phrases },
            Op::Fold { .. } => self.fold(id),
            Op::Unary(UnaryOp::IntToDecimal) => Instr::IntToDecimal { to, a: first },
            Op::Unary(op) => self.slow(id, SlowOp::Unary(op)),
            Op::Binary(op) => self.binary(id, op, first, second),
            Op::Compare(op) => self.compare(id, op, first, second),
            Op::Between => self.slow(id, SlowOp::Between),
            Op::InArray => self.in_array(id, &regs),
            Op::InList(list) => match self.ty(node.args[0]).representation() {
                Type::Text | Type::Email | Type::Phone => Instr::InListText { to, a: first, list },
                Type::Ip => Instr::InListIp { to, a: first, list },
                _ => self.slow(id, SlowOp::InList(list)),
            },
            Op::InFilled(list) => self.slow(id, SlowOp::InFilled(list)),
            Op::InNetwork => self.slow(id, SlowOp::InNetwork),
            Op::InElements => self.slow(id, SlowOp::InElements),
            Op::Call(function) => self.slow(id, SlowOp::Call(function)),
            Op::HasLabel(label) => self.slow(id, SlowOp::HasLabel(label)),
            Op::Lookup(table) => self.slow(id, SlowOp::Lookup(table)),
            Op::LookupTold(table) => self.slow(id, SlowOp::LookupTold(table)),
            Op::During(calendar) => self.slow(id, SlowOp::During(calendar)),
            Op::DuringTold(calendar) => self.slow(id, SlowOp::DuringTold(calendar)),
            Op::Convert(currency) => self.slow(id, SlowOp::Convert(currency)),
        };
        Some(instr)
    }

    fn ty(&self, id: NodeId) -> &'a Type {
        &self.graph.node(id).ty
    }

    fn list(&mut self, regs: &[Reg]) -> Regs {
        let start = self.program.lists.len() as u32;
        self.program.lists.extend_from_slice(regs);
        Regs { start, len: regs.len() as u32 }
    }

    fn binary(&mut self, id: NodeId, op: BinaryOp, a: Reg, b: Reg) -> Instr {
        let to = self.reg(id);
        let node = self.graph.node(id);
        let both = |ty: &Type| node.args.iter().all(|arg| self.ty(*arg).representation() == ty);
        match op {
            BinaryOp::AddInt | BinaryOp::AddDuration => Instr::AddWhole { to, a, b },
            BinaryOp::SubtractInt | BinaryOp::SubtractDuration => Instr::SubtractWhole { to, a, b },
            BinaryOp::MultiplyInt => Instr::MultiplyWhole { to, a, b },
            BinaryOp::AddDecimal if both(&Type::Decimal) => Instr::AddWhole { to, a, b },
            BinaryOp::SubtractDecimal if both(&Type::Decimal) => Instr::SubtractWhole { to, a, b },
            BinaryOp::MultiplyDecimal | BinaryOp::DivideDecimal => {
                let int = |place: usize| {
                    node.args
                        .get(place)
                        .is_some_and(|arg| matches!(self.ty(*arg).representation(), Type::Int))
                };
                let ints = [int(0), int(1)];
                match op {
                    BinaryOp::MultiplyDecimal => Instr::MultiplyDecimal { to, a, b, ints },
                    _ => Instr::DivideDecimal { to, a, b, ints },
                }
            }
            // Two times are never so far apart that this overflows.
            BinaryOp::SubtractTime => Instr::SubtractWhole { to, a, b },
            BinaryOp::AddMoney => Instr::AddMoney { to, a, b },
            BinaryOp::SubtractMoney => Instr::SubtractMoney { to, a, b },
            _ => self.slow(id, SlowOp::Binary(op)),
        }
    }

    fn compare(&mut self, id: NodeId, op: CompareOp, a: Reg, b: Reg) -> Instr {
        let to = self.reg(id);
        let args = &self.graph.node(id).args;
        let (left, right) = (self.ty(args[0]).representation(), self.ty(args[1]).representation());
        let equality = matches!(op, CompareOp::Equal | CompareOp::NotEqual);
        if is_text(left) && is_text(right) && equality {
            return match op {
                CompareOp::Equal => Instr::EqualText { to, a, b },
                _ => Instr::NotEqualText { to, a, b },
            };
        }
        if left.is_money() && right.is_money() {
            return Instr::CompareMoney { op, to, a, b };
        }
        if !(same_kind(left, right) && (is_whole(left) || equality && is_bits(left))) {
            return self.slow(id, SlowOp::Compare(op));
        }
        match op {
            CompareOp::Equal => Instr::EqualWhole { to, a, b },
            CompareOp::NotEqual => Instr::NotEqualWhole { to, a, b },
            CompareOp::Less => Instr::LessWhole { to, a, b },
            CompareOp::LessEqual => Instr::LessEqualWhole { to, a, b },
            CompareOp::Greater => Instr::GreaterWhole { to, a, b },
            CompareOp::GreaterEqual => Instr::GreaterEqualWhole { to, a, b },
        }
    }

    fn in_array(&mut self, id: NodeId, regs: &[Reg]) -> Instr {
        let to = self.reg(id);
        let args = &self.graph.node(id).args;
        let value = self.ty(args[0]).representation();
        let known = |arg: &NodeId| matches!(self.graph.constant(*arg), Some(Datum::Known(_)));
        let alike = |arg: &NodeId| same_kind(value, self.ty(*arg).representation());
        if !args[1..].iter().all(|arg| known(arg) && alike(arg)) {
            return self.slow(id, SlowOp::InArray);
        }
        if is_text(value) {
            return Instr::InTexts { to, a: regs[0], all: self.list(&regs[1..]) };
        }
        if is_whole(value) || is_bits(value) {
            return Instr::InWholes { to, a: regs[0], all: self.list(&regs[1..]) };
        }
        self.slow(id, SlowOp::InArray)
    }

    fn slow(&mut self, id: NodeId, op: SlowOp) -> Instr {
        let node = self.graph.node(id);
        let args = node.args.iter().map(|arg| Operand {
            reg: self.reg(*arg),
            ty: self.ty(*arg).clone(),
            constant: self.graph.constant(*arg).and_then(Datum::known).cloned(),
        });
        let slow = Slow { op, to: self.reg(id), args: args.collect(), ty: node.ty.clone() };
        self.program.slow.push(slow);
        Instr::Slow { slow: self.program.slow.len() as u32 - 1 }
    }

    fn fold(&mut self, id: NodeId) -> Instr {
        let node = self.graph.node(id);
        let Op::Fold { function, level, filter, value } = node.op else {
            return self.slow(id, SlowOp::InElements);
        };
        let filter = filter.then(|| node.args[1]);
        let value = value.then(|| node.args[node.args.len() - 1]);
        let inside = self.inside(filter.into_iter().chain(value), level);
        let element = inside
            .iter()
            .find(|id| matches!(self.graph.node(**id).op, Op::Element { level: of, .. } if of == level))
            .map(|id| self.reg(*id));
        // Folds within come first; their bodies are complete when this one's begins.
        let body: Vec<Instr> = inside.iter().filter_map(|id| self.instr(*id)).collect();
        let start = self.program.bodies.len();
        self.program.bodies.extend(body);
        let value_ty = value.map_or(Type::Bool, |value| self.ty(value).clone());
        self.program.folds.push(FoldCode {
            function,
            to: self.reg(id),
            list: self.reg(node.args[0]),
            element,
            filter: filter.map(|filter| self.reg(filter)),
            value: value.map(|value| self.reg(value)),
            value_ty,
            ty: node.ty.clone(),
            body: start..self.program.bodies.len(),
        });
        Instr::Fold { fold: self.program.folds.len() as u32 - 1 }
    }

    /// What has to be computed anew for each element of the fold of this level, but not for each of a fold
    /// within; operands first.
    fn inside(&self, roots: impl Iterator<Item = NodeId>, level: u32) -> Vec<NodeId> {
        let own = 1u64 << level.min(63);
        let mut seen = HashSet::new();
        let mut open: Vec<NodeId> = roots.collect();
        while let Some(id) = open.pop() {
            let node = self.graph.node(id);
            if node.levels & own != 0 && seen.insert(id) {
                open.extend(&node.args);
            }
        }
        let deeper = !(own | (own - 1));
        let mut found: Vec<NodeId> =
            seen.into_iter().filter(|id| self.graph.node(*id).levels & deeper == 0).collect();
        found.sort();
        found
    }
}

fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Email | Type::Phone)
}

/// Ordered as the `i64` in the slot is.
fn is_whole(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Decimal | Type::Time | Type::Duration)
}

/// Equal exactly if the bits of the slot are.
fn is_bits(ty: &Type) -> bool {
    matches!(ty, Type::Bool | Type::Enum(_) | Type::Country | Type::Currency)
}

fn same_kind(left: &Type, right: &Type) -> bool {
    left == right || is_text(left) && is_text(right)
}
