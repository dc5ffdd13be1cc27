//! No text makes the parser panic or hang; what it can format it formats to the same tree, once and for all.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rulec::tooling::{format_source, print_source};

fuzz_target!(|text: &str| {
    if let Ok(once) = format_source("fuzz.rules", text) {
        let twice = format_source("fuzz.rules", &once)
            .unwrap_or_else(|_| panic!("what was formatted does not parse:\n{once}"));
        assert_eq!(once, twice, "formatting twice changes nothing");
        assert_eq!(print_source(text), print_source(&once), "formatting changes nothing but the layout");
    }
});
