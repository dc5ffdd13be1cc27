//! Amounts of `money` that may be of any currency, compared or added in a ruleset without `rates`.

use std::collections::HashSet;

use super::context::{Context, each_expr};
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::model::types::Type;
use crate::sema::hir::{Expr, ExprKind, FoldFn};
use crate::source::Span;

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    if context.hir.rates.is_some() {
        return;
    }
    let mut told: HashSet<String> = HashSet::new();
    let mut report = |amount: &Expr, whole: Span, out: &mut Diagnostics| {
        let name = context.text(origin(amount).span);
        // One word about each amount is enough.
        if told.insert(name.clone()) {
            out.push(
                Diagnostic::new(
                    &codes::OPEN_MONEY,
                    format!("`{name}` may be of any currency, and there are no rates to convert it"),
                    whole,
                    "unknown for amounts of another currency",
                )
                .help("declare the field as `money(USD)` if there is only one currency, or add `rates from \"rates.csv\"`"),
            );
        }
    };
    let mut seen = HashSet::new();
    for body in context.hir.rules.iter().flat_map(|rule| &rule.bodies) {
        for root in body.expressions() {
            each_expr(root, &mut seen, &mut |expr| {
                let together: Vec<&Expr> = match &expr.kind {
                    // One amount of another currency, and the sum can't be told.
                    ExprKind::Fold(fold) if fold.function == FoldFn::Sum => {
                        if let Some(value) = fold.value.as_ref().filter(|v| v.ty.base == Type::Money(None)) {
                            report(value, expr.span, out);
                        }
                        return;
                    }
                    ExprKind::Compare(_, a, b) | ExprKind::Binary(_, a, b) => vec![a, b],
                    ExprKind::Between(a, b, c) => vec![a, b, c],
                    ExprKind::InArray(a, all) => std::iter::once(&**a).chain(all).collect(),
                    ExprKind::Convert(a, _) => vec![a],
                    _ => return,
                };
                // money × number stays in its currency; only amounts that meet must agree.
                let meet = matches!(expr.kind, ExprKind::Convert(..))
                    || together.iter().filter(|e| e.ty.base.is_money()).count() > 1;
                let open = together.iter().find(|e| e.ty.base == Type::Money(None) && e.as_const().is_none());
                if let Some(open) = open.filter(|_| meet) {
                    report(open, expr.span, out);
                }
            });
        }
    }
    // What a memory can't convert it doesn't count.
    for input in context.hir.memories.iter().flat_map(|memory| &memory.inputs) {
        if let Some(ExprKind::Convert(amount, _)) = input.value.as_ref().map(|value| &value.kind)
            && amount.ty.base == Type::Money(None)
        {
            report(amount, amount.span, out);
        }
    }
}

/// The amount that an expression is calculated from.
fn origin(expr: &Expr) -> &Expr {
    let mut parts: Vec<&Expr> = Vec::new();
    if let ExprKind::Alias(_) | ExprKind::Unary(..) | ExprKind::Binary(..) = &expr.kind {
        expr.for_each_child(&mut |child| parts.push(child));
    }
    let open = parts.into_iter().find(|e| e.ty.base == Type::Money(None) && e.as_const().is_none());
    open.map_or(expr, origin)
}
