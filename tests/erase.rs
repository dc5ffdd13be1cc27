//! A key that was erased is gone from what is remembered and from every file, and nothing else is.

#![expect(clippy::disallowed_methods, reason = "tests read files")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rulec::{Engine, EngineOptions, Erased, Ruleset, Store, StoreOptions, compile_text};

const RULES: &str = r#"
    ruleset shop { version "1" }
    entity buyer
    entity device
    event login { buyer: buyer, device: device }
    event order { buyer: buyer, device: device, order: text, amount: money(USD), friend: buyer? }
    event payment { order: text, buyer: buyer }
    event told { buyer: buyer, level: int, friend: buyer? }
    event sale { buyer: buyer, from: time, until: time }
    list watched: buyer extern
    table levels: buyer from told
    calendar sales from sale by buyer
    label suspect on buyer
    action ask(who: buyer) once per who per 10d
    action write_to(who: buyer)
    rule busy on login {
        let logins = count(login) by buyer over 1h including this
        review if logins >= 2
        because "{logins} logins of {buyer}"
        label suspect on buyer for 30d
        mute both by buyer for 1d
        do ask(buyer)
    }
    rule large on order {
        review if sum(order.amount) by buyer over 30d including this > 100 USD
        because "much"
        do write_to(buyer)
        once per buyer per 5d
    }
    rule known on order {
        score 1 if buyer has label suspect
        score 2 if buyer in watched
        score 4 if levels[buyer].level > 3
        score 8 if at during sales[buyer]
        score 16 if sequence(login, order) by buyer within 1d
        score 32 if distinct(order.order) by buyer ever including this > 1
        because "known"
    }
    rule shared on order {
        let buyers = distinct(order.buyer) by device over 30d including this
        let friends = distinct(order.friend) by device ever including this
        observe if buyers >= 1
        because "{buyers} buyers, {friends} friends"
    }
    rule before on order {
        let before = last(order.buyer) by device over 30d before this
        let first = first(order.friend) by device ever before this
        observe if before is present or first is present
        because "somebody else"
    }
    rule both on order {
        observe if count(order) by buyer, device over 30d including this > 3
        because "both"
    }
    rule unpaid on no payment by buyer within 48h after order {
        observe always
        because "{buyer} did not pay"
    }
"#;

const GONE: &str = "zz-7731-gone";

fn ruleset(text: &str) -> Arc<Ruleset> {
    compile_text("shop.rules", text).unwrap_or_else(|error| panic!("{error}")).ruleset
}

fn fresh() -> Engine {
    Engine::new(ruleset(RULES))
}

fn open(path: &Path) -> Engine {
    let store = Store::open(path, StoreOptions::default()).unwrap();
    Engine::with_store(ruleset(RULES), EngineOptions::default(), store).unwrap()
}

/// What a buyer does on a day, from a minute on, on a device.
fn day(day: u32, minute: u32, buyer: &str, device: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |kind: &str, fields: &str| {
        let minute = minute + lines.len() as u32;
        let at = format!("2026-11-{day:02}T10:{minute:02}:00Z");
        let id = if kind == "list" { String::new() } else { format!(r#""id":"{day}.{minute}","#) };
        lines.push(format!(r#"{{"type":"{kind}",{id}"at":"{at}",{fields}}}"#));
    };
    let who = format!(r#""buyer":"{buyer}","device":"{device}""#);
    for _ in 0..3 {
        say("login", &who);
    }
    say("list", &format!(r#""name":"watched","add":["{buyer}"]"#));
    say("told", &format!(r#""buyer":"{buyer}","level":5,"friend":"{buyer}""#));
    say(
        "sale",
        &format!(r#""buyer":"{buyer}","from":"2026-11-01T00:00:00Z","until":"2026-12-01T00:00:00Z""#),
    );
    for order in 0..2 {
        let fields = format!(r#"{who},"order":"o{day}.{order}","amount":"60 USD","friend":"{buyer}""#);
        say("order", &fields);
    }
    lines
}

fn decide(engine: &Engine, lines: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for line in lines {
        let answer = engine.decide_json(line.as_bytes());
        assert!(answer.reject().is_none(), "{answer:?}");
        all.push(answer.to_json());
        all.extend(engine.take_deadlines().iter().map(|decision| decision.to_json()));
    }
    all
}

fn is_remembered(engine: &Engine, buyer: &str) -> usize {
    let mut pieces = 0;
    let mut each = |_| {
        pieces += 1;
        true
    };
    engine.remembered(Some(("buyer", buyer)), &mut each).unwrap();
    pieces
}

#[test]
fn what_was_kept_by_it_is_as_if_it_had_never_come() {
    let (engine, never) = (fresh(), fresh());
    for lines in [day(1, 0, "b-1", "d-1"), day(1, 40, "b-2", "d-2")] {
        assert_eq!(decide(&engine, &lines), decide(&never, &lines));
    }
    decide(&engine, &day(1, 20, GONE, "d-3"));
    assert!(is_remembered(&engine, GONE) >= 8);
    let others = (is_remembered(&engine, "b-1"), is_remembered(&engine, "b-2"));
    let erased = engine.erase("buyer", GONE).unwrap();
    let Erased { memories, sequences, labels, mutes, once, deadlines, filled, decisions, aside, .. } = erased;
    // Counted logins, amounts and orders; by the device it was a value in two memories.
    assert_eq!((sequences, labels, mutes, deadlines, filled, aside), (1, 1, 1, 2, 3, 0));
    assert!(memories == 3 && once == 2 && decisions >= 2 && erased.values == 2, "{erased:?}");
    let left = ["memory order by buyer by device"];
    assert_eq!(erased.left, left);
    assert_eq!(is_remembered(&engine, GONE), 0);
    assert_eq!((is_remembered(&engine, "b-1"), is_remembered(&engine, "b-2")), others);
    assert_eq!(engine.erase("buyer", GONE).unwrap(), Erased { left: erased.left, ..Erased::default() });
    for lines in [day(3, 0, GONE, "d-4"), day(3, 20, "b-1", "d-1"), day(6, 40, "b-2", "d-2")] {
        assert_eq!(decide(&engine, &lines), decide(&never, &lines));
    }
}

#[test]
fn what_others_counted_of_it_stays_and_its_name_does_not() {
    let engine = fresh();
    decide(&engine, &day(1, 0, GONE, "d-1"));
    decide(&engine, &day(1, 20, "b-1", "d-1"));
    let saved = |engine: &Engine| support::Bytes::of(engine);
    assert!(support::contains(&saved(&engine), GONE.as_bytes()));
    let erased = engine.erase("buyer", GONE).unwrap();
    assert!(erased.values > 0);
    assert!(!support::contains(&saved(&engine), GONE.as_bytes()));
    let answers = decide(&engine, &day(2, 0, "b-1", "d-1"));
    assert!(answers.iter().any(|answer| answer.contains("2 buyers, 2 friends")), "{answers:#?}");
    // Whoever comes after it under that name is somebody else.
    let answers = decide(&engine, &day(2, 20, GONE, "d-1"));
    assert!(answers.iter().any(|answer| answer.contains("3 buyers, 3 friends")), "{answers:#?}");
}

#[test]
fn a_retry_of_an_event_whose_decision_named_it_is_decided_anew() {
    let engine = fresh();
    let lines = day(1, 0, GONE, "d-1");
    let first = decide(&engine, &lines);
    assert!(first[1].contains(GONE) && decide(&engine, &lines[1..2])[0].contains(r#""duplicate":true"#));
    engine.erase("buyer", GONE).unwrap();
    let again = decide(&engine, &lines[1..2]);
    assert!(
        again[0].contains(r#""outcome":"allow""#) && !again[0].contains(r#""duplicate":true"#),
        "{again:?}"
    );
}

#[test]
fn it_stays_erased_when_the_log_is_decided_again() {
    for snapshot in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let before = [day(1, 0, "b-1", "d-1"), day(1, 20, GONE, "d-1")].concat();
        let after = [day(1, 40, "b-1", "d-1"), day(2, 0, "b-2", "d-1")].concat();
        let steady = fresh();
        let engine = open(directory.path());
        assert_eq!(decide(&engine, &before), decide(&steady, &before));
        if snapshot {
            engine.snapshot().unwrap();
        }
        assert_eq!(engine.erase("buyer", GONE).unwrap(), steady.erase("buyer", GONE).unwrap());
        assert_eq!(decide(&engine, &after[..5]), decide(&steady, &after[..5]));
        // Not closed: as in a crash.
        drop(engine);
        let engine = open(directory.path());
        assert_eq!(is_remembered(&engine, GONE), 0);
        assert_eq!(decide(&engine, &after[5..]), decide(&steady, &after[5..]));
        let more = [day(5, 0, GONE, "d-1"), day(5, 20, "b-1", "d-1")].concat();
        assert_eq!(decide(&engine, &more), decide(&steady, &more));
    }
}

#[test]
fn no_file_has_it_after_the_log_was_cleared() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let options = StoreOptions::default();
    let traces = || Store::traces(path, &options, "buyer", GONE).unwrap();
    let engine = open(path);
    decide(&engine, &day(1, 0, "b-1", "d-1"));
    decide(&engine, &day(1, 20, GONE, "d-1"));
    engine.snapshot().unwrap();
    decide(&engine, &day(1, 40, GONE, "d-2"));
    engine.close().unwrap();
    drop(engine);
    let told: Vec<String> = traces().iter().map(ToString::to_string).collect();
    for place in ["wal-", "snapshot-", "record 10", "section `cells`", "remembered in label suspect"] {
        assert!(told.iter().any(|trace| trace.contains(place)), "{place}: {told:#?}");
    }
    let engine = Engine::as_before(Store::existing(path, options.clone()).unwrap()).unwrap();
    engine.erase("buyer", GONE).unwrap();
    // Not yet gone from the files.
    assert!(support::in_files(path, GONE));
    engine.clear_log().unwrap();
    assert_eq!(traces(), []);
    engine.close().unwrap();
    drop(engine);
    assert_eq!(traces(), []);
    assert!(!support::in_files(path, GONE));
    assert!(!Store::traces(path, &options, "buyer", "b-1").unwrap().is_empty());
    let engine = open(path);
    assert!(engine.recovered().unwrap().carried.is_none());
    assert_eq!((is_remembered(&engine, GONE), is_remembered(&engine, "b-1") > 5), (0, true));
}

#[test]
fn what_the_rules_themselves_say_is_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let store = Store::open(path, StoreOptions::default()).unwrap();
    let ruleset = ruleset(&format!("// Not {GONE}.\n{RULES}"));
    let engine = Engine::with_store(ruleset, EngineOptions::default(), store).unwrap();
    decide(&engine, &day(1, 0, GONE, "d-1"));
    engine.erase("buyer", GONE).unwrap();
    engine.clear_log().unwrap();
    engine.close().unwrap();
    let traces = Store::traces(path, &StoreOptions::default(), "buyer", GONE).unwrap();
    assert!(!traces.is_empty() && traces.iter().all(|trace| trace.in_rules), "{traces:#?}");
}

#[test]
fn what_was_put_aside_is_erased_as_well() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let engine = open(path);
    decide(&engine, &day(1, 0, "b-1", "d-1"));
    decide(&engine, &day(1, 20, GONE, "d-1"));
    engine.close().unwrap();
    drop(engine);
    let small =
        "entity buyer\nevent login { buyer: buyer }\nrule any on login { observe always ; because \"x\" }";
    let small = ruleset(&small.replace(" ; ", "\n"));
    let with_small = || {
        let store = Store::open(path, StoreOptions::default()).unwrap();
        Engine::with_store(small.clone(), EngineOptions::default(), store).unwrap()
    };
    let engine = with_small();
    let erased = engine.erase("buyer", GONE).unwrap();
    assert!(erased.aside >= 5, "{erased:?}");
    engine.clear_log().unwrap();
    engine.close().unwrap();
    drop(engine);
    assert_eq!(Store::traces(path, &StoreOptions::default(), "buyer", GONE).unwrap(), []);
    // The rules come back, and find what was kept of others.
    let engine = open(path);
    assert_eq!(is_remembered(&engine, GONE), 0);
    assert!(is_remembered(&engine, "b-1") >= 5);
}

#[test]
fn wrong_names_are_told_and_nothing_is_erased() {
    let engine = fresh();
    decide(&engine, &day(1, 0, "b-1", "d-1"));
    let before = support::Bytes::of(&engine);
    let error = engine.erase("buyr", "b-1").unwrap_err().to_string();
    assert!(error.contains("no entity `buyr`; did you mean `buyer`?"), "{error}");
    engine.erase("buyer", "nobody").unwrap();
    assert!(support::Bytes::of(&engine) == before);
    let directory = tempfile::tempdir().unwrap();
    let error = Store::existing(directory.path(), StoreOptions::default()).unwrap_err();
    assert!(!error.is_damage());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

mod support {
    use std::convert::Infallible;

    use super::*;

    /// Everything that an engine saves.
    #[derive(Default)]
    pub struct Bytes(Vec<u8>);

    impl Bytes {
        pub fn of(engine: &Engine) -> Vec<u8> {
            let mut bytes = Bytes::default();
            match engine.save(&mut bytes) {
                Ok(()) => bytes.0,
                Err(never) => match never {},
            }
        }
    }

    impl rulec::Sink for Bytes {
        type Error = Infallible;

        fn section(&mut self, name: &str) -> Result<(), Infallible> {
            self.write(name.as_bytes())
        }

        fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }
    }

    pub fn contains(bytes: &[u8], word: &[u8]) -> bool {
        bytes.windows(word.len()).any(|window| window == word)
    }

    /// In the raw bytes of any file.
    pub fn in_files(path: &Path, word: &str) -> bool {
        let files = fs::read_dir(path).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
        files.into_iter().any(|bytes| contains(&bytes, word.as_bytes()))
    }
}
