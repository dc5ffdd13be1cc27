//! The log of decisions: what is written, what comes of it when everything is decided again, and what is said of damage.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]
#![cfg(feature = "cli")]

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use assert_cmd::Command;
use rulec::{
    Answer, DecisionLog, Durability, Engine, Logged, Memory, Message, compile_text, erase_from_log, read_log,
};
use serde_json::Value;
use support::random::Random;
use support::{events, rules, schema};
use tempfile::TempDir;

const RULES: &str = r#"
ruleset shop { version "7" }
entity buyer
event order { buyer: buyer, amount: money(USD), note: text? sensitive }
event login { buyer: buyer }
list watched: buyer extern
rule big on order {
    review if amount >= 500 USD
    because "an order of {amount}"
    about buyer
}
rule many on order {
    block if sum(order.amount) by buyer over 1d including this > 1000 USD
    because "a lot"
}
rule seen on login {
    warn if buyer in watched
    because "watched"
}
rule silent on no login by buyer within 1h after order {
    observe always
    because "never came back"
}
"#;

struct Shop(TempDir);

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Shop {
    fn new() -> Shop {
        let shop = Shop(tempfile::tempdir().unwrap());
        shop.write("shop.rules", RULES);
        shop.write("other.rules", RULES.replace("500 USD", "300 USD").replace("\"7\"", "\"8\""));
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn rulec(&self, arguments: &str) -> Ran {
        let output = Command::cargo_bin("rulec")
            .unwrap()
            .current_dir(self.0.path())
            .args(arguments.split_whitespace())
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// `rulec run`, which must end with this code.
    fn run(&self, arguments: &str, code: i32) -> Ran {
        let ran = self.rulec(&format!("run {arguments}"));
        assert!(!ran.err.contains("has errors"), "{}", ran.err);
        assert_eq!(ran.code, code, "{arguments}: {}", ran.err);
        ran
    }

    /// `rulec replay log`, without any difference: what it counted.
    fn same(&self, arguments: &str) -> Value {
        let ran = self.rulec(&format!("replay log --format json {arguments}"));
        assert_eq!(
            ran.code,
            0,
            "{arguments}: {}{}",
            ran.out,
            self.rulec(&format!("replay log {arguments}")).out
        );
        serde_json::from_str(&ran.out).unwrap()
    }

    /// What each run of the log began with.
    fn memories(&self) -> Vec<Memory> {
        let mut memories = Vec::new();
        read_log(&self.path("log"), &mut |message| {
            if let Message::Begin(start) = message {
                memories.push(start.begin.memory);
            }
            Ok(())
        })
        .unwrap();
        memories
    }

    /// Everything that is in the files of a directory.
    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read_dir(self.path(name)).unwrap().flat_map(|e| fs::read(e.unwrap().path()).unwrap()).collect()
    }

    fn last_segment(&self) -> PathBuf {
        let names = fs::read_dir(self.path("log")).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.extension().is_some_and(|end| end == "log")).max().unwrap()
    }
}

/// Minutes `from` to `until`: orders, logins, the clock, lists, retries, late ones, and lines that are no events.
fn lines(from: u64, until: u64) -> String {
    let line = |minute: u64| {
        let at = format!("2026-11-{:02}T{:02}:{:02}:00Z", 1 + minute / 1440, minute / 60 % 24, minute % 60);
        let (buyer, amount) = (minute % 7, minute * 37 % 700);
        match minute % 10 {
            0 => format!(r#"{{"type":"clock","at":"{at}"}}"#),
            1 => format!(
                r#"{{"type":"list","name":"watched","at":"{at}","add":["b{buyer}"],"remove":["b1"]}}"#
            ),
            2 | 3 => format!(
                r#"{{"type":"login","id":"l{minute}","at":"{at}","received_at":"{at}","buyer":"b{buyer}"}}"#
            ),
            4 => format!(
                r#"{{"type":"order","id":"e{}","at":"{at}","buyer":"b1","amount":"20 USD"}}"#,
                minute / 20
            ),
            5 => format!(r#"{{"type":"order","id":"e{minute}","at":"{at}","buyer":"b{buyer}"}}"#),
            6 => format!("{{\"type\":\"order\",\"id\":\"e{minute}\" \u{1}"),
            _ => format!(
                r#"{{"type":"order","id":"e{minute}","at":"{at}","buyer":"b{buyer}","amount":"{amount} USD","note":"secret {minute}"}}"#
            ),
        }
    };
    (from..until).map(|minute| line(minute) + "\n").collect()
}

#[test]
fn the_marketplace_is_decided_again_byte_for_byte() {
    let shop = Shop::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = root.join("rulesets/marketplace");
    let events = root.join("examples/marketplace/events.ndjson");
    let ran = shop.run(&format!("{} {} --log log", rules.display(), events.display()), 0);
    let counted = shop.same("");
    assert_eq!(counted["decisions"], ran.out.lines().count());
    // As the documentation shows it.
    let shown = shop.rulec("replay log").out;
    let documented = fs::read_to_string(root.join("docs/replay.md")).unwrap();
    assert!(documented.contains(&shown), "docs/replay.md does not show\n{shown}");
}

#[test]
fn generated_rulesets_are_decided_again_byte_for_byte() {
    let (mut told, mut rejects, mut deadlines) = (0, 0, 0);
    for seed in 0..12 {
        let shop = Shop::new();
        let mut random = Random::new(seed);
        let generated = rules::generate(&mut random);
        fs::create_dir(shop.path("rules")).unwrap();
        shop.write("rules/generated.rules", &generated.source);
        for (name, text) in schema::FILES {
            shop.write(&format!("rules/{name}"), text);
        }
        let lines = events::generate(&generated, 200, &mut random);
        let (first, second) = lines.split_at(120);
        shop.write("1.ndjson", first.join("\n"));
        shop.write("2.ndjson", second.join("\n"));
        let state = if seed % 2 == 0 { "--state state" } else { "" };
        for file in ["1.ndjson", "2.ndjson"] {
            let ran = shop.rulec(&format!("run rules {file} --log log --rejects {file}.bad {state}"));
            if ran.err.contains("has errors") {
                continue;
            }
            assert!(ran.code < 2, "seed {seed}: {}", ran.err);
            told += ran.out.lines().count();
        }
        if !shop.path("log").exists() {
            continue;
        }
        let counted = shop.same("");
        assert_eq!(counted["inputs"], lines.len(), "seed {seed}");
        rejects += counted["rejects"].as_u64().unwrap();
        deadlines += counted["deadlines"].as_u64().unwrap();
        // The memory went on without being written down again.
        let memory = if seed % 2 == 0 { Memory::AsBefore } else { Memory::Nothing };
        assert_eq!(shop.memories(), [Memory::Nothing, memory], "seed {seed}");
    }
    assert!(told > 1000 && rejects > 12 && deadlines > 12, "{told} {rejects} {deadlines}");
}

#[test]
fn rows_of_csv_files_and_broken_ones_are_decided_again() {
    let shop = Shop::new();
    shop.write(
        "a.csv",
        "id,at,buyer,amount\n1,2026-11-11T10:00:00Z,b1,600 USD\n2,2026-11-11T10:01:00Z,\"b,2\",\n\
         3,2026-11-11T10:02:00Z,\"b3,1 USD\n4,2026-11-11T10:03:00Z,b1,\"700 USD\"\n5,\"x\"y,b,1\n",
    );
    shop.write("b.csv", "buyer,at,amount,id\nb1,2026-11-11T11:00:00Z,20 USD,6\nb1,2026-11-11T11:00:00Z\n");
    shop.write("c.ndjson", lines(0, 40));
    let ran = shop.run("shop.rules a.csv b.csv c.ndjson a.csv --type order --log log --rejects bad", 1);
    let counted = shop.same("");
    assert_eq!(counted["rejects"], shop.read("bad").lines().count());
    assert_eq!(
        counted["decisions"].as_u64().unwrap() + counted["deadlines"].as_u64().unwrap(),
        ran.out.lines().count() as u64
    );
    assert!(ran.out.contains(r#""event":"4""#) && ran.out.contains(r#""event":"6""#), "{}", ran.out);
}

#[test]
fn a_ruleset_that_changed_between_runs_is_no_difference() {
    for state in ["", "--state state"] {
        let shop = Shop::new();
        let file = |from: u64| shop.write("events", lines(from, from + 60));
        file(0);
        shop.run(&format!("shop.rules events --log log --rejects bad {state}"), 1);
        file(60);
        shop.run(&format!("other.rules events --log log --rejects bad {state}"), 1);
        file(120);
        shop.run(&format!("other.rules events --log log --rejects bad {state} --type login"), 1);
        let counted = shop.same("");
        assert_eq!(counted["runs"], 3);
        assert_eq!(counted["inputs"], 180);
        let hashes: Vec<&Value> =
            counted["rulesets"].as_array().unwrap().iter().map(|ruleset| &ruleset["runs"]).collect();
        assert_eq!(hashes, [1, 2]);
        let after = if state.is_empty() { Memory::Nothing } else { Memory::AsBefore };
        assert_eq!(shop.memories(), [Memory::Nothing, after, after]);
    }
}

#[test]
fn a_log_is_complete_in_itself() {
    let shop = Shop::new();
    let run = |from: u64, rest: &str| {
        shop.write("events", lines(from, from + 60));
        shop.run(&format!("shop.rules events --rejects bad --state state {rest}"), 1);
    };
    // What was remembered before there was a log, and what came to it while there was none.
    run(0, "");
    run(60, "--log log");
    run(120, "--log log");
    run(180, "");
    run(240, "--log log");
    // Another log of the same state, and the same log with another state.
    run(300, "--log second");
    run(360, "--log log");
    shop.write("events", lines(0, 60));
    shop.run("shop.rules events --rejects bad --state other --log log", 1);
    assert_eq!(
        shop.memories(),
        [Memory::Saved, Memory::AsBefore, Memory::Saved, Memory::Saved, Memory::Nothing]
    );
    assert_eq!(shop.same("")["inputs"], 300);
}

#[test]
fn another_ruleset_shows_what_it_would_have_changed() {
    let shop = Shop::new();
    shop.write("events", lines(0, 300));
    let ran = shop.run("shop.rules events --log log --rejects bad", 1);
    let decided = |ran: &Ran| -> Vec<Value> {
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let other = shop.run("other.rules events --rejects bad", 1);
    let without = |mut decision: Value| {
        decision.as_object_mut().unwrap().remove("ruleset");
        decision
    };
    let pairs = decided(&ran).into_iter().map(without).zip(decided(&other).into_iter().map(without));
    let differ: Vec<(Value, Value)> = pairs.filter(|(was, is)| was != is).collect();
    assert!(differ.len() > 10);

    let replayed = shop.rulec("replay log --ruleset other.rules --out differences");
    assert_eq!(replayed.code, 1, "{}", replayed.err);
    assert!(replayed.err.contains("`shop` 7 ("), "{}", replayed.err);
    assert!(replayed.err.contains("is replaced by `shop` 8 ("), "{}", replayed.err);
    let shown: Vec<Value> =
        shop.read("differences").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let wanted: Vec<(Value, Value)> =
        shown.iter().map(|shown| (shown["was"].clone(), shown["is"].clone())).collect();
    assert_eq!(wanted, differ);
    assert_eq!(shown[0]["event"], differ[0].0["event"]);
    assert!(replayed.out.contains("allow -> review"), "{}", replayed.out);
    let counted: Value =
        serde_json::from_str(&shop.rulec("replay log --ruleset other.rules --format json").out).unwrap();
    assert_eq!(counted["different"], differ.len());
    let hits = |of: fn(&(Value, Value)) -> &Value| {
        let big = |rules: &Value| rules.as_array().unwrap().iter().any(|hit| hit["rule"] == "big");
        differ.iter().filter(|pair| big(&of(pair)["rules"])).count()
    };
    let big = &counted["rules"].as_array().unwrap()[0];
    assert_eq!(big["rule"], "big");
    assert_eq!(big["only_before"], 0);
    assert_eq!(big["only_now"], hits(|pair| &pair.1) - hits(|pair| &pair.0));
    // The same rules under another version are no difference.
    shop.write("renamed.rules", RULES.replace("\"7\"", "\"9\""));
    assert_eq!(shop.same("--ruleset renamed.rules")["replaced_by"]["version"], "9");
}

#[test]
fn an_answer_that_is_not_what_the_rules_say_is_found() {
    let shop = Shop::new();
    let engine = Engine::new(compile_text("shop.rules", RULES).unwrap().ruleset);
    let mut log = DecisionLog::open(shop.path("log"), Durability::Batched).unwrap();
    log.begin(&engine).unwrap();
    for line in lines(0, 20).lines() {
        log.line(Logged::Json(line.as_bytes())).unwrap();
        let answer = engine.decide_json(line.as_bytes());
        let text = match &answer {
            Answer::Decision(decision) if &*decision.event == "e8" => {
                answer.to_json().replace("\"outcome\":\"allow\"", "\"outcome\":\"block\"")
            }
            _ => answer.to_json(),
        };
        if !text.is_empty() {
            log.answer(|out| out.extend_from_slice(text.as_bytes()));
        }
        for decision in engine.take_deadlines() {
            log.answer(|out| decision.write_json(out));
        }
    }
    log.commit().unwrap();
    log.end(&engine).unwrap();
    let ran = shop.rulec("replay log --out differences");
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.contains("1 answer is different"), "{}", ran.out);
    assert!(ran.out.contains("block -> allow"), "{}", ran.out);
    let difference: Value = serde_json::from_str(&shop.read("differences")).unwrap();
    assert_eq!((&difference["event"], &difference["input"]), (&"e8".into(), &9.into()));
}

#[test]
fn keys_under_a_secret_are_decided_again_under_it() {
    let shop = Shop::new();
    shop.write("events", lines(0, 60));
    shop.write("secret", "hush");
    shop.run("shop.rules events --log log --rejects bad --hash-key-file secret", 1);
    shop.same("--hash-key-file secret");
    let ran = shop.rulec("replay log");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("another secret") && ran.err.contains("--hash-key-file"), "{}", ran.err);
}

#[test]
fn what_had_no_room_has_none_when_it_is_decided_again() {
    let shop = Shop::new();
    for (from, memory) in [(0, "--memory 1kB"), (60, "")] {
        shop.write("events", lines(from, from + 60));
        let ran = shop.run(&format!("shop.rules events --log log --rejects bad --state state {memory}"), 1);
        assert!(ran.out.contains("(full)"), "{}", ran.out);
    }
    assert_eq!(shop.same("")["runs"], 2);
}

#[test]
fn a_crash_leaves_a_log_that_goes_on() {
    for durability in ["none", "batched", "sync"] {
        let shop = Shop::new();
        let arguments = "run shop.rules - --log log --state state --rejects bad --durability";
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("rulec"))
            .current_dir(shop.0.path())
            .args(arguments.split_whitespace())
            .arg(durability)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // More than is read at once, so that some of it is decided before the end.
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || {
            let _ = stdin.write_all(lines(0, 4_000).as_bytes());
            stdin
        });
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut told = Vec::new();
        for _ in 0..100 {
            let mut line = String::new();
            assert!(out.read_line(&mut line).unwrap() > 0, "{durability}");
            told.push(line);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        drop(writer.join().unwrap());
        let decided = shop.same("");
        if durability == "sync" {
            let answers = decided["decisions"].as_u64().unwrap() + decided["deadlines"].as_u64().unwrap();
            assert!(answers >= 100, "{decided}");
        }
        shop.write("more", lines(4_000, 4_100));
        shop.run("shop.rules more --log log --state state --rejects bad", 1);
        let both = shop.same("");
        assert_eq!(both["runs"], 2);
        assert_eq!(both["inputs"].as_u64(), decided["inputs"].as_u64().map(|before| before + 100));
    }
}

#[test]
fn a_log_that_was_cut_anywhere_is_decided_up_to_there() {
    let shop = Shop::new();
    shop.write("events", lines(0, 60));
    shop.run("shop.rules events --log log --rejects bad", 1);
    let segment = shop.last_segment();
    let whole = fs::read(&segment).unwrap();
    fs::remove_file(shop.path("log/CLOSED")).unwrap();
    let mut counts = Vec::new();
    for cut in [1, 20, 500, 1_000, 2_000, 5_000] {
        fs::write(&segment, &whole[..whole.len() - cut]).unwrap();
        let counted = shop.same("");
        assert!(counted["torn"].is_string(), "{cut}");
        counts.push(counted["inputs"].as_u64().unwrap());
    }
    assert!(counts.is_sorted_by(|a, b| a >= b) && counts[5] < 60, "{counts:?}");
    // A run goes on behind the cut.
    let ran = shop.run("shop.rules events --log log --rejects bad", 1);
    assert!(ran.err.contains("log: ") && ran.err.contains("cut off"), "{}", ran.err);
    assert_eq!(shop.same("")["inputs"], counts[5] + 60);
}

#[test]
fn damage_is_refused_with_its_place() {
    let shop = Shop::new();
    shop.write("events", lines(0, 60));
    shop.run("shop.rules events --log log --rejects bad", 1);
    let segment = shop.last_segment();
    let whole = fs::read(&segment).unwrap();
    for at in [whole.len() / 3, whole.len() / 2, whole.len() - 30] {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        fs::write(&segment, bytes).unwrap();
        let ran = shop.rulec("replay log");
        assert_eq!(ran.code, 2, "{}", ran.out);
        assert!(ran.err.contains(segment.file_name().unwrap().to_str().unwrap()), "{}", ran.err);
        assert!(ran.err.contains("is damaged at byte "), "{}", ran.err);
    }
    fs::write(&segment, whole).unwrap();
    shop.same("");
    // What is no log is not read as one.
    shop.run("shop.rules events --state state --rejects bad", 1);
    assert_eq!(shop.rulec("replay state").code, 2);
    let ran = shop.rulec("replay nothing");
    assert!(ran.code == 2 && ran.err.contains("no such directory"), "{}", ran.err);
    let ran = shop.rulec("run shop.rules events --state state --log state");
    assert_eq!(ran.code, 2, "{}", ran.out);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let shop = Shop::new();
    shop.write("events", lines(0, 30));
    shop.run("shop.rules events --log log --state state --snapshot-every 1KB --rejects bad", 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for directory in ["log", "state"] {
        assert_eq!(mode(&shop.path(directory)), 0o700);
        for entry in fs::read_dir(shop.path(directory)).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
}

#[test]
fn what_is_erased_is_gone_and_counted() {
    let shop = Shop::new();
    for from in [0, 60] {
        shop.write("events", lines(from, from + 60));
        shop.run("shop.rules events --log log --state state --rejects bad", 1);
    }
    let holds = |what: &str| shop.bytes("log").windows(what.len()).any(|bytes| bytes == what.as_bytes());
    assert!(holds("secret 47") && holds("secret 48"));
    let mut which = |line: Logged<'_>, _: rulec::Answers<'_>| match line {
        Logged::Json(text) => text.windows(9).any(|bytes| bytes == b"secret 47"),
        Logged::Row(_) | Logged::Broken { .. } => false,
    };
    assert_eq!(erase_from_log(&shop.path("log"), &mut which).unwrap(), 1);
    assert!(!holds("secret 47") && !holds("\"e47\"") && holds("secret 48"));
    let counts = |arguments: &str| -> Value {
        serde_json::from_str(&shop.rulec(&format!("replay log --format json {arguments}")).out).unwrap()
    };
    let counted = counts("");
    assert_eq!((&counted["erased"], &counted["inputs"]), (&1.into(), &119.into()));
    // Nothing else is lost, and the log goes on; what is remembered is not what comes of the log any more.
    assert_eq!(erase_from_log(&shop.path("log"), &mut which).unwrap(), 0);
    shop.write("events", lines(120, 180));
    shop.run("shop.rules events --log log --state state --rejects bad", 1);
    let counted = counts("");
    assert_eq!((&counted["erased"], &counted["inputs"]), (&1.into(), &179.into()));
    assert_eq!(shop.memories(), [Memory::Nothing, Memory::AsBefore, Memory::Saved]);
}
