//! Scores and policies that do not meet: a sum that reaches no band, and a band that no sum reaches.

use super::context::Context;
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::model::ids::EventId;
use crate::sema::hir::{Body, Policy};
use crate::source::Span;
use crate::syntax::ast::{ExprKind, ItemKind, Literal};

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    for policy in &context.hir.policies {
        let most = policy.events.iter().map(|event| most_points(*event, context)).max().unwrap_or(0);
        let out_of_reach: Vec<i64> =
            policy.bands.iter().map(|(points, _)| *points).filter(|points| *points > most).collect();
        if most > 0 && out_of_reach.len() == policy.bands.len() {
            out.push(
                Diagnostic::new(
                    &codes::SCORE_WITHOUT_BAND,
                    format!("all rules together give at most {most} points, and no band is that low"),
                    policy.span,
                    "none of these bands can be reached",
                )
                .help("lower a band, or give the rules more weight"),
            );
            continue;
        }
        for points in out_of_reach {
            out.push(
                Diagnostic::new(
                    &codes::BAND_OUT_OF_REACH,
                    format!("no sum of scores reaches {points}"),
                    band_span(policy, points, context),
                    format!("all rules together give at most {most}"),
                )
                .help("lower the band, or give the rules more weight"),
            );
        }
    }
}

/// The sum if every rule of an event hits with all the points it can give.
fn most_points(event: EventId, context: &Context<'_>) -> i64 {
    // No policy adds up what deadlines give.
    let counting = context.hir.rules.iter().filter(|rule| !rule.shadow && rule.absence.is_none());
    counting
        .flat_map(|rule| &rule.bodies)
        .filter(|body| body.event == event)
        .map(most_of_body)
        .fold(0, i64::saturating_add)
}

fn most_of_body(body: &Body) -> i64 {
    let band = body.bands.iter().chain(&body.if_unknown).map(|band| band.score).max().unwrap_or(0);
    body.scores.iter().map(|score| score.points.max(0)).fold(band, i64::saturating_add).max(0)
}

fn band_span(policy: &Policy, points: i64, context: &Context<'_>) -> Span {
    let items = context.files.iter().flat_map(|file| &file.items);
    let here = items.filter(|item| {
        item.span.source == policy.span.source && item.span.range().contains(&(policy.span.start as usize))
    });
    for item in here {
        let ItemKind::Policy(written) = &item.kind else { continue };
        for band in &written.bands {
            if let ExprKind::Literal(Literal::Int(digits)) = &band.score.kind
                && digits.parse() == Ok(points)
            {
                return band.span;
            }
        }
    }
    policy.span
}
