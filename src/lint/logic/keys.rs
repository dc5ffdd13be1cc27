//! Which expressions are the same: equal up to spans, aliases and the way constants are written.

use std::collections::HashMap;

use crate::model::money::Currency;
use crate::model::ops::{self, MoneyContext};
use crate::model::time::Time;
use crate::model::value::{Datum, Value};
use crate::sema::hir::{Expr, ExprKind};

/// More parts than this are not looked at.
const MOST_PARTS: usize = 200;

/// Numbers for expressions; two of one event have the same number only if they always have the same value.
#[derive(Default)]
pub struct Keys {
    ids: HashMap<String, u32>,
    /// Aliases are shared, so that a chain of signals is looked at once and not once per use.
    aliases: HashMap<*const Expr, u32>,
}

impl Keys {
    pub fn named(&mut self, name: &str) -> u32 {
        let next = self.ids.len() as u32;
        *self.ids.entry(name.to_string()).or_insert(next)
    }

    pub fn value(&mut self, value: &Value) -> u32 {
        self.named(&format!("value {value:?}"))
    }

    pub fn id(&mut self, expr: &Expr) -> u32 {
        if let ExprKind::Alias(inner) = &expr.kind {
            let place: *const Expr = &raw const **inner;
            if let Some(id) = self.aliases.get(&place) {
                return *id;
            }
            let id = self.id(inner);
            self.aliases.insert(place, id);
            return id;
        }
        if let Some(value) = folded(expr) {
            return self.value(&value);
        }
        let mut children: Vec<u32> = Vec::new();
        expr.for_each_child(&mut |child| children.push(self.id(child)));
        let node = node(expr);
        self.named(&format!("{node} {children:?}"))
    }

    /// The numbers of `expr` and of everything that must be known for it to be known.
    pub fn strict_parts(&mut self, expr: &Expr, ids: &mut Vec<u32>) {
        let expr = expr.unaliased();
        // Fewer parts only make the answer weaker.
        if ids.len() > MOST_PARTS {
            return;
        }
        match &expr.kind {
            ExprKind::Const(_) | ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Error => {}
            ExprKind::Else(..) | ExprKind::Fold(_) | ExprKind::IsMissing { .. } => ids.push(self.id(expr)),
            // One of several equalities is enough.
            ExprKind::InArray(value, _) => {
                ids.push(self.id(expr));
                self.strict_parts(value, ids);
            }
            _ => {
                ids.push(self.id(expr));
                expr.for_each_child(&mut |child| self.strict_parts(child, ids));
            }
        }
    }
}

/// What tells an expression from another one with the same parts.
fn node(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Const(value) => format!("value {value:?}"),
        ExprKind::Field(id) => format!("field {}", id.0),
        ExprKind::Element { depth } => format!("element {depth}"),
        ExprKind::Member(_, place) => format!("member {place}"),
        ExprKind::Alias(_) => "alias".into(),
        ExprKind::Aggregate(a) => {
            format!("aggregate {:?} {} {:?} {:?}", a.function, a.memory.0, a.window, a.this)
        }
        ExprKind::Sequence(s) => {
            format!("sequence {} {:?} {} {}", s.memory.0, s.within, s.ends_here, s.filter.is_some())
        }
        ExprKind::Fold(fold) => {
            format!("fold {:?} {} {}", fold.function, fold.value.is_some(), fold.filter.is_some())
        }
        ExprKind::Call(function, _) => format!("call {}", function.0),
        ExprKind::Unary(op, _) => format!("unary {op:?}"),
        ExprKind::Binary(op, ..) => format!("binary {op:?}"),
        ExprKind::Compare(op, ..) => format!("compare {op:?}"),
        ExprKind::Between(..) => "between".into(),
        ExprKind::InArray(..) => "in array".into(),
        ExprKind::InList(_, list) => format!("in list {}", list.0),
        ExprKind::InNetwork(..) => "in network".into(),
        ExprKind::InElements(..) => "in elements".into(),
        ExprKind::And(_) => "and".into(),
        ExprKind::Or(_) => "or".into(),
        ExprKind::Not(_) => "not".into(),
        ExprKind::Else(..) => "else".into(),
        ExprKind::IsMissing { present, .. } => format!("missing {present}"),
        ExprKind::TextTest(test, ..) => format!("text {test:?}"),
        ExprKind::Matches(_, regex) => format!("matches {:?} {}", regex.pattern, regex.ignore_case),
        ExprKind::Mentions(_, phrases) => format!("mentions {}", phrases.0),
        ExprKind::HasLabel(_, label) => format!("label {}", label.0),
        ExprKind::Lookup(table, _) => format!("lookup {}", table.0),
        ExprKind::During(_, calendar, _) => format!("during {}", calendar.0),
        ExprKind::Convert(_, currency) => format!("convert {currency}"),
        // Nothing is the same as what could not be read, not even itself.
        ExprKind::Error => format!("error {:p}", &raw const *expr),
    }
}

/// The value of an expression of constants, if it has one that no event could change.
pub fn folded(expr: &Expr) -> Option<Value> {
    fold_within(expr, &mut 200)
}

/// Chains of `let`s that each use the one before twice would otherwise be walked exponentially often.
fn fold_within(expr: &Expr, steps: &mut u32) -> Option<Value> {
    *steps = steps.checked_sub(1)?;
    let money = MoneyContext { rates: None, currency: None::<Currency>, at: Time(0) };
    let datum = match &expr.kind {
        ExprKind::Const(value) => return Some(value.clone()),
        ExprKind::Alias(inner) => return fold_within(inner, steps),
        ExprKind::Unary(op, inner) => ops::unary(*op, &Datum::Known(fold_within(inner, steps)?)),
        ExprKind::Binary(op, left, right) => {
            let left = Datum::Known(fold_within(left, steps)?);
            ops::binary(*op, &left, &Datum::Known(fold_within(right, steps)?), &money)
        }
        _ => return None,
    };
    datum.known().cloned()
}
