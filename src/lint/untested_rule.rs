//! A rule without a test line that it hits, or without one that it doesn't.
//!
//! Hitting: some line expects it in `by` or `shadow`. Not hitting: a line of one of its events names it in `not by`,
//! `cannot say` or `suppressed`, or expects an outcome or `by` without it. A rule on something that did not happen is hit
//! by a `deadline` line, and not hit by one that expects `allow` or by any line that names it in `not by`.

use super::context::Context;
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::model::ids::{OutcomeId, RuleId};
use crate::sema::hir::{ExpectationKind, Rule, TestLine, TestLineKind};

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    for (index, rule) in context.hir.rules.iter().enumerate() {
        let id = RuleId::new(index);
        let lines = || context.hir.tests.iter().flat_map(|test| &test.lines);
        let hit = lines().any(|line| hits(line, id));
        let missed = lines().any(|line| misses(line, id, rule));
        let (hit_line, missed_line) = match rule.absence {
            None => (format!("`=> … by {}`", rule.name), format!("`=> not by {}`", rule.name)),
            Some(_) => (
                format!("`deadline {} => …`", rule.name),
                format!("`clock {{ at: +… }} => not by {}`", rule.name),
            ),
        };
        let (what, help) = match (hit, missed) {
            (true, true) => continue,
            (false, true) => ("no test that it hits", format!("add a line that ends in {hit_line}")),
            (true, false) => {
                ("no test that it doesn't hit", format!("add a line that ends in {missed_line}"))
            }
            (false, false) => {
                ("no test", format!("add a `test` with a line {hit_line} and a line {missed_line}"))
            }
        };
        out.push(
            Diagnostic::new(
                &codes::UNTESTED_RULE,
                format!("`{}` has {what}", rule.name),
                rule.span,
                "not tested both ways",
            )
            .help(help),
        );
    }
}

fn hits(line: &TestLine, rule: RuleId) -> bool {
    let of_deadline = matches!(line.kind, TestLineKind::Deadline(of) if of == rule);
    line.expectations.iter().any(|expectation| match &expectation.kind {
        ExpectationKind::Outcome(outcome) => of_deadline && *outcome != OutcomeId(0),
        ExpectationKind::By { rules, .. } => rules.contains(&rule),
        ExpectationKind::Shadow(shadow) => *shadow == rule,
        _ => false,
    })
}

fn misses(line: &TestLine, id: RuleId, rule: &Rule) -> bool {
    let judged = match &line.kind {
        _ if rule.absence.is_some() && !matches!(line.kind, TestLineKind::Deadline(of) if of == id) => {
            return line.expectations.iter().any(
                |expectation| matches!(&expectation.kind, ExpectationKind::NotBy(rules) if rules.contains(&id)),
            );
        }
        TestLineKind::Event { event, .. } => rule.bodies.iter().any(|body| body.event == *event),
        TestLineKind::Clock { .. } | TestLineKind::List { .. } => false,
        TestLineKind::Deadline(of) => *of == id,
    };
    judged
        && !hits(line, id)
        && line.expectations.iter().any(|expectation| match &expectation.kind {
            ExpectationKind::NotBy(rules) => rules.contains(&id),
            ExpectationKind::CannotSay(named) | ExpectationKind::Suppressed(named) => *named == id,
            ExpectationKind::Outcome(_) | ExpectationKind::By { .. } => true,
            _ => false,
        })
}
