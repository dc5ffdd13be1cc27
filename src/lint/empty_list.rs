//! A list or phrase list without entries: nothing is ever in it. A list that is filled while running is declared `extern`.

use super::context::Context;
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::syntax::ast::{ItemKind, ListSource};

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    for item in context.files.iter().flat_map(|file| &file.items) {
        let (name, empty, help) = match &item.kind {
            ItemKind::List(list) if !matches!(list.source, ListSource::Extern(_)) => {
                let found = context.hir.lists.iter().find(|l| l.name == list.name.text);
                let help = "fill it, or declare it `extern` if it is filled while running";
                (&list.name, found.is_some_and(|list| list.data.is_empty()), help)
            }
            ItemKind::Phrases(phrases) => {
                let found = context.hir.phrases.iter().find(|p| p.name == phrases.name.text);
                (&phrases.name, found.is_some_and(|p| p.set.is_empty()), "write one phrase a line")
            }
            _ => continue,
        };
        if empty {
            out.push(
                Diagnostic::new(
                    &codes::EMPTY_LIST,
                    format!("`{}` has no entries", name.text),
                    name.span,
                    "nothing is in this list",
                )
                .help(help),
            );
        }
    }
}
