//! `completions`

use clap::CommandFactory;

use crate::cli::args::{Arguments, CompletionsArguments};
use crate::cli::failure::{Exit, Failure};
use crate::cli::terminal::Terminal;

/// Prints the completions of one shell.
pub(crate) fn run(arguments: &CompletionsArguments, terminal: Terminal) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "talkform",
        &mut script,
    );
    terminal.result(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
