//! Memory that outlasts the process: what is opened again goes on as if nothing had happened.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use rulec::{
    Answer, Durability, Engine, EngineOptions, Event, Pending, Ruleset, Store, StoreError, StoreOptions,
    compile_text,
};
use serde_json::json;

const RULES: &str = r#"
    ruleset shop { version "1" }
    entity buyer
    entity order
    event login { buyer: buyer }
    event order { buyer: buyer, order: order, amount: money(USD)? }
    event payment { order: order }
    list watched: buyer extern
    label suspect on buyer
    rule busy on login {
        let logins = count(login) by buyer over 1h including this
        review if logins >= 3
        because "{logins} logins in an hour"
        label suspect on buyer for 1d
    }
    rule large on order {
        review if sum(order.amount) by buyer over 30d including this > 100 USD
        block if buyer has label suspect or buyer in watched
        because "{amount} on top"
    }
    rule unpaid on no payment by order within 1h after order {
        observe always
        because "{order} was not paid for"
    }
"#;

fn ruleset(text: &str) -> Arc<Ruleset> {
    compile_text("shop.rules", text).unwrap().ruleset
}

fn open(path: &Path, options: StoreOptions, text: &str) -> Result<Engine, StoreError> {
    Engine::with_store(ruleset(text), EngineOptions::default(), Store::open(path, options)?)
}

/// What `each` minute brings: all kinds of lines.
fn line(minute: u64) -> String {
    let at = format!("2026-11-{:02}T{:02}:{:02}:00Z", 1 + minute / 1440, minute / 60 % 24, minute % 60);
    let buyer = minute % 7;
    match minute % 5 {
        0 => format!(r#"{{"type":"clock","at":"{at}"}}"#),
        1 => format!(r#"{{"type":"login","id":{minute},"at":"{at}","buyer":"b{buyer}"}}"#),
        2 => format!(
            r#"{{"type":"order","id":{minute},"at":"{at}","buyer":"b{buyer}","order":"o{minute}","amount":"{minute} USD"}}"#
        ),
        3 if minute.is_multiple_of(2) => {
            format!(r#"{{"type":"payment","id":{minute},"at":"{at}","order":"o{}"}}"#, minute - 1)
        }
        3 => format!(r#"{{"type":"list","name":"watched","at":"{at}","add":["b{buyer}"],"remove":["b1"]}}"#),
        _ => format!(r#"{{"type":"login","id":{minute},"at":"{at}","buyer":"b3"}}"#),
    }
}

/// Everything that is said to a line.
fn told(engine: &Engine, line: &str) -> Vec<String> {
    let own = engine.decide_json(line.as_bytes());
    assert!(!matches!(own, Answer::Reject(_) | Answer::Failed(_)), "{own:?}");
    let mut all: Vec<String> = engine.take_deadlines().iter().map(|decision| decision.to_json()).collect();
    all.push(own.to_json());
    all
}

fn options() -> StoreOptions {
    StoreOptions::default()
}

#[test]
fn what_is_opened_again_goes_on_as_if_nothing_had_happened() {
    for durability in [Durability::None, Durability::Batched, Durability::Sync] {
        for snapshot_every in [1 << 30, 2_000] {
            let directory = tempfile::tempdir().unwrap();
            let whole = Engine::new(ruleset(RULES));
            let mut engine = None;
            for minute in 0..600 {
                if minute % 97 == 0 {
                    // Closed, or only dropped: then those who took deadlines have not said that they are done with them.
                    let dropped = engine.is_some() && minute % 2 == 1;
                    if let Some(engine) = engine.take().filter(|_| !dropped) {
                        Engine::close(&engine).unwrap();
                    }
                    let options = options().durability(durability).snapshot_every(snapshot_every);
                    let opened = open(directory.path(), options, RULES).unwrap();
                    let recovery = opened.recovered().unwrap();
                    assert_eq!(recovery.inputs, minute, "{durability:?}");
                    assert!(recovery.carried.is_none() && recovery.torn.is_none());
                    assert_eq!(recovery.replayed == recovery.inputs, snapshot_every > 2_000 || minute == 0);
                    let again = opened.take_deadlines();
                    assert!(again.iter().all(|decision| dropped && decision.duplicate), "{again:?}");
                    engine = Some(opened);
                }
                let line = line(minute);
                let (got, wanted) = (told(engine.as_ref().unwrap(), &line), told(&whole, &line));
                assert_eq!(got, wanted, "{durability:?}, minute {minute}: {line}");
            }
        }
    }
}

#[test]
fn inputs_of_every_shape_are_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let columns = [&b"id"[..], b"at", b"buyer"];
    {
        let engine = open(directory.path(), options(), RULES).unwrap();
        let read = engine.csv_columns(columns);
        engine.decide_csv(&read, [&b"1"[..], b"2026-11-11T10:00:00Z", b"b1"]);
        // A CSV file without a type is read as the only event that has such fields: none here.
        engine.decide_value(&json!({"type":"login","id":"2","at":"2026-11-11T10:01:00Z","buyer":"b1"}));
        engine.decide_event(&Event::new("login").id("3").at("2026-11-11T10:02:00Z").set("buyer", "b1"));
        assert!(matches!(engine.decide_json(b"{\"type\":\"login\"}"), Answer::Reject(_)));
        assert!(matches!(engine.reject_line("an event", "half of one"), Answer::Reject(_)));
    }
    let engine = open(directory.path(), options(), RULES).unwrap();
    assert_eq!(engine.recovered().unwrap().inputs, 2);
    let login = |id: &str| Event::new("login").id(id).at("2026-11-11T10:03:00Z").set("buyer", "b1");
    assert_eq!(engine.decide_event(&login("4")).outcome(), "review");
    let again =
        engine.decide_event(&Event::new("login").id("3").at("2026-11-11T10:02:00Z").set("buyer", "b1"));
    assert!(again.decision().unwrap().duplicate);
}

#[test]
fn what_comes_behind_the_line_at_which_it_stops_is_not_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let login = |id: u32| format!(r#"{{"type":"login","id":{id},"at":"2026-11-11T10:00:00Z","buyer":"b1"}}"#);
    {
        let engine = open(directory.path(), options(), RULES).unwrap();
        let mut pending = Pending::default();
        for line in [&login(1), "{}", &login(2), &login(3)] {
            engine.read_json(line.as_bytes(), &mut pending);
        }
        assert!(engine.decide_pending(&mut pending, true));
        let mut told = Vec::new();
        engine.tell_decided(&mut pending, |one| {
            told.push(one.into_answer().outcome().to_string());
            ControlFlow::Continue(())
        });
        assert_eq!(told.len(), 2, "{told:?}");
    }
    let engine = open(directory.path(), options(), RULES).unwrap();
    assert_eq!(engine.recovered().unwrap().inputs, 1);
    let answer = engine.decide_json(login(2).as_bytes());
    let decision = answer.decision().unwrap();
    assert!(!decision.duplicate && decision.rules.is_empty(), "{}", answer.to_json());
}

#[test]
fn rows_are_read_by_the_header_that_they_came_under() {
    let directory = tempfile::tempdir().unwrap();
    let rules = "entity buyer
        event login { buyer: buyer }
        rule busy on login { review if count(login) by buyer over 1h before this >= 2 }";
    for round in 0..4_u32 {
        let store = Store::open(directory.path(), options().snapshot_every(150)).unwrap();
        let engine = Engine::with_store(ruleset(rules), EngineOptions::default(), store).unwrap();
        assert_eq!(engine.recovered().unwrap().inputs, u64::from(2 * round));
        let forward = engine.csv_columns([&b"id"[..], b"at", b"buyer"]);
        let backward = engine.csv_columns([&b"buyer"[..], b"at", b"id"]);
        for (place, minute) in [2 * round, 2 * round + 1].into_iter().enumerate() {
            let (id, at) = (minute.to_string(), format!("2026-11-11T10:0{minute}:00Z"));
            let answer = match place {
                0 => engine.decide_csv(&forward, [id.as_bytes(), at.as_bytes(), b"b1"]),
                _ => engine.decide_csv(&backward, [&b"b1"[..], at.as_bytes(), id.as_bytes()]),
            };
            assert_eq!(answer.outcome(), if minute < 2 { "allow" } else { "review" }, "{answer:?}");
        }
    }
}

#[test]
fn inputs_of_another_ruleset_are_decided_with_that_ruleset() {
    let directory = tempfile::tempdir().unwrap();
    let before = RULES.replace("for 1d", "for 30d");
    {
        let engine = open(directory.path(), options(), &before).unwrap();
        for id in 0..3 {
            engine.decide_json(
                format!(r#"{{"type":"login","id":{id},"at":"2026-11-01T10:0{id}:00Z","buyer":"b1"}}"#)
                    .as_bytes(),
            );
        }
    }
    // The label lasts as long as it did when it was put on.
    let engine = open(directory.path(), options(), RULES).unwrap();
    assert!(engine.recovered().unwrap().carried.is_some());
    let order =
        br#"{"type":"order","id":9,"at":"2026-11-20T10:00:00Z","buyer":"b1","order":"o1","amount":"1 USD"}"#;
    let answer = engine.decide_json(order);
    assert_eq!(answer.outcome(), "block");
    assert_eq!(answer.decision().unwrap().ruleset.hash, ruleset(RULES).stamp().hash);
    drop(engine);
    // A retry is told what was decided then, by the ruleset of then.
    let engine = open(directory.path(), options(), &RULES.replace("100 USD", "200 USD")).unwrap();
    let again = engine.decide_json(order);
    let (again, answer) = (again.decision().unwrap(), answer.decision().unwrap());
    assert!(again.duplicate);
    assert_eq!((&again.outcome, &again.ruleset.hash), (&answer.outcome, &answer.ruleset.hash));
}

#[test]
fn options_that_change_answers_count_from_when_they_were_given() {
    let directory = tempfile::tempdir().unwrap();
    let login = |id: u32, time: &str| {
        format!(r#"{{"type":"login","id":{id},"at":"2026-11-11T{time}:00Z","buyer":"b1"}}"#)
    };
    let day = EngineOptions::default();
    let hour = || EngineOptions::default().retry_horizon(std::time::Duration::from_secs(3600));
    let open = |options| {
        Engine::with_store(ruleset(RULES), options, Store::open(directory.path(), self::options()).unwrap())
            .unwrap()
    };
    {
        let engine = open(hour());
        engine.decide_json(login(1, "10:00").as_bytes());
        engine.decide_json(login(2, "11:00").as_bytes());
        // Forgotten after an hour, so it is another event.
        assert!(!engine.decide_json(login(1, "11:00").as_bytes()).decision().unwrap().duplicate);
    }
    let engine = open(day);
    assert!(engine.decide_json(login(2, "11:00").as_bytes()).decision().unwrap().duplicate);
    let third = engine.decide_json(login(3, "11:01").as_bytes());
    assert!(third.to_json().contains("3 logins in an hour"), "{}", third.to_json());
}

/// Who was kept out for want of room is found again from the log alone, whatever room there is now.
#[test]
fn so_does_the_room_there_is() {
    let directory = tempfile::tempdir().unwrap();
    let open = |options| {
        Engine::with_store(ruleset(RULES), options, Store::open(directory.path(), self::options()).unwrap())
            .unwrap()
    };
    // What comes first takes all the room.
    let little = || EngineOptions::default().memory_budget(1);
    let login = |engine: &Engine, id: u32, buyer: &str| {
        let line =
            format!(r#"{{"type":"login","id":{id},"at":"2026-11-11T10:{id:02}:00Z","buyer":"{buyer}"}}"#);
        engine.decide_json(line.as_bytes()).to_json()
    };
    let full = "count(login) by buyer over 1h including this (full)";
    {
        let engine = open(little());
        login(&engine, 1, "b1");
        login(&engine, 2, "b2");
        assert!(login(&engine, 3, "b2").contains(full));
        assert_eq!(engine.stats().full, 2);
    }
    {
        let engine = open(EngineOptions::default());
        assert_eq!(engine.recovered().unwrap().replayed, 3);
        assert!(login(&engine, 4, "b2").contains(full));
        login(&engine, 5, "b3");
        login(&engine, 6, "b3");
    }
    let engine = open(little());
    assert!(login(&engine, 7, "b3").contains("3 logins in an hour"));
    assert!(login(&engine, 8, "b2").contains(full));
    login(&engine, 9, "b4");
    assert!(login(&engine, 10, "b4").contains(full));
}

#[test]
fn a_directory_is_for_one_process_and_one_secret() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path(), options(), RULES).unwrap();
    let error = Store::open(directory.path(), options()).unwrap_err().to_string();
    assert!(error.contains("another process"), "{error}");
    engine.decide_json(line(1).as_bytes());
    drop(engine);
    let error = Store::open(directory.path(), options().hash_key("other"))
        .and_then(|store| Engine::with_store(ruleset(RULES), EngineOptions::default(), store))
        .unwrap_err();
    assert!(error.to_string().contains("secret"), "{error}");
    open(directory.path(), options(), RULES).unwrap();
}

#[test]
fn nothing_is_decided_after_closing() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path(), options(), RULES).unwrap();
    engine.decide_json(line(1).as_bytes());
    engine.close().unwrap();
    let answer = engine.decide_json(line(2).as_bytes());
    assert!(
        matches!(&answer, Answer::Failed(failed) if failed.error.to_string().contains("closed")),
        "{answer:?}"
    );
    // As for what can't be read.
    assert_eq!(answer.outcome(), "review");
    drop(engine);
    assert_eq!(open(directory.path(), options(), RULES).unwrap().recovered().unwrap().inputs, 1);
}

#[test]
fn what_was_written_by_others_is_no_state() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("notes.txt"), "mine").unwrap();
    let error = Store::open(directory.path(), options()).unwrap_err();
    assert!(error.to_string().contains("notes.txt"), "{error}");
    let file = directory.path().join("notes.txt");
    let error = Store::open(&file, options()).unwrap_err();
    assert!(error.to_string().contains("notes.txt"), "{error}");
}

#[test]
fn damage_is_told_and_nothing_is_decided() {
    let directory = tempfile::tempdir().unwrap();
    {
        let engine = open(directory.path(), options(), RULES).unwrap();
        (0..50).for_each(|minute| drop(engine.decide_json(line(minute).as_bytes())));
        engine.close().unwrap();
    }
    let log = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with(".log"))
        .unwrap();
    let mut bytes = std::fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&log, &bytes).unwrap();
    let error = open(directory.path(), options(), RULES).unwrap_err();
    assert!(error.is_damage() && error.to_string().contains("damaged at byte"), "{error}");
}

#[test]
fn deadlines_that_may_not_have_been_told_are_told_again() {
    let directory = tempfile::tempdir().unwrap();
    let order = |id: u32| {
        format!(
            r#"{{"type":"order","id":"e{id}","at":"2026-11-11T10:0{id}:00Z","buyer":"b1","order":"o{id}"}}"#
        )
    };
    let clock = |time: &str| format!(r#"{{"type":"clock","at":"2026-11-11T{time}:00Z"}}"#);
    let names = |decisions: Vec<Arc<rulec::Decision>>| -> Vec<(String, bool)> {
        decisions.iter().map(|decision| (decision.event.to_string(), decision.duplicate)).collect()
    };
    for snapshot_every in [1, 1 << 30] {
        let options = || options().snapshot_every(snapshot_every);
        let path = directory.path().join(snapshot_every.to_string());
        {
            let engine = open(&path, options(), RULES).unwrap();
            (1..6).for_each(|id| drop(engine.decide_json(order(id).as_bytes())));
            engine.decide_json(clock("11:01").as_bytes());
            assert_eq!(names(engine.take_deadlines()), [("e1#unpaid".to_string(), false)]);
            engine.decide_json(clock("11:02").as_bytes());
            // This says that nothing is left to be done for the first.
            assert_eq!(names(engine.take_deadlines()), [("e2#unpaid".to_string(), false)]);
            engine.decide_json(clock("11:03").as_bytes());
        }
        {
            let engine = open(&path, options(), RULES).unwrap();
            let told: Vec<String> =
                names(engine.take_deadlines()).into_iter().map(|(name, _)| name).collect();
            assert_eq!(told, ["e2#unpaid", "e3#unpaid"]);
            engine.decide_json(clock("11:04").as_bytes());
            assert_eq!(names(engine.take_deadlines()), [("e4#unpaid".to_string(), false)]);
            engine.close().unwrap();
        }
        // Read ahead, as `rulec run` does.
        {
            let engine = open(&path, options(), RULES).unwrap();
            assert!(engine.take_deadlines().is_empty());
            let mut pending = rulec::Pending::default();
            engine.read_json(clock("11:05").as_bytes(), &mut pending);
            engine.decide_pending(&mut pending, false);
            engine.tell_decided(&mut pending, |_| std::ops::ControlFlow::Continue(()));
        }
        let engine = open(&path, options(), RULES).unwrap();
        assert_eq!(names(engine.take_deadlines()), [("e5#unpaid".to_string(), true)]);
        drop(engine);
        {
            let engine = open(&path, options(), RULES).unwrap();
            assert_eq!(names(engine.take_deadlines()), [("e5#unpaid".to_string(), true)]);
            engine.decide_json(order(6).as_bytes());
            let mut pending = rulec::Pending::default();
            engine.read_json(clock("11:06").as_bytes(), &mut pending);
            engine.decide_pending(&mut pending, false);
            engine.tell_decided(&mut pending, |_| std::ops::ControlFlow::Continue(()));
            engine.was_told(&pending);
            engine.close().unwrap();
        }
        let engine = open(&path, options(), RULES).unwrap();
        assert!(engine.take_deadlines().is_empty());
    }
}

#[test]
fn secrets_are_not_shown() {
    let shown = format!(
        "{:?} {:?}",
        options().hash_key("a secret of this host"),
        EngineOptions::default().hash_key("a secret of this host")
    );
    assert!(shown.contains("horizon") && !shown.contains("97, 32"), "{shown}");
}

#[test]
fn a_snapshot_that_is_asked_for_twice_is_one() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path(), options(), RULES).unwrap();
    for minute in 0..8 {
        engine.decide_json(line(minute).as_bytes());
        // Both may begin before either is done.
        std::thread::scope(|scope| {
            let other = scope.spawn(|| engine.snapshot());
            engine.snapshot().unwrap();
            other.join().unwrap().unwrap();
        });
    }
    drop(engine);
    assert_eq!(open(directory.path(), options(), RULES).unwrap().recovered().unwrap().replayed, 0);
}
