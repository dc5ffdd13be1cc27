//! An amount, or a number that is no small count, that three or more rules write out: it should have a name.

use std::collections::BTreeMap;

use super::context::Context;
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::source::Span;
use crate::syntax::ast::{BandCondition, ClauseKind, Expr, ExprKind, ItemKind, Literal};

/// Whole numbers below this are too common to mean the same thing everywhere.
const SMALLEST: i64 = 100;
const FEWEST_RULES: usize = 3;

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    // What is written → its first place in each rule.
    let mut places: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    for item in context.own_items() {
        let ItemKind::Rule(rule) = &item.kind else { continue };
        let mut here: BTreeMap<String, Span> = BTreeMap::new();
        for clause in &rule.clauses {
            for expr in conditions(&clause.kind) {
                collect(expr, &mut here);
            }
        }
        for (text, span) in here {
            places.entry(text).or_default().push(span);
        }
    }
    for (text, spans) in places {
        let (Some(first), true) = (spans.first(), spans.len() >= FEWEST_RULES) else { continue };
        let mut finding = Diagnostic::new(
            &codes::REPEATED_NUMBER,
            format!("{} rules write out `{text}`", spans.len()),
            *first,
            "here",
        )
        .help(format!("give it a name, so that it changes everywhere at once: `let LIMIT = {text}`"));
        for span in spans.iter().skip(1).take(3) {
            finding = finding.label(*span, "and here");
        }
        out.push(finding);
    }
}

fn conditions(clause: &ClauseKind) -> Vec<&Expr> {
    match clause {
        ClauseKind::When(condition)
        | ClauseKind::Score { condition, .. }
        | ClauseKind::Unless { condition, .. } => vec![condition],
        ClauseKind::Band(band) => match &band.condition {
            BandCondition::If(condition) => vec![condition],
            _ => Vec::new(),
        },
        ClauseKind::Let(own) => vec![&own.value],
        _ => Vec::new(),
    }
}

/// Thresholds: literals that something is compared with.
fn collect(expr: &Expr, found: &mut BTreeMap<String, Span>) {
    match &expr.kind {
        ExprKind::Literal(literal) => {
            let text = match literal {
                Literal::Money(amount, currency) => format!("{amount} {}", currency.text),
                Literal::Int(digits) if digits.parse().is_ok_and(|n: i64| n >= SMALLEST) => digits.clone(),
                Literal::Decimal(digits) => digits.clone(),
                _ => return,
            };
            found.entry(text).or_insert(expr.span);
        }
        ExprKind::Binary { left, right, .. } => {
            collect(left, found);
            collect(right, found);
        }
        ExprKind::Not(inner) | ExprKind::Paren(inner) | ExprKind::Negate(inner) => collect(inner, found),
        ExprKind::Between { value, low, high } => {
            for part in [value, low, high] {
                collect(part, found);
            }
        }
        _ => {}
    }
}
