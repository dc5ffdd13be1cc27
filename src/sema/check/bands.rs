//! Bands and scores: what a rule decides.

use crate::diag::{Diagnostic, codes};
use crate::model::ids::OutcomeId;
use crate::model::types::Type;
use crate::model::value::Value;
use crate::sema::hir::{self, Body, Expr};
use crate::sema::scope::Scope;
use crate::sema::{Checker, errors, limits};
use crate::source::Span;
use crate::syntax::ast::{self, Band, BandCondition, ClauseKind, Name};

fn bad(message: impl Into<String>, span: Span, label: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&codes::BAD_BAND, message, span, label)
}

impl<'a> Checker<'a> {
    /// What is wrong with the bands as a whole, whatever the event.
    pub(super) fn bands_in_order(&mut self, rule: &ast::Rule) {
        let mut unknown: Option<Span> = None;
        let mut always: Option<Span> = None;
        let mut lines = 0;
        for clause in &rule.clauses {
            let band = match &clause.kind {
                ClauseKind::Band(band) => band,
                ClauseKind::Score { .. } => {
                    lines += 1;
                    continue;
                }
                _ => continue,
            };
            lines += 1;
            if let Some(first) = unknown {
                let message = match band.condition {
                    BandCondition::Unknown(_) => "a rule has one `if unknown` band",
                    _ => "`if unknown` must be the last band",
                };
                self.report(
                    bad(message, clause.span, "comes after it")
                        .label(first, "the `if unknown` band")
                        .help("it is asked when no other band is true: move it to the end"),
                );
            }
            if let Some(first) = always {
                self.report(
                    bad("nothing comes after `always`", clause.span, "can never be reached")
                        .label(first, "this band is always the result")
                        .help("move the `always` band to the end, or remove this one"),
                );
            }
            match &band.condition {
                BandCondition::Unknown(_) => unknown = unknown.or(Some(clause.span)),
                BandCondition::Always(_) => always = always.or(Some(clause.span)),
                BandCondition::If(_) => {}
            }
        }
        // A clause that could not be read has been reported, and may have been the outcome.
        if lines == 0 && !self.incomplete {
            self.no_result(rule);
        }
        if lines > limits::BANDS {
            self.report(errors::too_large(
                format!("a rule has at most {} bands and score lines", limits::BANDS),
                rule.name.span,
                format!("this one has {lines}"),
            ));
        }
    }

    fn no_result(&mut self, rule: &ast::Rule) {
        let outcome = self.header.outcomes.last().cloned().unwrap_or_default();
        let help = match rule.clauses.iter().any(|c| matches!(c.kind, ClauseKind::When(_))) {
            true => format!("say what follows: `{outcome} always`, or `{outcome} if …`"),
            false => format!("add a band such as `{outcome} if …`, or a line such as `score 20 if …`"),
        };
        self.report(
            Diagnostic::new(
                &codes::NO_RESULT,
                format!("the rule `{}` has no outcome and no score", rule.name.text),
                rule.name.span,
                "can never hit",
            )
            .help(help),
        );
    }

    /// The rung of the ladder, or a finding.
    pub(in crate::sema) fn outcome(&mut self, name: &Name) -> Option<OutcomeId> {
        let found = self.header.outcomes.iter().position(|o| *o == name.text);
        if found.is_none() {
            let known = self.header.outcomes.iter().map(String::as_str);
            let meant = match name.text.as_str() {
                "by" => Some("write the name of a rule after `by`".to_string()),
                rule if self.names.rules.get(rule).is_some() => {
                    Some(format!("`{rule}` is a rule: write `by {rule}`"))
                }
                word => self.outcome_habit(word).map(|o| format!("did you mean `{o}`?")),
            };
            let finding = errors::unknown(name, "an outcome", known).help_opt(meant);
            self.report(finding);
        }
        found.map(OutcomeId::new)
    }

    /// The outcome of this ladder that other tools give another name.
    fn outcome_habit(&self, written: &str) -> Option<&'static str> {
        let meant = match written.to_lowercase().as_str() {
            "deny" | "decline" | "stop" | "reject" | "refuse" | "ban" => "block",
            "approve" | "accept" | "pass" | "ok" | "permit" | "nothing" | "none" => "allow",
            "flag" | "alert" | "manual" | "manual_review" | "investigate" | "hold" => "review",
            "verify" | "otp" | "captcha" | "step_up" => "challenge",
            "warning" | "notify" => "warn",
            "log" | "monitor" | "watch" => "observe",
            _ => return None,
        };
        self.header.outcomes.iter().any(|o| o == meant).then_some(meant)
    }

    pub(super) fn band(&mut self, band: &Band, span: Span, scope: &Scope, body: &mut Body) {
        let outcome = self.outcome(&band.outcome);
        let score = band.score.as_ref().map_or(0, |points| self.points(points));
        let truth = |span| Expr::constant(Value::Bool(true), Type::Bool, span);
        match &band.condition {
            BandCondition::If(condition) => {
                let condition = self.condition(condition, scope);
                if let Some(outcome) = outcome {
                    body.bands.push(hir::Band { outcome, condition, score, span });
                }
            }
            BandCondition::Always(always) => {
                if let Some(outcome) = outcome {
                    body.bands.push(hir::Band { outcome, condition: truth(*always), score, span });
                }
            }
            BandCondition::Unknown(unknown) => {
                let Some(outcome) = outcome else { return };
                if outcome == OutcomeId(0) {
                    self.report(
                        bad(
                            "what can't be judged is never allowed",
                            band.outcome.span,
                            "missing data would pass",
                        )
                        .help("use a stricter outcome, or leave the band out"),
                    );
                }
                let band = hir::Band { outcome, condition: truth(*unknown), score, span };
                body.if_unknown.get_or_insert(band);
            }
        }
    }

    /// The number after `score`; 0 if it was reported.
    pub(in crate::sema) fn points(&mut self, written: &ast::Expr) -> i64 {
        let Some(points) = self.constant_int(written, "a score") else { return 0 };
        if points.abs() > hir::SCORE_LIMIT {
            self.report(
                Diagnostic::new(
                    &codes::BAD_SCORE,
                    format!("a score is at most {} either way", hir::SCORE_LIMIT),
                    written.span,
                    "out of range",
                )
                .help("scores of all hits are added up; 0 to 100 is what people read best"),
            );
            return 0;
        }
        points
    }
}
