//! Describes the step to another API version than the one in the state.

use crate::model::field::FieldPath;
use crate::model::project::ApiVersion;

/// The step from one API version to another. Digests do not depend on the version, so the step sends no
/// user: it only changes the version that the state names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ApiChange {
    /// The version that the state names.
    pub from: ApiVersion,
    /// The version that the project names.
    pub to: ApiVersion,
}

impl ApiChange {
    /// The step between two versions; `None` where they are equal.
    pub fn between(from: ApiVersion, to: ApiVersion) -> Option<Self> {
        (from != to).then_some(Self { from, to })
    }

    /// Whether the new version does not have this field. Its record is then released, because the field
    /// can no longer be declared.
    pub fn drops(self, path: &FieldPath) -> bool {
        self.to == ApiVersion::V5 && *path == FieldPath::Unsubscribed
    }
}

impl std::fmt::Display for ApiChange {
    /// `v4 -> v5`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, to } = self;
        write!(f, "{from} -> {to}")
    }
}
