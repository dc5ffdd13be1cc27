//! Tables and calendars that an event fills.

use std::sync::Arc;

use super::hir::Feed;
use super::{Checker, errors, types};
use crate::diag::{Diagnostic, codes};
use crate::model::ids::FieldId;
use crate::model::schema::EventSchema;
use crate::model::types::{RecordField, RecordType, Type};
use crate::source::Span;
use crate::syntax::ast::{self, Name, TypeExpr, TypeKind};

impl<'a> Checker<'a> {
    /// A table that an event fills: a row holds per field the last value told.
    pub(super) fn told_by(
        &mut self,
        table: &ast::Table,
        keys: &[Type],
        event: &Name,
    ) -> (Type, Option<Feed>) {
        let empty = Type::Record(Arc::new(RecordType { fields: Vec::new() }));
        let Some(shape) = self.filling_event(event, "a table") else { return (empty, None) };
        let field = |f: &crate::model::schema::FieldSchema| RecordField {
            name: f.name.clone(),
            ty: f.ty.as_optional(),
        };
        let fields = shape.own_fields().iter().map(field).collect();
        let mut found: Vec<FieldId> = Vec::new();
        for (written, ty) in table.keys.iter().zip(keys) {
            let key = self.key_field(written, ty, &shape);
            found.extend(key.filter(|field| self.is_new_key(*field, &found, written.span, &shape)));
        }
        let feed = (found.len() == keys.len()).then(|| Feed {
            event: shape.id,
            keys: found,
            fields: (EventSchema::BUILT_IN..shape.fields.len()).map(FieldId::new).collect(),
        });
        (Type::Record(Arc::new(RecordType { fields })), feed)
    }

    /// A calendar whose rows are events with `from` and `until`: the types of its keys, and who fills it.
    pub(super) fn calendar_of(
        &mut self,
        calendar: &ast::Calendar,
        event: &Name,
    ) -> (Vec<Type>, Option<Feed>) {
        let Some(shape) = self.filling_event(event, "a calendar") else { return (Vec::new(), None) };
        let mut bounds = Vec::new();
        for bound in ["from", "until"] {
            match shape.field(bound).filter(|(_, f)| f.ty.base == Type::Time) {
                Some((id, _)) => bounds.push(id),
                None => self.report(
                    Diagnostic::new(
                        &codes::BAD_EVENT,
                        format!("a calendar needs `from` and `until` of `{}`", shape.name),
                        event.span,
                        format!("`{bound}` is not a time of this event"),
                    )
                    .help(format!("declare `{bound}: time` in `event {}`", shape.name)),
                ),
            }
        }
        let (mut keys, mut found) = (Vec::new(), Vec::new());
        for name in &calendar.keys {
            let Some((id, field)) = shape.field(&name.text) else {
                let known: Vec<&str> = shape.fields.iter().map(|f| &*f.name).collect();
                self.report(errors::unknown(name, &format!("a field of `{}`", shape.name), known));
                continue;
            };
            let ty = field.ty.base.clone();
            if !types::is_key(&ty) {
                self.report(
                    Diagnostic::new(
                        &codes::BAD_TYPE,
                        format!("a key of a calendar can't be of type `{ty}`"),
                        name.span,
                        "not a type whose values are told apart",
                    )
                    .help("use a text, a number, an entity, a country, an address …"),
                );
            }
            self.no_network(&ty, name.span);
            if self.is_new_key(id, &found, name.span, &shape) {
                found.push(id);
            }
            keys.push(ty);
        }
        let whole = found.len() == calendar.keys.len() && bounds.len() == 2;
        (keys, whole.then(|| Feed { event: shape.id, keys: found, fields: bounds }))
    }

    fn filling_event(&mut self, name: &Name, what: &str) -> Option<Arc<EventSchema>> {
        let why = format!("{what} is filled by one event");
        self.single_event(name, &why, "name one declared event").map(|event| self.shape(event))
    }

    /// The field that a key of a table is: the one of the type's name, else the only one of that type.
    fn key_field(&mut self, written: &TypeExpr, ty: &Type, shape: &EventSchema) -> Option<FieldId> {
        if self.no_network(ty, written.span) {
            return None;
        }
        let named = match &written.kind {
            TypeKind::Name(name) => shape.field(&name.text).filter(|(_, f)| f.ty.base == *ty),
            _ => None,
        };
        if let Some((id, _)) = named {
            return Some(id);
        }
        let all = (EventSchema::BUILT_IN..shape.fields.len()).map(FieldId::new);
        let holders: Vec<FieldId> = all.filter(|f| shape.fields[f.index()].ty.base == *ty).collect();
        if let [only] = holders.as_slice() {
            return Some(*only);
        }
        let names: Vec<&str> = holders.iter().map(|f| &*shape.fields[f.index()].name).collect();
        let why = match names.is_empty() {
            true => format!("no field is of type `{ty}`"),
            false => format!("several fields are of type `{ty}`: {}", errors::quoted(&names)),
        };
        self.report(
            Diagnostic::new(
                &codes::UNCLEAR_KEY,
                format!("it isn't clear which field of `{}` is this key: {why}", shape.name),
                written.span,
                format!("no single field of `{}`", shape.name),
            )
            .help("the key is the field that has the name of this type, or else the only one of this type"),
        );
        None
    }

    fn is_new_key(&mut self, field: FieldId, known: &[FieldId], span: Span, shape: &EventSchema) -> bool {
        if !known.contains(&field) {
            return true;
        }
        let name = shape.fields.get(field.index()).map_or("", |f| &*f.name);
        self.report(
            Diagnostic::new(
                &codes::UNCLEAR_KEY,
                format!("`{name}` of `{}` would be two keys", shape.name),
                span,
                "the same field again",
            )
            .help("leave one of the two out"),
        );
        false
    }

    /// Rows are found by equal keys, and an address equals no network.
    fn no_network(&mut self, ty: &Type, span: Span) -> bool {
        let network = *ty.representation() == Type::Cidr;
        if network {
            self.report(
                Diagnostic::new(
                    &codes::BAD_TYPE,
                    "a network can't be a key of what an event fills",
                    span,
                    "rows are found by equal keys",
                )
                .help("use an `ip`, or a table or list from a file"),
            );
        }
        network
    }
}
