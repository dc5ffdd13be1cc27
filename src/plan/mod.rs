//! Typed tree to plan: one shared DAG for the whole ruleset, and per event type what to ask and to compute.

pub mod ir;
mod later;
mod lower;
mod passes;
pub mod print;
mod reads;
#[cfg(test)]
mod tests;
mod verify;
mod written;

use crate::sema::hir::Hir;
use crate::source::SourceMap;
pub use ir::Plan;

impl Plan {
    /// Lowers and simplifies. `sources` are those that the tree's spans speak of.
    pub fn new(hir: &Hir, sources: &SourceMap) -> Plan {
        let mut plan = lower::lower(hir, sources);
        verify::verify(&plan);
        passes::fold::run(&mut plan);
        verify::verify(&plan);
        passes::dead::run(&mut plan);
        verify::verify(&plan);
        reads::collect(&mut plan, hir);
        plan
    }
}
