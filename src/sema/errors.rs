//! Findings that several parts of the checker make, worded once.

use crate::diag::{Diagnostic, codes, did_you_mean};
use crate::model::types::Type;
use crate::source::Span;
use crate::syntax::ast::Name;

/// `kind` with its article: "an event", "a list".
pub fn unknown<'n>(name: &Name, kind: &str, known: impl IntoIterator<Item = &'n str>) -> Diagnostic {
    let known: Vec<&str> = known.into_iter().collect();
    let help = did_you_mean(&name.text, known.iter().copied()).or_else(|| list_of(kind, &known));
    let bare = kind.trim_start_matches("an ").trim_start_matches("a ");
    let message = match bare.starts_with("field of") {
        true => format!("`{}` is not {kind}", name.text),
        false => format!("there is no {bare} `{}`", name.text),
    };
    Diagnostic::new(&codes::UNKNOWN_NAME, message, name.span, format!("not the name of {kind}"))
        .help_opt(help)
}

/// The names there are, if they are few enough to read.
fn list_of(kind: &str, known: &[&str]) -> Option<String> {
    let bare = kind.trim_start_matches("an ").trim_start_matches("a ");
    match known {
        [] if bare.starts_with("field of") => None,
        [] => Some(format!("declare {kind} of this name first; there is no {bare} yet")),
        few if few.len() <= 8 => Some(format!("known: {}", quoted(few))),
        _ => None,
    }
}

pub fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    let all: Vec<String> = names.iter().map(|n| format!("`{}`", n.as_ref())).collect();
    all.join(", ")
}

pub fn duplicate(kind: &str, name: &str, here: Span, first: Span) -> Diagnostic {
    Diagnostic::new(
        &codes::DUPLICATE_NAME,
        format!("{kind} `{name}` is declared twice"),
        here,
        "declared again here",
    )
    .label(first, "first declared here")
    .help("rename one of the two, or remove it")
}

pub fn mismatch(message: impl Into<String>, span: Span, label: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&codes::TYPE_MISMATCH, message, span, label)
}

/// Something of type `found` stands where `wanted` is needed.
pub fn expected(wanted: &str, found: &Type, span: Span) -> Diagnostic {
    mismatch(format!("expected {wanted}, found {}", a(found)), span, format!("this is {}", a(found)))
}

pub fn too_large(message: impl Into<String>, span: Span, label: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&codes::TOO_LARGE, message, span, label)
}

/// A type with its article, as it reads in a sentence: "an int", "the entity `buyer`".
pub fn a(ty: &Type) -> String {
    match ty {
        Type::Entity(entity) => format!("the entity `{}`", entity.name),
        Type::Bool => "a condition (bool)".into(),
        Type::Enum(values) if values.values.len() <= 6 => format!("`{ty}`"),
        Type::Enum(_) => "an enum".into(),
        Type::Record(_) => "a record".into(),
        Type::Text => "a text".into(),
        Type::Money(Some(_)) => {
            format!("an amount in {}", ty.to_string().trim_start_matches("money(").trim_end_matches(')'))
        }
        Type::Money(None) => "an amount of money".into(),
        Type::List(element) => match &element.base {
            Type::Record(_) => "a list of records".into(),
            _ => format!("a `{ty}`"),
        },
        Type::Ip => "an address (ip)".into(),
        Type::Cidr => "a network (cidr)".into(),
        Type::Int | Type::Email => format!("an {ty}"),
        _ => format!("a {ty}"),
    }
}
