//! Defines why an encrypted object cannot be used.

use std::io;

use crate::state::encryption::form::{Holds, VERSION};

/// Why an object cannot be decrypted, or must not be used as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptionError {
    /// This run has no key.
    #[error("it is encrypted, and TALKFORM_STATE_KEY is not set")]
    NoKey,
    /// This run has another key.
    #[error("it is encrypted with another TALKFORM_STATE_KEY")]
    OtherKey,
    /// The bytes are not those that were written.
    #[error(
        "it is encrypted, and it was cut or changed after talkform wrote it. It is never treated as empty"
    )]
    Damaged,
    /// A newer program wrote it.
    #[error(
        "it is encrypted in version {found}, this program knows {VERSION}; use the version of talkform that wrote it, or a newer one"
    )]
    Newer {
        /// The version it names.
        found: u64,
    },
    /// It was put in the place of another kind of object.
    #[error("it holds a {found}, and not a {expected}; somebody moved it here")]
    OtherContent {
        /// What it holds.
        found: Holds,
        /// What its place is for.
        expected: Holds,
    },
    /// It is not encrypted, and it should be.
    #[error(
        "it is not encrypted although TALKFORM_STATE_KEY is set, so anybody who may write there can have made it; nothing of it was used"
    )]
    Plain,
}

impl EncryptionError {
    /// The cause of an error of reading, if it is one of these.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }

    /// What to do. `command` writes a whole command line around the words of a talkform command.
    pub(crate) fn hint(self, command: &dyn Fn(&[&str]) -> String) -> Option<String> {
        match self {
            Self::NoKey => Some("set TALKFORM_STATE_KEY to the key of the state".to_owned()),
            Self::OtherKey => Some(format!(
                "set TALKFORM_STATE_KEY to the key that it was written with; after `{}` that is the new one",
                command(&["state", "rekey"])
            )),
            Self::Plain => Some(format!(
                "if it was made without a key: unset TALKFORM_STATE_KEY, set TALKFORM_STATE_KEY_NEW to the key and run `{}`. If you copied it there: move it away and bring it in with `{}`",
                command(&["state", "rekey"]),
                command(&["state", "push", "FILE"])
            )),
            Self::Damaged | Self::OtherContent { .. } => Some(format!(
                "go back to an earlier state with `{}`; `{}` lists them",
                command(&["state", "restore", "VERSION"]),
                command(&["state", "versions"])
            )),
            Self::Newer { .. } => None,
        }
    }

    /// The same for the journal.
    pub(crate) fn journal_hint(self, command: &dyn Fn(&[&str]) -> String) -> Option<String> {
        match self {
            Self::NoKey | Self::Newer { .. } => self.hint(command),
            Self::OtherKey | Self::Damaged | Self::OtherContent { .. } | Self::Plain => {
                Some(format!(
                    "with the key of the run that wrote it, nothing is lost. If there is none: remove the objects below that name, and run `{}`, which asks Channel for every user",
                    command(&["apply", "--refresh"])
                ))
            }
        }
    }
}

impl From<EncryptionError> for io::Error {
    fn from(error: EncryptionError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
