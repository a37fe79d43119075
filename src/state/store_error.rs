//! Defines the errors of reading and writing a state.

use std::io;
use std::path::{Path, PathBuf};

use crate::regular_file::{NotRegular, OpenError};
use crate::state::format::FormatError;

/// Why a state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is not a state that this program can use.
    #[error("cannot use the state {path}: {cause}")]
    Format {
        /// The state's file.
        path: PathBuf,
        /// Why.
        cause: FormatError,
    },
    /// The journal does not fit the state.
    #[error("cannot use the journal {path}: {reason}")]
    Journal {
        /// The journal's file.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// Something other than a regular file is in the place of the state or its journal.
    #[error(transparent)]
    NotRegular(#[from] NotRegular),
    /// Another program changed the state between loading and saving. Its file was left unchanged.
    #[error(
        "the state {path} was changed by another program during this run; that file was left as it is, and the state of this run is in {copy}"
    )]
    Conflict {
        /// The state's file.
        path: PathBuf,
        /// The file that holds the state of this run.
        copy: PathBuf,
    },
    /// Another program changed the state between loading and the first request.
    #[error(
        "the state {path} was changed by another program since this run read it; nothing was sent; run it again"
    )]
    Replaced {
        /// The state's file.
        path: PathBuf,
    },
    /// The disk has too little room for what the run writes.
    #[error("there is no room to keep what this run does: it may write {} KiB beside {path} ({cause})", .bytes.div_ceil(1024))]
    Room {
        /// The state's file.
        path: PathBuf,
        /// The most bytes that the run writes.
        bytes: u64,
        /// The error of the system.
        cause: io::Error,
    },
    /// The system returned an error.
    #[error("cannot {doing} {path}: {cause}")]
    File {
        /// A verb.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the system.
        cause: io::Error,
    },
}

impl StoreError {
    /// What to do, if the message does not contain it. `command` writes a whole command line around the words of
    /// a talkform command.
    pub fn hint(&self, command: &dyn Fn(&[&str]) -> String) -> Option<String> {
        match self {
            Self::Conflict { path, copy } => Some(format!(
                "compare the two files; to keep the state of this run: `mv {copy} {path}`; to keep the other one: remove {copy}. Then run `{plan}`",
                copy = copy.display(),
                path = path.display(),
                plan = command(&["plan"])
            )),
            Self::Format { cause, .. } => cause.hint(command),
            Self::Journal { .. }
            | Self::NotRegular(_)
            | Self::Replaced { .. }
            | Self::Room { .. }
            | Self::File { .. } => None,
        }
    }

    pub(crate) fn opening(doing: &'static str, path: &Path, error: OpenError) -> Self {
        match error {
            OpenError::NotRegular(found) => Self::NotRegular(found),
            OpenError::Io(cause) => Self::File {
                doing,
                path: path.to_owned(),
                cause,
            },
        }
    }
}
