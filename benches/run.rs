//! `cargo bench --bench run`: `rulec run` against a program that only parses and writes, in turn, in one run.
//!
//! The other program parses the same plain NDJSON with serde_json into a struct and writes a line as long as the
//! decision for each event. Both read a file and write a file. The stream is the handbook's mixed stream if
//! `../shared/data` is there, else a generated one of the same shape.

#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

const ROUNDS: usize = 7;
const STREAM: &str = "../shared/data/handbook/mixed_stream_dev_d000-020.ndjson.gz";

/// What the other program makes of a line.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    tx_id: u64,
    ts: &'a str,
    customer_id: u64,
    terminal_id: u64,
    amount: Option<f64>,
    fraud: Option<u8>,
}

/// Parses each line and writes one of `length` bytes that depends on what was parsed.
fn parse_and_write(input: &Path, output: &Path, length: usize) {
    let mut reader = BufReader::with_capacity(1 << 18, File::open(input).expect("the stream"));
    let mut writer = BufWriter::with_capacity(1 << 18, File::create(output).expect("the output"));
    let mut line = String::new();
    let filler = vec![b'x'; length];
    while reader.read_line(&mut line).expect("a line") > 0 {
        let event: Event<'_> = serde_json::from_str(&line).expect("an event");
        let sum = event.tx_id
            ^ event.customer_id
            ^ event.terminal_id
            ^ event.ts.len() as u64
            ^ event.kind.len() as u64
            ^ event.amount.unwrap_or_default().to_bits()
            ^ u64::from(event.fraud.unwrap_or_default());
        let head = sum.to_le_bytes().map(|b| b'a' + b % 26);
        writer.write_all(&head).expect("written");
        writer.write_all(&filler[..length.saturating_sub(head.len() + 1)]).expect("written");
        writer.write_all(b"\n").expect("written");
        line.clear();
    }
    writer.flush().expect("written");
}

fn stream(directory: &Path) -> (PathBuf, String) {
    let plain = directory.join("events.ndjson");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packed = root.join(STREAM);
    if packed.exists() {
        let mut text = Vec::new();
        flate2::read::MultiGzDecoder::new(File::open(packed).expect("the stream"))
            .read_to_end(&mut text)
            .expect("gzip");
        std::fs::write(&plain, text).expect("written");
        return (plain, "the handbook's mixed stream".into());
    }
    let sample = std::fs::read(root.join("examples/handbook/sample.ndjson")).expect("the sample");
    std::fs::write(&plain, sample).expect("written");
    (plain, "the generated sample (../shared/data is not there)".into())
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

fn main() {
    // Called again by itself as the other program.
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, mode, input, output, length] = arguments.as_slice()
        && mode == "parse-and-write"
    {
        return parse_and_write(Path::new(input), Path::new(output), length.parse().expect("a length"));
    }
    let directory = tempfile::tempdir().expect("a directory");
    let (events, what) = stream(directory.path());
    let output = directory.path().join("out.ndjson");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run_rulec = || {
        let status = Command::new(env!("CARGO_BIN_EXE_rulec"))
            .arg("run")
            .arg(root.join("examples/handbook"))
            .arg(&events)
            .args(["--quiet", "--out"])
            .arg(&output)
            .stderr(Stdio::inherit())
            .status()
            .expect("rulec runs");
        assert!(status.success(), "rulec run failed");
    };
    run_rulec();
    let bytes = std::fs::metadata(&output).expect("decisions").len();
    let lines = BufReader::new(File::open(&events).expect("events")).lines().count() as u64;
    let length = (bytes / lines.max(1)).to_string();
    let run_other = || {
        let status = Command::new(std::env::current_exe().expect("this program"))
            .arg("parse-and-write")
            .arg(&events)
            .arg(&output)
            .arg(&length)
            .status()
            .expect("runs");
        assert!(status.success());
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(timed(run_other));
        ours.push(timed(run_rulec));
    }
    ours.sort();
    theirs.sort();
    let (a, b) = (ours[ROUNDS / 2], theirs[ROUNDS / 2]);
    println!("{what}: {lines} events, {length} bytes per decision, median of {ROUNDS}");
    println!(
        "  parse and write  {:>8.1} ms  {:>6.0} ns/event",
        b.as_secs_f64() * 1e3,
        b.as_nanos() as f64 / lines as f64
    );
    println!(
        "  rulec run        {:>8.1} ms  {:>6.0} ns/event",
        a.as_secs_f64() * 1e3,
        a.as_nanos() as f64 / lines as f64
    );
    println!("  ratio            {:>8.2}", a.as_secs_f64() / b.as_secs_f64());
}
