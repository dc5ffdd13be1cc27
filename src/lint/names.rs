//! Which names a ruleset's declarations and rules mention.
//!
//! By text only: a name that is mentioned as anything counts as used, so that a lint built on this is quiet rather than wrong.

use std::collections::BTreeSet;

use crate::syntax::ast::*;

/// Every name that one item mentions, its own name excluded.
pub fn mentioned(item: &Item) -> BTreeSet<&str> {
    let mut names = Names(BTreeSet::new());
    names.item(&item.kind);
    names.0
}

/// Every name that the other clauses of a rule mention, for one of its `let`s.
pub fn mentioned_by_clauses<'a>(clauses: impl Iterator<Item = &'a Clause>) -> BTreeSet<&'a str> {
    let mut names = Names(BTreeSet::new());
    clauses.for_each(|clause| names.clause(&clause.kind));
    names.0
}

struct Names<'a>(BTreeSet<&'a str>);

impl<'a> Names<'a> {
    fn name(&mut self, name: &'a Name) {
        self.0.insert(&name.text);
    }

    fn item(&mut self, item: &'a ItemKind) {
        match item {
            ItemKind::Let(own) => self.expr(&own.value),
            ItemKind::Signal(own) => self.expr(&own.value),
            ItemKind::Group(group) => group.members.iter().for_each(|name| self.name(name)),
            ItemKind::Table(table) => {
                self.table_source(&table.source);
                // The keys are fields of these types.
                table.keys.iter().for_each(|key| self.key_type(key));
            }
            ItemKind::Calendar(calendar) => {
                self.table_source(&calendar.source);
                if matches!(calendar.source, TableSource::Event(_)) {
                    self.0.extend(["from", "until"]);
                }
                calendar.keys.iter().for_each(|name| self.name(name));
            }
            ItemKind::List(List { source: ListSource::Inline(values), .. }) => {
                values.iter().for_each(|value| self.expr(value));
            }
            ItemKind::Rates(rates) => rates.max_age.iter().for_each(|age| self.expr(age)),
            ItemKind::Action(action) => action.once.iter().for_each(|once| self.once(once)),
            ItemKind::Policy(policy) => policy.bands.iter().for_each(|band| self.expr(&band.score)),
            ItemKind::Rule(rule) => {
                self.on(&rule.on);
                rule.clauses.iter().for_each(|clause| self.clause(&clause.kind));
            }
            // A test shows that something works; it is no use of it.
            _ => {}
        }
    }

    fn key_type(&mut self, ty: &'a TypeExpr) {
        if let TypeKind::Name(name) = &ty.kind {
            self.name(name);
        }
    }

    fn table_source(&mut self, source: &'a TableSource) {
        if let TableSource::Event(name) = source {
            self.name(name);
        }
    }

    fn on(&mut self, on: &'a On) {
        match on {
            On::Events(names) => names.iter().for_each(|name| self.name(name)),
            On::Absence(absence) => {
                self.name(&absence.absent);
                self.name(&absence.trigger);
                absence.absent_where.iter().for_each(|e| self.expr(e));
                absence.trigger_where.iter().for_each(|e| self.expr(e));
                absence.keys.iter().for_each(|key| self.key(key));
                self.expr(&absence.within);
            }
        }
    }

    fn clause(&mut self, clause: &'a ClauseKind) {
        match clause {
            ClauseKind::Let(own) => self.expr(&own.value),
            ClauseKind::When(condition) => self.expr(condition),
            ClauseKind::Band(band) => {
                if let BandCondition::If(condition) = &band.condition {
                    self.expr(condition);
                }
                band.score.iter().for_each(|score| self.expr(score));
            }
            ClauseKind::Score { points, condition } => {
                self.expr(points);
                self.expr(condition);
            }
            ClauseKind::Unless { condition, because } => {
                self.expr(condition);
                because.iter().for_each(|text| self.template(text));
            }
            ClauseKind::Because(text) => self.template(text),
            ClauseKind::Tell(texts) => texts.iter().for_each(|(_, text)| self.template(text)),
            ClauseKind::About(keys) => keys.iter().for_each(|key| self.key(key)),
            ClauseKind::Effect(effect) => self.effect(effect),
            ClauseKind::Once(once) => self.once(once),
            ClauseKind::Active { from, until } => from.iter().chain(until).for_each(|e| self.expr(e)),
            ClauseKind::Rollout { share, keys } => {
                self.expr(share);
                keys.iter().for_each(|key| self.key(key));
            }
            ClauseKind::Tags(_)
            | ClauseKind::Severity(_)
            | ClauseKind::Source(_)
            | ClauseKind::Formerly(_)
            | ClauseKind::Always => {}
        }
    }

    fn effect(&mut self, effect: &'a Effect) {
        effect.condition.iter().for_each(|condition| self.expr(condition));
        match &effect.kind {
            EffectKind::Label { label, on, period } => {
                self.name(label);
                self.key(on);
                period.iter().for_each(|period| self.expr(period));
            }
            EffectKind::Unlabel { label, on } => {
                self.name(label);
                self.key(on);
            }
            EffectKind::Do { action, arguments } => {
                self.name(action);
                arguments.iter().for_each(|argument| self.expr(argument));
            }
            EffectKind::Mute { rule, keys, period } => {
                self.name(rule);
                keys.iter().for_each(|key| self.key(key));
                self.expr(period);
            }
        }
    }

    fn once(&mut self, once: &'a Once) {
        once.keys.iter().for_each(|key| self.key(key));
        once.period.iter().for_each(|period| self.expr(period));
    }

    fn key(&mut self, key: &'a Key) {
        self.expr(&key.here);
        key.there.iter().for_each(|there| self.expr(there));
    }

    fn template(&mut self, template: &'a Template) {
        for part in &template.parts {
            if let TemplatePart::Value { value, .. } = part {
                self.expr(value);
            }
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Error => {}
            ExprKind::Name(name) => self.name(name),
            ExprKind::Member(inner, name) => {
                self.expr(inner);
                self.name(name);
            }
            ExprKind::Index(inner, keys) => {
                self.expr(inner);
                keys.iter().for_each(|key| self.expr(key));
            }
            ExprKind::Call(call) => self.call(call),
            ExprKind::Array(all) => all.iter().for_each(|e| self.expr(e)),
            ExprKind::Paren(inner) | ExprKind::Negate(inner) | ExprKind::Not(inner) => self.expr(inner),
            ExprKind::Binary { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::In { value, set, .. } => {
                self.expr(value);
                self.expr(set);
            }
            ExprKind::Between { value, low, high } => {
                [value, low, high].into_iter().for_each(|e| self.expr(e))
            }
            ExprKind::IsMissing { value, .. }
            | ExprKind::Matches { value, .. }
            | ExprKind::Convert { value, .. } => self.expr(value),
            ExprKind::Mentions { value, phrases } => {
                self.expr(value);
                self.name(phrases);
            }
            ExprKind::HasLabel { value, label } => {
                self.expr(value);
                self.name(label);
            }
            ExprKind::During { value, calendar, keys } => {
                self.expr(value);
                self.name(calendar);
                keys.iter().for_each(|key| self.expr(key));
            }
        }
    }

    fn call(&mut self, call: &'a Call) {
        for argument in &call.arguments {
            self.expr(&argument.value);
            argument.filter.iter().for_each(|filter| self.expr(filter));
        }
        let Some(window) = &call.window else { return };
        window.keys.iter().for_each(|key| self.key(key));
        window.ending.iter().chain(&window.step).for_each(|e| self.expr(e));
        if let Some(Extent::Over(span) | Extent::Within(span)) = &window.extent {
            self.expr(span);
        }
    }
}
