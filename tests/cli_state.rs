//! `rulec run --state` and `rulec state`, as a person or a service uses them.

#![expect(clippy::disallowed_methods, reason = "tests read files")]
#![cfg(feature = "cli")]

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

const RULES: &str = r#"
entity buyer
entity order

event login {
    buyer: buyer
}

event order {
    buyer: buyer
    order: order
    amount: money(USD)
    fee: money(USD)?
}

event payment {
    order: order
}

label suspect on buyer

rule busy on login {
    let logins = count(login) by buyer over 1h including this
    review if logins >= 3
    because "{logins} logins in an hour"
    label suspect on buyer for 30d
}

rule large on order {
    let total = sum(order.amount) by buyer over 30d including this
    block if total > 100 USD and buyer has label suspect
    review if sum(order.fee) by buyer ever before this > 1000 USD
    because "{total} in 30 days"
}

rule unpaid on no payment by order within 48h after order {
    observe always
}
"#;

const EVENTS: &[&str] = &[
    r#"{"type":"login","id":"e1","at":"2026-11-11T10:00:00Z","buyer":"b1"}"#,
    r#"{"type":"login","id":"e2","at":"2026-11-11T10:01:00Z","buyer":"b1"}"#,
    r#"{"type":"order","id":"e3","at":"2026-11-11T10:02:00Z","buyer":"b1","order":"o1","amount":"60 USD"}"#,
    r#"{"type":"login","id":"e4","at":"2026-11-11T10:03:00Z","buyer":"b1"}"#,
    r#"{"type":"order","id":"e5","at":"2026-11-11T10:04:00Z","buyer":"b1","order":"o2","amount":"41 USD"}"#,
    r#"{"type":"login","id":"e4","at":"2026-11-11T10:03:00Z","buyer":"b1"}"#,
];

struct Shop {
    directory: TempDir,
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Shop {
    fn new() -> Shop {
        let shop = Shop { directory: tempfile::tempdir().unwrap() };
        fs::write(shop.path("shop.rules"), RULES).unwrap();
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn rulec(&self, arguments: &[&str], input: &[&str]) -> Ran {
        run(self.directory.path(), arguments, &input.join("\n"))
    }

    /// Decides with state in `memory`.
    fn decide(&self, events: &[&str]) -> Ran {
        self.rulec(&["run", "shop.rules", "-", "--state", "memory"], events)
    }

    fn pieces(&self, arguments: &[&str]) -> Vec<Value> {
        let ran = self.rulec(arguments, &[]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn run(directory: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut command = Command::cargo_bin("rulec").unwrap();
    let output = command.current_dir(directory).args(arguments).write_stdin(input).output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_run_goes_on_from_where_the_one_before_ended() {
    let whole = Shop::new().rulec(&["run", "shop.rules", "-"], EVENTS);
    for cut in 0..EVENTS.len() {
        let shop = Shop::new();
        let (first, second) = (shop.decide(&EVENTS[..cut]), shop.decide(&EVENTS[cut..]));
        assert_eq!((first.code, second.code), (0, 0), "{}{}", first.err, second.err);
        assert_eq!(first.out + &second.out, whole.out);
        let remembered = match cut {
            0 => "state: nothing is remembered yet".to_string(),
            1 => "state: 1 event is remembered".to_string(),
            many => format!("state: {many} events are remembered, all of them decided again from the log"),
        };
        assert!(second.err.starts_with(&remembered), "{}", second.err);
        // Each run counts its own.
        assert!(
            second.err.contains(&format!("{0} events read = {0} decided", EVENTS.len() - cut)),
            "{}",
            second.err
        );
    }
}

#[test]
fn a_changed_ruleset_says_what_it_takes_over() {
    let shop = Shop::new();
    shop.decide(EVENTS);
    let changed = RULES
        .replace("over 1h including", "over 2h including")
        .replace(
            "sum(order.amount) by buyer over 30d including this > ",
            "sum(order.amount) by order over 30d including this > ",
        )
        .replace("let total = sum(order.amount) by buyer", "let total = sum(order.amount) by order");
    fs::write(shop.path("shop.rules"), changed).unwrap();
    let ran = shop.decide(&[]);
    assert!(ran.err.contains("widened") && ran.err.contains("login by buyer"), "{}", ran.err);
    assert!(ran.err.contains("new") && ran.err.contains("order value amount by order"), "{}", ran.err);
    assert!(ran.err.contains("dropped") && ran.err.contains("order value amount by buyer"), "{}", ran.err);
}

#[test]
fn what_is_kept_of_one_buyer_can_be_looked_at() {
    let shop = Shop::new();
    shop.decide(EVENTS);
    let pieces = shop.pieces(&["state", "show", "memory", "buyer", "b1", "--format", "json"]);
    let kinds: Vec<&str> = pieces.iter().map(|piece| piece["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["memory", "memory", "label"]);
    let totals = pieces.iter().find(|piece| piece["what"].as_str().unwrap().contains("amount")).unwrap();
    let values: Vec<&str> =
        totals["events"].as_array().unwrap().iter().map(|e| e["value"].as_str().unwrap()).collect();
    assert_eq!(values, ["60 USD", "41 USD"]);
    assert_eq!(pieces[2]["until"], "2026-12-11T10:03:00Z");
    let text = shop.rulec(&["state", "show", "memory", "buyer", "b1"], &[]).out;
    assert!(text.contains("label suspect\n  until      2026-12-11T10:03:00Z\n"), "{text}");
    let nobody = shop.rulec(&["state", "show", "memory", "buyer", "b2"], &[]);
    assert_eq!((nobody.code, &*nobody.out), (0, "nothing is remembered of buyer `b2` alone\n"));
    let wrong = shop.rulec(&["state", "show", "memory", "buyr", "b1"], &[]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("no entity `buyr`; did you mean `buyer`?"), "{}", wrong.err);
}

#[test]
fn everything_can_be_exported_and_counted() {
    let shop = Shop::new();
    shop.decide(EVENTS);
    let pieces = shop.pieces(&["state", "export", "memory"]);
    let count = |kind: &str| pieces.iter().filter(|piece| piece["kind"] == kind).count();
    assert_eq!((count("label"), count("deadline")), (1, 2));
    let deadline = pieces.iter().find(|piece| piece["event"] == "e3").unwrap();
    assert_eq!((&deadline["what"], &deadline["due"]), (&"unpaid".into(), &"2026-11-13T10:02:00Z".into()));
    let stats = &shop.pieces(&["state", "stats", "memory", "--format", "json"])[0];
    assert_eq!((&stats["inputs"], &stats["labels"], &stats["deadlines"]), (&6.into(), &1.into(), &2.into()));
    assert_eq!(stats["decisions"], 5);
    let memories = stats["memories"].as_array().unwrap();
    let logins = memories.iter().find(|memory| memory["memory"] == "login by buyer").unwrap();
    assert_eq!((&logins["keys"], &logins["entries"]), (&1.into(), &3.into()));
    // Neither order says its fee.
    let fees = memories.iter().find(|memory| memory["memory"] == "order value fee by buyer").unwrap();
    assert_eq!((&fees["keys"], &fees["unclear"], &logins["unclear"]), (&0.into(), &2.into(), &0.into()));
    let text = shop.rulec(&["state", "stats", "memory"], &[]).out;
    assert!(text.contains("is unknown: 2"), "{text}");
    assert!(text.contains("6 events are remembered") && text.contains("login by buyer"), "{text}");
}

#[test]
fn damage_is_found_wherever_it_is() {
    let shop = Shop::new();
    shop.decide(EVENTS);
    let verify = ["state", "verify", "memory"];
    let whole = shop.rulec(&verify, &[]);
    assert_eq!(whole.code, 0, "{}", whole.err);
    assert!(whole.out.contains("6 events"), "{}", whole.out);
    let log = shop.path("memory").join("wal-00000000000000000001.log");
    let mut bytes = fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&log, bytes).unwrap();
    let damaged = shop.rulec(&verify, &[]);
    assert_eq!(damaged.code, 1);
    assert!(damaged.err.contains("damage: `wal-00000000000000000001.log` at byte"), "{}", damaged.err);
    let refused = shop.decide(&[]);
    assert_eq!((refused.code, &*refused.out), (2, ""));
    assert!(refused.err.contains("is damaged at byte"), "{}", refused.err);
}

#[test]
fn state_is_kept_under_a_secret() {
    let shop = Shop::new();
    fs::write(shop.path("secret"), "of this shop").unwrap();
    let arguments = ["run", "shop.rules", "-", "--state", "memory", "--hash-key-file", "secret"];
    assert_eq!(shop.rulec(&arguments, EVENTS).code, 0);
    let without = shop.decide(&[]);
    assert_eq!(without.code, 2);
    assert!(without.err.contains("secret"), "{}", without.err);
    assert_eq!(shop.rulec(&["state", "stats", "memory"], &[]).code, 2);
    assert_eq!(shop.rulec(&["state", "stats", "memory", "--hash-key-file", "secret"], &[]).code, 0);
    assert_eq!(shop.rulec(&["state", "stats", "memory", "--hash-key-file", "shop"], &[]).code, 2);
}

#[test]
fn wrong_usage_is_told() {
    let shop = Shop::new();
    for (arguments, told) in [
        (&["run", "shop.rules", "-", "--durability", "sync"][..], "--state"),
        (&["run", "shop.rules", "-", "--state", "memory", "--snapshot-every", "many"], "`256MB`"),
        (&["run", "shop.rules", "-", "--state", "shop.rules"], "shop.rules"),
        (&["state", "stats", "nowhere"], "no such directory"),
        (&["state", "verify", "nowhere"], "no such directory"),
    ] {
        let ran = shop.rulec(arguments, &[]);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.err.contains(told), "{arguments:?}: {}", ran.err);
    }
    assert!(!shop.path("nowhere").exists());
}

#[test]
fn one_buyer_is_erased_from_every_file() {
    let shop = Shop::new();
    let line = |buyer: &str, minute: u32| {
        format!(
            r#"{{"type":"login","id":"{buyer}-{minute}","at":"2026-11-11T10:{minute:02}:00Z","buyer":"{buyer}"}}"#
        )
    };
    let lines: Vec<String> =
        (0..20).map(|minute| line(["zz-gone", "b1"][minute as usize % 2], minute)).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let run = ["run", "shop.rules", "-", "--state", "memory", "--log", "told"];
    assert_eq!(shop.rulec(&run, &lines).code, 0);
    let has = |directory: &str| {
        let files = fs::read_dir(shop.path(directory)).unwrap();
        let has = |bytes: &[u8]| bytes.windows(7).any(|window| window == b"zz-gone");
        files.into_iter().any(|file| has(&fs::read(file.unwrap().path()).unwrap()))
    };
    let verify = ["state", "verify", "memory", "--without", "buyer", "zz-gone"];
    let found = shop.rulec(&verify, &[]);
    assert_eq!(found.code, 1, "{}", found.out);
    assert!(
        found.err.contains("trace: `wal-00000000000000000001.log`: its text is in record"),
        "{}",
        found.err
    );
    assert!(found.err.contains("it is remembered in label suspect"), "{}", found.err);
    assert!(has("memory") && has("told"));
    let erased = shop.rulec(&["state", "erase", "memory", "buyer", "zz-gone", "--log", "told"], &[]);
    assert_eq!(erased.code, 0, "{}", erased.err);
    for told in
        ["buyer `zz-gone` is erased", "1  memories of windows", "1  labels", "10  inputs in the log `told`"]
    {
        assert!(erased.out.contains(told), "{}", erased.out);
    }
    let gone = shop.rulec(&verify, &[]);
    assert_eq!(gone.code, 0, "{}", gone.err);
    assert!(gone.out.ends_with("nothing is left of buyer `zz-gone`\n"), "{}", gone.out);
    assert!(!has("memory") && !has("told"));
    // Others are as they were, and the run goes on.
    let pieces = shop.pieces(&["state", "show", "memory", "buyer", "b1", "--format", "json"]);
    assert_eq!(pieces.len(), 2);
    let next = line("b1", 30);
    let ran = shop.decide(&[&next]);
    assert!(ran.out.contains("11 logins in an hour"), "{}{}", ran.out, ran.err);
    let again = shop.rulec(&["state", "erase", "memory", "buyer", "zz-gone"], &[]);
    assert!(again.out.starts_with("nothing is remembered of buyer `zz-gone`"), "{}", again.out);
}

#[test]
fn what_can_not_be_erased_is_told() {
    let shop = Shop::new();
    shop.decide(EVENTS);
    let wrong = shop.rulec(&["state", "erase", "memory", "byer", "b1"], &[]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("no entity `byer`; did you mean `buyer`?"), "{}", wrong.err);
    assert_eq!(shop.rulec(&["state", "verify", "memory", "--without", "byer", "b1"], &[]).code, 2);
    assert_eq!(shop.rulec(&["state", "erase", "nowhere", "buyer", "b1"], &[]).code, 2);
    assert!(!shop.path("nowhere").exists());
    let options = rulec::StoreOptions::default();
    let store = rulec::Store::open(shop.path("memory"), options).unwrap();
    let locked = shop.rulec(&["state", "erase", "memory", "buyer", "b1"], &[]);
    drop(store);
    assert_eq!(locked.code, 2);
    assert!(locked.err.contains("`Engine::erase`"), "{}", locked.err);
}

#[test]
fn a_state_is_no_log_and_a_log_is_made_by_runs_alone() {
    let shop = Shop::new();
    let both = shop.rulec(&["run", "shop.rules", "-", "--state", "one", "--log", "one"], EVENTS);
    assert_eq!(both.code, 2);
    assert!(both.err.contains("choose two directories") && !shop.path("one").exists(), "{}", both.err);
    shop.decide(EVENTS);
    fs::create_dir(shop.path("empty")).unwrap();
    for log in ["empty", "nowhere", "memory"] {
        let ran = shop.rulec(&["state", "erase", "memory", "buyer", "b1", "--log", log], &[]);
        assert_eq!((ran.code, &*ran.out), (2, ""), "{}", ran.err);
        // Neither is anything made there, nor is anything erased.
        assert!(!shop.pieces(&["state", "show", "memory", "buyer", "b1", "--format", "json"]).is_empty());
    }
    assert_eq!(fs::read_dir(shop.path("empty")).unwrap().count(), 0);
}
