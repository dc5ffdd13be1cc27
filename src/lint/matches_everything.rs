//! A pattern that needs no character at all is found in every text: `/(gift|card)*/`.

use std::collections::HashSet;

use super::context::{Context, each_expr};
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::sema::hir::{Expr, ExprKind};

/// A text that no pattern has in mind: private-use characters.
const STRANGE: &str = "\u{e000}\u{e001}\u{e002}";

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    let mut seen = HashSet::new();
    let bodies = context.hir.rules.iter().flat_map(|rule| &rule.bodies).flat_map(|body| body.expressions());
    let inputs = context.hir.memories.iter().flat_map(|memory| &memory.inputs);
    let filters = context.filters().map(|(_, filter, _)| filter);
    let roots: Vec<&Expr> =
        bodies.chain(filters).chain(inputs.flat_map(|i| i.value.iter().chain(&i.keys))).collect();
    for root in roots {
        each_expr(root, &mut seen, &mut |expr| {
            let ExprKind::Matches(_, regex) = &expr.kind else { return };
            // `^$` needs no character either, but finds only the empty text.
            let empty_anywhere = regex.compiled.find(STRANGE).is_some_and(|found| found.is_empty());
            if empty_anywhere && regex.compiled.is_match("") {
                out.push(
                    Diagnostic::new(
                        &codes::MATCHES_EVERYTHING,
                        format!("`/{}/` is found in every text", regex.pattern),
                        expr.span,
                        "it matches the empty text",
                    )
                    .help("use `+` instead of `*`, or anchor the pattern with `^` and `$`"),
                );
            }
        });
    }
}
