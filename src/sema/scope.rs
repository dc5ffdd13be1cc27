//! Where an expression stands: which names it sees.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::declare::DefId;
use crate::model::ids::EventId;
use crate::model::types::Ty;

/// What an expression may see.
#[derive(Clone)]
pub struct Scope {
    /// The event whose fields are in sight; none for constants.
    pub event: Option<EventId>,
    /// Elements of enclosing folds, innermost last.
    pub elements: Vec<Ty>,
    /// The rule's own `let`s.
    pub locals: Rc<BTreeMap<String, DefId>>,
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
    pub fn counted(event: EventId) -> Scope {
        Scope { in_aggregate: true, ..Scope::of(event) }
    }

    pub fn with_locals(mut self, locals: Rc<BTreeMap<String, DefId>>) -> Scope {
        self.locals = locals;
        self
    }

    /// The same place as a key of an aggregate: without memory.
    pub fn as_key(&self) -> Scope {
        Scope { in_aggregate: true, ..self.clone() }
    }

    pub fn inside(&self, element: &Ty) -> Scope {
        let mut scope = self.clone();
        scope.elements.push(element.clone());
        scope
    }
}
