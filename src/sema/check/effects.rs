//! Effects, and what a rule is about.

use crate::diag::{Diagnostic, codes};
use crate::model::ids::{ActionId, EntityId, FieldId, LabelId};
use crate::sema::hir::{self, Body, Expr};
use crate::sema::scope::Scope;
use crate::sema::{Checker, errors};
use crate::source::Span;
use crate::syntax::ast::{self, EffectKind, ExprKind, Key, Name};

impl<'a> Checker<'a> {
    pub(super) fn about(&mut self, keys: &[Key], scope: &Scope, body: &mut Body) {
        for key in keys {
            let Some((entity, value)) = self.subject_entity(key, scope) else { continue };
            let name = self.entities[entity.index()].name.to_string();
            if body.about.iter().any(|(known, _)| *known == name) {
                self.report(
                    Diagnostic::new(
                        &codes::DUPLICATE_CLAUSE,
                        format!("the rule is about `{name}` twice"),
                        key.span,
                        "again here",
                    )
                    .help("name each entity once"),
                );
                continue;
            }
            body.about.push((name, value));
        }
    }

    /// `buyer`, `buyer = seller_buyer`: the entity and the field that holds it. `None` if it was reported.
    fn subject_entity(&mut self, key: &Key, scope: &Scope) -> Option<(EntityId, Expr)> {
        let ExprKind::Name(name) = &key.here.kind else {
            if !matches!(key.here.kind, ExprKind::Error) {
                self.report(
                    Diagnostic::new(
                        &codes::WRONG_KIND,
                        "this must be an entity",
                        key.here.span,
                        "not a name",
                    )
                    .help("write `about ENTITY`, or `about ENTITY = FIELD`"),
                );
            }
            return None;
        };
        let event = scope.event?;
        let shape = self.shape(event);
        let Some(entity) = self.names.entities.get(&name.text) else {
            // The name of a field stands for its entity.
            let field = shape.field(&name.text).map(|(id, f)| (id, self.entity_of(&f.ty.base)));
            if let (Some((field, Some(entity))), None) = (field, &key.there) {
                return Some((entity, self.field(field, key.here.span, scope)));
            }
            if !self.names.broken.contains(&name.text) {
                let finding = errors::unknown(name, "an entity", self.names.entities.keys());
                self.report(finding);
            }
            return None;
        };
        if let Some(there) = &key.there {
            let value = self.infer_as(there, &self.entity_type(entity), "the subject", scope);
            return (!value.is_error()).then_some((entity, value));
        }
        let holders: Vec<FieldId> = (0..shape.fields.len())
            .map(FieldId::new)
            .filter(|f| self.entity_of(&shape.fields[f.index()].ty.base) == Some(entity))
            .collect();
        let named = holders.iter().find(|f| *shape.fields[f.index()].name == name.text);
        match (named, holders.as_slice()) {
            (Some(field), _) | (None, [field]) => Some((entity, self.field(*field, key.here.span, scope))),
            (None, []) => {
                self.report(
                    Diagnostic::new(
                        &codes::NO_SUCH_ENTITY,
                        format!("`{}` has no `{}`", shape.name, name.text),
                        key.span,
                        format!("no field of `{}` is of this entity", shape.name),
                    )
                    .help_opt(self.entities_of(&shape)),
                );
                None
            }
            (None, several) => {
                let names: Vec<String> =
                    several.iter().map(|f| shape.fields[f.index()].name.to_string()).collect();
                self.report(
                    Diagnostic::new(
                        &codes::NO_SUCH_ENTITY,
                        format!("`{}` has several fields of the entity `{}`", shape.name, name.text),
                        key.span,
                        format!("could be {}", errors::quoted(&names)),
                    )
                    .help(format!("say which one: `{} = {}`", name.text, names[0])),
                );
                None
            }
        }
    }

    fn entities_of(&self, shape: &crate::model::schema::EventSchema) -> Option<String> {
        let mut names: Vec<String> = shape
            .fields
            .iter()
            .filter_map(|f| self.entity_of(&f.ty.base))
            .map(|id| self.entities[id.index()].name.to_string())
            .collect();
        names.sort();
        names.dedup();
        (!names.is_empty()).then(|| format!("its entities: {}", errors::quoted(&names)))
    }

    pub(super) fn effect(&mut self, effect: &'a ast::Effect, span: Span, scope: &Scope, body: &mut Body) {
        let condition = effect.condition.as_ref().map(|c| self.condition(c, scope));
        let kind = match &effect.kind {
            EffectKind::Do { action, arguments } => self
                .action_call(action, arguments, span, scope)
                .map(|(action, arguments)| hir::EffectKind::Do { action, arguments }),
            EffectKind::Label { label, on, period } => {
                let period = period.as_ref().map(|p| self.positive_span(p, "the time after `for`"));
                let labelled = self.labelled(label, on, scope);
                match (labelled, period) {
                    (Some((label, on)), None) => Some(hir::EffectKind::Label { label, on, period: None }),
                    (Some((label, on)), Some(Some(period))) => {
                        Some(hir::EffectKind::Label { label, on, period: Some(period) })
                    }
                    _ => None,
                }
            }
            EffectKind::Unlabel { label, on } => {
                self.labelled(label, on, scope).map(|(label, on)| hir::EffectKind::Unlabel { label, on })
            }
            EffectKind::Mute { rule: muted, keys, period } => self.mute(muted, keys, period, span, scope),
        };
        body.effects.extend(kind.map(|kind| hir::Effect { kind, condition, span }));
    }

    /// A label, and the value of the event that it is put on. `None` if something was reported.
    fn labelled(&mut self, label: &Name, on: &Key, scope: &Scope) -> Option<(LabelId, Expr)> {
        let known = self.known_label(label);
        let subject = self.subject_entity(on, scope);
        let (id, (entity, value)) = (known?, subject?);
        if let Some(wanted) = self.label_entity(id)
            && wanted != entity
        {
            let (wanted, found) = (&self.entities[wanted.index()].name, &self.entities[entity.index()].name);
            let finding = errors::mismatch(
                format!("the label `{}` is put on `{wanted}`, not on `{found}`", label.text),
                on.span,
                format!("this is `{found}`"),
            )
            .help(format!("write `on {wanted}`"));
            self.report(finding);
            return None;
        }
        Some((id, value))
    }

    pub(super) fn once(&mut self, once: &ast::Once, scope: &Scope, body: &mut Body) {
        if self.few_keys(&once.keys).is_none() {
            return;
        }
        let keys: Vec<Expr> = once.keys.iter().map(|key| self.current_key(key, scope)).collect();
        let period = self.once_period(once);
        if keys.iter().all(|key| !key.is_error()) {
            body.once.get_or_insert(hir::Once { keys, period });
        }
    }

    /// `ACTION(args)`, each argument of its parameter's type. `None` if it was reported.
    fn action_call(
        &mut self,
        name: &Name,
        arguments: &[ast::Expr],
        span: Span,
        scope: &Scope,
    ) -> Option<(ActionId, Vec<Expr>)> {
        let id = self.action_named(name)?;
        let action = self.actions.get(id.index())?.clone();
        if arguments.len() != action.parameters.len() {
            self.report(wrong_count(&action, arguments.len(), span));
            return None;
        }
        let mut all = Vec::new();
        for (argument, (parameter, ty)) in arguments.iter().zip(&action.parameters) {
            all.push(self.infer_as(argument, ty, &format!("`{parameter}`"), scope));
        }
        Some((id, all))
    }

    pub(in crate::sema) fn action_named(&mut self, name: &Name) -> Option<ActionId> {
        let found = self.names.actions.get(&name.text);
        if found.is_none() && !self.names.broken.contains(&name.text) {
            let finding = errors::unknown(name, "an action", self.names.actions.keys());
            self.report(finding);
        }
        found
    }
}

/// The call differs from the declaration in the number of arguments.
pub(in crate::sema) fn wrong_count(action: &hir::Action, found: usize, span: Span) -> Diagnostic {
    let parameters: Vec<String> = action.parameters.iter().map(|(n, t)| format!("{n}: {t}")).collect();
    Diagnostic::new(
        &codes::WRONG_ARGUMENTS,
        format!("`{}` takes {} arguments, found {found}", action.name, action.parameters.len()),
        span,
        "the number of arguments differs",
    )
    .label(action.span, "declared here")
    .help(format!("write `do {}({})`", action.name, parameters.join(", ")))
}
