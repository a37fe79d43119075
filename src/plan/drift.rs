//! Compares recorded users with what Channel has, and collects how they differ.

use crate::model::{
    Desired, DigestKey, MemberId, RemoteUser, Selected, State, StopCause, Unread, UserDrift,
    UserDriftKind,
};
use crate::plan::compare::{Comparison, compare};

/// The result of a drift check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct DriftReport {
    /// How many recorded users the check covers.
    pub users: usize,
    /// The users who differ, by id.
    pub drift: Vec<UserDrift>,
    /// How many users are as applied, or as declared since.
    pub as_applied: usize,
    /// How many of these an interrupted earlier check has read.
    pub earlier: usize,
    /// The users that could not be read, each with what happened last.
    pub failed: Vec<(MemberId, String)>,
    /// How many users were not read.
    pub skipped: usize,
    /// How many consent flags Channel does not show, of the users that this check has read.
    pub not_shown: usize,
    /// Why the check ended early.
    pub stopped: Option<StopCause>,
    /// The selection, if the check covers only some of the recorded users.
    pub selected: Option<Selected>,
    /// The sample, if the check covers only some of the recorded users.
    pub sample: Option<Sample>,
}

/// A random sample of the recorded users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Sample {
    /// How many users it was drawn from.
    pub of: usize,
    /// The seed that draws the same sample again.
    pub seed: u64,
}

impl DriftReport {
    /// Whether any user differs, a person's own choice of consent included.
    pub fn has_drift(&self) -> bool {
        !self.drift.is_empty()
    }

    /// Sorts by id. Users come in the order of responses.
    pub fn in_order(mut self) -> Self {
        self.drift.sort_by(|one, other| one.id.cmp(&other.id));
        self.failed.sort();
        self
    }
}

/// Compares users one by one and collects a [`DriftReport`].
#[derive(Debug)]
pub struct DriftCollector<'a> {
    /// The recorded state.
    pub state: &'a State,
    /// The desired users. They show the values behind digests.
    pub desired: &'a Desired,
    /// The key of the state's digests.
    pub key: &'a DigestKey,
    /// What was collected so far.
    pub report: DriftReport,
}

impl DriftCollector<'_> {
    /// Adds one user. Returns `true` if the user is exactly as applied, so that a resumed check need
    /// not read the user again.
    pub fn add(&mut self, id: &MemberId, user: Result<RemoteUser, Unread>) -> bool {
        let Some(entry) = self.state.users.get(id) else {
            return false;
        };
        let declared = self.desired.users.get(id);
        let difference = match user {
            Err(Unread::Failed { message }) => {
                self.report.failed.push((id.clone(), message));
                return false;
            }
            Err(Unread::Skipped { .. }) => {
                self.report.skipped += 1;
                return false;
            }
            Ok(RemoteUser::Missing) => UserDriftKind::Gone,
            Ok(RemoteUser::Present(observed)) => {
                let attributes = declared.map(|user| &user.attributes);
                let Comparison {
                    is_created_anew,
                    fields,
                    as_applied,
                    as_declared,
                    not_shown,
                } = compare(
                    entry,
                    attributes.map(|it| &**it),
                    &observed,
                    &self.key.for_user(id),
                );
                self.report.not_shown += not_shown;
                if fields.is_empty() && !is_created_anew {
                    self.report.as_applied += 1;
                    return as_declared == 0;
                }
                UserDriftKind::Fields {
                    is_created_anew,
                    fields,
                    same: as_applied + as_declared,
                    observed,
                }
            }
        };
        self.report.drift.push(UserDrift {
            id: id.clone(),
            origin: declared.map(|user| user.origin.clone()),
            difference,
        });
        false
    }
}
