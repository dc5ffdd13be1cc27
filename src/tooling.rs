//! What the command line, editors and tests need of the stages: typed trees, positions, printers. Not stable.

use crate::diag::Diagnostics;
use crate::source::{FileError, SourceMap};

pub use crate::compile::{Checked, Parsed, Sources, check_files, check_text};
pub use crate::diag::render::{Format, render, summary as render_summary};
pub use crate::diag::{Severity, codes, nearest};
pub use crate::engine::testing::{Coverage, TestReport, run_tests};
pub use crate::oracle::Oracle;
pub use crate::sema::hir;
pub use crate::sema::print::print as print_hir;
pub use crate::syntax::ast;
pub use crate::syntax::print::print as print_ast;

/// Checks the ruleset at a path on disk.
pub fn check_path(path: &str) -> Result<Checked, FileError> {
    check_files(&crate::os::DiskFiles, path)
}

/// The canonical form of a text, or its syntax errors with their source.
pub fn format_source(path: &str, text: &str) -> Result<String, (SourceMap, Diagnostics)> {
    crate::format::format(text).map_err(|_| {
        let mut sources = SourceMap::default();
        let source = sources.add(path, text);
        let (_, mut diagnostics) = crate::syntax::parse(source, text);
        diagnostics.sort();
        (sources, diagnostics)
    })
}
