//! Names the place that a state describes and a plan is made for.

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
