//! Rules on something that did not happen: what sets their deadlines, and what keeps them from falling due.

use crate::diag::{Diagnostic, codes};
use crate::model::ids::EventId;
use crate::model::schema::FieldSchema;
use crate::model::time::Duration;
use crate::model::types::Type;
use crate::model::window::{AggregateFn, Window};
use crate::sema::hir::{self, Body, Expr, MemoryInput, Trigger};
use crate::sema::scope::{Locals, Scope};
use crate::sema::{Checker, errors, limits};
use crate::syntax::ast::{self, Absence, Name};

impl<'a> Checker<'a> {
    /// The deadlines of a rule, if they are well-formed, and its bodies by the events that set them.
    pub(super) fn absence(
        &mut self,
        rule: &'a ast::Rule,
        absence: &'a Absence,
        locals: &Locals,
    ) -> (Option<hir::Absence>, Vec<Body>) {
        let absent = self.no_hit(&absence.absent);
        let trigger = self.no_hit(&absence.trigger);
        let within = self.positive_span(&absence.within, "the time after `within`");
        self.keys_of_absence(absence, &absent, &trigger);
        let triggers = self.on_each(&trigger, |c, event| {
            let scope = Scope::of(event).with_locals(locals.clone()).as_key();
            Trigger {
                event,
                filter: absence.trigger_where.as_ref().map(|filter| c.condition(filter, &scope)),
                keys: absence.keys.iter().map(|key| c.key_here(key, &scope)).collect(),
            }
        });
        let inputs = self.on_each(&absent, |c, event| {
            let filter = absence.absent_where.as_ref();
            let mut keys: Vec<Expr> = Vec::new();
            // Against the keys of every trigger: they must all be of one type.
            for trigger in triggers.iter().rev() {
                let pairs = absence.keys.iter().zip(&trigger.keys);
                keys = pairs.map(|(key, here)| c.key_there(key, here, event)).collect();
            }
            MemoryInput {
                event,
                filter: filter.map(|filter| c.condition(filter, &Scope::counted(event, locals))),
                value: None,
                keys,
            }
        });
        let bodies = self.on_each(&trigger, |c, event| c.body(rule, event, locals));
        let broken = triggers.iter().any(|t| t.keys.iter().chain(&t.filter).any(Expr::is_error))
            || inputs.iter().any(|i| i.keys.iter().chain(&i.filter).any(Expr::is_error))
            || triggers.is_empty()
            || inputs.is_empty();
        let (Some(within), false) = (within, broken) else { return (None, bodies) };
        let memory = self.memory(inputs, None, Default::default(), absence.span);
        let window = Window::Sliding { span: within, ending: Duration(0) };
        let memory = self.memories.intern(memory, AggregateFn::Any, &window);
        (Some(hir::Absence { memory, within, triggers, span: absence.span }), bodies)
    }

    fn keys_of_absence(&mut self, absence: &Absence, absent: &[EventId], trigger: &[EventId]) {
        if absence.keys.is_empty() {
            let events: Vec<EventId> = absent.iter().chain(trigger).copied().collect();
            let help = match self.common_key(&events) {
                Some(key) => format!("add a key, such as `by {key}`"),
                None => "say with `by` what both events have, `by HERE = THERE` if it has two names: such as the order or \
                    the buyer that they are about"
                    .into(),
            };
            self.report(
                Diagnostic::new(
                    &codes::MISSING_KEY,
                    "it isn't said by what the two events belong together",
                    absence.span,
                    "any event of anybody would do",
                )
                .help(help),
            );
        }
        if let Some(extra) = absence.keys.get(limits::KEYS) {
            let finding =
                errors::too_large(format!("at most {} keys", limits::KEYS), extra.span, "one too many");
            self.report(finding);
        }
    }

    /// What tells that such events belong together: a field of one name and type, an entity rather than anything else.
    fn common_key(&self, events: &[EventId]) -> Option<String> {
        let (first, rest) = events.split_first()?;
        let fields = || self.shapes[first.index()].own_fields().iter();
        let everywhere = |field: &&FieldSchema| {
            let same = |event: &EventId| self.shapes[event.index()].field(&field.name);
            rest.iter().all(|event| same(event).is_some_and(|(_, other)| other.ty.base == field.ty.base))
        };
        let entity = fields().filter(|field| self.entity_of(&field.ty.base).is_some()).find(everywhere);
        let by_entity = || {
            let of = |event: &EventId, ty: &Type| {
                self.shapes[event.index()].own_fields().iter().filter(|f| f.ty.base == *ty).count()
            };
            let types = fields().map(|field| &field.ty.base);
            let mut types = types.filter(|ty| events.iter().all(|event| of(event, ty) == 1));
            types.find_map(|ty| Some(self.entities[self.entity_of(ty)?.index()].name.to_string()))
        };
        let texts = || fields().filter(|field| field.ty.base == Type::Text).find(everywhere);
        entity
            .map(|field| field.name.to_string())
            .or_else(by_entity)
            .or_else(|| texts().map(|field| field.name.to_string()))
    }

    fn no_hit(&mut self, name: &Name) -> Vec<EventId> {
        let events = self.event_set(name).unwrap_or_default();
        if events.contains(&self.hit()) {
            self.report(
                Diagnostic::new(
                    &codes::WRONG_KIND,
                    "`hit` can't stand here",
                    name.span,
                    "not an event that comes in",
                )
                .help("name an event of the ruleset"),
            );
            return Vec::new();
        }
        events
    }
}
