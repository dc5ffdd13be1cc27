//! Windows that reach back to before anything was kept for them.

use std::sync::Arc;

use super::judge::Judge;
use crate::model::decision::Warming;
use crate::model::time::Time;
use crate::plan::ir::{AskedPlan, RulePlan};
use crate::state::Bounds;

/// When each memory came to be, in engine time: nothing received before is in it.
#[derive(Clone, Debug)]
pub(super) struct Since {
    /// The first engine time there was.
    pub began: Option<Time>,
    /// What there is from the beginning is as old as that.
    pub memories: Vec<Time>,
    /// Likewise, of what they keep of all time.
    pub ever: Vec<Time>,
    pub sequences: Vec<Time>,
}

impl Since {
    /// Of so many memories, of which none has begun.
    pub fn new(memories: usize, sequences: usize) -> Since {
        Since {
            began: None,
            memories: vec![Time::MIN; memories],
            ever: vec![Time::MIN; memories],
            sequences: vec![Time::MIN; sequences],
        }
    }

    /// Engine time is `now`: if there was none before, everything begins with it.
    #[inline]
    pub fn begin(&mut self, now: Time) {
        if self.began.is_none() {
            self.began = Some(now);
            self.memories.fill(now);
            self.ever.fill(now);
            self.sequences.fill(now);
        }
    }

    /// When the memory came to be, if it may have missed something of what is asked at `t`.
    fn young(&self, asked: &AskedPlan, t: Time) -> Option<Time> {
        let began = self.began?;
        let (since, missed) = match asked {
            AskedPlan::Window(memory, window) => match Bounds::of(window, t) {
                Bounds::Within { after, .. } => {
                    let since = *self.memories.get(memory.index())?;
                    (since, after < since.0)
                }
                // Without an end nothing is missed that the engine itself did not miss.
                Bounds::Ever => {
                    let since = *self.ever.get(memory.index())?;
                    (since, began < since)
                }
            },
            AskedPlan::Sequence(memory, within) => {
                let since = *self.sequences.get(memory.index())?;
                (since, t.0.saturating_sub(within.0) < since.0)
            }
        };
        missed.then_some(since)
    }
}

impl Judge<'_, '_> {
    /// What the rule asks of memories that are younger than it asks for.
    pub(super) fn warming(&self, rule: &Arc<str>, plan: &RulePlan) -> Vec<Warming> {
        let traces = &self.ruleset.plan.traces;
        let young = plan.questions.iter().filter_map(|question| {
            let since = self.known.since.young(&question.asked, self.subject.at)?;
            Some(Warming { rule: rule.clone(), memory: traces.text(question.text).clone(), since })
        });
        let mut all: Vec<Warming> = young.collect();
        all.dedup();
        all
    }
}
