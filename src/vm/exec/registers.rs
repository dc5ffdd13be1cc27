//! What needs nothing but registers: nearly all instructions of most rulesets.

use crate::model::money::Decimal;
use crate::model::ops::{self, CompareOp, Number};
use crate::model::slot::Slot;
use crate::model::value::Unknown;
use crate::vm::op::{Instr, Reg, Regs};

/// Goes on from `at` up to the end of the code, or to the place of an instruction that needs more than registers.
pub(super) fn run(code: &[Instr], lists: &[Reg], mut at: usize, slots: &mut [Slot]) -> Option<usize> {
    loop {
        let instr = code.get(at)?;
        at += 1;
        // One by one into the register: nothing of a slot goes through memory on the way.
        match *instr {
            Instr::SkipUnless { a, target } => {
                if !get(slots, a).is_true() {
                    at = target as usize;
                }
            }
            Instr::And2 { to, a, b } => set(slots, to, and(get(slots, a), get(slots, b))),
            Instr::Or2 { to, a, b } => set(slots, to, or(get(slots, a), get(slots, b))),
            Instr::And { to, all } => {
                let slot = each(slots, lists, all).fold(Slot::bool(true), and);
                set(slots, to, slot);
            }
            Instr::Or { to, all } => {
                let slot = each(slots, lists, all).fold(Slot::bool(false), or);
                set(slots, to, slot);
            }
            Instr::Not { to, a } => set(slots, to, not(get(slots, a))),
            Instr::Else { to, a, b } => {
                let place = if get(slots, a).is_unknown() { b } else { a };
                set(slots, to, get(slots, place));
            }
            Instr::IsMissing { to, a } => set(slots, to, Slot::bool(get(slots, a).is_unknown())),
            Instr::IsPresent { to, a } => set(slots, to, Slot::bool(!get(slots, a).is_unknown())),
            Instr::EqualWhole { to, a, b } => compare(slots, CompareOp::Equal, to, a, b, |a, b| a == b),
            Instr::NotEqualWhole { to, a, b } => compare(slots, CompareOp::NotEqual, to, a, b, |a, b| a != b),
            Instr::LessWhole { to, a, b } => compare(slots, CompareOp::Less, to, a, b, |a, b| a < b),
            Instr::LessEqualWhole { to, a, b } => {
                compare(slots, CompareOp::LessEqual, to, a, b, |a, b| a <= b);
            }
            Instr::GreaterWhole { to, a, b } => compare(slots, CompareOp::Greater, to, a, b, |a, b| a > b),
            Instr::GreaterEqualWhole { to, a, b } => {
                compare(slots, CompareOp::GreaterEqual, to, a, b, |a, b| a >= b);
            }
            Instr::AddWhole { to, a, b } => arithmetic(slots, to, a, b, ops::add_int),
            Instr::SubtractWhole { to, a, b } => arithmetic(slots, to, a, b, ops::subtract_int),
            Instr::MultiplyWhole { to, a, b } => arithmetic(slots, to, a, b, ops::multiply_int),
            Instr::MultiplyDecimal { to, a, b, ints: [x, y] } => {
                arithmetic(slots, to, a, b, |a, b| ops::multiply_decimal(number(a, x), number(b, y)));
            }
            Instr::DivideDecimal { to, a, b, ints: [x, y] } => {
                arithmetic(slots, to, a, b, |a, b| ops::divide_decimal(number(a, x), number(b, y)));
            }
            Instr::IntToDecimal { to, a } => set(slots, to, int_to_decimal(get(slots, a))),
            _ => return Some(at - 1),
        }
    }
}

#[inline(always)]
fn get(slots: &[Slot], reg: Reg) -> Slot {
    slots[reg as usize]
}

#[inline(always)]
fn set(slots: &mut [Slot], reg: Reg, slot: Slot) {
    slot.put(&mut slots[reg as usize]);
}

fn each(slots: &[Slot], lists: &[Reg], regs: Regs) -> impl Iterator<Item = Slot> {
    let list = lists.get(regs.start as usize..(regs.start + regs.len) as usize);
    list.unwrap_or_default().iter().map(|reg| get(slots, *reg))
}

#[inline(always)]
fn compare(slots: &mut [Slot], op: CompareOp, to: Reg, a: Reg, b: Reg, holds: impl Fn(i64, i64) -> bool) {
    let (a, b) = (get(slots, a), get(slots, b));
    let slot = if a.state | b.state == Slot::KNOWN {
        Slot::bool(holds(a.as_int(), b.as_int()))
    } else {
        compare_unsure(op, a, b)
    };
    set(slots, to, slot);
}

#[inline(always)]
fn arithmetic(slots: &mut [Slot], to: Reg, a: Reg, b: Reg, op: impl Fn(i64, i64) -> Result<i64, Unknown>) {
    let (a, b) = (get(slots, a), get(slots, b));
    let slot = match super::first_not_known(a, b) {
        None => op(a.as_int(), b.as_int()).map_or_else(Slot::unknown, Slot::int),
        Some(why) => Slot::unknown(why),
    };
    set(slots, to, slot);
}

#[inline(always)]
fn number(value: i64, int: bool) -> Number {
    if int { Number::Int(value) } else { Number::Decimal(value) }
}

/// Kleene's `and` of two; the reason is that of the first unknown one.
#[inline]
fn and(a: Slot, b: Slot) -> Slot {
    if a.state | b.state == Slot::KNOWN {
        return Slot::bool(a.bits & b.bits == 1);
    }
    if is_false(a) || is_false(b) {
        return Slot::bool(false);
    }
    Slot::unknown(if a.is_known() { b.why() } else { a.why() })
}

#[inline]
pub(super) fn or(a: Slot, b: Slot) -> Slot {
    if a.state | b.state == Slot::KNOWN {
        return Slot::bool(a.bits | b.bits == 1);
    }
    if a.is_true() || b.is_true() {
        return Slot::bool(true);
    }
    Slot::unknown(if a.is_known() { b.why() } else { a.why() })
}

#[inline]
pub(super) fn not(a: Slot) -> Slot {
    if a.is_known() { Slot::bool(a.bits == 0) } else { Slot::unknown(a.why()) }
}

fn is_false(slot: Slot) -> bool {
    slot.is_known() && slot.bits == 0
}

/// A comparison of whole numbers of which at least one is not known.
#[cold]
fn compare_unsure(op: CompareOp, a: Slot, b: Slot) -> Slot {
    let settled = |op: CompareOp, bound: Slot, other: Slot| {
        let order = bound.as_int().cmp(&other.as_int());
        op.holds_at_least(order).map_or(Slot::unknown(Unknown::Saturated), Slot::bool)
    };
    if a.is_unknown() {
        Slot::unknown(a.why())
    } else if b.is_unknown() {
        Slot::unknown(b.why())
    } else if b.is_known() {
        settled(op, a, b)
    } else if a.is_known() {
        settled(op.mirrored(), b, a)
    } else {
        Slot::unknown(Unknown::Saturated)
    }
}

fn int_to_decimal(a: Slot) -> Slot {
    if a.is_unknown() {
        return Slot::unknown(a.why());
    }
    match Decimal::from_int(a.as_int()) {
        Ok(decimal) => Slot { state: a.state, ..Slot::int(decimal.0) },
        Err(why) => Slot::unknown(why),
    }
}
