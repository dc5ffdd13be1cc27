//! Memories of past events, one per meaning.

use std::collections::HashMap;

use super::hir::{Memory, SequenceMemory};
use crate::model::ids::{MemoryId, SequenceId};
use crate::model::window::{AggregateFn, Window};

#[derive(Clone, Default)]
pub struct Memories {
    all: Vec<Memory>,
    by_identity: HashMap<String, MemoryId>,
    sequences: Vec<SequenceMemory>,
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

    /// The memory of this meaning, widened to what is asked of it now.
    pub fn intern_sequence(&mut self, memory: SequenceMemory) -> SequenceId {
        let known = self.sequences.iter_mut().zip(0..).find(|(known, _)| known.identity == memory.identity);
        if let Some((known, index)) = known {
            known.reach = known.reach.max(memory.reach);
            return SequenceId(index);
        }
        self.sequences.push(memory);
        SequenceId::new(self.sequences.len() - 1)
    }

    pub fn all(&self) -> &[Memory] {
        &self.all
    }

    pub fn sequences(&self) -> &[SequenceMemory] {
        &self.sequences
    }

    pub fn into_vecs(self) -> (Vec<Memory>, Vec<SequenceMemory>) {
        (self.all, self.sequences)
    }
}
