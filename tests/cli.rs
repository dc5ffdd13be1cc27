//! The command as a person or a CI job uses it: what it prints, what it writes, how it ends.

#![expect(clippy::disallowed_methods, reason = "tests read files")]
#![cfg(feature = "cli")]

use std::fs;
use std::io::Write;
use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

const RULES: &str = r#"
ruleset shop {
    edition 2026
    version "7"
    currency USD
}

entity buyer

event order {
    buyer: buyer
    amount: money(USD)
    note: text? sensitive
}

event login {
    buyer: buyer
}

rule big_order on order {
    review if amount >= 500 USD
    because "an order of {amount}"
    about buyer
}

test "five hundred is big" {
    order { buyer: "b1", amount: 500 USD } => review by big_order
    order { buyer: "b1", amount: 499.99 USD } => allow, not by big_order
}
"#;

const EVENTS: &str = r#"{"type":"order","id":"e1","at":"2026-11-11T10:00:00Z","buyer":"b1","amount":"20 USD"}
{"type":"order","id":"e2","at":"2026-11-11T10:01:00Z","buyer":"b1","amount":"640 USD","extra":1}

{"type":"login","id":"e3","at":"2026-11-11T10:02:00Z","buyer":"b2"}
"#;

struct Shop(TempDir);

impl Shop {
    fn new() -> Shop {
        let shop = Shop(tempfile::tempdir().unwrap());
        shop.write("shop.rules", RULES);
        shop.write("events.ndjson", EVENTS);
        shop
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.0.path().join(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    fn rulec(&self, arguments: &[&str]) -> Ran {
        run(self.0.path(), arguments, "")
    }
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn run(directory: &Path, arguments: &[&str], input: &str) -> Ran {
    let output = Command::cargo_bin("rulec")
        .unwrap()
        .current_dir(directory)
        .args(arguments)
        .env("NO_COLOR", "1")
        .write_stdin(input)
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_new_ruleset_checks_tests_and_runs() {
    let directory = tempfile::tempdir().unwrap();
    let rulec = |arguments: &[&str]| run(directory.path(), arguments, "");
    let made = rulec(&["new", "my-shop"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let checked = rulec(&["check", "--deny", "warnings", "my-shop"]);
    assert_eq!(checked.code, 0, "{}", checked.err);
    let tested = rulec(&["test", "my-shop"]);
    assert_eq!(tested.code, 0, "{}", tested.out);
    assert!(tested.out.contains("3 passed, 0 failed"), "{}", tested.out);
    let covered = rulec(&["test", "--coverage", "my-shop"]);
    assert!(covered.out.ends_with("coverage: 4 of 4 rules and bands hit and not hit\n"), "{}", covered.out);
    let formatted = rulec(&["fmt", "--check", "my-shop"]);
    assert_eq!(formatted.code, 0, "{}", formatted.err);
    let ran = rulec(&["run", "my-shop", "my-shop/events.ndjson", "--only", "hit"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("new_account_high_value") && ran.out.contains("repeated_address_change"));
    assert!(ran.err.contains("5 events read = 5 decided + 0 rejected"), "{}", ran.err);
    let again = rulec(&["new", "my-shop"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("not an empty directory"), "{}", again.err);
    let nameless = rulec(&["new", ""]);
    assert_eq!(nameless.code, 2);
    assert!(nameless.err.contains("needs a name"), "{}", nameless.err);
    assert!(!directory.path().join("events.rules").exists());
    let named = rulec(&["new", "our sklep łódź"]);
    assert!(
        named.out.contains("rulec run 'our sklep łódź' 'our sklep łódź/events.ndjson'\n"),
        "{}",
        named.out
    );
    let ran = rulec(&["run", "our sklep łódź", "our sklep łódź/events.ndjson"]);
    assert!(ran.out.contains("\"name\":\"our_sklep_łódź\""), "{}", ran.out);
}

#[test]
fn decisions_are_json_lines_in_input_order() {
    let shop = Shop::new();
    let ran = shop.rulec(&["run", "shop.rules", "events.ndjson"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let decisions: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<&str> = decisions.iter().map(|d| d["event"].as_str().unwrap()).collect();
    assert_eq!(ids, ["e1", "e2", "e3"]);
    assert_eq!(decisions[1]["outcome"], "review");
    assert_eq!(decisions[1]["rules"][0]["because"], "an order of 640.00 USD");
    assert_eq!(decisions[1]["ruleset"]["version"], "7");
    assert!(ran.err.contains("3 events read = 3 decided + 0 rejected"), "{}", ran.err);
    assert!(ran.err.contains("fields that no event declares: 1"), "{}", ran.err);
}

const WAITING: &str = r#"
ruleset shop { edition 2026 }
event order { order: text }
event payment { order: text }
rule unpaid on no payment by order within 48h after order {
    observe always
    because "{order} was not paid"
}
rule back_again on order {
    warn if sequence(payment, order) by order within 48h
    because "paid before it was ordered"
}
test "unpaid" {
    order { order: "o1" }
    clock { at: +48h } => not by unpaid
    deadline unpaid => review by back_again
}
test "paid" {
    order { order: "o1" }
    payment { order: "o1" }
    clock { at: +48h } => not by unpaid
    deadline unpaid => observe
}
"#;

#[test]
fn a_run_with_little_memory_says_what_it_could_not_keep() {
    let shop = Shop::new();
    shop.write(
        "seen.rules",
        "entity buyer\nevent order { buyer: buyer }\nrule seen on order {\n    review if count(order) by buyer over 1h before this > 0\n    because \"again\"\n}\n",
    );
    let event = |i: i32| {
        format!(
            "{{\"type\":\"order\",\"id\":\"e{i}\",\"at\":\"2026-11-11T10:00:00Z\",\"buyer\":\"b{}\"}}\n",
            i % 20
        )
    };
    shop.write("seen.ndjson", (0..40).map(event).collect::<String>());
    let run = |more: &[&str]| shop.rulec(&[&["run", "seen.rules", "seen.ndjson"], more].concat());
    let ran = run(&["--memory", "1.5kB"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("not kept for want of room: "), "{}", ran.err);
    assert!(ran.err.contains(" events have no room in memory"), "{}", ran.err);
    assert!(ran.out.contains("count(order) by buyer over 1h before this (full)"), "{}", ran.out);
    for ample in [&["--memory", "1 GiB"][..], &[]] {
        let ran = run(ample);
        assert!(!ran.err.contains("room") && !ran.out.contains("full"), "{}", ran.err);
        assert_eq!(
            ran.out.matches("\"outcome\":\"review\",\"score\":0,\"because\"").count(),
            20,
            "{}",
            ran.out
        );
    }
    for wrong in ["much", "4", "4XB", "0MB", "1.2.3GB", "99999999999TB", "1.1234567GB"] {
        let ran = run(&["--memory", wrong]);
        assert_eq!(ran.code, 2, "{wrong}: {}", ran.err);
        assert!(ran.err.contains("is no size: write for example `4GB`"), "{wrong}: {}", ran.err);
    }
}

#[test]
fn deadlines_are_written_where_they_fall_due_and_counted_apart() {
    let shop = Shop::new();
    let (rules, _) = WAITING.split_once("test ").unwrap();
    shop.write("waiting.rules", rules);
    shop.write(
        "waiting.ndjson",
        concat!(
            r#"{"type":"order","id":"e1","at":"2026-11-11T10:00:00Z","order":"o1"}"#,
            "\n",
            r#"{"type":"order","id":"e2","at":"2026-11-11T11:00:00Z","received_at":"2026-11-11T11:00:00Z","order":"o2"}"#,
            "\n",
            r#"{"type":"clock","at":"2026-11-13T10:00:00Z"}"#,
            "\nnot json\n",
            r#"{"type":"payment","id":"e3","at":"2026-11-13T11:00:00Z","order":"o2"}"#,
            "\n",
            r#"{"type":"order","id":"e4","at":"2026-11-13T12:00:00Z","order":"o3"}"#,
            "\n"
        ),
    );
    let ran = shop.rulec(&["run", "waiting.rules", "waiting.ndjson", "--rejects", "bad.ndjson"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let events: Vec<String> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].to_string())
        .collect();
    assert_eq!(events, ["\"e1\"", "\"e2\"", "\"e1#unpaid\"", "\"e2#unpaid\"", "\"e3\"", "\"e4\""]);
    assert!(ran.err.contains("5 events read = 4 decided + 1 rejected"), "{}", ran.err);
    for told in ["lines of the clock: 1", "deadlines not due yet: 1", "outcomes of 2 deadlines\n  observe"] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    assert!(ran.err.contains("3 events have no `received_at` and moved time"), "{}", ran.err);
    assert_eq!(shop.read("bad.ndjson").lines().count(), 1);
    assert!(shop.read("bad.ndjson").contains("\"line\":4"), "{}", shop.read("bad.ndjson"));
    let hits = shop.rulec(&[
        "run",
        "waiting.rules",
        "waiting.ndjson",
        "--rejects",
        "bad.ndjson",
        "--only",
        "hit",
        "--quiet",
    ]);
    assert_eq!((hits.out.lines().count(), hits.err.as_str()), (2, ""));
}

const FILLED: &str = r#"
ruleset filled {
    edition 2026
}
entity buyer
event order { buyer: buyer }
event no_list { n: int }
list trusted: buyer extern
rule known on order {
    allow if buyer in trusted
    warn if unknown
    because "known"
}
"#;

#[test]
fn lines_that_fill_lists_have_no_decision_and_are_counted_apart() {
    let shop = Shop::new();
    shop.write("filled.rules", FILLED);
    let line = |rest: &str| format!(r#"{{"type":"list","at":"2026-11-11T10:00:00Z",{rest}}}"#);
    let order =
        |id: &str| format!(r#"{{"type":"order","id":"{id}","at":"2026-11-11T10:00:00Z","buyer":"b1"}}"#);
    let lines = [
        order("e1"),
        line(r#""name":"trusted","add":["b1"]"#),
        order("e2"),
        line(r#""name":"trusetd","remove":["b1"]"#),
        line(r#""name":"trusted","remove":["b1"],"add":[{}]"#),
        order("e3"),
    ];
    shop.write("filled.ndjson", lines.join("\n"));
    let ran = shop.rulec(&["run", "filled.rules", "filled.ndjson", "--rejects", "bad.ndjson"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let outcomes: Vec<String> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|decision| {
            format!("{} {} {}", decision["event"], decision["outcome"], decision["rules"][0]["rule"])
        })
        .collect();
    assert_eq!(outcomes, [r#""e1" "warn" "known""#, r#""e2" "allow" "known""#, r#""e3" "allow" "known""#]);
    assert!(ran.err.contains("5 events read = 3 decided + 2 rejected"), "{}", ran.err);
    assert!(ran.err.contains("lines that fill lists: 1"), "{}", ran.err);
    let rejects = shop.read("bad.ndjson");
    for told in
        [r#""pointer":"/name""#, "did you mean `trusted`?", r#""pointer":"/add/0""#, r#""type":"list""#]
    {
        assert!(rejects.contains(told), "{told}: {rejects}");
    }
    shop.write("filled.csv", "type,id,at,buyer\nlist,,2026-11-11T10:00:00Z,\n");
    let ran = shop.rulec(&["run", "filled.rules", "filled.csv"]);
    assert!(ran.err.contains("what fills a list is a line of JSON"), "{}", ran.err);
}

#[test]
fn a_row_of_the_clock_moves_time() {
    let shop = Shop::new();
    let (rules, _) = WAITING.split_once("test ").unwrap();
    shop.write("waiting.rules", rules);
    shop.write(
        "waiting.csv",
        "type,id,at,order\norder,e1,2026-11-11T10:00:00Z,o1\nclock,,2026-11-13T10:00:00Z,\n",
    );
    let ran = shop.rulec(&["run", "waiting.rules", "waiting.csv", "--format", "table"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("e1#unpaid  deadline  2026-11-13T10:00:00Z  observe"), "{}", ran.out);
    assert!(ran.err.contains("1 events read = 1 decided + 0 rejected"), "{}", ran.err);
}

#[test]
fn tests_of_deadlines_tell_what_fell_due_and_what_did_not() {
    let shop = Shop::new();
    shop.write("waiting.rules", WAITING.replace("review by back_again", "review"));
    let tested = shop.rulec(&["test", "waiting.rules"]);
    assert_eq!(tested.code, 1, "{}", tested.out);
    for told in [
        "expected not by unpaid\n      got      the deadline `e1#unpaid`",
        "expected review\n      got      observe",
        "expected a deadline of unpaid\n      got      no deadline\n",
        "0 passed, 2 failed",
    ] {
        assert!(tested.out.contains(told), "{told}: {}", tested.out);
    }
    let wrong = WAITING.replace(
        "not by unpaid\n    deadline unpaid => review",
        "not by back_again\n    deadline unpaid => review",
    );
    shop.write("waiting.rules", wrong);
    let checked = shop.rulec(&["test", "waiting.rules"]);
    assert!(checked.err.contains("the rule `back_again` is not what fell due here"), "{}", checked.err);
    for stage in ["ast", "hir", "plan", "bytecode"] {
        shop.write("waiting.rules", WAITING.split_once("test ").unwrap().0);
        let printed = shop.rulec(&["emit", "waiting.rules", "--stage", stage]);
        assert!(
            printed.out.contains("unpaid") && printed.out.contains("back_again"),
            "{stage}: {}",
            printed.out
        );
    }
}

#[test]
fn only_hits_are_written_when_asked() {
    let shop = Shop::new();
    let ran = shop.rulec(&["run", "shop.rules", "events.ndjson", "--only", "hit", "--out", "hits.ndjson"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out, "");
    assert_eq!(shop.read("hits.ndjson").lines().count(), 1);
}

#[test]
fn a_bad_line_stops_the_run_unless_rejects_are_kept() {
    let shop = Shop::new();
    let bad = format!("{EVENTS}not json\n{}", EVENTS.replace("\"e", "\"f"));
    shop.write("bad.ndjson", &bad);
    let stopped = shop.rulec(&["run", "shop.rules", "bad.ndjson"]);
    assert_eq!(stopped.code, 1);
    assert_eq!(stopped.out.lines().count(), 3, "what was decided before is written");
    assert!(stopped.err.contains("bad.ndjson:5:"), "{}", stopped.err);
    assert!(stopped.err.contains("--rejects"), "{}", stopped.err);

    let went_on = shop.rulec(&["run", "shop.rules", "bad.ndjson", "--rejects", "rejects.ndjson"]);
    assert_eq!(went_on.code, 1, "rejects are found, and the exit code says so");
    assert_eq!(went_on.out.lines().count(), 6);
    assert!(went_on.err.contains("7 events read = 6 decided + 1 rejected"), "{}", went_on.err);
    let reject: serde_json::Value = serde_json::from_str(shop.read("rejects.ndjson").trim()).unwrap();
    assert_eq!(reject["line"], 5);
    assert_eq!(reject["text"], "not json");
    assert_eq!(reject["outcome"], "review");
}

#[test]
fn compressed_files_several_files_and_standard_input_read_alike() {
    let shop = Shop::new();
    let plain = shop.rulec(&["run", "shop.rules", "events.ndjson"]).out;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(EVENTS.as_bytes()).unwrap();
    shop.write("a.ndjson.gz", gzip.finish().unwrap());
    assert_eq!(shop.rulec(&["run", "shop.rules", "a.ndjson.gz"]).out, plain);
    let zstd =
        ruzstd::encoding::compress_to_vec(EVENTS.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    shop.write("a.ndjson.zst", zstd);
    assert_eq!(shop.rulec(&["run", "shop.rules", "a.ndjson.zst"]).out, plain);
    assert_eq!(run(shop.0.path(), &["run", "shop.rules", "-"], EVENTS).out, plain);

    let (first, second) = EVENTS.split_at(EVENTS.find('\n').unwrap() + 1);
    shop.write("1.ndjson", first);
    shop.write("2.ndjson", second);
    assert_eq!(shop.rulec(&["run", "shop.rules", "1.ndjson", "2.ndjson"]).out, plain);
}

#[test]
fn no_part_of_a_file_is_lost_silently() {
    let shop = Shop::new();
    let header = "type,id,at,buyer,amount,note\n";
    let row = |id: &str, note: &str| format!("order,{id},2026-11-11T10:00:00Z,b1,20 USD,{note}\n");
    let rejects = || -> Vec<serde_json::Value> {
        shop.read("rejects").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let run = |name: &str, text: String| {
        shop.write(name, text);
        shop.rulec(&["run", "shop.rules", name, "--rejects", "rejects"])
    };
    // A quote within a cell is text, a carriage return too.
    let quotes =
        run("quotes.csv", [header, &row("1", "5\" disk"), &row("2", "a\rb"), &row("3", "6\"")].concat());
    assert_eq!((quotes.out.lines().count(), quotes.code), (3, 0), "{}", quotes.err);
    // A quoted cell that is never closed takes its own line, no other.
    let open =
        run("open.csv", [header, &row("1", "x"), &row("2", "\"never closed"), &row("3", "y")].concat());
    assert_eq!((open.out.lines().count(), open.code), (2, 1));
    assert_eq!(
        (&rejects()[0]["line"], &rejects()[0]["reject"]["expected"]),
        (&3.into(), &"a closing `\"` of the quoted cell".into())
    );
    let long = "x".repeat(17 << 20);
    let cut = run("long.csv", [header, &row("1", &long), &row("2", "y")].concat());
    assert_eq!((cut.out.lines().count(), cut.code), (1, 1));
    assert_eq!(rejects()[0]["reject"]["expected"], "a line of at most 16 MiB");
    // What would take the whole file for its header.
    for (name, text) in [
        ("mac.csv", [header, &row("1", "x")].concat().replace('\n', "\r")),
        ("open_header.csv", format!("type,\"id,at\n{}", row("1", "x"))),
    ] {
        let header = run(name, text);
        assert_eq!(header.code, 2);
        assert!(header.err.contains(&format!("{name}:1: ")), "{}", header.err);
    }
}

#[test]
fn csv_is_read_by_its_header() {
    let shop = Shop::new();
    shop.write("orders.csv", "id,at,buyer,amount,note\ne1,2026-11-11T10:00:00Z,b1,20 USD,\ne2,2026-11-11T10:01:00Z,b1,640 USD,\"two\nlines\"\n");
    let ran = shop.rulec(&["run", "shop.rules", "orders.csv", "--type", "order"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out.lines().count(), 2);
    assert!(ran.out.contains("\"outcome\":\"review\""));
    let unknown = shop.rulec(&["run", "shop.rules", "orders.csv", "--type", "ordr"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("`ordr`") && unknown.err.contains("`order`"), "{}", unknown.err);
}

#[test]
fn quotes_in_a_csv_join_or_swallow_no_rows() {
    let shop = Shop::new();
    let row = |id: &str, note: &str| format!("{id},2026-11-11T10:00:00Z,b1,20 USD,{note}\n");
    let rows = [
        row("e1", "5\" screen"),
        row("e2", "\"open"),
        row("e3", "\"fine, \"\"really\"\"\""),
        row("e4", "7\""),
    ];
    shop.write("orders.csv", format!("\u{feff}id, at ,buyer,amount,note\n{}", rows.concat()));
    let arguments = ["run", "shop.rules", "orders.csv", "--type", "order", "--rejects", "rejects.ndjson"];
    let ran = shop.rulec(&arguments);
    assert!(ran.err.contains("4 events read = 3 decided + 1 rejected"), "{}", ran.err);
    let reject: serde_json::Value = serde_json::from_str(shop.read("rejects.ndjson").trim()).unwrap();
    assert_eq!(reject["line"], 3);
    assert_eq!(reject["reject"]["expected"], "a closing `\"` of the quoted cell");
}

#[test]
fn what_is_no_csv_is_told_before_every_row_is_a_reject() {
    let shop = Shop::new();
    for (text, says) in [
        ("id;at;buyer\ne1;x;y\n", "separated by `;`"),
        ("id\tat\tbuyer\ne1\tx\ty\n", "separated by tabs"),
        ("id,at\re1,x\r", "carriage return"),
        (EVENTS, "--input ndjson"),
        ("\"id,at\n", "closing `\"`"),
    ] {
        shop.write("orders.csv", text);
        let ran = shop.rulec(&["run", "shop.rules", "orders.csv", "--type", "order"]);
        assert_eq!(ran.code, 2, "{text}: {}", ran.err);
        assert!(ran.err.contains(says), "{text}: {}", ran.err);
    }
}

#[test]
fn inputs_without_events_are_named() {
    let shop = Shop::new();
    shop.write("none.ndjson", "\n");
    shop.write("none.csv", "id,at\n");
    let ran = shop.rulec(&["run", "shop.rules", "none.ndjson", "events.ndjson", "none.csv"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("`none.ndjson` has no events\n`none.csv` has no events"), "{}", ran.err);
    assert!(!ran.err.contains("`events.ndjson`"), "{}", ran.err);
}

#[test]
fn what_was_read_before_an_input_broke_is_decided() {
    let shop = Shop::new();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    gzip.write_all(EVENTS.as_bytes()).unwrap();
    let whole = gzip.finish().unwrap();
    shop.write("cut.ndjson.gz", &whole[..whole.len() - 40]);
    let ran = shop.rulec(&["run", "shop.rules", "cut.ndjson.gz"]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    assert!(ran.err.contains("2 events read = 2 decided + 0 rejected"), "{}", ran.err);
    assert!(ran.err.contains("can't read events from `cut.ndjson.gz`, after line 3"), "{}", ran.err);
    for (name, bytes, says) in [
        ("gzip.ndjson", &whole[..], "name it `.gz`"),
        ("wide.ndjson", b"\xff\xfe{\0}\0\n\0", "save it as UTF-8"),
        ("text.zst", b"no zstandard", "does not hold Zstandard data"),
    ] {
        shop.write(name, bytes);
        let ran = shop.rulec(&["run", "shop.rules", name]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(says), "{}", ran.err);
    }
}

#[test]
fn several_zstandard_frames_are_one_file() {
    let shop = Shop::new();
    let frames: Vec<u8> = EVENTS
        .split_inclusive('\n')
        .flat_map(|line| {
            ruzstd::encoding::compress_to_vec(line.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest)
        })
        .collect();
    shop.write("a.ndjson.zst", frames);
    let plain = shop.rulec(&["run", "shop.rules", "events.ndjson"]).out;
    assert_eq!(shop.rulec(&["run", "shop.rules", "a.ndjson.zst"]).out, plain);
}

#[test]
fn outputs_do_not_overwrite_events_or_each_other() {
    let shop = Shop::new();
    for arguments in [
        &["run", "shop.rules", "events.ndjson", "--out", "./events.ndjson"][..],
        &["run", "shop.rules", "events.ndjson", "--rejects", "events.ndjson"],
        &["run", "shop.rules", "events.ndjson", "--out", "x.ndjson", "--rejects", "x.ndjson"],
    ] {
        let ran = shop.rulec(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.err.contains("choose"), "{}", ran.err);
    }
    assert_eq!(shop.read("events.ndjson"), EVENTS);
}

#[test]
#[cfg(unix)]
fn rejects_are_private_even_in_a_file_that_was_not() {
    use std::os::unix::fs::PermissionsExt;
    let shop = Shop::new();
    shop.write("bad.ndjson", "not json\n");
    shop.write("old.ndjson", "");
    let mode = |name: &str| fs::metadata(shop.0.path().join(name)).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(shop.0.path().join("old.ndjson"), fs::Permissions::from_mode(0o644)).unwrap();
    for name in ["old.ndjson", "new.ndjson"] {
        let ran = shop.rulec(&["run", "shop.rules", "bad.ndjson", "--rejects", name]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert_eq!(mode(name), 0o600, "{name}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_and_a_closed_pipe_is_none() {
    let shop = Shop::new();
    for option in ["--out", "--rejects"] {
        shop.write("mixed.ndjson", format!("not json\n{EVENTS}"));
        let mut arguments = vec!["run", "shop.rules", "mixed.ndjson", option, "/dev/full"];
        if option == "--out" {
            arguments.extend(["--rejects", "rejects.ndjson"]);
        }
        let ran = shop.rulec(&arguments);
        assert_eq!(ran.code, 2, "{option}");
        assert!(ran.err.contains("No space left"), "{}", ran.err);
    }

    let many: String = (0..4000).map(|i| EVENTS.replace("\"e", &format!("\"n{i}-"))).collect();
    shop.write("many.ndjson", many);
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("rulec"))
        .current_dir(shop.0.path())
        .args(["run", "shop.rules", "many.ndjson"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

#[test]
fn a_table_says_everything_that_happened() {
    let shop = Shop::new();
    let (rules, _) = RULES.split_once("test ").unwrap();
    shop.write("shop.rules", rules.replace("rule big_order on", "shadow rule big_order on"));
    shop.write("again.ndjson", EVENTS.repeat(2));
    let table = shop.rulec(&["run", "shop.rules", "again.ndjson", "--format", "table"]);
    assert!(table.out.contains("shadow big_order: an order of 640.00 USD\n"), "{}", table.out);
    assert!(table.out.contains("shadow big_order: an order of 640.00 USD; duplicate\n"), "{}", table.out);
}

#[test]
fn tables_and_summaries_are_for_people() {
    let shop = Shop::new();
    let table = shop.rulec(&["run", "shop.rules", "events.ndjson", "--format", "table"]);
    assert!(table.out.contains("e2") && table.out.contains("an order of 640.00 USD"), "{}", table.out);
    let summary = shop.rulec(&["run", "shop.rules", "events.ndjson", "--format", "summary"]);
    assert!(summary.out.contains("review") && summary.out.contains("big_order"), "{}", summary.out);
    assert_eq!(summary.err, "");
}

#[test]
fn what_is_wrong_with_rules_is_told_in_every_format() {
    let shop = Shop::new();
    shop.write("shop.rules", RULES.replace("amount >= 500 USD", "amont >= 500 USD"));
    let human = shop.rulec(&["check", "shop.rules"]);
    assert_eq!(human.code, 1);
    assert!(human.err.contains("did you mean `amount`?"), "{}", human.err);
    let json = shop.rulec(&["check", "shop.rules", "--format", "json"]);
    let findings: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(findings[0]["name"], "unknown_name", "{}", json.out);
    let sarif = shop.rulec(&["check", "shop.rules", "--format", "sarif"]);
    let sarif: serde_json::Value = serde_json::from_str(&sarif.out).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let github = shop.rulec(&["check", "shop.rules", "--format", "github"]);
    assert!(github.out.starts_with("::error file=shop.rules,"), "{}", github.out);
    let ran = shop.rulec(&["run", "shop.rules", "events.ndjson"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.out, "", "a ruleset with errors decides nothing");
}

#[test]
fn warnings_fail_only_when_denied() {
    let shop = Shop::new();
    shop.write("shop.rules", RULES.replace("    because \"an order of {amount}\"\n", ""));
    let warned = shop.rulec(&["check", "shop.rules"]);
    assert_eq!(warned.code, 0, "{}", warned.err);
    assert!(warned.err.contains("warning"), "{}", warned.err);
    assert_eq!(shop.rulec(&["check", "shop.rules", "--deny", "warnings"]).code, 1);
}

#[test]
fn a_failing_test_shows_what_was_expected_and_what_came() {
    let shop = Shop::new();
    shop.write("shop.rules", RULES.replace("499.99 USD } => allow", "499.99 USD } => review"));
    let tested = shop.rulec(&["test", "shop.rules"]);
    assert_eq!(tested.code, 1);
    assert!(tested.out.contains("FAIL  five hundred is big"), "{}", tested.out);
    assert!(tested.out.contains("expected") && tested.out.contains("got"), "{}", tested.out);
    assert!(tested.out.contains("0 passed, 1 failed"), "{}", tested.out);
}

#[test]
fn formatting_checks_or_rewrites() {
    let shop = Shop::new();
    shop.write("shop.rules", RULES.replace("    buyer: buyer", "  buyer:buyer  // who buys"));
    assert_eq!(shop.rulec(&["fmt", "--check", "."]).code, 1);
    assert_eq!(shop.rulec(&["fmt", "."]).code, 0);
    assert!(
        shop.read("shop.rules").contains("    buyer: buyer  // who buys\n"),
        "{}",
        shop.read("shop.rules")
    );
    assert!(shop.read("shop.rules").contains("=> allow, not by big_order\n"), "{}", shop.read("shop.rules"));
    assert_eq!(shop.rulec(&["fmt", "--check", "."]).code, 0);
    let broken = "rule {\n";
    shop.write("shop.rules", broken);
    assert_eq!(shop.rulec(&["fmt", "."]).code, 1);
    assert_eq!(shop.read("shop.rules"), broken, "a file with errors is left alone");
}

#[test]
fn standard_input_is_formatted_or_checked_among_other_paths() {
    let shop = Shop::new();
    let formatted = run(shop.0.path(), &["fmt", "-"], "entity   buyer\n");
    assert_eq!((formatted.code, &*formatted.out), (0, "entity buyer\n"));
    let checked = run(shop.0.path(), &["fmt", "--check", "-"], "entity   buyer\n");
    assert_eq!((checked.code, &*checked.out), (1, ""));
    assert!(checked.err.contains("standard input is not formatted"), "{}", checked.err);
    assert_eq!(run(shop.0.path(), &["fmt", "--check", "-"], "entity buyer\n").code, 0);
    shop.write("shop.rules", "entity   buyer\n");
    assert_eq!(run(shop.0.path(), &["fmt", "--check", "-", "shop.rules"], "entity buyer\n").code, 1);
}

#[test]
fn a_filter_that_fits_no_test_is_told() {
    let shop = Shop::new();
    let filtered = shop.rulec(&["test", "shop.rules", "--filter", "six hundred"]);
    assert_eq!(filtered.code, 2);
    assert!(filtered.err.contains("`six hundred`"), "{}", filtered.err);
    shop.write("shop.rules", RULES.split_once("test ").unwrap().0);
    let none = shop.rulec(&["test", "shop.rules"]);
    assert_eq!(none.code, 0);
    assert!(none.out.contains("no tests"), "{}", none.out);
}

#[test]
fn every_stage_can_be_printed() {
    let shop = Shop::new();
    for stage in ["ast", "hir", "plan", "bytecode"] {
        let printed = shop.rulec(&["emit", "shop.rules", "--stage", stage]);
        assert_eq!(printed.code, 0, "{stage}: {}", printed.err);
        assert!(printed.out.contains("big_order"), "{stage}: {}", printed.out);
        assert_eq!(printed.out, shop.rulec(&["emit", "shop.rules", "--stage", stage]).out);
    }
}

#[test]
fn codes_are_explained() {
    let directory = tempfile::tempdir().unwrap();
    let page = run(directory.path(), &["explain", "syntax"], "");
    assert_eq!(page.code, 0);
    assert!(page.out.starts_with("E0101 syntax"), "{}", page.out);
    assert!(!page.out.contains("```") && page.out.contains("\n    rule "), "{}", page.out);
    let unknown = run(directory.path(), &["explain", "sintax"], "");
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("did you mean `syntax`?"), "{}", unknown.err);
}

#[test]
fn wrong_usage_and_missing_files_end_with_two() {
    let shop = Shop::new();
    for arguments in [
        &["run", "shop.rules"][..],
        &["nonsense"],
        &["check", "no/such/ruleset"],
        &["run", "shop.rules", "no-such-events.ndjson"],
        &["run", "shop.rules", "."],
    ] {
        let ran = shop.rulec(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.out, ran.err);
        assert!(!ran.err.is_empty());
    }
    assert_eq!(shop.rulec(&["--help"]).code, 0);
    assert_eq!(shop.rulec(&["run", "--help"]).code, 0);
    assert!(shop.rulec(&["completions", "bash"]).out.contains("rulec"));
}

#[test]
fn the_hash_follows_rules_and_data_but_not_the_place() {
    let hash = |shop: &Shop| {
        let ran = shop.rulec(&["run", "shop.rules", "events.ndjson"]);
        let first: serde_json::Value = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
        first["ruleset"]["hash"].as_str().unwrap().to_string()
    };
    let (a, b) = (Shop::new(), Shop::new());
    assert_eq!(hash(&a), hash(&b));
    assert_eq!(hash(&a).len(), 16);
    b.write("shop.rules", format!("{RULES}// a remark\n"));
    assert_ne!(hash(&a), hash(&b));
}

#[test]
fn a_run_counts_what_it_read_itself() {
    let shop = Shop::new();
    let run = || shop.rulec(&["run", "shop.rules", "events.ndjson", "--state", "memory"]);
    let first = run();
    assert_eq!(first.code, 0, "{}", first.err);
    let second = run();
    assert_eq!(second.code, 0, "{}", second.err);
    assert!(second.err.contains("3 events read = 3 decided + 0 rejected"), "{}", second.err);
    assert!(second.err.contains("duplicates: 3"), "{}", second.err);
}

/// What a document shows: its blocks of a kind.
fn shown<'d>(document: &'d str, kind: &str) -> Vec<&'d str> {
    let blocks = document.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(kind)?.strip_prefix('\n')).collect()
}

#[test]
fn what_state_takes_is_reported_as_documented() {
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/memory.md")).unwrap();
    let shop = Shop::new();
    shop.write("shop.rules", shown(&document, "rules")[0]);
    let ran = shop.rulec(&["check", "--state-report", "shop.rules"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("shop.rules: 2 rules"), "{}", ran.err);
    // Sizes change with the code; what is kept does not.
    let unsized_lines = |text: &str| {
        let what = |line: &str| line.rsplit("  ").next().unwrap_or_default().trim().to_string();
        let mut lines: Vec<String> = text.lines().skip(1).map(what).collect();
        lines.sort();
        lines
    };
    assert_eq!(unsized_lines(&ran.out), unsized_lines(shown(&document, "text")[0]));
    assert!(ran.out.starts_with("shop: about "), "{}", ran.out);
    assert!(ran.out.contains("for 1,000,000 keys of each with 5 entries"), "{}", ran.out);
}

#[test]
fn a_state_report_for_programs_has_the_biggest_first() {
    let shop = Shop::new();
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/memory.md")).unwrap();
    shop.write("shop.rules", shown(&document, "rules")[0]);
    let ran = shop.rulec(&["check", "--state-report", "--keys", "20k", "--format", "json", "shop.rules"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (&report["ruleset"], &report["keys"], &report["cap"]),
        (&"shop".into(), &20_000.into(), &10_000.into())
    );
    let state = report["state"].as_array().unwrap();
    let bytes: Vec<u64> = state.iter().map(|row| row["bytes"].as_u64().unwrap()).collect();
    assert!(bytes.is_sorted_by(|a, b| a >= b), "{bytes:?}");
    assert_eq!(report["bytes"].as_u64(), Some(bytes.iter().sum()));
    let row =
        |what: &str| state.iter().find(|row| row["what"] == what).unwrap_or_else(|| panic!("no `{what}`"));
    let cities = row("order.city");
    assert_eq!(
        (&cities["kind"], &cities["span"], &cities["lateness"]),
        (&"memory".into(), &"7d".into(), &"1h".into())
    );
    assert_eq!(
        (&cities["by"], &cities["functions"]),
        (&serde_json::json!(["buyer"]), &serde_json::json!(["distinct"]))
    );
    // A cap of 10,000 entries of three words, with room for more.
    assert!(cities["most_bytes_per_key"].as_u64() > Some(240_000), "{cities}");
    assert!(cities["bytes_per_key"].as_u64() < Some(2_000), "{cities}");
    assert_eq!(row("suspect")["most_bytes_per_key"], serde_json::Value::Null);
}

#[test]
fn a_state_report_needs_rules_without_errors_and_a_number_of_keys() {
    let shop = Shop::new();
    for wrong in ["0", "many", "1MM", "k", "-1", "9999999999G"] {
        let ran = shop.rulec(&["check", "--state-report", "--keys", wrong, "shop.rules"]);
        assert_eq!(ran.code, 2, "{wrong}");
    }
    let ran = shop.rulec(&["check", "--state-report", "--keys", "2_500", "shop.rules"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "shop remembers nothing\n"), "{}", ran.err);
    let ran = shop.rulec(&["check", "--state-report", "--format", "sarif", "shop.rules"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("`human`, `plain` or `json`"), "{}", ran.err);
    shop.write("shop.rules", RULES.replace("amount >= 500 USD", "amuont >= 500 USD"));
    let ran = shop.rulec(&["check", "--state-report", "--format", "json", "shop.rules"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("amuont"), "{}", ran.err);
}
