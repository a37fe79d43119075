//! Parses the command line, runs one command and turns its end into an exit code.

use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::cli::args::{Color, Global};
use crate::cli::commands::apply::ApplyArguments;
use crate::cli::commands::completions::CompletionsArguments;
use crate::cli::commands::drift::run::DriftArguments;
use crate::cli::commands::erase::EraseArguments;
use crate::cli::commands::import::arguments::ImportArguments;
use crate::cli::commands::init::InitArguments;
use crate::cli::commands::man::ManArguments;
use crate::cli::commands::plan::PlanArguments;
use crate::cli::commands::sandbox::SandboxArguments;
use crate::cli::commands::schema::SchemaArguments;
use crate::cli::commands::state::arguments::{ShowArguments, StateCommand};
use crate::cli::commands::validate::ValidateArguments;
use crate::cli::failure::{Exit, Failure};
use crate::cli::terminal::Terminal;
use crate::cli::usage::{brief, habits};
use crate::cli::{commands, environment, github, logging, output, signals};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Keeps the users of a Channel Talk channel as code.
#[derive(Debug, Parser)]
#[command(
    name = "talkform",
    version,
    styles = STYLES,
    max_term_width = 100,
    after_help = "Exit codes: 0 done or nothing to do; 1 refused or failed before anything was sent; 2 changes (only with --detailed-exitcode); 3 some users failed; 4 stopped early, run again; 64 wrong usage."
)]
pub(crate) struct Arguments {
    /// Global flags.
    #[command(flatten)]
    pub global: Global,
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a working project with an example and CI recipes
    #[command(after_help = "Example: talkform init my-channel")]
    Init(InitArguments),
    /// Check the project file and the manifests
    #[command(after_help = "Example: talkform validate")]
    Validate(ValidateArguments),
    /// Show what apply would change
    ///
    /// Without --refresh, it opens no socket and needs no credentials.
    #[command(
        alias = "diff",
        after_help = "Example: talkform plan --base origin/main"
    )]
    Plan(PlanArguments),
    /// Send the upserts that are needed
    #[command(after_help = "Example: talkform apply --sandbox")]
    Apply(ApplyArguments),
    /// Read every recorded user and show how Channel differs from what was applied
    #[command(after_help = "Example: talkform drift --sample 200")]
    Drift(DriftArguments),
    /// Read users from Channel and write manifests that declare them
    #[command(after_help = "Example: talkform import u-1001 u-1002")]
    Import(ImportArguments),
    /// Remove a person from the manifests, the state and Channel
    ///
    /// Shows what still names the person, such as commits of the git history. It rewrites no history. After an
    /// interruption, run it again.
    #[command(after_help = "Example: talkform erase u-1001")]
    Erase(EraseArguments),
    /// Show a plan file or the state in readable form
    #[command(after_help = "Example: talkform show plan.json")]
    Show(ShowArguments),
    /// Inspect and change the state
    #[command(subcommand)]
    State(StateCommand),
    /// Run a local server that behaves like Channel, for trials and tests
    #[command(after_help = "Example: talkform sandbox --fault 500:10%")]
    Sandbox(SandboxArguments),
    /// Print a JSON Schema
    #[command(after_help = "Example: talkform schema manifest")]
    Schema(SchemaArguments),
    /// Print completions for a shell
    #[command(after_help = "Example: talkform completions bash")]
    Completions(CompletionsArguments),
    /// Write manual pages and completions into a folder
    #[command(after_help = "Example: talkform man target/man")]
    Man(ManArguments),
    /// Print the version
    #[command(hide = true, after_help = "Example: talkform version")]
    Version,
}

/// Runs the program and returns its exit code.
pub(crate) fn main() -> ExitCode {
    signals::report_large_files();
    let arguments = match parse() {
        Ok(arguments) => arguments,
        Err(code) => return code,
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

/// Parses the command line and the variables. Prints why that fails, or the help, and returns the exit code.
fn parse() -> Result<Arguments, ExitCode> {
    let mut command = environment::with_variables(Arguments::command());
    let words = habits::with_two_dashes(std::env::args_os().collect(), &command);
    if brief::is_asked_for(&words) {
        command = brief::brief(command);
    }
    let parsed = command
        .try_get_matches_from_mut(words)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    parsed.map_err(|error| {
        let _ = error.print();
        if let Some(answer) = habits::answer(&error) {
            Terminal::new(Color::Never).talk(&format!(" help: {answer}"));
        }
        command.build();
        if let Some(name) = environment::named_by(&command, &error) {
            Terminal::new(Color::Never)
                .talk(&format!(" help: the value comes from the variable {name}"));
        }
        ExitCode::from(if error.use_stderr() { 64 } else { 0 })
    })
}

fn run(arguments: &Arguments, terminal: Terminal) -> Result<Exit, Failure> {
    let global = &arguments.global;
    match &arguments.command {
        Command::Init(init) => commands::init::run(global, init, terminal),
        Command::Validate(validate) => commands::validate::run(global, validate, terminal),
        Command::Plan(plan) => commands::plan::run(global, plan, terminal),
        Command::Apply(apply) => commands::apply::run(global, apply, terminal),
        Command::Drift(drift) => commands::drift::run::run(global, drift, terminal),
        Command::Import(import) => commands::import::run::run(global, import, terminal),
        Command::Erase(erase) => commands::erase::run(global, erase, terminal),
        Command::Show(show) => commands::state::run::show_all(global, show, terminal),
        Command::State(state) => commands::state::run::run(global, state, terminal),
        Command::Sandbox(sandbox) => commands::sandbox::run(sandbox, terminal),
        Command::Schema(schema) => commands::schema::run(global, schema, terminal),
        Command::Completions(completions) => {
            commands::completions::run(completions, &mut Arguments::command(), terminal)
        }
        Command::Man(man) => commands::man::run(man, Arguments::command, terminal),
        Command::Version => {
            terminal.result(&Arguments::command().render_version())?;
            Ok(Exit::Done)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_sound() {
        Arguments::command().debug_assert();
    }

    /// Flags that agree to something: they are written where they are used.
    const AGREEMENTS: &[&str] = &[
        "auto_approve",
        "expect",
        "approve_limits",
        "allow_deletes",
        "show_sensitive",
        "force",
    ];

    #[test]
    fn every_flag_but_an_agreement_has_a_variable() {
        fn check(command: &clap::Command, agreements: &mut Vec<String>) {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                if argument.get_long().is_none() || ["help", "version"].contains(&id) {
                    continue;
                }
                let name = argument.get_env().and_then(std::ffi::OsStr::to_str);
                let is_agreement = AGREEMENTS.contains(&id);
                if is_agreement {
                    agreements.push(id.to_owned());
                }
                assert_eq!(
                    name.is_some_and(|name| name.starts_with("TALKFORM_")),
                    !is_agreement,
                    "--{id} of {}",
                    command.get_name()
                );
            }
            for inner in command.get_subcommands() {
                check(inner, agreements);
            }
        }
        let mut agreements = Vec::new();
        check(&Arguments::command(), &mut agreements);
        agreements.sort();
        agreements.dedup();
        assert_eq!(agreements.len(), AGREEMENTS.len());
    }
}
