//! What `rulec check --state-report` foretells is what engines take once they are filled.
//!
//! An allocator that counts is the whole process's, so this is a binary of its own with one test.

use std::alloc::System;
use std::time::Duration;

use rulec::tooling::StateReport;
use rulec::{Answer, Engine, EngineOptions, compile_text};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const HEAD: &str = r#"
entity buyer
event order {
    buyer: buyer
    number: int
    amount: decimal
    text: text
    from: time
    until: time
}
event hush { buyer: buyer }
"#;

struct Case {
    name: &'static str,
    /// Events of each key.
    events: u64,
    /// The cap says how much there can be of each key.
    capped: bool,
    rules: &'static str,
}

const KEYS: u64 = 4_000;

/// Of a hundred: how far what is measured may be from what was foretold. How full the trees of deadlines are is only guessed.
const TOLERANCE: u64 = 2;
const TOLERANCE_OF_DEADLINES: u64 = 10;

/// Room for one event and what is counted of all: whatever is kept, it does not grow.
const NOT_BY_KEY: u64 = 16 << 10;

const DEADLINES: &str = "deadlines";

const CASES: &[Case] = &[
    Case {
        name: "times",
        capped: true,
        events: 5,
        rules: "rule r on order { review if count(order) by buyer over 30d before this > 40 }",
    },
    Case {
        name: "numbers, of several windows",
        capped: true,
        events: 5,
        rules: "rule r on order {
            review if sum(order.amount) by buyer over 30d before this > 40 and
                sum(order.amount) by buyer over 1d ending 7d ago > 40 and
                avg(order.amount) by buyer over this week before this > 40
        }",
    },
    Case {
        name: "several memories of one key",
        capped: true,
        events: 5,
        rules: "rule r on order {
            review if sum(order.amount) by buyer over 30d before this > 40
            review if max(order.number) by buyer over 1d before this > 40
            review if count(order where number >= 0) by buyer over 1d before this > 40
        }",
    },
    Case {
        name: "texts that are told apart",
        capped: true,
        events: 5,
        rules: "rule r on order { review if distinct(order.text) by buyer over 30d before this > 40 }",
    },
    Case {
        name: "texts that are given back",
        capped: true,
        events: 5,
        rules: "rule r on order { review if last(order.text) by buyer over 30d before this == \"?\" }",
    },
    Case {
        name: "running values",
        capped: false,
        events: 5,
        rules: "rule r on order { review if count(order) by buyer ever before this > 40 }",
    },
    Case {
        name: "running values with a text",
        capped: false,
        events: 5,
        rules: "rule r on order { review if first(order.text) by buyer ever before this == \"?\" }",
    },
    Case {
        name: "different values for ever",
        capped: true,
        events: 5,
        rules: "// allow(unbounded_memory): it is what is measured
            rule r on order { review if distinct(order.number) by buyer ever before this > 40 }",
    },
    Case {
        name: "steps",
        capped: false,
        events: 5,
        rules: "rule r on order { review if sum(order.amount) by buyer over 5d step 1m before this > 40 }",
    },
    Case {
        name: "sequences",
        capped: true,
        events: 5,
        rules: "rule r on hush { review if sequence(order, hush) by buyer within 2d }",
    },
    Case {
        name: "labels",
        capped: false,
        events: 1,
        rules: "label one on buyer
            label two on buyer
            rule r on order { 
                observe always
                label one on buyer
                label two on buyer for 1d
            }
            rule s on hush { observe if buyer has label one or buyer has label two }",
    },
    Case {
        name: "mutes",
        capped: false,
        events: 1,
        rules: "rule r on order {
                observe always
                mute s by buyer for 1d
            }
            rule s on hush { observe always }",
    },
    Case {
        name: "once",
        capped: false,
        events: 1,
        rules: "action report(who: buyer) once per who
            rule r on order {
                observe always
                do report(buyer)
                once per buyer per 1d
            }",
    },
    Case {
        name: "tables and calendars",
        capped: true,
        events: 5,
        rules: "table profile: buyer from order
            calendar busy from order by buyer
            rule s on hush { observe if profile[buyer].text == \"?\" or at during busy[buyer] }",
    },
    Case {
        name: DEADLINES,
        capped: false,
        events: 1,
        rules: "rule r on no hush by buyer within 48h after order {
            observe always
            because \"{text} {number}\"
        }",
    },
];

/// Bytes that are in use.
fn live() -> u64 {
    let stats = ALLOCATOR.stats();
    (stats.bytes_allocated - stats.bytes_deallocated) as u64
}

fn line(number: u64, key: u64, event: u64) -> String {
    // A minute apart, each text of 16 bytes, each span apart from the others; keys in an order of their own.
    let minute = |n: u64| format!("2026-01-{:02}T{:02}:{:02}:00Z", 1 + n / 1440, n / 60 % 24, n % 60);
    format!(
        r#"{{"type":"order","id":{number},"at":"{}","buyer":"b{key}","number":{event},"amount":{event},"text":"{event:016}","from":"{}","until":"{}"}}"#,
        minute(event * 10),
        minute(event * 100),
        minute(event * 100 + 1),
    )
}

/// What filling an engine takes, and what was foretold of it: with few entries of each key, and at most.
fn measured(case: &Case, (keys, events): (u64, u64), head: &str) -> (u64, [u64; 2]) {
    let rules = format!("{head}{HEAD}\n{}", case.rules);
    let compiled =
        compile_text("sizes.rules", &rules).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let foretold = foretold(&StateReport::new(&compiled.ruleset, keys), case);
    // Nothing is kept for retries.
    let options = EngineOptions::default().retry_horizon(Duration::ZERO);
    let engine = Engine::with_options(compiled.ruleset, options);
    let before = live();
    let mut number = 0;
    for event in 0..events {
        for key in 0..keys {
            number += 1;
            let answer = engine.decide_json(line(number, key, event).as_bytes());
            assert!(matches!(answer, Answer::Decision(_)), "{}: {}", case.name, answer.to_json());
        }
    }
    (live() - before, foretold)
}

fn foretold(report: &StateReport, case: &Case) -> [u64; 2] {
    // The events that would take a deadline back do not come, so nothing is kept of them.
    let kept = || report.rows.iter().filter(|row| case.name != DEADLINES || row.kind == "deadline");
    [kept().map(|row| row.bytes).sum(), kept().map(|row| row.most.unwrap_or(row.bytes)).sum()]
}

#[test]
fn what_is_foretold_is_what_it_takes() {
    let mut wrong = Vec::new();
    let mut compare = |name: &str, keys: u64, measured: u64, foretold: u64, tolerance: u64| {
        let told = format!("{name}: {} bytes a key, foretold {}", measured / keys, foretold / keys);
        println!("{told}");
        if measured.abs_diff(foretold) > measured * tolerance / 100 + NOT_BY_KEY {
            wrong.push(told);
        }
    };
    for case in CASES {
        let (measured, [foretold, _]) = measured(case, (KEYS, case.events), "");
        let tolerance = if case.name == DEADLINES { TOLERANCE_OF_DEADLINES } else { TOLERANCE };
        compare(case.name, KEYS, measured, foretold, tolerance);
    }
    for case in CASES.iter().filter(|case| case.capped) {
        let head = "ruleset sizes {\n edition 2026\n version \"1\"\n limits { entries 50 }\n}\n";
        let (measured, [_, most]) = measured(case, (300, 400), head);
        compare(&format!("{}, at the cap", case.name), 300, measured, most, TOLERANCE);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
