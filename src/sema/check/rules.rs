//! Rules: what is the same on every event, and one body per event.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use crate::diag::{Diagnostic, codes, did_you_mean};
use crate::model::ids::{EventId, RuleId};
use crate::sema::declare::{DefId, Items, RuleItem};
use crate::sema::hir::{self, Body, Expr};
use crate::sema::scope::{Locals, Scope};
use crate::sema::{Checker, errors};
use crate::source::Span;
use crate::syntax::ast::{self, Clause, ClauseKind, Name, On};

impl<'a> Checker<'a> {
    pub(in crate::sema) fn rules(&mut self, items: &Items<'a>) {
        for item in &items.rules {
            let rule = self.rule(item);
            self.rules.push(rule);
        }
        for (rule, item) in items.rules.iter().enumerate() {
            self.former_names(RuleId::new(rule), item, items);
        }
        self.mutes();
    }

    fn rule(&mut self, item: &RuleItem<'a>) -> hir::Rule {
        let rule = item.rule;
        self.once_only(rule);
        let mut result = hir::Rule {
            name: rule.name.text.clone(),
            title: rule.title.as_ref().map(|t| t.value.clone()),
            doc: item.doc.map(|d| d.text.clone()),
            tags: Vec::new(),
            severity: None,
            source: None,
            formerly: Vec::new(),
            shadow: rule.shadow,
            always: false,
            active_from: None,
            active_until: None,
            absence: None,
            bodies: Vec::new(),
            span: rule.name.span,
        };
        let locals = self.locals(rule);
        self.locals = locals.clone();
        self.plain_clauses(rule, &mut result);
        self.bands_in_order(rule);
        result.bodies = match &rule.on {
            On::Events(names) => {
                let events = self.event_list(names);
                self.on_each(&events, |c, event| c.body(rule, event, &locals))
            }
            On::Absence(absence) => {
                let (absence, bodies) = self.absence(rule, absence, &locals);
                result.absence = absence;
                bodies
            }
        };
        self.unused_locals(&locals, &result.bodies);
        // At a deadline there is no current event: everything received counts.
        if matches!(rule.on, On::Events(_)) {
            for body in &result.bodies {
                self.current_event(rule, body);
            }
        }
        self.sequences_can_end(&result);
        self.locals = Locals::default();
        result
    }

    /// Clauses of which a second one would only be a mistake.
    fn once_only(&mut self, rule: &ast::Rule) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for clause in &rule.clauses {
            let word = match &clause.kind {
                ClauseKind::Severity(_) => "severity",
                ClauseKind::Source(_) => "source",
                ClauseKind::When(_) => "when",
                ClauseKind::Because(_) => "because",
                ClauseKind::Once(_) => "once",
                ClauseKind::Active { .. } => "active",
                ClauseKind::Rollout { .. } => "rollout",
                ClauseKind::Always => "always",
                _ => continue,
            };
            if let Some(first) = seen.insert(word, clause.span) {
                let help = match word {
                    "when" => "join the two conditions with `and`",
                    "because" => "keep one text; it may show several values",
                    _ => "keep one of the two",
                };
                self.report(
                    Diagnostic::new(
                        &codes::DUPLICATE_CLAUSE,
                        format!("the rule `{}` has two `{word}` lines", rule.name.text),
                        clause.span,
                        "again here",
                    )
                    .label(first, "first here")
                    .help(help),
                );
            }
        }
    }

    /// What needs no event.
    fn plain_clauses(&mut self, rule: &ast::Rule, result: &mut hir::Rule) {
        let mut tagged = HashSet::new();
        for clause in &rule.clauses {
            match &clause.kind {
                ClauseKind::Tags(tags) => {
                    let new = tags.iter().filter(|tag| tagged.insert(tag.text.as_str()));
                    result.tags.extend(new.map(|tag| tag.text.clone()));
                }
                ClauseKind::Severity(name) => result.severity = self.severity(name),
                ClauseKind::Source(text) => result.source = Some(text.value.clone()),
                ClauseKind::Formerly(name) => result.formerly.push(name.text.clone()),
                ClauseKind::Always => result.always = true,
                ClauseKind::Active { from, until } => {
                    (result.active_from, result.active_until) =
                        self.active(from.as_ref(), until.as_ref(), clause.span);
                }
                _ => {}
            }
        }
    }

    fn severity(&mut self, name: &Name) -> Option<hir::Severity> {
        use hir::Severity::*;
        let found = [Low, Medium, High, Critical].into_iter().find(|s| s.name() == name.text);
        if found.is_none() {
            let known = [Low, Medium, High, Critical].map(|s| s.name());
            let help =
                did_you_mean(&name.text, known).unwrap_or(format!("known: {}", errors::quoted(&known)));
            self.report(
                Diagnostic::new(
                    &codes::UNKNOWN_NAME,
                    format!("there is no severity `{}`", name.text),
                    name.span,
                    "unknown severity",
                )
                .help(help),
            );
        }
        found
    }

    /// A former name that is a rule of its own, or two rules' former name, would mix up histories.
    fn former_names(&mut self, rule: RuleId, item: &RuleItem<'a>, items: &Items<'a>) {
        for clause in &item.rule.clauses {
            let ClauseKind::Formerly(name) = &clause.kind else { continue };
            if let Some(span) = self.names.rules.span(&name.text) {
                let finding = Diagnostic::new(
                    &codes::DUPLICATE_NAME,
                    format!("`{}` is the name of a rule, not a former one", name.text),
                    name.span,
                    "still in use",
                )
                .label(span, "the rule of this name")
                .help("after `formerly` stands the name that this rule had before it was renamed");
                self.report(finding);
                continue;
            }
            let earlier = items.rules[..rule.index()].iter().flat_map(|i| &i.rule.clauses).find_map(|c| {
                match &c.kind {
                    ClauseKind::Formerly(other) if other.text == name.text => Some(other.span),
                    _ => None,
                }
            });
            if let Some(first) = earlier {
                self.report(errors::duplicate("the former name", &name.text, name.span, first));
            }
        }
    }

    fn locals(&mut self, rule: &'a ast::Rule) -> Locals {
        let mut all: BTreeMap<String, DefId> = BTreeMap::new();
        for clause in &rule.clauses {
            let ClauseKind::Let(l) = &clause.kind else { continue };
            let first = all
                .get(&l.name.text)
                .map(|d| self.definitions.get(*d).name.span)
                .or_else(|| self.names.values.span(&l.name.text));
            if let Some(first) = first {
                self.report(errors::duplicate("the name", &l.name.text, l.name.span, first));
                continue;
            }
            if l.overrides {
                self.report(
                    Diagnostic::new(
                        &codes::BAD_OVERRIDE,
                        "a rule's own `let` overrides nothing",
                        l.name.span,
                        "inside a rule",
                    )
                    .help("write `let`, or put `override let` outside of rules"),
                );
            }
            all.insert(l.name.text.clone(), self.definitions.add_local(l));
        }
        let locals = Rc::new(all);
        for id in locals.values() {
            self.definitions.set_locals(*id, &locals);
        }
        locals
    }

    /// A `let` that no clause uses is checked all the same, and asks for no memory.
    fn unused_locals(&mut self, locals: &Locals, bodies: &[Body]) {
        let events: Vec<EventId> = bodies.iter().map(|b| b.event).collect();
        let unused: Vec<DefId> = locals
            .values()
            .copied()
            .filter(|id| !self.gets_type_where_used(*id) && !self.definitions.is_known(*id, &events))
            .collect();
        if unused.is_empty() {
            return;
        }
        let kept = self.memories.clone();
        for id in &unused {
            self.on_each(&events, |c, event| {
                c.meaning(*id, &Scope::of(event), None);
            });
        }
        self.memories = kept;
    }

    pub(super) fn body(&mut self, rule: &'a ast::Rule, event: EventId, locals: &Locals) -> Body {
        let scope = Scope::of(event).with_locals(locals.clone());
        self.no_field_hides(rule, event, locals);
        let mut body = Body {
            event,
            when: None,
            bands: Vec::new(),
            if_unknown: None,
            scores: Vec::new(),
            unless: Vec::new(),
            because: None,
            tell: Vec::new(),
            about: Vec::new(),
            rollout: None,
            effects: Vec::new(),
            once: None,
            muted_by: Vec::new(),
        };
        for clause in &rule.clauses {
            self.clause(clause, &scope, &mut body);
        }
        body.tell.sort_by(|a, b| a.0.cmp(&b.0));
        body
    }

    /// A rule's `let` and a field of its event may not share a name.
    fn no_field_hides(&mut self, rule: &ast::Rule, event: EventId, locals: &Locals) {
        let shape = self.shape(event);
        for clause in &rule.clauses {
            let ClauseKind::Let(l) = &clause.kind else { continue };
            if locals.contains_key(&l.name.text) && shape.field(&l.name.text).is_some() {
                self.report(
                    Diagnostic::new(
                        &codes::AMBIGUOUS_NAME,
                        format!("`{}` is also a field of `{}`", l.name.text, shape.name),
                        l.name.span,
                        "the name is taken on this event",
                    )
                    .help("choose another name for the `let`"),
                );
            }
        }
    }

    fn clause(&mut self, clause: &'a Clause, scope: &Scope, body: &mut Body) {
        match &clause.kind {
            ClauseKind::When(condition) => {
                let found = self.condition(condition, scope);
                body.when.get_or_insert(found);
            }
            ClauseKind::Band(band) => self.band(band, clause.span, scope, body),
            ClauseKind::Score { points, condition } => {
                let points = self.points(points);
                let condition = self.condition(condition, scope);
                body.scores.push(hir::Score { points, condition, span: clause.span });
            }
            ClauseKind::Unless { condition, because } => {
                let condition = self.condition(condition, scope);
                let because = because.as_ref().map(|t| self.reason(t, scope));
                body.unless.push(hir::Unless { condition, because });
            }
            ClauseKind::Because(template) => {
                let found = self.reason(template, scope);
                body.because.get_or_insert(found);
            }
            ClauseKind::Tell(all) => self.tell(all, scope, body),
            ClauseKind::About(keys) => self.about(keys, scope, body),
            ClauseKind::Rollout { share, keys } => {
                let found = self.rollout(share, keys, scope);
                body.rollout = body.rollout.take().or(found);
            }
            ClauseKind::Effect(effect) => self.effect(effect, clause.span, scope, body),
            ClauseKind::Once(once) => self.once(once, scope, body),
            ClauseKind::Tags(_)
            | ClauseKind::Severity(_)
            | ClauseKind::Source(_)
            | ClauseKind::Formerly(_)
            | ClauseKind::Let(_)
            | ClauseKind::Active { .. }
            | ClauseKind::Always => {}
        }
    }

    /// A key on the current event, for `rollout`, `once` and `mute`.
    pub(super) fn current_key(&mut self, key: &ast::Key, scope: &Scope) -> Expr {
        if let Some(there) = &key.there {
            self.report(
                Diagnostic::new(
                    &codes::UNCLEAR_KEY,
                    "`HERE = THERE` is for counting other events",
                    there.span,
                    "there is no other event here",
                )
                .help("name the key alone"),
            );
        }
        self.key_of_current(&key.here, scope)
    }
}
