//! A limit of a plan as it is shown.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::model::{Limit, LimitCheck, LimitKind};
use crate::render::common::json::as_text;

/// A limit with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Limit")]
pub struct LimitView {
    /// The name of the limit in the project file.
    #[serde(rename = "name", serialize_with = "limit_name")]
    #[schemars(with = "String")]
    pub kind: LimitKind,
    /// What the project file allows: a count or a percentage of the recorded users.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub limit: Limit,
    /// The limit as a number of users; null if too few users are recorded for a percentage.
    pub allowed: Option<usize>,
    /// The number in this plan.
    pub planned: usize,
    /// Whether the plan exceeds the limit (for `minUsers`: falls short of it).
    pub tripped: bool,
}

impl LimitView {
    pub(crate) fn new(check: &LimitCheck) -> Self {
        let LimitCheck {
            kind,
            limit,
            allowed,
            planned,
        } = *check;
        Self {
            kind,
            limit,
            allowed,
            planned,
            tripped: check.is_tripped(),
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn limit_name<S: Serializer>(kind: &LimitKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}
