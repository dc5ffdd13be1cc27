//! Where an expression stands: which names it sees.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::declare::DefId;
use crate::model::ids::EventId;
use crate::model::types::Ty;

/// The names of a rule's own `let`s.
pub type Locals = Rc<BTreeMap<String, DefId>>;

/// What an expression may see.
#[derive(Clone)]
pub struct Scope {
    /// The event whose fields are in sight; none for constants.
    pub event: Option<EventId>,
    /// Elements of enclosing folds, innermost last.
    pub elements: Vec<Ty>,
    /// The rule's own `let`s.
    pub locals: Locals,
    /// Part of an aggregate (`where`, key, value), where memory can't be asked again.
    pub in_aggregate: bool,
}

impl Scope {
    pub fn constants() -> Scope {
        Scope { event: None, elements: Vec::new(), locals: Rc::default(), in_aggregate: false }
    }

    pub fn of(event: EventId) -> Scope {
        Scope { event: Some(event), ..Scope::constants() }
    }

    /// The counted event of an aggregate: nothing of the current event is in sight.
    pub fn counted(event: EventId, locals: &Locals) -> Scope {
        Scope { in_aggregate: true, ..Scope::of(event).with_locals(locals.clone()) }
    }

    /// What a `let` of a rule is here is not the rule's own business, so the finding stands where it is used.
    pub fn away_from_rule(&self) -> bool {
        self.in_aggregate || self.event.is_none()
    }

    pub fn with_locals(mut self, locals: Locals) -> Scope {
        self.locals = locals;
        self
    }

    /// The same place as a key of an aggregate: without memory, and the same for all elements of a list.
    pub fn as_key(&self) -> Scope {
        Scope { in_aggregate: true, elements: Vec::new(), ..self.clone() }
    }

    pub fn inside(&self, element: &Ty) -> Scope {
        let mut scope = self.clone();
        scope.elements.push(element.clone());
        scope
    }
}
