//! Rules on something that did not happen: deadlines are set, cancelled and, when time reaches them, decided.

use std::sync::Arc;

use super::{Cell, Oracle, Scope, add, cell_key};
use crate::model::decision::{CannotSay, Decision};
use crate::model::event::Event;
use crate::model::ids::RuleId;
use crate::model::schema::EventSchema;
use crate::model::time::Time;
use crate::model::value::{Datum, Unknown, Value};
use crate::sema::hir::{Absence, Rule, Trigger};

/// A deadline that was set.
pub(super) struct Pending {
    rule: RuleId,
    keys: String,
    due: Time,
    /// The event that set it, as it came in.
    trigger: Event,
}

/// What an event means for a rule on something that did not happen.
pub(super) enum Waiting {
    Set(Box<Pending>),
    CannotSay(CannotSay),
}

impl Oracle {
    /// Moves engine time, and decides the deadlines that it reaches.
    pub fn clock(&mut self, to: Time) -> Vec<Decision> {
        let now = self.engine_time.map_or(to, |time| time.max(to));
        self.engine_time = Some(now);
        self.began = self.began.or(Some(now));
        let (mut due, pending): (Vec<Pending>, Vec<Pending>) =
            std::mem::take(&mut self.pending).into_iter().partition(|pending| pending.due <= now);
        self.pending = pending;
        let hir = self.hir.clone();
        let order = |p: &Pending| (p.due, hir.rule(p.rule).name.clone(), p.trigger.id().to_string());
        // Stable: what is the same in all that stays in the order in which it was set.
        due.sort_by_key(order);
        // One after the other: what one does the next one knows.
        due.iter().filter_map(|pending| self.fall_due(pending)).collect()
    }

    /// The rule is judged with the fields of the event, at the deadline. `None` outside of `active`.
    fn fall_due(&mut self, pending: &Pending) -> Option<Decision> {
        let hir = self.hir.clone();
        let rule = hir.rule(pending.rule);
        if !is_active(rule, pending.due) {
            return None;
        }
        let mut event = pending.trigger.clone();
        event.fields[EventSchema::AT.index()] = Datum::Known(Value::Time(pending.due));
        let mut decision = Decision {
            event: format!("{}#{}", event.id(), rule.name).into(),
            event_type: "deadline".into(),
            bad: Vec::new(),
            ..self.decision(&event)
        };
        // Its outcome is the rule's: no policy adds to it.
        let scope = Scope { event: &event, elements: &[], waited: true };
        let effects = self.settle(vec![pending.rule], scope, &[], &mut decision);
        self.write_hits(&event, &decision.rules);
        self.apply(effects, &mut decision);
        Some(decision)
    }

    /// What this event sets, before anything of it is written.
    pub(super) fn waiting(&self, event: &Event) -> Vec<Waiting> {
        let mut all = Vec::new();
        for (index, rule) in self.hir.rules.iter().enumerate() {
            let Some(absence) = &rule.absence else { continue };
            let Some(trigger) = absence.triggers.iter().find(|trigger| trigger.event == event.event) else {
                continue;
            };
            let due = event.at().0.checked_add(absence.within.0).and_then(Time::in_range);
            // No time is later than the last one, so a deadline behind it never comes.
            let Some(due) = due.filter(|due| is_active(rule, *due)) else { continue };
            all.extend(self.waiting_for(RuleId::new(index), absence, trigger, event, due));
        }
        all
    }

    fn waiting_for(
        &self,
        rule: RuleId,
        absence: &Absence,
        trigger: &Trigger,
        event: &Event,
        due: Time,
    ) -> Option<Waiting> {
        let scope = Scope { event, elements: &[], waited: false };
        let holds = trigger.filter.as_ref().map_or(Some(true), |filter| self.eval(filter, scope).truth());
        if holds == Some(false) {
            return None;
        }
        let mut missing = Vec::new();
        let keys: Vec<Datum> = trigger.keys.iter().map(|key| self.eval(key, scope)).collect();
        trigger.keys.iter().for_each(|key| self.explain(key, scope, &mut missing));
        trigger.filter.iter().for_each(|filter| self.explain(filter, scope, &mut missing));
        let name: Arc<str> = self.hir.rule(rule).name.as_str().into();
        if !missing.is_empty() {
            return Some(Waiting::CannotSay(CannotSay { rule: name, missing }));
        }
        let keys = cell_key(&keys.iter().filter_map(|key| key.known().cloned()).collect::<Vec<Value>>());
        let same = |pending: &&Pending| pending.rule == rule && pending.keys == keys;
        let full = self.pending.iter().filter(same).count() >= self.hir.header.limits.entries as usize;
        let came = match self.came_already(absence, &keys, event.at(), due) {
            Ok(true) => return None,
            Ok(false) if full => Err(Unknown::Saturated),
            other => other,
        };
        Some(match came {
            Err(why) => {
                add(&mut missing, self.with_reason(absence.span, why));
                Waiting::CannotSay(CannotSay { rule: name, missing })
            }
            Ok(_) => Waiting::Set(Box::new(Pending { rule, keys, due, trigger: event.clone() })),
        })
    }

    /// Whether an event that must not come was received before the trigger.
    fn came_already(&self, absence: &Absence, keys: &str, from: Time, until: Time) -> Result<bool, Unknown> {
        let empty = Cell::default();
        let cell = self.cells.get(&(absence.memory, keys.to_string())).unwrap_or(&empty);
        if cell.lost_expired.is_some_and(|lost| lost >= from) {
            return Err(Unknown::TooLate);
        }
        match cell.entries.iter().any(|entry| !entry.gone && from <= entry.at && entry.at < until) {
            true => Ok(true),
            false if cell.lost_capped.is_some_and(|lost| lost >= from) => Err(Unknown::Saturated),
            false => Ok(false),
        }
    }

    /// Takes back the deadlines that wait for nothing of this kind.
    pub(super) fn cancel(&mut self, event: &Event) {
        let hir = self.hir.clone();
        for (index, rule) in hir.rules.iter().enumerate() {
            let Some(absence) = &rule.absence else { continue };
            let Some((keys, _)) = self.counted(self.memory(absence.memory), event) else { continue };
            let keys = cell_key(&keys);
            self.pending.retain(|pending| {
                let since = pending.trigger.at();
                let within = since <= event.at() && event.at() < pending.due;
                !(pending.rule == RuleId::new(index) && pending.keys == keys && within)
            });
        }
    }
}

fn is_active(rule: &Rule, at: Time) -> bool {
    rule.active_from.is_none_or(|from| at >= from) && rule.active_until.is_none_or(|until| at < until)
}
