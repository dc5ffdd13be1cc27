//! *Cannot say*: which operands made an expression unknown, as the author wrote them.

use crate::model::slot::Slot;
use crate::model::value::Unknown;
use crate::plan::ir::{Inside, Trace, TraceId, Traces};
use crate::vm::op::FoldCode;
use crate::vm::{Machine, Reg};

/// Adds what made this expression unknown to `missing`, each once, in source order.
pub(super) fn explain(machine: &mut Machine<'_>, traces: &Traces, id: TraceId, missing: &mut Vec<String>) {
    let trace = traces.get(id);
    let Some((reg, slot)) = value(machine, trace) else { return };
    if slot.is_known() {
        return;
    }
    let mut found = false;
    for part in &trace.parts {
        if value(machine, traces.get(*part)).is_some_and(|(_, slot)| !slot.is_known()) {
            found = true;
            explain(machine, traces, *part, missing);
        }
    }
    if let Some(inside) = &trace.inside
        && !found
    {
        found = explain_fold(machine, traces, reg, inside, missing);
    }
    if !found {
        add(traces, trace, slot, missing);
    }
}

fn value(machine: &Machine<'_>, trace: &Trace) -> Option<(Reg, Slot)> {
    let reg = machine.program.place(trace.node?.0)?;
    Some((reg, machine.get(reg)))
}

fn add(traces: &Traces, trace: &Trace, slot: Slot, missing: &mut Vec<String>) {
    let Some(text) = trace.text else { return };
    let written = traces.text(text);
    let why = if slot.state == Slot::AT_LEAST { Unknown::Saturated } else { slot.why() };
    let text = match why.reason() {
        Some(reason) => format!("{written} ({reason})"),
        None => written.to_string(),
    };
    if !missing.contains(&text) {
        missing.push(text);
    }
}

/// Element by element, for the value and then for the filter. Whether anything was unknown there.
fn explain_fold(
    machine: &mut Machine<'_>,
    traces: &Traces,
    reg: Reg,
    inside: &Inside,
    missing: &mut Vec<String>,
) -> bool {
    let program = machine.program;
    let Some(fold) = program.folds.iter().find(|fold| fold.to == reg) else { return false };
    let mut found = false;
    for (part, is_filter) in [(inside.value, false), (inside.filter, true)] {
        let Some(part) = part else { continue };
        let mut place = 0;
        while let Some(element) = machine.arenas().run(machine.get(fold.list)).get(place).copied() {
            machine.run_element(fold, element);
            place += 1;
            let counts = is_filter || holds(machine, fold);
            if counts && value(machine, traces.get(part)).is_some_and(|(_, slot)| !slot.is_known()) {
                found = true;
                explain(machine, traces, part, missing);
            }
        }
    }
    found
}

/// The value of an element only matters where the filter holds.
fn holds(machine: &Machine<'_>, fold: &FoldCode) -> bool {
    fold.filter.is_none_or(|filter| machine.get(filter).is_true())
}
