//! Defines the outcome of each change and the report of an apply.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{
    Action, ApiChange, Destination, FieldDigest, FieldPath, MemberId, RejectedRequest, ShownIds,
    State, StopCause, Value,
};
use crate::remote::Confirmation;

/// The outcome of one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done and recorded.
    Applied {
        /// How Channel's response differs from what is declared.
        confirmation: Confirmation,
        /// What the response shows in place of declared values.
        instead: ShownInstead,
    },
    /// Channel rejected a request. Sending the same again does not help until something changes.
    Rejected {
        /// Which request of the change.
        request: RejectedRequest,
        /// The status of the response.
        status: u16,
        /// The machine-readable type in the response.
        code: Option<String>,
        /// Channel's reason.
        reason: Option<RejectionReason>,
    },
    /// Not done, for a reason that may pass: the network, a timeout, trouble on Channel's side.
    Failed {
        /// What happened last, without any value of the user.
        message: String,
        /// How many requests were sent.
        attempts: u32,
    },
    /// Not tried, because the run stopped.
    Skipped {
        /// Why the run stopped.
        cause: StopCause,
    },
}

/// What a response shows in place of declared values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShownInstead {
    /// The digest of what Channel shows, by field, where that reads like the declared value. A field that the
    /// confirmation does not name as different is kept in that notation.
    pub digests: BTreeMap<FieldPath, FieldDigest>,
    /// The fields that Channel keeps in its own notation, where this response is the first to prove it.
    pub newly_kept: BTreeMap<FieldPath, KeptValue>,
}

/// What Channel keeps in place of a declared value, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptValue {
    /// The value.
    Value(Value),
    /// Hidden, because it is or may be personal.
    Sensitive,
    /// Hidden, because the project does not call the field public.
    Hidden,
    /// There is no value.
    Nothing,
}

/// Channel's reason for a rejection. It may repeat what was sent, so those values are hidden in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectionReason {
    /// The text as it may be shown.
    pub text: String,
    /// Whether any value is hidden.
    pub is_masked: bool,
}

/// The outcome of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserOutcome {
    /// The user.
    pub id: MemberId,
    /// What the change does.
    pub action: Action,
    /// The outcome of the change.
    pub outcome: Outcome,
    /// Whether the person was deleted on Channel and created anew.
    pub is_recreated: bool,
    /// Whether a request about the user has no known result, so that Channel may have either.
    pub is_pending: bool,
}

impl UserOutcome {
    /// The same with the id as it is shown.
    #[must_use]
    pub fn shown(mut self, ids: &ShownIds) -> Self {
        self.id = ids.of(&self.id).into_owned();
        self
    }
}

/// The result of an apply: exactly one outcome per change, in the order of ids.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Report {
    /// Where the users were sent.
    pub destination: Destination,
    /// One for each planned change.
    pub outcomes: Vec<UserOutcome>,
    /// The step to another API version, if the plan made one.
    pub api: Option<ApiChange>,
    /// How many desired users did not change.
    pub unchanged: usize,
    /// How many requests about users were sent, retries included.
    pub requests: u64,
    /// How many of them were retries.
    pub retried: u64,
    /// From the first request to the last response.
    pub elapsed: Duration,
    /// How many requests a second Channel allows, if its refusals with 429 have shown it.
    pub allowed_per_second: Option<f64>,
    /// Why the run ended early.
    pub stopped: Option<StopCause>,
    /// What is not certain about Channel after the run, over all users of the state.
    pub uncertain: Uncertain,
}

/// Counts the users of a state that Channel may not have as recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uncertain {
    /// Users of whom the last request has no known result.
    pub pending: usize,
    /// Users with a field that Channel's last response did not show as declared.
    pub unconfirmed: usize,
}

impl Uncertain {
    /// Counts the users of a state.
    pub fn of(state: &State) -> Self {
        Self {
            pending: state.pending.len(),
            unconfirmed: state.unconfirmed_users(),
        }
    }
}

impl Report {
    /// The same with the ids as they are shown.
    pub fn shown(mut self, ids: &ShownIds) -> Self {
        if ids.hides() {
            let outcomes = self.outcomes.into_iter();
            self.outcomes = outcomes.map(|user| user.shown(ids)).collect();
        }
        self
    }

    /// The report of an empty plan.
    pub fn nothing(destination: Destination, unchanged: usize, uncertain: Uncertain) -> Self {
        Self {
            destination,
            uncertain,
            outcomes: Vec::new(),
            api: None,
            unchanged,
            requests: 0,
            retried: 0,
            elapsed: Duration::ZERO,
            allowed_per_second: None,
            stopped: None,
        }
    }

    /// How many changes of this action were applied.
    pub fn applied(&self, action: Action) -> usize {
        self.count(|user| user.action == action && matches!(user.outcome, Outcome::Applied { .. }))
    }

    /// How many changes were rejected or failed.
    pub fn failed(&self) -> usize {
        self.count(|user| {
            matches!(
                user.outcome,
                Outcome::Rejected { .. } | Outcome::Failed { .. }
            )
        })
    }

    /// How many users Channel accepted and shows with another value than declared.
    pub fn different(&self) -> usize {
        self.count(|user| match &user.outcome {
            Outcome::Applied { confirmation, .. } => !confirmation.different.is_empty(),
            Outcome::Rejected { .. } | Outcome::Failed { .. } | Outcome::Skipped { .. } => false,
        })
    }

    /// How many people were deleted on Channel and created anew.
    pub fn recreated(&self) -> usize {
        self.count(|user| user.is_recreated)
    }

    /// How many changes were not tried.
    pub fn skipped(&self) -> usize {
        self.count(|user| matches!(user.outcome, Outcome::Skipped { .. }))
    }

    /// Whether the state differs from what it was before the apply.
    pub fn changes_state(&self) -> bool {
        let recorded = |user: &UserOutcome| {
            matches!(
                user.outcome,
                Outcome::Applied { .. } | Outcome::Rejected { .. }
            )
        };
        self.count(recorded) > 0
    }

    fn count(&self, includes: impl Fn(&UserOutcome) -> bool) -> usize {
        self.outcomes.iter().filter(|user| includes(user)).count()
    }
}
