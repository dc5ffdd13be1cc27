//! Which missing values make a condition unknown, and which of them the author has thought of.

use super::logic::Keys;
use crate::sema::hir::{Body, Expr, ExprKind};

/// Walks conditions of one event with what is known to be there.
pub struct Missing {
    pub keys: Keys,
}

/// Values that are known to be present where an expression stands.
type Present = Vec<u32>;

impl Missing {
    pub fn new() -> Missing {
        Missing { keys: Keys::default() }
    }

    /// What must be known for `when` to have been true: bands and scores need not think of it again.
    pub fn after_when(&mut self, body: &Body) -> Present {
        let mut present = Vec::new();
        if let Some(when) = &body.when {
            self.told_by(when, &mut present);
        }
        present
    }

    /// Adds what is known once `condition` is true.
    pub fn told_by(&mut self, condition: &Expr, present: &mut Present) {
        match &condition.unaliased().kind {
            ExprKind::And(parts) => parts.iter().for_each(|part| self.told_by(part, present)),
            ExprKind::IsMissing { value, present: true } => self.keys.strict_parts(value, present),
            ExprKind::IsMissing { .. } => {}
            _ => self.keys.strict_parts(condition, present),
        }
    }

    /// The innermost values whose being missing makes `expr` unknown, without those in `present`.
    pub fn roots<'a>(&mut self, expr: &'a Expr, present: &Present) -> Vec<&'a Expr> {
        let mut found = Vec::new();
        self.collect(expr, present, &mut found);
        found
    }

    fn collect<'a>(&mut self, expr: &'a Expr, present: &Present, found: &mut Vec<&'a Expr>) {
        if !expr.ty.optional || found.len() > 20 || present.contains(&self.keys.id(expr)) {
            return;
        }
        let mut deeper: Vec<&'a Expr> = Vec::new();
        match &expr.kind {
            // `a else b` is missing only if `b` is too.
            ExprKind::Else(_, default) => deeper.push(default),
            ExprKind::Fold(fold) => deeper.extend(Some(&fold.list).filter(|list| list.ty.optional)),
            _ => expr.for_each_child(&mut |child| {
                if child.ty.optional {
                    deeper.push(child);
                }
            }),
        }
        if deeper.is_empty() {
            found.push(expr);
        }
        let inner;
        let present = match &expr.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                inner = self.among(parts, matches!(expr.kind, ExprKind::And(_)), present);
                &inner
            }
            _ => present,
        };
        deeper.into_iter().for_each(|child| self.collect(child, present, found));
    }

    /// What the parts of an `and` (or `or`) may rely on: what another part checks to be present (or missing).
    pub fn among(&mut self, parts: &[Expr], and: bool, present: &Present) -> Present {
        let mut present = present.clone();
        for part in parts {
            if let ExprKind::IsMissing { value, present: asked } = &part.unaliased().kind
                && *asked == and
            {
                self.keys.strict_parts(value, &mut present);
            }
        }
        present
    }
}
