//! Keys of aggregates: evaluated on the current event and on each counted one.

use super::bare;
use crate::diag::{Diagnostic, codes};
use crate::model::ids::{EventId, FieldId};
use crate::model::types::Type;
use crate::sema::hir::Expr;
use crate::sema::scope::Scope;
use crate::sema::{Checker, errors, types};
use crate::syntax::ast::{self, ExprKind as Ast, Key};

impl<'a> Checker<'a> {
    pub(in crate::sema) fn key_here(&mut self, key: &Key, scope: &Scope) -> Expr {
        let found = self.key(&key.here, &scope.as_key(), None, false);
        self.fit_key(found)
    }

    /// A key of the event itself, for what needs no other one.
    pub(in crate::sema) fn key_of_current(&mut self, key: &ast::Expr, scope: &Scope) -> Expr {
        let found = self.key(key, &scope.as_key(), None, false);
        self.fit_key(found)
    }

    pub(in crate::sema) fn key_there(&mut self, key: &Key, here: &Expr, event: EventId) -> Expr {
        let scope = Scope::counted(event, &self.locals);
        let found = match &key.there {
            Some(there) => self.key(there, &scope, None, true),
            None => {
                let beside = (!here.is_error()).then(|| here.ty.base.clone());
                self.key(&key.here, &scope, beside.as_ref(), true)
            }
        };
        let found = self.fit_key(found);
        if found.is_error() || here.is_error() || found.ty.base == here.ty.base {
            return found;
        }
        let name = self.shapes[event.index()].name.clone();
        let written = self.sources.slice(key.here.span).to_string();
        self.fail(
            Diagnostic::new(
                &codes::UNCLEAR_KEY,
                format!(
                    "the key is {} here but {} on `{name}`",
                    errors::a(&here.ty.base),
                    errors::a(&found.ty.base)
                ),
                key.span,
                "never equal, since the types differ",
            )
            .help(format!("say which field of `{name}` it is: `by {written} = FIELD`")),
        )
    }

    pub(super) fn fit_key(&mut self, key: Expr) -> Expr {
        if key.is_error() || types::is_key(&key.ty.base) {
            return key;
        }
        let finding = errors::expected("a key (a text, a number, an entity …)", &key.ty.base, key.span);
        self.fail(finding)
    }

    /// A key on one event: a name is the field of that name, else the only field of that entity.
    pub(super) fn key(
        &mut self,
        expr: &ast::Expr,
        scope: &Scope,
        other: Option<&Type>,
        counted: bool,
    ) -> Expr {
        let name = match &bare(expr).kind {
            Ast::Name(name) if self.sight(&name.text, scope).is_none() => name,
            _ => return self.infer(expr, scope, None),
        };
        let entity = self.names.entities.get(&name.text).or_else(|| other.and_then(|ty| self.entity_of(ty)));
        let (Some(entity), Some(event)) = (entity, scope.event) else {
            return self.infer(expr, scope, None);
        };
        let shape = self.shape(event);
        let holders: Vec<FieldId> = (0..shape.fields.len())
            .map(FieldId::new)
            .filter(|f| self.entity_of(&shape.fields[f.index()].ty.base) == Some(entity))
            .collect();
        if let [only] = holders.as_slice() {
            return self.field(*only, expr.span, scope);
        }
        let names: Vec<String> = holders.iter().map(|f| shape.fields[f.index()].name.to_string()).collect();
        let of = &self.entities[entity.index()].name;
        let (why, example) = match names.first() {
            None => (format!("it has no field of the entity `{of}`"), "FIELD".to_string()),
            Some(first) => (
                format!("several of its fields are of the entity `{of}`: {}", errors::quoted(&names)),
                first.clone(),
            ),
        };
        let help = match counted {
            true => format!("say which one: `by {} = {example}`", name.text),
            false => format!("say which one: `by {example} = …`, the field here and the field there"),
        };
        self.fail(
            Diagnostic::new(
                &codes::UNCLEAR_KEY,
                format!("it isn't clear what `{}` is on `{}`: {why}", name.text, shape.name),
                expr.span,
                format!("no field `{}` on `{}`", name.text, shape.name),
            )
            .help(help),
        )
    }
}
