//! `cargo bench --bench kernels`: nanoseconds per call of the parts that every event passes.

use std::hint::black_box;
use std::time::Instant;

use rulec::tooling::kernels::*;

const ROUNDS: usize = 7;

/// The best of some rounds: what the code costs when nothing else gets in the way. `cargo bench --bench kernels -- CSV`
/// measures only what has that in its name.
fn measure(name: &str, calls: usize, mut round: impl FnMut()) {
    if std::env::args().skip(1).any(|asked| !asked.starts_with("--") && !name.contains(&asked)) {
        return;
    }
    let best = (0..ROUNDS).map(|_| {
        #[expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]
        let started = Instant::now();
        round();
        started.elapsed()
    });
    let best = best.min().unwrap_or_default();
    println!("{name:40} {:8.1} ns", best.as_nanos() as f64 / calls as f64);
}

fn field(name: &str, ty: Ty, pointer: &str) -> FieldSchema {
    FieldSchema {
        name: name.into(),
        ty,
        from: vec![Pointer::field(pointer)],
        time_format: TimeFormat::Rfc3339,
        sensitive: false,
        public: false,
    }
}

fn entity(name: &str, id: u32) -> Type {
    Type::Entity(EntityType { id: EntityId(id), name: name.into(), base: Type::Text }.into())
}

/// Six fields, as payments have them.
fn schema() -> Schema {
    let fields = vec![
        field("at", Type::Time.required(), "ts"),
        field("id", Type::Text.required(), "tx_id"),
        field("received_at", Type::Time.optional(), "received_at"),
        field("customer", entity("customer", 0).required(), "customer_id"),
        field("terminal", entity("terminal", 1).required(), "terminal_id"),
        field("amount", Type::Decimal.required(), "amount"),
    ];
    Schema { events: vec![EventSchema { id: EventId(0), name: "tx".into(), discriminator: None, fields }] }
}

fn lines() -> Vec<Vec<u8>> {
    let start = Time::parse_rfc3339("2018-04-01T00:00:31Z").expect("a time").0;
    let line = |i: i64| {
        let (at, customer, terminal) = (Time(start + i * 17_000_000), i * 7919 % 4999, i * 104_729 % 9973);
        format!(
            r#"{{"type":"tx","tx_id":{i},"ts":"{at}","customer_id":{customer},"terminal_id":{terminal},"amount":{}.{:02}}}"#,
            i % 300,
            i % 100
        )
        .into_bytes()
    };
    (0..100_000).map(line).collect()
}

fn decoding(lines: &[Vec<u8>]) {
    let decoder = Decoder::new(&schema(), &[], DecodeOptions::default());
    let mut out = Decoded::new();
    measure("decode a JSON line of six fields", lines.len(), || {
        for line in lines {
            decoder.decode_json(line, &mut out).expect("an event");
            black_box(&out);
        }
    });
    measure("serde_json into a tree, to compare", lines.len(), || {
        for line in lines {
            black_box(serde_json::from_slice::<serde_json::Value>(line).expect("JSON"));
        }
    });
    let row: [&[u8]; 5] = [b"17", b"2018-04-01T00:00:31Z", b"596", b"3156", b"57.16"];
    let columns = decoder.columns([&b"tx_id"[..], b"ts", b"customer_id", b"terminal_id", b"amount"]);
    measure("decode a CSV row of five cells", 100_000, || {
        for _ in 0..100_000 {
            decoder.decode_csv(&columns, row, &mut out).expect("an event");
            black_box(&out);
        }
    });
}

/// Twelve windows over two keys, read and then written.
fn memories() {
    let keys = [entity("customer", 0), entity("terminal", 1)];
    let hours = |n: i64| Duration(n * 3_600_000_000);
    let functions = vec![(AggregateFn::Count, false), (AggregateFn::Sum, false), (AggregateFn::Avg, false)];
    let specs: Vec<MemorySpec> = keys
        .iter()
        .map(|key| MemorySpec {
            value: Some(Type::Decimal),
            keys: vec![key.clone()],
            reach: Some(hours(30 * 24)),
            step: None,
            approx: false,
            functions: functions.clone(),
        })
        .collect();
    let options = StoreOptions { lateness: hours(1), entries: 10_000, hash_key: b"rulec".to_vec() };
    let mut store = Store::new(&specs, &options);
    let (constants, mut arena) = (Arena::constants(), Arena::new());
    let spans = [hours(1), hours(6), hours(24), hours(7 * 24), hours(14 * 24), hours(30 * 24)];
    let windows = spans.map(|span| Window::Sliding { span, ending: Duration(0) });
    let questions: Vec<Vec<Question>> = (0..keys.len())
        .map(|m| {
            let asked = windows.iter().zip(functions.iter().cycle());
            let memory = MemoryId::new(m);
            let question = |(window, function): (&Window, &(AggregateFn, bool))| {
                let edges = store.edges(memory, window);
                store.question(memory, function.0, edges)
            };
            asked.map(question).collect()
        })
        .collect();
    let mut i = 0i64;
    measure("12 windows over 2 keys, hashed and written", 100_000, || {
        for _ in 0..100_000 {
            i += 1;
            arena.clear();
            let t = Time(i * 17_000_000);
            let texts = [format!("{}", i * 7919 % 4999), format!("{}", i * 104_729 % 9973)];
            let slots = texts.map(|text| arena.add_text(&text));
            let amount = Slot::int(i % 300 * 10_000);
            for (m, key) in keys.iter().enumerate() {
                let memory = MemoryId::new(m);
                let arenas = Arenas { constants: &constants, event: &arena };
                let hash = store.hasher().hash(&slots[m..=m], std::slice::from_ref(key), &arenas);
                let hash = hash.expect("a known key");
                let cell = store.find_or_add(store.group(memory), hash, t).expect("no budget");
                let mut kept = store.cell(store.group(memory), Some(cell), t);
                for (window, question) in windows.iter().zip(&questions[m]) {
                    let bounds = Bounds::of(window, t);
                    black_box(kept.read(question, bounds, t, Some(amount), &constants, &mut arena));
                }
                let arenas = Arenas { constants: &constants, event: &arena };
                store.write(cell, memory, t, amount, &arenas);
            }
        }
    });
}

/// One busy key whose values are nearly all different: a window of so many, asked and written by every event.
fn telling_apart(entries: i64, step: Option<Duration>) {
    let second = 1_000_000;
    let spec = MemorySpec {
        value: Some(Type::Int),
        keys: vec![],
        reach: Some(Duration(entries * second)),
        step,
        approx: false,
        functions: vec![(AggregateFn::Distinct, false)],
    };
    let options =
        StoreOptions { lateness: Duration(60 * second), entries: 1_000_000, hash_key: b"rulec".to_vec() };
    let mut store = Store::new(&[spec], &options);
    let (constants, mut arena) = (Arena::constants(), Arena::new());
    let memory = MemoryId::new(0);
    let span = Duration(entries * second);
    let window = match step {
        Some(step) => Window::Stepped { span, step },
        None => Window::Sliding { span, ending: Duration(0) },
    };
    let edges = store.edges(memory, &window);
    let question = store.question(memory, AggregateFn::Distinct, edges);
    let group = store.group(memory);
    let key = store.hasher().hash(&[], &[], &Arenas { constants: &constants, event: &arena });
    let cell = store.find_or_add(group, key.expect("a known key"), Time(0)).expect("no budget");
    let mut i = 0i64;
    let mut event = || {
        i += 1;
        let (t, value) = (Time(i * second), Slot::int(i * 7919 % (entries * 3)));
        let bounds = Bounds::of(&window, t);
        let mut kept = store.cell(group, Some(cell), t);
        black_box(kept.read(&question, bounds, t, Some(value), &constants, &mut arena));
        store.write(cell, memory, t, value, &Arenas { constants: &constants, event: &arena });
    };
    (0..entries).for_each(|_| event());
    let how = if step.is_some() { " in steps" } else { "" };
    measure(&format!("different values among {entries}{how}"), 100_000, || {
        (0..100_000).for_each(|_| event());
    });
}

fn deciding() {
    let decision = Decision {
        event: "e-17".into(),
        event_type: "tx".into(),
        at: Time(1_794_391_200_000_000),
        outcome: "allow".into(),
        score: 0,
        rules: vec![],
        shadow: vec![],
        suppressed: vec![],
        cannot_say: vec![],
        effects: vec![],
        warming: Vec::new(),
        bad: vec![],
        late: false,
        duplicate: false,
        conflict: false,
        ruleset: Stamp { name: "cards".into(), version: "1".into(), hash: "0123456789abcdef".into() }.into(),
    };
    let mut out = Vec::new();
    measure("write a quiet decision", 100_000, || {
        for _ in 0..100_000 {
            out.clear();
            decision.write_json(&mut out);
            black_box(&out);
        }
    });
}

fn main() {
    decoding(&lines());
    memories();
    for entries in [100, 10_000, 100_000] {
        telling_apart(entries, None);
    }
    telling_apart(10_000, Some(Duration(600_000_000)));
    deciding();
}
