//! Written types to types, and entities.

use std::sync::Arc;

use super::declare::Items;
use super::{Checker, errors, header, limits};
use crate::diag::{Diagnostic, codes};
use crate::model::ids::EntityId;
use crate::model::types::{EntityType, EnumType, RecordField, RecordType, Ty, Type};
use crate::syntax::ast::{Name, TypeExpr, TypeKind};

const BUILT_IN: [(&str, Type); 14] = [
    ("bool", Type::Bool),
    ("int", Type::Int),
    ("decimal", Type::Decimal),
    ("float", Type::Float),
    ("text", Type::Text),
    ("time", Type::Time),
    ("duration", Type::Duration),
    ("money", Type::Money(None)),
    ("country", Type::Country),
    ("currency", Type::Currency),
    ("ip", Type::Ip),
    ("cidr", Type::Cidr),
    ("email", Type::Email),
    ("phone", Type::Phone),
];

pub fn built_in(name: &str) -> Option<Type> {
    BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, ty)| ty.clone())
}

/// May be compared for equality, kept, and used as a key.
pub fn is_scalar(ty: &Type) -> bool {
    !matches!(ty.representation(), Type::Record(_) | Type::List(_))
}

/// A scalar that tells one from another reliably: what keys, lists and `distinct` need.
pub fn is_key(ty: &Type) -> bool {
    is_scalar(ty) && !matches!(ty.representation(), Type::Float)
}

/// Text, or one of the types whose values are texts.
pub fn is_text_like(ty: &Type) -> bool {
    matches!(ty.representation(), Type::Text | Type::Email | Type::Phone)
}

impl<'a> Checker<'a> {
    pub(super) fn entities(&mut self, items: &Items<'a>) {
        for (i, entity) in items.entities.iter().enumerate() {
            let base = match &entity.base {
                None => Type::Text,
                Some(written) => self.entity_base(written).unwrap_or(Type::Text),
            };
            if let Some(own) = built_in(&entity.name.text)
                && (own != base || entity.base.is_none())
            {
                self.report(
                    Diagnostic::new(
                        &codes::BAD_TYPE,
                        format!("`{}` is a built-in type", entity.name.text),
                        entity.name.span,
                        "an entity of this name must have it as its base",
                    )
                    .help(format!("write `entity {0}: {0}`, or choose another name", entity.name.text)),
                );
            }
            self.entities.push(Arc::new(EntityType {
                id: EntityId::new(i),
                name: entity.name.text.as_str().into(),
                base,
            }));
        }
    }

    fn entity_base(&mut self, written: &TypeExpr) -> Option<Type> {
        let base = match &written.kind {
            TypeKind::Name(name) => built_in(&name.text),
            _ => None,
        };
        let fits = matches!(
            base,
            Some(Type::Text | Type::Int | Type::Ip | Type::Email | Type::Phone | Type::Country)
        );
        if fits && !written.optional {
            return base;
        }
        self.report(
            Diagnostic::new(
                &codes::BAD_TYPE,
                "an entity can't have this base",
                written.span,
                "not a type that identifies something",
            )
            .help(
                "the base of an entity is `text` (the default), `int`, `ip`, `email`, `phone` or `country`",
            ),
        );
        None
    }

    /// `None` if it was reported (or depends on something that was).
    pub(super) fn resolve_type(&mut self, written: &TypeExpr) -> Option<Ty> {
        self.resolve_nested(written, 0)
    }

    fn resolve_nested(&mut self, written: &TypeExpr, depth: usize) -> Option<Ty> {
        if depth > limits::TYPE_DEPTH {
            self.report(errors::too_large(
                format!("types nest at most {} deep", limits::TYPE_DEPTH),
                written.span,
                "nested too deep",
            ));
            return None;
        }
        let base = match &written.kind {
            TypeKind::Name(name) => self.named_type(name)?,
            TypeKind::Money(currency) => Type::Money(Some(header::currency(currency, &mut self.out)?)),
            TypeKind::Enum(values) => Type::Enum(Arc::new(self.enum_type(values, written)?)),
            TypeKind::Record(fields) => {
                let mut all: Vec<RecordField> = Vec::new();
                for (i, (name, ty)) in fields.iter().enumerate() {
                    let ty = self.resolve_nested(ty, depth + 1)?;
                    if let Some((first, _)) = fields[..i].iter().find(|(n, _)| n.text == name.text) {
                        self.report(errors::duplicate("the field", &name.text, name.span, first.span));
                        continue;
                    }
                    all.push(RecordField { name: name.text.as_str().into(), ty });
                }
                Type::Record(Arc::new(RecordType { fields: all }))
            }
            TypeKind::List(element) => Type::List(Arc::new(self.resolve_nested(element, depth + 1)?)),
        };
        Some(Ty { base, optional: written.optional })
    }

    pub(super) fn named_type(&mut self, name: &Name) -> Option<Type> {
        if let Some(ty) = built_in(&name.text) {
            return Some(ty);
        }
        if let Some(id) = self.names.entities.get(&name.text) {
            return Some(Type::Entity(self.entities[id.index()].clone()));
        }
        if !self.names.broken.contains(name.text.as_str()) {
            let known = BUILT_IN.iter().map(|(n, _)| *n).chain(self.names.entities.keys());
            let finding =
                errors::unknown(name, "a type", known)
                    .help_opt((!self.near_type(name)).then(|| {
                        format!("if it is something that rules follow, declare `entity {}`", name.text)
                    }))
                    .help_opt(type_habit(&name.text).map(|help| format!("write {help}")));
            self.report(finding);
        }
        None
    }

    fn near_type(&self, name: &Name) -> bool {
        let known = BUILT_IN.iter().map(|(n, _)| *n).chain(self.names.entities.keys());
        crate::diag::nearest(&name.text, known).is_some()
    }

    fn enum_type(&mut self, values: &[Name], written: &TypeExpr) -> Option<EnumType> {
        if values.len() > limits::ENUM_VALUES {
            self.report(errors::too_large("this enum has too many values", written.span, "more than 65535"));
            return None;
        }
        let mut first: std::collections::BTreeMap<&str, &Name> = Default::default();
        let mut all = Vec::new();
        for value in values {
            match first.get(value.text.as_str()) {
                Some(earlier) => {
                    self.out.push(errors::duplicate("the value", &value.text, value.span, earlier.span))
                }
                None => {
                    first.insert(&value.text, value);
                    all.push(value.text.as_str().into());
                }
            }
        }
        Some(EnumType { values: all })
    }

    /// The entity that a value of this type is: a nominal one, or a built-in type that was given the rights of one.
    pub(super) fn entity_of(&self, ty: &Type) -> Option<EntityId> {
        match ty {
            Type::Entity(entity) => Some(entity.id),
            other => self
                .entities
                .iter()
                .find(|e| &e.base == other && built_in(&e.name).as_ref() == Some(other))
                .map(|e| e.id),
        }
    }

    /// The type of a field that holds this entity.
    pub(super) fn entity_type(&self, id: EntityId) -> Type {
        let entity = &self.entities[id.index()];
        match built_in(&entity.name) {
            Some(own) => own,
            None => Type::Entity(entity.clone()),
        }
    }
}

/// What other tools call a type, and how it is written here.
fn type_habit(written: &str) -> Option<&'static str> {
    Some(match written.to_lowercase().as_str() {
        "string" | "str" | "varchar" | "char" | "uuid" => {
            "`text`; for an id declare an entity and use its name"
        }
        "number" | "numeric" | "real" | "double" => {
            "`int` for a whole number, `decimal` for one with a fraction, `money` for an amount"
        }
        "integer" | "long" | "bigint" | "int64" | "int32" | "short" => "`int`",
        "boolean" | "flag" => "`bool`",
        "date" | "datetime" | "timestamp" | "instant" => "`time`",
        "interval" | "timespan" => "`duration`",
        "list" | "array" | "set" | "vec" => "`list<text>`, with the type of its elements",
        "enum" | "choice" => "`enum { a, b }`, with its values",
        "record" | "object" | "struct" | "map" | "json" => "`record { a: text, b: int }`, with its fields",
        "amount" | "price" => "`money`",
        "inet" | "ipv4" | "ipv6" | "ip_address" => "`ip`",
        _ => return None,
    })
}
