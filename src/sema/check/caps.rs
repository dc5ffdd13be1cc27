//! Thresholds that a capped count can never settle.

use crate::diag::{Diagnostic, codes};
use crate::model::money::Decimal;
use crate::model::ops::CompareOp;
use crate::model::value::Value;
use crate::model::window::{AggregateFn, Window};
use crate::sema::Checker;
use crate::sema::hir::{Expr, ExprKind};
use crate::source::Span;

impl<'a> Checker<'a> {
    /// A memory keeps `limits.entries` entries: more than that is only "at least so many".
    pub(in crate::sema) fn check_cap(&mut self, comparison: &Expr) {
        let (counted, threshold) = match &comparison.kind {
            ExprKind::Compare(op, l, r) => match (self.capped(l), self.capped(r)) {
                (Some(span), None) => (span, self.needed(*op, r).map(|n| (n, r.span))),
                (None, Some(span)) => (span, self.needed(op.mirrored(), l).map(|n| (n, l.span))),
                _ => return,
            },
            ExprKind::Between(value, _, high) => match self.capped(value) {
                Some(span) => (span, self.needed(CompareOp::LessEqual, high).map(|n| (n, high.span))),
                None => return,
            },
            _ => return,
        };
        let entries = i64::from(self.header.limits.entries);
        if let Some((asked, span)) = threshold
            && asked > entries
        {
            self.report(
                Diagnostic::new(
                    &codes::ABOVE_CAP,
                    format!("this can't be told: at most {entries} entries are kept per key"),
                    span,
                    "above the cap",
                )
                .label(counted, "counts kept entries")
                .help(format!(
                    "lower the threshold, or raise the cap in the header: `limits {{ entries {asked} }}`"
                )),
            );
        }
    }

    /// How many entries must be kept so that a count compared like this with `expr` can fall on either side.
    fn needed(&self, op: CompareOp, expr: &Expr) -> Option<i64> {
        // Beyond the number itself, or at it.
        let beyond = matches!(op, CompareOp::Greater | CompareOp::LessEqual);
        match self.constant(expr)? {
            Value::Int(value) => value.checked_add(i64::from(beyond)),
            Value::Decimal(value) => {
                let (whole, part) = (value.0.div_euclid(Decimal::SCALE), value.0.rem_euclid(Decimal::SCALE));
                whole.checked_add(i64::from(beyond || part > 0))
            }
            _ => None,
        }
    }

    /// The place of a count that entries must be kept for; `count … ever`, steps and sketches need none.
    fn capped(&self, expr: &Expr) -> Option<Span> {
        match &expr.unaliased().kind {
            ExprKind::Aggregate(aggregate) => match (aggregate.function, &aggregate.window) {
                (AggregateFn::Count, Window::Ever | Window::Stepped { .. }) => None,
                (AggregateFn::Distinct, _) if self.memories.all()[aggregate.memory.index()].approx => None,
                (AggregateFn::Count | AggregateFn::Distinct, _) => Some(expr.span),
                _ => None,
            },
            ExprKind::Else(value, _) => self.capped(value),
            _ => None,
        }
    }
}
