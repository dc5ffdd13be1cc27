//! Fields that nothing mentions, one finding per event.

use std::collections::BTreeSet;

use super::context::Context;
use super::names::mentioned;
use super::unused_event::{self, some_of};
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::model::schema::EventSchema;
use crate::syntax::ast::{Field, TypeExpr, TypeKind};

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    let items = context.files.iter().flat_map(|file| &file.items);
    let named: BTreeSet<&str> = items.flat_map(mentioned).collect();
    for event in unused_event::split(context).0 {
        let unused: Vec<&Field> = event.fields.iter().filter(|field| !is_used(field, &named)).collect();
        if unused.is_empty() {
            continue;
        }
        let names: Vec<String> = unused.iter().map(|field| format!("`{}`", field.name.text)).collect();
        let (verb, them) = if unused.len() == 1 { ("is", "it") } else { ("are", "them") };
        let mut finding = Diagnostic::new(
            &codes::UNUSED_FIELD,
            format!("{} of `{}` {verb} never used", some_of(&names, names.len()), event.name.text),
            event.name.span,
            format!("no rule looks at {them}"),
        )
        .help(format!("take {them} out, or use {them}; what is not declared is not read"));
        for field in unused.iter().take(4) {
            finding = finding.label(field.name.span, "never used");
        }
        out.push(finding);
    }
}

fn is_used(field: &Field, named: &BTreeSet<&str>) -> bool {
    const BUILT_IN: [&str; EventSchema::BUILT_IN] = ["at", "id", "received_at"];
    let name = field.name.text.as_str();
    // `by buyer` may mean the only field of that entity, whatever it is called.
    BUILT_IN.contains(&name)
        || named.contains(name)
        || matches!(&field.ty, TypeExpr { kind: TypeKind::Name(ty), .. } if named.contains(ty.text.as_str()))
}
