//! What hits do beside the outcome: labels, mutes, requests to actions, and what `once` withholds of them.
//!
//! Everything that was ever done is kept in a list, in the order in which it was done; each question is answered
//! by going through all of it.

use std::sync::Arc;

use super::{Oracle, Scope, add, cell_key, digest, plain};
use crate::builtins::short_hash;
use crate::model::decision::{Argument, Decision, Effect, EffectKind as Shown, Suppressed};
use crate::model::ids::{ActionId, LabelId, MuteId, RuleId};
use crate::model::time::{Duration, Time};
use crate::model::value::{Datum, Value};
use crate::sema::hir::{Body, EffectKind, Expr, Muted};

/// Something that was done once and for all. Keys are as [`cell_key`] writes them.
#[derive(Clone, Debug)]
pub(super) enum Done {
    Labelled {
        label: LabelId,
        key: String,
        until: Option<Time>,
    },
    Unlabelled {
        label: LabelId,
        key: String,
    },
    Muted {
        rule: RuleId,
        mute: MuteId,
        key: String,
        until: Time,
    },
    /// An action was asked for, with these keys of its own `once`.
    Asked {
        action: ActionId,
        key: String,
        at: Time,
    },
    /// A hit of a rule with `once` had effects.
    Acted {
        rule: RuleId,
        key: String,
        at: Time,
    },
}

/// An effect that a rule wants: how a decision shows it, and what it does here.
pub(super) struct Wanted {
    shown: Shown,
    does: Option<Done>,
}

/// What all rules of an event do, in order.
#[derive(Default)]
pub(super) struct Effects {
    sent: Vec<(Effect, Option<Done>)>,
    acted: Vec<Done>,
}

/// What holds `for D` or `per D` since a moment; for ever without D.
fn holds(since: Time, period: Option<Duration>, t: Time) -> bool {
    period.is_none_or(|period| t.0.saturating_sub(since.0) < period.0)
}

fn end(at: Time, period: Duration) -> Time {
    Time(at.0.saturating_add(period.0).min(Time::MAX.0))
}

impl Oracle {
    // ---- Questions.

    /// What is known now, at the time of whoever asks.
    pub(super) fn has_label(&self, label: LabelId, value: &Value, t: Time) -> bool {
        match self.label_end(label, &cell_key(std::slice::from_ref(value))) {
            None => false,
            Some(until) => until.is_none_or(|until| t < until),
        }
    }

    /// `None` without the label, `Some(None)` if it never ends.
    fn label_end(&self, of: LabelId, on: &str) -> Option<Option<Time>> {
        let mut end: Option<Option<Time>> = None;
        for done in &self.done {
            match done {
                Done::Labelled { label, key, until } if *label == of && key == on => {
                    end = match (end, until) {
                        (None, until) => Some(*until),
                        (Some(Some(before)), Some(until)) => Some(Some(before.max(*until))),
                        (Some(_), _) => Some(None),
                    };
                }
                Done::Unlabelled { label, key } if *label == of && key == on => end = None,
                _ => {}
            }
        }
        end
    }

    /// A mute whose keys are not all known holds nothing back.
    pub(super) fn is_muted(&self, rule: RuleId, body: &Body, scope: Scope<'_>) -> bool {
        body.muted_by.iter().any(|(mute, keys)| {
            let key = self.key(keys, scope);
            key.is_some_and(|key| self.mute_end(rule, *mute, &key).is_some_and(|end| scope.event.at() < end))
        })
    }

    fn mute_end(&self, of: RuleId, by: MuteId, on: &str) -> Option<Time> {
        let ends = self.done.iter().filter_map(|done| match done {
            Done::Muted { rule, mute, key, until } if *rule == of && *mute == by && key == on => Some(*until),
            _ => None,
        });
        ends.max()
    }

    /// `None` if any of them is not known.
    fn key(&self, keys: &[Expr], scope: Scope<'_>) -> Option<String> {
        let values = keys.iter().map(|key| self.eval(key, scope).known().cloned());
        Some(cell_key(&values.collect::<Option<Vec<Value>>>()?))
    }

    // ---- What a rule wants.

    /// An effect that needs what is missing is not produced, and the rule says so beside its hit.
    pub(super) fn wanted(
        &self,
        rule: &str,
        body: &Body,
        scope: Scope<'_>,
        missing: &mut Vec<String>,
        bad: &mut Vec<String>,
    ) -> Vec<Wanted> {
        let mut all = Vec::new();
        for effect in &body.effects {
            if let Some(condition) = &effect.condition
                && self.ask(condition, scope, missing) != Some(true)
            {
                continue;
            }
            let mut values = Vec::new();
            for expr in effect.kind.expressions() {
                match self.eval(expr, scope) {
                    Datum::Known(value) => values.push((value, expr)),
                    _ => self.explain(expr, scope, missing),
                }
            }
            if values.len() == effect.kind.expressions().len() {
                all.extend(self.effect(rule, &effect.kind, &values, scope, bad));
            }
        }
        all
    }

    fn effect(
        &self,
        rule: &str,
        effect: &EffectKind,
        values: &[(Value, &Expr)],
        scope: Scope<'_>,
        bad: &mut Vec<String>,
    ) -> Option<Wanted> {
        let at = scope.event.at();
        let on = |label: &LabelId| {
            let label = &self.hir.labels[label.index()];
            let (value, expr) = &values[0];
            let text = plain(value, &expr.ty.base);
            let sensitive = self.hir.is_sensitive(scope.event.event, expr);
            let shown = if sensitive { short_hash(&self.hash_key, &text) } else { text };
            let (name, entity): (Arc<str>, Arc<str>) =
                (label.name.as_str().into(), label.entity.as_str().into());
            (name, entity, shown, cell_key(std::slice::from_ref(value)))
        };
        match effect {
            EffectKind::Do { action, .. } => Some(self.request(rule, *action, values, scope)),
            EffectKind::Label { label: id, period, .. } => {
                let (label, entity, shown, key) = on(id);
                let until = period.map(|period| end(at, period));
                Some(Wanted {
                    shown: Shown::Label { label, on: entity, key: shown, until },
                    does: Some(Done::Labelled { label: *id, key, until }),
                })
            }
            EffectKind::Unlabel { label: id, .. } => {
                let (label, entity, shown, key) = on(id);
                Some(Wanted {
                    shown: Shown::Unlabel { label, on: entity, key: shown },
                    does: Some(Done::Unlabelled { label: *id, key }),
                })
            }
            EffectKind::Mute { mute, muted, period, keys } => {
                let rule = match muted {
                    Muted::Rule(rule) => *rule,
                    // The name comes first among the values; nothing happens if it is no rule's, or if no event
                    // of that rule has the keys.
                    Muted::Named(field) => {
                        let named = match &values[0].0 {
                            Value::Text(name) => self.hir.rule_named(name),
                            _ => None,
                        };
                        let could = |rule: &RuleId| {
                            let mut bodies = self.hir.rule(*rule).bodies.iter();
                            bodies.any(|body| body.muted_by.iter().any(|(known, _)| known == mute))
                        };
                        match named.filter(could) {
                            Some(rule) => rule,
                            None => {
                                add(bad, self.hir.pointer(scope.event.event, field));
                                return None;
                            }
                        }
                    }
                };
                let values = &values[values.len() - keys.len()..];
                let plainly: Vec<Value> = values.iter().map(|(value, _)| value.clone()).collect();
                let until = end(at, *period);
                Some(Wanted {
                    shown: Shown::Mute {
                        muted: self.hir.rule(rule).name.as_str().into(),
                        by: values
                            .iter()
                            .map(|(v, e)| (self.written(e.span).into(), self.shown(v, e, scope)))
                            .collect(),
                        until,
                    },
                    does: Some(Done::Muted { rule, mute: *mute, key: cell_key(&plainly), until }),
                })
            }
        }
    }

    fn request(&self, rule: &str, id: ActionId, values: &[(Value, &Expr)], scope: Scope<'_>) -> Wanted {
        let action = &self.hir.actions[id.index()];
        let shown = values.iter().map(|(value, expr)| self.shown(value, expr, scope));
        let names = action.parameters.iter().map(|(name, _)| name.clone());
        let arguments: Vec<(Arc<str>, Argument)> = names.zip(shown).collect();
        let mut parts = vec![
            self.hir.schema.events[scope.event.event.index()].name.to_string(),
            scope.event.id().to_string(),
            rule.to_string(),
            action.name.clone(),
        ];
        parts.extend(arguments.iter().map(|(_, argument)| match argument {
            Argument::Text(text) => text.clone(),
            Argument::Number(number) => number.to_string(),
            Argument::Bool(truth) => truth.to_string(),
            Argument::Float(float) => float.to_string(),
        }));
        let does = action.once.as_ref().map(|once| {
            let keys: Vec<Value> = once.keys.iter().map(|place| values[*place].0.clone()).collect();
            Done::Asked { action: id, key: cell_key(&keys), at: scope.event.at() }
        });
        let key = format!("{:016x}", digest(&parts));
        Wanted { shown: Shown::Do { action: action.name.as_str().into(), arguments, key }, does }
    }

    fn shown(&self, value: &Value, expr: &Expr, scope: Scope<'_>) -> Argument {
        let sensitive = self.hir.is_sensitive(scope.event.event, expr);
        self.argument(value, &expr.ty.base, sensitive)
    }

    // ---- What is done of it.

    /// Adds what a hit does to `effects`, and gives what was withheld of it.
    pub(super) fn send(
        &self,
        id: RuleId,
        body: &Body,
        wanted: Vec<Wanted>,
        scope: Scope<'_>,
        effects: &mut Effects,
    ) -> Vec<Effect> {
        let at = scope.event.at();
        let rule: Arc<str> = self.hir.rule(id).name.as_str().into();
        let once = body.once.as_ref().and_then(|once| Some((self.key(&once.keys, scope)?, once.period)));
        let rests = once.as_ref().is_some_and(|(on, period)| {
            self.done.iter().any(|done| {
                matches!(done, Done::Acted { rule, key, at: since } if *rule == id && key == on && holds(*since, *period, at))
            })
        });
        let mut withheld = Vec::new();
        let mut acted = false;
        for Wanted { shown, does } in wanted {
            let limited = matches!(shown, Shown::Do { .. } | Shown::Label { .. });
            let effect = Effect { rule: rule.clone(), kind: shown };
            if limited && rests || self.asked_before(does.as_ref(), effects) {
                withheld.push(effect);
                continue;
            }
            acted |= limited;
            effects.sent.push((effect, does));
        }
        if let (Some((key, _)), true) = (once, acted) {
            effects.acted.push(Done::Acted { rule: id, key, at });
        }
        withheld
    }

    /// Within the period of the action's own `once`, by this event or an earlier one.
    fn asked_before(&self, does: Option<&Done>, effects: &Effects) -> bool {
        let Some(Done::Asked { action: of, key: on, at }) = does else { return false };
        let period = self.hir.actions[of.index()].once.as_ref().and_then(|once| once.period);
        let now = effects.sent.iter().filter_map(|(_, done)| done.as_ref());
        self.done.iter().chain(now).any(|done| {
            matches!(done, Done::Asked { action, key, at: since } if action == of && key == on && holds(*since, period, *at))
        })
    }

    /// Does what the rules of an event want done, `unlabel` before `label`, and shows it in the decision.
    pub(super) fn apply(&mut self, effects: Effects, decision: &mut Decision) {
        let all: Vec<Done> = effects.sent.iter().filter_map(|(_, done)| done.clone()).collect();
        let (first, then): (Vec<Done>, Vec<Done>) =
            all.into_iter().partition(|done| matches!(done, Done::Unlabelled { .. }));
        self.done.extend(first);
        self.done.extend(then);
        self.done.extend(effects.acted);
        for (mut effect, done) in effects.sent {
            match (&mut effect.kind, &done) {
                (Shown::Label { until, .. }, Some(Done::Labelled { label, key, .. })) => {
                    *until = self.label_end(*label, key).flatten();
                }
                (Shown::Mute { until, .. }, Some(Done::Muted { rule, mute, key, .. })) => {
                    *until = self.mute_end(*rule, *mute, key).unwrap_or(*until);
                }
                _ => {}
            }
            decision.effects.push(effect);
        }
    }
}

/// A hit of which some effects were withheld.
pub(super) fn withheld(
    rule: Arc<str>,
    outcome: Option<Arc<str>>,
    score: i64,
    withheld: Vec<Effect>,
) -> Suppressed {
    Suppressed { rule, outcome, score, why: "once", because: None, withheld }
}
