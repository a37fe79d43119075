//! Describes where users are sent, and the step to another API version than the one in the state.

use std::fmt;

use crate::model::field::FieldPath;
use crate::model::project::ApiVersion;

/// Where users are sent. A part that is `None` is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The base URL of the API, such as `https://api.channel.io`.
    pub base_url: Option<String>,
    /// The id of the channel, which Channel answers to the first apply.
    pub channel_id: Option<String>,
    /// The API version that users are sent with.
    pub api: ApiVersion,
    /// The environment of the project.
    pub environment: Option<String>,
}

impl Destination {
    /// A destination of which only the API version is known.
    pub fn of_api(api: ApiVersion) -> Self {
        Self {
            base_url: None,
            channel_id: None,
            api,
            environment: None,
        }
    }
}

/// The step from one API version to another. Digests do not depend on the version, so the step sends no
/// user: it only changes the version that the state names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
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

impl fmt::Display for ApiChange {
    /// `v4 -> v5`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{from} -> {to}")
    }
}
