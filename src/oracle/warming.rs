//! Windows that reach back to before anything was kept for them.

use super::{Oracle, Scope, bounds};
use crate::model::decision::Warming;
use crate::sema::hir::{Body, Expr, ExprKind, Rule};

impl Oracle {
    /// Those of the rule at this event: by what is asked, each once.
    pub(super) fn warming(&self, rule: &Rule, body: &Body, scope: Scope<'_>) -> Vec<Warming> {
        let Some(since) = self.began else { return Vec::new() };
        let young = |question: &&Expr| {
            // Nothing was missed of what is asked without an end: it began with everything else.
            self.reaches_back(question, scope).is_some_and(|after| after < since.0)
        };
        let questions = body.questions();
        let all = questions.iter().copied().filter(young);
        let mut all: Vec<Warming> = all
            .map(|question| Warming {
                rule: rule.name.as_str().into(),
                memory: self.written(question.span).into(),
                since,
            })
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// The time after which everything counts that is asked for; `None` if it has no end, or if nothing is asked.
    fn reaches_back(&self, question: &Expr, scope: Scope<'_>) -> Option<i64> {
        let t = scope.event.at();
        match &question.kind {
            ExprKind::Aggregate(aggregate) => Some(bounds(&aggregate.window, t)?.0),
            ExprKind::Sequence(sequence) if sequence.ends_here && !scope.waited => {
                Some(t.0.saturating_sub(sequence.within.0))
            }
            _ => None,
        }
    }
}
