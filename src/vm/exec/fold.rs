//! Questions to lists of the event.

use super::Machine;
use super::registers;
use crate::model::money::{Currency, Decimal, Money};
use crate::model::ops::{self, BinaryOp};
use crate::model::slot::Slot;
use crate::model::types::Type;
use crate::model::value::{Datum, Unknown};
use crate::sema::hir::FoldFn;
use crate::vm::op::FoldCode;

impl<'a> Machine<'a> {
    pub(super) fn fold(&mut self, index: u32) {
        let program = self.program;
        let Some(fold) = program.folds.get(index as usize) else { return };
        let list = self.get(fold.list);
        let slot = if !list.is_known() {
            Slot::unknown(list.why())
        } else {
            match fold.function {
                FoldFn::Any => self.any(fold, list, true),
                FoldFn::All => registers::not(self.any(fold, list, false)),
                FoldFn::Count => self.count(fold, list),
                FoldFn::Sum => self.sum(fold, list),
                FoldFn::Distinct => self.distinct(fold, list),
            }
        };
        self.set(fold.to, slot);
    }

    /// The filter of the element at this place, or why the walk ends: `None` after the last one.
    fn next(&mut self, fold: &FoldCode, list: Slot, place: usize) -> Option<(Slot, Slot)> {
        let element = self.arenas().run(list).get(place).copied()?;
        self.run_element(fold, element);
        let filter = fold.filter.map_or(Slot::bool(true), |filter| self.get(filter));
        let value = fold.value.map_or(element, |value| self.get(value));
        Some((filter, value))
    }

    /// Kleene's `or` of the filters, or of their negations.
    fn any(&mut self, fold: &FoldCode, list: Slot, positive: bool) -> Slot {
        let mut result = Slot::bool(false);
        let mut place = 0;
        while let Some((filter, _)) = self.next(fold, list, place) {
            result = registers::or(result, if positive { filter } else { registers::not(filter) });
            place += 1;
        }
        result
    }

    fn count(&mut self, fold: &FoldCode, list: Slot) -> Slot {
        let (mut count, mut place) = (0, 0);
        while let Some((filter, _)) = self.next(fold, list, place) {
            if !filter.is_known() {
                return Slot::unknown(filter.why());
            }
            count += i64::from(filter.is_true());
            place += 1;
        }
        Slot::int(count)
    }

    fn sum(&mut self, fold: &FoldCode, list: Slot) -> Slot {
        let Some(op) = addition(&fold.ty) else { return Slot::MISSING };
        let mut total: Option<Slot> = None;
        let mut place = 0;
        while let Some((filter, value)) = self.next(fold, list, place) {
            place += 1;
            if filter.is_known() && !filter.is_true() {
                continue;
            }
            let value = if filter.is_known() { value } else { filter };
            if !value.is_known() {
                return Slot::unknown(value.why());
            }
            match self.plus(op, total, value, &fold.ty) {
                sum if sum.is_known() => total = Some(sum),
                failed => return failed,
            }
        }
        total.unwrap_or_else(|| zero(&fold.ty, self.around.currency))
    }

    fn plus(&self, op: BinaryOp, total: Option<Slot>, value: Slot, ty: &Type) -> Slot {
        let Some(total) = total else { return value };
        let result = if op == BinaryOp::AddMoney && total.aux != value.aux {
            ops::add_money(super::money_of(total), super::money_of(value), &self.money_context())
        } else {
            let currency = super::money_of(total).currency;
            ops::add_int(total.as_int(), value.as_int()).map(|sum| Money { amount: Decimal(sum), currency })
        };
        match result {
            Ok(sum) if ty.representation().is_money() => Slot::money(sum.amount.0, sum.currency),
            Ok(sum) => Slot::int(sum.amount.0),
            Err(why) => Slot::unknown(why),
        }
    }

    fn distinct(&mut self, fold: &FoldCode, list: Slot) -> Slot {
        let mut values: Vec<Slot> = Vec::new();
        let mut place = 0;
        while let Some((filter, value)) = self.next(fold, list, place) {
            place += 1;
            if filter.is_known() && !filter.is_true() {
                continue;
            }
            let value = if filter.is_known() { value } else { filter };
            if !value.is_known() {
                return Slot::unknown(value.why());
            }
            values.push(value);
        }
        Slot::int(self.different(values, &fold.value_ty) as i64)
    }

    fn different(&self, mut values: Vec<Slot>, ty: &Type) -> usize {
        let arenas = self.arenas();
        match ty.representation() {
            Type::Text | Type::Email | Type::Phone => {
                let mut texts: Vec<&str> = values.iter().map(|value| arenas.text(*value)).collect();
                texts.sort_unstable();
                texts.dedup();
                texts.len()
            }
            Type::Ip | Type::Cidr | Type::Record(_) | Type::List(_) | Type::Float => {
                let mut seen: Vec<Datum> = Vec::new();
                for value in values {
                    let datum = arenas.datum(value, ty);
                    if !seen.contains(&datum) {
                        seen.push(datum);
                    }
                }
                seen.len()
            }
            _ => {
                values.sort_unstable_by_key(|value| (value.bits, value.aux));
                values.dedup();
                values.len()
            }
        }
    }
}

fn addition(ty: &Type) -> Option<BinaryOp> {
    match ty.representation() {
        Type::Int => Some(BinaryOp::AddInt),
        Type::Decimal => Some(BinaryOp::AddDecimal),
        Type::Money(_) => Some(BinaryOp::AddMoney),
        Type::Duration => Some(BinaryOp::AddDuration),
        _ => None,
    }
}

/// The sum of nothing.
fn zero(ty: &Type, currency: Option<Currency>) -> Slot {
    match ty.representation() {
        Type::Money(own) => own.or(currency).map_or(Slot::unknown(Unknown::Missing), |c| Slot::money(0, c)),
        _ => Slot::int(0),
    }
}
