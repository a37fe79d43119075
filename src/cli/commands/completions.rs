//! Runs `talkform completions`: prints shell completions.

use clap::Args;

use crate::cli::failure::{Exit, Failure};
use crate::cli::terminal::Terminal;

/// The arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell to print completions for
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Prints the completion script of one shell for `command`, the whole command line.
pub(crate) fn run(
    arguments: &CompletionsArguments,
    command: &mut clap::Command,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "talkform", &mut script);
    terminal.result(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
