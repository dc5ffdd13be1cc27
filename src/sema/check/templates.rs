//! Texts: `because` for reviewers, `tell` for customers.

use crate::diag::{Diagnostic, codes};
use crate::model::types::Type;
use crate::sema::hir::{self, Body, Expr, ExprKind};
use crate::sema::scope::Scope;
use crate::sema::{Checker, errors, types};
use crate::source::Span;
use crate::syntax::ast::{self, Name, TemplatePart};

impl<'a> Checker<'a> {
    /// A text for reviewers: anything but what is sensitive.
    pub(super) fn reason(&mut self, template: &ast::Template, scope: &Scope) -> hir::Template {
        self.template(template, scope, false)
    }

    fn template(&mut self, template: &ast::Template, scope: &Scope, public: bool) -> hir::Template {
        let mut parts = Vec::new();
        for part in &template.parts {
            match part {
                TemplatePart::Text(text) => parts.push(hir::TemplatePart::Text(text.clone())),
                TemplatePart::Value { value, percent, span } => {
                    let found = self.infer(value, scope, None);
                    self.shown(&found, *percent, public, value.span, *span, scope);
                    parts.push(hir::TemplatePart::Value { value: found, percent: *percent });
                }
            }
        }
        hir::Template { parts }
    }

    fn shown(&mut self, value: &Expr, percent: bool, public: bool, span: Span, part: Span, scope: &Scope) {
        if value.is_error() {
            return;
        }
        let written = self.sources.slice(span).to_string();
        if percent && !matches!(value.ty.base, Type::Decimal | Type::Int | Type::Float) {
            let finding = errors::expected("a number to show as a percentage", &value.ty.base, span);
            self.report(finding.help(format!("write `{{{written}}}`")));
        }
        let list_of_scalars = matches!(&value.ty.base, Type::List(e) if types::is_scalar(&e.base));
        if !types::is_scalar(&value.ty.base) && !list_of_scalars {
            let finding = errors::expected("a value that can be shown", &value.ty.base, span);
            self.report(finding.help("name one of its fields"));
            return;
        }
        let Some(event) = scope.event else { return };
        let shape = self.shape(event);
        if hir::shows_sensitive(&shape, &self.kept(), value, &mut Vec::new()) {
            self.report(
                Diagnostic::new(
                    &codes::SENSITIVE_TEXT,
                    format!("`{written}` is sensitive and may not be printed"),
                    part,
                    "would stand in the text",
                )
                .help("leave it out of the text; its short hash is in the decision where `about` names it"),
            );
        } else if public && !is_public(value, &shape) {
            self.report(
                Diagnostic::new(
                    &codes::NOT_PUBLIC,
                    format!("`{written}` is not `public`, so the customer may not be told"),
                    part,
                    "would be shown to the customer",
                )
                .help(format!(
                    "mark the field `public` in `event {}`, or leave it out of `tell`",
                    shape.name
                )),
            );
        }
    }

    pub(super) fn tell(&mut self, all: &[(Name, ast::Template)], scope: &Scope, body: &mut Body) {
        for (language, template) in all {
            let text = self.template(template, scope, true);
            if body.tell.iter().any(|(known, _)| *known == language.text) {
                self.report(
                    Diagnostic::new(
                        &codes::DUPLICATE_CLAUSE,
                        format!("there are two texts to tell in `{}`", language.text),
                        language.span,
                        "again here",
                    )
                    .help("keep one text per language"),
                );
                continue;
            }
            body.tell.push((language.text.clone(), text));
        }
    }
}

/// A constant, or a public field as it came.
fn is_public(value: &Expr, shape: &crate::model::schema::EventSchema) -> bool {
    match &value.unaliased().kind {
        ExprKind::Const(_) => true,
        ExprKind::Field(field) => shape.fields.get(field.index()).is_some_and(|f| f.public),
        ExprKind::Member(whole, _) => is_public(whole, shape),
        _ => false,
    }
}
