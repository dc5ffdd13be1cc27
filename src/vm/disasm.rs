//! The program as text: `rulec emit --stage bytecode`.

use std::fmt::Write;
use std::ops::Range;

use super::op::{EventProgram, FoldCode, Instr, Reg, Regs, Slow};

/// The code of one event type. `rules` are the names of its rules, in the order of its blocks.
pub fn disassemble(program: &EventProgram, event: &str, rules: &[&str]) -> String {
    let mut out = format!("event {event} ({} registers)\n", program.registers);
    section(&mut out, program, "inputs", program.inputs.clone());
    section(&mut out, program, "rules", program.rules.clone());
    for (name, block) in rules.iter().zip(&program.blocks) {
        section(&mut out, program, &format!("when {name} hits"), block.clone());
    }
    out
}

fn section(out: &mut String, program: &EventProgram, title: &str, range: Range<usize>) {
    let _ = writeln!(out, "  {title}");
    let start = range.start;
    for (offset, instr) in program.code.get(range).unwrap_or_default().iter().enumerate() {
        line(out, program, start + offset, instr, 4);
    }
}

fn line(out: &mut String, program: &EventProgram, at: usize, instr: &Instr, indent: usize) {
    let _ = writeln!(out, "{:indent$}{at:>4}  {}", "", text(program, instr));
    if let Instr::Fold { fold } = instr
        && let Some(fold) = program.folds.get(*fold as usize)
    {
        for (offset, inner) in program.bodies.get(fold.body.clone()).unwrap_or_default().iter().enumerate() {
            line(out, program, offset, inner, indent + 4);
        }
    }
}

fn text(program: &EventProgram, instr: &Instr) -> String {
    let list = |regs: Regs| {
        let regs = program.lists.get(regs.start as usize..(regs.start + regs.len) as usize);
        names(regs.unwrap_or_default())
    };
    match instr {
        Instr::And { to, all } => format!("r{to} = and {}", list(*all)),
        Instr::Or { to, all } => format!("r{to} = or {}", list(*all)),
        Instr::InWholes { to, a, all } | Instr::InTexts { to, a, all } => {
            format!("r{to} = r{a} in {}", list(*all))
        }
        Instr::Fold { fold } => program.folds.get(*fold as usize).map_or(String::new(), fold_text),
        Instr::Slow { slow } => program.slow.get(*slow as usize).map_or(String::new(), slow_text),
        Instr::SkipUnless { a, target } => format!("unless r{a} go to {target}"),
        // `AddWhole { to: 7, a: 1, b: 2 }`: the name, then registers and numbers by place.
        other => format!("{other:?}"),
    }
}

fn fold_text(fold: &FoldCode) -> String {
    let part = |name: &str, reg: Option<Reg>| reg.map_or(String::new(), |reg| format!(" {name} r{reg}"));
    let function = format!("{:?}", fold.function).to_lowercase();
    let parts = [part("element", fold.element), part("where", fold.filter), part("value", fold.value)];
    format!("r{} = {function} of r{}{}", fold.to, fold.list, parts.concat())
}

fn slow_text(slow: &Slow) -> String {
    let regs: Vec<Reg> = slow.args.iter().map(|arg| arg.reg).collect();
    format!("r{} = {:?} {}", slow.to, slow.op, names(&regs))
}

fn names(regs: &[Reg]) -> String {
    let names: Vec<String> = regs.iter().map(|reg| format!("r{reg}")).collect();
    names.join(", ")
}
