//! The same condition twice under one `and` or `or`, or as a reason for `unless`.

use super::context::{Context, each_expr, sites};
use super::logic::Keys;
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::sema::hir::{Expr, ExprKind};

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    context.on_every_event(out, |_, body| {
        let mut keys = Keys::default();
        let mut found = Vec::new();
        let mut seen = Default::default();
        for site in sites(body) {
            each_expr(site.condition, &mut seen, &mut |expr| {
                if let ExprKind::And(parts) | ExprKind::Or(parts) = &expr.kind {
                    twice(parts.iter(), context, &mut keys, &mut found);
                }
            });
        }
        twice(body.unless.iter().map(|unless| &unless.condition), context, &mut keys, &mut found);
        found
    });
}

fn twice<'a>(
    parts: impl Iterator<Item = &'a Expr>,
    context: &Context<'_>,
    keys: &mut Keys,
    found: &mut Vec<Diagnostic>,
) {
    let mut before: Vec<(u32, &Expr)> = Vec::new();
    for part in parts {
        let id = keys.id(part);
        match before.iter().find(|(other, _)| *other == id) {
            Some((_, first)) => found.push(
                Diagnostic::new(
                    &codes::DUPLICATE_CONDITION,
                    format!("`{}` stands here twice", context.text(part.span)),
                    part.span,
                    "again here",
                )
                .label(first.span, "first here")
                .help("take one out, or write the condition that was meant"),
            ),
            None => before.push((id, part)),
        }
    }
}
