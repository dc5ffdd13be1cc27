//! No text makes the checker panic; what it accepts compiles, and its own tests run.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rulec::tooling::{check_text, run_tests};

fuzz_target!(|text: &str| {
    if let Ok(compiled) = check_text("fuzz.rules", text).compile() {
        let _ = run_tests(&compiled.ruleset, None);
    }
});
