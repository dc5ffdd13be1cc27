//! `in`: arrays, lists, networks, and lists of the event.

use super::names::Sight;
use super::{bare, bool_of, error};
use crate::diag::{Diagnostic, codes};
use crate::model::ids::ListId;
use crate::model::types::Type;
use crate::sema::declare::ValueRef;
use crate::sema::hir::{Expr, ExprKind};
use crate::sema::scope::Scope;
use crate::sema::{Checker, errors, types};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind as Ast, Literal, Name};

impl<'a> Checker<'a> {
    pub(super) fn membership(
        &mut self,
        negated: bool,
        value: &ast::Expr,
        set: &ast::Expr,
        span: Span,
        scope: &Scope,
    ) -> Expr {
        let result = self.positive_membership(value, set, span, scope);
        if negated { self.not(result, span) } else { result }
    }

    fn positive_membership(&mut self, value: &ast::Expr, set: &ast::Expr, span: Span, scope: &Scope) -> Expr {
        if let Some(elements) = self.array_of(set, scope) {
            return self.in_array(value, &elements, span, scope);
        }
        if let Ast::Name(name) = &bare(set).kind {
            match self.sight(&name.text, scope) {
                Some(Sight::Value(ValueRef::List(list))) => {
                    return self.in_list(value, list, name, span, scope);
                }
                Some(Sight::Value(
                    other @ (ValueRef::Table(_) | ValueRef::Phrases(_) | ValueRef::Calendar(_)),
                )) => {
                    self.infer(value, scope, None);
                    return self.not_a_list(name, other);
                }
                None if !self.names.broken.contains(&name.text) => {
                    let found = self.infer(value, scope, None);
                    let ty = (!found.is_error()).then_some(&found.ty.base);
                    let one = self.word(&name.text, name.span, ty).is_some();
                    let meant = one.then(|| {
                        let value = self.sources.slice(value.span);
                        format!(
                            "write `{value} == {0}`, or `{value} in [{0}, …]` for several values",
                            name.text
                        )
                    });
                    let lists: Vec<String> = self.lists.iter().map(|l| l.name.clone()).collect();
                    let fields = self.fields_in_sight(scope.event);
                    let known = lists.iter().chain(&fields).map(String::as_str);
                    let finding = errors::unknown(name, "a list", known).help_opt(meant);
                    self.report(finding);
                    return error(found.span);
                }
                _ => {}
            }
        }
        self.in_value(value, set, span, scope)
    }

    /// The elements of `[…]`, also through a `let`.
    fn array_of(&self, set: &ast::Expr, scope: &Scope) -> Option<Vec<ast::Expr>> {
        match &bare(set).kind {
            Ast::Array(elements) => Some(elements.clone()),
            Ast::Name(name) => match self.sight(&name.text, scope) {
                Some(Sight::Value(ValueRef::Definition(id))) => {
                    match &bare(self.definitions.get(id).value).kind {
                        Ast::Array(elements) => Some(elements.clone()),
                        _ => None,
                    }
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The value beside the elements of an array: a text or word gets its type from them.
    fn in_array(&mut self, value: &ast::Expr, elements: &[ast::Expr], span: Span, scope: &Scope) -> Expr {
        let value = match elements.first() {
            Some(first) => self.pair_value(value, first, scope),
            None => self.infer(value, scope, None),
        };
        let mut failed = value.is_error();
        let mut optional = value.ty.optional;
        let (mut value, mut plain, mut nets) = (value, Vec::new(), Vec::new());
        for element in elements {
            if value.ty.base == Type::Ip
                && let Some(net) = self.network_literal(element)
            {
                nets.push(net);
                continue;
            }
            let found = self.infer_beside(element, &value, scope);
            if failed || found.is_error() {
                failed = true;
                continue;
            }
            optional |= found.ty.optional;
            if found.ty.base == Type::Cidr && value.ty.base == Type::Ip {
                nets.push(found);
                continue;
            }
            let span = found.span;
            match self.comparable(value.clone(), found, false, span) {
                Some((v, found)) => {
                    failed |= !self.names_a_rule(&v, &found, scope);
                    value = v;
                    plain.push(found);
                }
                None => failed = true,
            }
        }
        if failed {
            return error(span);
        }
        // One float makes all of them floats.
        let value_type = value.ty.base.clone();
        if value_type == Type::Float {
            plain = plain.into_iter().filter_map(|e| self.coerce(e, &value_type).ok()).collect();
        }
        let mut tests: Vec<Expr> = Vec::new();
        if !plain.is_empty() || nets.is_empty() {
            tests.push(bool_of(ExprKind::InArray(Box::new(value.clone()), plain), optional, span));
        }
        for net in nets {
            let kind = ExprKind::InNetwork(Box::new(value.clone()), Box::new(net));
            tests.push(bool_of(kind, optional, span));
        }
        match tests.len() {
            1 => tests.remove(0),
            _ => bool_of(ExprKind::Or(tests), optional, span),
        }
    }

    fn pair_value(&mut self, value: &ast::Expr, first: &ast::Expr, scope: &Scope) -> Expr {
        let needs = matches!(&bare(value).kind, Ast::Literal(Literal::Text(_)))
            || matches!(&bare(value).kind, Ast::Name(n) if self.sight(&n.text, scope).is_none());
        if !needs {
            return self.infer(value, scope, None);
        }
        let (found, _) = self.aside(|c| c.infer(first, scope, None));
        let beside = (!found.is_error()).then_some(found.ty.base);
        self.infer(value, scope, beside.as_ref())
    }

    fn in_list(&mut self, value: &ast::Expr, list: ListId, name: &Name, span: Span, scope: &Scope) -> Expr {
        let Some(ty) = self.lists.get(list.index()).map(|l| l.ty.clone()) else { return error(span) };
        if self.names.broken.contains(&name.text) {
            return error(span);
        }
        // Beside a list of networks an address stands.
        let beside = if ty == Type::Cidr { Type::Ip } else { ty.clone() };
        let found = self.infer(value, scope, Some(&beside));
        if found.is_error() {
            return error(span);
        }
        let wanted = if ty == Type::Cidr && found.ty.base == Type::Ip { Type::Ip } else { ty.clone() };
        match self.coerce(found, &wanted) {
            Ok(found) => {
                let optional = found.ty.optional;
                bool_of(ExprKind::InList(Box::new(found), list), optional, span)
            }
            Err(other) => {
                let declared = self.lists[list.index()].span;
                self.fail(
                    errors::mismatch(
                        format!("`{}` is a list of `{ty}`, not of `{}`", name.text, other.ty.base),
                        value.span,
                        format!("this is {}", errors::a(&other.ty.base)),
                    )
                    .label(declared, format!("its values are of type `{ty}`"))
                    .help(match (&ty, &other.ty.base) {
                        (Type::Text, Type::Email) => {
                            let value = self.sources.slice(value.span);
                            format!("for a list of domains ask `domain({value}) in {}`; for one of addresses declare it as `email`", name.text)
                        }
                        _ => "ask for a value of the list's type, or declare the list with this one's".to_string(),
                    }),
                )
            }
        }
    }

    fn not_a_list(&mut self, name: &Name, other: ValueRef) -> Expr {
        let help = match other {
            ValueRef::Table(_) => format!("ask `{}[key] is present`", name.text),
            ValueRef::Phrases(_) => format!("ask `text mentions {}`", name.text),
            _ => format!("ask `at during {}`", name.text),
        };
        self.fail(
            Diagnostic::new(
                &codes::WRONG_KIND,
                format!("`{}` is {}, not a list", name.text, other.kind()),
                name.span,
                "`in` needs a list, an array or a network",
            )
            .help(help),
        )
    }

    /// A list or network that the event holds, or a network written as a text.
    fn in_value(&mut self, value: &ast::Expr, set: &ast::Expr, span: Span, scope: &Scope) -> Expr {
        if let Some(net) = self.network_literal(set) {
            let found = self.infer_as(value, &Type::Ip, "what is asked to be in a network", scope);
            return self.in_network(found, net, span);
        }
        let written = set;
        let set = self.infer(set, scope, None);
        if set.is_error() {
            self.infer(value, scope, None);
            return error(span);
        }
        match &set.ty.base {
            Type::List(element) => {
                let beside = element.base.clone();
                let value = self.infer(value, scope, Some(&beside));
                self.in_elements(value, set, span)
            }
            Type::Cidr => {
                let found = self.infer_as(value, &Type::Ip, "what is asked to be in a network", scope);
                self.in_network(found, set, span)
            }
            other => {
                let (found, _) = self.aside(|c| c.infer(value, scope, None));
                let single = matches!(bare(written).kind, Ast::Literal(_));
                let help = match other {
                    Type::Text if found.ty.base == Type::Ip && single => {
                        "write a network such as `203.0.113.0/24`, in quotes".to_string()
                    }
                    Type::Text if found.is_error() || !types::is_text_like(&found.ty.base) => format!(
                        "write `{0} == {1}`, or `{0} in [{1}, …]` for several values",
                        self.sources.slice(value.span),
                        self.sources.slice(set.span)
                    ),
                    Type::Text => format!(
                        "to look for a part of a text write `{} contains {}`; to compare, `==`",
                        self.sources.slice(set.span),
                        self.sources.slice(value.span)
                    ),
                    _ => "write `x in [a, b]`, or `==` for a single value".to_string(),
                };
                let finding =
                    errors::expected("a list, an array or a network after `in`", other, set.span).help(help);
                self.fail(finding)
            }
        }
    }

    fn in_network(&mut self, value: Expr, net: Expr, span: Span) -> Expr {
        if value.is_error() || net.is_error() {
            return error(span);
        }
        let optional = value.ty.optional || net.ty.optional;
        bool_of(ExprKind::InNetwork(Box::new(value), Box::new(net)), optional, span)
    }

    /// A value among the elements of a list of the event.
    pub(super) fn in_elements(&mut self, value: Expr, list: Expr, span: Span) -> Expr {
        let Some(element) = list.ty.base.element().cloned() else { return error(span) };
        if value.is_error() || list.is_error() {
            return error(span);
        }
        let optional = value.ty.optional || list.ty.optional || element.optional;
        let sample = Expr::new(ExprKind::Element { depth: 0 }, element, list.span);
        let wanted = sample.ty.base.clone();
        let Some((value, sample)) = self.comparable(value, sample, false, span) else { return error(span) };
        if sample.ty.base != wanted {
            let finding = errors::expected(
                &format!("a value like the elements (`{wanted}`)"),
                &value.ty.base,
                value.span,
            );
            return self.fail(finding);
        }
        bool_of(ExprKind::InElements(Box::new(value), Box::new(list)), optional, span)
    }
}
