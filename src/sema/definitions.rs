//! `let`s and signals: what each stands for on each event.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::declare::{Declared, DefId, Items};
use super::hir::{Expr, ExprKind};
use super::scope::{Locals, Scope};
use super::{Checker, errors, limits};
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::model::ids::EventId;
use crate::model::types::Type;
use crate::syntax::ast::{self, ExprKind as Ast, Literal};

/// One `let` or signal.
#[derive(Clone)]
pub struct Definition<'a> {
    pub name: &'a ast::Name,
    pub value: &'a ast::Expr,
    pub signal: bool,
    /// A rule's own `let`: what is wrong with it is reported in place, for every event of the rule.
    locals: Option<Locals>,
    overrides: Option<&'a ast::Expr>,
}

impl Definition<'_> {
    pub fn kind(&self) -> &'static str {
        if self.signal { "signal" } else { "let" }
    }
}

/// What a definition is on one event.
#[derive(Clone)]
pub struct Meaning {
    /// Absent if it can't be used there.
    pub expr: Option<Arc<Expr>>,
    /// Why not; absent if that was reported already.
    pub problem: Option<Diagnostic>,
}

/// A definition, the event it is used on, and the type that it stands beside if it is a text that is read as
/// that type; and whether a rule's own `let` is used away from the rule's event.
type Key = (DefId, Option<EventId>, Option<Type>, bool);

pub struct Definitions<'a> {
    all: Vec<Definition<'a>>,
    known: HashMap<Key, Rc<Meaning>>,
    /// Being inferred now, outermost first.
    open: Vec<DefId>,
    cyclic: HashSet<DefId>,
    /// Whether a definition fits any event at all, once that was asked.
    usable: HashMap<DefId, bool>,
    /// How large each shared expression is when written out: nodes, and depth.
    sizes: HashMap<usize, (usize, usize)>,
}

impl<'a> Definitions<'a> {
    pub fn new(items: &Items<'a>) -> Definitions<'a> {
        let of = |d: &Declared<'a>| Definition {
            name: d.name,
            value: d.replacement.map_or(d.value, |r| &r.value),
            signal: d.signal,
            locals: None,
            overrides: d.replacement.map(|_| d.value),
        };
        Definitions {
            all: items.definitions.iter().map(of).collect(),
            known: HashMap::new(),
            open: Vec::new(),
            cyclic: HashSet::new(),
            usable: HashMap::new(),
            sizes: HashMap::new(),
        }
    }

    pub fn get(&self, id: DefId) -> &Definition<'a> {
        &self.all[id.0]
    }

    /// Whether a rule's own `let` was looked at on all these events.
    pub fn is_known(&self, id: DefId, events: &[EventId]) -> bool {
        events.iter().all(|event| self.known.contains_key(&(id, Some(*event), None, true)))
    }

    pub fn add_local(&mut self, l: &'a ast::Let) -> DefId {
        self.all.push(Definition {
            name: &l.name,
            value: &l.value,
            signal: false,
            locals: None,
            overrides: None,
        });
        DefId(self.all.len() - 1)
    }

    /// A local sees the other locals of its rule.
    pub fn set_locals(&mut self, id: DefId, locals: &Locals) {
        self.all[id.0].locals = Some(locals.clone());
    }
}

impl<'a> Checker<'a> {
    /// What a definition stands for on the scope's event; `beside` is the type that it is compared with, for
    /// definitions that are plain texts or words.
    pub(super) fn meaning(&mut self, id: DefId, asked: &Scope, beside: Option<&Type>) -> Rc<Meaning> {
        let definition = self.definitions.get(id).clone();
        let beside = beside.filter(|_| takes_type_of_context(definition.value)).cloned();
        let in_place = definition.locals.is_some() && !asked.away_from_rule();
        let key = (id, asked.event, beside.clone(), in_place);
        if let Some(known) = self.definitions.known.get(&key) {
            return known.clone();
        }
        if self.closes_cycle(id) {
            return Rc::new(Meaning { expr: None, problem: None });
        }
        self.definitions.open.push(id);
        let locals = definition.locals.clone().unwrap_or_default();
        let outside = std::mem::replace(&mut self.locals, locals.clone());
        let scope = Scope { event: asked.event, ..Scope::constants().with_locals(locals) };
        let (expr, found) = self.aside(|c| c.infer(definition.value, &scope, beside.as_ref()));
        self.locals = outside;
        self.definitions.open.pop();
        let mut meaning = self.judge(&definition, expr, &found);
        if in_place {
            self.out.extend(found);
            if let Some(problem) = meaning.problem.take().filter(|p| *p.code == codes::TOO_LARGE) {
                self.report(problem);
            }
        }
        let meaning = Rc::new(meaning);
        self.definitions.known.insert(key, meaning.clone());
        meaning
    }

    fn judge(&mut self, definition: &Definition<'a>, expr: Expr, found: &Diagnostics) -> Meaning {
        if found.has_errors() || expr.is_error() {
            return Meaning { expr: None, problem: found.iter().next().cloned() };
        }
        let (size, depth) = self.written_out(&expr);
        if size > limits::EXPANDED_SIZE {
            let problem = errors::too_large(
                format!("`{}` is too large once what it uses is written out", definition.name.text),
                definition.name.span,
                format!("{size} parts; at most {} are allowed", limits::EXPANDED_SIZE),
            )
            .help("split it, or use fewer signals inside signals");
            return Meaning { expr: None, problem: Some(problem) };
        }
        let expr = Arc::new(expr);
        self.definitions.sizes.insert(Arc::as_ptr(&expr) as usize, (size, depth));
        Meaning { expr: Some(expr), problem: None }
    }

    /// The number of nodes with every definition written out, and how deep they nest.
    pub(super) fn written_out(&self, expr: &Expr) -> (usize, usize) {
        if let ExprKind::Alias(inner) = &expr.kind {
            let (size, depth) =
                self.definitions.sizes.get(&(Arc::as_ptr(inner) as usize)).copied().unwrap_or((1, 1));
            return (size + 1, depth + 1);
        }
        let mut size = 1usize;
        let mut deepest = 0;
        expr.for_each_child(&mut |child| {
            let (child_size, child_depth) = self.written_out(child);
            size = size.saturating_add(child_size);
            deepest = deepest.max(child_depth);
        });
        (size, deepest + 1)
    }

    fn closes_cycle(&mut self, id: DefId) -> bool {
        let Some(start) = self.definitions.open.iter().position(|open| *open == id) else { return false };
        let chain: Vec<DefId> = self.definitions.open[start..].to_vec();
        if chain.iter().all(|d| !self.definitions.cyclic.contains(d)) {
            let names: Vec<&ast::Name> = chain.iter().map(|d| self.definitions.get(*d).name).collect();
            let way: Vec<String> =
                names.iter().chain(names.first()).map(|n| format!("`{}`", n.text)).collect();
            let mut finding = Diagnostic::new(
                &codes::CYCLE,
                format!("`{}` needs itself", names[0].text),
                names[0].span,
                format!("{} …", way.join(" needs ")),
            )
            .help("a definition can only use what can be worked out before it; break the circle");
            for name in &names[1..] {
                finding = finding.label(name.span, "part of the circle");
            }
            self.definitions.cyclic.extend(chain.iter().copied());
            self.certain.push(finding);
        }
        true
    }

    /// Whether the definition can be used on any event (or without one).
    pub(super) fn usable(&mut self, id: DefId) -> bool {
        if let Some(known) = self.definitions.usable.get(&id) {
            return *known;
        }
        // Until it is known: a circle of questions must end.
        self.definitions.usable.insert(id, true);
        let events = (0..self.shapes.len()).map(|i| Scope::counted(EventId::new(i), &Locals::default()));
        let places: Vec<Scope> = std::iter::once(Scope::constants()).chain(events).collect();
        let usable = places.iter().any(|scope| self.meaning(id, scope, None).expr.is_some());
        self.definitions.usable.insert(id, usable);
        usable
    }

    /// Every definition of the ruleset once, whether it is used or not. What memory it asks is forgotten
    /// afterwards: only what rules use is kept.
    pub(super) fn check_definitions(&mut self) {
        let memories = self.memories.clone();
        for id in (0..self.definitions.all.len()).map(DefId) {
            if self.usable(id) || self.definitions.cyclic.contains(&id) {
                continue;
            }
            let definition = self.definitions.get(id).clone();
            if self.is_bare_word(definition.value) {
                continue;
            }
            let found = self.least_wrong(id, &definition);
            self.out.extend(found);
        }
        self.memories = memories;
        self.definitions.known.clear();
        self.definitions.sizes.clear();
    }

    /// A word or a list of values, which is nothing by itself.
    pub(super) fn gets_type_where_used(&self, id: DefId) -> bool {
        self.is_bare_word(self.definitions.get(id).value)
    }

    /// A word or a list of values gets its type only where it is used.
    fn is_bare_word(&self, value: &ast::Expr) -> bool {
        match &value.kind {
            Ast::Paren(inner) => self.is_bare_word(inner),
            Ast::Array(_) => true,
            Ast::Name(name) => self.is_value_word(&name.text),
            _ => false,
        }
    }

    /// What is wrong with a definition on the event where least is.
    fn least_wrong(&mut self, id: DefId, definition: &Definition<'a>) -> Diagnostics {
        let mut best: Option<(usize, Diagnostics)> = None;
        let constant = Scope::constants();
        let events = (0..self.shapes.len() - 1).map(|i| Scope::of(EventId::new(i)));
        let mut places: Vec<Scope> = events.collect();
        if places.is_empty() {
            places.push(constant);
        }
        for scope in places {
            self.definitions.open.push(id);
            let (expr, found) = self.aside(|c| c.infer(definition.value, &scope, None));
            self.definitions.open.pop();
            let found = match found.is_empty() {
                true => self.size_problem(definition, &expr),
                false => found,
            };
            let unknown = found.iter().filter(|d| *d.code == codes::UNKNOWN_NAME).count();
            let badness = found.iter().count() + unknown * 100;
            if best.as_ref().is_none_or(|(least, _)| badness < *least) {
                best = Some((badness, found));
            }
        }
        best.map(|(_, found)| found).unwrap_or_default()
    }

    fn size_problem(&mut self, definition: &Definition<'a>, expr: &Expr) -> Diagnostics {
        let mut found = Diagnostics::new();
        if !expr.is_error()
            && let Some(problem) = self.judge(definition, expr.clone(), &Diagnostics::new()).problem
        {
            found.push(problem);
        }
        found
    }

    /// `override let` keeps the type of what it replaces.
    pub(super) fn check_overrides(&mut self) {
        for id in (0..self.definitions.all.len()).map(DefId) {
            let definition = self.definitions.get(id).clone();
            let Some(original) = definition.overrides else { continue };
            let scope = Scope::constants();
            let (old, _) = self.aside(|c| c.infer(original, &scope, None));
            let (new, _) = self.aside(|c| c.infer(definition.value, &scope, None));
            if !old.is_error() && !new.is_error() && !same_kind(&old.ty.base, &new.ty.base) {
                self.report(
                    Diagnostic::new(
                        &codes::BAD_OVERRIDE,
                        format!("`{}` is overridden with another type", definition.name.text),
                        definition.value.span,
                        format!("this is {}", errors::a(&new.ty.base)),
                    )
                    .label(original.span, format!("the `let` it replaces is {}", errors::a(&old.ty.base)))
                    .help("give it a value of the same type"),
                );
                // Whatever uses it is checked with the value it was written for.
                self.definitions.all[id.0].value = original;
            }
        }
        self.definitions.known.clear();
    }
}

fn same_kind(old: &Type, new: &Type) -> bool {
    old == new || (old.is_money() && new.is_money()) || (old.is_number() && new.is_number())
}

/// A plain text, word or list of them is read as the type it stands beside, also through a `let`.
pub fn takes_type_of_context(value: &ast::Expr) -> bool {
    match &value.kind {
        Ast::Paren(inner) => takes_type_of_context(inner),
        Ast::Literal(Literal::Text(_)) | Ast::Array(_) | Ast::Name(_) => true,
        _ => false,
    }
}
