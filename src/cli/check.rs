//! `rulec check`: what is wrong with a ruleset.

use std::io::IsTerminal;

use clap::Args;

use super::{Colour, CommandResult, Failure, FindingFormat, Outcome, print, print_findings};
use crate::tooling::{Severity, check_path, render, render_summary};

/// Explain what is wrong with a ruleset
#[derive(Args)]
#[command(
    after_help = "Each finding has a code: `rulec explain CODE` says why it matters and how to mend it."
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
    /// When to use colour
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    color: Colour,
}

impl Check {
    pub fn run(self) -> CommandResult {
        let checked = check_path(&self.ruleset).map_err(Failure::new)?;
        let findings = &checked.diagnostics;
        let human = matches!(self.format, FindingFormat::Human | FindingFormat::Plain);
        let colour = self.format == FindingFormat::Human && self.color.on(std::io::stderr().is_terminal());
        let text = render(findings, &checked.sources, self.format.into(), colour);
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
        Ok(if findings.has_errors() || warned { Outcome::Found } else { Outcome::Fine })
    }
}
