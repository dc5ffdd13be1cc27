//! Canonical printing of rules.

use crate::diag::Diagnostics;

pub fn format(text: &str) -> Result<String, Diagnostics> {
    Ok(text.to_string())
}
