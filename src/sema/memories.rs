//! Memories of past events, one per meaning.

use std::collections::HashMap;

use super::hir::Memory;
use crate::model::ids::MemoryId;
use crate::model::window::{AggregateFn, Window};

#[derive(Clone, Default)]
pub struct Memories {
    all: Vec<Memory>,
    by_identity: HashMap<String, MemoryId>,
}

impl Memories {
    /// The memory of this meaning (`memory` itself if it is the first), widened to what is asked of it now.
    pub fn intern(&mut self, memory: Memory, function: AggregateFn, window: &Window) -> MemoryId {
        let all = &mut self.all;
        let id = *self.by_identity.entry(memory.identity.clone()).or_insert_with(|| {
            all.push(memory);
            MemoryId::new(all.len() - 1)
        });
        let kept = &mut self.all[id.index()];
        let ever = *window == Window::Ever;
        kept.ever |= ever;
        kept.reach = kept.reach.max(window.reach());
        if !kept.functions.contains(&(function, ever)) {
            kept.functions.push((function, ever));
        }
        id
    }

    pub fn all(&self) -> &[Memory] {
        &self.all
    }

    pub fn into_vec(self) -> Vec<Memory> {
        self.all
    }
}
