//! Expressions: names resolved, types found, unknowns carried along.
//!
//! Every function gives an expression; one that was reported is [`ExprKind::Error`], and whatever contains it
//! keeps quiet and is an error itself.

mod aggregates;
mod calls;
mod constants;
mod folds;
pub(in crate::sema) mod habits;
mod keys;
mod literals;
mod lookups;
mod names;
mod operators;
mod sequences;
mod sets;
mod texts;
mod windows;

use super::hir::{Expr, ExprKind};
use super::scope::Scope;
use super::{Checker, errors, limits};
use crate::diag::{Diagnostic, codes};
use crate::model::ids::EventId;
use crate::model::ops::UnaryOp;
use crate::model::types::{Ty, Type};
use crate::model::value::Value;
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind as Ast};

/// What was reported already.
pub(super) fn error(span: Span) -> Expr {
    Expr::new(ExprKind::Error, Type::Bool.required(), span)
}

fn bool_of(kind: ExprKind, optional: bool, span: Span) -> Expr {
    Expr::new(kind, Ty { base: Type::Bool, optional }, span)
}

/// Parentheses only group.
pub(super) fn bare(expr: &ast::Expr) -> &ast::Expr {
    let mut expr = expr;
    while let Ast::Paren(inner) = &expr.kind {
        expr = inner;
    }
    expr
}

impl<'a> Checker<'a> {
    pub(super) fn fail(&mut self, diagnostic: Diagnostic) -> Expr {
        let span = diagnostic.span();
        self.report(diagnostic);
        error(span)
    }

    /// The meaning of `expr` where `scope` says; `beside` is the type it stands beside, for bare words and texts.
    pub(super) fn infer(&mut self, expr: &ast::Expr, scope: &Scope, beside: Option<&Type>) -> Expr {
        if self.depth >= limits::DEPTH {
            self.too_deep(expr.span);
            return error(expr.span);
        }
        if self.depth == 0 {
            self.too_deep_told = false;
        }
        self.depth += 1;
        let result = self.infer_kind(expr, scope, beside);
        self.depth -= 1;
        result
    }

    /// Past all `aside`s, once per outermost expression: how deep something is depends on who asks, so nobody
    /// may keep this to himself.
    pub(super) fn too_deep(&mut self, span: Span) {
        if !std::mem::replace(&mut self.too_deep_told, true) {
            self.certain.push(
                errors::too_large(
                    "this nests too deep",
                    span,
                    format!("more than {} expressions inside one another", limits::DEPTH),
                )
                .help("name a part of it with `let` or `signal`, or use fewer signals inside signals"),
            );
        }
    }

    fn infer_kind(&mut self, expr: &ast::Expr, scope: &Scope, beside: Option<&Type>) -> Expr {
        let span = expr.span;
        match &expr.kind {
            Ast::Literal(literal) => self.literal(literal, span, false, beside),
            Ast::Name(name) => self.name(name, scope, beside),
            Ast::Member(base, field) => self.member(base, field, span, scope),
            Ast::Index(base, keys) => self.lookup(base, keys, span, scope),
            Ast::Call(call) => self.call(call, span, scope),
            Ast::Array(elements) => self.array_value(elements, span, scope, beside),
            Ast::Paren(inner) => self.infer(inner, scope, beside),
            Ast::Negate(inner) => self.negate(inner, span, scope, beside),
            Ast::Not(inner) => {
                let inner = self.condition(inner, scope);
                self.not(inner, span)
            }
            Ast::Binary { op, op_span, left, right } => {
                self.binary(*op, *op_span, (left, right), expr, scope, beside)
            }
            Ast::In { negated, value, set } => self.membership(*negated, value, set, span, scope),
            Ast::Between { value, low, high } => self.between((value, low, high), span, scope),
            Ast::IsMissing { value, present } => {
                let value = self.infer(value, scope, None);
                if value.is_error() {
                    return error(span);
                }
                let kind = ExprKind::IsMissing { value: Box::new(value), present: *present };
                bool_of(kind, false, span)
            }
            Ast::Matches { value, regex } => self.matches(value, regex, span, scope),
            Ast::Mentions { value, phrases } => self.mentions(value, phrases, span, scope),
            Ast::HasLabel { value, label } => self.has_label(value, label, span, scope),
            Ast::During { value, calendar, keys } => self.during(value, calendar, keys, span, scope),
            Ast::Convert { value, currency } => self.convert(value, currency, span, scope),
            Ast::Error => error(span),
        }
    }

    /// An expression that is true or false.
    pub(super) fn condition(&mut self, expr: &ast::Expr, scope: &Scope) -> Expr {
        let result = self.infer(expr, scope, Some(&Type::Bool));
        if result.is_error() || result.ty.base == Type::Bool {
            return result;
        }
        let mut finding = errors::expected("a condition (true or false)", &result.ty.base, expr.span);
        if let Ast::Name(name) = &bare(expr).kind {
            finding = finding.help(match &result.ty.base {
                Type::Enum(values) => {
                    format!("compare it: `{} == {}`", name.text, values.values.first().map_or("…", |v| v))
                }
                Type::Int | Type::Decimal => format!("compare it: `{} > 0`", name.text),
                _ => format!("compare it with something, or ask `{} is present`", name.text),
            });
        }
        self.fail(finding)
    }

    pub(super) fn not(&mut self, inner: Expr, span: Span) -> Expr {
        if inner.is_error() {
            return error(span);
        }
        let optional = inner.ty.optional;
        bool_of(ExprKind::Not(Box::new(inner)), optional, span)
    }

    /// `expr` as a value of `to`, with the conversions that lose nothing; the expression itself if there are none.
    pub(super) fn coerce(&self, expr: Expr, to: &Type) -> Result<Expr, Expr> {
        if expr.ty.base == *to || expr.is_error() {
            return Ok(expr);
        }
        let optional = expr.ty.optional;
        let wrap = |op, expr: Expr| {
            let span = expr.span;
            Expr::new(ExprKind::Unary(op, Box::new(expr)), Ty { base: to.clone(), optional }, span)
        };
        match (&expr.ty.base, to) {
            (Type::Int, Type::Decimal) => Ok(wrap(UnaryOp::IntToDecimal, expr)),
            (Type::Int, Type::Float) => Ok(wrap(UnaryOp::IntToFloat, expr)),
            (Type::Decimal, Type::Float) => Ok(wrap(UnaryOp::DecimalToFloat, expr)),
            (Type::Money(Some(_)), Type::Money(None)) => {
                Ok(Expr { ty: Ty { base: to.clone(), optional }, ..expr })
            }
            _ => Err(expr),
        }
    }

    /// `expr` where a value of type `to` is needed; `what` names the place for the finding.
    pub(super) fn infer_as(&mut self, expr: &ast::Expr, to: &Type, what: &str, scope: &Scope) -> Expr {
        let result = self.infer(expr, scope, Some(to));
        match self.coerce(result, to) {
            Ok(result) => result,
            Err(other) => {
                let finding = errors::mismatch(
                    format!("{what} must be {}, found {}", errors::a(to), errors::a(&other.ty.base)),
                    expr.span,
                    format!("this is {}", errors::a(&other.ty.base)),
                );
                let help = self.literal_help(expr, to).or_else(|| match (to, &other.ty.base) {
                    (Type::Money(Some(currency)), Type::Money(_)) if other.as_const().is_none() => {
                        Some(format!("convert it: `{} as {currency}`", self.sources.slice(expr.span)))
                    }
                    _ => None,
                });
                self.fail(finding.help_opt(help))
            }
        }
    }

    /// How to write a literal so that it is of the wanted type.
    fn literal_help(&self, expr: &ast::Expr, wanted: &Type) -> Option<String> {
        use ast::Literal;
        let Ast::Literal(literal) = &bare(expr).kind else { return None };
        match (literal, wanted) {
            (Literal::Int(n) | Literal::Decimal(n), Type::Money(currency)) => {
                let code = currency.or(self.header.currency).map_or("USD".to_string(), |c| c.to_string());
                Some(format!("write `{n} {code}`"))
            }
            (Literal::Int(n), Type::Duration) => {
                Some(format!("write a unit: `{n}s`, `{n}m`, `{n}h` or `{n}d`"))
            }
            (Literal::Int(n) | Literal::Decimal(n), Type::Text | Type::Entity(_)) => {
                Some(format!("write it in quotes: \"{n}\""))
            }
            (Literal::Text(text), Type::Enum(values)) if values.index_of(text).is_some() => {
                Some(format!("write it without quotes: `{text}`"))
            }
            (Literal::Decimal(_) | Literal::Percent(_), Type::Int) => {
                Some("write a whole number".to_string())
            }
            (Literal::Money(number, _), Type::Money(Some(currency))) => {
                Some(format!("write the amount in {currency}: `{number} {currency}`"))
            }
            (Literal::Duration(..), Type::Time) => Some("write a date such as `2026-11-11`".to_string()),
            (Literal::Money(number, _), Type::Int | Type::Decimal) => {
                Some(format!("write the number alone: `{number}`"))
            }
            (Literal::Text(text), Type::Int | Type::Decimal) if text.parse::<f64>().is_ok() => {
                Some(format!("write it without quotes: `{text}`"))
            }
            _ => None,
        }
    }

    /// The value of an expression that is the same on every event.
    pub(super) fn constant(&self, expr: &Expr) -> Option<Value> {
        constants::value(expr)
    }

    /// Names of the fields in sight, for nearest names.
    fn fields_in_sight(&self, event: Option<EventId>) -> Vec<String> {
        let Some(event) = event else { return Vec::new() };
        self.shapes[event.index()].fields.iter().map(|f| f.name.to_string()).collect()
    }
}

/// What a finding calls code `UNKNOWN_NAME`, for those that word it themselves.
fn unknown_name(message: impl Into<String>, span: Span, label: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&codes::UNKNOWN_NAME, message, span, label)
}
