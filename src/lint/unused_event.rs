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
    let unused = split(context).1;
    // A list of events that other systems send is one matter to think about, not thirty.
    for file in context.files {
        let here: Vec<&Event> =
            unused.iter().copied().filter(|event| event.name.span.source == file.source).collect();
        let Some(first) = here.first() else { continue };
        let names: Vec<String> =
            here.iter().take(MOST_NAMES).map(|event| format!("`{}`", event.name.text)).collect();
        let mut finding = Diagnostic::new(
            &codes::UNUSED_EVENT,
            format!("no rule looks at {}", some_of(&names, here.len())),
            first.name.span,
            "on no rule, and counted by none",
        )
        .help("write a rule on them, count them, or take them out if they need not be read");
        for event in here.iter().skip(1).take(MOST_NAMES - 1) {
            finding = finding.label(event.name.span, "nor this");
        }
        out.push(finding);
    }
}

/// How many names stand in one message.
const MOST_NAMES: usize = 4;

/// `a`, `a and b`, `a, b, c, d and 7 others`.
pub fn some_of(names: &[String], all: usize) -> String {
    let shown = names.iter().take(MOST_NAMES);
    match (all.saturating_sub(MOST_NAMES), names) {
        (0, [many @ .., last]) if !many.is_empty() => format!("{} and {last}", many.join(", ")),
        (0, _) => names.concat(),
        (more, _) => format!("{} and {more} others", shown.cloned().collect::<Vec<_>>().join(", ")),
    }
}
