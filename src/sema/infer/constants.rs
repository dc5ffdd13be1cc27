//! Values that are the same on every event: what windows, scores and headers take.

use crate::model::ops::{self, MoneyContext};
use crate::model::time::Time;
use crate::model::value::{Datum, Value};
use crate::sema::hir::{Expr, ExprKind};

/// Arithmetic over constants, with the meaning it has everywhere; nothing that depends on an event or on data.
pub fn value(expr: &Expr) -> Option<Value> {
    match datum(expr)? {
        Datum::Known(value) => Some(value),
        _ => None,
    }
}

fn datum(expr: &Expr) -> Option<Datum> {
    let none = MoneyContext { rates: None, currency: None, at: Time(0) };
    match &expr.unaliased().kind {
        ExprKind::Const(value) => Some(Datum::Known(value.clone())),
        ExprKind::Unary(op, a) => Some(ops::unary(*op, &datum(a)?)),
        ExprKind::Binary(op, a, b) => Some(ops::binary(*op, &datum(a)?, &datum(b)?, &none)),
        _ => None,
    }
}
