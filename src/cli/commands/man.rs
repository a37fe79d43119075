//! Runs `talkform man`: writes manual pages and completions into a folder.

use std::path::PathBuf;

use clap::{Args, ValueEnum as _};
use clap_complete::{Generator as _, Shell};

use crate::cli::failure::{Exit, Failure};
use crate::cli::files;
use crate::cli::output::counted;
use crate::cli::terminal::Terminal;

/// The arguments of `man`.
#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// The folder; it gets `man1` and `completions`
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// Writes a manual page of each command, and the completions of each shell. `command` makes the whole command line.
pub(crate) fn run(
    arguments: &ManArguments,
    command: fn() -> clap::Command,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let pages = arguments.folder.join("man1");
    let completions = arguments.folder.join("completions");
    for folder in [&pages, &completions] {
        files::make_folder(folder)?;
    }
    for shell in Shell::value_variants() {
        // `generate_to` would panic if the file cannot be written.
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut command(), "talkform", &mut script);
        std::fs::write(completions.join(shell.file_name("talkform")), script)
            .map_err(|error| unwritten(&completions, &error))?;
    }
    clap_mangen::generate_to(without_help(command()), &pages)
        .map_err(|error| unwritten(&pages, &error))?;
    let count = files::entries(&pages)
        .map_err(|error| files::unread(&pages, &error))?
        .len();
    terminal.result(&format!(
        "Wrote {} to {} and completions for {} shells to {}.\n",
        counted(count, "manual page", "manual pages"),
        pages.display(),
        Shell::value_variants().len(),
        completions.display()
    ))?;
    Ok(Exit::Done)
}

/// `help` has the pages of the other commands again.
fn without_help(command: clap::Command) -> clap::Command {
    command
        .disable_help_subcommand(true)
        .mut_subcommands(without_help)
}

fn unwritten(folder: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::refused(format!("cannot write to {}: {error}", folder.display()))
}
