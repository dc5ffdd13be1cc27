//! What can be said for certain about conditions: whether they can hold, alone and together.
//!
//! A condition becomes a [`Formula`] over facts about *subjects* (a field, a count, a pair of compared values …), and
//! [`possible`] looks for a way to make formulas hold at once. Where something is not understood the formula is weaker than
//! the condition, so "impossible" is always true, and "possible" may be wrong. All three answers of a condition are told
//! apart: see [`Want`].

mod domain;
mod keys;
#[cfg(test)]
mod tests;

use domain::{Numbers, State};
pub use keys::Keys;

use crate::model::money::Currency;
use crate::model::ops::{CompareOp, UnaryOp};
use crate::model::types::Type;
use crate::model::value::Value;
use crate::model::window::AggregateFn;
use crate::sema::hir::{Expr, ExprKind, FoldFn};

/// An answer that a condition may be wanted to give.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Want {
    True,
    False,
    /// False or unknown.
    NotTrue,
    /// True or unknown.
    NotFalse,
}

impl Want {
    fn negated(self) -> Want {
        match self {
            Want::True => Want::False,
            Want::False => Want::True,
            Want::NotTrue => Want::NotFalse,
            Want::NotFalse => Want::NotTrue,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Formula {
    True,
    False,
    Fact(Fact),
    And(Vec<Formula>),
    Or(Vec<Formula>),
}

#[derive(Clone, Debug)]
pub enum Fact {
    /// The subject's value is known, or is not.
    Known(u32, bool),
    /// A number, amount, time … lies in these bounds and is none (or one) of these.
    Number { subject: u32, numbers: Numbers },
    /// A value without order is one of these (or none of them).
    Choice { subject: u32, universe: Option<Vec<u32>>, values: Vec<u32>, among: bool },
}

/// More than this many parts, and the rest of the condition is taken for something that may well hold.
const MOST_PARTS: usize = 600;
/// More than this many ways tried, and the search ends with "possible".
const MOST_WAYS: usize = 1_000;

/// Can all of these hold at once?
pub fn possible(formulas: &[&Formula]) -> bool {
    let mut ways = MOST_WAYS;
    search(formulas.to_vec(), State::default(), &mut ways)
}

fn search(mut open: Vec<&Formula>, mut state: State, ways: &mut usize) -> bool {
    let mut choices = Vec::new();
    while let Some(formula) = open.pop() {
        match formula {
            Formula::True => {}
            Formula::False => return false,
            Formula::Fact(fact) => {
                if !state.add(fact) {
                    return false;
                }
            }
            Formula::And(all) => open.extend(all),
            Formula::Or(_) => choices.push(formula),
        }
    }
    let Some(Formula::Or(branches)) = choices.pop() else { return true };
    for branch in branches {
        if *ways == 0 {
            return true;
        }
        *ways -= 1;
        let mut open = choices.clone();
        open.push(branch);
        if search(open, state.clone(), ways) {
            return true;
        }
    }
    false
}

/// Makes formulas; one per event, as a field means something else on another event.
pub struct Logic {
    pub keys: Keys,
    parts: usize,
}

impl Logic {
    pub fn new() -> Logic {
        Logic { keys: Keys::default(), parts: 0 }
    }

    /// What must be so for `condition` to answer as wanted.
    pub fn formula(&mut self, condition: &Expr, want: Want) -> Formula {
        self.parts = 0;
        self.build(condition, want)
    }

    fn build(&mut self, expr: &Expr, want: Want) -> Formula {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return Formula::True;
        }
        let wants_true = matches!(want, Want::True | Want::NotFalse);
        match &expr.kind {
            ExprKind::Alias(inner) => self.build(inner, want),
            ExprKind::Const(Value::Bool(value)) => {
                if *value == wants_true {
                    Formula::True
                } else {
                    Formula::False
                }
            }
            ExprKind::Not(inner) => self.build(inner, want.negated()),
            ExprKind::And(all) => self.join(all, want, wants_true),
            ExprKind::Or(all) => self.join(all, want, !wants_true),
            ExprKind::Else(value, default) => self.default(value, default, want),
            ExprKind::IsMissing { value, present } => {
                let mut known = self.known_parts(value);
                let own = self.keys.id(value);
                // If the value is known then so is all that it is made of; if it is not, nobody can tell which part.
                if *present == wants_true {
                    known.push(Formula::Fact(Fact::Known(own, true)));
                    Formula::And(known)
                } else if may_be_unknown(value) {
                    Formula::Fact(Fact::Known(own, false))
                } else {
                    Formula::False
                }
            }
            ExprKind::Between(value, low, high) => {
                let at_least = self.compare(expr, CompareOp::GreaterEqual, value, low);
                let at_most = self.compare(expr, CompareOp::LessEqual, value, high);
                self.answer(expr, want, at_least, at_most)
            }
            ExprKind::Compare(op, left, right) => {
                let holds = self.compare(expr, *op, left, right);
                self.answer(expr, want, holds, (Formula::True, Formula::False))
            }
            ExprKind::InArray(value, elements) => {
                let holds = self.one_of(value, elements);
                self.answer(expr, want, holds, (Formula::True, Formula::False))
            }
            _ => {
                let truth = (self.truth(expr, true), self.truth(expr, false));
                self.answer(expr, want, truth, (Formula::True, Formula::False))
            }
        }
    }

    /// That a condition which is not looked into holds or fails: it does the same wherever it stands.
    fn truth(&mut self, expr: &Expr, value: bool) -> Formula {
        let subject = self.keys.id(expr);
        let universe = self.universe(&Type::Bool);
        let value = self.keys.value(&Value::Bool(value));
        choice(subject, universe, vec![value], true)
    }

    fn join(&mut self, all: &[Expr], want: Want, every: bool) -> Formula {
        let parts = all.iter().map(|part| self.build(part, want)).collect();
        if every { Formula::And(parts) } else { Formula::Or(parts) }
    }

    /// `value else default`: the value's answer, or the default's if the value's is unknown.
    fn default(&mut self, value: &Expr, default: &Expr, want: Want) -> Formula {
        let plain = match want {
            Want::True | Want::NotFalse => Want::True,
            Want::False | Want::NotTrue => Want::False,
        };
        let own = self.build(value, plain);
        let not_true = self.build(value, Want::NotTrue);
        let not_false = self.build(value, Want::NotFalse);
        let instead = self.build(default, want);
        Formula::Or(vec![own, Formula::And(vec![not_true, not_false, instead])])
    }

    /// From what a comparison (or two, both of which must hold) asks of its subject to what `want` asks.
    fn answer(
        &mut self,
        expr: &Expr,
        want: Want,
        one: (Formula, Formula),
        other: (Formula, Formula),
    ) -> Formula {
        let holds = match want {
            Want::True | Want::NotFalse => Formula::And(vec![one.0, other.0]),
            Want::False | Want::NotTrue => Formula::Or(vec![one.1, other.1]),
        };
        let own = self.keys.id(expr);
        let mut known = self.known_parts(expr);
        known.push(Formula::Fact(Fact::Known(own, true)));
        known.push(holds);
        let answered = Formula::And(known);
        match want {
            Want::True | Want::False => answered,
            Want::NotTrue | Want::NotFalse => {
                let unknown = self.unknown(expr);
                Formula::Or(vec![answered, unknown])
            }
        }
    }

    /// When a comparison is unknown: when a part of it is, or when a conversion or a bound is in the way.
    fn unknown(&mut self, expr: &Expr) -> Formula {
        let mut ways = Vec::new();
        let mut blocked = Vec::new();
        expr.for_each_child(&mut |child| blocked.push(child));
        for child in blocked {
            if may_be_unknown(child) {
                ways.push(Formula::Fact(Fact::Known(self.keys.id(child), false)));
            }
        }
        // Amounts of any currency need a rate, one and the same for the same two currencies.
        if let Some(rate) = self.rate(expr) {
            ways.push(Formula::Fact(Fact::Known(rate, false)));
        } else if let Some(saturated) = self.saturated(expr) {
            ways.push(saturated);
        } else if may_be_unknown_itself(expr) {
            ways.push(Formula::Fact(Fact::Known(self.keys.id(expr), false)));
        }
        Formula::Or(ways)
    }

    /// When a count that reached its cap leaves a comparison open. The number of such a subject is the bound that is
    /// known of it: "at least so much" settles `>= 3` from 3 on and `== 3` from 4 on.
    fn saturated(&mut self, expr: &Expr) -> Option<Formula> {
        let ExprKind::Compare(op, left, right) = &expr.kind else { return None };
        let (op, subject, value) = match (folded(left), folded(right)) {
            (None, Some(value)) if is_counted(left) => (*op, left, value),
            (Some(value), None) if is_counted(right) => (op.mirrored(), right, value),
            _ => return None,
        };
        let open = match op {
            CompareOp::GreaterEqual | CompareOp::Less => CompareOp::Less,
            _ => CompareOp::LessEqual,
        };
        self.against(open, subject, &value)
    }

    /// The way from the currency of an open amount to the one it is compared with.
    fn rate(&mut self, expr: &Expr) -> Option<u32> {
        let ExprKind::Compare(_, left, right) = &expr.kind else { return None };
        if !open_money(left) && !open_money(right) {
            return None;
        }
        let (subject, currency) = match (left.as_const(), right.as_const()) {
            (None, Some(Value::Money(money))) => (left, money.currency),
            (Some(Value::Money(money)), None) => (right, money.currency),
            _ => return None,
        };
        Some(self.money_subject(subject, currency))
    }

    fn money_subject(&mut self, subject: &Expr, currency: Currency) -> u32 {
        let id = self.keys.id(subject);
        self.keys.named(&format!("rate {id} {currency}"))
    }

    /// Everything that must be known for `expr` to be known.
    fn known_parts(&mut self, expr: &Expr) -> Vec<Formula> {
        let mut ids = Vec::new();
        self.keys.strict_parts(expr, &mut ids);
        if let Some(rate) = self.rate(expr) {
            ids.push(rate);
        }
        ids.into_iter().map(|id| Formula::Fact(Fact::Known(id, true))).collect()
    }

    /// What it takes for a comparison to hold, and to fail.
    fn compare(&mut self, whole: &Expr, op: CompareOp, left: &Expr, right: &Expr) -> (Formula, Formula) {
        let truths = (self.holds(op, left, right), self.holds(opposite(op), left, right));
        match truths {
            (Some(holds), Some(fails)) => (holds, fails),
            _ => {
                // Of a `between` that is not understood one can't say which end it is that fails.
                if matches!(whole.kind, ExprKind::Between(..)) {
                    (Formula::True, Formula::True)
                } else {
                    (self.truth(whole, true), self.truth(whole, false))
                }
            }
        }
    }

    fn holds(&mut self, op: CompareOp, left: &Expr, right: &Expr) -> Option<Formula> {
        match (folded(left), folded(right)) {
            (Some(left), Some(right)) => {
                let comparable = match (&left, &right) {
                    (Value::Money(a), Value::Money(b)) => a.currency == b.currency,
                    (Value::Float(_), Value::Float(_)) => true,
                    (Value::Float(_), _) | (_, Value::Float(_)) => false,
                    _ => true,
                };
                let (left, right) = (number(&left)?, number(&right).filter(|_| comparable)?);
                Some(if op.holds(left.cmp(&right)) { Formula::True } else { Formula::False })
            }
            (None, Some(value)) => self.against(op, left, &value),
            (Some(value), None) => self.against(op.mirrored(), right, &value),
            (None, None) => Some(self.pair(op, left, right)),
        }
    }

    /// A subject against a constant.
    fn against(&mut self, op: CompareOp, subject: &Expr, value: &Value) -> Option<Formula> {
        if let Some(at) = number(value) {
            let (id, integral) = self.number_subject(subject, value)?;
            let numbers = Numbers::compared(op, at, integral, natural_bounds(subject));
            return Some(Formula::Fact(Fact::Number { subject: id, numbers }));
        }
        let among = match op {
            CompareOp::Equal => true,
            CompareOp::NotEqual => false,
            _ => return None,
        };
        let id = self.keys.id(subject);
        let value = self.keys.value(value);
        let universe = self.universe(&subject.ty.base);
        Some(choice(id, universe, vec![value], among))
    }

    /// The subject that a number is a value of, and whether it is whole. An int that is compared as a decimal is the
    /// same number; an amount of any currency is another number in each currency it is compared in.
    fn number_subject(&mut self, expr: &Expr, value: &Value) -> Option<(u32, bool)> {
        let expr = expr.unaliased();
        if let Value::Money(money) = value {
            let id = match expr.ty.base {
                Type::Money(Some(own)) if own == money.currency => self.keys.id(expr),
                Type::Money(Some(_)) => return None,
                _ => self.money_subject(expr, money.currency),
            };
            return Some((id, false));
        }
        match &expr.kind {
            ExprKind::Unary(UnaryOp::IntToDecimal, inner) => Some((self.keys.id(inner), true)),
            _ => Some((self.keys.id(expr), expr.ty.base == Type::Int)),
        }
    }

    /// Two values that are both only known at run time: smaller, equal or greater.
    fn pair(&mut self, op: CompareOp, left: &Expr, right: &Expr) -> Formula {
        let (a, b) = (self.keys.id(left), self.keys.id(right));
        let (op, a, b) = if a <= b { (op, a, b) } else { (op.mirrored(), b, a) };
        let ordering = [std::cmp::Ordering::Less, std::cmp::Ordering::Equal, std::cmp::Ordering::Greater];
        let possible: Vec<u32> = if a == b { vec![1] } else { vec![0, 1, 2] };
        let values = (0u32..).zip(ordering).filter(|(_, o)| op.holds(*o)).map(|(i, _)| i).collect();
        let subject = self.keys.named(&format!("pair {a} {b}"));
        choice(subject, Some(possible), values, true)
    }

    /// `x in [a, b]`
    fn one_of(&mut self, value: &Expr, elements: &[Expr]) -> (Formula, Formula) {
        let mut holds = Vec::new();
        let mut fails = Vec::new();
        for element in elements {
            let equal = self.holds(CompareOp::Equal, value, element);
            let differs = self.holds(CompareOp::NotEqual, value, element);
            holds.push(equal.unwrap_or(Formula::True));
            fails.push(differs.unwrap_or(Formula::True));
        }
        (Formula::Or(holds), Formula::And(fails))
    }

    fn universe(&mut self, ty: &Type) -> Option<Vec<u32>> {
        match ty {
            Type::Bool => Some([false, true].into_iter().map(|b| self.keys.value(&Value::Bool(b))).collect()),
            Type::Enum(values) => {
                Some((0u16..).zip(&values.values).map(|(i, _)| self.keys.value(&Value::Enum(i))).collect())
            }
            _ => None,
        }
    }
}

fn choice(subject: u32, universe: Option<Vec<u32>>, values: Vec<u32>, among: bool) -> Formula {
    Formula::Fact(Fact::Choice { subject, universe, values, among })
}

fn open_money(expr: &Expr) -> bool {
    expr.ty.base == Type::Money(None) && expr.as_const().is_none()
}

/// Could this be unknown? Only plain values that every event tells can't.
fn may_be_unknown(expr: &Expr) -> bool {
    if expr.ty.optional {
        return true;
    }
    match &expr.kind {
        ExprKind::Alias(inner) => may_be_unknown(inner),
        ExprKind::Const(_) | ExprKind::Field(_) | ExprKind::Element { .. } | ExprKind::IsMissing { .. } => {
            false
        }
        ExprKind::Member(inner, _) => may_be_unknown(inner),
        ExprKind::Else(_, default) => may_be_unknown(default),
        _ => folded(expr).is_none(),
    }
}

/// Could this be unknown although all of its parts are known?
fn may_be_unknown_itself(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Compare(_, left, right) => needs_rate(left, right) || is_counted(left) || is_counted(right),
        ExprKind::Between(value, low, high) => {
            needs_rate(value, low) || needs_rate(value, high) || is_counted(value)
        }
        ExprKind::InArray(value, elements) => {
            elements.iter().any(|element| needs_rate(value, element)) || is_counted(value)
        }
        ExprKind::TextTest(..)
        | ExprKind::Matches(..)
        | ExprKind::Mentions(..)
        | ExprKind::InElements(..) => false,
        ExprKind::Field(_) | ExprKind::Element { .. } | ExprKind::Member(..) => expr.ty.optional,
        _ => true,
    }
}

/// Amounts that are not known to be of one currency.
fn needs_rate(left: &Expr, right: &Expr) -> bool {
    match (&left.ty.base, &right.ty.base) {
        (Type::Money(Some(left)), Type::Money(Some(right))) => left != right,
        (Type::Money(_), _) | (_, Type::Money(_)) => true,
        _ => false,
    }
}

/// A count that reached its cap is "at least so much": known, and yet some comparisons with it are not.
fn is_counted(expr: &Expr) -> bool {
    match &expr.unaliased().kind {
        ExprKind::Aggregate(_) => true,
        ExprKind::Unary(_, inner) => is_counted(inner),
        _ => false,
    }
}

/// The value of a constant expression.
fn folded(expr: &Expr) -> Option<Value> {
    keys::folded(expr)
}

/// Bounds that a value keeps by its nature, in the units of [`number`].
fn natural_bounds(expr: &Expr) -> (Option<i128>, Option<i128>) {
    let count = (number(&Value::Int(0)), None);
    match &expr.unaliased().kind {
        ExprKind::Unary(UnaryOp::IntToDecimal, inner) => natural_bounds(inner),
        ExprKind::Aggregate(a) if matches!(a.function, AggregateFn::Count | AggregateFn::Distinct) => count,
        ExprKind::Fold(fold) if matches!(fold.function, FoldFn::Count | FoldFn::Distinct) => count,
        ExprKind::Call(function, _) => match function.get().name {
            "length" => count,
            "hour" => (number(&Value::Int(0)), number(&Value::Int(23))),
            "month" => (number(&Value::Int(1)), number(&Value::Int(12))),
            "distance_km" => (number(&Value::Float(0.0)), None),
            _ => (None, None),
        },
        _ => (None, None),
    }
}

/// A place on a line for values that have an order, with room for one more between any two neighbours.
fn number(value: &Value) -> Option<i128> {
    let at = match value {
        Value::Int(int) => i128::from(*int) * domain::UNIT,
        Value::Decimal(decimal) => i128::from(decimal.0),
        Value::Money(money) => i128::from(money.amount.0),
        Value::Duration(duration) => i128::from(duration.0),
        Value::Time(time) => i128::from(time.0),
        // The bits of a float, read so that they order as the floats do; -0 is 0.
        Value::Float(float) => {
            let bits = (float + 0.0).to_bits() as i64;
            i128::from(if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits })
        }
        _ => return None,
    };
    Some(at * 2)
}

fn opposite(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Equal => CompareOp::NotEqual,
        CompareOp::NotEqual => CompareOp::Equal,
        CompareOp::Less => CompareOp::GreaterEqual,
        CompareOp::LessEqual => CompareOp::Greater,
        CompareOp::Greater => CompareOp::LessEqual,
        CompareOp::GreaterEqual => CompareOp::Less,
    }
}
