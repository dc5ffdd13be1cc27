//! *Cannot say*: which operands made an expression unknown, as the author wrote them.

use crate::model::slot::Slot;
use crate::plan::ir::{Inside, Trace, TraceId, Traces};
use crate::vm::Machine;
use crate::vm::op::FoldCode;

/// Adds what made this expression unknown to `missing`, each once, in source order.
pub(super) fn explain(machine: &mut Machine<'_>, traces: &Traces, id: TraceId, missing: &mut Vec<String>) {
    Walk { traces, seen: Vec::new(), missing }.explain(machine, id);
}

struct Walk<'a> {
    traces: &'a Traces,
    /// Named expressions that were looked into: they can lead to one another in very many ways.
    seen: Vec<TraceId>,
    missing: &'a mut Vec<String>,
}

impl Walk<'_> {
    fn explain(&mut self, machine: &mut Machine<'_>, id: TraceId) {
        let traces = self.traces;
        let trace = traces.get(id);
        let Some(slot) = value(machine, trace) else { return };
        if slot.is_known() || trace.named && self.seen.contains(&id) {
            return;
        }
        if trace.named {
            self.seen.push(id);
        }
        let mut found = false;
        for part in &trace.parts {
            if is_unknown(machine, traces, *part) {
                found = true;
                self.explain(machine, *part);
            }
        }
        if let Some(inside) = &trace.inside
            && !found
        {
            found = self.explain_fold(machine, trace, inside);
        }
        if !found {
            self.add(trace, slot);
        }
    }

    fn add(&mut self, trace: &Trace, slot: Slot) {
        let Some(text) = trace.text else { return };
        let written = self.traces.text(text);
        let text = match slot.why().reason() {
            Some(reason) => format!("{written} ({reason})"),
            None => written.to_string(),
        };
        if !self.missing.contains(&text) {
            self.missing.push(text);
        }
    }

    /// Element by element, for the value and then for the filter. Whether anything was unknown there.
    fn explain_fold(&mut self, machine: &mut Machine<'_>, trace: &Trace, inside: &Inside) -> bool {
        let program = machine.program;
        let reg = trace.node.and_then(|node| program.place(node.0));
        let Some(fold) = program.folds.iter().find(|fold| Some(fold.to) == reg) else { return false };
        let mut found = false;
        for (part, is_filter) in [(inside.value, false), (inside.filter, true)] {
            let Some(part) = part else { continue };
            let mut place = 0;
            while let Some(element) = machine.arenas().run(machine.get(fold.list)).get(place).copied() {
                machine.run_element(fold, element);
                place += 1;
                let counts = is_filter || holds(machine, fold);
                if counts && is_unknown(machine, self.traces, part) {
                    found = true;
                    self.explain(machine, part);
                }
            }
        }
        found
    }
}

fn value(machine: &Machine<'_>, trace: &Trace) -> Option<Slot> {
    let computed = || Some(machine.get(machine.program.place(trace.node?.0)?));
    trace.never.map(Slot::unknown).or_else(computed)
}

fn is_unknown(machine: &Machine<'_>, traces: &Traces, id: TraceId) -> bool {
    value(machine, traces.get(id)).is_some_and(|slot| !slot.is_known())
}

/// The value of an element only matters where the filter holds.
fn holds(machine: &Machine<'_>, fold: &FoldCode) -> bool {
    fold.filter.is_none_or(|filter| machine.get(filter).is_true())
}
