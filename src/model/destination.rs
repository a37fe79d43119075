//! Describes where users are sent, and the step to another API version than the one in the state.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::model::field::FieldPath;
use crate::model::ids::channel_id::ChannelId;
use crate::model::project::{ApiVersion, BASE_URL, ChannelSettings};

/// Where users are sent. Every part is in the digest of a plan, so a plan for one destination cannot be
/// applied to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Destination {
    /// The base URL of the API, such as `https://api.channel.io`, or `sandbox` for the sandbox of `--sandbox`.
    pub base_url: String,
    /// The id of the channel. Null as long as the project does not name it and the state does not record it.
    #[schemars(with = "Option<String>")]
    pub channel_id: Option<ChannelId>,
    /// The API version that users are sent with.
    pub api: ApiVersion,
    /// The environment of the project; null without one.
    pub environment: Option<String>,
}

/// The base URL that stands for the sandbox of `--sandbox`, which listens on another port in every run.
pub const SANDBOX_URL: &str = "sandbox";

/// Whether an address is of this machine, so that plain http sends nothing over a network.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Destination {
    /// The default base URL with an API version, without an environment and a channel id.
    pub fn of_api(api: ApiVersion) -> Self {
        Self {
            base_url: BASE_URL.to_owned(),
            channel_id: None,
            api,
            environment: None,
        }
    }

    /// The destination of a project in one of its environments.
    pub fn of(channel: &ChannelSettings, environment: Option<&str>) -> Self {
        let ChannelSettings {
            api,
            base_url,
            id,
            rate: _,
        } = channel;
        Self {
            base_url: base_url.clone(),
            channel_id: id.clone(),
            api: *api,
            environment: environment.map(ToOwned::to_owned),
        }
    }

    /// The parts that differ from those of another destination.
    pub fn differences(&self, other: &Self) -> Vec<DestinationDifference> {
        let parts = self.parts().into_iter().zip(other.parts());
        parts
            .filter(|(one, other)| one != other)
            .map(|((part, one), (_, other))| DestinationDifference { part, one, other })
            .collect()
    }

    fn parts(&self) -> [(DestinationPart, Option<String>); 4] {
        let Self {
            base_url,
            channel_id,
            api,
            environment,
        } = self;
        [
            (DestinationPart::BaseUrl, Some(base_url.clone())),
            (
                DestinationPart::Channel,
                channel_id.as_ref().map(ToString::to_string),
            ),
            (DestinationPart::Api, Some(api.to_string())),
            (DestinationPart::Environment, environment.clone()),
        ]
    }
}

impl fmt::Display for Destination {
    /// `channel 6263 at https://api.channel.io, API v4, environment staging`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            base_url,
            channel_id,
            api,
            environment,
        } = self;
        if base_url == SANDBOX_URL {
            write!(f, "the sandbox, API {api}")?;
        } else {
            match channel_id {
                Some(id) => write!(f, "channel {id}")?,
                None => f.write_str("a channel that is not named yet,")?,
            }
            write!(f, " at {base_url}, API {api}")?;
        }
        match environment {
            Some(name) => write!(f, ", environment {name}"),
            None => Ok(()),
        }
    }
}

/// A part of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DestinationPart {
    /// The base URL.
    BaseUrl,
    /// The channel.
    Channel,
    /// The API version.
    Api,
    /// The environment.
    Environment,
}

impl fmt::Display for DestinationPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BaseUrl => "base URL",
            Self::Channel => "channel",
            Self::Api => "API version",
            Self::Environment => "environment",
        })
    }
}

/// A part in which two destinations differ. A part without a value is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationDifference {
    /// The part.
    pub part: DestinationPart,
    /// Its value in the one destination.
    pub one: Option<String>,
    /// Its value in the other.
    pub other: Option<String>,
}

/// The step from one API version to another. Digests do not depend on the version, so the step sends no
/// user: it only changes the version that the state names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct ApiChange {
    /// The version that the state names.
    pub from: ApiVersion,
    /// The version that the project names.
    pub to: ApiVersion,
}

impl ApiChange {
    /// The step between two versions; `None` if they are equal.
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
