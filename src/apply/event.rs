//! Defines the events of an apply or of reading users, for a progress bar or a log.

use std::time::Duration;

use crate::apply::outcome::UserOutcome;
use crate::model::{MemberId, ShownIds, StopCause};

/// One event.
#[derive(Clone, Debug)]
pub enum Event {
    /// The apply begins.
    Started {
        /// How many changes the plan has.
        changes: usize,
        /// How many of them take a request.
        requests: usize,
    },
    /// A change has its outcome.
    Finished(UserOutcome),
    /// Reading begins.
    Reading {
        /// How many users will be read.
        users: usize,
    },
    /// A user was read, or could not be read.
    Read {
        /// The user.
        id: MemberId,
        /// Why the user could not be read, without any value of the user.
        failure: Option<String>,
    },
    /// A request failed and will be sent again.
    Retrying {
        /// The user whom the request is about.
        id: MemberId,
        /// Which attempt failed, from 1.
        attempt: u32,
        /// How long until the next attempt.
        wait: Duration,
        /// Why it failed, without any value of the user: `429 Too Many Requests`, `connection refused`.
        cause: String,
    },
    /// The run stops: no further request is started.
    Stopping(StopCause),
}

impl Event {
    /// The same with the id as it is shown.
    #[must_use]
    pub fn shown(self, ids: &ShownIds) -> Self {
        match self {
            Self::Finished(user) => Self::Finished(user.shown(ids)),
            Self::Read { id, failure } => Self::Read {
                id: ids.of(&id).into_owned(),
                failure,
            },
            Self::Retrying {
                id,
                attempt,
                wait,
                cause,
            } => Self::Retrying {
                id: ids.of(&id).into_owned(),
                attempt,
                wait,
                cause,
            },
            Self::Started { .. } | Self::Reading { .. } | Self::Stopping(_) => self,
        }
    }
}
