//! `active from … until …` and `rollout`.

use crate::diag::{Diagnostic, codes};
use crate::model::time::Time;
use crate::model::types::Type;
use crate::model::value::Value;
use crate::sema::Checker;
use crate::sema::hir::{self, share_of_million};
use crate::sema::scope::Scope;
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind, Key, Literal};

impl<'a> Checker<'a> {
    pub(super) fn active(
        &mut self,
        from: Option<&ast::Expr>,
        until: Option<&ast::Expr>,
        span: Span,
    ) -> (Option<Time>, Option<Time>) {
        let start = from.and_then(|e| self.constant_time(e, "the time after `from`"));
        let end = until.and_then(|e| self.constant_time(e, "the time after `until`"));
        if let (Some(start), Some(end), Some(from), Some(until)) = (start, end, from, until)
            && start >= end
        {
            self.report(
                Diagnostic::new(
                    &codes::BAD_ACTIVE,
                    "the rule would never be active: `from` is not before `until`",
                    span,
                    "an empty stretch of time",
                )
                .label(from.span, "begins here")
                .label(until.span, "ends before this moment")
                .help("`until` is exclusive; for a single day write the next day after `until`"),
            );
        }
        (start, end)
    }

    pub(super) fn rollout(&mut self, share: &ast::Expr, keys: &[Key], scope: &Scope) -> Option<hir::Rollout> {
        let keys: Vec<hir::Expr> = keys.iter().map(|key| self.current_key(key, scope)).collect();
        let percent = matches!(&share.kind, ExprKind::Literal(Literal::Percent(_)));
        let found = self.infer_as(share, &Type::Decimal, "the share of a rollout", &self.constants());
        let parts = match self.constant(&found) {
            Some(Value::Decimal(share)) => share_of_million(share),
            _ if found.is_error() => return None,
            _ => None,
        };
        let written_as_percent = percent || !matches!(&share.kind, ExprKind::Literal(_));
        let Some(parts) = parts.filter(|_| written_as_percent) else {
            self.report(
                Diagnostic::new(
                    &codes::BAD_ROLLOUT,
                    "a rollout takes a share from 0% to 100%",
                    share.span,
                    "not such a share",
                )
                .help("write for example `rollout 10% by buyer`"),
            );
            return None;
        };
        Some(hir::Rollout { share: parts, keys })
    }
}
