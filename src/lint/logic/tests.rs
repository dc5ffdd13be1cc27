//! The solver against brute force: what it calls impossible must not happen for any event.

use std::sync::Arc;

use super::*;
use crate::model::ids::{FieldId, MemoryId};
use crate::model::money::Decimal;
use crate::model::ops::{self, MoneyContext};
use crate::model::time::{Duration, Time};
use crate::model::types::{EnumType, Ty};
use crate::model::value::{Datum, Unknown};
use crate::model::window::Window;
use crate::sema::hir::Aggregate;
use crate::source::{SourceId, Span};

/// Counts are kept up to this many.
const CAP: i64 = 5;

/// The same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len())]
    }
}

fn expr(kind: ExprKind, ty: Ty) -> Expr {
    Expr::new(kind, ty, Span::new(SourceId(0), 0, 0))
}

fn color() -> Type {
    Type::Enum(Arc::new(EnumType { values: ["red", "green", "blue"].map(Arc::from).to_vec() }))
}

/// Field 0 an int, 1 an optional int, 2 an optional bool, 3 an enum, 4 an optional decimal; and a count.
fn subject(field: u32) -> Expr {
    let ty = match field {
        0 => Type::Int.required(),
        1 => Type::Int.optional(),
        2 => Type::Bool.optional(),
        3 => color().required(),
        _ => Type::Decimal.optional(),
    };
    expr(ExprKind::Field(FieldId(field)), ty)
}

fn count() -> Expr {
    let window = Window::Sliding { span: Duration(1), ending: Duration(0) };
    let aggregate =
        Aggregate { function: AggregateFn::Count, memory: MemoryId(0), keys: Vec::new(), window, this: None };
    expr(ExprKind::Aggregate(Box::new(aggregate)), Type::Int.required())
}

fn int(value: i64) -> Expr {
    expr(ExprKind::Const(Value::Int(value)), Type::Int.required())
}

fn decimal(halves: i64) -> Expr {
    expr(ExprKind::Const(Value::Decimal(Decimal(halves * 500_000))), Type::Decimal.required())
}

fn condition(kind: ExprKind, optional: bool) -> Expr {
    expr(kind, if optional { Type::Bool.optional() } else { Type::Bool.required() })
}

const OPS: [CompareOp; 6] = [
    CompareOp::Equal,
    CompareOp::NotEqual,
    CompareOp::Less,
    CompareOp::LessEqual,
    CompareOp::Greater,
    CompareOp::GreaterEqual,
];

fn compare(op: CompareOp, left: Expr, right: Expr) -> Expr {
    let optional = left.ty.optional || right.ty.optional;
    condition(ExprKind::Compare(op, Box::new(left), Box::new(right)), optional)
}

fn atom(dice: &mut Dice) -> Expr {
    let op = dice.pick(&OPS);
    let number = int(dice.roll(CAP as usize + 1) as i64);
    match dice.roll(11) {
        0 => compare(op, subject(0), number),
        1 => compare(op, number, subject(1)),
        2 => compare(op, count(), number),
        3 => compare(op, subject(0), subject(1)),
        4 => compare(op, subject(4), decimal(dice.roll(6) as i64)),
        5 => {
            let exact =
                expr(ExprKind::Unary(UnaryOp::IntToDecimal, Box::new(subject(1))), Type::Decimal.optional());
            compare(op, exact, decimal(dice.roll(6) as i64))
        }
        6 => subject(2),
        7 => {
            let op = dice.pick(&[CompareOp::Equal, CompareOp::NotEqual]);
            let value = expr(ExprKind::Const(Value::Enum(dice.roll(3) as u16)), color().required());
            compare(op, subject(3), value)
        }
        8 => {
            let low = Box::new(int(dice.roll(5) as i64));
            let value = subject(dice.roll(2) as u32);
            let optional = value.ty.optional;
            condition(ExprKind::Between(Box::new(value), low, Box::new(number)), optional)
        }
        9 => {
            let elements = (0..=dice.roll(3)).map(|_| int(dice.roll(5) as i64)).collect();
            condition(ExprKind::InArray(Box::new(subject(1)), elements), true)
        }
        _ => {
            let value = Box::new(subject(dice.pick(&[1, 2, 4])));
            condition(ExprKind::IsMissing { value, present: dice.roll(2) == 0 }, false)
        }
    }
}

fn random(dice: &mut Dice, depth: usize) -> Expr {
    if depth == 0 {
        return atom(dice);
    }
    let part = |dice: &mut Dice| {
        let depth = dice.roll(depth);
        random(dice, depth)
    };
    match dice.roll(5) {
        0 => {
            let inner = part(dice);
            let optional = inner.ty.optional;
            condition(ExprKind::Not(Box::new(inner)), optional)
        }
        1 => {
            let inner = part(dice);
            let default = expr(ExprKind::Const(Value::Bool(dice.roll(2) == 0)), Type::Bool.required());
            condition(ExprKind::Else(Box::new(inner), Box::new(default)), false)
        }
        2 => {
            let inner = part(dice);
            let ty = inner.ty.clone();
            expr(ExprKind::Alias(Arc::new(inner)), ty)
        }
        way => {
            let parts: Vec<Expr> = (0..2 + dice.roll(2)).map(|_| part(dice)).collect();
            let optional = parts.iter().any(|p| p.ty.optional);
            condition(if way == 3 { ExprKind::And(parts) } else { ExprKind::Or(parts) }, optional)
        }
    }
}

struct Event {
    fields: [Datum; 5],
    count: Datum,
}

/// A small world: every value that the random conditions can tell apart.
fn events() -> Vec<Event> {
    let ints: Vec<Datum> = (-1..=7).map(|i| Datum::Known(Value::Int(i))).collect();
    let mut optional_ints = ints.clone();
    optional_ints.push(Datum::MISSING);
    let mut counts: Vec<Datum> = (0..=CAP).map(|i| Datum::Known(Value::Int(i))).collect();
    counts.extend([Datum::AtLeast(Value::Int(CAP)), Datum::Unknown(Unknown::TooLate)]);
    let bools = [Datum::bool(false), Datum::bool(true), Datum::MISSING];
    let mut decimals: Vec<Datum> =
        (-1..=13).map(|q| Datum::Known(Value::Decimal(Decimal(q * 250_000)))).collect();
    decimals.push(Datum::MISSING);
    let mut all = Vec::new();
    for (i, x) in ints.iter().enumerate() {
        for y in &optional_ints {
            for count in &counts {
                for (b, flag) in bools.iter().enumerate() {
                    // Not every combination: each pair of the rest is enough for conditions of this size.
                    let color = Datum::Known(Value::Enum(((i + b) % 3) as u16));
                    for d in decimals.iter().skip((i + b) % 4).step_by(4) {
                        let fields = [x.clone(), y.clone(), flag.clone(), color.clone(), d.clone()];
                        all.push(Event { fields, count: count.clone() });
                    }
                }
            }
        }
    }
    all
}

fn eval(expr: &Expr, event: &Event) -> Datum {
    let money = MoneyContext { rates: None, currency: None, at: Time(0) };
    match &expr.kind {
        ExprKind::Const(value) => Datum::Known(value.clone()),
        ExprKind::Field(id) => event.fields[id.index()].clone(),
        ExprKind::Aggregate(_) => event.count.clone(),
        ExprKind::Alias(inner) => eval(inner, event),
        ExprKind::Unary(op, inner) => ops::unary(*op, &eval(inner, event)),
        ExprKind::Compare(op, a, b) => ops::compare(*op, &eval(a, event), &eval(b, event), &money),
        ExprKind::Between(a, b, c) => ops::between(&eval(a, event), &eval(b, event), &eval(c, event), &money),
        ExprKind::InArray(a, all) => {
            let value = eval(a, event);
            let equal: Vec<Datum> =
                all.iter().map(|e| ops::compare(CompareOp::Equal, &value, &eval(e, event), &money)).collect();
            ops::or(&equal)
        }
        ExprKind::And(all) => ops::and(&all.iter().map(|e| eval(e, event)).collect::<Vec<_>>()),
        ExprKind::Or(all) => ops::or(&all.iter().map(|e| eval(e, event)).collect::<Vec<_>>()),
        ExprKind::Not(inner) => ops::not(&eval(inner, event)),
        ExprKind::Else(a, b) => match eval(a, event) {
            Datum::Unknown(_) => eval(b, event),
            known => known,
        },
        ExprKind::IsMissing { value, present } => {
            Datum::bool(matches!(eval(value, event), Datum::Unknown(_)) != *present)
        }
        other => panic!("not generated: {other:?}"),
    }
}

fn answers(datum: &Datum, want: Want) -> bool {
    match want {
        Want::True => datum.truth() == Some(true),
        Want::False => datum.truth() == Some(false),
        Want::NotTrue => datum.truth() != Some(true),
        Want::NotFalse => datum.truth() != Some(false),
    }
}

#[test]
fn what_is_called_impossible_never_happens() {
    let events = events();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let wants = [Want::True, Want::False, Want::NotTrue, Want::NotFalse];
    let (mut impossible, mut proved) = (0, 0);
    for _ in 0..1_500 {
        let (depth, other) = (dice.roll(4), dice.roll(3));
        let (a, b) = (random(&mut dice, depth), random(&mut dice, other));
        let (want_a, want_b) = (dice.pick(&wants), dice.pick(&wants));
        let mut logic = Logic::new();
        let (first, second) = (logic.formula(&a, want_a), logic.formula(&b, want_b));
        let found = possible(&[&first, &second]);
        let witness = events.iter().find(|e| answers(&eval(&a, e), want_a) && answers(&eval(&b, e), want_b));
        if let Some(event) = witness {
            assert!(
                found,
                "called impossible: {want_a:?} {a:#?}\nand {want_b:?} {b:#?}\nbut fields {:?}, count {:?}",
                event.fields, event.count
            );
        } else {
            impossible += 1;
            proved += usize::from(!found);
        }
    }
    // A solver that always says "possible" would be right, and useless.
    assert!(impossible > 50 && proved * 10 > impossible * 7, "{proved} of {impossible} proved");
}

fn holds(parts: &[(&Expr, Want)]) -> bool {
    let mut logic = Logic::new();
    let formulas: Vec<Formula> = parts.iter().map(|(e, want)| logic.formula(e, *want)).collect();
    possible(&formulas.iter().collect::<Vec<_>>())
}

#[test]
fn thresholds_of_one_subject() {
    let (low, high) =
        (compare(CompareOp::Greater, subject(0), int(5)), compare(CompareOp::Less, subject(0), int(3)));
    assert!(!holds(&[(&low, Want::True), (&high, Want::True)]));
    let next = compare(CompareOp::Less, subject(0), int(6));
    assert!(!holds(&[(&low, Want::True), (&next, Want::True)]), "no whole number between 5 and 6");
    let (over, under) = (
        compare(CompareOp::Greater, subject(4), decimal(10)),
        compare(CompareOp::Less, subject(4), decimal(12)),
    );
    assert!(holds(&[(&over, Want::True), (&under, Want::True)]));
    // The band `>= 3` always comes before `>= 5`, also for a count that has reached its cap.
    let (three, five) = (
        compare(CompareOp::GreaterEqual, count(), int(3)),
        compare(CompareOp::GreaterEqual, count(), int(5)),
    );
    assert!(!holds(&[(&three, Want::NotTrue), (&five, Want::True)]));
    assert!(holds(&[(&three, Want::True), (&five, Want::NotTrue)]));
    let negative = compare(CompareOp::Less, count(), int(0));
    assert!(!holds(&[(&negative, Want::True)]), "a count is never negative");
}

#[test]
fn a_long_condition_is_given_up_rather_than_guessed() {
    let parts: Vec<Expr> = (0..400)
        .map(|i| {
            let pair = vec![compare(CompareOp::Equal, subject(0), int(i)), subject(2)];
            condition(ExprKind::Or(pair), true)
        })
        .collect();
    let all = condition(ExprKind::And(parts), true);
    assert!(holds(&[(&all, Want::True)]));
}
