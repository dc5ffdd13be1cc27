//! `distinct … ever` and `percentile … ever` keep every value that was ever seen.

use super::context::Context;
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::model::window::AggregateFn;

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    // Sketches grow to a limit.
    for memory in context.hir.memories.iter().filter(|memory| !memory.approx) {
        let keeps = |function: &AggregateFn| match function {
            AggregateFn::Distinct => Some("every different value"),
            AggregateFn::Percentile(_) => Some("every value"),
            _ => None,
        };
        let mut over_ever = memory.functions.iter().filter(|(_, ever)| *ever);
        if let Some((function, kept)) = over_ever.find_map(|(f, _)| Some((f.name(), keeps(f)?))) {
            let finding = Diagnostic::new(
                &codes::UNBOUNDED_MEMORY,
                format!("this keeps {kept} that was ever seen"),
                memory.span,
                format!("`{function}` over `ever`"),
            );
            out.push(finding.help("look back over a stretch of time instead: `over 90d`"));
        }
    }
}
