//! No line makes the event reader panic. Two engines give the same answers, and the oracle gives the same decisions.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rulec::tooling::Reference;
use rulec::{Answer, Compiled, Engine, compile_text};

static COMPILED: LazyLock<Compiled> =
    LazyLock::new(|| compile_text("fuzz.rules", include_str!("events.rules")).expect("compiles"));

fuzz_target!(|input: &[u8]| {
    let engine = Engine::new(COMPILED.ruleset.clone());
    let again = Engine::new(COMPILED.ruleset.clone());
    let mut oracle = Reference::new(&COMPILED);
    for line in input.split(|b| *b == b'\n') {
        let first = engine.decide_json(line);
        let text = first.to_json();
        assert_eq!(text, again.decide_json(line).to_json(), "the same line, the same answer");
        let expected = oracle.decide_json(line).map(|decision| decision.to_json());
        let due: Vec<String> = engine.take_deadlines().iter().map(|decision| decision.to_json()).collect();
        let oracle_due: Vec<String> =
            oracle.take_deadlines().iter().map(|decision| decision.to_json()).collect();
        assert_eq!(due, oracle_due, "the same falls due");
        match &first {
            Answer::Decision(_) => {
                assert_eq!(Some(&text), expected.as_ref(), "the engine and the oracle agree")
            }
            Answer::Reject(reject) => {
                assert_eq!(expected, None, "the oracle reads what the engine rejects");
                assert!(!reject.expected.is_empty());
            }
            Answer::Clock | Answer::List => {
                assert_eq!(expected, None, "the clock has no decision");
                continue;
            }
            Answer::Failed(failed) => panic!("there is no store that could fail: {}", failed.error),
        }
        let json: Result<serde_json::Value, _> = serde_json::from_str(&text);
        assert!(json.is_ok(), "answers are JSON");
    }
});
