//! The second phase: what every rule says of the event, and what that comes to.

use std::sync::Arc;

use super::code::{EventCode, RuleCode};
use super::effects::{Known, Sent};
use super::explain::explain;
use super::ruleset::Ruleset;
use super::texts::{datum, digest, plain, render};
use crate::builtins::short_hash;
use crate::model::decision::{CannotSay, Effect, Hit, Suppressed, Warming};
use crate::model::ids::{OutcomeId, RuleId};
use crate::model::slot::Slot;
use crate::model::time::Time;
use crate::model::value::Datum;
use crate::plan::ir::{EventPlan, RolloutPlan, RulePlan, TraceId};
use crate::vm::{Machine, Reg};

/// What the rules make of an event.
#[derive(Debug)]
pub(super) struct Verdict {
    pub outcome: OutcomeId,
    pub score: i64,
    pub rules: Vec<Hit>,
    pub shadow: Vec<Hit>,
    pub suppressed: Vec<Suppressed>,
    pub cannot_say: Vec<CannotSay>,
    /// What the hits do, until it is done: then `effects` shows it.
    pub sent: Sent,
    pub effects: Vec<Effect>,
    pub warming: Vec<Warming>,
    /// Fields that turned out wrong only when rules used them.
    pub bad: Vec<String>,
}

impl Verdict {
    /// Nothing happened, as far as the rules go.
    pub fn is_quiet(&self) -> bool {
        self.score == 0
            && self.rules.is_empty()
            && self.shadow.is_empty()
            && self.suppressed.is_empty()
            && self.cannot_say.is_empty()
            && self.effects.is_empty()
    }

    /// Nothing happened.
    pub fn quiet(outcome: OutcomeId) -> Verdict {
        Verdict {
            outcome,
            score: 0,
            rules: Vec::new(),
            shadow: Vec::new(),
            suppressed: Vec::new(),
            cannot_say: Vec::new(),
            sent: Sent::default(),
            effects: Vec::new(),
            warming: Vec::new(),
            bad: Vec::new(),
        }
    }
}

/// What became of one rule on one event, for counters and for the coverage of tests.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub rule: RuleId,
    pub said: Said,
    /// The place of the band that was the result; `if unknown` is the one after the last. Absent without a
    /// hit, and for a hit by score only.
    pub band: Option<usize>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Hit,
    Shadow,
    Suppressed,
    CannotSay,
    /// The event took back a deadline of the rule, or its own was none because what it waits for had come.
    Cancelled,
}

/// The event, for texts and keys.
#[derive(Copy, Clone, Debug)]
pub(super) struct Subject {
    /// The id's place in the arena of the event.
    pub id: Slot,
    pub at: Time,
}

pub(super) struct Judge<'a, 'm> {
    pub ruleset: &'a Ruleset,
    pub plan: &'a EventPlan,
    pub code: &'a EventCode,
    pub machine: Machine<'m>,
    pub subject: Subject,
    pub known: &'a Known<'a>,
    pub marks: &'a mut Vec<Mark>,
}

/// A rule whose bands or score lines held.
struct Held {
    outcome: Option<OutcomeId>,
    score: i64,
    band: Option<usize>,
}

/// A hit that is neither shadow nor suppressed.
struct Counting {
    always: bool,
    outcome: Option<OutcomeId>,
    score: i64,
}

impl Judge<'_, '_> {
    /// Every rule in the order of names; the conditions have been computed. Nothing if no rule says anything, as on
    /// most events.
    pub fn judge(&mut self) -> Option<Box<Verdict>> {
        let at = self.subject.at;
        let first = self.code.rules.iter().position(|rule| !self.is_silent(rule) && is_active(rule, at))?;
        Some(Box::new(self.judge_from(first)))
    }

    /// No rule before that at `first` says anything.
    #[inline(never)]
    fn judge_from(&mut self, first: usize) -> Verdict {
        let mut verdict = Verdict::quiet(OutcomeId(0));
        let mut hits: Vec<Counting> = Vec::new();
        for rule in self.code.rules.iter().skip(first) {
            if self.is_silent(rule) || !is_active(rule, self.subject.at) {
                continue;
            }
            let plan = &self.plan.rules[rule.place];
            let mut missing = Vec::new();
            let held = self.result(rule, plan, &mut missing);
            let said = held.and_then(|h| self.hit(rule, plan, h, &mut missing, &mut verdict, &mut hits));
            if matches!(said, Some(Said::Hit | Said::Shadow)) || !missing.is_empty() {
                verdict.warming.append(&mut self.warming(&rule.name, plan));
            }
            if !missing.is_empty() {
                self.marks.push(Mark { rule: rule.rule, said: Said::CannotSay, band: None });
                verdict.cannot_say.push(CannotSay { rule: rule.name.clone(), missing });
            }
        }
        verdict.score = hits.iter().fold(0, |sum, hit| sum.saturating_add(hit.score));
        verdict.outcome = self.outcome(&hits);
        verdict
    }

    /// Most rules on most events: `when` or everything else is known not to hold.
    #[inline(always)]
    fn is_silent(&self, rule: &RuleCode) -> bool {
        let known_false = |slot: Slot| slot.is_known() && !slot.is_true();
        if rule.when.is_some_and(|when| known_false(self.machine.get(when))) {
            return true;
        }
        let all_false = |regs: &[Reg]| regs.iter().all(|reg| known_false(self.machine.get(*reg)));
        rule.when.is_none_or(|when| self.machine.get(when).is_known())
            && all_false(&rule.bands)
            && all_false(&rule.scores)
    }

    /// Bands and score lines; adds what made some of them unknown to `missing`.
    fn result(&mut self, rule: &RuleCode, plan: &RulePlan, missing: &mut Vec<String>) -> Option<Held> {
        let mut band = None;
        let mut unclear = false;
        let mut points: Option<i64> = None;
        if let (Some(when), Some(reg)) = (plan.when, rule.when)
            && !self.machine.get(reg).is_known()
        {
            // Every band is unknown for the same reason.
            self.explain(when.trace, missing);
            unclear = true;
        } else {
            for (place, (plan, reg)) in plan.bands.iter().zip(&rule.bands).enumerate() {
                let condition = self.machine.get(*reg);
                if condition.is_true() {
                    band = Some((place, plan.outcome, plan.score));
                    break;
                }
                if !condition.is_known() {
                    unclear = true;
                    self.explain(plan.condition.trace, missing);
                }
            }
            for (line, reg) in plan.scores.iter().zip(&rule.scores) {
                let condition = self.machine.get(*reg);
                if condition.is_true() {
                    points = Some(points.unwrap_or(0).saturating_add(line.points));
                } else if !condition.is_known() {
                    self.explain(line.condition.trace, missing);
                }
            }
        }
        if band.is_none() && unclear {
            band = plan.if_unknown.map(|(outcome, score)| (plan.bands.len(), outcome, score));
        }
        if band.is_none() && points.is_none() {
            return None;
        }
        Some(Held {
            outcome: band.map(|(_, outcome, _)| outcome),
            score: band.map_or(0, |(_, _, score)| score).saturating_add(points.unwrap_or(0)),
            band: band.map(|(place, _, _)| place),
        })
    }

    pub(super) fn explain(&mut self, trace: TraceId, missing: &mut Vec<String>) {
        explain(&mut self.machine, &self.ruleset.plan.traces, trace, missing);
    }

    /// What became of it, if anything.
    fn hit(
        &mut self,
        rule: &RuleCode,
        plan: &RulePlan,
        held: Held,
        missing: &mut Vec<String>,
        verdict: &mut Verdict,
        hits: &mut Vec<Counting>,
    ) -> Option<Said> {
        self.machine.run_block(rule.place);
        let shadow = rule.shadow || !self.rolled_out(rule, plan.rollout.as_ref());
        // An exception that can't be judged is none.
        let exception = plan.unless.iter().find(|unless| {
            self.machine.program.place(unless.condition.0).is_some_and(|reg| self.machine.get(reg).is_true())
        });
        let zone = &self.ruleset.hir.header.zone;
        let held_back = match exception {
            Some(unless) => {
                Some(("unless", unless.because.as_ref().map(|text| render(&self.machine, text, zone).0)))
            }
            None => self.is_muted(rule, plan).then_some(("mute", None)),
        };
        let said = match held_back {
            // Its exceptions change as little as the rule itself.
            Some(_) if shadow => return None,
            Some((why, because)) => {
                verdict.suppressed.push(self.suppressed(rule, &held, why, because, Vec::new()));
                Said::Suppressed
            }
            None if shadow => {
                verdict.shadow.push(self.report(rule, plan, &held));
                Said::Shadow
            }
            None => {
                verdict.rules.push(self.report(rule, plan, &held));
                let withheld = self.effects(rule, plan, missing, verdict);
                if !withheld.is_empty() {
                    verdict.suppressed.push(self.suppressed(rule, &held, "once", None, withheld));
                }
                hits.push(Counting { always: rule.always, outcome: held.outcome, score: held.score });
                Said::Hit
            }
        };
        self.marks.push(Mark { rule: rule.rule, said, band: held.band });
        Some(said)
    }

    fn suppressed(
        &self,
        rule: &RuleCode,
        held: &Held,
        why: &'static str,
        because: Option<String>,
        withheld: Vec<Effect>,
    ) -> Suppressed {
        Suppressed {
            rule: rule.name.clone(),
            outcome: held.outcome.map(|outcome| self.name(outcome)),
            score: held.score,
            why,
            because,
            withheld,
        }
    }

    /// The same for a key whatever else happens, and whoever is in at a share stays in at a larger one.
    fn rolled_out(&self, rule: &RuleCode, rollout: Option<&RolloutPlan>) -> bool {
        let Some(rollout) = rollout else { return true };
        let mut keys = Vec::with_capacity(rollout.keys.len());
        for (node, ty) in &rollout.keys {
            match datum(&self.machine, *node, ty) {
                Datum::Known(value) => keys.push(plain(&value, ty)),
                _ => return false,
            }
        }
        let names = [self.ruleset.stamp.name.as_str(), &rule.name];
        let place = digest(names.into_iter().chain(keys.iter().map(String::as_str))) % 1_000_000;
        place < u64::from(rollout.share)
    }

    fn report(&self, rule: &RuleCode, plan: &RulePlan, held: &Held) -> Hit {
        let zone = &self.ruleset.hir.header.zone;
        let tell = plan.tell.iter().filter_map(|(language, text)| {
            let (text, whole) = render(&self.machine, text, zone);
            whole.then(|| (language.clone(), text))
        });
        let about = plan.about.iter().filter_map(|about| {
            let Datum::Known(value) = datum(&self.machine, about.node, &about.ty) else { return None };
            let text = plain(&value, &about.ty);
            let shown = if about.sensitive { short_hash(self.machine.around.hash_key, &text) } else { text };
            Some((about.entity.clone(), shown))
        });
        Hit {
            rule: rule.name.clone(),
            outcome: held.outcome.map(|outcome| self.name(outcome)),
            score: held.score,
            because: plan.because.as_ref().map(|text| render(&self.machine, text, zone).0),
            tell: tell.collect(),
            about: about.collect(),
            tags: rule.tags.clone(),
            severity: rule.severity,
        }
    }

    /// After a hit with `allow` only `always` rules count; the most severe of what they say and of the policy
    /// bands that their scores reach.
    fn outcome(&self, hits: &[Counting]) -> OutcomeId {
        let allowed = hits.iter().any(|hit| hit.outcome == Some(OutcomeId(0)));
        let counting = || hits.iter().filter(|hit| hit.always || !allowed);
        let score = counting().fold(0i64, |sum, hit| sum.saturating_add(hit.score));
        let reached = self.code.policy.iter().filter(|band| score >= band.0).map(|band| band.1);
        counting().filter_map(|hit| hit.outcome).chain(reached).max().unwrap_or(OutcomeId(0))
    }

    fn name(&self, outcome: OutcomeId) -> Arc<str> {
        self.ruleset.outcome_name(outcome)
    }
}

pub(super) fn is_active(rule: &RuleCode, at: Time) -> bool {
    rule.from.is_none_or(|from| at >= from) && rule.until.is_none_or(|until| at < until)
}
