//! A `let`, signal, list, table, phrases, calendar, action, label or group that nothing mentions. Declarations that are brought in by
//! `use` serve other rulesets too and are not looked at.

use std::collections::BTreeSet;

use super::context::Context;
use super::names::{mentioned, mentioned_by_clauses};
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::syntax::ast::{ClauseKind, Item, ItemKind, Name, Rule};

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    let items: Vec<&Item> = context.files.iter().flat_map(|file| &file.items).collect();
    let mentions: Vec<BTreeSet<&str>> = items.iter().map(|item| mentioned(item)).collect();
    for item in context.own_items() {
        if let ItemKind::Rule(rule) = &item.kind {
            own_lets(rule, out);
        }
        let Some((what, name)) = declared(&item.kind) else { continue };
        let used = items
            .iter()
            .zip(&mentions)
            .any(|(other, names)| !std::ptr::eq(*other, item) && names.contains(name.text.as_str()));
        if !used {
            out.push(unused(what, name));
        }
    }
}

fn declared(item: &ItemKind) -> Option<(&'static str, &Name)> {
    Some(match item {
        // An `override` speaks about a name of elsewhere.
        ItemKind::Let(own) if !own.overrides => ("`let`", &own.name),
        ItemKind::Signal(own) => ("signal", &own.name),
        ItemKind::List(own) => ("list", &own.name),
        ItemKind::Table(own) => ("table", &own.name),
        ItemKind::Phrases(own) => ("phrase list", &own.name),
        ItemKind::Calendar(own) => ("calendar", &own.name),
        ItemKind::Action(own) => ("action", &own.name),
        ItemKind::Label(own) => ("label", &own.name),
        ItemKind::Group(own) => ("group of events", &own.name),
        _ => return None,
    })
}

fn own_lets(rule: &Rule, out: &mut Diagnostics) {
    for (index, clause) in rule.clauses.iter().enumerate() {
        let ClauseKind::Let(own) = &clause.kind else { continue };
        let others = rule.clauses.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, c)| c);
        if !mentioned_by_clauses(others).contains(own.name.text.as_str()) {
            out.push(unused("`let`", &own.name));
        }
    }
}

fn unused(what: &str, name: &Name) -> Diagnostic {
    Diagnostic::new(
        &codes::UNUSED_DECLARATION,
        format!("nothing uses the {what} `{}`", name.text),
        name.span,
        "never mentioned",
    )
    .help("take it out, or use it where it was meant")
}
