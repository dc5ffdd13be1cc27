//! Rare operators, by the functions that define them.

use super::Machine;
use crate::builtins::Context;
use crate::model::ids::TableId;
use crate::model::ops;
use crate::model::slot::Slot;
use crate::model::time::Time;
use crate::model::types::{Ty, Type};
use crate::model::value::{Datum, Unknown, Value};
use crate::vm::op::{Operand, Slow, SlowOp};

impl<'a> Machine<'a> {
    pub(super) fn slow(&mut self, index: u32) {
        let program = self.program;
        let Some(slow) = program.slow.get(index as usize) else { return };
        let datum = self.evaluate(slow);
        let slot = self.store(&datum, &slow.ty);
        self.set(slow.to, slot);
    }

    fn store(&mut self, datum: &Datum, ty: &Type) -> Slot {
        // Almost always a bool or a number: no need for a type of one's own.
        match datum {
            Datum::Unknown(why) => Slot::unknown(*why),
            Datum::Known(value) => self.arena.add_value(value, ty),
            at_least => self.arena.add_datum(at_least, &Ty { base: ty.clone(), optional: true }),
        }
    }

    fn datum(&self, operand: &Operand) -> Datum {
        match &operand.constant {
            Some(value) => Datum::Known(value.clone()),
            None => self.arenas().datum(self.get(operand.reg), &operand.ty),
        }
    }

    fn evaluate(&self, slow: &Slow) -> Datum {
        let money = self.money_context();
        match (slow.op, &*slow.args) {
            (SlowOp::Unary(op), [a]) => ops::unary(op, &self.datum(a)),
            (SlowOp::Binary(op), [a, b]) => ops::binary(op, &self.datum(a), &self.datum(b), &money),
            (SlowOp::Compare(op), [a, b]) => ops::compare(op, &self.datum(a), &self.datum(b), &money),
            (SlowOp::Between, [a, b, c]) => {
                ops::between(&self.datum(a), &self.datum(b), &self.datum(c), &money)
            }
            (SlowOp::InArray, [a, all @ ..]) => {
                let all: Vec<Datum> = all.iter().map(|item| self.datum(item)).collect();
                ops::in_array(&self.datum(a), &all, &money)
            }
            (SlowOp::InNetwork, [a, b]) => ops::in_network(&self.datum(a), &self.datum(b)),
            (SlowOp::InElements, [a, b]) => ops::in_elements(&self.datum(a), &self.datum(b), &money),
            (SlowOp::Convert(currency), [a]) => ops::convert(&self.datum(a), currency, &money),
            (SlowOp::Lookup(table), [key]) if self.get(key.reg).is_known() => self.look_up(table, key),
            (SlowOp::HasLabel(label), [entity]) => {
                let (slot, around) = (self.get(entity.reg), &self.around);
                match slot.is_known() {
                    true => {
                        Datum::bool(around.labels.has(label, slot, &entity.ty, &self.arenas(), around.at))
                    }
                    false => Datum::Unknown(slot.why()),
                }
            }
            (SlowOp::InFilled(_) | SlowOp::LookupTold(_) | SlowOp::DuringTold(_), _) => self.filled(slow),
            _ => self.strict(slow).unwrap_or_else(Datum::Unknown),
        }
    }

    /// Questions to what lines and events have filled.
    fn filled(&self, slow: &Slow) -> Datum {
        let (filled, arenas) = (self.around.filled, self.arenas());
        let operands: Vec<(Slot, &Type)> = slow.args.iter().map(|arg| (self.get(arg.reg), &arg.ty)).collect();
        if let Some((unknown, _)) = operands.iter().find(|(slot, _)| !slot.is_known()) {
            return Datum::Unknown(unknown.why());
        }
        match (slow.op, operands.as_slice()) {
            (SlowOp::InFilled(list), [value]) => {
                filled.contains(list, *value, &arenas).map_or(Datum::MISSING, Datum::bool)
            }
            (SlowOp::LookupTold(table), keys) => {
                filled.row(table, keys, &arenas).map_or(Datum::MISSING, Datum::Known)
            }
            (SlowOp::DuringTold(calendar), [(time, _), keys @ ..]) => {
                filled.during(calendar, Time(time.as_int()), keys, &arenas)
            }
            _ => Datum::MISSING,
        }
    }

    /// One key, mostly a text or an address: without a value of its own.
    fn look_up(&self, table: TableId, key: &Operand) -> Datum {
        let Some(table) = self.around.data.tables.get(table.index()) else { return Datum::MISSING };
        let slot = self.get(key.reg);
        let found = match key.ty.representation() {
            Type::Text | Type::Email | Type::Phone => table.get_text(self.arenas().text(slot)),
            Type::Ip => table.get_ip(self.arenas().ip(slot)),
            _ => match self.datum(key) {
                Datum::Known(value) => table.get(&[value]),
                _ => None,
            },
        };
        found.cloned().map_or(Datum::MISSING, Datum::Known)
    }

    /// What needs all its operands to be known.
    fn strict(&self, slow: &Slow) -> Result<Datum, Unknown> {
        // Most have one operand: no need for a list on the heap.
        if let [arg] = &*slow.args {
            return self.strictly(slow.op, &[self.known(arg)?]);
        }
        let values = slow.args.iter().map(|arg| self.known(arg)).collect::<Result<Vec<Value>, Unknown>>()?;
        self.strictly(slow.op, &values)
    }

    fn strictly(&self, op: SlowOp, values: &[Value]) -> Result<Datum, Unknown> {
        let around = &self.around;
        match (op, values) {
            (SlowOp::Call(function), values) => {
                let context =
                    Context { zone: around.zone, money: self.money_context(), hash_key: around.hash_key };
                (function.get().call)(values, &context).map(Datum::Known)
            }
            (SlowOp::InList(list), [value]) => {
                let list = around.data.lists.get(list.index()).ok_or(Unknown::Missing)?;
                Ok(Datum::bool(list.contains(value, around.at)))
            }
            (SlowOp::Lookup(table), keys) => {
                let table = around.data.tables.get(table.index()).ok_or(Unknown::Missing)?;
                table.get(keys).cloned().map(Datum::Known).ok_or(Unknown::Missing)
            }
            (SlowOp::During(calendar), [Value::Time(time), keys @ ..]) => {
                let calendar = around.data.calendars.get(calendar.index()).ok_or(Unknown::Missing)?;
                Ok(Datum::bool(calendar.during(keys, *time)))
            }
            _ => Err(Unknown::Missing),
        }
    }

    fn known(&self, operand: &Operand) -> Result<Value, Unknown> {
        match self.datum(operand) {
            Datum::Known(value) => Ok(value),
            Datum::AtLeast(_) => Err(Unknown::Saturated),
            Datum::Unknown(why) => Err(why),
        }
    }
}
