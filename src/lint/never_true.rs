//! A condition that contradicts itself (`x > 5 and x < 3`), or what `when` already asks.

use super::context::{Context, Site, SiteKind, sites};
use super::logic::{Formula, Logic, Want, possible};
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::sema::hir::{Body, Expr, ExprKind};

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    context.on_every_event(out, |_, body| look(body, context));
    for (_, filter, _) in context.filters() {
        let mut logic = Logic::new();
        if !possible(&[&logic.formula(filter, Want::True)]) {
            out.push(contradiction(filter, context, &mut logic));
        }
    }
}

fn look(body: &Body, context: &Context<'_>) -> Vec<Diagnostic> {
    let mut logic = Logic::new();
    let mut found = Vec::new();
    let when = body.when.as_ref().map(|when| (when, logic.formula(when, Want::True)));
    for site in sites(body) {
        let holds = logic.formula(site.condition, Want::True);
        if !possible(&[&holds]) {
            found.push(contradiction(site.condition, context, &mut logic));
            if site.kind == SiteKind::When {
                // Whatever stands below is not to blame.
                return found;
            }
        } else if let Some((when, asked)) = when.as_ref().filter(|_| site.kind != SiteKind::When)
            && !possible(&[asked, &holds])
        {
            found.push(against_when(site, when, context));
        } else {
            let asked = when.as_ref().map_or(&Formula::True, |(_, asked)| asked);
            dead_halves(site, asked, context, &mut logic, &mut found);
        }
    }
    found
}

/// Names the two parts that exclude each other, if there are two.
fn contradiction(condition: &Expr, context: &Context<'_>, logic: &mut Logic) -> Diagnostic {
    let text = context.text(condition.span);
    if let ExprKind::And(parts) = &condition.unaliased().kind {
        let formulas: Vec<Formula> = parts.iter().map(|part| logic.formula(part, Want::True)).collect();
        for (later, second) in parts.iter().zip(&formulas).enumerate() {
            for (first_part, first) in parts.iter().zip(&formulas).take(later) {
                let (second_part, second) = second;
                if possible(&[first]) && possible(&[second]) && !possible(&[first, second]) {
                    return Diagnostic::new(
                        &codes::NEVER_TRUE,
                        format!(
                            "`{}` and `{}` can't both be true",
                            context.text(first_part.span),
                            context.text(second_part.span)
                        ),
                        second_part.span,
                        "excludes the other",
                    )
                    .label(first_part.span, "excludes the other")
                    .help("was `or` meant, or is one of the values wrong?");
                }
            }
        }
    }
    Diagnostic::new(
        &codes::NEVER_TRUE,
        format!("`{text}` can never be true"),
        condition.span,
        "contradicts itself",
    )
    .help("is a value or the direction of a comparison wrong?")
}

fn against_when(site: Site<'_>, when: &Expr, context: &Context<'_>) -> Diagnostic {
    Diagnostic::new(
        &codes::NEVER_TRUE,
        format!("`{}` can never be true beside this rule's `when`", context.text(site.condition.span)),
        site.condition.span,
        "excluded by `when`",
    )
    .label(when.span, "this must be true first")
    .help("is one of the two values wrong?")
}

/// Halves of an `or` that can't hold where they stand.
fn dead_halves(
    site: Site<'_>,
    asked: &Formula,
    context: &Context<'_>,
    logic: &mut Logic,
    found: &mut Vec<Diagnostic>,
) {
    let ExprKind::Or(halves) = &site.condition.kind else { return };
    for half in halves {
        if !possible(&[&logic.formula(half, Want::True), asked]) {
            found.push(contradiction(half, context, logic));
        }
    }
}
