//! `rulec fmt`: one way to write rules.

use std::io::{IsTerminal, Read};
use std::path::Path;

use clap::Args;

use super::{Colour, CommandResult, Failure, Outcome, print, print_findings};
use crate::source::Files;
use crate::tooling::{Format, format_source, render};

/// Put rules into the one canonical form; comments stay
#[derive(Args)]
pub struct Fmt {
    /// Directories, *.rules files, or - for standard input, which is written to standard output
    #[arg(default_value = ".")]
    paths: Vec<String>,
    /// Change nothing; name the files that would change and exit with 1
    #[arg(long)]
    check: bool,
}

impl Fmt {
    pub fn run(self) -> CommandResult {
        let mut outcome = Outcome::Fine;
        for path in &self.paths {
            if path == "-" {
                if let Outcome::Found = self.standard_input()? {
                    outcome = Outcome::Found;
                }
                continue;
            }
            let found = crate::DiskFiles.rules_below(path).map_err(Failure::new)?;
            for file in found.unwrap_or_else(|| vec![path.clone()]) {
                if let Outcome::Found = self.file(&file)? {
                    outcome = Outcome::Found;
                }
            }
        }
        Ok(outcome)
    }

    /// The formatted text goes to standard output.
    fn standard_input(&self) -> CommandResult {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|e| Failure::new(format!("can't read standard input: {e}")))?;
        match formatted("-", &text) {
            Some(formatted) if !self.check => print(formatted.as_bytes()),
            Some(formatted) if formatted == text => Ok(Outcome::Fine),
            Some(_) => {
                print_findings("standard input is not formatted");
                Ok(Outcome::Found)
            }
            None => Ok(Outcome::Found),
        }
    }

    fn file(&self, path: &str) -> CommandResult {
        let bytes = crate::DiskFiles.read(path).map_err(Failure::new)?;
        let text =
            String::from_utf8(bytes).map_err(|_| Failure::new(format!("`{path}` is not valid UTF-8")))?;
        let Some(formatted) = formatted(path, &text) else { return Ok(Outcome::Found) };
        if formatted == text {
            return Ok(Outcome::Fine);
        }
        if self.check {
            print_findings(&format!("{path} is not formatted; `rulec fmt {path}` does it"));
            return Ok(Outcome::Found);
        }
        replace(Path::new(path), &formatted)
            .map_err(|e| Failure::new(format!("can't write `{path}`: {e}")))?;
        print_findings(&format!("formatted {path}"));
        Ok(Outcome::Fine)
    }
}

/// `None` if the text has syntax errors, which are then printed.
fn formatted(path: &str, text: &str) -> Option<String> {
    match format_source(path, text) {
        Ok(formatted) => Some(formatted),
        Err((sources, findings)) => {
            let colour = Colour::Auto.on(std::io::stderr().is_terminal());
            print_findings(&render(&findings, &sources, Format::Human, colour));
            print_findings(&format!("{path} has syntax errors and was left as it is"));
            None
        }
    }
}

/// By a temporary file and a rename, so that a crash leaves the old text or the new one.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // Through a symbolic link to the file itself: a rename would replace the link.
    let path = std::fs::canonicalize(path)?;
    let mut temporary = path.clone().into_os_string();
    temporary.push(".tmp");
    std::fs::write(&temporary, text)?;
    std::fs::set_permissions(&temporary, std::fs::metadata(&path)?.permissions())?;
    std::fs::rename(&temporary, &path)
}
