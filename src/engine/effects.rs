//! What hits do beside the outcome: requests to actions, labels, mutes; and what holds them back.

use std::sync::Arc;

use super::code::RuleCode;
use super::judge::{Judge, Verdict};
use super::texts::{argument, datum, digest, plain};
use super::warming::Since;
use crate::builtins::short_hash;
use crate::model::decision::{Argument, Effect, EffectKind};
use crate::model::ids::{ActionId, LabelId, RuleId};
use crate::model::slot::{Arenas, Slot};
use crate::model::time::{Duration, Time};
use crate::model::types::Type;
use crate::model::value::{Datum, Value};
use crate::plan::ir::{ArgumentPlan, Deed, EffectPlan, MutePlan, MutedPlan, NodeId, RulePlan};
use crate::sema::hir::Hir;
use crate::state::{Change, Effects, Feeds, KeyHash, KeyHasher};
use crate::vm::Labels;

/// What is known of labels, and of what lines and events have filled, for the machine.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub effects: &'a Effects,
    pub feeds: &'a Feeds,
    pub since: &'a Since,
    pub hir: &'a Hir,
    pub hasher: &'a KeyHasher,
}

impl Labels for Known<'_> {
    fn has(&self, label: LabelId, entity: Slot, ty: &Type, arenas: &Arenas<'_>, at: Time) -> bool {
        let key = self.hasher.hash_each(std::iter::once((entity, ty)), arenas);
        key.is_some_and(|key| self.effects.has_label(label, key, at))
    }
}

/// The effects of an event's hits, by rule and then as written.
#[derive(Debug, Default)]
pub(super) struct Sent {
    effects: Vec<(Effect, Option<Change>)>,
    /// That rules with `once` had effects.
    acted: Vec<Change>,
}

/// All values that an effect needs.
type Operands = Vec<(Value, Slot)>;

impl Judge<'_, '_> {
    /// A mute whose keys are not all known holds nothing back.
    pub(super) fn is_muted(&self, rule: &RuleCode, plan: &RulePlan) -> bool {
        plan.muted_by.iter().any(|(mute, keys)| {
            let key = self.key(keys);
            key.is_some_and(|key| self.known.effects.is_muted(*mute, rule.rule, key, self.subject.at))
        })
    }

    fn key(&self, keys: &[(NodeId, Type)]) -> Option<KeyHash> {
        let slots = keys.iter().map(|(node, _)| self.slot(*node));
        self.known.hasher.hash_each(slots.zip(keys.iter().map(|(_, ty)| ty)), &self.machine.arenas())
    }

    fn slot(&self, node: NodeId) -> Slot {
        self.machine.program.place(node.0).map_or(Slot::MISSING, |reg| self.machine.get(reg))
    }

    /// Adds what the hit does to the verdict, and gives what `once` withheld.
    pub(super) fn effects(
        &mut self,
        rule: &RuleCode,
        plan: &RulePlan,
        missing: &mut Vec<String>,
        verdict: &mut Verdict,
    ) -> Vec<Effect> {
        let at = self.subject.at;
        let once = plan.once.as_ref().and_then(|once| Some((self.key(&once.keys)?, once.period)));
        let rests =
            once.is_some_and(|(key, period)| self.known.effects.has_acted(rule.rule, key, period, at));
        let mut withheld = Vec::new();
        let mut acted = false;
        for effect in &plan.effects {
            let Some((kind, change)) = self.effect(rule, effect, missing, &mut verdict.bad) else { continue };
            let limited = matches!(kind, EffectKind::Do { .. } | EffectKind::Label { .. });
            let effect = Effect { rule: rule.name.clone(), kind };
            if limited && rests || self.was_asked(change, &verdict.sent) {
                withheld.push(effect);
                continue;
            }
            acted |= limited;
            verdict.sent.effects.push((effect, change));
        }
        if let (Some((key, _)), true) = (once, acted) {
            verdict.sent.acted.push(Change::Acted { rule: rule.rule, key, at });
        }
        withheld
    }

    /// Whether the action was asked for already, by an earlier event or by this one.
    fn was_asked(&self, change: Option<Change>, sent: &Sent) -> bool {
        let Some(Change::Asked { action, key, at }) = change else { return false };
        let once = self.ruleset.hir.actions.get(action.index()).and_then(|action| action.once.as_ref());
        let period = once.and_then(|once| once.period);
        let by_this = sent.effects.iter().any(|(_, earlier)| *earlier == change);
        by_this || self.known.effects.was_asked(action, key, period, at)
    }

    /// `None` if its condition does not hold, or if something is missing: then that is added to `missing`.
    fn effect(
        &mut self,
        rule: &RuleCode,
        effect: &EffectPlan,
        missing: &mut Vec<String>,
        bad: &mut Vec<String>,
    ) -> Option<(EffectKind, Option<Change>)> {
        if let Some(condition) = effect.condition
            && !self.slot(condition.node).is_true()
        {
            self.explain(condition.trace, missing);
            return None;
        }
        let mut operands: Operands = Vec::with_capacity(effect.operands.len());
        for plan in &effect.operands {
            match datum(&self.machine, plan.value.node, &plan.ty) {
                Datum::Known(value) => operands.push((value, self.slot(plan.value.node))),
                _ => self.explain(plan.value.trace, missing),
            }
        }
        if operands.len() < effect.operands.len() {
            return None;
        }
        match &effect.deed {
            Deed::Do(action) => self.request(rule, *action, &effect.operands, &operands),
            Deed::Label(label, period) => {
                let (name, on, shown, key) = self.labelled(*label, &effect.operands, &operands)?;
                let until = period.map(|period| end(self.subject.at, period));
                let change = Change::Label { label: *label, key, until };
                Some((EffectKind::Label { label: name, on, key: shown, until }, Some(change)))
            }
            Deed::Unlabel(label) => {
                let (name, on, shown, key) = self.labelled(*label, &effect.operands, &operands)?;
                let change = Change::Unlabel { label: *label, key };
                Some((EffectKind::Unlabel { label: name, on, key: shown }, Some(change)))
            }
            Deed::Mute(plan) => self.mute(plan, &effect.operands, &operands, bad),
        }
    }

    fn request(
        &self,
        rule: &RuleCode,
        id: ActionId,
        plans: &[ArgumentPlan],
        operands: &Operands,
    ) -> Option<(EffectKind, Option<Change>)> {
        let action = self.ruleset.hir.actions.get(id.index())?;
        let shown = plans.iter().zip(operands).map(|(plan, (value, _))| self.shown(plan, value));
        let names = action.parameters.iter().map(|(name, _)| name.clone());
        let arguments: Vec<(Arc<str>, Argument)> = names.zip(shown).collect();
        let change = action.once.as_ref().and_then(|once| {
            let values =
                once.keys.iter().filter_map(|place| Some((operands.get(*place)?.1, &plans.get(*place)?.ty)));
            let key = self.known.hasher.hash_each(values, &self.machine.arenas())?;
            Some(Change::Asked { action: id, key, at: self.subject.at })
        });
        let texts: Vec<String> = arguments.iter().map(|(_, argument)| argument.to_string()).collect();
        let event = self.machine.arenas().text(self.subject.id);
        let named = [&*self.code.name, event, &rule.name, &action.name];
        let key = digest(named.into_iter().chain(texts.iter().map(String::as_str)));
        let action = action.name.as_str().into();
        Some((EffectKind::Do { action, arguments, key: format!("{key:016x}") }, change))
    }

    /// The names of the label and of its entity, the one that it is put on, and that one's key.
    fn labelled(
        &self,
        id: LabelId,
        plans: &[ArgumentPlan],
        operands: &Operands,
    ) -> Option<(Arc<str>, Arc<str>, String, KeyHash)> {
        let label = self.ruleset.hir.labels.get(id.index())?;
        let (plan, (value, slot)) = (plans.first()?, operands.first()?);
        let text = plain(value, &plan.ty);
        let shown = if plan.sensitive { short_hash(self.machine.around.hash_key, &text) } else { text };
        let key = self.known.hasher.hash_each(std::iter::once((*slot, &plan.ty)), &self.machine.arenas())?;
        Some((label.name.as_str().into(), label.entity.as_str().into(), shown, key))
    }

    fn mute(
        &self,
        mute: &MutePlan,
        plans: &[ArgumentPlan],
        operands: &Operands,
        bad: &mut Vec<String>,
    ) -> Option<(EffectKind, Option<Change>)> {
        let rule = match &mute.muted {
            MutedPlan::Rule(rule) => *rule,
            MutedPlan::Named(pointer) => match self.named(mute, operands) {
                Some(rule) => rule,
                None => {
                    if !bad.contains(pointer) {
                        bad.push(pointer.clone());
                    }
                    return None;
                }
            },
        };
        let keys = plans.len().saturating_sub(mute.names.len());
        let (plans, operands) = (plans.get(keys..)?, operands.get(keys..)?);
        let shown = plans.iter().zip(operands).map(|(plan, (value, _))| self.shown(plan, value));
        let by = mute.names.iter().cloned().zip(shown).collect();
        let values = operands.iter().map(|(_, slot)| *slot).zip(plans.iter().map(|plan| &plan.ty));
        let key = self.known.hasher.hash_each(values, &self.machine.arenas())?;
        let until = end(self.subject.at, mute.period);
        let muted = self.ruleset.hir.rule(rule).name.as_str().into();
        Some((
            EffectKind::Mute { muted, by, until },
            Some(Change::Mute { mute: mute.mute, rule, key, until }),
        ))
    }

    /// The rule that the first operand names, if its hits can be held back by these keys.
    fn named(&self, mute: &MutePlan, operands: &Operands) -> Option<RuleId> {
        let Some((Value::Text(name), _)) = operands.first() else { return None };
        let rule = self.ruleset.hir.rule_named(name)?;
        let mut bodies = self.ruleset.hir.rule(rule).bodies.iter();
        bodies.any(|body| body.muted_by.iter().any(|(known, _)| *known == mute.mute)).then_some(rule)
    }

    fn shown(&self, plan: &ArgumentPlan, value: &Value) -> Argument {
        argument(value, &plan.ty, plan.sensitive, self.machine.around.hash_key)
    }
}

impl Sent {
    /// Puts everything into effect, `unlabel` before `label`, and gives what the decision shows of it.
    pub fn apply(self, state: &mut Effects) -> Vec<Effect> {
        if self.effects.is_empty() {
            return Vec::new();
        }
        let changes = || self.effects.iter().filter_map(|(_, change)| *change);
        let is_first = |change: &Change| matches!(change, Change::Unlabel { .. });
        changes().filter(is_first).for_each(|change| state.apply(change));
        changes().filter(|change| !is_first(change)).for_each(|change| state.apply(change));
        self.acted.iter().for_each(|change| state.apply(*change));
        let mut shown = Vec::with_capacity(self.effects.len());
        for (mut effect, change) in self.effects {
            match (&mut effect.kind, change) {
                (EffectKind::Label { until, .. }, Some(Change::Label { label, key, .. })) => {
                    *until = state.label_end(label, key);
                }
                (EffectKind::Mute { until, .. }, Some(Change::Mute { mute, rule, key, .. })) => {
                    *until = state.mute_end(mute, rule, key).unwrap_or(*until);
                }
                _ => {}
            }
            shown.push(effect);
        }
        shown
    }
}

/// What lasts longer than time can be written ends with it.
fn end(at: Time, period: Duration) -> Time {
    Time(at.0.saturating_add(period.0).min(Time::MAX.0))
}
