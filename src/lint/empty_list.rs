//! A list without entries: nothing is ever in it. A list that is filled while running is declared `extern`.

use super::context::Context;
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::syntax::ast::{ItemKind, ListSource};

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    for item in context.files.iter().flat_map(|file| &file.items) {
        let ItemKind::List(list) = &item.kind else { continue };
        if matches!(list.source, ListSource::Extern(_)) {
            continue;
        }
        let found = context.hir.lists.iter().find(|l| l.name == list.name.text);
        if found.is_some_and(|list| list.data.is_empty()) {
            out.push(
                Diagnostic::new(
                    &codes::EMPTY_LIST,
                    format!("`{}` has no entries", list.name.text),
                    list.name.span,
                    "nothing is in this list",
                )
                .help("fill it, or declare it `extern` if it is filled while running"),
            );
        }
    }
}
