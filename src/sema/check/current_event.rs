//! Whether the current event counts must be said where it could.

use std::collections::BTreeSet;

use crate::diag::{Diagnostic, codes};
use crate::model::time::Duration;
use crate::model::window::Window;
use crate::sema::Checker;
use crate::sema::hir::{Body, Expr, ExprKind};
use crate::source::Span;
use crate::syntax::ast;

impl<'a> Checker<'a> {
    /// Reports every aggregate of the body, also one inside a signal, that counts events of the body's type
    /// and doesn't say whether this one is among them.
    pub(super) fn current_event(&mut self, rule: &ast::Rule, body: &Body) {
        let mut unsaid: BTreeSet<Span> = BTreeSet::new();
        for expr in body.expressions() {
            expr.walk(&mut |e| {
                if self.leaves_open(e, body) {
                    unsaid.insert(e.span);
                }
            });
        }
        for span in unsaid {
            // One finding per aggregate: the first rule is named, and mending it mends the others.
            let known = self.out.iter().any(|d| *d.code == codes::CURRENT_EVENT && d.span() == span);
            if !known {
                let finding = self.unsaid(rule, body, span);
                self.report(finding);
            }
        }
    }

    fn leaves_open(&self, expr: &Expr, body: &Body) -> bool {
        let ExprKind::Aggregate(aggregate) = &expr.kind else { return false };
        let past_only = matches!(aggregate.window, Window::Sliding { ending, .. } if ending > Duration(0));
        let counts_it = self
            .memories
            .all()
            .get(aggregate.memory.index())
            .is_some_and(|memory| memory.inputs.iter().any(|input| input.event == body.event));
        aggregate.this.is_none() && !past_only && counts_it
    }

    fn unsaid(&self, rule: &ast::Rule, body: &Body, span: Span) -> Diagnostic {
        let event = &self.shapes[body.event.index()].name;
        let written: Vec<&str> = self.sources.slice(span).split_whitespace().collect();
        let written = written.join(" ");
        Diagnostic::new(
            &codes::CURRENT_EVENT,
            format!("it isn't said whether the current `{event}` counts"),
            span,
            "counts events of the very type that is being judged",
        )
        .label(rule.name.span, format!("the rule `{}` is on `{event}`", rule.name.text))
        .help(format!("write `{written} including this`, or `{written} before this`"))
    }
}
