//! The specification in code: a slow, obvious interpreter over the typed tree.
//!
//! It keeps everything it has ever counted and works out each answer from all of it, so there is nothing here that
//! could be subtly fast. Executors are right when they agree with it, byte for byte. Read it from top to bottom:
//! one event is read ([`Oracle::judge`]), decided ([`Oracle::settle`]) and written ([`Oracle::write`]).

mod approx;
mod deadlines;
mod effects;
mod feeds;
mod hits;
mod sequences;
mod warming;

use std::collections::HashMap;
use std::sync::Arc;

use effects::{Done, Effects, Wanted};
use ethnum::U256;
use sha2::{Digest, Sha256};

use crate::builtins::{Context, short_hash};
use crate::model::decision::{Argument, CannotSay, Decision, Hit, Stamp, Suppressed};
use crate::model::display;
use crate::model::event::Event;
use crate::model::ids::{EventId, MemoryId, OutcomeId, RuleId, SequenceId};
use crate::model::money::{Decimal, Money};
use crate::model::ops::{self, BinaryOp, CompareOp, MoneyContext};
use crate::model::time::{Duration, Time};
use crate::model::types::Type;
use crate::model::value::{Datum, Unknown, Value};
use crate::model::window::{AggregateFn, This, Window};
use crate::sema::hir::{
    Aggregate, Body, Expr, ExprKind, Fold, FoldFn, Hir, Memory, MemoryInput, Rule, Template, TemplatePart,
};
use crate::source::{SourceMap, Span};
use deadlines::{Pending, Waiting};

/// An event sent again within this much engine time gets the stored decision.
const RETRY_HORIZON: Duration = Duration(24 * 3_600_000_000);

/// Decides events one after the other.
pub struct Oracle {
    hir: Arc<Hir>,
    /// The text of every source: expressions are named as the author wrote them.
    texts: Vec<Arc<str>>,
    stamp: Arc<Stamp>,
    hash_key: Vec<u8>,
    cells: HashMap<(MemoryId, String), Cell>,
    received: feeds::Received,
    /// Everything that hits ever did.
    done: Vec<Done>,
    sequences: HashMap<(SequenceId, String), Cell>,
    /// Deadlines that were set, neither cancelled nor due yet, in the order in which they were set.
    pending: Vec<Pending>,
    /// The largest time of the clock, `received_at`, or `at` of events without one.
    engine_time: Option<Time>,
    /// The first engine time there was: everything begins to be kept then.
    began: Option<Time>,
    /// Applied events by (type, id): the engine time at which each was applied, what it said, and its decision.
    applied: HashMap<(EventId, String), (Time, u32, Decision)>,
}

/// What one memory holds for one key.
#[derive(Default)]
struct Cell {
    /// In order of arrival; nothing is ever taken out, only marked.
    entries: Vec<Entry>,
    newest: Option<Time>,
    /// Of a memory that is kept in steps: each different value of each step once, at the step's start.
    in_steps: Vec<Entry>,
    /// The latest entry that windows lost to time, and to the cap.
    lost_expired: Option<Time>,
    lost_capped: Option<Time>,
}

#[derive(Clone)]
struct Entry {
    at: Time,
    value: Option<Value>,
    /// In a sequence: which of its elements it can be.
    elements: Vec<usize>,
    /// Windows no longer see it (`ever` does).
    gone: bool,
}

/// Where an expression is evaluated.
#[derive(Copy, Clone)]
struct Scope<'a> {
    event: &'a Event,
    /// The elements of the enclosing folds, innermost last.
    elements: &'a [Datum],
    /// It is no current event, but one that waited: a deadline fell due.
    waited: bool,
}

/// What one rule says about one event.
#[derive(Default)]
struct Verdict {
    /// A band or a score line held: the outcome of the band, and the score of both.
    hit: Option<(Option<OutcomeId>, i64)>,
    /// Why the hit is held back, and the reason that the author gave.
    held_back: Option<(&'static str, Option<String>)>,
    effects: Vec<Wanted>,
    bad: Vec<String>,
    missing: Vec<String>,
}

impl Oracle {
    pub fn new(hir: Arc<Hir>, sources: &SourceMap, stamp: Arc<Stamp>, hash_key: &[u8]) -> Oracle {
        Oracle {
            hir,
            texts: sources.iter().map(|(_, source)| source.text.clone()).collect(),
            stamp,
            hash_key: hash_key.to_vec(),
            cells: HashMap::new(),
            done: Vec::new(),
            sequences: HashMap::new(),
            pending: Vec::new(),
            received: feeds::Received::default(),
            engine_time: None,
            began: None,
            applied: HashMap::new(),
        }
    }

    /// Later decisions carry this stamp.
    pub fn go_on_as(&mut self, stamp: Arc<Stamp>) {
        self.stamp = stamp;
    }

    /// Decides one event and remembers it: the deadlines that it makes due, its own decision, and the deadlines that
    /// it set so late that they are due at once.
    pub fn decide(&mut self, event: &Event) -> (Vec<Decision>, Decision, Vec<Decision>) {
        let received = match event.fields.get(2) {
            Some(Datum::Known(Value::Time(time))) => *time,
            _ => event.at(),
        };
        let due = self.clock(received);
        let now = self.engine_time.unwrap_or(received);
        let identity = (event.event, event.id().to_string());
        if let Some((applied, content, decision)) = self.applied.get(&identity)
            && now.0.saturating_sub(applied.0) < RETRY_HORIZON.0
        {
            let conflict = *content != event.content;
            return (due, Decision { duplicate: true, conflict, ..decision.clone() }, Vec::new());
        }
        let waiting = self.waiting(event);
        let (mut decision, effects) = self.settle_event(event);
        decision.late = self.write(event);
        self.write_hits(event, &decision.rules);
        decision.late |= self.write_feeds(event);
        self.cancel(event);
        for waiting in waiting {
            match waiting {
                Waiting::Set(pending) => self.pending.push(*pending),
                Waiting::CannotSay(cannot_say) => decision.cannot_say.push(cannot_say),
            }
        }
        decision.cannot_say.sort_by(|a, b| a.rule.cmp(&b.rule));
        self.apply(effects, &mut decision);
        self.applied.insert(identity, (now, event.content, decision.clone()));
        (due, decision, self.clock(received))
    }

    // ---- Deciding: every rule is judged, then the outcome is the most severe of those that count.

    fn settle_event(&self, event: &Event) -> (Decision, Effects) {
        let policies = self.hir.policies.iter().filter(|policy| policy.events.contains(&event.event));
        let bands: Vec<(i64, OutcomeId)> = policies.flat_map(|policy| policy.bands.iter().copied()).collect();
        let mut decision = self.decision(event);
        let rules = (0..self.hir.rules.len()).map(RuleId::new);
        let rules = rules.filter(|id| self.hir.rule(*id).absence.is_none()).collect();
        let scope = Scope { event, elements: &[], waited: false };
        let effects = self.settle(rules, scope, &bands, &mut decision);
        (decision, effects)
    }

    /// The decision about an event as long as no rule has said anything.
    fn decision(&self, event: &Event) -> Decision {
        Decision {
            event: event.id().into(),
            event_type: self.hir.schema.events[event.event.index()].name.clone(),
            at: event.at(),
            outcome: self.hir.outcome(OutcomeId(0)).into(),
            score: 0,
            rules: Vec::new(),
            shadow: Vec::new(),
            suppressed: Vec::new(),
            cannot_say: Vec::new(),
            effects: Vec::new(),
            warming: Vec::new(),
            bad: event.bad.clone(),
            late: false,
            duplicate: false,
            conflict: false,
            ruleset: self.stamp.clone(),
        }
    }

    fn settle(
        &self,
        mut rules: Vec<RuleId>,
        scope: Scope<'_>,
        policy: &[(i64, OutcomeId)],
        decision: &mut Decision,
    ) -> Effects {
        let hir = &*self.hir;
        let event = scope.event;
        // (always, outcome, score) of every hit.
        let mut hits: Vec<(bool, Option<OutcomeId>, i64)> = Vec::new();
        let mut effects = Effects::default();
        rules.sort_by(|a, b| hir.rule(*a).name.cmp(&hir.rule(*b).name));
        for id in rules {
            let rule = hir.rule(id);
            let Some(body) = rule.bodies.iter().find(|body| body.event == event.event) else { continue };
            if rule.active_from.is_some_and(|from| event.at() < from)
                || rule.active_until.is_some_and(|until| event.at() >= until)
            {
                continue;
            }
            let shadow = rule.shadow || !self.rolled_out(rule, body, scope);
            let verdict = self.judge(id, body, shadow, scope);
            let name: Arc<str> = rule.name.as_str().into();
            let held_back = verdict.held_back.is_some();
            if !verdict.missing.is_empty() || verdict.hit.is_some() && !held_back {
                decision.warming.extend(self.warming(rule, body, scope));
            }
            if !verdict.missing.is_empty() {
                decision.cannot_say.push(CannotSay { rule: name.clone(), missing: verdict.missing });
            }
            let Some((outcome, score)) = verdict.hit else { continue };
            let outcome_name = outcome.map(|id| Arc::from(hir.outcome(id)));
            match verdict.held_back {
                // A shadow rule changes nothing and its exceptions are no news.
                Some(_) if shadow => {}
                Some((why, because)) => decision.suppressed.push(Suppressed {
                    rule: name,
                    outcome: outcome_name,
                    score,
                    why,
                    because,
                    withheld: Vec::new(),
                }),
                None => {
                    let hit = self.hit(rule, body, outcome_name.clone(), score, scope);
                    if shadow {
                        decision.shadow.push(hit);
                    } else {
                        hits.push((rule.always, outcome, score));
                        decision.rules.push(hit);
                        verdict.bad.into_iter().for_each(|pointer| add(&mut decision.bad, pointer));
                        let withheld = self.send(id, body, verdict.effects, scope, &mut effects);
                        if !withheld.is_empty() {
                            decision.suppressed.push(effects::withheld(name, outcome_name, score, withheld));
                        }
                    }
                }
            }
        }
        decision.bad.sort();
        decision.score = hits.iter().map(|(_, _, score)| score).sum();
        decision.outcome = hir.outcome(self.outcome(policy, &hits)).into();
        effects
    }

    /// A hit with `allow` leaves only `always` rules counting; scores reach the bands of the policy.
    fn outcome(&self, policy: &[(i64, OutcomeId)], hits: &[(bool, Option<OutcomeId>, i64)]) -> OutcomeId {
        let allow_lane = hits.iter().any(|(_, outcome, _)| *outcome == Some(OutcomeId(0)));
        let counting: Vec<_> = hits.iter().filter(|(always, _, _)| *always || !allow_lane).collect();
        let score: i64 = counting.iter().map(|(_, _, score)| score).sum();
        let reached = policy.iter().filter(|(at_least, _)| score >= *at_least).map(|(_, outcome)| *outcome);
        let said = counting.iter().filter_map(|(_, outcome, _)| *outcome);
        said.chain(reached).max().unwrap_or(OutcomeId(0))
    }

    /// Keys outside the share get the rule as shadow; a missing key is outside. The place of a key among the
    /// million depends on nothing but names and the key, so a key that is in stays in when the share grows.
    fn rolled_out(&self, rule: &Rule, body: &Body, scope: Scope<'_>) -> bool {
        let Some(rollout) = &body.rollout else { return true };
        let mut parts = vec![self.hir.header.name.clone(), rule.name.clone()];
        for key in &rollout.keys {
            match self.eval(key, scope) {
                Datum::Known(value) => parts.push(plain(&value, &key.ty.base)),
                _ => return false,
            }
        }
        digest(&parts) % 1_000_000 < u64::from(rollout.share)
    }

    /// The result of a rule: bands in order, score lines, exceptions, effects.
    fn judge(&self, rule: RuleId, body: &Body, shadow: bool, scope: Scope<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        let when = body.when.as_ref().map_or(Some(true), |when| self.ask(when, scope, &mut verdict.missing));
        if when == Some(false) {
            return verdict;
        }
        let mut band = None;
        // `when` unknown makes every band unknown; it alone is named.
        let mut unclear = when.is_none();
        let mut points: Option<i64> = None;
        if when == Some(true) {
            for candidate in &body.bands {
                match self.ask(&candidate.condition, scope, &mut verdict.missing) {
                    Some(true) => {
                        band = Some(candidate);
                        break;
                    }
                    Some(false) => {}
                    None => unclear = true,
                }
            }
            for line in &body.scores {
                if self.ask(&line.condition, scope, &mut verdict.missing) == Some(true) {
                    points = Some(points.unwrap_or(0) + line.points);
                }
            }
        }
        if band.is_none() && unclear {
            band = body.if_unknown.as_ref();
        }
        if band.is_none() && points.is_none() {
            return verdict;
        }
        verdict.hit = Some((band.map(|b| b.outcome), band.map_or(0, |b| b.score) + points.unwrap_or(0)));
        // An exception that can't be judged is none: the hit stands.
        let exception = body.unless.iter().find(|u| self.eval(&u.condition, scope).truth() == Some(true));
        verdict.held_back = match exception {
            Some(unless) => {
                Some(("unless", unless.because.as_ref().map(|because| self.text(because, scope).0)))
            }
            None => self.is_muted(rule, body, scope).then_some(("mute", None)),
        };
        if verdict.held_back.is_none() && !shadow {
            let name = &self.hir.rule(rule).name;
            verdict.effects = self.wanted(name, body, scope, &mut verdict.missing, &mut verdict.bad);
        }
        verdict
    }

    /// Three-valued; what made it unknown is added to `missing`.
    fn ask(&self, condition: &Expr, scope: Scope<'_>, missing: &mut Vec<String>) -> Option<bool> {
        let truth = self.eval(condition, scope).truth();
        if truth.is_none() {
            self.explain(condition, scope, missing);
        }
        truth
    }

    fn hit(&self, rule: &Rule, body: &Body, outcome: Option<Arc<str>>, score: i64, scope: Scope<'_>) -> Hit {
        let tell = body.tell.iter().filter_map(|(language, template)| {
            let (text, complete) = self.text(template, scope);
            complete.then(|| (Arc::from(language.as_str()), text))
        });
        let about = body.about.iter().filter_map(|(entity, expr)| match self.eval(expr, scope) {
            Datum::Known(value) => {
                let text = plain(&value, &expr.ty.base);
                let sensitive = self.hir.is_sensitive(scope.event.event, expr);
                let shown = if sensitive { short_hash(&self.hash_key, &text) } else { text };
                Some((Arc::from(entity.as_str()), shown))
            }
            _ => None,
        });
        Hit {
            rule: rule.name.as_str().into(),
            outcome,
            score,
            because: body.because.as_ref().map(|because| self.text(because, scope).0),
            tell: tell.collect(),
            about: about.collect(),
            tags: rule.tags.clone().into(),
            severity: rule.severity.map(|severity| severity.name()),
        }
    }

    /// The text, and whether nothing in it was missing.
    fn text(&self, template: &Template, scope: Scope<'_>) -> (String, bool) {
        let mut out = String::new();
        let mut complete = true;
        for part in &template.parts {
            match part {
                TemplatePart::Text(text) => out.push_str(text),
                TemplatePart::Value { value, percent } => {
                    let datum = self.eval(value, scope);
                    complete &= !matches!(datum, Datum::Unknown(_));
                    if *percent {
                        out.push_str(&display::percent(&datum));
                    } else {
                        out.push_str(&display::text(&datum, &value.ty.base, &self.hir.header.zone));
                    }
                }
            }
        }
        (out, complete)
    }

    fn argument(&self, value: &Value, ty: &Type, sensitive: bool) -> Argument {
        match value {
            _ if sensitive => Argument::Text(short_hash(&self.hash_key, &plain(value, ty))),
            Value::Bool(truth) => Argument::Bool(*truth),
            Value::Int(number) => Argument::Number(*number),
            Value::Float(float) => Argument::Float(*float),
            _ => Argument::Text(plain(value, ty)),
        }
    }

    // ---- Reading: the value of an expression, or why there is none.

    fn money(&self, scope: Scope<'_>) -> MoneyContext<'_> {
        MoneyContext {
            rates: self.hir.rates.as_deref(),
            currency: self.hir.header.currency,
            at: scope.event.at(),
        }
    }

    fn eval(&self, expr: &Expr, scope: Scope<'_>) -> Datum {
        let money = self.money(scope);
        let all = |exprs: &[Expr]| -> Vec<Datum> { exprs.iter().map(|e| self.eval(e, scope)).collect() };
        match &expr.kind {
            ExprKind::Const(value) => Datum::Known(value.clone()),
            ExprKind::Field(field) => {
                scope.event.fields.get(field.index()).cloned().unwrap_or(Datum::MISSING)
            }
            ExprKind::Member(record, index) => match self.eval(record, scope) {
                Datum::Known(Value::Record(fields)) => fields.get(*index).cloned().unwrap_or(Datum::MISSING),
                other => other,
            },
            ExprKind::Element { depth } => {
                scope.elements.iter().rev().nth(*depth).cloned().unwrap_or(Datum::MISSING)
            }
            ExprKind::Alias(inner) => self.eval(inner, scope),
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, &expr.ty.base, scope),
            ExprKind::Sequence(sequence) => self.sequence(sequence, scope),
            ExprKind::Fold(fold) => self.fold(fold, &expr.ty.base, scope),
            ExprKind::Call(builtin, arguments) => self.strict(&all(arguments), |values| {
                let context = Context { zone: &self.hir.header.zone, money, hash_key: &self.hash_key };
                (builtin.get().call)(values, &context).into()
            }),
            ExprKind::Unary(op, value) => ops::unary(*op, &self.eval(value, scope)),
            ExprKind::Binary(op, left, right) => {
                ops::binary(*op, &self.eval(left, scope), &self.eval(right, scope), &money)
            }
            ExprKind::Compare(op, left, right) => {
                ops::compare(*op, &self.eval(left, scope), &self.eval(right, scope), &money)
            }
            ExprKind::Between(value, low, high) => ops::between(
                &self.eval(value, scope),
                &self.eval(low, scope),
                &self.eval(high, scope),
                &money,
            ),
            ExprKind::InArray(value, items) => ops::in_array(&self.eval(value, scope), &all(items), &money),
            ExprKind::InElements(value, list) => {
                ops::in_elements(&self.eval(value, scope), &self.eval(list, scope), &money)
            }
            ExprKind::InList(value, list) => self.strict(&[self.eval(value, scope)], |values| {
                let (of, at) = (&self.hir.lists[list.index()], scope.event.at());
                match of.external {
                    true => self.in_filled(*list, &values[0], at),
                    false => Datum::bool(of.data.contains(&values[0], at)),
                }
            }),
            ExprKind::InNetwork(ip, network) => {
                ops::in_network(&self.eval(ip, scope), &self.eval(network, scope))
            }
            ExprKind::And(parts) => ops::and(&all(parts)),
            ExprKind::Or(parts) => ops::or(&all(parts)),
            ExprKind::Not(value) => ops::not(&self.eval(value, scope)),
            ExprKind::Else(value, default) => match self.eval(value, scope) {
                Datum::Unknown(_) => self.eval(default, scope),
                // A saturated count is there: it only can't be told to the last one.
                there => there,
            },
            ExprKind::IsMissing { value, present } => {
                Datum::bool(matches!(self.eval(value, scope), Datum::Unknown(_)) != *present)
            }
            ExprKind::TextTest(op, text, piece) => {
                ops::text_test(*op, &self.eval(text, scope), &self.eval(piece, scope))
            }
            ExprKind::Matches(text, regex) => self.strict(&[self.eval(text, scope)], |values| match values {
                [Value::Text(text)] => Datum::bool(regex.compiled.is_match(text)),
                _ => Datum::MISSING,
            }),
            ExprKind::Mentions(text, phrases) => {
                self.strict(&[self.eval(text, scope)], |values| match values {
                    [Value::Text(text)] => {
                        Datum::bool(self.hir.phrases[phrases.index()].set.find(text).is_some())
                    }
                    _ => Datum::MISSING,
                })
            }
            ExprKind::HasLabel(value, label) => self.strict(&[self.eval(value, scope)], |values| {
                Datum::bool(self.has_label(*label, &values[0], scope.event.at()))
            }),
            ExprKind::Lookup(table, keys) => self.strict(&all(keys), |keys| {
                let of = &self.hir.tables[table.index()];
                match &of.feed {
                    Some(feed) => self.row(feed, keys),
                    None => of.data.get(keys).cloned().map_or(Datum::MISSING, Datum::Known),
                }
            }),
            ExprKind::During(time, calendar, keys) => {
                let mut operands = vec![self.eval(time, scope)];
                operands.extend(all(keys));
                self.strict(&operands, |values| match values {
                    [Value::Time(time), keys @ ..] => {
                        let of = &self.hir.calendars[calendar.index()];
                        match of.feed {
                            Some(_) => self.during_told(*calendar, keys, *time),
                            None => Datum::bool(of.data.during(keys, *time)),
                        }
                    }
                    _ => Datum::MISSING,
                })
            }
            ExprKind::Convert(value, currency) => ops::convert(&self.eval(value, scope), *currency, &money),
            ExprKind::Error => Datum::MISSING,
        }
    }

    /// Unknown if any operand is (for the reason of the first), else what `known` makes of the values.
    fn strict(&self, operands: &[Datum], known: impl FnOnce(&[Value]) -> Datum) -> Datum {
        let mut values = Vec::new();
        for operand in operands {
            match operand {
                Datum::Known(value) => values.push(value.clone()),
                Datum::AtLeast(_) => return Datum::Unknown(Unknown::Saturated),
                Datum::Unknown(why) => return Datum::Unknown(*why),
            }
        }
        known(&values)
    }

    /// A question to a list of the event: element by element, in order.
    fn fold(&self, fold: &Fold, ty: &Type, scope: Scope<'_>) -> Datum {
        let items = match self.eval(&fold.list, scope) {
            Datum::Known(Value::List(items)) => items,
            other => return other,
        };
        let mut filters = Vec::new();
        let mut values = Vec::new();
        for item in items.iter() {
            let elements = [scope.elements, std::slice::from_ref(item)].concat();
            let inner = Scope { elements: &elements, ..scope };
            let filter = fold.filter.as_ref().map_or(Datum::bool(true), |filter| self.eval(filter, inner));
            match filter.truth() {
                Some(false) => {}
                Some(true) => values.push(fold.value.as_ref().map_or(item.clone(), |v| self.eval(v, inner))),
                None => values.push(filter.clone()),
            }
            filters.push(filter);
        }
        let known = |filter: &Datum| if filter.truth().is_some() { None } else { Some(filter.clone()) };
        match fold.function {
            FoldFn::Any => any_of(filters),
            FoldFn::All => ops::not(&any_of(filters.iter().map(ops::not).collect())),
            FoldFn::Count => match filters.iter().find_map(known) {
                Some(unknown) => unknown,
                None => Datum::Known(Value::Int(values.len() as i64)),
            },
            FoldFn::Sum => {
                let money = self.money(scope);
                let Some(op) = addition(ty) else { return Datum::MISSING };
                // Money of nothing is nothing of the result's currency.
                let mut values = values.into_iter();
                match values.next() {
                    Some(first) => values.fold(first, |sum, value| ops::binary(op, &sum, &value, &money)),
                    None => self.zero(ty),
                }
            }
            FoldFn::Distinct => self.strict(&values, |values| Datum::Known(Value::Int(distinct(values)))),
        }
    }

    /// The sum of nothing.
    fn zero(&self, ty: &Type) -> Datum {
        match ty.representation() {
            Type::Int => Datum::Known(Value::Int(0)),
            Type::Decimal => Datum::Known(Value::Decimal(Decimal(0))),
            Type::Duration => Datum::Known(Value::Duration(Duration(0))),
            Type::Money(currency) => match currency.or(self.hir.header.currency) {
                Some(currency) => Datum::Known(Value::Money(Money { amount: Decimal(0), currency })),
                None => Datum::MISSING,
            },
            _ => Datum::MISSING,
        }
    }

    // ---- Memory: what past events leave behind, and the answers to questions about them.

    fn memory(&self, id: MemoryId) -> &Memory {
        &self.hir.memories[id.index()]
    }

    /// How an event counts in a memory: its keys and value, if its filter is true and nothing is missing.
    fn counted(&self, memory: &Memory, event: &Event) -> Option<(Vec<Value>, Option<Value>)> {
        let scope = Scope { event, elements: &[], waited: false };
        let input: &MemoryInput = memory.inputs.iter().find(|input| input.event == event.event)?;
        if let Some(filter) = &input.filter
            && self.eval(filter, scope).truth() != Some(true)
        {
            return None;
        }
        let known = |expr: &Expr| self.eval(expr, scope).known().cloned();
        let keys = input.keys.iter().map(known).collect::<Option<Vec<Value>>>()?;
        let value = match &input.value {
            Some(value) => Some(known(value)?),
            None => None,
        };
        Some((keys, value))
    }

    /// The third phase: enters the event wherever it counts. Says whether it came late anywhere.
    fn write(&mut self, event: &Event) -> bool {
        let hir = self.hir.clone();
        let at = event.at();
        let mut late = false;
        for (index, memory) in hir.memories.iter().enumerate() {
            let Some((keys, value)) = self.counted(memory, event) else { continue };
            let cell = self.cells.entry((MemoryId::new(index), cell_key(&keys))).or_default();
            late |= cell.newest.is_some_and(|newest| at < newest);
            cell.insert(
                Entry { at, value, elements: Vec::new(), gone: false },
                memory.reach,
                memory.step,
                hir.header.lateness,
                hir.header.limits.entries,
            );
        }
        self.write_sequences(event) || late
    }

    fn aggregate(&self, aggregate: &Aggregate, ty: &Type, scope: Scope<'_>) -> Datum {
        let keys: Vec<Datum> = aggregate.keys.iter().map(|key| self.eval(key, scope)).collect();
        self.strict(&keys, |keys| {
            let memory = self.memory(aggregate.memory);
            let current = match aggregate.this {
                Some(This::Including) if !scope.waited => {
                    self.counted(memory, scope.event).filter(|(own, _)| cell_key(own) == cell_key(keys)).map(
                        |(_, value)| Entry { at: scope.event.at(), value, elements: Vec::new(), gone: false },
                    )
                }
                _ => None,
            };
            let empty = Cell::default();
            let cell = self.cells.get(&(aggregate.memory, cell_key(keys))).unwrap_or(&empty);
            let t = scope.event.at();
            let Some((after, until)) = bounds(&aggregate.window, t) else {
                return self.ever(aggregate, cell, current, ty, t);
            };
            // Whole steps, from that of the first moment through that of the last.
            let (after, until) = match memory.step {
                Some(step) => {
                    (step_of(Time(after + 1), step).0 - 1, step_of(Time(until), step).0 + step.0 - 1)
                }
                None => (after, until),
            };
            if cell.lost_expired.is_some_and(|lost| after < lost.0) {
                return Datum::Unknown(Unknown::TooLate);
            }
            let there = |entry: &&Entry| !entry.gone && after < entry.at.0 && entry.at.0 <= until;
            // Steps keep different values up to the cap, and running values or sketches of everything.
            let distinct = aggregate.function == AggregateFn::Distinct && !memory.approx;
            let steps = memory.step.is_some();
            let kept = if steps && distinct { &cell.in_steps } else { &cell.entries };
            let mut entries: Vec<Entry> = kept.iter().filter(there).cloned().collect();
            entries.extend(current);
            if (distinct || !steps) && cell.lost_capped.is_some_and(|lost| after < lost.0) {
                return self.saturated(memory, aggregate.function, entries, ty, t);
            }
            self.answer(memory, aggregate.function, entries, ty, t)
        })
    }

    /// Everything received, whatever its time. Only telling values apart needs them kept: the first ones are,
    /// as many as the limit allows.
    fn ever(&self, aggregate: &Aggregate, cell: &Cell, current: Option<Entry>, ty: &Type, t: Time) -> Datum {
        let memory = self.memory(aggregate.memory);
        let mut entries = cell.entries.clone();
        if aggregate.function == AggregateFn::Distinct && !memory.approx {
            let limit = self.hir.header.limits.entries as usize;
            let mut kept: Vec<Value> = Vec::new();
            let mut dropped = false;
            for value in entries.iter().filter_map(|entry| entry.value.as_ref().map(canonical)) {
                if !kept.contains(&value) {
                    if kept.len() < limit { kept.push(value) } else { dropped = true }
                }
            }
            kept.extend(current.and_then(|entry| entry.value));
            let count = Value::Int(distinct(&kept));
            return if dropped { Datum::AtLeast(count) } else { Datum::Known(count) };
        }
        if let AggregateFn::Percentile(_) = aggregate.function
            && !memory.approx
            && entries.len() > self.hir.header.limits.entries as usize
        {
            return Datum::Unknown(Unknown::Saturated);
        }
        entries.extend(current);
        self.answer(memory, aggregate.function, entries, ty, t)
    }

    /// What can still be said of a window that lost its oldest entries to the cap.
    fn saturated(
        &self,
        memory: &Memory,
        function: AggregateFn,
        entries: Vec<Entry>,
        ty: &Type,
        t: Time,
    ) -> Datum {
        let answer = self.answer(memory, function, entries.clone(), ty, t);
        match (function, answer) {
            (AggregateFn::Count | AggregateFn::Distinct, Datum::Known(count)) => Datum::AtLeast(count),
            (AggregateFn::Any | AggregateFn::Last | AggregateFn::Since, answer) if !entries.is_empty() => {
                answer
            }
            _ => Datum::Unknown(Unknown::Saturated),
        }
    }

    /// The answer from the entries themselves, in order of arrival (the current event last).
    fn answer(
        &self,
        memory: &Memory,
        function: AggregateFn,
        mut entries: Vec<Entry>,
        ty: &Type,
        t: Time,
    ) -> Datum {
        // Stable: of one time, the earlier arrival comes first.
        entries.sort_by_key(|entry| entry.at);
        let values: Vec<Value> = entries.iter().filter_map(|entry| entry.value.clone()).collect();
        let or_missing = |value: Option<Value>| value.map_or(Datum::MISSING, Datum::Known);
        if memory.approx
            && let Some(answer) = self.approximate(function, &values, t)
        {
            return answer;
        }
        match function {
            AggregateFn::Count => Datum::Known(Value::Int(entries.len() as i64)),
            AggregateFn::Any => Datum::bool(!entries.is_empty()),
            AggregateFn::Since => or_missing(
                entries.last().map(|last| Value::Duration(Duration(t.0.saturating_sub(last.at.0)))),
            ),
            AggregateFn::First => or_missing(values.first().cloned()),
            AggregateFn::Last => or_missing(values.last().cloned()),
            AggregateFn::Distinct => Datum::Known(Value::Int(distinct(&values))),
            AggregateFn::Min => self.extreme(CompareOp::Less, values, t),
            AggregateFn::Max => self.extreme(CompareOp::Greater, values, t),
            AggregateFn::Percentile(rank) => self.percentile(rank.percent(), &values, t),
            AggregateFn::Sum if values.is_empty() => self.zero(ty),
            AggregateFn::Sum => sum(&values),
            AggregateFn::Avg => or_unknown(average(&values)),
            AggregateFn::Stddev => or_unknown(deviation(&values)),
        }
    }

    /// The least value that at least so many percent of all are not above.
    fn percentile(&self, percent: Decimal, values: &[Value], at: Time) -> Datum {
        let money = MoneyContext { rates: self.hir.rates.as_deref(), currency: self.hir.header.currency, at };
        let not_above = |value: &Value, other: &Value| {
            let (value, other) = (Datum::Known(value.clone()), Datum::Known(other.clone()));
            ops::compare(CompareOp::LessEqual, &value, &other, &money).truth() == Some(true)
        };
        let enough = |value: &&Value| {
            let below = values.iter().filter(|other| not_above(other, value)).count() as i128;
            below * 100 * i128::from(Decimal::SCALE) >= i128::from(percent.0) * values.len() as i128
        };
        let all = values.iter().filter(enough).cloned();
        self.extreme(CompareOp::Less, all.collect(), at)
    }

    fn extreme(&self, better: CompareOp, values: Vec<Value>, at: Time) -> Datum {
        let money = MoneyContext { rates: self.hir.rates.as_deref(), currency: self.hir.header.currency, at };
        let best = values.into_iter().map(Datum::Known).reduce(|best, value| {
            if ops::compare(better, &value, &best, &money).truth() == Some(true) { value } else { best }
        });
        best.unwrap_or(Datum::MISSING)
    }

    // ---- Cannot say: the operands that made an expression unknown, as the author wrote them.

    fn explain(&self, expr: &Expr, scope: Scope<'_>, missing: &mut Vec<String>) {
        let datum = self.eval(expr, scope);
        if matches!(datum, Datum::Known(_)) {
            return;
        }
        let mut operand_unknown = false;
        let mut explain = |operand: &Expr| {
            operand_unknown |= self.eval(operand, scope).known().is_none();
            self.explain(operand, scope, missing);
        };
        match &expr.kind {
            ExprKind::Fold(fold) => {
                explain(&fold.list);
                operand_unknown |= self.explain_inside(fold, scope, missing);
            }
            ExprKind::Sequence(sequence) => {
                sequence.filter.iter().for_each(&mut explain);
                // The `where` says nothing of what came before.
                let before = self.came_before(sequence, scope);
                operand_unknown = before.known().is_some();
                sequence.keys.iter().for_each(|key| {
                    operand_unknown |= self.eval(key, scope).known().is_none();
                    self.explain(key, scope, missing);
                });
                if !operand_unknown && let Datum::Unknown(why) = before {
                    add(missing, self.with_reason(expr.span, why));
                }
                return;
            }
            // A lower bound needs no default.
            ExprKind::Else(value, _) if matches!(datum, Datum::AtLeast(_)) => explain(value),
            _ => expr.for_each_child(&mut explain),
        }
        // Its operands are all known: it is unknown of itself.
        if !operand_unknown {
            let why = match datum {
                Datum::Unknown(why) => why,
                _ => Unknown::Saturated,
            };
            add(missing, self.with_reason(expr.span, why));
        }
    }

    fn with_reason(&self, span: Span, why: Unknown) -> String {
        let written = self.written(span);
        why.reason().map_or(written.clone(), |reason| format!("{written} ({reason})"))
    }

    /// What a fold computes for each element, in source order: its value where the filter holds, and the filter.
    /// Says whether any of it was unknown.
    fn explain_inside(&self, fold: &Fold, scope: Scope<'_>, missing: &mut Vec<String>) -> bool {
        let Datum::Known(Value::List(items)) = self.eval(&fold.list, scope) else { return false };
        let mut any = false;
        for is_value in [true, false] {
            let Some(part) = (if is_value { &fold.value } else { &fold.filter }) else { continue };
            for item in items.iter() {
                let elements = [scope.elements, std::slice::from_ref(item)].concat();
                let inner = Scope { elements: &elements, ..scope };
                let holds = fold.filter.as_ref().is_none_or(|f| self.eval(f, inner).truth() == Some(true));
                if (holds || !is_value) && self.eval(part, inner).known().is_none() {
                    self.explain(part, inner, missing);
                    any = true;
                }
            }
        }
        any
    }

    /// The source of an expression on one line: outside of quotes comments go, and white space becomes one space.
    fn written(&self, span: Span) -> String {
        let text = self.texts.get(span.source.0 as usize).and_then(|t| t.get(span.range()));
        let mut out = String::new();
        let mut chars = text.unwrap_or("").chars().peekable();
        while let Some(first) = chars.next() {
            let comment = first == '/' && chars.peek() == Some(&'/');
            if comment {
                chars.by_ref().find(|c| *c == '\n');
            }
            if comment || first.is_whitespace() {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
                continue;
            }
            out.push(first);
            // A pattern stands only after `matches`; any other slash divides.
            if matches!(first, '"' | '`') || (first == '/' && out.ends_with("matches /")) {
                while let Some(inner) = chars.next() {
                    out.push(inner);
                    if inner == '\\' {
                        out.extend(chars.next());
                    } else if inner == first {
                        break;
                    }
                }
            }
        }
        out.trim().to_string()
    }
}

impl Cell {
    /// Enters one counted event. Windows are served from what is at most `reach` + `lateness` behind the newest.
    fn insert(
        &mut self,
        entry: Entry,
        reach: Option<Duration>,
        step: Option<Duration>,
        lateness: Duration,
        limit: u32,
    ) {
        let at = entry.at;
        let too_late = self.newest.is_some_and(|newest| at.0 < newest.0.saturating_sub(lateness.0));
        self.entries.push(entry.clone());
        // Without windows there is nothing to lose.
        let Some(reach) = reach else {
            self.newest = self.newest.max(Some(at));
            return;
        };
        if too_late {
            if let Some(refused) = self.entries.last_mut() {
                refused.gone = true;
            }
            self.lost_expired = self.lost_expired.max(Some(at));
            return;
        }
        self.newest = self.newest.max(Some(at));
        let horizon = self.newest.map_or(at.0, |n| n.0).saturating_sub(reach.0).saturating_sub(lateness.0);
        // A step is kept as long as any part of it.
        let expired = |at: Time| match step {
            None => at.0 <= horizon,
            Some(step) => step_of(at, step) < step_of(Time(horizon), step),
        };
        let kept = self.entries.iter_mut().chain(&mut self.in_steps);
        for entry in kept.filter(|entry| !entry.gone && expired(entry.at)) {
            entry.gone = true;
            self.lost_expired = self.lost_expired.max(Some(entry.at));
        }
        if let Some(step) = step {
            let entry = Entry { at: step_of(at, step), ..entry };
            let same = |other: &Entry| {
                let value = |entry: &Entry| entry.value.as_ref().map(canonical);
                !other.gone && other.at == entry.at && value(other) == value(&entry)
            };
            if !self.in_steps.iter().any(same) {
                self.in_steps.push(entry);
                self.hold_cap(limit);
            }
            return;
        }
        self.hold_cap(limit);
    }

    /// Drops the oldest of what takes an entry each.
    fn hold_cap(&mut self, limit: u32) {
        let entries = if self.in_steps.is_empty() { &mut self.entries } else { &mut self.in_steps };
        while entries.iter().filter(|entry| !entry.gone).count() > limit as usize {
            // The first of the smallest: the earliest arrival of the oldest time.
            let Some(oldest) = entries.iter_mut().filter(|entry| !entry.gone).min_by_key(|entry| entry.at)
            else {
                return;
            };
            oldest.gone = true;
            self.lost_capped = self.lost_capped.max(Some(oldest.at));
        }
    }
}

/// The window at `t`: what is after the first and up to the second. `None` without an end.
fn bounds(window: &Window, t: Time) -> Option<(i64, i64)> {
    match window {
        Window::Ever => None,
        Window::Sliding { span, ending } => {
            let until = t.0.saturating_sub(ending.0);
            Some((until.saturating_sub(span.0), until))
        }
        Window::Stepped { span, step } => {
            Some((step_of(Time(t.0 - span.0), *step).0 - 1, step_of(t, *step).0 + step.0 - 1))
        }
        Window::Calendar { period, zone } => Some((t.start_of(*period, zone).0 - 1, t.0)),
    }
}

/// The start of the step that a time is in: they are cut from 1970-01-01T00:00Z.
fn step_of(t: Time, step: Duration) -> Time {
    Time(t.0 - t.0.rem_euclid(step.0))
}

fn add(missing: &mut Vec<String>, name: String) {
    if !missing.contains(&name) {
        missing.push(name);
    }
}

/// Kleene's `or`, of nothing: false.
fn any_of(values: Vec<Datum>) -> Datum {
    if values.is_empty() { Datum::bool(false) } else { ops::or(&values) }
}

fn addition(ty: &Type) -> Option<BinaryOp> {
    match ty.representation() {
        Type::Int => Some(BinaryOp::AddInt),
        Type::Decimal => Some(BinaryOp::AddDecimal),
        Type::Money(_) => Some(BinaryOp::AddMoney),
        Type::Duration => Some(BinaryOp::AddDuration),
        _ => None,
    }
}

fn distinct(values: &[Value]) -> i64 {
    let mut different: Vec<Value> = Vec::new();
    for value in values.iter().map(canonical) {
        if !different.contains(&value) {
            different.push(value);
        }
    }
    different.len() as i64
}

/// One form of what is equal: an IPv4 address written as IPv6 is that address, and both zeros are one number.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Ip(ip) => Value::Ip(ip.to_canonical()),
        Value::Cidr(network) => Value::Cidr(network.trunc()),
        Value::Float(float) if *float == 0.0 => Value::Float(0.0),
        other => other.clone(),
    }
}

/// Keys are the same if their values are; static types keep `1` and `"1"` apart.
fn cell_key(keys: &[Value]) -> String {
    format!("{:?}", keys.iter().map(canonical).collect::<Vec<Value>>())
}

/// A value as JSON text: what names a key, and what an action gets.
fn plain(value: &Value, ty: &Type) -> String {
    match (value, ty.representation()) {
        (Value::Enum(index), Type::Enum(values)) => {
            values.values.get(usize::from(*index)).map_or(String::new(), |name| name.to_string())
        }
        (Value::Bool(truth), _) => truth.to_string(),
        (Value::Int(number), _) => number.to_string(),
        (Value::Decimal(number), _) => number.to_string(),
        (Value::Float(float), _) => float.to_string(),
        (Value::Text(text), _) => text.to_string(),
        (Value::Time(time), _) => time.to_string(),
        (Value::Duration(duration), _) => duration.to_string(),
        (Value::Money(money), _) => format!("{} {}", money.amount, money.currency),
        (Value::Country(country), _) => country.to_string(),
        (Value::Currency(currency), _) => currency.to_string(),
        (Value::Ip(ip), _) => ip.to_string(),
        (Value::Cidr(network), _) => network.to_string(),
        (Value::Enum(_) | Value::Record(_) | Value::List(_), _) => String::new(),
    }
}

/// The first 64 bits of the SHA-256 of the parts, each ended by a zero byte.
fn digest(parts: &[String]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

// ---- Exact statistics: numbers as whole millionths.

fn or_unknown(result: Result<Option<Value>, Unknown>) -> Datum {
    match result {
        Ok(value) => value.map_or(Datum::MISSING, Datum::Known),
        Err(why) => Datum::Unknown(why),
    }
}

fn millionths(value: &Value) -> i128 {
    match value {
        Value::Int(number) => i128::from(*number) * i128::from(Decimal::SCALE),
        Value::Decimal(number) => i128::from(number.0),
        Value::Money(money) => i128::from(money.amount.0),
        _ => 0,
    }
}

/// As many millionths, of the type of `like` (an int's statistics are decimals).
fn from_millionths(millionths: i128, like: &Value) -> Result<Value, Unknown> {
    let amount = i64::try_from(millionths).map(Decimal).map_err(|_| Unknown::Overflow)?;
    Ok(match like {
        Value::Money(money) => Value::Money(Money { amount, currency: money.currency }),
        _ => Value::Decimal(amount),
    })
}

fn sum(values: &[Value]) -> Datum {
    let total: i128 = values.iter().map(millionths).sum();
    match values.first() {
        None => Datum::MISSING,
        Some(Value::Int(_)) => i64::try_from(total / i128::from(Decimal::SCALE))
            .map(Value::Int)
            .map_err(|_| Unknown::Overflow)
            .into(),
        Some(like) => from_millionths(total, like).into(),
    }
}

fn average(values: &[Value]) -> Result<Option<Value>, Unknown> {
    let Some(like) = values.first() else { return Ok(None) };
    let total: i128 = values.iter().map(millionths).sum();
    let n = values.len() as i128;
    let (floor, rest) = (total.div_euclid(n), total.rem_euclid(n));
    let up = rest * 2 > n || (rest * 2 == n && floor % 2 != 0);
    from_millionths(floor + i128::from(up), like).map(Some)
}

/// With n − 1: the square root of (n Σx² − (Σx)²) ÷ (n (n − 1)), which is never negative, rounded half-even.
fn deviation(values: &[Value]) -> Result<Option<Value>, Unknown> {
    let Some(like) = values.first().filter(|_| values.len() > 1) else { return Ok(None) };
    let wide = |number: i128| U256::from(number.unsigned_abs());
    let total: i128 = values.iter().map(millionths).sum();
    let squares =
        values.iter().map(|v| wide(millionths(v)) * wide(millionths(v))).fold(U256::ZERO, |a, b| a + b);
    let n = U256::from(values.len() as u128);
    let above = n * squares - wide(total) * wide(total);
    let below = n * (n - U256::ONE);
    let floor = square_root(above / below);
    // floor + ½ against the true root: both squared, times 4 and `below`.
    let half = (floor * U256::new(2) + U256::ONE) * (floor * U256::new(2) + U256::ONE) * below;
    let up =
        above * U256::new(4) > half || (above * U256::new(4) == half && floor % U256::new(2) == U256::ONE);
    let root = floor + if up { U256::ONE } else { U256::ZERO };
    let root = i128::try_from(root).map_err(|_| Unknown::Overflow)?;
    from_millionths(root, like).map(Some)
}

/// The largest number whose square is not above `of`: bit by bit from the top.
fn square_root(of: U256) -> U256 {
    let mut root = U256::ZERO;
    for bit in (0..128).rev() {
        let with: U256 = root | (U256::ONE << bit);
        if with.checked_mul(with).is_some_and(|square| square <= of) {
            root = with;
        }
    }
    root
}
