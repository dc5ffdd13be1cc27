//! Names and paths.

use std::sync::Arc;

use super::literals::has_words;
use super::{bare, error, habits, unknown_name};
use crate::diag::{Diagnostic, codes, did_you_mean};
use crate::model::ids::{EventId, FieldId};
use crate::model::types::{Ty, Type};
use crate::sema::declare::{DefId, ValueRef};
use crate::sema::hir::{Expr, ExprKind};
use crate::sema::scope::Scope;
use crate::sema::{Checker, errors, types};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind as Ast, Name};

/// What a name is where it stands.
pub(super) enum Sight {
    /// A field of the element of an enclosing fold: how far out, which field.
    Element(usize, usize),
    Field(FieldId),
    Value(ValueRef),
}

impl<'a> Checker<'a> {
    /// Innermost first: elements of folds, the event, the rule's own `let`s, the ruleset's names.
    pub(super) fn sight(&self, name: &str, scope: &Scope) -> Option<Sight> {
        for (depth, element) in scope.elements.iter().rev().enumerate() {
            if let Type::Record(record) = &element.base
                && let Some(index) = record.fields.iter().position(|f| &*f.name == name)
            {
                return Some(Sight::Element(depth, index));
            }
        }
        if let Some((field, _)) = scope.event.and_then(|e| self.shapes[e.index()].field(name)) {
            return Some(Sight::Field(field));
        }
        if let Some(local) = scope.locals.get(name) {
            return Some(Sight::Value(ValueRef::Definition(*local)));
        }
        self.names.values.get(name).map(Sight::Value)
    }

    /// What else of the shared namespace bears the name of a field in sight.
    fn also_a_value(&self, name: &str, scope: &Scope) -> Option<(ValueRef, Span)> {
        if let Some(local) = scope.locals.get(name) {
            return Some((ValueRef::Definition(*local), self.definitions.get(*local).name.span));
        }
        Some((self.names.values.get(name)?, self.names.values.span(name)?))
    }

    /// Reports a name that is both a field in sight and something declared.
    pub(super) fn refuse_ambiguous(&mut self, name: &Name, scope: &Scope) -> bool {
        if scope.locals.contains_key(&name.text) && scope.elements.is_empty() {
            // Said once, at the rule's `let`.
            return true;
        }
        let Some((value, declared)) = self.also_a_value(&name.text, scope) else { return false };
        let event = scope.event.map_or("the event".into(), |e| format!("`{}`", self.shapes[e.index()].name));
        self.report(
            Diagnostic::new(
                &codes::AMBIGUOUS_NAME,
                format!("`{}` is a field of {event} and also {}", name.text, value.kind()),
                name.span,
                "it isn't clear which one is meant",
            )
            .label(declared, format!("{} of this name", value.kind()))
            .help("rename the one that is not the field"),
        );
        true
    }

    pub(super) fn name(&mut self, name: &Name, scope: &Scope, beside: Option<&Type>) -> Expr {
        if let Some(value) = self.word(&name.text, name.span, beside) {
            return value;
        }
        match self.sight(&name.text, scope) {
            Some(Sight::Element(depth, index)) => {
                if self.refuse_ambiguous(name, scope) {
                    return error(name.span);
                }
                self.element_field(depth, index, name.span, scope)
            }
            Some(Sight::Field(field)) => {
                if self.refuse_ambiguous(name, scope) {
                    return error(name.span);
                }
                self.field(field, name.span, scope)
            }
            Some(Sight::Value(ValueRef::Definition(id))) => self.use_definition(id, name, scope, beside),
            Some(Sight::Value(other)) => self.not_a_value(name, other),
            None => self.unknown(name, scope, beside),
        }
    }

    pub(in crate::sema) fn field(&self, field: FieldId, span: Span, scope: &Scope) -> Expr {
        match scope.event.and_then(|e| self.shapes[e.index()].fields.get(field.index())) {
            Some(schema) => Expr::new(ExprKind::Field(field), schema.ty.clone(), span),
            None => error(span),
        }
    }

    fn element_field(&self, depth: usize, index: usize, span: Span, scope: &Scope) -> Expr {
        let element = &scope.elements[scope.elements.len() - 1 - depth];
        let whole = Expr::new(ExprKind::Element { depth }, element.clone(), span);
        member_of(whole, index, span)
    }

    fn use_definition(&mut self, id: DefId, name: &Name, scope: &Scope, beside: Option<&Type>) -> Expr {
        let meaning = self.meaning(id, scope, beside);
        let Some(expr) = &meaning.expr else {
            if let Some(problem) = &meaning.problem
                && self.usable(id)
            {
                let finding = self.does_not_fit(id, name, scope, problem);
                self.report(finding);
            }
            return error(name.span);
        };
        if self.depth + self.written_out(expr).1 > crate::sema::limits::DEPTH {
            self.too_deep(name.span);
            return error(name.span);
        }
        if scope.in_aggregate && asks_memory(expr) {
            return self.fail(
                self.nested(name.span).label(
                    self.definitions.get(id).value.span,
                    format!("`{}` asks memory itself", name.text),
                ),
            );
        }
        let ty = expr.ty.clone();
        Expr::new(ExprKind::Alias(Arc::clone(expr)), ty, name.span)
    }

    fn does_not_fit(&self, id: DefId, name: &Name, scope: &Scope, problem: &Diagnostic) -> Diagnostic {
        let definition = self.definitions.get(id);
        let place = scope.event.map_or("where there is no event".to_string(), |e| {
            format!("on `{}`", self.shapes[e.index()].name)
        });
        let mut finding = Diagnostic::new(
            &codes::DOES_NOT_FIT,
            format!("the {} `{}` can't be used {place}: {}", definition.kind(), name.text, problem.message),
            name.span,
            format!("used {place}"),
        );
        for label in problem.labels.iter().take(1) {
            finding = finding.label(label.span, label.text.clone());
        }
        finding.help("use it only on events that have all it needs, or write what is meant here instead")
    }

    fn not_a_value(&mut self, name: &Name, value: ValueRef) -> Expr {
        let help = match value {
            ValueRef::List(_) => format!("ask `x in {}`", name.text),
            ValueRef::Table(_) => format!("look a key up: `{}[key]`", name.text),
            ValueRef::Phrases(_) => format!("ask `text mentions {}`", name.text),
            ValueRef::Calendar(_) => format!("ask `at during {}`", name.text),
            ValueRef::Definition(_) => String::new(),
        };
        self.fail(
            Diagnostic::new(
                &codes::WRONG_KIND,
                format!("`{}` is {}, not a value", name.text, value.kind()),
                name.span,
                "needs a value here",
            )
            .help(help),
        )
    }

    /// Everything that could stand where a value does.
    fn names_in_sight(&self, scope: &Scope) -> Vec<String> {
        let mut names = self.fields_in_sight(scope.event);
        for element in &scope.elements {
            if let Type::Record(record) = &element.base {
                names.extend(record.fields.iter().map(|f| f.name.to_string()));
            }
        }
        names.extend(scope.locals.keys().cloned());
        let values = self.names.values.iter();
        names.extend(
            values
                .filter(|(_, what)| matches!(what, ValueRef::Definition(_)))
                .map(|(name, _)| name.to_string()),
        );
        names
    }

    fn unknown(&mut self, name: &Name, scope: &Scope, beside: Option<&Type>) -> Expr {
        if self.names.broken.contains(&name.text) {
            return error(name.span);
        }
        let on = scope.event.map(|e| self.shapes[e.index()].name.clone());
        let message = match (beside.filter(|ty| has_words(ty)), &on) {
            (Some(Type::Enum(values)), _) => {
                let ty = Type::Enum(values.clone());
                format!("`{}` is neither a value of {} nor a name", name.text, errors::a(&ty))
            }
            (Some(ty), _) => format!("`{}` is neither {} nor a name", name.text, errors::a(ty)),
            (None, Some(event)) => format!("`{}` is not a field of `{event}` and not declared", name.text),
            (None, None) => format!("`{}` is not declared", name.text),
        };
        let near = match beside.filter(|ty| has_words(ty)) {
            Some(ty) => self.nearest_word(&name.text, ty, &self.names_in_sight(scope)),
            None => self.elsewhere(name, scope).or_else(|| {
                let names = self.names_in_sight(scope);
                did_you_mean(&name.text, names.iter().map(String::as_str))
            }),
        };
        let help = habits::name(&name.text).or(near).or_else(|| match (beside, &on) {
            (Some(ty), _) if types::is_text_like(ty) => {
                Some(format!("a text or an id is written in quotes: \"{}\"", name.text))
            }
            (_, Some(event)) => Some(format!("declare it as a field of `{event}`, or put a text in quotes")),
            (_, None) => None,
        });
        self.fail(unknown_name(message, name.span, "unknown here").help_opt(help))
    }

    /// Where else the name is something.
    fn elsewhere(&self, name: &Name, scope: &Scope) -> Option<String> {
        if self.names.events.get(&name.text).is_some() {
            return Some(format!(
                "`{0}` is an event: past ones are counted with `count({0}) by … over …`",
                name.text
            ));
        }
        let others: Vec<&str> = self
            .shapes
            .iter()
            .filter(|s| Some(s.id) != scope.event && s.id != self.hit() && s.field(&name.text).is_some())
            .map(|s| &*s.name)
            .collect();
        let of = errors::quoted(&others);
        let counted = if scope.in_aggregate { "; an aggregate sees only the counted event" } else { "" };
        (!others.is_empty()).then(|| format!("it is a field of {of}{counted}"))
    }

    pub(super) fn member(&mut self, base: &ast::Expr, field: &Name, span: Span, scope: &Scope) -> Expr {
        if let Ast::Name(event) = &bare(base).kind
            && self.sight(&event.text, scope).is_none()
            && self.find_events(&event.text).is_some()
        {
            return self.event_member(event, field, span, scope);
        }
        let whole = self.infer(base, scope, None);
        if whole.is_error() {
            return error(span);
        }
        match &whole.ty.base {
            Type::Record(record) => {
                match record.fields.iter().position(|f| f.name == field.text.as_str().into()) {
                    Some(index) => member_of(whole, index, span),
                    None => {
                        let names: Vec<&str> = record.fields.iter().map(|f| &*f.name).collect();
                        let finding = errors::unknown(field, "a field of this record", names);
                        self.fail(finding)
                    }
                }
            }
            other => {
                let finding = errors::mismatch(
                    format!("{} has no fields", errors::a(other)),
                    field.span,
                    format!("`{}` can't be read from it", field.text),
                );
                let help = self.member_help(base, field, other, scope);
                self.fail(finding.help_opt(help))
            }
        }
    }

    fn member_help(&self, base: &ast::Expr, field: &Name, ty: &Type, scope: &Scope) -> Option<String> {
        let Ast::Name(name) = &bare(base).kind else { return None };
        let own = scope.event.is_some_and(|e| self.shapes[e.index()].field(&field.text).is_some());
        if let (Type::Entity(_), false) = (ty, own) {
            return Some(format!(
                "what is known of it is asked of the past: `count(EVENT) by {} ever before this`",
                name.text
            ));
        }
        let element = scope.elements.last().map(|e| &e.base);
        if let (Type::List(inner), Some(Type::Record(record))) = (ty, element)
            && inner.base == Type::Record(record.clone())
        {
            return Some(format!("the fields of an element stand alone here: write `{}`", field.text));
        }
        if matches!(ty, Type::List(_)) {
            return Some(format!(
                "ask all of them: `any({0} where {1} == …)`, `sum({0}.{1})`, `distinct({0}.{1})`",
                name.text, field.text
            ));
        }
        own.then(|| format!("`{0}` is a field of the event itself: write `{0}`", field.text))
    }

    /// `order.amount` outside an aggregate.
    fn event_member(&mut self, event: &Name, field: &Name, span: Span, scope: &Scope) -> Expr {
        let here: Option<EventId> = scope.event;
        let current = here.is_some_and(|e| *self.shapes[e.index()].name == event.text);
        let help = if current {
            format!("fields of the event itself stand alone: write `{}`", field.text)
        } else {
            format!(
                "past events are asked with an aggregate: `last({}.{}) by … ever before this`",
                event.text, field.text
            )
        };
        self.fail(
            Diagnostic::new(
                &codes::WRONG_KIND,
                format!("`{}` is an event, not a value", event.text),
                span,
                "an event's field can't be read like this here",
            )
            .help(help),
        )
    }

    /// The type a name would have, without reporting anything.
    pub(super) fn type_of_name(&mut self, name: &Name, scope: &Scope) -> Option<Type> {
        self.sight(&name.text, scope)?;
        let (found, _) = self.aside(|c| c.name(name, scope, None));
        (!found.is_error()).then_some(found.ty.base)
    }
}

/// A field of a record, missing if the record is.
pub(super) fn member_of(whole: Expr, index: usize, span: Span) -> Expr {
    let Type::Record(record) = &whole.ty.base else { return error(span) };
    let Some(field) = record.fields.get(index) else { return error(span) };
    let ty = Ty { base: field.ty.base.clone(), optional: field.ty.optional || whole.ty.optional };
    Expr::new(ExprKind::Member(Box::new(whole), index), ty, span)
}

/// Whether a question to memory is anywhere below.
pub(in crate::sema) fn asks_memory(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |e| found |= matches!(e.kind, ExprKind::Aggregate(_) | ExprKind::Sequence(_)));
    found
}
