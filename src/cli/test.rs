//! `rulec test`: runs the tests beside the rules.

use std::fmt::Write;

use clap::Args;

use super::{CommandResult, Failure, Outcome, compile, print};
use crate::tooling::{Coverage, TestReport, run_tests};

/// Run the tests that stand beside the rules
#[derive(Args)]
pub struct Test {
    /// A directory of *.rules files, or one file
    #[arg(default_value = ".")]
    ruleset: String,
    /// Say which rules and bands no test hits, or no test leaves alone
    #[arg(long)]
    coverage: bool,
    /// Only tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
}

impl Test {
    pub fn run(self) -> CommandResult {
        let compiled = match compile(&self.ruleset) {
            Ok(compiled) => compiled,
            Err(ended) => return ended,
        };
        let report = run_tests(&compiled.ruleset, self.filter.as_deref());
        if let (Some(filter), true) = (&self.filter, report.tests.is_empty()) {
            return Err(Failure::new(format!("no test's name contains `{filter}`")));
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = write_report(&mut text, &report, &compiled);
        if self.coverage {
            let _ = write_coverage(&mut text, &report.coverage);
        }
        print(text.as_bytes())?;
        Ok(if report.failed() > 0 { Outcome::Found } else { Outcome::Fine })
    }
}

fn write_report(out: &mut String, report: &TestReport, compiled: &crate::Compiled) -> std::fmt::Result {
    for test in &report.tests {
        if test.failures.is_empty() {
            writeln!(out, "ok    {}", test.name)?;
            continue;
        }
        writeln!(out, "FAIL  {}", test.name)?;
        for failure in &test.failures {
            let source = compiled.sources.get(failure.span.source);
            let place = source.position(failure.span.start as usize);
            writeln!(out, "      {}:{}:{}", source.path, place.line, place.column)?;
            let line = source.line_range(place.line - 1);
            writeln!(out, "        {}", source.text[line].trim())?;
            writeln!(out, "      expected {}", failure.expected)?;
            writeln!(out, "      got      {}", failure.got)?;
            if !failure.decision.is_empty() {
                writeln!(out, "      decision {}", failure.decision)?;
            }
        }
    }
    if report.tests.is_empty() {
        return writeln!(out, "no tests");
    }
    let failed = report.failed();
    writeln!(out, "{} passed, {failed} failed", report.tests.len() - failed)
}

fn write_coverage(out: &mut String, coverage: &Coverage) -> std::fmt::Result {
    writeln!(
        out,
        "\ncoverage: {} of {} rules and bands hit and not hit",
        coverage.whole(),
        coverage.lines.len()
    )?;
    for line in &coverage.lines {
        let missing = match (line.hit, line.not_hit) {
            (true, true) => continue,
            (false, true) => "no test hits it",
            (true, false) => "no test leaves it alone",
            (false, false) => "no test evaluates it",
        };
        writeln!(out, "  {}: {missing}", line.what)?;
    }
    Ok(())
}
