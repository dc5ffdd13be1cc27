//! `cargo bench --bench memory`: what windows over many live keys cost, in time and in memory.
//!
//! `cargo bench --bench memory -- 10M` takes ten million live keys in place of one million (about 6 GB). The same events
//! every time; of the rounds the best counts. What is told is the time of the thread on a processor where the system tells
//! that, so that other work on the machine counts only as far as it slows this one's memory down.

#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use std::fmt::Write;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rulec::tooling::kernels::{self, AggregateFn, Fill, MemorySpec, Store, StoreOptions, Type};
use rulec::{Engine, Pending, compile_text};

const ROUNDS: u64 = 9;
/// Entries of every live key.
const ENTRIES: u64 = 5;
/// Events decided together, about as `rulec run` does.
const PORTION: usize = 500;
/// The window, in microseconds.
const SPAN: u64 = 30 * 86_400_000_000;

fn main() {
    let keys = std::env::args().skip(1).find_map(|text| number(&text)).unwrap_or(1_000_000);
    println!("best of {ROUNDS} rounds, in one thread; every live key has {ENTRIES} entries");
    per_event(keys);
    per_key(keys);
    distinct();
    // Here follow recovery per GB and the cost of writing in batches, once engines write their state.
}

/// `10M`
fn number(text: &str) -> Option<u64> {
    match text.strip_suffix('M') {
        Some(millions) => Some(millions.parse::<u64>().ok()? * 1_000_000),
        None => text.parse().ok(),
    }
}

/// Questions to four windows of the key of this number.
fn questions(key: usize) -> [String; 4] {
    [
        format!("count(tx) by k{key} over 30d including this > 900"),
        format!("sum(tx.amount) by k{key} over 30d including this > 900000"),
        format!("avg(tx.amount) by k{key} over 7d including this > 900000"),
        format!("count(tx) by k{key} over 1d including this > 900"),
    ]
}

/// A rule on events with five keys that asks so many questions, of all keys in turn.
fn rules(aggregates: usize) -> String {
    let mut text = String::from(
        "entity key\nevent tx { k0: key, k1: key, k2: key, k3: key, k4: key, amount: decimal }\n",
    );
    if aggregates > 0 {
        text.push_str("rule r on tx {\n");
        for n in 0..aggregates {
            let (key, kind) = (n % 5, n / 5);
            // Of five, each is of a kind of its own.
            let question = &questions(key)[if aggregates > 5 { kind } else { key % 4 }];
            let _ = writeln!(text, "    review if {question}");
        }
        text.push_str("    because \"much\"\n}\n");
    }
    text
}

struct Stream {
    /// Live keys of each of the five.
    each: u64,
    next: u64,
}

impl Stream {
    /// Every key comes again after as many events as there are keys, and the window holds its last [`ENTRIES`].
    fn lines(&mut self, count: u64) -> Vec<Vec<u8>> {
        let start = rulec::Time::parse_rfc3339("2026-01-01T00:00:00Z").expect("a time").0;
        let line = |i: u64| {
            let at = rulec::Time(start + (i * (SPAN / (self.each * ENTRIES)).max(1)) as i64);
            let mut line = format!(r#"{{"type":"tx","id":{i},"at":"{at}""#);
            for (field, step) in [7_919, 104_729, 1_299_709, 15_485_863, 179_424_673].iter().enumerate() {
                let _ = write!(line, r#","k{field}":"k{field}-{}""#, i.wrapping_mul(*step) % self.each);
            }
            let _ = write!(line, r#","amount":{}.{:02}}}"#, i % 300, i % 100);
            line.into_bytes()
        };
        let lines = (self.next..self.next + count).map(line).collect();
        self.next += count;
        lines
    }
}

fn decide(engine: &Engine, pending: &mut Pending, lines: &[Vec<u8>]) {
    for portion in lines.chunks(PORTION) {
        portion.iter().for_each(|line| engine.read_json(line, pending));
        engine.decide_pending(pending, false);
        engine.tell_decided(pending, |_| ControlFlow::Continue(()));
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let (started, on_processor) = (Instant::now(), on_processor());
    work();
    let elapsed = started.elapsed();
    match (on_processor, self::on_processor()) {
        (Some(before), Some(after)) if after > before => after - before,
        _ => elapsed,
    }
}

/// How long this thread has run so far, where the system tells.
fn on_processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// The best of some rounds, per event.
fn best(engine: &Engine, stream: &mut Stream, events: u64) -> Duration {
    let mut pending = Pending::default();
    let round = |_| {
        let lines = stream.lines(events);
        timed(|| decide(engine, &mut pending, &lines)) / events as u32
    };
    (0..ROUNDS).map(round).min().unwrap_or_default()
}

fn per_event(keys: u64) {
    println!("\n{:<44} {:>12} {:>14}", "events with five keys, read from JSON", "ns per event", "resident");
    for aggregates in [0, 1, 5, 20] {
        let engine = Engine::new(compile_text("bench.rules", &rules(aggregates)).expect("rules").ruleset);
        // With one question only one of the five is remembered.
        let asked = aggregates.clamp(1, 5) as u64;
        let mut stream = Stream { each: (keys / asked).max(1), next: 0 };
        let before = resident();
        let mut pending = Pending::default();
        let mut left = if aggregates == 0 { 0 } else { stream.each * (ENTRIES + 1) };
        while left > 0 {
            let lines = stream.lines(left.min(100_000));
            left -= lines.len() as u64;
            decide(&engine, &mut pending, &lines);
        }
        let resident = resident().zip(before).map(|(after, before)| after.saturating_sub(before) >> 20);
        let time = best(&engine, &mut stream, 200_000);
        let live = if aggregates == 0 { 0 } else { keys };
        println!(
            "{:<44} {:>12} {:>14}",
            format!("{aggregates} aggregates, {live} live keys"),
            time.as_nanos(),
            resident.map_or("".into(), |size| format!("{size} MiB"))
        );
    }
}

/// What the process has in memory, where the system tells.
fn resident() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/self/statm").ok()?;
    told.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * 4096)
}

/// Told by the layouts, which `tests/sizes.rs` compares with filled engines.
fn per_key(keys: u64) {
    println!(
        "\n{:<44} {:>10} {:>10} {:>10}",
        format!("bytes per key, of {keys} keys"),
        "5 entries",
        "20",
        "60"
    );
    let number = |functions: &[AggregateFn]| (Some(Type::Decimal), functions.to_vec());
    let rows = [
        ("count, any, since (the times of events)", (None, vec![AggregateFn::Count])),
        ("sum, avg, min, max (numbers)", number(&[AggregateFn::Sum])),
        ("distinct numbers", number(&[AggregateFn::Distinct])),
        ("distinct texts", (Some(Type::Text), vec![AggregateFn::Distinct])),
        ("last text", (Some(Type::Text), vec![AggregateFn::Last])),
    ];
    for (name, (value, functions)) in rows {
        let spec = MemorySpec {
            value,
            keys: vec![Type::Text],
            reach: Some(kernels::Duration(SPAN as i64)),
            step: None,
            approx: false,
            functions: functions.into_iter().map(|function| (function, false)).collect(),
        };
        let options = StoreOptions {
            lateness: kernels::Duration(3_600_000_000),
            entries: 10_000,
            hash_key: b"rulec".to_vec(),
        };
        let mut store = Store::new(&[spec], &options);
        let memory = kernels::MemoryId::new(0);
        let span = kernels::Duration(SPAN as i64);
        store.edges(memory, &kernels::Window::Sliding { span, ending: kernels::Duration(0) });
        let finding: u64 = store.finding(keys).map(|(_, bytes)| bytes).sum();
        let each = |entries| (store.bytes(memory, keys, Fill::Entries(entries)) + finding) / keys;
        println!("{name:<44} {:>10} {:>10} {:>10}", each(5), each(20), each(60));
    }
}

/// One busy key: an event comes, another leaves the window.
fn distinct() {
    println!("\n{:<44} {:>12}", "distinct values in the window of one key", "ns per event");
    let rules = "ruleset bench {\n    edition 2026\n    version \"1\"\n    limits { entries 1000000 }\n}\n\
        entity key\nevent tx { k: key, value: int }\n\
        rule r on tx {\n    review if distinct(tx.value) by k over 30d including this > 900000\n    because \"many\"\n}\n";
    let ruleset = compile_text("bench.rules", rules).expect("rules").ruleset;
    let start = rulec::Time::parse_rfc3339("2026-01-01T00:00:00Z").expect("a time").0;
    for values in [10, 100, 1_000, 10_000, 100_000, 500_000] {
        let engine = Engine::new(ruleset.clone());
        let mut next = 0;
        let mut lines = |count: u64| -> Vec<Vec<u8>> {
            let line = |i: u64| {
                let at = rulec::Time(start + (i * (SPAN / values)) as i64);
                format!(r#"{{"type":"tx","id":{i},"at":"{at}","k":"k","value":{}}}"#, i % (values * 2))
                    .into_bytes()
            };
            let lines = (next..next + count).map(line).collect();
            next += count;
            lines
        };
        let mut pending = Pending::default();
        decide(&engine, &mut pending, &lines(values * 2));
        let round = |_| {
            let lines = lines(200_000);
            timed(|| decide(&engine, &mut pending, &lines)) / 200_000
        };
        let time = (0..ROUNDS).map(round).min().unwrap_or_default();
        println!("{values:<44} {:>12}", time.as_nanos());
    }
}
