//! `mute RULE by KEYS for D`: the keys are those of the event that mutes and, once all rules are known, those of the
//! events of the rules that it may hold back.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, codes, did_you_mean};
use crate::model::ids::{EventId, MuteId, RuleId};
use crate::model::types::Type;
use crate::sema::hir::{self, EffectKind, Expr, MemoryInput, Muted};
use crate::sema::scope::{Locals, Scope};
use crate::sema::{Checker, errors};
use crate::source::Span;
use crate::syntax::ast::{self, Key, Name};

/// A `mute` of some rule. Until all rules are known, its place among all of them is its [`MuteId`].
pub(in crate::sema) struct MuteClause<'a> {
    /// Absent for a rule that a field names: then it may be any.
    muted: Option<RuleId>,
    keys: &'a [Key],
    /// The keys on the event that mutes.
    here: Vec<Expr>,
    /// The `let`s of the rule that mutes.
    locals: Locals,
    span: Span,
}

impl<'a> Checker<'a> {
    pub(super) fn mute(
        &mut self,
        muted: &Name,
        keys: &'a [Key],
        period: &ast::Expr,
        span: Span,
        scope: &Scope,
    ) -> Option<EffectKind> {
        self.few_keys(keys)?;
        let period = self.positive_span(period, "the time after `for`");
        let here: Vec<Expr> = keys.iter().map(|key| self.key_here(key, scope)).collect();
        let muted = self.muted(muted, scope);
        let (period, muted) = (period?, muted?);
        if here.iter().any(Expr::is_error) {
            return None;
        }
        let mute = self.mute_clause(&muted, keys, &here, span)?;
        Some(EffectKind::Mute { mute, muted, keys: here, period })
    }

    /// The rule of that name, or the text field of the event that names one.
    fn muted(&mut self, name: &Name, scope: &Scope) -> Option<Muted> {
        let shape = self.shape(scope.event?);
        let field = shape.field(&name.text).filter(|(_, field)| field.ty.base == Type::Text);
        match (self.names.rules.get(&name.text), field) {
            (Some(id), None) => Some(Muted::Rule(id)),
            (None, Some((_, field))) if field.sensitive => {
                self.report(
                    Diagnostic::new(
                        &codes::SENSITIVE_TEXT,
                        format!("`{}` is sensitive, but a decision shows which rule was muted", name.text),
                        name.span,
                        "would be shown",
                    )
                    .help("take `sensitive` away from the field, or name the rule itself"),
                );
                None
            }
            (None, Some((id, _))) => Some(Muted::Named(self.field(id, name.span, scope))),
            (Some(_), Some(_)) => {
                let finding = Diagnostic::new(
                    &codes::AMBIGUOUS_NAME,
                    format!("`{}` is a rule and also a field of `{}`", name.text, shape.name),
                    name.span,
                    "it isn't clear which one is meant",
                )
                .help("rename the rule or the field");
                self.report(finding);
                None
            }
            (None, None) => {
                if !self.names.broken.contains(&name.text) {
                    let finding = self.no_such_rule(name);
                    self.report(finding);
                }
                None
            }
        }
    }

    fn no_such_rule(&self, name: &Name) -> Diagnostic {
        let rules = &self.names.rules;
        let others: Vec<&str> = rules.others(name.span).collect();
        match did_you_mean(&name.text, rules.keys()) {
            Some(_) => errors::unknown(name, "a rule", rules.keys()),
            None if others.is_empty() => {
                errors::unknown(name, "a rule", []).help("name the rule whose hits are to be held back")
            }
            // Nobody who looks for a rule means the one he is writing.
            None => errors::unknown(name, "a rule", others),
        }
    }

    /// One clause may be read on several events; its keys must be of one type on all of them.
    fn mute_clause(&mut self, muted: &Muted, keys: &'a [Key], here: &[Expr], span: Span) -> Option<MuteId> {
        if let Some(known) = self.mute_clauses.iter().position(|clause| clause.span == span) {
            let first = &self.mute_clauses[known].here;
            let other = here.iter().zip(first).find(|(now, first)| now.ty.base != first.ty.base);
            let Some((now, first)) = other else { return Some(MuteId::new(known)) };
            let finding = Diagnostic::new(
                &codes::UNCLEAR_KEY,
                format!(
                    "the key is {} on one event of the rule, but {} on another",
                    errors::a(&first.ty.base),
                    errors::a(&now.ty.base)
                ),
                now.span,
                "of different types",
            )
            .help("write one rule for each event");
            self.report(finding);
            return None;
        }
        let muted = match muted {
            Muted::Rule(rule) => Some(*rule),
            Muted::Named(_) => None,
        };
        let locals = self.locals.clone();
        self.mute_clauses.push(MuteClause { muted, keys, here: here.to_vec(), locals, span });
        Some(MuteId::new(self.mute_clauses.len() - 1))
    }

    /// Once all rules are known: how the events of muted rules tell the keys, and mutes by the same keys become one.
    pub(super) fn mutes(&mut self) {
        let clauses = std::mem::take(&mut self.mute_clauses);
        let mut ids = Vec::with_capacity(clauses.len());
        for clause in &clauses {
            ids.push(self.resolve_mute(clause));
        }
        for rule in &mut self.rules {
            for effect in rule.bodies.iter_mut().flat_map(|body| &mut body.effects) {
                if let EffectKind::Mute { mute, .. } = &mut effect.kind {
                    *mute = ids[mute.index()];
                }
            }
        }
    }

    fn resolve_mute(&mut self, clause: &MuteClause<'a>) -> MuteId {
        self.locals = clause.locals.clone();
        let bodies = self.rules.iter().flat_map(|rule| &rule.bodies).map(|body| body.event);
        let mut events: Vec<EventId> = bodies.collect();
        events.sort();
        events.dedup();
        let muted = clause.muted.and_then(|rule| self.rules.get(rule.index()));
        let asked: Vec<EventId> = muted.iter().flat_map(|rule| &rule.bodies).map(|body| body.event).collect();
        self.on_each(&asked, |c, event| {
            let (_, found) = c.aside(|c| c.mute_keys(clause, event));
            if let Some(problem) = found.iter().next() {
                let event = &c.shapes[event.index()].name;
                let message = format!("the muted rule is on `{event}`, where {}", problem.message);
                let span = problem.span();
                let finding =
                    Diagnostic::new(&codes::UNCLEAR_KEY, message, span, "must be found on both events");
                c.report(finding.help("use keys that both events have, or write `by HERE = THERE`"));
            }
        });
        // Where a rule named by a field could be muted, and what makes two clauses one: asked without a word.
        let mut keys: BTreeMap<EventId, Vec<Expr>> = BTreeMap::new();
        for event in events {
            let (found, _) = self.aside(|c| c.mute_keys(clause, event));
            if found.iter().all(|key| !key.is_error()) {
                keys.insert(event, found);
            }
        }
        self.locals = Locals::default();
        if keys.is_empty() && clause.muted.is_none() {
            let finding = Diagnostic::new(
                &codes::UNCLEAR_KEY,
                "no rule can be muted by these keys",
                clause.span,
                "no event with rules has them",
            )
            .help("use keys that the events of the muted rules have, or write `by HERE = THERE`");
            self.report(finding);
        }
        let id = self.mute_by(clause, &keys);
        for (index, rule) in self.rules.iter_mut().enumerate() {
            if clause.muted.is_some_and(|muted| muted.index() != index) {
                continue;
            }
            for body in &mut rule.bodies {
                if let Some(keys) = keys.get(&body.event)
                    && body.muted_by.iter().all(|(known, _)| *known != id)
                {
                    body.muted_by.push((id, keys.clone()));
                }
            }
        }
        id
    }

    fn mute_keys(&mut self, clause: &MuteClause<'a>, event: EventId) -> Vec<Expr> {
        clause.keys.iter().zip(&clause.here).map(|(key, here)| self.key_there(key, here, event)).collect()
    }

    /// Clauses whose keys mean the same are one mute.
    fn mute_by(&mut self, clause: &MuteClause<'a>, keys: &BTreeMap<EventId, Vec<Expr>>) -> MuteId {
        let inputs: Vec<MemoryInput> = keys
            .iter()
            .map(|(event, keys)| MemoryInput { event: *event, filter: None, value: None, keys: keys.clone() })
            .collect();
        let identity = self.identity(&inputs, None, false);
        if let Some(known) = self.mutes.iter().position(|mute| mute.identity == identity) {
            return MuteId::new(known);
        }
        let keys = clause.here.iter().map(|key| key.ty.base.clone()).collect();
        self.mutes.push(hir::Mute { keys, identity, span: clause.span });
        MuteId::new(self.mutes.len() - 1)
    }
}
