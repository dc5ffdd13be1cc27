//! `distinct … ever` keeps every value that was ever seen.

use super::context::Context;
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::model::window::AggregateFn;

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    for memory in &context.hir.memories {
        if memory.functions.contains(&(AggregateFn::Distinct, true)) {
            out.push(
                Diagnostic::new(
                    &codes::UNBOUNDED_MEMORY,
                    "this keeps every different value that was ever seen",
                    memory.span,
                    "`distinct` over `ever`",
                )
                .help("look back over a stretch of time instead: `over 90d`"),
            );
        }
    }
}
