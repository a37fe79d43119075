//! What a reading of recorded users comes to: how Channel differs from what was applied.

use crate::apply::read_users::Reading;
use crate::model::StopCause;
use crate::model::{Desired, DigestKey, MemberId, State, UserDrift, UserDriftKind};
use crate::plan::{Comparison, compare};

/// Everything that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct DriftReport {
    /// How many recorded users were to be looked at.
    pub users: usize,
    /// Users who differ, by id.
    pub drift: Vec<UserDrift>,
    /// How many are as applied, or as declared since.
    pub as_applied: usize,
    /// How many of these were read by an earlier run that this one goes on from.
    pub earlier: usize,
    /// Users that could not be read, each with what happened last.
    pub failed: Vec<(MemberId, String)>,
    /// How many were not read.
    pub skipped: usize,
    /// How many consent flags Channel does not show, of the users that this run has read.
    pub not_shown: usize,
    /// Why it ended before its end.
    pub stopped: Option<StopCause>,
    /// The sample, where not everybody was to be looked at.
    pub sample: Option<Sample>,
}

/// A random part of the recorded users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Of how many it was taken.
    pub of: usize,
    /// What takes the same sample again.
    pub seed: u64,
}

impl DriftReport {
    /// Whether anybody is on Channel otherwise than applied, a person's own choice included.
    pub fn has_drift(&self) -> bool {
        !self.drift.is_empty()
    }

    /// Sorts what came in the order of answers.
    pub fn in_order(mut self) -> Self {
        self.drift.sort_by(|one, other| one.id.cmp(&other.id));
        self.failed.sort();
        self
    }
}

/// Compares reading by reading.
#[derive(Debug)]
pub struct DriftCollector<'a> {
    /// What was applied.
    pub state: &'a State,
    /// What is declared; it explains digests.
    pub desired: &'a Desired,
    /// The key of the state's digests.
    pub key: &'a DigestKey,
    /// What was found so far.
    pub report: DriftReport,
}

impl DriftCollector<'_> {
    /// Takes in one reading. `true` where the user is exactly as applied, so that nobody has to look
    /// again.
    pub fn take(&mut self, id: &MemberId, reading: Reading) -> bool {
        let Some(entry) = self.state.users.get(id) else {
            return false;
        };
        let declared = self.desired.users.get(id);
        let difference = match reading {
            Reading::Failed { message } => {
                self.report.failed.push((id.clone(), message));
                return false;
            }
            Reading::Skipped { .. } => {
                self.report.skipped += 1;
                return false;
            }
            Reading::Missing => UserDriftKind::Gone,
            Reading::Found(observed) => {
                let attributes = declared.map(|user| &user.attributes);
                let Comparison {
                    fields,
                    as_applied,
                    as_declared,
                    not_shown,
                } = compare(entry, attributes, &observed, self.key);
                self.report.not_shown += not_shown;
                if fields.is_empty() {
                    self.report.as_applied += 1;
                    return as_declared == 0;
                }
                UserDriftKind::Fields {
                    fields,
                    same: as_applied + as_declared,
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
