//! The outermost ring: arguments, environment, clock and printing, and a page of plain steps for
//! each command.

mod args;
mod channel;
mod clock;
mod commands;
mod deletions;
mod drift_checkpoint;
mod failure;
mod files;
mod git;
mod github;
mod lock_owner;
mod logging;
mod output;
mod project;
mod request_options;
mod reviewed;
mod session;
mod signals;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::args::{Arguments, Command};
use crate::cli::failure::{Exit, Failure};
use crate::cli::terminal::Terminal;

/// Runs the program: arguments in, exit code out.
pub(crate) fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { 64 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let terminal = Terminal::new(arguments.global.color);
    let ended =
        logging::start(&arguments.global, terminal).and_then(|()| run(&arguments, terminal));
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if let Failure::Diagnostics(found) = &failure {
                github::annotate(terminal, &arguments.global.directory, found);
            }
            output::failure(terminal, &failure);
            failure.exit_code()
        }
    }
}

fn run(arguments: &Arguments, terminal: Terminal) -> Result<Exit, Failure> {
    let global = &arguments.global;
    match &arguments.command {
        Command::Init(init) => commands::init::run(global, init, terminal),
        Command::Validate(validate) => commands::validate::run(global, validate, terminal),
        Command::Plan(plan) => commands::plan::run(global, plan, terminal),
        Command::Apply(apply) => commands::apply::run(global, apply, terminal),
        Command::Drift(drift) => commands::drift::run(global, drift, terminal),
        Command::Import(import) => commands::import::run::run(global, import, terminal),
        Command::Show(show) => commands::state::show_all(global, show, terminal),
        Command::State(state) => commands::state::run(global, state, terminal),
        Command::Sandbox(sandbox) => commands::sandbox::run(sandbox, terminal),
        Command::Schema(schema) => commands::schema::run(global, schema, terminal),
        Command::Completions(completions) => commands::completions::run(completions, terminal),
    }
}
