//! An optional value under `or` beside parts that are always known: `gift or items > 50` is unknown where `gift` is missing
//! and the other part false, and the rule can't say where it could have said no.

use super::context::{Context, SiteKind, sites};
use super::optional::Missing;
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::model::ops::CompareOp;
use crate::sema::hir::{Body, Expr, ExprKind};

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    context.on_every_event(out, |_, body| look(body, context));
}

fn look(body: &Body, context: &Context<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if body.if_unknown.is_some() {
        return found;
    }
    let mut missing = Missing::new();
    let after_when = missing.after_when(body);
    for site in sites(body) {
        let present = match site.kind {
            SiteKind::When => Vec::new(),
            SiteKind::Band | SiteKind::Score => after_when.clone(),
            SiteKind::Unless | SiteKind::Effect => continue,
        };
        visit(site.condition, &present, &mut missing, context, &mut found);
    }
    found
}

fn visit(
    expr: &Expr,
    present: &Vec<u32>,
    missing: &mut Missing,
    context: &Context<'_>,
    found: &mut Vec<Diagnostic>,
) {
    match &expr.kind {
        ExprKind::Alias(inner) => visit(inner, present, missing, context, found),
        ExprKind::And(parts) => {
            let mut inner = missing.among(parts, true, present);
            for part in parts {
                // A part that asks for a value makes the whole unknown or false without it anyway.
                if !matches!(part.unaliased().kind, ExprKind::Or(_)) {
                    missing.told_by(part, &mut inner);
                }
            }
            parts.iter().for_each(|part| visit(part, &inner, missing, context, found));
        }
        ExprKind::Or(parts) => {
            let inner = missing.among(parts, false, present);
            let roots: Vec<Vec<&Expr>> = parts.iter().map(|part| missing.roots(part, &inner)).collect();
            if roots.iter().all(|roots| !roots.is_empty()) {
                return;
            }
            for (part, roots) in parts.iter().zip(roots) {
                if let Some(first) = roots.first().filter(|_| !has_own_lint(part)) {
                    found.push(report(part, first, context));
                }
            }
        }
        _ => {}
    }
}

/// Negations are reported by [`super::negated_optional`].
fn has_own_lint(part: &Expr) -> bool {
    matches!(part.unaliased().kind, ExprKind::Compare(CompareOp::NotEqual, ..) | ExprKind::Not(_))
}

fn report(part: &Expr, root: &Expr, context: &Context<'_>) -> Diagnostic {
    let whole = context.sources.slice(part.span);
    let simple = matches!(
        part.kind,
        ExprKind::Field(_) | ExprKind::Member(..) | ExprKind::Alias(_) | ExprKind::Lookup(..)
    );
    let defaulted = if simple { format!("({whole} else false)") } else { format!("(({whole}) else false)") };
    let name = context.text(root.span);
    Diagnostic::new(
        &codes::OPTIONAL_UNDER_OR,
        format!("`{name}` may be missing, and then this `or` is unknown unless its other part is true"),
        part.span,
        "may be unknown",
    )
    .help("say what missing counts as: `(… else false)`, or add a band `OUTCOME if unknown`")
    .fix("count missing as false", part.span, defaulted)
}
