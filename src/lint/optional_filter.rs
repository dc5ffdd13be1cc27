//! `where` on data that may be missing: such events are not counted, and such elements leave the answer open.

use std::collections::HashSet;

use super::context::{Context, each_expr};
use super::optional::Missing;
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::sema::hir::{Expr, ExprKind};

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    for (event, filter, consequence) in context.filters() {
        // What a hit lacks is no gap in the data: it was not said, or its event has no such field.
        if event == context.hir.hit.id {
            continue;
        }
        report(filter, consequence, context, out);
    }
    let mut seen = HashSet::new();
    for body in context.hir.rules.iter().flat_map(|rule| &rule.bodies) {
        for expr in body.expressions() {
            each_expr(expr, &mut seen, &mut |expr| {
                if let ExprKind::Fold(fold) = &expr.kind
                    && let Some(filter) = &fold.filter
                {
                    report(filter, "an element without it leaves the answer open", context, out);
                }
            });
        }
    }
}

fn report(filter: &Expr, consequence: &str, context: &Context<'_>, out: &mut Diagnostics) {
    let roots = Missing::new().roots(filter, &Vec::new());
    let Some(first) = roots.first() else { return };
    let name = context.text(first.span);
    out.push(
        Diagnostic::new(
            &codes::OPTIONAL_FILTER,
            format!("`{name}` may be missing, and {consequence}"),
            filter.span,
            "unknown where it is missing",
        )
        .help(format!("say what missing counts as: `where ((…) else false)`, or `{name} is present and …`")),
    );
}
