//! Which names there are: one namespace per kind of thing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Input, errors};
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::model::ids::*;
use crate::source::Span;
use crate::syntax::ast::{self, ItemKind, Name};

/// A place in `Definitions`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefId(pub usize);

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum EventRef {
    Event(EventId),
    Group(usize),
}

/// What shares the namespace of values.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ValueRef {
    Definition(DefId),
    List(ListId),
    Table(TableId),
    Phrases(PhrasesId),
    Calendar(CalendarId),
}

impl ValueRef {
    pub fn kind(self) -> &'static str {
        match self {
            ValueRef::Definition(_) => "a `let` or signal",
            ValueRef::List(_) => "a list",
            ValueRef::Table(_) => "a table",
            ValueRef::Phrases(_) => "a phrase list",
            ValueRef::Calendar(_) => "a calendar",
        }
    }
}

/// A namespace: what each name is and where it was declared.
pub struct Space<'a, T>(BTreeMap<&'a str, (T, Span)>);

impl<T> Default for Space<'_, T> {
    fn default() -> Self {
        Space(BTreeMap::new())
    }
}

impl<'a, T: Copy> Space<'a, T> {
    pub fn get(&self, name: &str) -> Option<T> {
        self.0.get(name).map(|(what, _)| *what)
    }

    pub fn span(&self, name: &str) -> Option<Span> {
        self.0.get(name).map(|(_, span)| *span)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'a str, T)> + '_ {
        self.0.iter().map(|(name, (what, _))| (*name, *what))
    }

    pub fn keys(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.0.keys().copied()
    }

    /// As [`Space::keys`], without the last one declared before a place: the one whose declaration the place is in.
    pub fn others(&self, place: Span) -> impl Iterator<Item = &'a str> + '_ {
        let before = |span: &Span| span.source == place.source && span.start < place.start;
        let own = self.0.values().map(|(_, span)| *span).filter(before).max_by_key(|span| span.start);
        self.0.iter().filter(move |(_, (_, span))| Some(*span) != own).map(|(name, _)| *name)
    }

    /// Whether it was new; else it is reported, and the first stays.
    fn add(&mut self, kind: &str, name: &'a Name, what: T, out: &mut Diagnostics) -> bool {
        if let Some((_, first)) = self.0.get(name.text.as_str()) {
            out.push(errors::duplicate(kind, &name.text, name.span, *first));
            return false;
        }
        self.0.insert(&name.text, (what, name.span));
        true
    }
}

#[derive(Default)]
pub struct Names<'a> {
    pub entities: Space<'a, EntityId>,
    pub events: Space<'a, EventRef>,
    pub values: Space<'a, ValueRef>,
    pub actions: Space<'a, ActionId>,
    pub labels: Space<'a, LabelId>,
    pub rules: Space<'a, RuleId>,
    /// Declared by items that could not be read: nobody is told that they are unknown.
    pub broken: BTreeSet<String>,
}

/// A `let` or signal of the ruleset.
#[derive(Copy, Clone)]
pub struct Declared<'a> {
    pub name: &'a Name,
    pub value: &'a ast::Expr,
    pub signal: bool,
    /// The `override let` that replaces it.
    pub replacement: Option<&'a ast::Let>,
    root: bool,
}

/// A rule and its `///` lines.
#[derive(Copy, Clone)]
pub struct RuleItem<'a> {
    pub rule: &'a ast::Rule,
    pub doc: Option<&'a ast::Doc>,
}

/// Every item that counts, by kind, in the order of the ids in [`Names`].
#[derive(Default)]
pub struct Items<'a> {
    pub header: Option<&'a ast::Header>,
    pub entities: Vec<&'a ast::Entity>,
    pub events: Vec<&'a ast::Event>,
    pub groups: Vec<&'a ast::Group>,
    pub definitions: Vec<Declared<'a>>,
    pub lists: Vec<&'a ast::List>,
    pub tables: Vec<&'a ast::Table>,
    pub phrases: Vec<&'a ast::Phrases>,
    pub calendars: Vec<&'a ast::Calendar>,
    pub rates: Option<&'a ast::Rates>,
    pub actions: Vec<&'a ast::Action>,
    pub labels: Vec<&'a ast::Label>,
    pub rules: Vec<RuleItem<'a>>,
    pub policies: Vec<(&'a ast::Policy, Span)>,
    pub samples: Vec<(&'a ast::Sample, bool)>,
    pub tests: Vec<(&'a ast::Test, Span)>,
}

pub fn collect<'a>(input: &Input<'a>, out: &mut Diagnostics) -> (Items<'a>, Names<'a>) {
    let mut items = Items::default();
    let mut names = Names::default();
    let mut overrides = Vec::new();
    for given in &input.files {
        names.broken.extend(given.file.broken_names.iter().cloned());
        for item in &given.file.items {
            match &item.kind {
                ItemKind::Ruleset(header) if given.root => match items.header {
                    None => items.header = Some(header),
                    Some(first) => out.push(second_header(header, first)),
                },
                // The header of what is used describes it where it stands alone.
                ItemKind::Ruleset(_) | ItemKind::Use(_) => {}
                ItemKind::Let(l) if l.overrides => overrides.push(l),
                ItemKind::Rule(_) | ItemKind::Policy(_) | ItemKind::Test(_) if !given.rules => {}
                _ => add(item, given.root, &mut items, &mut names, out),
            }
        }
    }
    for replacement in overrides {
        apply_override(replacement, &mut items, &names, out);
    }
    (items, names)
}

fn second_header(header: &ast::Header, first: &ast::Header) -> Diagnostic {
    Diagnostic::new(&codes::BAD_HEADER, "a ruleset has one header", header.name.span, "a second header")
        .label(first.name.span, "the first one")
        .help("merge the two into one `ruleset` block")
}

fn add<'a>(
    item: &'a ast::Item,
    root: bool,
    items: &mut Items<'a>,
    names: &mut Names<'a>,
    out: &mut Diagnostics,
) {
    match &item.kind {
        ItemKind::Entity(x) => {
            if names.entities.add("the entity", &x.name, EntityId::new(items.entities.len()), out) {
                items.entities.push(x);
            }
        }
        ItemKind::Event(x) => {
            let id = EventRef::Event(EventId::new(items.events.len()));
            if not_built_in(&x.name, out) && names.events.add("the event", &x.name, id, out) {
                items.events.push(x);
            }
        }
        ItemKind::Group(x) => {
            let id = EventRef::Group(items.groups.len());
            if not_built_in(&x.name, out) && names.events.add("the event group", &x.name, id, out) {
                items.groups.push(x);
            }
        }
        ItemKind::Let(x) => add_definition(&x.name, &x.value, false, root, items, names, out),
        ItemKind::Signal(x) => add_definition(&x.name, &x.value, true, root, items, names, out),
        ItemKind::List(x) => {
            let id = ValueRef::List(ListId::new(items.lists.len()));
            if names.values.add("the name", &x.name, id, out) {
                items.lists.push(x);
            }
        }
        ItemKind::Table(x) => {
            let id = ValueRef::Table(TableId::new(items.tables.len()));
            if names.values.add("the name", &x.name, id, out) {
                items.tables.push(x);
            }
        }
        ItemKind::Phrases(x) => {
            let id = ValueRef::Phrases(PhrasesId::new(items.phrases.len()));
            if names.values.add("the name", &x.name, id, out) {
                items.phrases.push(x);
            }
        }
        ItemKind::Calendar(x) => {
            let id = ValueRef::Calendar(CalendarId::new(items.calendars.len()));
            if names.values.add("the name", &x.name, id, out) {
                items.calendars.push(x);
            }
        }
        ItemKind::Rates(x) => match items.rates {
            None => items.rates = Some(x),
            Some(first) => out.push(
                Diagnostic::new(
                    &codes::DUPLICATE_NAME,
                    "a ruleset has one set of rates",
                    x.span,
                    "declared again here",
                )
                .label(first.span, "first declared here")
                .help("merge the two files into one"),
            ),
        },
        ItemKind::Action(x) => {
            if names.actions.add("the action", &x.name, ActionId::new(items.actions.len()), out) {
                items.actions.push(x);
            }
        }
        ItemKind::Label(x) => {
            if names.labels.add("the label", &x.name, LabelId::new(items.labels.len()), out) {
                items.labels.push(x);
            }
        }
        ItemKind::Rule(rule) => {
            if names.rules.add("the rule", &rule.name, RuleId::new(items.rules.len()), out) {
                items.rules.push(RuleItem { rule, doc: item.doc.as_ref() });
            }
        }
        ItemKind::Policy(x) => items.policies.push((x, item.span)),
        ItemKind::Sample(x) => items.samples.push((x, root)),
        ItemKind::Test(x) => items.tests.push((x, item.span)),
        ItemKind::Ruleset(_) | ItemKind::Use(_) => {}
    }
}

fn not_built_in(name: &Name, out: &mut Diagnostics) -> bool {
    let built_in = matches!(name.text.as_str(), "hit" | "clock" | "list" | "deadline");
    if built_in {
        out.push(
            Diagnostic::new(
                &codes::DUPLICATE_NAME,
                format!("`{}` is built in and can't be declared", name.text),
                name.span,
                "the language has its own meaning for this",
            )
            .help("choose another name"),
        );
    }
    !built_in
}

fn add_definition<'a>(
    name: &'a Name,
    value: &'a ast::Expr,
    signal: bool,
    root: bool,
    items: &mut Items<'a>,
    names: &mut Names<'a>,
    out: &mut Diagnostics,
) {
    let id = ValueRef::Definition(DefId(items.definitions.len()));
    if names.values.add("the name", name, id, out) {
        items.definitions.push(Declared { name, value, signal, replacement: None, root });
    }
}

fn apply_override<'a>(
    replacement: &'a ast::Let,
    items: &mut Items<'a>,
    names: &Names<'a>,
    out: &mut Diagnostics,
) {
    let name = &replacement.name;
    let Some(ValueRef::Definition(id)) = names.values.get(&name.text) else {
        if !names.broken.contains(name.text.as_str()) {
            let lets =
                items.definitions.iter().filter(|d| !d.signal && !d.root).map(|d| d.name.text.as_str());
            let mut finding = errors::unknown(name, "a used `let`", lets);
            finding.code = &codes::BAD_OVERRIDE;
            out.push(
                finding
                    .help("`override let` replaces a `let` that comes with `use`; without one, write `let`"),
            );
        }
        return;
    };
    let target = &mut items.definitions[id.0];
    let problem = if target.signal {
        Some(("this is a signal", "only a `let` can be overridden"))
    } else if target.root {
        Some(("it is declared in this very ruleset", "change its value there instead"))
    } else if target.replacement.is_some() {
        Some(("it is overridden already", "keep one `override let`"))
    } else {
        None
    };
    match problem {
        Some((why, help)) => out.push(
            Diagnostic::new(
                &codes::BAD_OVERRIDE,
                format!("`{}` can't be overridden: {why}", name.text),
                name.span,
                "this override",
            )
            .label(target.replacement.map_or(target.name.span, |r| r.name.span), why)
            .help(help),
        ),
        None => target.replacement = Some(replacement),
    }
}
