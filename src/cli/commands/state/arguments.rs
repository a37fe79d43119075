//! Declares the arguments of `talkform show` and `talkform state`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::args::{DataFormat, duration};

/// The arguments of `show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// A plan file; without it, the state is shown
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// The format: text or json
    #[arg(long, value_enum, default_value_t, env = "TALKFORM_FORMAT")]
    pub format: DataFormat,
}

/// The subcommands of `state`.
#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// List the recorded users
    #[command(after_help = "Example: talkform state list 'u-*'")]
    List {
        /// List only ids that match (`*` any characters, `?` one character)
        #[arg(value_name = "PATTERN")]
        select: Vec<String>,
        /// The format: text or json
        #[arg(long, value_enum, default_value_t, env = "TALKFORM_FORMAT")]
        format: DataFormat,
    },
    /// Show what the state records about one user
    #[command(after_help = "Example: talkform state show u-1001")]
    Show {
        /// The member id of the user
        #[arg(value_name = "ID")]
        id: String,
        /// The format: text or json
        #[arg(long, value_enum, default_value_t, env = "TALKFORM_FORMAT")]
        format: DataFormat,
    },
    /// Rebuild a damaged state from the lines that can be trusted
    ///
    /// Users whose record is lost become pending.
    #[command(after_help = "Example: talkform state repair")]
    Repair {
        /// How long to wait for another run that holds the lock
        #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT")]
        lock_timeout: std::time::Duration,
    },
    /// Record the project's base URL and environment in the state
    ///
    /// For when one of them was renamed; the channel stays the same.
    #[command(after_help = "Example: talkform state retarget")]
    Retarget {
        /// How long to wait for another run that holds the lock
        #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT")]
        lock_timeout: std::time::Duration,
    },
    /// Create an empty state with a random salt, to commit before the first plan
    ///
    /// Without a salt, the digest of a plan covers neither ids nor values, and `apply --expect` is refused.
    #[command(after_help = "Example: talkform state init")]
    Init {
        /// How long to wait for another run that holds the lock
        #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT")]
        lock_timeout: std::time::Duration,
    },
    /// Release the lock that a killed run left behind in a bucket
    ///
    /// Without this command the lock ends two minutes after its last renewal.
    #[command(after_help = "Example: talkform state unlock 1f2e3d4c")]
    Unlock {
        /// The id of the lock, which the refused run names
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Print the state, with a journal that was left behind read into it
    #[command(after_help = "Example: talkform state pull > talkform.state.json")]
    Pull,
    /// Replace the state by a file of the same lineage that is not older
    #[command(after_help = "Example: talkform state push talkform.state.json")]
    Push {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Push a file of another lineage, or an older one
        #[arg(long)]
        force: bool,
        /// How long to wait for another run that holds the lock
        #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT")]
        lock_timeout: std::time::Duration,
    },
    /// Copy the state to another place that has none, such as a bucket
    #[command(after_help = "Example: talkform state migrate --to s3://bucket/talkform.state.json")]
    Migrate {
        /// The path or the address of the other place
        #[arg(long, value_name = "PLACE", env = "TALKFORM_TO")]
        to: PathBuf,
        /// How long to wait for another run that holds the lock
        #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT")]
        lock_timeout: std::time::Duration,
    },
    /// List the earlier states that are kept in a bucket
    #[command(after_help = "Example: talkform state versions")]
    Versions,
    /// Go back to an earlier state in a bucket
    ///
    /// Users that were applied otherwise since then become pending, so that the next apply sends them again.
    #[command(after_help = "Example: talkform state restore 41")]
    Restore {
        /// The version that `state versions` lists, or its serial
        #[arg(value_name = "VERSION")]
        version: String,
        /// Agree without being asked
        #[arg(long)]
        auto_approve: bool,
        /// How long to wait for another run that holds the lock
        #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT")]
        lock_timeout: std::time::Duration,
    },
    /// Print a new random key for `TALKFORM_STATE_KEY`
    #[command(after_help = "Example: talkform state keygen")]
    Keygen,
    /// Remove users from the state; Channel keeps them
    ///
    /// The next apply sends them again if they are still declared.
    #[command(after_help = "Example: talkform state forget u-1001")]
    Forget {
        /// Member ids
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
        /// How long to wait for another run that holds the lock
        #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT")]
        lock_timeout: std::time::Duration,
    },
    /// Recompute all digests with `TALKFORM_STATE_KEY_NEW`
    ///
    /// `TALKFORM_STATE_KEY` must hold the current secret if the state has one, and the manifests must be
    /// as applied.
    #[command(after_help = "Example: talkform state rekey")]
    Rekey {
        /// Recompute the digests without a secret
        #[arg(long, env = "TALKFORM_WITHOUT_KEY")]
        without_key: bool,
        /// How long to wait for another run that holds the lock
        #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT")]
        lock_timeout: std::time::Duration,
    },
}
