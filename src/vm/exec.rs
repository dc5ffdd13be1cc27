//! Runs a program. Nothing here allocates, but for texts that a function makes.

mod fold;
mod registers;
mod slow;

use std::cmp::Ordering;
use std::ops::Range;

use super::op::{EventProgram, FoldCode, Instr, Reg, Regs};
use super::{Frame, Surroundings};
use crate::model::money::{Decimal, Money};
use crate::model::ops::{self, CompareOp, MoneyContext};
use crate::model::slot::{Arena, Arenas, Slot, unpack_currency};
use crate::model::value::Unknown;

/// One event in the making.
pub struct Machine<'a> {
    pub program: &'a EventProgram,
    pub frame: &'a mut Frame,
    pub constants: &'a Arena,
    /// Texts and lists of the event.
    pub arena: &'a mut Arena,
    pub around: Surroundings<'a>,
}

impl<'a> Machine<'a> {
    /// Filters, values and keys of memory: the fields must be in their registers.
    pub fn run_inputs(&mut self) {
        let program = self.program;
        self.run(&program.code, program.inputs.clone());
    }

    /// The conditions of all rules: the answers of memory must be in their registers.
    pub fn run_rules(&mut self) {
        let program = self.program;
        self.run(&program.code, program.rules.clone());
    }

    /// What is only needed for a rule that hit, by the rule's place in the event's plan.
    pub fn run_block(&mut self, rule: usize) {
        let program = self.program;
        if let Some(block) = program.blocks.get(rule) {
            self.run(&program.code, block.clone());
        }
    }

    /// Puts one element of the list of a fold in place and computes what depends on it.
    pub fn run_element(&mut self, fold: &FoldCode, element: Slot) {
        if let Some(reg) = fold.element {
            self.set(reg, element);
        }
        let program = self.program;
        self.run(&program.bodies, fold.body.clone());
    }

    pub fn arenas(&self) -> Arenas<'_> {
        Arenas { constants: self.constants, event: self.arena }
    }

    #[inline]
    pub fn get(&self, reg: Reg) -> Slot {
        self.frame.slots[reg as usize]
    }

    #[inline]
    fn set(&mut self, reg: Reg, slot: Slot) {
        slot.put(&mut self.frame.slots[reg as usize]);
    }

    fn money_context(&self) -> MoneyContext<'a> {
        MoneyContext {
            rates: self.around.data.rates.as_deref(),
            currency: self.around.currency,
            at: self.around.at,
        }
    }

    fn run(&mut self, code: &[Instr], range: Range<usize>) {
        let code = code.get(..range.end).unwrap_or_default();
        let mut at = range.start;
        while let Some(next) = registers::run(code, &self.program.lists, at, &mut self.frame.slots) {
            if let Some(instr) = code.get(next) {
                self.step(*instr);
            }
            at = next + 1;
        }
    }

    /// What needs more than registers.
    #[inline(never)]
    fn step(&mut self, instr: Instr) {
        match instr {
            Instr::EqualText { to, a, b } => self.text(to, a, b, |a, b| a == b),
            Instr::NotEqualText { to, a, b } => self.text(to, a, b, |a, b| a != b),
            Instr::TextTest { test, to, a, b } => self.text(to, a, b, |a, b| ops::text_holds(test, a, b)),
            Instr::CompareMoney { op, to, a, b } => self.compare_money(op, to, a, b),
            Instr::AddMoney { to, a, b } => self.money(to, a, b, ops::add_money),
            Instr::SubtractMoney { to, a, b } => self.money(to, a, b, ops::subtract_money),
            Instr::Member { to, a, place } => self.member(to, a, place),
            Instr::Fold { fold } => self.fold(fold),
            Instr::Slow { slow } => self.slow(slow),
            other => self.search(other),
        }
    }

    /// Membership and text search.
    fn search(&mut self, instr: Instr) {
        match instr {
            Instr::InWholes { to, a, all } if self.get(a).state == Slot::AT_LEAST => {
                let bound = self.get(a).as_int();
                let beyond = self.all(all).all(|item| item.as_int() < bound);
                self.set(to, if beyond { Slot::bool(false) } else { Slot::unknown(Unknown::Saturated) });
            }
            Instr::InWholes { to, a, all } => {
                self.test(to, a, |machine, value| machine.all(all).any(|item| item.bits == value.bits));
            }
            Instr::InTexts { to, a, all } => self.test(to, a, |machine, value| {
                let arenas = machine.arenas();
                let text = arenas.text(value);
                machine.all(all).any(|item| arenas.text(item) == text)
            }),
            Instr::InListText { to, a, list } => self.test(to, a, |machine, value| {
                let text = machine.arenas().text(value);
                let list = machine.around.data.lists.get(list.index());
                list.is_some_and(|list| list.contains_text(text, machine.around.at))
            }),
            Instr::InListIp { to, a, list } => self.test(to, a, |machine, value| {
                let ip = machine.arenas().ip(value);
                let list = machine.around.data.lists.get(list.index());
                list.is_some_and(|list| list.contains_ip(ip, machine.around.at))
            }),
            Instr::Matches { to, a, regex } => self.test(to, a, |machine, value| {
                let regex = machine.program.regexes.get(regex as usize);
                regex.is_some_and(|regex| regex.compiled.is_match(machine.arenas().text(value)))
            }),
            Instr::Mentions { to, a, phrases } => self.test(to, a, |machine, value| {
                let set = machine.around.data.phrases.get(phrases.index());
                set.is_some_and(|set| set.find(machine.arenas().text(value)).is_some())
            }),
            _ => {}
        }
    }

    /// A question to one known value.
    fn test(&mut self, to: Reg, a: Reg, holds: impl Fn(&Self, Slot) -> bool) {
        let value = self.get(a);
        let slot = if value.is_known() { Slot::bool(holds(self, value)) } else { Slot::unknown(value.why()) };
        self.set(to, slot);
    }

    fn all(&self, regs: Regs) -> impl Iterator<Item = Slot> + use<'_, 'a> {
        let list = self.program.lists.get(regs.start as usize..(regs.start + regs.len) as usize);
        list.unwrap_or_default().iter().map(|reg| self.get(*reg))
    }

    fn text(&mut self, to: Reg, a: Reg, b: Reg, holds: impl Fn(&str, &str) -> bool) {
        let (a, b) = (self.get(a), self.get(b));
        let slot = match first_not_known(a, b) {
            None => Slot::bool(holds(self.arenas().text(a), self.arenas().text(b))),
            Some(why) => Slot::unknown(why),
        };
        self.set(to, slot);
    }

    fn money(
        &mut self,
        to: Reg,
        a: Reg,
        b: Reg,
        op: impl Fn(Money, Money, &MoneyContext<'_>) -> Result<Money, Unknown>,
    ) {
        let (a, b) = (self.get(a), self.get(b));
        let slot = match first_not_known(a, b) {
            None => op(money_of(a), money_of(b), &self.money_context())
                .map_or_else(Slot::unknown, |sum| Slot::money(sum.amount.0, sum.currency)),
            Some(why) => Slot::unknown(why),
        };
        self.set(to, slot);
    }

    fn compare_money(&mut self, op: CompareOp, to: Reg, a: Reg, b: Reg) {
        let (a, b) = (self.get(a), self.get(b));
        let slot = if a.state | b.state != Slot::KNOWN {
            // No memory gives a lower bound of money.
            let first = if a.is_unknown() { a } else { b };
            Slot::unknown(first.why())
        } else if a.aux == b.aux {
            Slot::bool(op.holds(a.as_int().cmp(&b.as_int())))
        } else {
            ops::compare_money(money_of(a), money_of(b), &self.money_context())
                .map_or_else(Slot::unknown, |order: Ordering| Slot::bool(op.holds(order)))
        };
        self.set(to, slot);
    }

    fn member(&mut self, to: Reg, a: Reg, place: u32) {
        let record = self.get(a);
        let slot = if record.is_known() {
            self.arenas().run(record).get(place as usize).copied().unwrap_or(Slot::MISSING)
        } else {
            Slot::unknown(record.why())
        };
        self.set(to, slot);
    }
}

fn money_of(slot: Slot) -> Money {
    Money { amount: Decimal(slot.as_int()), currency: unpack_currency(slot.aux) }
}

/// The reason of the first operand that can't be calculated with.
fn first_not_known(a: Slot, b: Slot) -> Option<Unknown> {
    if a.state | b.state == Slot::KNOWN { None } else { Some(if a.is_known() { b.why() } else { a.why() }) }
}
