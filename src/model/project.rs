//! Describes the settings of a project after defaults and the chosen environment are applied.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::ids::channel_id::ChannelId;
use crate::model::visibility::patterns::FieldPatterns;

/// A version of the Channel Open API.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ApiVersion {
    /// The version this project was made for; the vendor marks it as deprecated.
    #[default]
    V4,
    /// The current version.
    V5,
}

impl ApiVersion {
    /// The version's segment in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V4 => "v4",
            Self::V5 => "v5",
        }
    }

    /// The most tags a user can have (`maxItems` of the official `OpenAPI` document).
    pub fn most_tags(self) -> usize {
        match self {
            Self::V4 => 10,
            Self::V5 => 20,
        }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The rate limit of a run's requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// How many requests a second refill the bucket; more than zero.
    pub per_second: f64,
    /// How many requests the bucket holds; at least one.
    pub burst: u32,
}

impl Rate {
    /// Another rate that holds from the first second: its burst is what it allows in a fiftieth of a second, which is
    /// about as even as timers are.
    #[must_use]
    pub fn evenly(self, per_second: f64) -> Self {
        // The conversion saturates.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let burst = (per_second / 50.0) as u32;
        Self {
            per_second,
            burst: burst.clamp(1, self.burst.max(1)),
        }
    }
}

impl Default for Rate {
    /// Channel's own bucket, as third parties describe it: 1,000 requests, refilled at 10 a second.
    fn default() -> Self {
        Self {
            per_second: 10.0,
            burst: 1000,
        }
    }
}

/// The default base URL of Channel.
pub const BASE_URL: &str = "https://api.channel.io";

/// How to reach Channel.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelSettings {
    /// The API version of requests.
    pub api: ApiVersion,
    /// Scheme, host, port and path, without a slash at the end.
    pub base_url: String,
    /// The id of the only channel that a run may change; `None` allows any.
    pub id: Option<ChannelId>,
    /// The rate limit.
    pub rate: Rate,
}

impl Default for ChannelSettings {
    fn default() -> Self {
        Self {
            api: ApiVersion::default(),
            base_url: BASE_URL.to_owned(),
            id: None,
            rate: Rate::default(),
        }
    }
}

/// What happens to users that are no longer declared.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum RemovedUsers {
    /// Dropped from the state, left alone on Channel.
    #[default]
    Forget,
    /// Deleted on Channel.
    Delete,
}

impl RemovedUsers {
    /// The word in a project file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forget => "forget",
            Self::Delete => "delete",
        }
    }
}

/// What happens to fields that are no longer declared.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum RemovedFields {
    /// Removed from Channel.
    #[default]
    Clear,
    /// Left alone on Channel, dropped from the state.
    Forget,
}

impl RemovedFields {
    /// The word in a project file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Forget => "forget",
        }
    }
}

/// What happens to users and fields that are no longer declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RemovedPolicy {
    /// What happens to users.
    pub users: RemovedUsers,
    /// What happens to fields.
    pub fields: RemovedFields,
}

/// A bound on how much one plan may do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// A number of users.
    Count(usize),
    /// A share of the recorded users, in percent.
    Percent(f64),
}

/// A text that is not a limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a count such as 500 nor a percentage such as 30%")]
pub struct NotALimit(String);

impl FromStr for Limit {
    type Err = NotALimit;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotALimit(text.to_owned());
        match text.strip_suffix('%') {
            Some(number) => match number.trim().parse::<f64>() {
                Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Self::Percent(percent)),
                _ => Err(wrong()),
            },
            None => text.parse().map(Self::Count).map_err(|_| wrong()),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// All bounds of a project.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Users to create.
    pub create: Limit,
    /// Users to update.
    pub update: Limit,
    /// Users that lose a field.
    pub clear: Limit,
    /// Users to forget.
    pub forget: Limit,
    /// Users to delete.
    pub delete: Limit,
    /// Users who may be messaged again although they may have opted out.
    pub opt_in: Limit,
    /// Users who were deleted on Channel and are created anew.
    pub recreate: Limit,
    /// The least number of desired users.
    pub min_users: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            create: Limit::Count(500),
            update: Limit::Percent(30.0),
            clear: Limit::Percent(10.0),
            forget: Limit::Percent(10.0),
            delete: Limit::Count(0),
            opt_in: Limit::Count(0),
            recreate: Limit::Count(0),
            min_users: 1,
        }
    }
}

/// The kind of a store that holds a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateScheme {
    /// Amazon S3 and what speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Gs,
    /// Azure Blob Storage; the bucket is a container.
    Az,
}

impl StateScheme {
    /// The word before `://`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gs => "gs",
            Self::Az => "az",
        }
    }
}

/// Why an address of a state is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateAddressError {
    /// The scheme is not known.
    #[error("a state is in a file, or in a bucket of `s3://`, `gs://` or `az://`")]
    Scheme,
    /// The bucket is missing or has other characters.
    #[error(
        "the name of the bucket is missing, or has other characters than `a-z`, `0-9`, `-`, `.` and `_`"
    )]
    Bucket,
    /// The key is missing or has parts that a store or a person reads in another way.
    #[error(
        "the key is missing, or it has empty parts, `.`, `..`, spaces, `?`, `#`, `%` or a backslash"
    )]
    Key,
}

/// Whether a text is the address of a state rather than a path.
pub fn is_state_address(text: &str) -> bool {
    text.contains("://")
}

/// The parts of an address such as `s3://bucket/folder/state.json`.
///
/// # Errors
///
/// The address names no object of a bucket.
pub fn state_address(text: &str) -> Result<(StateScheme, &str, &str), StateAddressError> {
    let (scheme, rest) = text.split_once("://").ok_or(StateAddressError::Scheme)?;
    let scheme = match scheme {
        "s3" => StateScheme::S3,
        "gs" => StateScheme::Gs,
        "az" => StateScheme::Az,
        _ => return Err(StateAddressError::Scheme),
    };
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
    if bucket.is_empty() || !bucket.chars().all(is_plain) {
        return Err(StateAddressError::Bucket);
    }
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "?#%\\".contains(c);
    let is_part = |part: &str| !matches!(part, "" | "." | "..");
    if key.contains(is_odd) || !key.split('/').all(is_part) {
        return Err(StateAddressError::Key);
    }
    Ok((scheme, bucket, key))
}

/// How to reach the store of a state. None of it is a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateStore {
    /// The region of the bucket.
    pub region: Option<String>,
    /// The address of a store that is not that of the cloud.
    pub endpoint: Option<String>,
    /// Whether the bucket is the first part of the path, rather than of the host.
    pub path_style: Option<bool>,
    /// The key of the cloud with which the store encrypts the state.
    pub kms_key: Option<String>,
}

/// Whether the digests of a state in a bucket may be made without a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StateKeyRule {
    /// `TALKFORM_STATE_KEY` has to be set.
    #[default]
    Required,
    /// The project does without.
    None,
}

impl StateKeyRule {
    /// The word in a project file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::None => "none",
        }
    }
}

/// The settings of a project.
#[derive(Clone, Debug)]
pub struct Project {
    /// Patterns of manifest files, relative to the project's folder.
    pub manifests: Vec<String>,
    /// How to reach Channel.
    pub channel: ChannelSettings,
    /// The state's path, relative to the project's folder, or its address in a bucket.
    pub state: String,
    /// How to reach the store of a state in a bucket.
    pub state_store: StateStore,
    /// Whether such a state may do without a key.
    pub state_key: StateKeyRule,
    /// What happens to users and fields that are no longer declared.
    pub removed: RemovedPolicy,
    /// The fields whose texts may be shown.
    pub public: FieldPatterns,
    /// The fields whose values are hidden besides those that look personal.
    pub sensitive: FieldPatterns,
    /// The path of a JSON Schema that every desired user must satisfy.
    pub rules: Option<String>,
    /// Bounds on one plan.
    pub limits: Limits,
}

impl Default for Project {
    fn default() -> Self {
        Self {
            manifests: vec!["users/**/*.{yaml,yml,json,jsonl,ndjson}".to_owned()],
            channel: ChannelSettings::default(),
            state: "talkform.state.json".to_owned(),
            state_store: StateStore::default(),
            state_key: StateKeyRule::default(),
            removed: RemovedPolicy::default(),
            public: FieldPatterns::default(),
            sensitive: FieldPatterns::default(),
            rules: None,
            limits: Limits::default(),
        }
    }
}
