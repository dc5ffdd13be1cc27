//! Typed tree to plan. Names are gone already; here sharing begins: equal expressions become one node.

use std::collections::HashMap;
use std::sync::Arc;

use super::ir::*;
use super::written::one_line;
use crate::model::ids::*;
use crate::model::types::Type;
use crate::model::value::Datum;
use crate::model::window::{This, Window};
use crate::sema::hir::{
    Aggregate, Body, Effect, EffectKind, Expr, ExprKind, Fold, Hir, MemoryInput, Muted, Template,
    TemplatePart,
};
use crate::source::SourceMap;

/// The nodes of every event type's memory inputs and rules; the reads are collected from them after the passes.
pub fn lower(hir: &Hir, sources: &SourceMap) -> Plan {
    let mut lowering = Lowering {
        hir,
        sources,
        graph: Graph::default(),
        traces: Traces::default(),
        windows: Vec::new(),
        window_index: HashMap::new(),
        aliases: HashMap::new(),
        event: EventId(0),
        waited: false,
        level: 0,
    };
    let mut events: Vec<EventPlan> = hir.schema.events.iter().map(|event| empty(hir, event.id)).collect();
    for plan in &mut events {
        lowering.start(plan.event, false);
        lowering.writes(plan);
        lowering.feeds(plan);
        lowering.sequence_writes(plan);
    }
    // By event rather than by rule, so that the memo of aliases serves all rules of an event.
    let mut bodies: Vec<Vec<(RuleId, &Body)>> = vec![Vec::new(); events.len()];
    for (index, rule) in hir.rules.iter().enumerate().filter(|(_, rule)| rule.absence.is_none()) {
        for body in &rule.bodies {
            if let Some(of_event) = bodies.get_mut(body.event.index()) {
                of_event.push((RuleId::new(index), body));
            }
        }
    }
    for (plan, bodies) in events.iter_mut().zip(bodies) {
        lowering.start(plan.event, false);
        for (rule, body) in bodies {
            let rule = lowering.rule(rule, body);
            plan.rules.push(rule);
        }
    }
    let absences = lowering.absences(&mut events);
    let hits = hir.keeps_hits().then_some(events.len());
    if hits.is_some() {
        lowering.start(hir.hit.id, false);
        let mut plan = empty(hir, hir.hit.id);
        lowering.writes(&mut plan);
        lowering.sequence_writes(&mut plan);
        events.push(plan);
    }
    Plan { graph: lowering.graph, traces: lowering.traces, windows: lowering.windows, events, hits, absences }
}

pub(super) fn empty(hir: &Hir, event: EventId) -> EventPlan {
    let mut policy: Vec<(i64, OutcomeId)> = hir
        .policies
        .iter()
        .filter(|policy| policy.events.contains(&event))
        .flat_map(|policy| policy.bands.iter().copied())
        .collect();
    policy.sort();
    EventPlan {
        event,
        fields: Vec::new(),
        keys: Vec::new(),
        writes: Vec::new(),
        reads: Vec::new(),
        feeds: Vec::new(),
        sequence_writes: Vec::new(),
        sequence_reads: Vec::new(),
        sets: Vec::new(),
        cancels: Vec::new(),
        rules: Vec::new(),
        policy,
    }
}

pub(super) struct Lowering<'a> {
    pub hir: &'a Hir,
    pub sources: &'a SourceMap,
    pub graph: Graph,
    pub traces: Traces,
    windows: Vec<Window>,
    window_index: HashMap<String, WindowId>,
    /// What each `let` and signal became on this event; the tree outlives this map, so addresses are names.
    aliases: HashMap<*const Expr, Traced>,
    pub event: EventId,
    /// The event waited for a deadline: it is no current one.
    pub waited: bool,
    /// How many folds enclose the current expression.
    level: u32,
}

impl Lowering<'_> {
    pub fn start(&mut self, event: EventId, waited: bool) {
        self.event = event;
        self.waited = waited;
        self.level = 0;
        self.aliases.clear();
    }

    fn writes(&mut self, plan: &mut EventPlan) {
        let hir = self.hir;
        for (index, memory) in hir.memories.iter().enumerate() {
            let event = plan.event;
            for input in memory.inputs.iter().filter(|input| input.event == event) {
                let key = self.input_key(input);
                let key = KeyTuple { nodes: key, types: memory.keys.clone() };
                let write = Write {
                    memory: MemoryId::new(index),
                    filter: input.filter.as_ref().map(|filter| self.node(filter)),
                    value: input.value.as_ref().map(|value| self.node(value)),
                    key: plan.key(key),
                };
                plan.writes.push(write);
            }
        }
    }

    fn feeds(&mut self, plan: &mut EventPlan) {
        let hir = self.hir;
        let tables = hir.tables.iter().enumerate();
        let tables = tables.map(|(i, table)| (Fed::Table(TableId::new(i)), &table.feed));
        let calendars = hir.calendars.iter().enumerate();
        let calendars = calendars.map(|(i, calendar)| (Fed::Calendar(CalendarId::new(i)), &calendar.feed));
        for (into, feed) in tables.chain(calendars) {
            let Some(feed) = feed.as_ref().filter(|feed| feed.event == plan.event) else { continue };
            let Some(schema) = hir.schema.events.get(feed.event.index()) else { continue };
            let mut nodes = |fields: &[FieldId]| -> Vec<NodeId> {
                let fields = fields.iter().filter_map(|id| Some((*id, schema.fields.get(id.index())?)));
                fields
                    .map(|(id, field)| self.graph.add(Op::Field(feed.event, id), &[], &field.ty.base))
                    .collect()
            };
            let (keys, values) = (nodes(&feed.keys), nodes(&feed.fields));
            plan.feeds.push(Feed { into, keys, values });
        }
    }

    fn input_key(&mut self, input: &MemoryInput) -> Vec<NodeId> {
        input.keys.iter().map(|key| self.node(key)).collect()
    }

    pub fn rule(&mut self, rule: RuleId, body: &Body) -> RulePlan {
        RulePlan {
            rule,
            when: body.when.as_ref().map(|when| self.expr(when)),
            bands: body
                .bands
                .iter()
                .map(|band| BandPlan {
                    outcome: band.outcome,
                    condition: self.expr(&band.condition),
                    score: band.score,
                })
                .collect(),
            if_unknown: body.if_unknown.as_ref().map(|band| (band.outcome, band.score)),
            scores: body
                .scores
                .iter()
                .map(|score| ScorePlan { points: score.points, condition: self.expr(&score.condition) })
                .collect(),
            unless: body
                .unless
                .iter()
                .map(|unless| UnlessPlan {
                    condition: self.node(&unless.condition),
                    because: unless.because.as_ref().map(|text| self.text(text)),
                })
                .collect(),
            rollout: body
                .rollout
                .as_ref()
                .map(|rollout| RolloutPlan { share: rollout.share, keys: self.typed_nodes(&rollout.keys) }),
            about: body.about.iter().map(|(entity, value)| self.about(entity, value)).collect(),
            because: body.because.as_ref().map(|text| self.text(text)),
            tell: body
                .tell
                .iter()
                .map(|(language, text)| (language.as_str().into(), self.text(text)))
                .collect(),
            effects: body.effects.iter().map(|effect| self.effect(effect)).collect(),
            once: body
                .once
                .as_ref()
                .map(|once| OncePlan { keys: self.typed_nodes(&once.keys), period: once.period }),
            muted_by: body.muted_by.iter().map(|(mute, keys)| (*mute, self.typed_nodes(keys))).collect(),
            questions: self.questions(body),
        }
    }

    fn questions(&mut self, body: &Body) -> Vec<QuestionPlan> {
        let mut all: Vec<QuestionPlan> = Vec::new();
        for question in body.questions() {
            let asked = match &question.kind {
                ExprKind::Aggregate(aggregate) => {
                    AskedPlan::Window(aggregate.memory, aggregate.window.clone())
                }
                // Else it is false, whatever came before.
                ExprKind::Sequence(sequence) if sequence.ends_here && !self.waited => {
                    AskedPlan::Sequence(sequence.memory, sequence.within)
                }
                _ => continue,
            };
            let text = self.traces.add_text(&one_line(self.sources.slice(question.span)));
            let question = QuestionPlan { text, asked };
            if !all.contains(&question) {
                all.push(question);
            }
        }
        all.sort_by(|a, b| self.traces.text(a.text).cmp(self.traces.text(b.text)));
        all
    }

    fn typed_nodes(&mut self, keys: &[Expr]) -> Vec<(NodeId, Type)> {
        keys.iter().map(|key| (self.node(key), key.ty.base.clone())).collect()
    }

    fn about(&mut self, entity: &str, value: &Expr) -> AboutPlan {
        AboutPlan {
            entity: entity.into(),
            node: self.node(value),
            ty: value.ty.base.clone(),
            sensitive: self.hir.is_sensitive(self.event, value),
        }
    }

    fn effect(&mut self, effect: &Effect) -> EffectPlan {
        let argument = |lowering: &mut Self, value: &Expr| ArgumentPlan {
            value: lowering.expr(value),
            ty: value.ty.base.clone(),
            sensitive: lowering.hir.is_sensitive(lowering.event, value),
        };
        let deed = match &effect.kind {
            EffectKind::Do { action, .. } => Deed::Do(*action),
            EffectKind::Label { label, period, .. } => Deed::Label(*label, *period),
            EffectKind::Unlabel { label, .. } => Deed::Unlabel(*label),
            EffectKind::Mute { mute, muted, keys, period } => Deed::Mute(MutePlan {
                mute: *mute,
                muted: match muted {
                    Muted::Rule(rule) => MutedPlan::Rule(*rule),
                    Muted::Named(field) => MutedPlan::Named(self.hir.pointer(self.event, field)),
                },
                names: keys.iter().map(|key| one_line(self.sources.slice(key.span)).into()).collect(),
                period: *period,
            }),
        };
        EffectPlan {
            deed,
            operands: effect.kind.expressions().into_iter().map(|value| argument(self, value)).collect(),
            condition: effect.condition.as_ref().map(|condition| self.expr(condition)),
        }
    }

    fn text(&mut self, template: &Template) -> TextPlan {
        let parts = template.parts.iter().map(|part| match part {
            TemplatePart::Text(text) => TextPart::Text(text.clone()),
            TemplatePart::Value { value, percent } => {
                TextPart::Value { node: self.node(value), ty: value.ty.base.clone(), percent: *percent }
            }
        });
        TextPlan { parts: parts.collect() }
    }

    pub fn node(&mut self, expr: &Expr) -> NodeId {
        self.expr(expr).node
    }

    pub fn expr(&mut self, expr: &Expr) -> Traced {
        match &expr.kind {
            ExprKind::Const(value) => {
                let node = self.graph.add_constant(Datum::Known(value.clone()), &expr.ty.base);
                self.traced(node, Vec::new(), None)
            }
            ExprKind::Error => {
                let node = self.graph.add_constant(Datum::MISSING, &expr.ty.base);
                self.traced(node, Vec::new(), Some(expr))
            }
            ExprKind::Alias(inner) => self.alias(inner),
            ExprKind::Aggregate(aggregate) => self.aggregate(expr, aggregate),
            ExprKind::Sequence(sequence) => self.sequence(expr, sequence),
            ExprKind::Fold(fold) => self.fold(expr, fold),
            _ => self.operator(expr),
        }
    }

    /// Lets and signals stand outside of any fold, so what they mean does not depend on where they are used.
    fn alias(&mut self, inner: &Arc<Expr>) -> Traced {
        let name = Arc::as_ptr(inner);
        if let Some(known) = self.aliases.get(&name) {
            return *known;
        }
        let level = std::mem::take(&mut self.level);
        let traced = self.expr(inner);
        self.level = level;
        self.traces.traces[traced.trace.index()].named = true;
        self.aliases.insert(name, traced);
        traced
    }

    fn operator(&mut self, expr: &Expr) -> Traced {
        let mut parts = Vec::new();
        expr.for_each_child(&mut |child| parts.push(self.expr(child)));
        let nodes: Vec<NodeId> = parts.iter().map(|part| part.node).collect();
        let op = self.op(expr);
        let node = self.graph.add(op, &nodes, &expr.ty.base);
        // These are unknown through an operand only, or never.
        let silent = matches!(
            expr.kind,
            ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not(_) | ExprKind::IsMissing { .. }
        );
        self.traced(node, parts.iter().map(|part| part.trace).collect(), (!silent).then_some(expr))
    }

    fn op(&mut self, expr: &Expr) -> Op {
        match &expr.kind {
            ExprKind::Field(field) => Op::Field(self.event, *field),
            ExprKind::Member(_, place) => Op::Member(*place as u32),
            ExprKind::Element { depth } => Op::Element {
                level: self.level.saturating_sub(1 + *depth as u32),
                ty: self.graph.type_id(&expr.ty.base),
            },
            ExprKind::Call(function, _) => Op::Call(*function),
            ExprKind::Unary(op, _) => Op::Unary(*op),
            ExprKind::Binary(op, ..) => Op::Binary(*op),
            ExprKind::Compare(op, ..) => Op::Compare(*op),
            ExprKind::Between(..) => Op::Between,
            ExprKind::InArray(..) => Op::InArray,
            ExprKind::InList(_, list) if self.hir.lists[list.index()].external => Op::InFilled(*list),
            ExprKind::InList(_, list) => Op::InList(*list),
            ExprKind::InNetwork(..) => Op::InNetwork,
            ExprKind::InElements(..) => Op::InElements,
            ExprKind::And(_) => Op::And,
            ExprKind::Or(_) => Op::Or,
            ExprKind::Not(_) => Op::Not,
            ExprKind::Else(..) => Op::Else,
            ExprKind::IsMissing { present: false, .. } => Op::IsMissing,
            ExprKind::IsMissing { present: true, .. } => Op::IsPresent,
            ExprKind::TextTest(test, ..) => Op::TextTest(*test),
            ExprKind::Matches(_, regex) => Op::Matches(self.graph.regex_id(regex)),
            ExprKind::Mentions(_, phrases) => Op::Mentions(*phrases),
            ExprKind::HasLabel(_, label) => Op::HasLabel(*label),
            ExprKind::Lookup(table, _) if self.hir.tables[table.index()].feed.is_some() => {
                Op::LookupTold(*table)
            }
            ExprKind::Lookup(table, _) => Op::Lookup(*table),
            ExprKind::During(_, calendar, _) if self.hir.calendars[calendar.index()].feed.is_some() => {
                Op::DuringTold(*calendar)
            }
            ExprKind::During(_, calendar, _) => Op::During(*calendar),
            ExprKind::Convert(_, currency) => Op::Convert(*currency),
            // Handled by `expr`; a Kleene `and` of nothing is harmless.
            ExprKind::Const(_)
            | ExprKind::Alias(_)
            | ExprKind::Aggregate(_)
            | ExprKind::Sequence(_)
            | ExprKind::Fold(_)
            | ExprKind::Error => Op::And,
        }
    }

    fn aggregate(&mut self, expr: &Expr, aggregate: &Aggregate) -> Traced {
        let keys: Vec<Traced> = aggregate.keys.iter().map(|key| self.expr(key)).collect();
        let counted = self
            .hir
            .memories
            .get(aggregate.memory.index())
            .is_some_and(|memory| memory.inputs.iter().any(|input| input.event == self.event));
        let op = Op::Read {
            memory: aggregate.memory,
            function: aggregate.function,
            window: self.window(&aggregate.window),
            including: counted && !self.waited && aggregate.this == Some(This::Including),
        };
        let nodes: Vec<NodeId> = keys.iter().map(|key| key.node).collect();
        let node = self.graph.add(op, &nodes, &expr.ty.base);
        self.traced(node, keys.iter().map(|key| key.trace).collect(), Some(expr))
    }

    fn window(&mut self, window: &Window) -> WindowId {
        let name = super::print::window(window);
        let windows = &mut self.windows;
        *self.window_index.entry(name).or_insert_with(|| {
            windows.push(window.clone());
            WindowId::new(windows.len() - 1)
        })
    }

    fn fold(&mut self, expr: &Expr, fold: &Fold) -> Traced {
        let list = self.expr(&fold.list);
        let level = self.level;
        self.level += 1;
        let filter = fold.filter.as_ref().map(|filter| self.expr(filter));
        let value = fold.value.as_ref().map(|value| self.expr(value));
        self.level = level;
        let op =
            Op::Fold { function: fold.function, level, filter: filter.is_some(), value: value.is_some() };
        let nodes: Vec<NodeId> = [Some(list), filter, value].iter().flatten().map(|part| part.node).collect();
        let node = self.graph.add(op, &nodes, &expr.ty.base);
        let inside = Inside { value: value.map(|v| v.trace), filter: filter.map(|f| f.trace) };
        let traced = self.traced(node, vec![list.trace], Some(expr));
        self.traces.traces[traced.trace.index()].inside = Some(Box::new(inside));
        traced
    }

    pub(super) fn traced(&mut self, node: NodeId, parts: Vec<TraceId>, written: Option<&Expr>) -> Traced {
        let text = written.map(|expr| self.traces.add_text(&one_line(self.sources.slice(expr.span))));
        let trace = self.traces.add(Trace {
            node: Some(node),
            never: None,
            parts: parts.into(),
            text,
            inside: None,
            named: false,
        });
        Traced { node, trace }
    }
}

impl EventPlan {
    /// The place of this key among the distinct ones.
    pub(super) fn key(&mut self, key: KeyTuple) -> usize {
        self.keys.iter().position(|known| *known == key).unwrap_or_else(|| {
            self.keys.push(key);
            self.keys.len() - 1
        })
    }
}
