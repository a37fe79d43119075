//! Users that a plan deletes on Channel: what has to be agreed to besides the plan.

use crate::cli::args::ApplyArguments;
use crate::cli::failure::Failure;
use crate::cli::output::counted;
use crate::cli::terminal::Terminal;
use talkform::model::Plan;

/// The deletions of a plan that nobody has agreed to by number yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Deletions(usize);

impl Deletions {
    /// Of this plan. `--auto-approve` alone does not agree to deletions: where it is given, so must be
    /// a number that is large enough.
    pub(crate) fn of(plan: &Plan, arguments: &ApplyArguments) -> Result<Self, Failure> {
        let planned = plan.deletions();
        let allowed = arguments.allow_deletes;
        if planned <= allowed.unwrap_or(0) {
            return Ok(Self(0));
        }
        if !arguments.auto_approve {
            return Ok(Self(planned));
        }
        let agreed = match allowed {
            None => "nobody has agreed to that".to_owned(),
            Some(allowed) => format!("--allow-deletes agrees to {allowed}"),
        };
        Err(Failure::with_hint(
            format!(
                "the plan deletes {} on Channel, and {agreed}; nothing was sent",
                counted(planned, "user", "users")
            ),
            format!(
                "a deletion cannot be undone; if it is meant: --allow-deletes {planned}, beside --auto-approve"
            ),
        ))
    }

    /// Asks for the number, where there is one to be asked for.
    pub(crate) fn confirm(&self, terminal: Terminal, channel: &str) -> Result<(), Failure> {
        let Self(planned) = *self;
        if planned == 0 {
            return Ok(());
        }
        let question = format!(
            "{} will be deleted from {channel}. That cannot be undone.",
            counted(planned, "user", "users")
        );
        terminal.approve_in_words(&question, &format!("delete {planned}"))
    }
}
