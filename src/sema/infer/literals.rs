//! Literals, and texts and words that are read as the type they stand beside.

use std::sync::Arc;

use super::{bare, error};
use crate::diag::{Diagnostic, codes, did_you_mean};
use crate::model::money::{Country, Currency, Decimal, Money};
use crate::model::time::{Duration, Time};
use crate::model::types::Type;
use crate::model::value::{Datum, Value};
use crate::sema::data;
use crate::sema::hir::{Expr, ExprKind};
use crate::sema::scope::Scope;
use crate::sema::{Checker, errors, header};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind as Ast, Literal, Unit};

fn bad(message: impl Into<String>, span: Span, label: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&codes::BAD_LITERAL, message, span, label)
}

/// Whether a text literal is read as this type where it stands beside it.
fn reads_texts(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Entity(_) | Type::Ip | Type::Cidr | Type::Email | Type::Phone | Type::Country | Type::Time
    )
}

/// The value of an enum, country or currency that a bare word is.
fn word_value(word: &str, ty: &Type) -> Option<Value> {
    match ty.representation() {
        Type::Enum(values) => values.index_of(word).map(Value::Enum),
        Type::Country => Country::parse(word).filter(|c| c.as_str() == word).map(Value::Country),
        Type::Currency => Currency::parse(word).filter(|c| c.as_str() == word).map(Value::Currency),
        _ => None,
    }
}

/// Whether bare words can be values of this type.
pub fn has_words(ty: &Type) -> bool {
    matches!(ty.representation(), Type::Enum(_) | Type::Country | Type::Currency)
}

pub fn words_of(ty: &Type) -> Vec<&str> {
    match ty.representation() {
        Type::Enum(values) => values.values.iter().map(|v| &**v).collect(),
        Type::Country => Country::codes().to_vec(),
        Type::Currency => Currency::codes().to_vec(),
        _ => Vec::new(),
    }
}

fn micros(unit: Unit) -> i64 {
    match unit {
        Unit::Milliseconds => 1_000,
        Unit::Seconds => 1_000_000,
        Unit::Minutes => 60_000_000,
        Unit::Hours => 3_600_000_000,
        Unit::Days => 86_400_000_000,
        Unit::Weeks => 7 * 86_400_000_000,
    }
}

fn duration(number: &str, unit: Unit) -> Option<Duration> {
    let scaled = Decimal::parse(number)?;
    let total = i128::from(scaled.0) * i128::from(micros(unit));
    (total % i128::from(Decimal::SCALE) == 0)
        .then(|| i64::try_from(total / i128::from(Decimal::SCALE)).ok())
        .flatten()
        .map(Duration)
}

impl<'a> Checker<'a> {
    /// A literal; `negative` if a minus stands before it.
    pub(super) fn literal(
        &mut self,
        literal: &Literal,
        span: Span,
        negative: bool,
        beside: Option<&Type>,
    ) -> Expr {
        let signed = |text: &str| if negative { format!("-{text}") } else { text.to_string() };
        let fixed = |value: Option<Value>, ty: Type| value.map(|v| Expr::constant(v, ty, span));
        let (found, what) = match literal {
            Literal::Bool(value) => return Expr::constant(Value::Bool(*value), Type::Bool, span),
            Literal::Text(text) => return self.text_literal(text, span, beside),
            Literal::Int(text) => match beside.map(Type::representation) {
                Some(Type::Decimal) => {
                    (fixed(Decimal::parse(&signed(text)).map(Value::Decimal), Type::Decimal), "a number")
                }
                Some(Type::Float) => (self.float(&signed(text), span), "a number"),
                Some(Type::Int) => {
                    let ty = beside.cloned().unwrap_or(Type::Int);
                    (fixed(signed(text).parse().ok().map(Value::Int), ty), "a whole number of 64 bits")
                }
                _ => {
                    (fixed(signed(text).parse().ok().map(Value::Int), Type::Int), "a whole number of 64 bits")
                }
            },
            Literal::Decimal(text) if matches!(beside, Some(Type::Float)) => {
                (self.float(&signed(text), span), "a number")
            }
            Literal::Decimal(text) => {
                (fixed(Decimal::parse(&signed(text)).map(Value::Decimal), Type::Decimal), "a decimal")
            }
            Literal::Percent(text) => {
                let value = Decimal::parse(&format!("{}e-2", signed(text)));
                (fixed(value.map(Value::Decimal), Type::Decimal), "a percentage")
            }
            Literal::Money(text, code) => {
                let Some(currency) = header::currency(code, &mut self.out) else { return error(span) };
                let value =
                    Decimal::parse(&signed(text)).map(|amount| Value::Money(Money { amount, currency }));
                (fixed(value, Type::Money(Some(currency))), "an amount")
            }
            Literal::Duration(text, unit) => {
                (fixed(duration(&signed(text), *unit).map(Value::Duration), Type::Duration), "a duration")
            }
            Literal::Date(text) => {
                (fixed(Time::parse_date(text, &self.header.zone).map(Value::Time), Type::Time), "a date")
            }
            Literal::DateTime(text) => {
                (fixed(Time::parse_rfc3339(text).map(Value::Time), Type::Time), "a time")
            }
        };
        let day = matches!(literal, Literal::Date(_) | Literal::DateTime(_));
        found.unwrap_or_else(|| {
            if day {
                return self.fail(
                    bad("there is no such day or time", span, "not in the calendar")
                        .help("dates are written year, month, day: `2026-11-30`"),
                );
            }
            self.fail(
                bad(format!("this is not {what} that can be kept"), span, "out of range, or no such value")
                    .help("numbers have 64 bits, decimals and amounts six digits after the point"),
            )
        })
    }

    fn float(&self, text: &str, span: Span) -> Option<Expr> {
        let value: f64 = text.parse().ok()?;
        value.is_finite().then(|| Expr::constant(Value::Float(value), Type::Float, span))
    }

    fn text_literal(&mut self, text: &str, span: Span, beside: Option<&Type>) -> Expr {
        let Some(ty) = beside.filter(|ty| reads_texts(ty)) else {
            return Expr::constant(Value::Text(Arc::from(text)), Type::Text, span);
        };
        match data::parse_value(text, ty, &self.header.zone) {
            Ok(value) => Expr::constant(value, ty.clone(), span),
            Err(_) if *ty == Type::Ip && data::parse_value(text, &Type::Cidr, &self.header.zone).is_ok() => {
                self.fail(
                    bad(format!("\"{text}\" is a network, not an address"), span, "many addresses")
                        .help(format!("ask whether the address lies in it: `… in \"{text}\"`")),
                )
            }
            Err(expected) => self.fail(
                bad(
                    format!("\"{text}\" is no {}", plain_name(ty)),
                    span,
                    format!("read as {} because it stands beside one", errors::a(ty)),
                )
                .help(format!("write {expected}")),
            ),
        }
    }

    /// A network if the literal is one and not a lone address.
    pub(super) fn network_literal(&self, expr: &ast::Expr) -> Option<Expr> {
        let expr = bare(expr);
        let Ast::Literal(Literal::Text(text)) = &expr.kind else { return None };
        if !text.contains('/') {
            return None;
        }
        let net = data::parse_value(text, &Type::Cidr, &self.header.zone).ok()?;
        Some(Expr::constant(net, Type::Cidr, expr.span))
    }

    /// The value of the type beside it that a word is, whatever else bears the name.
    pub(super) fn word(&self, word: &str, span: Span, beside: Option<&Type>) -> Option<Expr> {
        let ty = beside?;
        word_value(word, ty).map(|value| Expr::constant(value, ty.clone(), span))
    }

    /// Whether the word is a value of any enum, a country or a currency.
    pub(in crate::sema) fn is_value_word(&self, word: &str) -> bool {
        let is_value = |ty: &Type| word_value(word, ty).is_some();
        self.shapes.iter().any(|shape| shape.fields.iter().any(|f| is_value(&f.ty.base)))
            || is_value(&Type::Country)
            || is_value(&Type::Currency)
    }

    /// `[a, b]` as a value of a list type; elsewhere brackets stand only after `in`.
    pub(super) fn array_value(
        &mut self,
        elements: &[ast::Expr],
        span: Span,
        scope: &Scope,
        beside: Option<&Type>,
    ) -> Expr {
        let Some(Type::List(element)) = beside else {
            return self.fail(
                errors::mismatch("a list in brackets stands only after `in`", span, "not a single value")
                    .help("write `x in [a, b]`, or name the values one by one"),
            );
        };
        let mut values = Vec::new();
        for written in elements {
            let found = self.infer_as(written, &element.base, "an element of this list", scope);
            if found.is_error() {
                return error(span);
            }
            match self.constant(&found) {
                Some(value) => values.push(Datum::Known(value)),
                None => {
                    return self.fail(errors::mismatch(
                        "the elements of a list value must be constants",
                        written.span,
                        "depends on the event",
                    ));
                }
            }
        }
        let ty = Type::List(element.clone());
        Expr::new(ExprKind::Const(Value::List(values.into())), ty.required(), span)
    }

    pub(super) fn negate(
        &mut self,
        inner: &ast::Expr,
        span: Span,
        scope: &Scope,
        beside: Option<&Type>,
    ) -> Expr {
        use crate::model::ops::UnaryOp;
        if let Ast::Literal(literal) = &bare(inner).kind
            && !matches!(
                literal,
                Literal::Text(_) | Literal::Bool(_) | Literal::Date(_) | Literal::DateTime(_)
            )
        {
            return self.literal(literal, span, true, beside);
        }
        let value = self.infer(inner, scope, beside);
        let op = match &value.ty.base {
            _ if value.is_error() => return error(span),
            Type::Int => UnaryOp::NegateInt,
            Type::Decimal => UnaryOp::NegateDecimal,
            Type::Money(_) => UnaryOp::NegateMoney,
            Type::Duration => UnaryOp::NegateDuration,
            Type::Float => return self.float_arithmetic(inner, span),
            other => {
                let finding =
                    errors::expected("a number, an amount or a duration after `-`", other, inner.span);
                let source = &self.sources.get(span.source).text;
                let before = source.get(..span.start as usize).unwrap_or("");
                let comment =
                    before.ends_with('-').then(|| "a comment begins with `//`, not `--`".to_string());
                return self.fail(finding.help_opt(comment));
            }
        };
        let ty = value.ty.clone();
        Expr::new(ExprKind::Unary(op, Box::new(value)), ty, span)
    }

    /// A duration that is the same on every event.
    pub(in crate::sema) fn constant_duration(&mut self, expr: &ast::Expr, what: &str) -> Option<Duration> {
        let found = self.infer_as(expr, &Type::Duration, what, &self.constants());
        match self.constant(&found) {
            Some(Value::Duration(duration)) => Some(duration),
            _ if found.is_error() => None,
            _ => {
                self.report(not_constant(what, expr.span));
                None
            }
        }
    }

    /// A whole number that is the same on every event.
    pub(in crate::sema) fn constant_int(&mut self, expr: &ast::Expr, what: &str) -> Option<i64> {
        let found = self.infer_as(expr, &Type::Int, what, &self.constants());
        match self.constant(&found) {
            Some(Value::Int(value)) => Some(value),
            _ if found.is_error() => None,
            _ => {
                self.report(not_constant(what, expr.span));
                None
            }
        }
    }

    /// A time that is the same on every event.
    pub(in crate::sema) fn constant_time(&mut self, expr: &ast::Expr, what: &str) -> Option<Time> {
        let found = self.infer_as(expr, &Type::Time, what, &self.constants());
        match self.constant(&found) {
            Some(Value::Time(time)) => Some(time),
            _ if found.is_error() => None,
            _ => {
                self.report(not_constant(what, expr.span));
                None
            }
        }
    }

    /// What a word beside an enum, country or currency could have been.
    pub(super) fn nearest_word(&self, word: &str, ty: &Type, names: &[String]) -> Option<String> {
        let words = words_of(ty);
        if matches!(ty.representation(), Type::Country)
            && !names.iter().any(|n| crate::diag::nearest(word, [n.as_str()]).is_some())
        {
            return words
                .iter()
                .find(|w| w.eq_ignore_ascii_case(word))
                .map(|w| format!("did you mean `{w}`?"))
                .or_else(|| {
                    let expected = data::parse_value(word, ty, &self.header.zone).err()?;
                    Some(format!("write {expected}"))
                });
        }
        did_you_mean(word, words.iter().copied().chain(names.iter().map(String::as_str))).or_else(|| {
            (words.len() <= 12 && !words.is_empty())
                .then(|| format!("its values: {}", errors::quoted(&words)))
        })
    }
}

fn not_constant(what: &str, span: Span) -> Diagnostic {
    errors::mismatch(format!("{what} must be the same on every event"), span, "not a constant")
        .help("write a literal, or the name of a `let` that is one")
}

fn plain_name(ty: &Type) -> String {
    match ty {
        Type::Entity(entity) => format!("`{}`", entity.name),
        Type::Ip => "address".into(),
        Type::Cidr => "network".into(),
        Type::Phone => "phone number".into(),
        other => other.to_string(),
    }
}
