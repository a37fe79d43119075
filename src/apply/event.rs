//! What happens during an apply or a reading, told while it happens: for a progress bar or a log.

use std::time::Duration;

use crate::apply::outcome::UserOutcome;
use crate::model::StopCause;

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The first change is about to begin.
    Started {
        /// How many changes there are.
        changes: usize,
        /// How many of them take a request.
        requests: usize,
    },
    /// A change has its outcome.
    Finished(UserOutcome),
    /// The first user is about to be read.
    Reading {
        /// How many there are.
        users: usize,
    },
    /// A user has been read, or could not be.
    Read {
        /// Whose.
        id: crate::model::MemberId,
        /// Why not, without any value of the user.
        failure: Option<String>,
    },
    /// A request will be repeated.
    Retrying {
        /// Whose.
        id: crate::model::MemberId,
        /// Which attempt failed, from 1.
        attempt: u32,
        /// How long until the next.
        wait: Duration,
        /// Why, without any value of the user: `429 Too Many Requests`, `connection refused`.
        cause: String,
    },
    /// Nothing new is started.
    Stopping(StopCause),
}
