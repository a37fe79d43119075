//! Names the causes that stop a run before its end.

/// Why a run stopped before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StopCause {
    /// The user pressed Ctrl-C, or the process received SIGTERM.
    Interrupted,
    /// The time of `--max-duration` is over.
    Deadline,
    /// Channel does not accept the credentials (401, 403).
    Denied,
    /// A response with 401 or 403 that is not an error of Channel: a proxy or a firewall may have sent it.
    Blocked,
    /// Channel answered nothing but 429 for five minutes, or asked for a longer wait.
    Throttled,
    /// Too many users failed in a row.
    Breaker,
    /// A user failed under `--fail-fast`.
    FailFast,
    /// The journal could not be written.
    Unrecorded,
    /// More users were created anew than `limits.recreate` allows.
    Recreated,
}

impl StopCause {
    /// Whether the cause is a problem that the next run meets again, rather than a request to stop.
    pub fn is_trouble(self) -> bool {
        match self {
            Self::Denied
            | Self::Blocked
            | Self::Throttled
            | Self::Breaker
            | Self::Unrecorded
            | Self::Recreated => true,
            Self::Interrupted | Self::Deadline | Self::FailFast => false,
        }
    }
}
