//! The plan as text: `rulec emit --stage plan`. Stable, so that it can be compared.

use std::fmt::Write;

use super::ir::{Deed, EventPlan, Fed, MutedPlan, NodeId, Op, Plan, RulePlan};
use crate::model::ids::*;
use crate::model::time::Duration;
use crate::model::types::Type;
use crate::model::value::{Datum, Value};
use crate::model::window::{Period, Window};
use crate::sema::hir::Hir;

/// Every event type that does something: its nodes, what it writes and asks, its rules.
pub fn print(plan: &Plan, hir: &Hir) -> String {
    let mut printer = Printer { plan, hir, out: String::new() };
    printer.line(0, &format!("plan {} ({} nodes)", hir.header.name, plan.graph.nodes.len()));
    let (events, deadlines) = plan.events.split_at(hir.schema.events.len());
    for event in events {
        printer.event(event, "event");
    }
    for (place, plan_of) in (events.len()..).zip(deadlines) {
        let what = if plan.hits == Some(place) { "event" } else { "deadline after" };
        printer.event(plan_of, what);
    }
    printer.out
}

/// A window in the words of the language.
pub fn window(window: &Window) -> String {
    match window {
        Window::Sliding { span, ending } if ending.0 == 0 => format!("over {}", exactly(*span)),
        Window::Sliding { span, ending } => {
            format!("over {} ending {} ago", exactly(*span), exactly(*ending))
        }
        Window::Stepped { span, step } => format!("over {} step {}", exactly(*span), exactly(*step)),
        Window::Calendar { period, zone } => {
            let period = match period {
                Period::Day => "today",
                Period::Week => "this week",
                Period::Month => "this month",
            };
            format!("over {period} in \"{}\"", zone.name())
        }
        Window::Ever => "ever".to_string(),
    }
}

/// In the largest unit that leaves nothing over.
fn exactly(duration: Duration) -> String {
    let units =
        [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)];
    let unit = units.into_iter().find(|(_, micros)| duration.0 % micros == 0);
    let (unit, micros) = unit.unwrap_or(("us", 1));
    format!("{}{unit}", duration.0 / micros)
}

struct Printer<'a> {
    plan: &'a Plan,
    hir: &'a Hir,
    out: String,
}

impl Printer<'_> {
    fn line(&mut self, indent: usize, text: &str) {
        let _ = writeln!(self.out, "{:width$}{text}", "", width = indent * 2);
    }

    fn event(&mut self, event: &EventPlan, what: &str) {
        let kept = !event.writes.is_empty() || !event.sequence_writes.is_empty() || !event.feeds.is_empty();
        if !kept && event.rules.is_empty() && event.sets.is_empty() {
            return;
        }
        let name = self.hir.event(event.event).name.clone();
        self.line(0, &format!("\n{what} {name}"));
        let fields: Vec<String> = event.fields.iter().map(|field| self.field(event.event, *field)).collect();
        self.line(1, &format!("needs {}", fields.join(", ")));
        self.line(1, "nodes");
        for node in self.plan.graph.reachable(&event.roots()) {
            let text = format!("%{} = {}", node.0, self.node(node));
            self.line(2, &text);
        }
        for write in &event.writes {
            let text = self.write(event, write);
            self.line(1, &text);
        }
        for feed in &event.feeds {
            let name = match feed.into {
                Fed::Table(id) => &self.hir.tables[id.index()].name,
                Fed::Calendar(id) => &self.hir.calendars[id.index()].name,
            };
            let text = format!("fill {name} by {} with {}", list(&feed.keys), list(&feed.values));
            self.line(1, &text);
        }
        for read in &event.reads {
            let this = read.include_current.map_or("", |_| " including this");
            self.line(1, &format!("read %{} from m{}{this}", read.node.0, read.memory.0));
        }
        self.later(event);
        for rule in &event.rules {
            self.rule(rule);
        }
        for (score, outcome) in &event.policy {
            let text = format!("policy {} at score {score}", self.hir.outcome(*outcome));
            self.line(1, &text);
        }
    }

    /// Sequences and deadlines.
    fn later(&mut self, event: &EventPlan) {
        for write in &event.sequence_writes {
            for step in &write.steps {
                let filter = step.filter.map_or(String::new(), |filter| format!(" where %{}", filter.0));
                let what = if step.is == 0 {
                    format!("breaks {:b}", step.breaks)
                } else {
                    format!("is {:b}", step.is)
                };
                let keys = list(&write.key.nodes);
                self.line(1, &format!("sequence s{} by {keys} {what}{filter}", write.memory.0));
            }
        }
        for read in &event.sequence_reads {
            self.line(1, &format!("read %{} from s{}", read.node.0, read.memory.0));
        }
        for set in &event.sets {
            let Some(absence) = self.plan.absences.get(set.absence) else { continue };
            let keys: Vec<NodeId> = set.keys.iter().map(|key| key.node).collect();
            let filter = set.filter.map_or(String::new(), |filter| format!(" where %{}", filter.node.0));
            let within = exactly(absence.within);
            let name = self.hir.rule(absence.rule).name.clone();
            self.line(1, &format!("deadline {name} by {} in {within}{filter}", list(&keys)));
        }
        for cancel in &event.cancels {
            let Some(absence) = self.plan.absences.get(cancel.absence) else { continue };
            let name = self.hir.rule(absence.rule).name.clone();
            self.line(1, &format!("takes back {name} with m{}", absence.memory.0));
        }
    }

    fn write(&self, event: &EventPlan, write: &super::ir::Write) -> String {
        let mut text = format!("write m{} by {}", write.memory.0, list(&event.keys[write.key].nodes));
        if let Some(value) = write.value {
            let _ = write!(text, " value %{}", value.0);
        }
        if let Some(filter) = write.filter {
            let _ = write!(text, " where %{}", filter.0);
        }
        text
    }

    fn rule(&mut self, rule: &RulePlan) {
        let name = self.hir.rule(rule.rule).name.clone();
        self.line(1, &format!("rule {name}"));
        if let Some(when) = rule.when {
            self.line(2, &format!("when %{}", when.node.0));
        }
        for band in &rule.bands {
            let outcome = self.hir.outcome(band.outcome).to_string();
            self.line(2, &format!("{outcome} if %{} score {}", band.condition.node.0, band.score));
        }
        if let Some((outcome, score)) = rule.if_unknown {
            let outcome = self.hir.outcome(outcome).to_string();
            self.line(2, &format!("{outcome} if unknown score {score}"));
        }
        for score in &rule.scores {
            self.line(2, &format!("score {} if %{}", score.points, score.condition.node.0));
        }
        for unless in &rule.unless {
            self.line(2, &format!("unless %{}", unless.condition.0));
        }
        if let Some(rollout) = &rule.rollout {
            let keys: Vec<NodeId> = rollout.keys.iter().map(|(node, _)| *node).collect();
            self.line(2, &format!("rollout {} of a million by {}", rollout.share, list(&keys)));
        }
        for about in &rule.about {
            self.line(2, &format!("about {} = %{}", about.entity, about.node.0));
        }
        for effect in &rule.effects {
            let operands: Vec<NodeId> = effect.operands.iter().map(|a| a.value.node).collect();
            let condition = effect.condition.map_or(String::new(), |c| format!(" if %{}", c.node.0));
            let text = self.deed(&effect.deed, &operands);
            self.line(2, &format!("{text}{condition}"));
        }
        let nodes = |keys: &[(NodeId, Type)]| list(&keys.iter().map(|(node, _)| *node).collect::<Vec<_>>());
        if let Some(once) = &rule.once {
            let period = once.period.map_or(String::new(), |period| format!(" per {}", exactly(period)));
            self.line(2, &format!("once per {}{period}", nodes(&once.keys)));
        }
        for (mute, keys) in &rule.muted_by {
            self.line(2, &format!("muted by u{} of {}", mute.0, nodes(keys)));
        }
    }

    fn deed(&self, deed: &Deed, operands: &[NodeId]) -> String {
        let label = |id: &LabelId| &self.hir.labels[id.index()].name;
        match deed {
            Deed::Do(action) => format!("do {}({})", self.hir.actions[action.index()].name, list(operands)),
            Deed::Label(id, period) => {
                let period = period.map_or(String::new(), |period| format!(" for {}", exactly(period)));
                format!("label {} on {}{period}", label(id), list(operands))
            }
            Deed::Unlabel(id) => format!("unlabel {} on {}", label(id), list(operands)),
            Deed::Mute(plan) => {
                let rule = match &plan.muted {
                    MutedPlan::Rule(rule) => self.hir.rule(*rule).name.clone(),
                    MutedPlan::Named(pointer) => format!("the rule at {pointer}"),
                };
                let (mute, period) = (plan.mute.0, exactly(plan.period));
                format!("mute {rule} by {} for {period} in u{mute}", list(operands))
            }
        }
    }

    fn field(&self, event: EventId, field: FieldId) -> String {
        self.hir.event(event).fields.get(field.index()).map_or("?".into(), |field| field.name.to_string())
    }

    fn member(&self, record: NodeId, place: usize) -> String {
        match self.plan.graph.node(record).ty.representation() {
            Type::Record(record) => {
                record.fields.get(place).map_or("?".into(), |field| field.name.to_string())
            }
            _ => "?".to_string(),
        }
    }

    fn node(&self, id: NodeId) -> String {
        let node = self.plan.graph.node(id);
        let args = list(&node.args);
        let what = match node.op {
            Op::Const(constant) => constant_text(&self.plan.graph.constants[constant.index()]),
            Op::Field(event, field) => format!("field {}", self.field(event, field)),
            Op::Read { memory, function, window: id, including } => {
                let over = window(&self.plan.windows[id.index()]);
                let this = if including { " including this" } else { "" };
                let approx = if self.hir.memories[memory.index()].approx { "approx " } else { "" };
                format!("{approx}{function} m{} by ({args}) {over}{this}", memory.0)
            }
            Op::Sequence { memory, within } => {
                format!("sequence s{} by ({args}) within {}", memory.0, exactly(within))
            }
            Op::Element { level, .. } => format!("element {level}"),
            Op::Member(place) => format!("{} of {args}", self.member(node.args[0], place as usize)),
            Op::Fold { function, level, .. } => {
                format!("{function:?}({args}) at level {level}").to_lowercase()
            }
            Op::Call(function) => format!("{}({args})", function.get().name),
            Op::InList(id) | Op::InFilled(id) => format!("{args} in {}", self.hir.lists[id.index()].name),
            Op::Matches(id) => {
                let regex = &self.plan.graph.regexes[id.index()];
                format!("{args} matches /{}/{}", regex.pattern, if regex.ignore_case { "i" } else { "" })
            }
            Op::Mentions(id) => format!("{args} mentions {}", self.hir.phrases[id.index()].name),
            Op::HasLabel(id) => format!("{args} has label {}", self.hir.labels[id.index()].name),
            Op::Lookup(id) | Op::LookupTold(id) => format!("{}[{args}]", self.hir.tables[id.index()].name),
            Op::During(id) | Op::DuringTold(id) => {
                format!("{args} during {}", self.hir.calendars[id.index()].name)
            }
            Op::Convert(currency) => format!("{args} as {currency}"),
            Op::Unary(op) => format!("{op:?} {args}"),
            Op::Binary(op) => format!("{op:?} {args}"),
            Op::Compare(op) => format!("{op:?} {args}"),
            Op::TextTest(test) => format!("{test:?} {args}"),
            other => format!("{other:?} {args}"),
        };
        format!("{what} : {}", node.ty)
    }
}

fn list(nodes: &[NodeId]) -> String {
    let names: Vec<String> = nodes.iter().map(|node| format!("%{}", node.0)).collect();
    names.join(", ")
}

fn constant_text(datum: &Datum) -> String {
    match datum {
        Datum::Known(Value::Text(text)) => format!("{text:?}"),
        Datum::Known(Value::Bool(b)) => b.to_string(),
        Datum::Known(Value::Int(i)) => i.to_string(),
        Datum::Known(Value::Decimal(d)) => d.to_string(),
        Datum::Known(Value::Money(m)) => format!("{} {}", m.amount, m.currency),
        Datum::Known(Value::Time(t)) => t.to_string(),
        Datum::Known(Value::Duration(d)) => d.to_string(),
        Datum::Known(value) => format!("{value:?}"),
        Datum::AtLeast(value) => format!("at least {value:?}"),
        Datum::Unknown(why) => format!("unknown ({})", why.reason().unwrap_or("missing")),
    }
}
