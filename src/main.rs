//! The `rulec` command.

fn main() -> std::process::ExitCode {
    rulec::cli::main()
}
