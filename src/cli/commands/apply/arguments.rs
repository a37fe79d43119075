//! Declares the arguments of `talkform apply`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::approval::{Approval, ReviewedPlan};
use crate::cli::args::{DataFormat, Planning, RequestOptions, duration};
use crate::cli::failure::Failure;
use crate::cli::project::LoadedProject;
use crate::cli::suggest::approving_command::ApprovingCommand;
use talkform::model::{Desired, ShownIds, State, known_ids};

/// The arguments of `apply`.
#[derive(Debug, Args)]
pub(crate) struct ApplyArguments {
    /// A plan file: apply this plan and no other
    ///
    /// `plan --out` writes it. An apply of a plan file does not ask, because the review was the question.
    #[arg(value_name = "PLAN", conflicts_with = "expect")]
    pub plan: Option<PathBuf>,
    /// What goes into the plan.
    #[command(flatten)]
    pub planning: Planning,
    /// The approvals.
    #[command(flatten)]
    pub approval: Approval,
    /// Stop at the first user that fails
    #[arg(long, env = "TALKFORM_FAIL_FAST", hide_short_help = true)]
    pub fail_fast: bool,
    /// How long to wait for another run that holds the lock: `0s`, `5m`
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT", hide_short_help = true)]
    pub lock_timeout: Duration,
    /// The format of the report: text or json
    #[arg(long, value_enum, default_value_t, env = "TALKFORM_FORMAT")]
    pub format: DataFormat,
    /// How requests are sent.
    #[command(flatten)]
    pub traffic: RequestOptions,
}

impl ApplyArguments {
    /// The plan file, if one is named.
    pub(crate) fn reviewed(
        &self,
        settings: &LoadedProject,
    ) -> Result<Option<ReviewedPlan>, Failure> {
        self.plan
            .as_deref()
            .map(|path| ReviewedPlan::read(path, &self.planning, &settings.invocation))
            .transpose()
    }

    /// Fails if a pattern of --select matches no user. A plan file has a selection of its own.
    pub(crate) fn check_selection(
        &self,
        reviewed: Option<&ReviewedPlan>,
        desired: &Desired,
        state: &State,
        shown: &ShownIds,
    ) -> Result<(), Failure> {
        if reviewed.is_some() {
            return Ok(());
        }
        let known = known_ids(desired, state);
        self.planning.selection.check(known.into_iter(), shown)
    }

    /// The command line of this apply, for suggestions.
    pub(crate) fn command(&self, settings: &LoadedProject) -> ApprovingCommand {
        let mut words = vec!["apply".to_owned()];
        match &self.plan {
            Some(path) => words.push(path.display().to_string()),
            None => words.extend(self.planning.flags()),
        }
        if self.approval.auto_approve {
            words.push("--auto-approve".to_owned());
        }
        if let Some(digest) = &self.approval.expect {
            words.extend(["--expect".to_owned(), digest.to_string()]);
        }
        ApprovingCommand {
            invocation: settings.invocation.clone(),
            words,
            limits: self
                .approval
                .approve_limits
                .as_ref()
                .map(ToString::to_string),
            deletes: self.approval.allow_deletes,
        }
    }
}
