//! `completions`

use clap::Args;

use crate::cli::failure::{Exit, Failure};
use crate::cli::terminal::Terminal;

/// `completions`
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// For which shell
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
