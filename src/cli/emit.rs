//! `rulec emit`: a ruleset as the compiler sees it, stage by stage.

use clap::{Args, ValueEnum};

use super::{CommandResult, Failure, compile, print};
use crate::DiskFiles;
use crate::tooling;

/// Print a ruleset as a stage of the compiler sees it
#[derive(Args)]
pub struct Emit {
    /// A directory of *.rules files, or one file
    ruleset: String,
    /// Which stage to print
    #[arg(long, value_enum)]
    stage: Stage,
}

#[derive(Copy, Clone, ValueEnum)]
enum Stage {
    /// The tree as written
    Ast,
    /// Names resolved, types known
    Hir,
    /// The shared plan of all rules
    Plan,
    /// What the virtual machine runs
    Bytecode,
}

impl Emit {
    pub fn run(self) -> CommandResult {
        let text = match self.stage {
            Stage::Ast => {
                let parsed = tooling::Sources::read(&DiskFiles, &self.ruleset)
                    .and_then(tooling::Sources::parse)
                    .map_err(Failure::new)?;
                let mut text = String::new();
                for file in &parsed.files {
                    text.push_str(&format!("// {}\n", parsed.sources.get(file.file.source).path));
                    text.push_str(&tooling::print_ast(&file.file));
                }
                text
            }
            Stage::Hir => {
                // What could be understood is worth seeing even if there are errors.
                let checked = tooling::check_path(&self.ruleset).map_err(Failure::new)?;
                tooling::print_hir(&checked.hir)
            }
            Stage::Plan | Stage::Bytecode => {
                let compiled = match compile(&self.ruleset) {
                    Ok(compiled) => compiled,
                    Err(ended) => return ended,
                };
                match self.stage {
                    Stage::Plan => compiled.ruleset.print_plan(),
                    _ => compiled.ruleset.print_bytecode(),
                }
            }
        };
        print(text.as_bytes())
    }
}
