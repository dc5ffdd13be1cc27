//! `cargo bench --bench check`: `rulec check` on 1,000 to 10,000 generated rules; the time per rule should not grow.

#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;

/// Rules of the usual kinds: thresholds, sets, windows, bands, texts.
fn ruleset(rules: usize) -> String {
    let mut text = String::from(
        "ruleset generated {\n    edition 2026\n    currency USD\n}\n\
         entity buyer\nentity device\n\
         event order {\n    buyer: buyer\n    device: device?\n    amount: money(USD)\n    country: country?\n    qty: int\n    note: text?\n}\n\
         event login {\n    buyer: buyer\n    device: device?\n}\n",
    );
    for n in 0..rules {
        let (a, b, c) = (n % 97 + 2, n % 13 + 3, n % 7 + 1);
        let _ = writeln!(
            text,
            "rule rule_{n} \"Rule number {n}\" on order {{\n    \
             tags generated\n    severity medium\n    \
             let orders = count(order) by buyer over {c}d including this\n    \
             let logins = count(login) by device over {b}h\n    \
             when qty > {c} and ((country in [CN, PL, DE]) else false)\n    \
             block if orders > {a} and logins > {b} and amount > {n} USD score 50\n    \
             review if orders > {b} or amount >= {a} USD score 20\n    \
             because \"{{orders}} orders and {{logins}} logins\"\n    about buyer\n}}"
        );
    }
    text
}

fn main() {
    let directory = tempfile::tempdir().expect("a directory");
    println!("rulec check, best of {ROUNDS}");
    for rules in [1_000, 2_000, 5_000, 10_000] {
        let path = directory.path().join(format!("{rules}.rules"));
        std::fs::write(&path, ruleset(rules)).expect("written");
        let best = (0..ROUNDS).map(|_| check(&path)).min().unwrap_or_default();
        println!(
            "  {rules:>6} rules  {:>8.1} ms  {:>6.1} µs/rule",
            best.as_secs_f64() * 1e3,
            best.as_secs_f64() * 1e6 / rules as f64
        );
    }
}

fn check(path: &Path) -> Duration {
    let started = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_rulec"))
        .args(["check", "--format", "json"])
        .arg(path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("rulec runs");
    let elapsed = started.elapsed();
    assert!(status.success(), "the generated rules have no errors");
    elapsed
}
