//! A rule without a test line that it hits, or without one that it doesn't.
//!
//! Hitting: some line expects it in `by` or `shadow`. Not hitting: a line of one of its events names it in `not by`,
//! `cannot say` or `suppressed`, or expects an outcome or `by` without it.

use super::context::Context;
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::model::ids::RuleId;
use crate::sema::hir::{ExpectationKind, Rule, TestLine};

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    for (index, rule) in context.hir.rules.iter().enumerate() {
        let id = RuleId::new(index);
        let lines = || context.hir.tests.iter().flat_map(|test| &test.lines);
        let hit = lines().any(|line| hits(line, id));
        let missed = lines().any(|line| misses(line, id, rule));
        let (what, help) = match (hit, missed) {
            (true, true) => continue,
            (false, true) => {
                ("no test that it hits", format!("add a line that ends in `=> … by {}`", rule.name))
            }
            (true, false) => {
                ("no test that it doesn't hit", format!("add a line that ends in `=> not by {}`", rule.name))
            }
            (false, false) => (
                "no test",
                format!("add a `test` with a line `=> … by {0}` and a line `=> not by {0}`", rule.name),
            ),
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
    line.expectations.iter().any(|expectation| match &expectation.kind {
        ExpectationKind::By { rules, .. } => rules.contains(&rule),
        ExpectationKind::Shadow(shadow) => *shadow == rule,
        _ => false,
    })
}

fn misses(line: &TestLine, id: RuleId, rule: &Rule) -> bool {
    rule.bodies.iter().any(|body| Some(body.event) == line.event())
        && !hits(line, id)
        && line.expectations.iter().any(|expectation| match &expectation.kind {
            ExpectationKind::NotBy(rules) => rules.contains(&id),
            ExpectationKind::CannotSay(named) | ExpectationKind::Suppressed(named) => *named == id,
            ExpectationKind::Outcome(_) | ExpectationKind::By { .. } => true,
            _ => false,
        })
}
