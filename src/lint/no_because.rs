//! A rule without `because`: a reviewer would see only its name.

use super::context::Context;
use crate::diag::{Diagnostic, Diagnostics, codes};

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    for rule in &context.hir.rules {
        if rule.bodies.first().is_some_and(|body| body.because.is_none()) {
            out.push(
                Diagnostic::new(
                    &codes::NO_BECAUSE,
                    format!("`{}` gives no reason", rule.name),
                    rule.span,
                    "no `because`",
                )
                .help("say what was seen, with values in braces: `because \"this order is {amount}\"`"),
            );
        }
    }
}
