//! `!=` or `not` on data that may be missing, in a rule that does not say what missing means.
//!
//! Missing data makes the condition unknown, so the rule does not hit; who writes `!=` often expects that it would.

use super::context::{Context, SiteKind, sites};
use super::optional::Missing;
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::model::ops::CompareOp;
use crate::sema::hir::{Body, Expr, ExprKind};

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    context.on_every_event(out, |_, body| look(body, context));
}

fn look(body: &Body, context: &Context<'_>) -> Vec<Diagnostic> {
    let mut walk = Walk { missing: Missing::new(), context, found: Vec::new() };
    // `OUTCOME if unknown` says what missing means.
    if body.if_unknown.is_some() {
        return walk.found;
    }
    let after_when = walk.missing.after_when(body);
    for site in sites(body) {
        match site.kind {
            SiteKind::When => walk.visit(site.condition, &Vec::new()),
            SiteKind::Band | SiteKind::Score => walk.visit(site.condition, &after_when),
            // Unknown counts as false there, and an effect that can't be judged is listed.
            SiteKind::Unless | SiteKind::Effect => {}
        }
    }
    walk.found
}

struct Walk<'a, 'b> {
    missing: Missing,
    context: &'b Context<'a>,
    found: Vec<Diagnostic>,
}

impl Walk<'_, '_> {
    fn visit(&mut self, expr: &Expr, present: &Vec<u32>) {
        match &expr.kind {
            ExprKind::Alias(inner) => self.visit(inner, present),
            ExprKind::And(parts) => {
                // What another part needs is missing for that part too, so this one changes nothing.
                let mut inner = self.missing.among(parts, true, present);
                for part in parts.iter().filter(|part| !negates(part)) {
                    self.missing.told_by(part, &mut inner);
                }
                parts.iter().for_each(|part| self.visit(part, &inner));
            }
            ExprKind::Or(parts) => {
                let inner = self.missing.among(parts, false, present);
                parts.iter().for_each(|part| self.visit(part, &inner));
            }
            _ if negates(expr) => self.report(expr, present),
            _ => {}
        }
    }

    fn report(&mut self, expr: &Expr, present: &Vec<u32>) {
        let roots = self.missing.roots(expr, present);
        let Some(first) = roots.first() else { return };
        let name = self.context.text(first.span);
        self.found.push(
            Diagnostic::new(
                &codes::NEGATED_OPTIONAL,
                format!("`{name}` may be missing, and then `{}` is unknown, not true", self.context.text(expr.span)),
                expr.span,
                "the rule can't say, and does not hit",
            )
            .help(format!(
                "say what missing means: a band `OUTCOME if unknown`, `{name} is missing or …`, or a value with `else`"
            )),
        );
    }
}

fn negates(expr: &Expr) -> bool {
    match &expr.unaliased().kind {
        ExprKind::Compare(CompareOp::NotEqual, ..) => true,
        ExprKind::Not(inner) => !matches!(inner.unaliased().kind, ExprKind::IsMissing { .. }),
        _ => false,
    }
}
