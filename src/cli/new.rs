//! `rulec new`: a small ruleset to start from.

use std::path::Path;

use clap::Args;

use super::{CommandResult, Failure, Outcome, print};

/// Make a small ruleset to start from: events, two rules and their tests
#[derive(Args)]
pub struct New {
    /// The directory to make; its name is the ruleset's
    directory: String,
}

impl New {
    pub fn run(self) -> CommandResult {
        let directory = Path::new(&self.directory);
        if self.directory.is_empty() {
            return Err(Failure::new("the directory needs a name, such as `rulec new my-rules`"));
        }
        let name = ruleset_name(directory);
        if directory.exists()
            && std::fs::read_dir(directory).map_or(true, |mut entries| entries.next().is_some())
        {
            return Err(Failure::new(format!(
                "`{}` exists and is not an empty directory: choose another name",
                self.directory
            )));
        }
        let files = [
            ("events.rules", include_str!("new/events.rules").replace("NAME", &name)),
            ("orders.rules", include_str!("new/orders.rules").to_string()),
            ("events.ndjson", include_str!("new/events.ndjson").to_string()),
        ];
        std::fs::create_dir_all(directory)
            .map_err(|e| Failure::new(format!("can't make `{}`: {e}", self.directory)))?;
        for (file, text) in files {
            let path = directory.join(file);
            std::fs::write(&path, text)
                .map_err(|e| Failure::new(format!("can't write `{}`: {e}", path.display())))?;
        }
        let made = &self.directory;
        let shown = quoted(made);
        let events = quoted(&format!("{}/events.ndjson", made.trim_end_matches('/')));
        print(
            format!(
                "made {shown} with events, two rules and their tests\n\n\
                 next:\n  rulec check {shown}\n  rulec test {shown}\n  rulec run {shown} {events}\n"
            )
            .as_bytes(),
        )?;
        Ok(Outcome::Fine)
    }
}

/// As one word of a shell.
fn quoted(path: &str) -> String {
    let plain = path.chars().all(|c| c.is_alphanumeric() || "/._-+".contains(c));
    if plain { path.to_string() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

/// The directory's last name as a name of the language: what can't stand in a name becomes `_`.
fn ruleset_name(directory: &Path) -> String {
    let name = directory.file_name().and_then(|n| n.to_str()).unwrap_or("rules");
    let name: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let begins_well = name.starts_with(char::is_alphabetic);
    match name.as_str() {
        "true" | "false" | "not" => format!("`{name}`"),
        _ if begins_well => name,
        _ => format!("rules_{name}"),
    }
}
