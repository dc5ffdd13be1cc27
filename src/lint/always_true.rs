//! A condition that holds whatever the event says, such as `x >= 5 or x < 5`.
//!
//! A condition over optional data is never always true: it may be unknown. `OUTCOME always` says what it means and is fine.

use super::context::{Context, sites};
use super::logic::{Logic, Want, possible};
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::sema::hir::{Expr, ExprKind};

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    context.on_every_event(out, |_, body| {
        let mut logic = Logic::new();
        let mut found = Vec::new();
        for site in sites(body) {
            if !context.is_always(site.condition) {
                look(site.condition, context, &mut logic, &mut found);
            }
        }
        found
    });
}

/// Reports the whole condition, or the halves of its `and` that say nothing.
fn look(condition: &Expr, context: &Context<'_>, logic: &mut Logic, found: &mut Vec<Diagnostic>) {
    let fails = logic.formula(condition, Want::False);
    if !condition.ty.optional && !possible(&[&fails]) {
        found.push(
            Diagnostic::new(
                &codes::ALWAYS_TRUE,
                format!("`{}` is always true", context.text(condition.span)),
                condition.span,
                "nothing can make this false",
            )
            .help("is the comparison the right way round? for every event, write `OUTCOME always`"),
        );
    } else if let ExprKind::And(halves) = &condition.kind {
        halves.iter().for_each(|half| look(half, context, logic, found));
    }
}
