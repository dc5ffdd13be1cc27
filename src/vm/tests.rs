//! The machine against `model::ops`: every operator on every pair of awkward values.

use super::*;
use crate::model::ids::{EventId, FieldId};
use crate::model::money::{Currency, Decimal, Money};
use crate::model::ops::{self, BinaryOp, CompareOp, MoneyContext, TextTest, UnaryOp};
use crate::model::slot::Arenas;
use crate::model::time::Duration;
use crate::model::types::{Ty, Type};
use crate::model::value::{Datum, Unknown, Value};
use crate::plan::ir::{EventPlan, Graph, KeyTuple, NodeId, Op, Plan, Traces};
use crate::sema::hir::FoldFn;

const USD: Currency = Currency(*b"USD");
const EUR: Currency = Currency(*b"EUR");

/// Computes one node over an event whose fields are these.
fn run(fields: &[(Datum, Type)], build: impl FnOnce(&mut Graph, &[NodeId]) -> NodeId, data: &Data) -> Datum {
    let mut graph = Graph::default();
    let nodes: Vec<NodeId> = fields
        .iter()
        .enumerate()
        .map(|(i, (_, ty))| graph.add(Op::Field(EventId(0), FieldId::new(i)), &[], ty))
        .collect();
    let root = build(&mut graph, &nodes);
    let ty = graph.node(root).ty.clone();
    // A key is computed with the inputs, and stays readable.
    let event = EventPlan {
        event: EventId(0),
        fields: Vec::new(),
        keys: vec![KeyTuple { nodes: vec![root], types: vec![ty.clone()] }],
        writes: Vec::new(),
        reads: Vec::new(),
        feeds: Vec::new(),
        sequence_writes: Vec::new(),
        sequence_reads: Vec::new(),
        sets: Vec::new(),
        cancels: Vec::new(),
        rules: Vec::new(),
        policy: Vec::new(),
    };
    let plan = Plan {
        graph,
        traces: Traces::default(),
        windows: Vec::new(),
        events: vec![event],
        hits: None,
        absences: Vec::new(),
    };
    let program = compile(&plan, &[fields.len()]);
    let mut arena = Arena::new();
    let mut frame = Frame::new(&program.events[0]);
    for (i, (datum, ty)) in fields.iter().enumerate() {
        frame.slots[i] = arena.add_datum(datum, &Ty { base: ty.clone(), optional: true });
    }
    let mut machine = Machine {
        program: &program.events[0],
        frame: &mut frame,
        constants: &program.constants,
        arena: &mut arena,
        around: Surroundings {
            data,
            labels: &NoLabels,
            filled: &Nothing,
            zone: &Zone::utc(),
            currency: Some(USD),
            hash_key: b"k",
            at: Time(0),
        },
    };
    machine.run_inputs();
    let place = program.events[0].place(root.0).unwrap();
    let arenas = Arenas { constants: &program.constants, event: machine.arena };
    arenas.datum(machine.get(place), &ty)
}

#[derive(Debug)]
struct NoLabels;

impl Labels for NoLabels {
    fn has(&self, _: LabelId, _: Slot, _: &Type, _: &Arenas<'_>, _: Time) -> bool {
        false
    }
}

#[derive(Debug)]
struct Nothing;

impl Filled for Nothing {
    fn contains(&self, _: ListId, _: (Slot, &Type), _: &Arenas<'_>) -> Option<bool> {
        None
    }

    fn row(&self, _: TableId, _: &[(Slot, &Type)], _: &Arenas<'_>) -> Option<Value> {
        None
    }

    fn during(&self, _: CalendarId, _: Time, _: &[(Slot, &Type)], _: &Arenas<'_>) -> Datum {
        Datum::MISSING
    }
}

fn unknowns() -> Vec<Datum> {
    [Unknown::Missing, Unknown::Overflow, Unknown::NoRate, Unknown::TooLate].map(Datum::Unknown).to_vec()
}

fn known(values: impl IntoIterator<Item = Value>) -> Vec<Datum> {
    values.into_iter().map(Datum::Known).chain(unknowns()).collect()
}

fn ints() -> Vec<Datum> {
    let bounds = [3, 5].map(|i| Datum::AtLeast(Value::Int(i)));
    known([i64::MIN, -7, -1, 0, 1, 3, 5, i64::MAX].map(Value::Int)).into_iter().chain(bounds).collect()
}

fn values_of(ty: &Type) -> Vec<Datum> {
    let text = |text: &str| Value::Text(text.into());
    match ty {
        Type::Int => ints(),
        Type::Bool => known([true, false].map(Value::Bool)),
        Type::Decimal => {
            known([i64::MIN, -1_500_000, 0, 1, 5_000_000, i64::MAX].map(|d| Value::Decimal(Decimal(d))))
        }
        Type::Time => known([Time::MIN.0, -1, 0, 5, Time::MAX.0].map(|t| Value::Time(Time(t)))),
        Type::Duration => known([i64::MIN, -5, 0, 5, i64::MAX].map(|d| Value::Duration(Duration(d)))),
        Type::Float => known([-0.0, 0.0, 1.5, -3e300].map(Value::Float)),
        Type::Money(_) => known(
            [(5, USD), (5, EUR), (-1, USD), (i64::MAX, USD)]
                .map(|(amount, currency)| Value::Money(Money { amount: Decimal(amount), currency })),
        ),
        Type::Text => known(["", "a", "ab", "b", "za\u{17c}"].map(text)),
        Type::Ip => known(["10.0.0.1", "::ffff:10.0.0.1", "::1"].map(|ip| Value::Ip(ip.parse().unwrap()))),
        _ => unreachable!("not a type these tests use"),
    }
}

fn context() -> MoneyContext<'static> {
    MoneyContext { rates: None, currency: Some(USD), at: Time(0) }
}

fn pairs(left: &Type, right: &Type) -> Vec<(Datum, Datum)> {
    let rights = values_of(right);
    values_of(left).into_iter().flat_map(|a| rights.iter().map(move |b| (a.clone(), b.clone()))).collect()
}

#[test]
fn comparisons_agree_with_their_meaning() {
    use CompareOp::*;
    let mut types: Vec<(Type, Type)> = vec![(Type::Int, Type::Decimal), (Type::Decimal, Type::Int)];
    for ty in [
        Type::Int,
        Type::Decimal,
        Type::Time,
        Type::Duration,
        Type::Float,
        Type::Money(None),
        Type::Text,
        Type::Ip,
    ] {
        types.push((ty.clone(), ty));
    }
    let data = Data::default();
    for (left, right) in types {
        for (a, b) in pairs(&left, &right) {
            for op in [Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual] {
                let fields = [(a.clone(), left.clone()), (b.clone(), right.clone())];
                let got = run(&fields, |graph, nodes| graph.add(Op::Compare(op), nodes, &Type::Bool), &data);
                assert_eq!(got, ops::compare(op, &a, &b, &context()), "{a:?} {op:?} {b:?}");
            }
        }
    }
}

#[test]
fn arithmetic_agrees_with_its_meaning() {
    use BinaryOp::*;
    let (int, decimal, money) = (Type::Int, Type::Decimal, Type::Money(None));
    let (time, duration) = (Type::Time, Type::Duration);
    let cases = [
        (AddInt, &int, &int, &int),
        (SubtractInt, &int, &int, &int),
        (MultiplyInt, &int, &int, &int),
        (RemainderInt, &int, &int, &int),
        (AddDecimal, &decimal, &decimal, &decimal),
        (AddDecimal, &int, &decimal, &decimal),
        (SubtractDecimal, &decimal, &decimal, &decimal),
        (SubtractDecimal, &decimal, &int, &decimal),
        (MultiplyDecimal, &decimal, &int, &decimal),
        (DivideDecimal, &int, &int, &decimal),
        (RemainderDecimal, &decimal, &decimal, &decimal),
        (AddMoney, &money, &money, &money),
        (SubtractMoney, &money, &money, &money),
        (MultiplyMoney, &money, &int, &money),
        (DivideMoney, &money, &decimal, &money),
        (DivideMoneyMoney, &money, &money, &decimal),
        (SubtractTime, &time, &time, &duration),
        (AddTimeDuration, &time, &duration, &time),
        (SubtractTimeDuration, &time, &duration, &time),
        (AddDuration, &duration, &duration, &duration),
        (SubtractDuration, &duration, &duration, &duration),
        (MultiplyDuration, &duration, &int, &duration),
        (DivideDuration, &duration, &decimal, &duration),
        (DivideDurationDuration, &duration, &duration, &decimal),
    ];
    let data = Data::default();
    for (op, left, right, result) in cases {
        for (a, b) in pairs(left, right) {
            let fields = [(a.clone(), left.clone()), (b.clone(), right.clone())];
            let got = run(&fields, |graph, nodes| graph.add(Op::Binary(op), nodes, result), &data);
            assert_eq!(got, ops::binary(op, &a, &b, &context()), "{a:?} {op:?} {b:?}");
        }
    }
}

#[test]
fn logic_agrees_with_its_meaning() {
    let truths = values_of(&Type::Bool);
    let data = Data::default();
    for (a, b) in pairs(&Type::Bool, &Type::Bool) {
        for c in &truths {
            let all = [a.clone(), b.clone(), c.clone()];
            let fields = all.clone().map(|datum| (datum, Type::Bool));
            for count in [2, 3] {
                let with =
                    |op: Op| run(&fields, |graph, nodes| graph.add(op, &nodes[..count], &Type::Bool), &data);
                assert_eq!(with(Op::And), ops::and(&all[..count]), "{all:?}");
                assert_eq!(with(Op::Or), ops::or(&all[..count]), "{all:?}");
            }
        }
        let not = run(&[(a.clone(), Type::Bool)], |graph, n| graph.add(Op::Not, n, &Type::Bool), &data);
        assert_eq!(not, ops::not(&a));
    }
}

#[test]
fn defaults_and_presence() {
    let data = Data::default();
    for (a, b) in pairs(&Type::Int, &Type::Int) {
        let fields = [(a.clone(), Type::Int), (b.clone(), Type::Int)];
        let unknown = matches!(a, Datum::Unknown(_));
        let value = run(&fields, |graph, nodes| graph.add(Op::Else, nodes, &Type::Int), &data);
        assert_eq!(value, if unknown { b.clone() } else { a.clone() });
        let missing = run(&fields, |graph, n| graph.add(Op::IsMissing, &n[..1], &Type::Bool), &data);
        assert_eq!(missing, Datum::bool(unknown));
        let present = run(&fields, |graph, n| graph.add(Op::IsPresent, &n[..1], &Type::Bool), &data);
        assert_eq!(present, Datum::bool(!unknown));
    }
}

#[test]
fn unary_operators_agree_with_their_meaning() {
    let data = Data::default();
    let cases = [
        (UnaryOp::NegateInt, Type::Int, Type::Int),
        (UnaryOp::NegateDecimal, Type::Decimal, Type::Decimal),
        (UnaryOp::NegateMoney, Type::Money(None), Type::Money(None)),
        (UnaryOp::NegateDuration, Type::Duration, Type::Duration),
        (UnaryOp::IntToDecimal, Type::Int, Type::Decimal),
        (UnaryOp::IntToFloat, Type::Int, Type::Float),
        (UnaryOp::DecimalToFloat, Type::Decimal, Type::Float),
    ];
    for (op, from, to) in cases {
        for a in values_of(&from) {
            let got = run(&[(a.clone(), from.clone())], |g, n| g.add(Op::Unary(op), n, &to), &data);
            assert_eq!(got, ops::unary(op, &a), "{op:?} {a:?}");
        }
    }
}

#[test]
fn sets_and_ranges_agree_with_their_meaning() {
    let data = Data::default();
    for ty in [Type::Int, Type::Text, Type::Decimal, Type::Ip, Type::Money(None)] {
        let members: Vec<Datum> =
            values_of(&ty).into_iter().filter(|d| d.known().is_some()).take(3).collect();
        for a in values_of(&ty) {
            let fields = [(a.clone(), ty.clone())];
            let constants = |graph: &mut Graph, nodes: &[NodeId]| {
                let mut args = nodes.to_vec();
                args.extend(members.iter().map(|member| graph.add_constant(member.clone(), &ty)));
                graph.add(Op::InArray, &args, &Type::Bool)
            };
            assert_eq!(run(&fields, constants, &data), ops::in_array(&a, &members, &context()), "{a:?}");
            let fields = [a.clone(), members[0].clone(), Datum::MISSING].map(|datum| (datum, ty.clone()));
            let got = run(&fields, |graph, nodes| graph.add(Op::InArray, nodes, &Type::Bool), &data);
            let items = [members[0].clone(), Datum::MISSING];
            assert_eq!(got, ops::in_array(&a, &items, &context()), "{a:?}");
            let fields = [a.clone(), members[0].clone(), members[2].clone()].map(|d| (d, ty.clone()));
            let got = run(&fields, |graph, nodes| graph.add(Op::Between, nodes, &Type::Bool), &data);
            assert_eq!(got, ops::between(&a, &members[0], &members[2], &context()), "{a:?}");
        }
    }
}

#[test]
fn text_tests_agree_with_their_meaning() {
    let data = Data::default();
    for (a, b) in pairs(&Type::Text, &Type::Text) {
        for test in [TextTest::Contains, TextTest::StartsWith, TextTest::EndsWith] {
            let fields = [(a.clone(), Type::Text), (b.clone(), Type::Text)];
            let got = run(&fields, |graph, nodes| graph.add(Op::TextTest(test), nodes, &Type::Bool), &data);
            assert_eq!(got, ops::text_test(test, &a, &b), "{a:?} {test:?} {b:?}");
        }
    }
}

/// `function(list where element > limit)`, the element itself being the value.
fn fold(function: FoldFn, list: &[Datum], limit: Datum, result: &Type) -> Datum {
    let list_ty = Type::List(std::sync::Arc::new(Type::Int.optional()));
    let fields = [(Datum::Known(Value::List(list.into())), list_ty), (limit, Type::Int)];
    let build = |graph: &mut Graph, nodes: &[NodeId]| {
        let ty = graph.type_id(&Type::Int);
        let element = graph.add(Op::Element { level: 0, ty }, &[], &Type::Int);
        let filter = graph.add(Op::Compare(CompareOp::Greater), &[element, nodes[1]], &Type::Bool);
        let op = Op::Fold { function, level: 0, filter: true, value: true };
        graph.add(op, &[nodes[0], filter, element], result)
    };
    run(&fields, build, &Data::default())
}

#[test]
fn folds_over_lists() {
    let int = |i: i64| Datum::Known(Value::Int(i));
    let limit = || int(1);
    let list = [int(1), int(2), int(3), int(2)];
    assert_eq!(fold(FoldFn::Any, &list, limit(), &Type::Bool), Datum::bool(true));
    assert_eq!(fold(FoldFn::All, &list, limit(), &Type::Bool), Datum::bool(false));
    assert_eq!(fold(FoldFn::Count, &list, limit(), &Type::Int), int(3));
    assert_eq!(fold(FoldFn::Sum, &list, limit(), &Type::Int), int(7));
    assert_eq!(fold(FoldFn::Distinct, &list, limit(), &Type::Int), int(2));
    for (function, empty) in [(FoldFn::Any, Datum::bool(false)), (FoldFn::All, Datum::bool(true))] {
        assert_eq!(fold(function, &[], limit(), &Type::Bool), empty);
    }
    for function in [FoldFn::Count, FoldFn::Sum, FoldFn::Distinct] {
        assert_eq!(fold(function, &[], limit(), &Type::Int), int(0));
    }
    // An unknown element: Kleene for `any` and `all`, unknown for what counts.
    let gap = [int(5), Datum::MISSING];
    assert_eq!(fold(FoldFn::Any, &gap, limit(), &Type::Bool), Datum::bool(true));
    assert_eq!(fold(FoldFn::All, &gap, limit(), &Type::Bool), Datum::MISSING);
    assert_eq!(fold(FoldFn::All, &[Datum::MISSING, int(0)], limit(), &Type::Bool), Datum::bool(false));
    for function in [FoldFn::Count, FoldFn::Sum, FoldFn::Distinct] {
        assert_eq!(fold(function, &gap, limit(), &Type::Int), Datum::MISSING);
    }
    let large = [int(i64::MAX), int(2)];
    assert_eq!(fold(FoldFn::Sum, &large, limit(), &Type::Int), Datum::Unknown(Unknown::Overflow));
}

#[test]
fn folds_within_folds_see_both_elements() {
    // any(list where count(list where inner > outer) == 2): 3 4 5 → true through 3.
    let int = |i: i64| Datum::Known(Value::Int(i));
    let list_ty = Type::List(std::sync::Arc::new(Type::Int.required()));
    let ask = |wanted: i64| {
        let fields = [
            (Datum::Known(Value::List([int(3), int(4), int(5)].into())), list_ty.clone()),
            (int(wanted), Type::Int),
        ];
        let build = |graph: &mut Graph, nodes: &[NodeId]| {
            let ty = graph.type_id(&Type::Int);
            let outer = graph.add(Op::Element { level: 0, ty }, &[], &Type::Int);
            let inner = graph.add(Op::Element { level: 1, ty }, &[], &Type::Int);
            let larger = graph.add(Op::Compare(CompareOp::Greater), &[inner, outer], &Type::Bool);
            let count = Op::Fold { function: FoldFn::Count, level: 1, filter: true, value: false };
            let count = graph.add(count, &[nodes[0], larger], &Type::Int);
            let same = graph.add(Op::Compare(CompareOp::Equal), &[count, nodes[1]], &Type::Bool);
            let any = Op::Fold { function: FoldFn::Any, level: 0, filter: true, value: false };
            graph.add(any, &[nodes[0], same], &Type::Bool)
        };
        run(&fields, build, &Data::default())
    };
    assert_eq!(ask(2), Datum::bool(true));
    assert_eq!(ask(3), Datum::bool(false));
}
