//! Defines the errors of reading, writing and locking a state.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::is_state_address;
use crate::regular_file::{NotRegular, OpenError};
use crate::state::encryption::encryption_error::EncryptionError;
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
    /// The disk has too little room for what the run writes, or no file may be as large.
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

/// Why a state could not be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The bytes could not be read.
    Io(io::Error),
    /// They are not a state as this program writes it.
    Format(FormatError),
}

impl ReadError {
    /// The error of reading the state at this path.
    pub(crate) fn at(self, path: &Path) -> StoreError {
        let path = path.to_owned();
        match self {
            Self::Io(cause) => StoreError::File {
                doing: "read",
                path,
                cause,
            },
            Self::Format(cause) => StoreError::Format { path, cause },
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<FormatError> for ReadError {
    fn from(error: FormatError) -> Self {
        Self::Format(error)
    }
}

fn is_journal(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "journal")
}

impl StoreError {
    /// What to do, if the message does not contain it. `command` writes a whole command line around the words of
    /// a talkform command.
    pub fn hint(&self, command: &dyn Fn(&[&str]) -> String) -> Option<String> {
        match self {
            Self::Conflict { path, copy } if path.to_str().is_some_and(is_state_address) => {
                Some(format!(
                    "run `{plan}` and then the command again: it starts from the other state, and the users that this run sent are pending there, so an apply sends them again. {copy} is for comparison; remove it afterwards",
                    copy = copy.display(),
                    plan = command(&["plan"])
                ))
            }
            Self::Conflict { path, copy } => Some(format!(
                "compare the two files; to keep the state of this run: `mv {copy} {path}`; to keep the other one: remove {copy}. Then run `{plan}`",
                copy = copy.display(),
                path = path.display(),
                plan = command(&["plan"])
            )),
            Self::Format { cause, .. } => cause.hint(command),
            Self::Room { cause, .. } if cause.kind() == io::ErrorKind::FileTooLarge => {
                Some("raise the limit on the size of a file (`ulimit -f`)".to_owned())
            }
            Self::File { path, cause, .. } => {
                let error = EncryptionError::of(cause)?;
                if is_journal(path) {
                    error.journal_hint(command)
                } else {
                    error.hint(command)
                }
            }
            Self::Journal { .. }
            | Self::NotRegular(_)
            | Self::Replaced { .. }
            | Self::Room { .. } => None,
        }
    }

    /// Whether the state itself is damaged, or something else is in its place.
    pub(crate) fn is_state_unusable(&self) -> bool {
        use EncryptionError::{Damaged, OtherContent, Plain};
        use FormatError::{Checksum, Conflict, Irreparable, Unreadable};
        match self {
            Self::Format { cause, .. } => {
                matches!(cause, Checksum | Conflict | Irreparable | Unreadable { .. })
            }
            Self::File { path, cause, .. } => {
                !is_journal(path)
                    && matches!(
                        EncryptionError::of(cause),
                        Some(Damaged | OtherContent { .. } | Plain)
                    )
            }
            Self::Journal { .. }
            | Self::NotRegular(_)
            | Self::Conflict { .. }
            | Self::Replaced { .. }
            | Self::Room { .. } => false,
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

/// The owner of a lock, as the owner wrote it into the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LockOwner {
    /// A random name of this lock.
    pub id: String,
    /// The user account.
    pub who: String,
    /// The machine.
    pub host: String,
    /// The process on that machine.
    pub pid: u32,
    /// The command that it runs.
    pub command: String,
    /// The time at which the lock was taken, in RFC 3339.
    pub since: String,
    /// The address of the CI run, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

impl std::fmt::Display for LockOwner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            id,
            who,
            host,
            pid,
            command,
            since,
            run,
        } = self;
        write!(
            f,
            "{who} on {host} (process {pid}) since {since}: `{command}`, lock {id}"
        )?;
        run.iter().try_for_each(|run| write!(f, ", {run}"))
    }
}

/// Why the lock cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run holds the lock.
    #[error("the state is locked by {}", .holder.as_ref().map_or_else(|| "a run that left no name".to_owned(), std::string::ToString::to_string))]
    Held {
        /// The owner, if the file can be read.
        holder: Option<Box<LockOwner>>,
    },
    /// The file system of the state has no locks.
    #[error("the folder of {path} has no file locks ({cause}); keep the state on a local disk")]
    Unsupported {
        /// The lock's file.
        path: PathBuf,
        /// The error of the system.
        cause: io::Error,
    },
    /// The store of the state ignores the conditions of a write.
    #[error("the store of {store} cannot hold a state: {fault}, so two runs could overwrite each other in silence", store = .store.display())]
    Conditions {
        /// The folder of the state.
        store: PathBuf,
        /// What it does.
        fault: StoreFault,
    },
    /// Something other than a regular file is in the place of the lock's file.
    #[error(transparent)]
    NotRegular(NotRegular),
    /// The lock's file cannot be made or written.
    #[error("cannot lock {path}: {cause}")]
    File {
        /// The lock's file.
        path: PathBuf,
        /// The error of the system.
        cause: io::Error,
    },
}

/// A condition that the store does not keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFault {
    /// A write that must not replace an object replaced one.
    OverwritesExisting,
    /// A write for one version of an object replaced another version.
    OverwritesOtherVersion,
}

impl std::fmt::Display for StoreFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OverwritesExisting => {
                "it overwrites an existing object although the request forbids that (`If-None-Match: *`, or `x-goog-if-generation-match: 0`)"
            }
            Self::OverwritesOtherVersion => {
                "it overwrites another version of an object than the one that the request names (`If-Match`, or `x-goog-if-generation-match`)"
            }
        })
    }
}
