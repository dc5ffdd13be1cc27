//! `rulec explain`: the page of a code.

use clap::Args;

use super::{CommandResult, Failure, print};
use crate::tooling::{codes, nearest};

/// Explain a code, such as E0201 or unknown_name: why, an example, and the fix
#[derive(Args)]
pub struct Explain {
    /// A code's number or name; without one, all codes are listed
    code: Option<String>,
}

impl Explain {
    pub fn run(self) -> CommandResult {
        let Some(wanted) = self.code else {
            let list: String = codes::ALL
                .iter()
                .map(|code| format!("{}  {:<28} {}\n", code.id, code.name, code.title))
                .collect();
            return print(list.as_bytes());
        };
        let Some(code) = codes::find(&wanted) else {
            let hint = nearest(&wanted, codes::ALL.iter().flat_map(|c| [c.name, c.id]))
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(Failure::new(format!(
                "there is no code `{wanted}`{hint} (`rulec explain` lists them all)"
            )));
        };
        print(format!("{} {}: {}\n\n{}\n", code.id, code.name, code.title, readable(code.page)).as_bytes())
    }
}

/// A page without its marks: what stands between fences is indented.
fn readable(page: &str) -> String {
    let mut code = false;
    let mut text = String::new();
    for line in page.trim().lines() {
        if line.starts_with("```") {
            code = !code;
        } else if code && !line.is_empty() {
            text.push_str(&format!("    {line}\n"));
        } else {
            text.push_str(&format!("{line}\n"));
        }
    }
    text.trim_end().to_string()
}
