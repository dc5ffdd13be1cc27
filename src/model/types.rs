//! The types of the language.

use std::fmt;
use std::sync::Arc;

use super::ids::EntityId;
use super::money::Currency;

/// A type without optionality.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    Bool,
    Int,
    Decimal,
    Float,
    Text,
    Time,
    Duration,
    /// `money` (any currency) or `money(USD)`.
    Money(Option<Currency>),
    Country,
    Currency,
    Ip,
    Cidr,
    Email,
    Phone,
    Enum(Arc<EnumType>),
    Record(Arc<RecordType>),
    List(Arc<Ty>),
    /// A nominal entity. Its values are those of the entity's base: text, or a built-in type.
    Entity(Arc<EntityType>),
}

/// A type and whether a value may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ty {
    pub base: Type,
    pub optional: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnumType {
    pub values: Vec<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordType {
    pub fields: Vec<RecordField>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordField {
    pub name: Arc<str>,
    pub ty: Ty,
}

/// `entity buyer`, or `entity ip: ip`: then `base` is the built-in type. An entity that bears the name of
/// its base (`entity ip: ip`) gives that built-in type the rights of an entity: fields of type `ip` are
/// of type [`Type::Ip`], not of a nominal type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntityType {
    pub id: EntityId,
    pub name: Arc<str>,
    pub base: Type,
}

impl EnumType {
    pub fn index_of(&self, value: &str) -> Option<u16> {
        self.values.iter().position(|v| &**v == value).map(|i| i as u16)
    }

    /// Unknown texts are read as `other` if that is the last value.
    pub fn other(&self) -> Option<u16> {
        (self.values.last().map(|v| &**v) == Some("other")).then(|| self.values.len() as u16 - 1)
    }
}

impl Type {
    pub fn required(self) -> Ty {
        Ty { base: self, optional: false }
    }

    pub fn optional(self) -> Ty {
        Ty { base: self, optional: true }
    }

    /// The type whose values this one has: an entity's base, else itself.
    pub fn representation(&self) -> &Type {
        match self {
            Type::Entity(entity) => entity.base.representation(),
            other => other,
        }
    }

    pub fn is_number(&self) -> bool {
        matches!(self, Type::Int | Type::Decimal)
    }

    pub fn is_money(&self) -> bool {
        matches!(self, Type::Money(_))
    }

    /// The element type of a list.
    pub fn element(&self) -> Option<&Ty> {
        match self {
            Type::List(element) => Some(element),
            _ => None,
        }
    }
}

impl Ty {
    pub fn as_optional(&self) -> Ty {
        Ty { base: self.base.clone(), optional: true }
    }

    pub fn as_required(&self) -> Ty {
        Ty { base: self.base.clone(), optional: false }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Bool => f.write_str("bool"),
            Type::Int => f.write_str("int"),
            Type::Decimal => f.write_str("decimal"),
            Type::Float => f.write_str("float"),
            Type::Text => f.write_str("text"),
            Type::Time => f.write_str("time"),
            Type::Duration => f.write_str("duration"),
            Type::Money(None) => f.write_str("money"),
            Type::Money(Some(currency)) => write!(f, "money({currency})"),
            Type::Country => f.write_str("country"),
            Type::Currency => f.write_str("currency"),
            Type::Ip => f.write_str("ip"),
            Type::Cidr => f.write_str("cidr"),
            Type::Email => f.write_str("email"),
            Type::Phone => f.write_str("phone"),
            Type::Enum(e) => write!(f, "enum {{ {} }}", e.values.join(", ")),
            Type::Record(r) => {
                f.write_str("record { ")?;
                for (i, field) in r.fields.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    write!(f, "{comma}{}: {}", field.name, field.ty)?;
                }
                f.write_str(" }")
            }
            Type::List(element) => write!(f, "list<{element}>"),
            Type::Entity(entity) => f.write_str(&entity.name),
        }
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.base, if self.optional { "?" } else { "" })
    }
}
