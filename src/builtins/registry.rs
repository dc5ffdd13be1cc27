//! Every function, by name.

use super::{Builtin, BuiltinId};

/// In the order of the documentation. Places are not stable between versions.
pub static ALL: &[&Builtin] = &[];

pub fn find(name: &str) -> Option<BuiltinId> {
    ALL.iter().position(|b| b.name == name).map(|i| BuiltinId(i as u16))
}

pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|b| b.name)
}
