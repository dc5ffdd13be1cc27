//! What every lint looks at.

use std::collections::{BTreeSet, HashSet};

use crate::diag::{Diagnostic, Diagnostics};
use crate::model::ids::EventId;
use crate::sema::hir::{Body, Expr, ExprKind, Hir, Rule};
use crate::source::{SourceId, SourceMap, Span, normalize_path};
use crate::syntax::ast::{self, ItemKind};

pub struct Context<'a> {
    pub hir: &'a Hir,
    pub files: &'a [&'a ast::File],
    pub sources: &'a SourceMap,
    /// Files that another one brings in by `use`: they serve other rulesets too.
    used: BTreeSet<SourceId>,
}

/// One condition of a body.
#[derive(Copy, Clone)]
pub struct Site<'a> {
    pub condition: &'a Expr,
    pub kind: SiteKind,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum SiteKind {
    When,
    Band,
    Score,
    Unless,
    Effect,
}

impl<'a> Context<'a> {
    pub fn new(hir: &'a Hir, files: &'a [&'a ast::File], sources: &'a SourceMap) -> Context<'a> {
        let used = used_files(files, sources);
        Context { hir, files, sources, used }
    }

    /// Did the authors of this very ruleset write it?
    pub fn is_own(&self, file: &ast::File) -> bool {
        !self.used.contains(&file.source)
    }

    /// What stands under a span, on one line and not too long for a message.
    pub fn text(&self, span: Span) -> String {
        let words: Vec<&str> = self.sources.slice(span).split_whitespace().collect();
        let text = words.join(" ");
        match text.char_indices().nth(60) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
            None => text,
        }
    }

    /// Items of the ruleset's own files.
    pub fn own_items(&self) -> impl Iterator<Item = &'a ast::Item> {
        self.files.iter().filter(|file| self.is_own(file)).flat_map(|file| &file.items)
    }

    /// Asks about each event that a rule is evaluated on, and reports what holds for all of them: what is odd on
    /// one event only may be what another one needs.
    pub fn on_every_event(
        &self,
        out: &mut Diagnostics,
        mut check: impl FnMut(&'a Rule, &'a Body) -> Vec<Diagnostic>,
    ) {
        for rule in &self.hir.rules {
            let mut bodies = rule.bodies.iter();
            let Some(first) = bodies.next() else { continue };
            let mut common = check(rule, first);
            for body in bodies {
                let others = check(rule, body);
                common.retain(|d| others.iter().any(|o| o.code == d.code && o.span() == d.span()));
            }
            common.into_iter().for_each(|diagnostic| out.push(diagnostic));
        }
    }

    /// Every `where` that is judged on an event as it comes in, with that event, and what becomes of one on which it is
    /// unknown.
    pub fn filters(&self) -> impl Iterator<Item = (EventId, &'a Expr, &'static str)> {
        let hir = self.hir;
        let counted = hir.memories.iter().flat_map(|memory| &memory.inputs);
        let counted = counted.filter_map(|i| Some((i.event, i.filter.as_ref()?)));
        let followed = hir.sequences.iter().flat_map(|sequence| &sequence.inputs);
        let followed =
            followed.flat_map(|i| i.elements.iter().filter_map(|(_, f)| Some((i.event, f.as_ref()?))));
        let waited = hir.rules.iter().filter_map(|rule| rule.absence.as_ref());
        let waited =
            waited.flat_map(|a| a.triggers.iter().filter_map(|t| Some((t.event, t.filter.as_ref()?))));
        counted
            .chain(followed)
            .map(|(event, filter)| (event, filter, "an event without it is not counted"))
            .chain(waited.map(|(event, filter)| (event, filter, "an event without it sets no deadline")))
    }

    /// `OUTCOME always` is the constant true without being written so.
    pub fn is_always(&self, condition: &Expr) -> bool {
        matches!(condition.as_const(), Some(crate::model::value::Value::Bool(true)))
            && self.sources.slice(condition.span).trim() != "true"
    }
}

/// Every condition of a body but `if unknown`, in the order they are evaluated.
pub fn sites(body: &Body) -> Vec<Site<'_>> {
    let site = |kind| move |condition| Site { condition, kind };
    let mut all: Vec<Site<'_>> = Vec::new();
    all.extend(body.when.iter().map(site(SiteKind::When)));
    all.extend(body.bands.iter().map(|b| &b.condition).map(site(SiteKind::Band)));
    all.extend(body.scores.iter().map(|s| &s.condition).map(site(SiteKind::Score)));
    all.extend(body.unless.iter().map(|u| &u.condition).map(site(SiteKind::Unless)));
    all.extend(body.effects.iter().filter_map(|e| e.condition.as_ref()).map(site(SiteKind::Effect)));
    all
}

/// A file is used if it is what some `use` names, or lies below the directory that one names.
fn used_files(files: &[&ast::File], sources: &SourceMap) -> BTreeSet<SourceId> {
    let mut used = BTreeSet::new();
    for file in files {
        let path = &sources.get(file.source).path;
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        for item in &file.items {
            let ItemKind::Use(named) = &item.kind else { continue };
            let target = normalize_path(&format!("{parent}/{}", named.path.value));
            let target = if parent.is_empty() { target.trim_start_matches('/').to_string() } else { target };
            let below = format!("{target}/");
            used.extend(
                files
                    .iter()
                    .filter(|other| {
                        let other = normalize_path(&sources.get(other.source).path);
                        other == target || other.starts_with(&below)
                    })
                    .map(|other| other.source),
            );
        }
    }
    used
}

/// Calls `visit` on an expression and all below it, each shared signal once.
pub fn each_expr<'a>(expr: &'a Expr, seen: &mut HashSet<*const Expr>, visit: &mut dyn FnMut(&'a Expr)) {
    if let ExprKind::Alias(inner) = &expr.kind
        && !seen.insert(&raw const **inner)
    {
        return;
    }
    visit(expr);
    expr.for_each_child(&mut |child| each_expr(child, seen, visit));
}
