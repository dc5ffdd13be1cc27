//! Rules on something that did not happen: checked like everything else, then refused.

use crate::diag::{Diagnostic, codes};
use crate::model::ids::EventId;
use crate::sema::hir::Expr;
use crate::sema::scope::{Locals, Scope};
use crate::sema::{Checker, errors};
use crate::syntax::ast::{self, Absence, Name};

impl<'a> Checker<'a> {
    pub(super) fn absence(&mut self, rule: &'a ast::Rule, absence: &'a Absence, locals: &Locals) {
        let before = self.out.iter().count();
        let absent = self.no_hit(&absence.absent);
        let trigger = self.no_hit(&absence.trigger);
        self.positive_span(&absence.within, "the time after `within`");
        self.on_each(&absent, |c, event| {
            if let Some(filter) = &absence.absent_where {
                c.condition(filter, &Scope::counted(event, locals));
            }
        });
        self.on_each(&trigger, |c, event| {
            let scope = Scope::of(event).with_locals(locals.clone());
            if let Some(filter) = &absence.trigger_where {
                c.condition(filter, &scope.as_key());
            }
            let keys: Vec<Expr> = absence.keys.iter().map(|key| c.key_here(key, &scope)).collect();
            for other in &absent {
                for (key, here) in absence.keys.iter().zip(&keys) {
                    c.key_there(key, here, *other);
                }
            }
        });
        let kept = self.memories.clone();
        self.on_each(&trigger, |c, event| c.body(rule, event, locals));
        self.memories = kept;
        if self.out.iter().count() == before {
            self.report(errors::not_yet("a rule on something that did not happen", absence.span));
        }
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
