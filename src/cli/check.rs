//! `rulec check`: what is wrong with a ruleset.

use std::io::IsTerminal;

use clap::Args;

use super::{Colour, CommandResult, Failure, FindingFormat, Outcome, print, print_findings, state_report};
use crate::Format;
use crate::tooling::{Severity, StateReport, check_path, render, render_summary};

/// Explain what is wrong with a ruleset
#[derive(Args)]
#[command(
    after_help = "Each finding has a code: `rulec explain CODE` says why it matters and how to mend it.\n\
`--state-report` writes to standard output what a ruleset remembers, and findings to standard error: how \
much memory it takes for so many keys, all with 5 entries, and what one key takes then and at its cap. \
Decisions kept for retries are not among it."
)]
pub struct Check {
    /// A directory of *.rules files, or one file
    #[arg(default_value = ".")]
    ruleset: String,
    /// How findings are written
    #[arg(long, value_enum, default_value = "human")]
    format: FindingFormat,
    /// Treat warnings as errors
    #[arg(long, value_name = "WHAT", value_parser = ["warnings"])]
    deny: Option<String>,
    /// Tell what state the rules keep and what it takes in memory, the biggest first
    #[arg(long)]
    state_report: bool,
    /// For how many keys of each kind: 250000, 250k, 1M
    #[arg(long, value_name = "NUMBER", default_value = "1M", value_parser = count, requires = "state_report")]
    keys: u64,
    /// When to use colour
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    color: Colour,
}

impl Check {
    pub fn run(self) -> CommandResult {
        if self.state_report && matches!(self.format, FindingFormat::Sarif | FindingFormat::Github) {
            return Err(Failure::new("`--state-report` is written as `human`, `plain` or `json`"));
        }
        let checked = check_path(&self.ruleset).map_err(Failure::new)?;
        let findings = &checked.diagnostics;
        // With a report, that alone goes to standard output.
        let human = matches!(self.format, FindingFormat::Human | FindingFormat::Plain) || self.state_report;
        let colour = self.format == FindingFormat::Human && self.color.on(std::io::stderr().is_terminal());
        let format =
            if human && self.format == FindingFormat::Json { Format::Human } else { self.format.into() };
        let text = render(findings, &checked.sources, format, colour);
        if human {
            print_findings(&text);
            let summary = render_summary(findings);
            let rules = checked.hir.rules.len();
            print_findings(&format!(
                "{}: {rules} rule{}, {}",
                self.ruleset,
                if rules == 1 { "" } else { "s" },
                if findings.is_empty() { "no findings" } else { summary.as_str() }
            ));
        } else {
            print(text.as_bytes())?;
        }
        let warned = self.deny.is_some() && findings.count(Severity::Warning) > 0;
        let outcome = if findings.has_errors() || warned { Outcome::Found } else { Outcome::Fine };
        // What has errors keeps nothing yet; they are told already.
        if self.state_report
            && let Ok(compiled) = checked.compile()
        {
            let report = StateReport::new(&compiled.ruleset, self.keys);
            let json = self.format == FindingFormat::Json;
            print(if json { state_report::json(&report) } else { state_report::table(&report) }.as_bytes())?;
        }
        Ok(outcome)
    }
}

/// `250000`, `250_000`, `250k`, `1M`, `2G`
fn count(text: &str) -> Result<u64, String> {
    const WRONG: &str = "write a number from 1 to 1000G, such as 250000, 250k or 1M";
    let digits = text.trim_end_matches(['k', 'K', 'm', 'M', 'g', 'G']);
    let times = match &text[digits.len()..] {
        "" => 1,
        "k" | "K" => 1_000,
        "m" | "M" => 1_000_000,
        "g" | "G" => 1_000_000_000,
        _ => return Err(WRONG.into()),
    };
    let digits: String = digits.chars().filter(|c| *c != '_').collect();
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(times));
    number.filter(|number| (1..=1_000_000_000_000).contains(number)).ok_or_else(|| WRONG.into())
}
