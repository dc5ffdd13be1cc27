//! The kernel against a plain list of everything ever written.

use proptest::prelude::*;

use super::dedupe::Applied;
mod steps;

use super::key::KeyHasher;
use super::*;
use crate::model::ids::{EntityId, MemoryId};
use crate::model::money::{Currency, Decimal};
use crate::model::slot::{Arena, Arenas, Slot};
use crate::model::types::EntityType;
use crate::model::value::{Datum, Unknown, Value};
use crate::model::window::Rank;

fn percentile(percent: i64) -> AggregateFn {
    AggregateFn::Percentile(Rank::of(Decimal::from_int(percent).unwrap()).unwrap())
}

fn functions() -> Vec<AggregateFn> {
    AggregateFn::ALL.into_iter().chain([0, 1, 50, 95, 100].map(percentile)).collect()
}

/// One write as the reference remembers it.
#[derive(Clone, Debug)]
struct Entry {
    at: i64,
    value: i64,
    /// Refused, expired or dropped: only `ever` still counts it.
    gone: bool,
}

#[derive(Default)]
struct Reference {
    entries: Vec<Entry>,
    newest: Option<i64>,
    lost: Option<i64>,
    capped: Option<i64>,
}

/// What an answer is, free of where its parts are kept.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Known(i64),
    AtLeast(i64),
    Unknown(Unknown),
}

impl Reference {
    fn write(&mut self, at: i64, value: i64, reach: i64, lateness: i64, cap: usize) -> WriteOutcome {
        let late = self.newest.is_some_and(|newest| at < newest);
        let refused = self.newest.is_some_and(|newest| at < newest - lateness);
        self.entries.push(Entry { at, value, gone: refused });
        if refused {
            self.lost = self.lost.max(Some(at));
        }
        let newest = self.newest.map_or(at, |newest| newest.max(at));
        self.newest = Some(newest);
        for entry in self.entries.iter_mut().filter(|e| !e.gone && e.at <= newest - reach - lateness) {
            entry.gone = true;
            self.lost = self.lost.max(Some(entry.at));
        }
        while self.entries.iter().filter(|e| !e.gone).count() > cap {
            let oldest = self.entries.iter_mut().filter(|e| !e.gone).min_by_key(|e| e.at).unwrap();
            oldest.gone = true;
            self.capped = self.capped.max(Some(oldest.at));
        }
        WriteOutcome { late, refused }
    }

    fn read(&self, f: AggregateFn, bounds: Bounds, t: i64, this: Option<i64>, cap: usize) -> Answer {
        let this = this.map(|value| Entry { at: t, value, gone: false });
        let (mut seen, saturated): (Vec<Entry>, bool) = match bounds {
            Bounds::Ever if f == AggregateFn::Distinct => return self.distinct_ever(this, cap),
            Bounds::Ever if matches!(f, AggregateFn::Percentile(_)) && self.entries.len() > cap => {
                return Answer::Unknown(Unknown::Saturated);
            }
            Bounds::Ever => (self.entries.clone(), false),
            Bounds::Within { after, .. } if self.lost.is_some_and(|lost| after < lost) => {
                return Answer::Unknown(Unknown::TooLate);
            }
            Bounds::Within { after, through } => {
                let inside = |e: &&Entry| !e.gone && after < e.at && e.at <= through;
                (
                    self.entries.iter().filter(inside).cloned().collect(),
                    self.capped.is_some_and(|capped| after < capped),
                )
            }
        };
        let inside = match bounds {
            Bounds::Within { after, through } => after < t && t <= through,
            Bounds::Ever => true,
        };
        seen.extend(this.filter(|_| inside));
        seen.sort_by_key(|entry| entry.at);
        let answer = plain(f, &seen, t);
        match (f, answer) {
            (_, answer) if !saturated => answer,
            (AggregateFn::Count | AggregateFn::Distinct, Answer::Known(n)) => Answer::AtLeast(n),
            (AggregateFn::Any | AggregateFn::Last | AggregateFn::Since, answer) if !seen.is_empty() => answer,
            _ => Answer::Unknown(Unknown::Saturated),
        }
    }

    fn distinct_ever(&self, this: Option<Entry>, cap: usize) -> Answer {
        let (mut kept, mut full) = (Vec::new(), false);
        for value in self.entries.iter().map(|e| e.value) {
            if !kept.contains(&value) {
                if kept.len() < cap { kept.push(value) } else { full = true }
            }
        }
        kept.extend(this.map(|e| e.value).filter(|value| !kept.contains(value)));
        if full { Answer::AtLeast(kept.len() as i64) } else { Answer::Known(kept.len() as i64) }
    }
}

/// From the entries themselves, in the order of time, then arrival. Values are ints.
fn plain(f: AggregateFn, seen: &[Entry], t: i64) -> Answer {
    let values = || seen.iter().map(|e| e.value);
    let n = seen.len() as i128;
    let sum: i128 = values().map(i128::from).sum();
    let or_missing = |value: Option<i64>| value.map_or(Answer::Unknown(Unknown::Missing), Answer::Known);
    match f {
        AggregateFn::Count => Answer::Known(n as i64),
        AggregateFn::Any => Answer::Known(i64::from(n > 0)),
        AggregateFn::Sum => Answer::Known(sum as i64),
        AggregateFn::Min => or_missing(values().min()),
        AggregateFn::Max => or_missing(values().max()),
        AggregateFn::First => or_missing(values().next()),
        AggregateFn::Last => or_missing(values().next_back()),
        AggregateFn::Since => or_missing(seen.last().map(|e| t - e.at)),
        AggregateFn::Distinct => {
            let mut all: Vec<i64> = values().collect();
            all.sort_unstable();
            all.dedup();
            Answer::Known(all.len() as i64)
        }
        AggregateFn::Percentile(rank) => {
            let mut all: Vec<i64> = values().collect();
            all.sort_unstable();
            let below = |value: i64| all.iter().filter(|other| **other <= value).count() as i128;
            let enough = |value: &&i64| below(**value) * 100_000_000 >= i128::from(rank.percent().0) * n;
            or_missing(all.iter().find(enough).copied())
        }
        AggregateFn::Avg if n == 0 => or_missing(None),
        // The nearest millionth: found by trying those around.
        AggregateFn::Avg => {
            let near = sum * 1_000_000 / n;
            or_missing((near - 1..=near + 1).find(|r| is_nearest(sum * 1_000_000, n, *r)).map(|r| r as i64))
        }
        AggregateFn::Stddev if n < 2 => or_missing(None),
        AggregateFn::Stddev => {
            let squares: i128 = values().map(|v| i128::from(v).pow(2)).sum();
            let (top, bottom) = ((n * squares - sum * sum) * 1_000_000_000_000, n * (n - 1));
            let near = ((top as f64 / bottom as f64).sqrt()) as i128;
            let right = |r: &i128| {
                let (low, high) = ((2 * r - 1).max(0), 2 * r + 1);
                let (low, high) = (bottom * low * low, bottom * high * high);
                (low < 4 * top || r % 2 == 0 && low <= 4 * top)
                    && (4 * top < high || r % 2 == 0 && 4 * top <= high)
            };
            or_missing((near - 2..=near + 2).filter(|r| *r >= 0).find(right).map(|r| r as i64))
        }
    }
}

fn is_nearest(top: i128, bottom: i128, r: i128) -> bool {
    let off = (2 * (top - r * bottom)).abs();
    off < bottom || off == bottom && r % 2 == 0
}

fn answer(slot: Slot) -> Answer {
    match slot.state {
        Slot::KNOWN => Answer::Known(slot.as_int()),
        Slot::AT_LEAST => Answer::AtLeast(slot.as_int()),
        _ => Answer::Unknown(slot.why()),
    }
}

const REACH: i64 = 100;

fn spec(value: Option<Type>, keys: Vec<Type>) -> MemorySpec {
    MemorySpec {
        value,
        keys,
        reach: Some(Duration(REACH)),
        step: None,
        approx: false,
        functions: functions().iter().flat_map(|f| [(*f, false), (*f, true)]).collect(),
    }
}

fn options(lateness: i64, entries: u32) -> Options {
    Options { lateness: Duration(lateness), entries, hash_key: b"test".to_vec() }
}

fn key(store: &Store, slot: Slot, ty: &Type) -> KeyHash {
    let arena = Arena::new();
    let arenas = Arenas { constants: &arena, event: &arena };
    store.hasher().hash(&[slot], std::slice::from_ref(ty), &arenas).unwrap()
}

const MEMORY: MemoryId = MemoryId(0);

fn ask(
    store: &mut Store,
    cell: Option<CellId>,
    edges: Edges,
    f: AggregateFn,
    bounds: Bounds,
    t: i64,
    this: Option<i64>,
) -> Answer {
    let (constants, mut arena) = (Arena::constants(), Arena::new());
    let question = store.question(MEMORY, f, edges);
    let mut cell = store.cell(store.group(MEMORY), cell, Time(t));
    answer(cell.read(&question, bounds, Time(t), this.map(Slot::int), &constants, &mut arena))
}

/// Without the help of edges.
#[expect(clippy::too_many_arguments, reason = "a whole question")]
fn read(
    store: &mut Store,
    cell: Option<CellId>,
    memory: MemoryId,
    f: AggregateFn,
    bounds: Bounds,
    t: Time,
    this: Option<Slot>,
    constants: &Arena,
    arena: &mut Arena,
) -> Slot {
    let question = store.question(memory, f, Edges::default());
    let group = store.group(memory);
    store.cell(group, cell, t).read(&question, bounds, t, this, constants, arena)
}

/// Steps of time between events: mostly forward, some late, many of the same moment.
fn steps() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec(
        (
            prop_oneof![6 => 0i64..4, 4 => 0i64..20, 2 => Just(0), 2 => -60i64..0, 1 => 50i64..300],
            prop_oneof![-4i64..9, -90i64..90],
        ),
        1..90,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn windows_answer_as_if_nothing_had_been_forgotten(
        steps in steps(),
        lateness in prop_oneof![Just(0i64), 1i64..80],
        cap in prop_oneof![Just(1000u32), 1u32..8],
        spans in prop::collection::vec((1i64..REACH, 0i64..40), 3),
    ) {
        let mut store = Store::new(&[spec(Some(Type::Int), vec![Type::Int])], &options(lateness, cap));
        let windows: Vec<Window> = spans
            .iter()
            .map(|(span, ending)| Window::Sliding {
                span: Duration(*span),
                ending: Duration((*ending).min(REACH - span)),
            })
            .chain([Window::Ever])
            .collect();
        let edges: Vec<Edges> = windows.iter().map(|window| store.edges(MEMORY, window)).collect();
        let mut reference = Reference::default();
        let key = key(&store, Slot::int(1), &Type::Int);
        let mut now = 1_000;
        for (step, value) in steps {
            now += step;
            let t = if step < 0 { now } else { now.max(reference.newest.unwrap_or(now)) };
            let cell = store.find(store.group(MEMORY), key);
            for (window, edges) in windows.iter().zip(&edges) {
                let bounds = Bounds::of(window, Time(t));
                for f in functions() {
                    for this in [None, Some(value)] {
                        let expected = reference.read(f, bounds, t, this, cap as usize);
                        for edges in [*edges, Edges::default()] {
                            let got = ask(&mut store, cell, edges, f, bounds, t, this);
                            prop_assert_eq!(&got, &expected, "{:?} {:?} at {} with {:?}", f, bounds, t, this);
                        }
                    }
                }
            }
            let cell = store.find_or_add(store.group(MEMORY), key, Time(0)).unwrap();
            let arena = Arena::new();
            let arenas = Arenas { constants: &arena, event: &arena };
            let wrote = store.write(cell, MEMORY, Time(t), Slot::int(value), &arenas);
            prop_assert_eq!(wrote, reference.write(t, value, REACH, lateness, cap as usize));
        }
    }

    /// Texts and floats are kept otherwise than ints; they tell the same story.
    #[test]
    fn other_kinds_of_values_count_alike(steps in steps(), cap in prop_oneof![Just(1000u32), 1u32..8]) {
        let types = [Type::Int, Type::Text, Type::Float, Type::Ip];
        let specs: Vec<MemorySpec> = types.iter().map(|ty| spec(Some(ty.clone()), vec![Type::Int])).collect();
        let mut store = Store::new(&specs, &options(30, cap));
        let key = key(&store, Slot::int(1), &Type::Int);
        let constants = Arena::constants();
        let mut now = 1_000;
        for (step, value) in steps {
            now += step;
            let t = Time(now);
            let mut arena = Arena::new();
            let value = [
                Slot::int(value),
                arena.add_text(&value.to_string()),
                Slot::known((value as f64).to_bits()),
                arena.add_ip(std::net::Ipv4Addr::from_bits((value + 100) as u32).into()),
            ];
            let cell = store.find_or_add(store.group(MEMORY), key, Time(0)).unwrap();
            let bounds = [Bounds::Within { after: now - 70, through: now }, Bounds::Ever];
            let as_int = |slot: Slot, kind: usize, arena: &Arena| match answer(slot) {
                Answer::Known(_) => {
                    let arenas = Arenas { constants: &constants, event: arena };
                    Answer::Known(match arenas.datum(slot, &types[kind]) {
                        Datum::Known(Value::Int(int)) => int,
                        Datum::Known(Value::Text(text)) => text.parse().unwrap(),
                        Datum::Known(Value::Float(float)) => float as i64,
                        Datum::Known(Value::Ip(std::net::IpAddr::V4(ip))) => i64::from(ip.to_bits()) - 100,
                        other => panic!("{other:?}"),
                    })
                }
                other => other,
            };
            for bounds in bounds {
                for this in [false, true] {
                    let mut ask = |f, kind: usize| {
                        let this = this.then_some(value[kind]);
                        read(&mut store, Some(cell), MemoryId::new(kind), f, bounds, t, this, &constants, &mut arena)
                    };
                    let mut told = Vec::new();
                    for kind in 0..types.len() {
                        let valued = if kind == 2 { &[AggregateFn::Min, AggregateFn::Max][..] } else { &[] };
                        for f in [AggregateFn::First, AggregateFn::Last].iter().chain(valued) {
                            told.push((kind, ask(*f, 0), ask(*f, kind)));
                        }
                        for f in [AggregateFn::Count, AggregateFn::Distinct, AggregateFn::Any, AggregateFn::Since] {
                            prop_assert_eq!(ask(f, 0), ask(f, kind));
                        }
                    }
                    for (kind, int, other) in told {
                        prop_assert_eq!(as_int(int, 0, &arena), as_int(other, kind, &arena));
                    }
                }
            }
            let arenas = Arenas { constants: &constants, event: &arena };
            for (kind, value) in value.iter().enumerate() {
                store.write(cell, MemoryId::new(kind), t, *value, &arenas);
            }
        }
    }
}

/// A store of one memory and one key, with these writes.
fn written(spec: MemorySpec, options: &Options, writes: &[(i64, Slot)]) -> (Store, CellId) {
    let mut store = Store::new(&[spec], options);
    let key = KeyHash(7);
    let cell = store.find_or_add(store.group(MEMORY), key, Time(0)).unwrap();
    let arena = Arena::new();
    for (t, value) in writes {
        store.write(cell, MEMORY, Time(*t), *value, &Arenas { constants: &arena, event: &arena });
    }
    (store, cell)
}

#[test]
fn sums_overflow_and_averages_do_not() {
    let big = Slot::int(i64::MAX);
    let spec = spec(Some(Type::Decimal), vec![]);
    let (mut store, cell) = written(spec, &options(0, 10), &[(1, big), (2, big), (3, big)]);
    for bounds in [Bounds::Within { after: 0, through: 3 }, Bounds::Ever] {
        let mut ask = |f| ask(&mut store, Some(cell), Edges::default(), f, bounds, 3, None);
        assert_eq!(ask(AggregateFn::Sum), Answer::Unknown(Unknown::Overflow));
        assert_eq!(ask(AggregateFn::Avg), Answer::Known(i64::MAX));
        assert_eq!(ask(AggregateFn::Stddev), Answer::Known(0));
    }
}

#[test]
fn sums_of_money_are_in_the_memorys_currency() {
    let (usd, eur) = (Currency(*b"USD"), Currency(*b"EUR"));
    let options = options(0, 10);
    let writes = [(1, Slot::money(5, usd)), (2, Slot::money(9, eur)), (3, Slot::money(6, usd))];
    let (mut store, cell) = written(spec(Some(Type::Money(Some(usd))), vec![]), &options, &writes);
    let (constants, mut arena) = (Arena::constants(), Arena::new());
    let within = Bounds::Within { after: 0, through: 3 };
    let mut ask =
        |cell, f, bounds| read(&mut store, cell, MEMORY, f, bounds, Time(3), None, &constants, &mut arena);
    for bounds in [within, Bounds::Ever] {
        assert_eq!(ask(Some(cell), AggregateFn::Sum, bounds), Slot::money(11, usd));
        assert_eq!(ask(None, AggregateFn::Sum, bounds), Slot::money(0, usd));
        assert_eq!(ask(Some(cell), AggregateFn::Last, bounds), Slot::money(6, usd));
        assert_eq!(ask(Some(cell), AggregateFn::Count, bounds), Slot::int(2));
    }
    // Amounts of any currency are told apart and given back.
    let (mut store, cell) = written(spec(Some(Type::Money(None)), vec![]), &options, &writes);
    let mut ask =
        |f, bounds| read(&mut store, Some(cell), MEMORY, f, bounds, Time(3), None, &constants, &mut arena);
    for bounds in [within, Bounds::Ever] {
        assert_eq!(ask(AggregateFn::Sum, bounds), Slot::unknown(Unknown::NoRate));
        assert_eq!(ask(AggregateFn::Distinct, bounds), Slot::int(3));
        assert_eq!(ask(AggregateFn::Last, bounds), Slot::money(6, usd));
    }
}

#[test]
fn bare_events_are_counted() {
    let functions = vec![(AggregateFn::Count, false), (AggregateFn::Since, true)];
    let spec = MemorySpec { functions, ..spec(None, vec![]) };
    let (mut store, cell) = written(spec, &options(0, 10), &[(1, Slot::MISSING), (5, Slot::MISSING)]);
    assert_eq!(
        ask(
            &mut store,
            Some(cell),
            Edges::default(),
            AggregateFn::Count,
            Bounds::Within { after: 1, through: 9 },
            9,
            None
        ),
        Answer::Known(1)
    );
    // The current event counts where it lies in the window, and nowhere else.
    for ((after, through), count) in [((1, 9), 2), ((1, 8), 1), ((8, 9), 1), ((9, 20), 0), ((5, 8), 0)] {
        let bounds = Bounds::Within { after, through };
        let mut asked = |f| ask(&mut store, Some(cell), Edges::default(), f, bounds, 9, Some(0));
        assert_eq!(asked(AggregateFn::Count), Answer::Known(count), "{bounds:?}");
        assert_eq!(asked(AggregateFn::Any), Answer::Known(i64::from(count > 0)), "{bounds:?}");
    }
    assert_eq!(
        ask(&mut store, Some(cell), Edges::default(), AggregateFn::Since, Bounds::Ever, 9, None),
        Answer::Known(4)
    );
    assert_eq!(
        ask(&mut store, None, Edges::default(), AggregateFn::Since, Bounds::Ever, 9, None),
        Answer::Unknown(Unknown::Missing)
    );
}

#[test]
fn memories_with_the_same_keys_share_a_cell() {
    let entity = |name: &str, id| {
        Type::Entity(std::sync::Arc::new(EntityType {
            id: EntityId(id),
            name: name.into(),
            base: Type::Text,
        }))
    };
    let (buyer, device) = (entity("buyer", 0), entity("device", 1));
    let specs = [
        spec(None, vec![buyer.clone()]),
        spec(Some(Type::Int), vec![device.clone()]),
        spec(Some(Type::Int), vec![buyer.clone()]),
    ];
    let mut store = Store::new(&specs, &options(0, 10));
    let group = |memory| store.group(MemoryId(memory));
    assert_eq!((group(0) == group(2), group(0) == group(1)), (true, false));
    let mut arena = Arena::new();
    let texts = ["a", "b"].map(|text| arena.add_text(text));
    let arenas = Arenas { constants: &arena, event: &arena };
    let keys = texts.map(|slot| store.hasher().hash(&[slot], std::slice::from_ref(&buyer), &arenas).unwrap());
    let cells = keys.map(|key| store.find_or_add(store.group(MEMORY), key, Time(0)).unwrap());
    assert_ne!(cells[0], cells[1]);
    assert_eq!(store.find(store.group(MemoryId(1)), keys[0]), None);
    store.write(cells[0], MemoryId(2), Time(1), Slot::int(5), &arenas);
    store.write(cells[1], MemoryId(0), Time(1), Slot::int(0), &arenas);
    let (constants, mut own) = (Arena::constants(), Arena::new());
    let mut count = |cell, memory| {
        let f = AggregateFn::Count;
        read(&mut store, Some(cell), MemoryId(memory), f, Bounds::Ever, Time(2), None, &constants, &mut own)
            .as_int()
    };
    assert_eq!(
        [count(cells[0], 0), count(cells[0], 2), count(cells[1], 0), count(cells[1], 2)],
        [0, 1, 1, 0]
    );
}

#[test]
fn keys_tell_values_apart_and_nothing_else() {
    let hasher = KeyHasher::new(b"one");
    let mut arena = Arena::new();
    let [ab, c, a, bc] = ["ab", "c", "a", "bc"].map(|text| arena.add_text(text));
    let v4 = arena.add_ip("10.0.0.1".parse().unwrap());
    let v6 = arena.add_ip("::ffff:10.0.0.1".parse().unwrap());
    let constants = Arena::constants();
    let arenas = Arenas { constants: &constants, event: &arena };
    let texts = [Type::Text, Type::Text];
    assert_ne!(hasher.hash(&[ab, c], &texts, &arenas), hasher.hash(&[a, bc], &texts, &arenas));
    assert_eq!(hasher.hash(&[ab, c], &texts, &arenas), hasher.hash(&[ab, c], &texts, &arenas));
    assert_ne!(
        hasher.hash(&[ab, c], &texts, &arenas),
        KeyHasher::new(b"two").hash(&[ab, c], &texts, &arenas)
    );
    assert_eq!(hasher.hash(&[ab, Slot::MISSING], &texts, &arenas), None);
    assert_eq!(hasher.hash(&[v4], &[Type::Ip], &arenas), hasher.hash(&[v6], &[Type::Ip], &arenas));
    let money = |currency| hasher.hash(&[Slot::money(1, Currency(currency))], &[Type::Money(None)], &arenas);
    assert_ne!(money(*b"USD"), money(*b"EUR"));
}

fn decision(event: &str) -> std::sync::Arc<crate::model::decision::Decision> {
    use crate::model::decision::{Decision, Stamp};
    std::sync::Arc::new(Decision {
        event: event.into(),
        event_type: "order".into(),
        at: Time(0),
        outcome: "allow".into(),
        score: 0,
        rules: vec![],
        shadow: vec![],
        suppressed: vec![],
        cannot_say: vec![],
        effects: vec![],
        warming: vec![],
        bad: vec![],
        late: false,
        duplicate: false,
        conflict: false,
        ruleset: std::sync::Arc::new(Stamp {
            name: String::new(),
            version: String::new(),
            hash: String::new(),
        }),
    })
}

#[test]
fn applied_events_are_known_until_the_horizon() {
    fn kept(found: Option<&Applied>) -> Option<&str> {
        match &found?.decision {
            Kept::Whole(decision) => Some(&decision.event),
            Kept::Quiet { .. } => None,
        }
    }
    let mut dedupe = Dedupe::new(Duration(100));
    let hasher = KeyHasher::new(b"key");
    let order = |id| hasher.identity(0, id);
    let login = |id| hasher.identity(1, id);
    assert!(dedupe.check(order("a"), Time(1_000)).is_none());
    dedupe.remember(order("a"), 1, 0, Kept::Whole(decision("a")));
    // Another event between the two, and one of another type with the same id.
    assert!(dedupe.check(order("b"), Time(1_050)).is_none());
    dedupe.remember(order("b"), 2, 0, Kept::Whole(decision("b")));
    assert!(dedupe.check(login("a"), Time(1_050)).is_none());
    assert_eq!(kept(dedupe.check(order("a"), Time(1_000))), Some("a"));
    assert_eq!(kept(dedupe.check(order("a"), Time(1_099))), Some("a"));
    assert_eq!(dedupe.check(order("b"), Time(1_099)).map(|applied| applied.content), Some(2));
    assert_eq!(dedupe.len(), 2);
    assert!(dedupe.check(order("a"), Time(1_100)).is_none());
    // An older clock brings nothing back and forgets nothing.
    assert!(dedupe.check(order("a"), Time(0)).is_none());
    assert_eq!(kept(dedupe.check(order("b"), Time(0))), Some("b"));
    assert_eq!(dedupe.len(), 1);
}
