//! That a project speaks another API version than its state was made with.

use crate::model::field::FieldPath;
use crate::model::project::ApiVersion;

/// The step from one API version to another. Digests do not depend on the version, so no user has to
/// be sent for it: the state names the new version from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ApiChange {
    /// The version that the state names.
    pub from: ApiVersion,
    /// The version that the project names.
    pub to: ApiVersion,
}

impl ApiChange {
    /// The step, where there is one.
    pub fn between(from: ApiVersion, to: ApiVersion) -> Option<Self> {
        (from != to).then_some(Self { from, to })
    }

    /// Whether the new version has no such field: what is recorded of it is released, because it can
    /// no longer be declared.
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
