//! Policies: which outcome the added scores reach.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, codes};
use crate::model::ids::{EventId, OutcomeId};
use crate::sema::Checker;
use crate::sema::declare::Items;
use crate::sema::hir;
use crate::source::Span;
use crate::syntax::ast;

fn bad(message: impl Into<String>, span: Span, label: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&codes::BAD_POLICY, message, span, label)
}

impl<'a> Checker<'a> {
    pub(in crate::sema) fn policies(&mut self, items: &Items<'a>) -> Vec<hir::Policy> {
        let mut taken: BTreeMap<EventId, Span> = BTreeMap::new();
        let mut all = Vec::new();
        for (policy, span) in &items.policies {
            let events = self.event_list(&policy.events);
            let place = policy
                .events
                .first()
                .map_or(*span, |first| policy.events.iter().fold(first.span, |all, name| all.to(name.span)));
            for event in &events {
                if let Some(first) = taken.insert(*event, place) {
                    let name = self.shapes[event.index()].name.clone();
                    self.report(
                        bad(format!("`{name}` has two policies"), place, "a second policy for it")
                            .label(first, "the first one")
                            .help("an event has one policy: merge the two"),
                    );
                }
            }
            let bands = self.policy_bands(policy, *span);
            all.push(hir::Policy { events, bands, span: *span });
        }
        all
    }

    fn policy_bands(&mut self, policy: &ast::Policy, span: Span) -> Vec<(i64, OutcomeId)> {
        let mut bands: Vec<(i64, OutcomeId)> = Vec::new();
        let mut before: Option<Span> = None;
        if policy.bands.is_empty() {
            self.report(
                bad("this policy has no band", span, "scores lead nowhere")
                    .help("add for example `review at score 60`"),
            );
        }
        for band in &policy.bands {
            let outcome = self.outcome(&band.outcome);
            let score = self.constant_int(&band.score, "the score of a band");
            let (Some(outcome), Some(score)) = (outcome, score) else { continue };
            if outcome == OutcomeId(0) {
                self.report(
                    bad("a policy never allows", band.outcome.span, "the mildest outcome needs no score")
                        .help("leave the band out: `allow` is what remains"),
                );
                continue;
            }
            if let (Some((last_score, last_outcome)), Some(before)) = (bands.last(), before) {
                let problem = if score <= *last_score {
                    Some("its score is not higher than that of the band before")
                } else if outcome <= *last_outcome {
                    Some("its outcome is not stricter than that of the band before")
                } else {
                    None
                };
                if let Some(problem) = problem {
                    self.report(
                        bad(format!("the bands of a policy must rise: {problem}"), band.span, "this band")
                            .label(before, "the band before")
                            .help("sort them so that a higher score gives a stricter outcome"),
                    );
                    continue;
                }
            }
            bands.push((score, outcome));
            before = Some(band.span);
        }
        bands
    }
}
