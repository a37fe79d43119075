//! Declares the arguments of `talkform erase`.

use std::time::Duration;

use clap::Args;

use crate::cli::args::{DataFormat, RequestOptions, duration};
use crate::cli::project::LoadedProject;
use crate::cli::suggest::approving_command::ApprovingCommand;
use talkform::model::LimitApproval;

/// The arguments of `erase`.
#[derive(Debug, Args)]
pub(crate) struct EraseArguments {
    /// The member id of the person
    #[arg(value_name = "ID")]
    pub id: String,
    /// Leave the user on Channel, and send nothing
    #[arg(
        long,
        env = "TALKFORM_KEEP_ON_CHANNEL",
        conflicts_with = "allow_deletes"
    )]
    pub keep_on_channel: bool,
    /// Agree that up to N users are deleted on Channel
    ///
    /// That is permanent. Without this, a person types `delete 1`. With it nobody is asked, and the project has
    /// to name `channel.id`.
    #[arg(long, value_name = "N")]
    pub allow_deletes: Option<usize>,
    /// Agree that the deletion exceeds limits
    ///
    /// `DIGEST` is that of the deletion, and the error that asks for it names it.
    #[arg(long, value_name = "DIGEST", conflicts_with = "keep_on_channel")]
    pub approve_limits: Option<LimitApproval>,
    /// How long to wait for another run that holds the lock: `0s`, `5m`
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT", hide_short_help = true)]
    pub lock_timeout: Duration,
    /// The format: text or json
    #[arg(long, value_enum, default_value_t, env = "TALKFORM_FORMAT")]
    pub format: DataFormat,
    /// How requests are sent.
    #[command(flatten)]
    pub traffic: RequestOptions,
}

impl EraseArguments {
    /// Whether a person is asked before the user is deleted on Channel.
    pub(crate) fn asks(&self) -> bool {
        !self.keep_on_channel && self.allow_deletes.unwrap_or(0) == 0
    }

    /// The command line of this erasure for suggestions, with an id as it is shown.
    pub(crate) fn command(&self, settings: &LoadedProject, shown: &str) -> ApprovingCommand {
        let mut words = vec!["erase".to_owned(), shown.to_owned()];
        if self.keep_on_channel {
            words.push("--keep-on-channel".to_owned());
        }
        ApprovingCommand {
            invocation: settings.invocation.clone(),
            words,
            limits: self.approve_limits.as_ref().map(ToString::to_string),
            deletes: self.allow_deletes,
        }
    }
}
