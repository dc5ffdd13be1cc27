//! No text makes the checker panic, and all it finds can be shown. What it accepts compiles, and its own tests end
//! the same way in the engine and in the oracle.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rulec::Format;
use rulec::tooling::{check_text, render, run_tests, run_tests_on_oracle};

fuzz_target!(|text: &str| {
    let checked = check_text("fuzz.rules", text);
    for format in [Format::Human, Format::Plain, Format::Json] {
        let _ = render(&checked.diagnostics, &checked.sources, format, false);
    }
    if let Ok(compiled) = checked.compile() {
        let failures = |report: rulec::tooling::TestReport| -> Vec<String> {
            report.tests.iter().map(|test| format!("{}: {:?}", test.name, test.failures)).collect()
        };
        let engine = failures(run_tests(&compiled.ruleset, None));
        assert_eq!(engine, failures(run_tests_on_oracle(&compiled)), "the engine and the oracle agree");
    }
});
