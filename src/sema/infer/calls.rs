//! Calls: which of the three kinds it is, and the built-in functions.

use super::lookups::count;
use super::names::Sight;
use super::{error, habits};
use crate::builtins::registry;
use crate::diag::{Diagnostic, codes, did_you_mean};
use crate::model::money::Currency;
use crate::model::time::Zone;
use crate::model::types::{Ty, Type};
use crate::model::value::Value;
use crate::model::window::AggregateFn;
use crate::sema::declare::ValueRef;
use crate::sema::hir::{Expr, ExprKind};
use crate::sema::infer::bare;
use crate::sema::scope::Scope;
use crate::sema::{Checker, errors};
use crate::source::Span;
use crate::syntax::ast::{Call, ExprKind as Ast};

const FOLDS: [&str; 5] = ["any", "all", "count", "sum", "distinct"];
/// Takes a zone as its last argument.
const OF_A_ZONE: [&str; 4] = ["hour", "weekday", "date", "month"];

impl<'a> Checker<'a> {
    pub(super) fn call(&mut self, call: &Call, span: Span, scope: &Scope) -> Expr {
        if call.window.is_some() {
            return self.aggregate(call, span, scope);
        }
        let name = call.function.text.as_str();
        if let Some(approx) = call.approx
            && (FOLDS.contains(&name) || registry::find(name).is_some())
        {
            self.report(
                Diagnostic::new(
                    &codes::BAD_AGGREGATE,
                    format!("`{name}` of the current event is exact: `approx` is for past events"),
                    approx,
                    "leave this out",
                )
                .help("remove `approx`"),
            );
            return error(span);
        }
        if self.asks_past_events(call, scope) {
            return self.no_window(call, span);
        }
        if FOLDS.contains(&name) {
            return self.fold(call, span, scope);
        }
        match registry::find(name) {
            Some(_) => self.builtin(call, span, scope),
            None if is_aggregate(name) => self.no_window(call, span),
            None => {
                for argument in &call.arguments {
                    self.infer(&argument.value, scope, None);
                }
                let known = registry::names().chain(FOLDS).chain(AggregateFn::ALL.iter().map(|f| f.name()));
                let arguments: Vec<&str> =
                    call.arguments.iter().map(|a| self.sources.slice(a.value.span)).collect();
                let meant = self.not_a_function(name, &arguments, scope);
                let help = meant.or_else(|| habits::function(name, &arguments));
                let help = help.or_else(|| did_you_mean(name, known)).or_else(|| {
                    Some(format!(
                        "the functions there are: {}",
                        registry::names().collect::<Vec<_>>().join(", ")
                    ))
                });
                self.fail(
                    super::unknown_name(
                        format!("there is no function `{name}`"),
                        call.function.span,
                        "unknown function",
                    )
                    .help_opt(help),
                )
            }
        }
    }

    /// A declared name that is called like a function.
    fn not_a_function(&self, name: &str, arguments: &[&str], scope: &Scope) -> Option<String> {
        let first = arguments.first().copied().unwrap_or("x");
        Some(match self.sight(name, scope)? {
            Sight::Value(ValueRef::List(_)) => format!("`{name}` is a list: ask `{first} in {name}`"),
            Sight::Value(ValueRef::Table(_)) => {
                format!("`{name}` is a table: look it up with `{name}[{first}]`")
            }
            Sight::Value(ValueRef::Phrases(_)) => format!("ask `{first} mentions {name}`"),
            Sight::Value(ValueRef::Calendar(_)) => format!("`{name}` is a calendar: ask `at during {name}`"),
            Sight::Value(ValueRef::Definition(_)) => {
                format!("`{name}` is a name for a value: write it without parentheses")
            }
            Sight::Field(_) | Sight::Element(..) => {
                format!("`{name}` is a field: write it without parentheses")
            }
        })
    }

    /// Whether its argument is an event, which only memory knows of.
    fn asks_past_events(&self, call: &Call, scope: &Scope) -> bool {
        let Some(first) = call.arguments.first() else { return false };
        let root = match &bare(&first.value).kind {
            Ast::Member(base, _) => bare(base),
            _ => bare(&first.value),
        };
        match &root.kind {
            Ast::Name(name) => {
                is_aggregate(&call.function.text)
                    && self.sight(&name.text, scope).is_none()
                    && self.find_events(&name.text).is_some()
            }
            _ => false,
        }
    }

    fn no_window(&mut self, call: &Call, span: Span) -> Expr {
        let written = match call.arguments.as_slice() {
            // `count(order, 24h)`: the span isn't an argument.
            [first, _, ..] => format!("{}({})", call.function.text, self.sources.slice(first.value.span)),
            _ => self.sources.slice(span).to_string(),
        };
        self.fail(
            Diagnostic::new(
                &codes::BAD_WINDOW,
                format!("`{}` over past events needs a window", call.function.text),
                span,
                "it isn't said how far back",
            )
            .help(format!("write for example `{written} by KEY over 24h before this`")),
        )
    }

    fn builtin(&mut self, call: &Call, span: Span, scope: &Scope) -> Expr {
        let Some(id) = registry::find(&call.function.text) else { return error(span) };
        let function = id.get();
        let mut arguments = Vec::new();
        let mut beside: Option<Type> = None;
        for argument in &call.arguments {
            if let Some(filter) = &argument.filter {
                self.report(
                    Diagnostic::new(
                        &codes::WRONG_ARGUMENTS,
                        format!("`{}` takes no `where`", function.name),
                        filter.span,
                        "nothing to choose from here",
                    )
                    .help(format!("it is used as `{}`", function.usage)),
                );
                return error(span);
            }
            // `max(ship_date, 2026-11-11)`: a text or number beside the argument before it.
            let found = self.infer(&argument.value, scope, beside.as_ref().filter(|t| **t == Type::Float));
            beside = Some(found.ty.base.clone());
            arguments.push(found);
        }
        if arguments.iter().any(Expr::is_error) {
            return error(span);
        }
        if !self.arguments_of_one_currency(&arguments, span) {
            return error(span);
        }
        let types: Vec<Type> = arguments.iter().map(|a| a.ty.base.clone()).collect();
        let signature = match (function.signature)(&types) {
            Ok(signature) if signature.parameters.len() == arguments.len() => signature,
            Ok(_) => return self.wrong_arguments(call, span, "the number of arguments differs"),
            Err(reason) => return self.wrong_arguments(call, span, &reason),
        };
        let mut converted = Vec::new();
        for ((argument, ty), written) in arguments.into_iter().zip(&signature.parameters).zip(&call.arguments)
        {
            // `prefix("192.0.2.77", 24)`: what the function asks for stands beside the text.
            let text = argument.ty.base == Type::Text && argument.as_const().is_some();
            let argument = match text && *ty != Type::Text {
                true => self.infer(&written.value, scope, Some(ty)),
                false => argument,
            };
            if argument.is_error() {
                return error(span);
            }
            match self.coerce(argument, ty) {
                Ok(argument) => converted.push(argument),
                // The signature accepts it as it is (an entity where a text is read, say).
                Err(argument) if argument.ty.base.representation() == ty.representation() => {
                    converted.push(argument)
                }
                Err(argument) => {
                    let literal = self.literal_help(&written.value, ty);
                    let help = match (&argument.ty.base, function.name) {
                        _ if literal.is_some() => literal.unwrap_or_default(),
                        (Type::List(_), "length") => {
                            format!("count the elements: `count({})`", self.sources.slice(argument.span))
                        }
                        (Type::Text, _) if *ty == Type::Email => {
                            format!("it is used as `{}`; declare the field as `email`", function.usage)
                        }
                        _ => format!("it is used as `{}`", function.usage),
                    };
                    let finding =
                        errors::expected(&errors::a(ty), &argument.ty.base, argument.span).help(help);
                    return self.fail(finding);
                }
            }
        }
        if !self.zone_exists(function.name, &converted) {
            return error(span);
        }
        let optional = converted.iter().any(|a| a.ty.optional);
        Expr::new(ExprKind::Call(id, converted), Ty { base: signature.result, optional }, span)
    }

    /// `min(usd, 5 EUR)` needs rates like a comparison does.
    fn arguments_of_one_currency(&mut self, arguments: &[Expr], span: Span) -> bool {
        let fixed: Vec<(Currency, &Expr)> = arguments
            .iter()
            .filter_map(|a| match a.ty.base {
                Type::Money(Some(currency)) => Some((currency, a)),
                _ => None,
            })
            .collect();
        let Some((first, a)) = fixed.first() else { return true };
        match fixed.iter().find(|(currency, _)| currency != first) {
            Some((other, b)) => self.one_currency(Some(*first), Some(*other), a, b, span),
            None => true,
        }
    }

    fn wrong_arguments(&mut self, call: &Call, span: Span, reason: &str) -> Expr {
        let usage = registry::find(&call.function.text).map_or("", |id| id.get().usage);
        self.fail(
            Diagnostic::new(
                &codes::WRONG_ARGUMENTS,
                format!("`{}` can't be used like this: {reason}", call.function.text),
                span,
                format!("called with {}", count(call.arguments.len(), "argument")),
            )
            .help(format!("it is used as `{usage}`")),
        )
    }

    fn zone_exists(&mut self, function: &str, arguments: &[Expr]) -> bool {
        if !OF_A_ZONE.contains(&function) || arguments.len() < 2 {
            return true;
        }
        let Some(last) = arguments.last() else { return true };
        match last.as_const() {
            Some(Value::Text(name)) if Zone::parse(name).is_some() => true,
            Some(Value::Text(name)) => {
                let finding = Diagnostic::new(
                    &codes::BAD_LITERAL,
                    format!("there is no time zone `{name}`"),
                    last.span,
                    "not the name of an IANA zone",
                )
                .help("write a name such as \"Europe/Warsaw\", \"Asia/Shanghai\" or \"UTC\"");
                self.report(finding);
                false
            }
            _ => true,
        }
    }
}

/// Only memory answers these.
pub(super) fn is_aggregate(name: &str) -> bool {
    matches!(name, "percentile" | "sequence") || AggregateFn::ALL.iter().any(|f| f.name() == name)
}
