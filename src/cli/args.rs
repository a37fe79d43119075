//! The arguments. Every flag has a twin in the environment.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use crate::cli::commands::import::arguments::ImportArguments;
pub(crate) use crate::cli::request_options::RequestOptions;
use crate::cli::request_options::{duration, positive};
use talkform::model::ApiVersion;

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
    propagate_version = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 done or nothing to do; 1 refused or failed before anything was sent; 2 changes (only with --detailed-exitcode); 3 some users failed; 4 stopped early, run again; 64 wrong usage."
)]
pub(crate) struct Arguments {
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The project's folder
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        default_value = ".",
        env = "TALKFORM_DIRECTORY",
        global = true
    )]
    pub directory: PathBuf,
    /// The environment of the project file to use
    #[arg(long = "env", value_name = "NAME", env = "TALKFORM_ENV", global = true)]
    pub environment: Option<String>,
    /// Use a local Channel of this project's own, with its own state, instead of the real ones
    #[arg(long, env = "TALKFORM_SANDBOX", global = true)]
    pub sandbox: bool,
    /// When to use colour
    #[arg(
        long,
        value_enum,
        default_value_t,
        env = "TALKFORM_COLOR",
        global = true
    )]
    pub color: Color,
    /// Show values of sensitive fields
    #[arg(long, env = "TALKFORM_SHOW_SENSITIVE", global = true)]
    pub show_sensitive: bool,
    /// How to write the log to stderr
    #[arg(
        long,
        value_enum,
        default_value_t,
        env = "TALKFORM_LOG_FORMAT",
        global = true
    )]
    pub log_format: LogFormat,
    /// How much to log
    #[arg(
        long = "log",
        value_enum,
        value_name = "LEVEL",
        default_value_t,
        env = "TALKFORM_LOG",
        global = true
    )]
    pub log: LogLevel,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much to log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// What went wrong.
    Error,
    /// What looks wrong.
    #[default]
    Warn,
    /// What is done.
    Info,
    /// Each request.
    Debug,
    /// Everything.
    Trace,
}

/// How to write the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a working project with an example and CI recipes
    Init(InitArguments),
    /// Check the project file and the manifests
    Validate(ValidateArguments),
    /// Show what an apply would change; without --refresh it opens no socket and needs no credentials
    Plan(PlanArguments),
    /// Send the upserts that are needed
    Apply(ApplyArguments),
    /// Show how Channel differs from what was applied; reads every recorded user
    Drift(DriftArguments),
    /// Read users from Channel and write manifests that declare them as they are
    Import(ImportArguments),
    /// Show a plan file or the state, for people
    Show(ShowArguments),
    /// Look after the state
    #[command(subcommand)]
    State(StateCommand),
    /// Run a local Channel for trying out and for tests
    Sandbox(SandboxArguments),
    /// Print a JSON Schema
    Schema(SchemaArguments),
    /// Print completions for a shell
    Completions(CompletionsArguments),
}

/// `init`
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// Where to make the project
    #[arg(value_name = "DIR")]
    pub target: Option<PathBuf>,
}

/// `validate`
#[derive(Debug, Args)]
pub(crate) struct ValidateArguments {
    /// How to print what was found
    #[arg(long, value_enum, default_value_t, env = "TALKFORM_FORMAT")]
    pub format: DiagnosticFormat,
    /// Print all users as they were understood, defaults merged, as one manifest; values of
    /// sensitive fields are masked unless --show-sensitive is given
    #[arg(long, env = "TALKFORM_PRINT")]
    pub print: bool,
}

/// How to print diagnostics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiagnosticFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON array.
    Json,
}

/// What a plan is made of.
#[derive(Debug, Args)]
pub(crate) struct Planning {
    /// Look only at users whose id fits (`*` any run, `?` one character); may be repeated
    #[arg(long, value_name = "PATTERN", env = "TALKFORM_SELECT")]
    pub select: Vec<String>,
    /// Show every change, also where many are alike
    #[arg(long, env = "TALKFORM_FULL")]
    pub full: bool,
    /// First read the users from Channel, so that what was changed or deleted there is set right;
    /// consent that a person changed is left alone
    #[arg(long, env = "TALKFORM_REFRESH")]
    pub refresh: bool,
    /// Read every manifest, also those that are known to be as recorded; the plan is the same
    #[arg(long, env = "TALKFORM_NO_SHORTCUT")]
    pub no_shortcut: bool,
}

/// `drift`
#[derive(Debug, Args)]
pub(crate) struct DriftArguments {
    /// Read only users whose id fits (`*` any run, `?` one character); may be repeated
    #[arg(long, value_name = "PATTERN", env = "TALKFORM_SELECT")]
    pub select: Vec<String>,
    /// Read only so many users, chosen at random
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), env = "TALKFORM_SAMPLE")]
    pub sample: Option<u32>,
    /// Choose the same users as the run that printed this number
    #[arg(long, value_name = "N", requires = "sample", env = "TALKFORM_SEED")]
    pub seed: Option<u64>,
    /// Begin anew, where an earlier run was interrupted
    #[arg(long, env = "TALKFORM_RESTART")]
    pub restart: bool,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t, env = "TALKFORM_FORMAT")]
    pub format: PlanFormat,
    /// Exit with 2 where there is drift, a person's own choice included
    #[arg(long, env = "TALKFORM_DETAILED_EXITCODE")]
    pub detailed_exitcode: bool,
    /// Show every user, also where many are alike
    #[arg(long, env = "TALKFORM_FULL")]
    pub full: bool,
    /// The most bytes that `--format markdown` writes
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 60_000,
        env = "TALKFORM_MAX_BYTES"
    )]
    pub max_bytes: usize,
    /// How to read.
    #[command(flatten)]
    pub traffic: RequestOptions,
}

/// `plan`
#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// What to look at.
    #[command(flatten)]
    pub planning: Planning,
    /// How to print the plan
    #[arg(long, value_enum, default_value_t, env = "TALKFORM_FORMAT")]
    pub format: PlanFormat,
    /// Exit with 2 where there are changes
    #[arg(long, env = "TALKFORM_DETAILED_EXITCODE")]
    pub detailed_exitcode: bool,
    /// Also write the plan to a file that holds no values, for `apply FILE`
    #[arg(long, value_name = "FILE", env = "TALKFORM_OUT")]
    pub out: Option<PathBuf>,
    /// Show the values of the manifests of this git revision as old values, where they are what
    /// was applied
    #[arg(long, value_name = "REVISION", env = "TALKFORM_BASE")]
    pub base: Option<String>,
    /// The most bytes that `--format markdown` writes
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 60_000,
        env = "TALKFORM_MAX_BYTES"
    )]
    pub max_bytes: usize,
    /// How to read, with --refresh.
    #[command(flatten)]
    pub traffic: RequestOptions,
}

/// How to print a plan, or drift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON document; see `talkform schema`.
    Json,
    /// A comment for a pull request.
    Markdown,
}

/// `apply`
#[derive(Debug, Args)]
pub(crate) struct ApplyArguments {
    /// A plan file of `plan --out`: run this plan and no other
    #[arg(value_name = "PLAN", conflicts_with = "expect")]
    pub plan: Option<PathBuf>,
    /// What to look at.
    #[command(flatten)]
    pub planning: Planning,
    /// Do not ask
    #[arg(long, env = "TALKFORM_AUTO_APPROVE")]
    pub auto_approve: bool,
    /// Run only if the plan has this digest
    #[arg(long, value_name = "DIGEST", env = "TALKFORM_EXPECT")]
    pub expect: Option<String>,
    /// Agree that the plan with this digest exceeds limits
    #[arg(long, value_name = "DIGEST", env = "TALKFORM_APPROVE_LIMITS")]
    pub approve_limits: Option<String>,
    /// Agree that up to so many users are deleted on Channel, for good; a plan that deletes more is not
    /// run without a person who agrees
    #[arg(long, value_name = "N", env = "TALKFORM_ALLOW_DELETES")]
    pub allow_deletes: Option<usize>,
    /// Stop at the first user that fails
    #[arg(long, env = "TALKFORM_FAIL_FAST")]
    pub fail_fast: bool,
    /// How long to wait for somebody else's apply: `0s`, `5m`
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT")]
    pub lock_timeout: std::time::Duration,
    /// Print the report as one JSON document; see `talkform schema report`
    #[arg(long, env = "TALKFORM_JSON")]
    pub json: bool,
    /// How to send.
    #[command(flatten)]
    pub traffic: RequestOptions,
}

/// `show`
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// A plan file; without one, the state
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
}

/// `state`
#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// List the recorded users
    List {
        /// Only ids that fit; may be repeated
        #[arg(value_name = "PATTERN")]
        select: Vec<String>,
    },
    /// Show what is recorded of one user
    Show {
        /// The user's member id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Drop users from the state; Channel keeps them, and the next apply sends them again if they
    /// are still declared
    Forget {
        /// Member ids
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
        /// How long to wait for somebody else's apply
        #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT")]
        lock_timeout: std::time::Duration,
    },
    /// Make all digests anew, from the secret in `TALKFORM_STATE_KEY` (where the state has one) to that
    /// in `TALKFORM_STATE_KEY_NEW`. The manifests must be as applied
    Rekey {
        /// Make digests without a secret
        #[arg(long, env = "TALKFORM_WITHOUT_KEY")]
        without_key: bool,
        /// How long to wait for somebody else's apply
        #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT")]
        lock_timeout: std::time::Duration,
    },
}

/// `sandbox`
#[derive(Debug, Args)]
pub(crate) struct SandboxArguments {
    /// Where to listen
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8787",
        env = "TALKFORM_SANDBOX_LISTEN"
    )]
    pub listen: std::net::SocketAddr,
    /// The file that keeps its users; without one they are gone at the end
    #[arg(long, value_name = "FILE", env = "TALKFORM_SANDBOX_USERS")]
    pub users: Option<PathBuf>,
    /// The id of its channel
    #[arg(
        long,
        value_name = "ID",
        default_value = "sandbox",
        env = "TALKFORM_SANDBOX_CHANNEL"
    )]
    pub channel: String,
    /// Requests a second that refill its bucket
    #[arg(long, value_name = "N", default_value_t = 10.0, value_parser = positive, env = "TALKFORM_SANDBOX_PER_SECOND")]
    pub per_second: f64,
    /// The size of its bucket
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..), env = "TALKFORM_SANDBOX_BURST")]
    pub burst: u32,
    /// What goes wrong
    #[arg(long, value_name = "FAULT", env = "TALKFORM_SANDBOX_FAULT")]
    pub fault: Vec<String>,
    /// Makes the faults the same in every run
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        env = "TALKFORM_SANDBOX_SEED"
    )]
    pub seed: u64,
}

/// `schema`
#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// Of what
    #[arg(value_enum, default_value_t)]
    pub of: SchemaOf,
    /// For which API version the manifests are; otherwise the project's, or v4
    #[arg(long, value_parser = api, env = "TALKFORM_API")]
    pub api: Option<ApiVersion>,
}

/// What a schema describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// Manifests.
    #[default]
    Manifest,
    /// The project file.
    Project,
    /// `plan --format json`.
    Plan,
    /// A plan file, `plan --out`.
    PlanFile,
    /// `apply --json`.
    Report,
    /// `drift --format json`.
    Drift,
    /// The state file.
    State,
}

/// `completions`
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// For which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

fn api(text: &str) -> Result<ApiVersion, String> {
    [ApiVersion::V4, ApiVersion::V5]
        .into_iter()
        .find(|version| version.as_str() == text)
        .ok_or_else(|| "it takes v4 or v5".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_flag_has_a_twin_in_the_environment() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments() {
                if argument.get_long().is_some()
                    && !["help", "version"].contains(&argument.get_id().as_str())
                {
                    let twin = argument.get_env().and_then(std::ffi::OsStr::to_str);
                    assert!(
                        twin.is_some_and(|name| name.starts_with("TALKFORM_")),
                        "--{} of {}",
                        argument.get_id(),
                        command.get_name()
                    );
                }
            }
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }
}
