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
            ExprKind::Compare(op, l, r) => match (capped(l), capped(r)) {
                (Some(span), None) => (span, self.needed(*op, r).map(|n| (n, r.span))),
                (None, Some(span)) => (span, self.needed(mirrored(*op), l).map(|n| (n, l.span))),
                _ => return,
            },
            ExprKind::Between(value, _, high) => match capped(value) {
                Some(span) => (span, self.needed(CompareOp::LessEqual, high).map(|n| (n, high.span))),
                None => return,
            },
            _ => return,
        };
        let entries = i64::from(self.header.limits.entries);
        if let Some((needed, span)) = threshold
            && needed > entries
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
                    "lower the threshold, or raise the cap in the header: `limits {{ entries {needed} }}`"
                )),
            );
        }
    }

    /// How far must be counted to settle a comparison of a count with this.
    fn needed(&self, op: CompareOp, threshold: &Expr) -> Option<i64> {
        let whole = match self.constant(threshold)? {
            Value::Int(value) => value,
            Value::Decimal(value) => value.0.checked_add(Decimal::SCALE - 1)?.div_euclid(Decimal::SCALE),
            _ => return None,
        };
        match op {
            CompareOp::GreaterEqual | CompareOp::Less => Some(whole),
            _ => whole.checked_add(1),
        }
    }
}

fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Less => CompareOp::Greater,
        CompareOp::LessEqual => CompareOp::GreaterEqual,
        CompareOp::Greater => CompareOp::Less,
        CompareOp::GreaterEqual => CompareOp::LessEqual,
        same => same,
    }
}

/// The place of a count that entries must be kept for; `count … ever` needs none.
fn capped(expr: &Expr) -> Option<Span> {
    match &expr.unaliased().kind {
        ExprKind::Aggregate(aggregate) => match (aggregate.function, &aggregate.window) {
            (AggregateFn::Count, Window::Ever) => None,
            (AggregateFn::Count | AggregateFn::Distinct, _) => Some(expr.span),
            _ => None,
        },
        ExprKind::Else(value, _) => capped(value),
        _ => None,
    }
}
