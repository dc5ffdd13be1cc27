//! Texts: `contains`, `starts with`, `matches`, `mentions`; and labels.

use std::sync::Arc;

use super::{bool_of, error};
use crate::diag::{Diagnostic, codes};
use crate::model::ops::TextTest;
use crate::model::types::Type;
use crate::sema::declare::ValueRef;
use crate::sema::hir::{self, Expr, ExprKind};
use crate::sema::infer::bare;
use crate::sema::infer::names::Sight;
use crate::sema::scope::Scope;
use crate::sema::{Checker, errors, limits, types};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, ExprKind as Ast, Name};

impl<'a> Checker<'a> {
    /// `contains`, `starts with`, `ends with`.
    pub(super) fn text_test(
        &mut self,
        op: BinaryOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope,
    ) -> Expr {
        let (test, word) = match op {
            BinaryOp::StartsWith => (TextTest::StartsWith, "starts with"),
            BinaryOp::EndsWith => (TextTest::EndsWith, "ends with"),
            _ => (TextTest::Contains, "contains"),
        };
        if let Ast::Name(name) = &bare(left).kind
            && let Some(Sight::Value(ValueRef::List(_))) = self.sight(&name.text, scope)
        {
            let value = self.sources.slice(right.span).to_string();
            return self.fail(
                Diagnostic::new(
                    &codes::WRONG_KIND,
                    format!("`{}` is a list, not a value", name.text),
                    name.span,
                    "needs a text or a list of the event",
                )
                .help(format!("write `{value} in {}`", name.text)),
            );
        }
        let whole = self.infer(left, scope, None);
        if test == TextTest::Contains
            && let Type::List(element) = &whole.ty.base
        {
            let beside = element.base.clone();
            let value = self.infer(right, scope, Some(&beside));
            if let Type::Record(record) = &beside
                && !value.is_error()
            {
                let fields = record.fields.iter();
                let field = fields.clone().find(|f| f.ty.base == value.ty.base).or(fields.clone().next());
                let (list, text) = (self.sources.slice(left.span), self.sources.slice(right.span));
                let field = field.map_or("field".into(), |f| f.name.to_string());
                let help = format!("ask the fields of its elements: `any({list} where {field} == {text})`");
                return self.fail(
                    errors::mismatch(
                        "the elements of this list are records",
                        left.span,
                        "a record isn't compared as a whole",
                    )
                    .help(help),
                );
            }
            return self.in_elements(value, whole, span);
        }
        let piece = self.infer(right, scope, Some(&Type::Text));
        let whole = self.text_operand(whole, &format!("before `{word}`"));
        let piece = self.text_operand(piece, &format!("after `{word}`"));
        if whole.is_error() || piece.is_error() {
            return error(span);
        }
        let optional = whole.ty.optional || piece.ty.optional;
        bool_of(ExprKind::TextTest(test, Box::new(whole), Box::new(piece)), optional, span)
    }

    fn text_operand(&mut self, value: Expr, place: &str) -> Expr {
        if value.is_error() || types::is_text_like(&value.ty.base) {
            return value;
        }
        let finding = errors::expected(&format!("a text {place}"), &value.ty.base, value.span);
        self.fail(finding)
    }

    pub(super) fn matches(
        &mut self,
        value: &ast::Expr,
        regex: &ast::Regex,
        span: Span,
        scope: &Scope,
    ) -> Expr {
        let value = self.infer(value, scope, None);
        let value = self.text_operand(value, "before `matches`");
        let compiled = regex::RegexBuilder::new(&regex.pattern)
            .case_insensitive(regex.ignore_case)
            .size_limit(limits::REGEX_BYTES)
            .dfa_size_limit(limits::REGEX_BYTES)
            .build();
        let compiled = match compiled {
            Ok(compiled) => compiled,
            Err(problem) => return self.fail(bad_regex(regex, &problem)),
        };
        if value.is_error() {
            return error(span);
        }
        let pattern = hir::Regex { pattern: regex.pattern.clone(), ignore_case: regex.ignore_case, compiled };
        let optional = value.ty.optional;
        bool_of(ExprKind::Matches(Box::new(value), Arc::new(pattern)), optional, span)
    }

    pub(super) fn mentions(&mut self, value: &ast::Expr, phrases: &Name, span: Span, scope: &Scope) -> Expr {
        let value = self.infer(value, scope, None);
        let value = self.text_operand(value, "before `mentions`");
        let id = match self.names.values.get(&phrases.text) {
            Some(ValueRef::Phrases(id)) => id,
            Some(other) => {
                return self.fail(
                    Diagnostic::new(
                        &codes::WRONG_KIND,
                        format!("`{}` is {}, not a phrase list", phrases.text, other.kind()),
                        phrases.span,
                        "`mentions` needs phrases",
                    )
                    .help("declare `phrases NAME from \"…\"`, or use `in` for a list"),
                );
            }
            None if self.names.broken.contains(&phrases.text) => return error(span),
            None => {
                let known: Vec<String> = self.phrases.iter().map(|p| p.name.clone()).collect();
                let finding = errors::unknown(phrases, "a phrase list", known.iter().map(String::as_str));
                return self.fail(finding);
            }
        };
        if value.is_error() {
            return error(span);
        }
        let optional = value.ty.optional;
        bool_of(ExprKind::Mentions(Box::new(value), id), optional, span)
    }

    /// `X has label L`: X must be of the entity that L is put on.
    pub(super) fn has_label(&mut self, value: &ast::Expr, label: &Name, span: Span, scope: &Scope) -> Expr {
        let value = self.infer(value, scope, None);
        let known = self.known_label(label);
        if let Some(id) = known
            && !value.is_error()
        {
            let (wanted, declared) = (self.label_entity(id), self.names.labels.span(&label.text));
            if let Some(wanted) = wanted
                && self.entity_of(&value.ty.base) != Some(wanted)
            {
                let name = self.entities[wanted.index()].name.clone();
                let finding = errors::mismatch(
                    format!(
                        "the label `{}` is put on `{name}`, not on {}",
                        label.text,
                        errors::a(&value.ty.base)
                    ),
                    value.span,
                    format!("this is {}", errors::a(&value.ty.base)),
                );
                return self.fail(match declared {
                    Some(declared) => finding.label(declared, format!("a label on `{name}`")),
                    None => finding,
                });
            }
            let optional = value.ty.optional;
            return bool_of(ExprKind::HasLabel(Box::new(value), id), optional, span);
        }
        error(span)
    }
}

fn bad_regex(regex: &ast::Regex, problem: &regex::Error) -> Diagnostic {
    let (message, help) = match problem {
        regex::Error::CompiledTooBig(_) => (
            "this pattern is too large".to_string(),
            "make it shorter, or lower its repetition counts".to_string(),
        ),
        other => {
            let text = other.to_string();
            let reason = text.lines().last().unwrap_or("").trim_start_matches("error: ").to_string();
            let help = if reason.contains("look-around") || reason.contains("backreferences") {
                "patterns run in linear time, so there is no look-around and no backreference; \
                 use two conditions with `and` or `not`"
            } else {
                "a character with a special meaning stands for itself after a backslash: `\\.`"
            };
            (format!("this pattern can't be read: {reason}"), help.to_string())
        }
    };
    Diagnostic::new(&codes::BAD_REGEX, message, regex.span, "in this pattern").help(help)
}
