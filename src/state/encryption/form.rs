//! Defines what an encrypted object may hold, and the version of its form.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The version of the form that this program reads and writes.
pub(crate) const VERSION: u64 = 1;

/// What an object holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Holds {
    /// A state, or a copy of one.
    State,
    /// A part of a journal.
    Journal,
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State => "state",
            Self::Journal => "journal",
        })
    }
}
