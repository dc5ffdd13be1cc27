//! The `rulec` command: one file per subcommand.
//!
//! Exit codes: 0 fine (warnings too), 1 errors, failed tests or rejects, 2 usage or input/output.

mod check;
mod compare;
mod csv;
mod emit;
mod explain;
mod fmt;
mod input;
mod log;
mod new;
mod progress;
mod replay;
mod run;
mod size;
mod state;
mod state_report;
mod summary;
mod test;
mod unpack;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::Format;

/// Write, check, test and run fraud rules.
#[derive(Parser)]
#[command(name = "rulec", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Start with `rulec new my-rules`, then `rulec test my-rules`.\n\
Exit codes: 0 fine, 1 errors, failed tests or rejected events, 2 wrong usage or input/output.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    New(new::New),
    Check(check::Check),
    Test(test::Test),
    Fmt(fmt::Fmt),
    Run(run::Run),
    Replay(replay::Replay),
    State(state::State),

    Explain(explain::Explain),
    Emit(emit::Emit),
    /// Print a completion script for your shell
    #[command(
        after_help = "Example: rulec completions bash > ~/.local/share/bash-completion/completions/rulec"
    )]
    Completions {
        /// The shell you use
        shell: clap_complete::Shell,
    },
}

/// How a command ended.
enum Outcome {
    Fine,
    /// Errors in rules, failed tests, rejected events.
    Found,
}

/// What keeps a command from doing its work: usage, or input and output.
struct Failure(String);

type CommandResult = Result<Outcome, Failure>;

impl Failure {
    fn new(text: impl std::fmt::Display) -> Failure {
        Failure(text.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::new(error)
    }
}

/// When to use colour.
#[derive(Copy, Clone, Debug, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

impl Colour {
    #[expect(clippy::disallowed_methods, reason = "NO_COLOR is the user's word, and this is the host")]
    fn on(self, terminal: bool) -> bool {
        match self {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => terminal && std::env::var("NO_COLOR").map_or(true, |v| v.is_empty()),
        }
    }
}

/// How findings are written.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
enum FindingFormat {
    /// With source and arrows, for a terminal
    Human,
    /// One line per finding, then its help
    Plain,
    /// An array of objects, for programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of a GitHub workflow
    Github,
}

impl From<FindingFormat> for Format {
    fn from(format: FindingFormat) -> Format {
        match format {
            FindingFormat::Human => Format::Human,
            FindingFormat::Plain => Format::Plain,
            FindingFormat::Json => Format::Json,
            FindingFormat::Sarif => Format::Sarif,
            FindingFormat::Github => Format::Github,
        }
    }
}

/// The whole program; what it prints goes to standard output and error.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let help = !error.use_stderr();
            // A closed pipe is the reader's choice.
            let _ = error.print();
            return ExitCode::from(if help { 0 } else { 2 });
        }
    };
    let result = match cli.command {
        Command::New(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Test(command) => command.run(),
        Command::Fmt(command) => command.run(),
        Command::Run(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::State(command) => command.run(),

        Command::Explain(command) => command.run(),
        Command::Emit(command) => command.run(),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "rulec", &mut script);
            print(&script)
        }
    };
    match result {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(1),
        Err(Failure(text)) => {
            let _ = writeln!(std::io::stderr(), "rulec: {text}");
            ExitCode::from(2)
        }
    }
}

/// Writes to standard output; a reader that has gone away is no failure.
fn print(bytes: &[u8]) -> CommandResult {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(Outcome::Fine),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Outcome::Fine),
        Err(error) => Err(Failure::new(format!("can't write to standard output: {error}"))),
    }
}

/// Writes findings to standard error.
fn print_findings(text: &str) {
    if !text.is_empty() {
        let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
    }
}

/// Compiles a ruleset for a command that runs it; its errors end the command, its warnings are left to `check`.
fn compile(path: &str) -> Result<crate::Compiled, Result<Outcome, Failure>> {
    crate::compile(path).map_err(|error| match error {
        crate::CompileError::File(error) => Err(Failure::new(error)),
        rejected => {
            let terminal = std::io::stderr().is_terminal();
            print_findings(&rejected.render(Format::Human, Colour::Auto.on(terminal)));
            let _ = writeln!(std::io::stderr(), "the ruleset `{path}` has errors, so nothing was run");
            Ok(Outcome::Found)
        }
    })
}
