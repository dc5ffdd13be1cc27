//! No line makes the event reader panic; a line that is accepted gives the same decision again.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use rulec::{Answer, Engine, Ruleset, compile_text};

static RULESET: LazyLock<Arc<Ruleset>> =
    LazyLock::new(|| compile_text("fuzz.rules", include_str!("events.rules")).expect("compiles").ruleset);

fuzz_target!(|input: &[u8]| {
    let engine = Engine::new(RULESET.clone());
    let again = Engine::new(RULESET.clone());
    for line in input.split(|b| *b == b'\n') {
        let first = engine.decide_json(line);
        assert_eq!(first.to_json(), again.decide_json(line).to_json(), "the same line, the same answer");
        if let Answer::Reject(reject) = &first {
            assert!(!reject.expected.is_empty());
        }
        let json: Result<serde_json::Value, _> = serde_json::from_str(&first.to_json());
        assert!(json.is_ok(), "answers are JSON");
    }
});
