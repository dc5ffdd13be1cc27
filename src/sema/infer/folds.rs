//! Questions to a list of the event: `any(items where …)`, `sum(items.price)`.

use super::names::member_of;
use super::operators::no_currency;
use super::{bare, error};
use crate::diag::{Diagnostic, codes};
use crate::model::types::{Ty, Type};
use crate::sema::hir::{Expr, ExprKind, Fold, FoldFn};
use crate::sema::scope::Scope;
use crate::sema::{Checker, errors, types};
use crate::source::Span;
use crate::syntax::ast::{self, Call, ExprKind as Ast, Name};

impl<'a> Checker<'a> {
    pub(super) fn fold(&mut self, call: &Call, span: Span, scope: &Scope) -> Expr {
        let function = match call.function.text.as_str() {
            "any" => FoldFn::Any,
            "all" => FoldFn::All,
            "count" => FoldFn::Count,
            "sum" => FoldFn::Sum,
            _ => FoldFn::Distinct,
        };
        let [argument] = call.arguments.as_slice() else {
            return self.bad_fold(call, span, "it takes one list");
        };
        let Some((list, path)) = self.list_and_path(&argument.value, scope) else {
            let found = self.infer(&argument.value, scope, None);
            if found.is_error() {
                return error(span);
            }
            let reason = format!("{} is not a list", errors::a(&found.ty.base));
            return self.bad_fold(call, span, &reason);
        };
        let Some(element) = list.ty.base.element().cloned() else { return error(span) };
        let inner = scope.inside(&element);
        let filter = argument.filter.as_ref().map(|f| self.condition(f, &inner));
        if list.is_error() || filter.as_ref().is_some_and(Expr::is_error) {
            return error(span);
        }
        let value = match self.folded_value(call, function, &element, &path, argument.value.span) {
            Ok(value) => value,
            Err(failed) => return failed,
        };
        match function {
            FoldFn::Any | FoldFn::All if filter.is_none() => {
                return self.bad_fold(call, span, "it needs a condition");
            }
            _ => {}
        }
        let base = match function {
            FoldFn::Any | FoldFn::All => Type::Bool,
            FoldFn::Count | FoldFn::Distinct => Type::Int,
            FoldFn::Sum => value.as_ref().map_or(Type::Int, |v| v.ty.base.clone()),
        };
        let optional = list.ty.optional
            || filter.as_ref().is_some_and(|f| f.ty.optional)
            || value.as_ref().is_some_and(|v| v.ty.optional);
        let fold = Fold { function, list, filter, value };
        Expr::new(ExprKind::Fold(Box::new(fold)), Ty { base, optional }, span)
    }

    fn bad_fold(&mut self, call: &Call, span: Span, reason: &str) -> Expr {
        let usage = match call.function.text.as_str() {
            "any" | "all" => format!("{}(items where price > 10 USD)", call.function.text),
            "count" => "count(items where …)".into(),
            other => format!("{other}(items.price)"),
        };
        self.fail(
            Diagnostic::new(
                &codes::WRONG_ARGUMENTS,
                format!("`{}` can't be used like this: {reason}", call.function.text),
                span,
                "over a list of the event, or over past events",
            )
            .help(format!(
                "over a list of the event: `{usage}`; over past events: `{}(EVENT) by KEY over 24h before this`",
                call.function.text
            )),
        )
    }

    /// `items.price` as the list and the way into its elements.
    fn list_and_path<'e>(&mut self, expr: &'e ast::Expr, scope: &Scope) -> Option<(Expr, Vec<&'e Name>)> {
        let mut path: Vec<&Name> = Vec::new();
        let mut rest = bare(expr);
        loop {
            let (found, _) = self.aside(|c| c.infer(rest, scope, None));
            if !found.is_error() && matches!(found.ty.base, Type::List(_)) {
                path.reverse();
                return Some((found, path));
            }
            let Ast::Member(base, field) = &rest.kind else { return None };
            path.push(field);
            rest = bare(base);
        }
    }

    /// What is summed or told apart.
    fn folded_value(
        &mut self,
        call: &Call,
        function: FoldFn,
        element: &Ty,
        path: &[&Name],
        span: Span,
    ) -> Result<Option<Expr>, Expr> {
        if !matches!(function, FoldFn::Sum | FoldFn::Distinct) {
            if let Some(field) = path.first() {
                let reason = format!("it takes the list itself, not `{}` of it", field.text);
                return Err(self.bad_fold(call, span, &reason));
            }
            return Ok(None);
        }
        let mut value = Expr::new(ExprKind::Element { depth: 0 }, element.clone(), span);
        for field in path {
            let Type::Record(record) = &value.ty.base else {
                let finding = errors::mismatch(
                    format!("{} has no fields", errors::a(&value.ty.base)),
                    field.span,
                    format!("`{}` can't be read from it", field.text),
                );
                return Err(self.fail(finding));
            };
            let Some(index) = record.fields.iter().position(|f| *f.name == field.text) else {
                let names: Vec<String> = record.fields.iter().map(|f| f.name.to_string()).collect();
                let finding =
                    errors::unknown(field, "a field of the elements", names.iter().map(String::as_str));
                return Err(self.fail(finding));
            };
            value = member_of(value, index, span);
        }
        match function {
            FoldFn::Sum => self.summed(value).map(Some),
            _ if types::is_key(&value.ty.base) => Ok(Some(value)),
            _ => {
                let finding = errors::expected(
                    "values that can be told apart (a text, a number, an entity …)",
                    &value.ty.base,
                    span,
                );
                Err(self.fail(finding.help("name a field of the elements: `distinct(items.category)`")))
            }
        }
    }

    fn summed(&mut self, value: Expr) -> Result<Expr, Expr> {
        match &value.ty.base {
            Type::Int | Type::Decimal | Type::Money(Some(_)) => Ok(value),
            Type::Money(None) => {
                let Some(currency) = self.header.currency else {
                    let finding = no_currency(
                        value.span,
                        "amounts of any currency are summed in the ruleset's currency",
                    );
                    return Err(self.fail(finding));
                };
                let ty = Ty { base: Type::Money(Some(currency)), optional: value.ty.optional };
                let span = value.span;
                Ok(Expr::new(ExprKind::Convert(Box::new(value), currency), ty, span))
            }
            Type::Float => {
                let written = self.sources.slice(value.span).to_string();
                Err(self.fail(
                    Diagnostic::new(
                        &codes::FLOAT_ARITHMETIC,
                        "a float can be compared, but not summed",
                        value.span,
                        "this is a float",
                    )
                    .help(format!("declare the field of `{written}` as `decimal`")),
                ))
            }
            other => {
                let finding = errors::expected("numbers or amounts to sum", other, value.span)
                    .help("name a field of the elements: `sum(items.price)`");
                Err(self.fail(finding))
            }
        }
    }
}
