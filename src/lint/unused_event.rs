//! An event that no rule is on and nothing counts.

use super::context::Context;
use super::names::mentioned;
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::syntax::ast::{Event, ItemKind};

/// The ruleset's own events that something looks at, and those that nothing does.
pub fn split<'a>(context: &Context<'a>) -> (Vec<&'a Event>, Vec<&'a Event>) {
    let hir = context.hir;
    let items = context.files.iter().flat_map(|file| &file.items);
    // A mention as anything counts; the group that names an event counts only if it is mentioned itself.
    let (mut named, mut groups) = (std::collections::BTreeSet::new(), Vec::new());
    for item in items {
        match &item.kind {
            ItemKind::Group(group) => groups.push(group),
            _ => named.extend(mentioned(item)),
        }
    }
    for group in groups.into_iter().filter(|g| named.contains(g.name.text.as_str())).collect::<Vec<_>>() {
        named.extend(group.members.iter().map(|member| member.text.as_str()));
    }
    let looked_at = |event: &Event| {
        let counted = hir.memories.iter().flat_map(|m| &m.inputs).map(|input| input.event);
        let judged = hir.rules.iter().flat_map(|rule| &rule.bodies).map(|body| body.event);
        named.contains(event.name.text.as_str())
            || counted
                .chain(judged)
                .any(|id| hir.schema.events.iter().any(|e| e.id == id && *e.name == *event.name.text))
    };
    let events = context.own_items().filter_map(|item| match &item.kind {
        ItemKind::Event(event) => Some(event),
        _ => None,
    });
    events.partition(|event| looked_at(event))
}

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    for event in split(context).1 {
        out.push(
            Diagnostic::new(
                &codes::UNUSED_EVENT,
                format!("no rule looks at `{}` events", event.name.text),
                event.name.span,
                "on no rule, and counted by none",
            )
            .help("write a rule on it, count it, or take it out if the events need not be read"),
        );
    }
}
