//! Tables and calendars.

use super::{bare, bool_of, error};
use crate::diag::{Diagnostic, codes};
use crate::model::types::{Ty, Type};
use crate::sema::declare::ValueRef;
use crate::sema::hir::{Expr, ExprKind};
use crate::sema::scope::Scope;
use crate::sema::{Checker, errors, types};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind as Ast, Name};

impl<'a> Checker<'a> {
    /// `table[key]`: missing where the table has no such row.
    pub(super) fn lookup(&mut self, base: &ast::Expr, keys: &[ast::Expr], span: Span, scope: &Scope) -> Expr {
        let Ast::Name(name) = &bare(base).kind else {
            return self.no_table(base.span, "only a table is looked up with brackets");
        };
        let id = match self.names.values.get(&name.text) {
            Some(ValueRef::Table(id)) => id,
            Some(ValueRef::Calendar(_)) => {
                return self.no_table(name.span, "a calendar is asked with `at during NAME[key]`");
            }
            Some(_) => return self.no_table(name.span, "only a table is looked up with brackets"),
            None if self.names.broken.contains(&name.text) => return error(span),
            None if self.sight(&name.text, scope).is_some() => {
                return self.no_table(name.span, "a field has no rows; ask a list with `any(… where …)`");
            }
            None => {
                let known: Vec<String> = self.tables.iter().map(|t| t.name.clone()).collect();
                let finding = errors::unknown(name, "a table", known.iter().map(String::as_str));
                return self.fail(finding);
            }
        };
        if scope.event.is_some_and(|e| self.shapes[e.index()].field(&name.text).is_some())
            && self.refuse_ambiguous(name, scope)
        {
            return error(span);
        }
        let Some(table) = self.tables.get(id.index()).cloned() else { return error(span) };
        let Some(keys) = self.keys_of(name, keys, (&table.keys, false), table.span, span, scope) else {
            return error(span);
        };
        Expr::new(ExprKind::Lookup(id, keys), Ty { base: table.value, optional: true }, span)
    }

    fn no_table(&mut self, span: Span, help: &str) -> Expr {
        self.fail(
            Diagnostic::new(&codes::WRONG_KIND, "this is no table", span, "can't be looked up").help(help),
        )
    }

    /// The keys of a table or calendar, each of its type; `untyped`: its texts stand for whatever is a text.
    fn keys_of(
        &mut self,
        name: &Name,
        written: &[ast::Expr],
        (wanted, untyped): (&[Type], bool),
        declared: Span,
        span: Span,
        scope: &Scope,
    ) -> Option<Vec<Expr>> {
        if self.names.broken.contains(&name.text) {
            return None;
        }
        if written.len() != wanted.len() {
            let types: Vec<String> = wanted.iter().map(|t| t.to_string()).collect();
            self.report(
                Diagnostic::new(
                    &codes::WRONG_ARGUMENTS,
                    format!("`{}` takes {}, found {}", name.text, count(wanted.len(), "key"), written.len()),
                    span,
                    "the number of keys differs",
                )
                .label(declared, "declared here")
                .help(if types.is_empty() {
                    format!("write `{}` without brackets", name.text)
                } else {
                    format!("its keys: {}", errors::quoted(&types))
                }),
            );
            return None;
        }
        let mut keys = Vec::new();
        for (key, ty) in written.iter().zip(wanted) {
            let found = self.infer(key, scope, Some(if *ty == Type::Cidr { &Type::Ip } else { ty }));
            let accepted = match (&found.ty.base, ty) {
                (Type::Ip, Type::Cidr) => Ok(found),
                (a, Type::Text) if untyped && types::is_text_like(a) => Ok(found),
                _ => self.coerce(found, ty),
            };
            match accepted {
                Ok(found) => keys.push(found),
                Err(other) => {
                    let finding = errors::mismatch(
                        format!(
                            "a key of `{}` must be `{ty}`, found {}",
                            name.text,
                            errors::a(&other.ty.base)
                        ),
                        key.span,
                        format!("this is {}", errors::a(&other.ty.base)),
                    )
                    .label(declared, "declared here");
                    self.report(finding);
                    keys.push(error(key.span));
                }
            }
        }
        keys.iter().all(|k| !k.is_error()).then_some(keys)
    }

    /// `at during promotions[product]`
    pub(super) fn during(
        &mut self,
        value: &ast::Expr,
        calendar: &Name,
        keys: &[ast::Expr],
        span: Span,
        scope: &Scope,
    ) -> Expr {
        let value = self.infer_as(value, &Type::Time, "what stands before `during`", scope);
        let id = match self.names.values.get(&calendar.text) {
            Some(ValueRef::Calendar(id)) => id,
            Some(other) => {
                return self.fail(
                    Diagnostic::new(
                        &codes::WRONG_KIND,
                        format!("`{}` is {}, not a calendar", calendar.text, other.kind()),
                        calendar.span,
                        "`during` needs a calendar",
                    )
                    .help("declare `calendar NAME from \"…\"`"),
                );
            }
            None if self.names.broken.contains(&calendar.text) => return error(span),
            None => {
                let known: Vec<String> = self.calendars.iter().map(|c| c.name.clone()).collect();
                let finding = errors::unknown(calendar, "a calendar", known.iter().map(String::as_str));
                return self.fail(finding);
            }
        };
        let Some(declared) = self.calendars.get(id.index()).cloned() else { return error(span) };
        let Some(keys) = self.keys_of(calendar, keys, (&declared.keys, true), declared.span, span, scope)
        else {
            return error(span);
        };
        if value.is_error() {
            return error(span);
        }
        let optional = value.ty.optional || keys.iter().any(|k| k.ty.optional);
        bool_of(ExprKind::During(Box::new(value), id, keys), optional, span)
    }
}

/// "1 key", "2 keys".
pub(super) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
