//! What became of each change.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::{Action, ApiChange, FieldPath, MemberId, StopCause};

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done and recorded.
    Applied {
        /// Fields that Channel's answer did not show as sent.
        unconfirmed: BTreeSet<FieldPath>,
    },
    /// Channel refused this user; sending the same again is pointless until something changes.
    Rejected {
        /// The answer's status.
        status: u16,
        /// The answer's machine-readable type.
        code: Option<String>,
        /// The answer's words. They may echo personal data: for the terminal only, masked.
        message: Option<String>,
    },
    /// Not done although it might have been: the network, a timeout, Channel's own trouble.
    Failed {
        /// What happened last, without any value of the user.
        message: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// Never tried.
    Skipped {
        /// Why.
        cause: SkipCause,
    },
}

/// Why a change was never tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkipCause {
    /// The run was stopping.
    Stopped(StopCause),
}

/// One user's outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserOutcome {
    /// Whose.
    pub id: MemberId,
    /// What the change does.
    pub action: Action,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a whole plan: exactly one outcome per change, in the order of ids.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Report {
    /// One for each planned change.
    pub outcomes: Vec<UserOutcome>,
    /// That the state names another API version now.
    pub api: Option<ApiChange>,
    /// How many desired users needed nothing.
    pub unchanged: usize,
    /// Requests that were sent, repeats included, the question for the channel's id not.
    pub requests: u64,
    /// Requests that were repeats.
    pub retried: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Why it ended before its end.
    pub stopped: Option<StopCause>,
}

impl Report {
    /// Of a plan that was empty.
    pub fn nothing(unchanged: usize) -> Self {
        Self {
            outcomes: Vec::new(),
            api: None,
            unchanged,
            requests: 0,
            retried: 0,
            elapsed: Duration::ZERO,
            stopped: None,
        }
    }

    /// How many changes of this action were applied.
    pub fn applied(&self, action: Action) -> usize {
        self.outcomes
            .iter()
            .filter(|user| user.action == action && matches!(user.outcome, Outcome::Applied { .. }))
            .count()
    }

    /// How many changes were rejected or failed.
    pub fn failed(&self) -> usize {
        self.outcomes
            .iter()
            .filter(|user| {
                matches!(
                    user.outcome,
                    Outcome::Rejected { .. } | Outcome::Failed { .. }
                )
            })
            .count()
    }

    /// Whether there is anything new to record.
    pub fn changed_the_record(&self) -> bool {
        self.outcomes.iter().any(|user| {
            matches!(
                user.outcome,
                Outcome::Applied { .. } | Outcome::Rejected { .. }
            )
        })
    }

    /// How many changes were never tried.
    pub fn skipped(&self) -> usize {
        self.outcomes
            .iter()
            .filter(|user| matches!(user.outcome, Outcome::Skipped { .. }))
            .count()
    }
}
