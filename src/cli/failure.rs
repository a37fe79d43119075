//! Defines how a command ends, and the exit code of each end.

use std::process::ExitCode;

use talkform::model::Diagnostic;
use talkform::state::StoreError;

/// How a command ended, if it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was done, or there was nothing to do.
    Done,
    /// There are changes; only with `--detailed-exitcode`.
    Changes,
    /// The apply finished; some users failed, or Channel shows some with other values than declared.
    SomeFailed,
    /// The apply stopped early.
    Stopped,
    /// The manifests are invalid, which was reported already.
    Invalid,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::from(0),
            Exit::Changes => Self::from(2),
            Exit::SomeFailed => Self::from(3),
            Exit::Stopped => Self::from(4),
            Exit::Invalid => Self::from(1),
        }
    }
}

/// Why a command did nothing, or could not print its result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The manifests or the project file are invalid.
    Diagnostics(Vec<Diagnostic>),
    /// Something outside of the manifests failed, or the command refuses to run.
    Refused {
        /// What failed, on what, and why.
        message: String,
        /// The users, files or fields concerned, one per line.
        details: Vec<String>,
        /// What to do.
        hint: Option<String>,
    },
    /// Another program changed the state during the run. The message, and what to do about it.
    Conflict {
        /// What happened, with both files.
        message: String,
        /// What to do.
        hint: String,
    },
    /// Wrong usage that clap does not detect.
    Usage(String),
    /// The reader of stdout closed it.
    BrokenPipe,
}

impl Failure {
    /// A failure without a hint.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::Refused {
            message: message.into(),
            details: Vec::new(),
            hint: None,
        }
    }

    /// A failure with a hint.
    pub(crate) fn with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused {
            message: message.into(),
            details: Vec::new(),
            hint: Some(hint.into()),
        }
    }

    /// A failure with details and a hint.
    pub(crate) fn with_details(
        message: impl Into<String>,
        details: Vec<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Refused {
            message: message.into(),
            details,
            hint: Some(hint.into()),
        }
    }

    /// The failure of a state that cannot be read or written. `command` writes a whole command line around the
    /// words of a talkform command.
    pub(crate) fn of_state(error: &StoreError, command: &dyn Fn(&[&str]) -> String) -> Self {
        let message = error.to_string();
        match (error, error.hint(command)) {
            (StoreError::Conflict { .. }, Some(hint)) => Self::Conflict { message, hint },
            (_, hint) => Self::Refused {
                message,
                details: Vec::new(),
                hint,
            },
        }
    }

    /// The exit code of this failure.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Diagnostics(_) | Self::Refused { .. } | Self::BrokenPipe => ExitCode::from(1),
            Self::Conflict { .. } => Exit::Stopped.into(),
            Self::Usage(_) => ExitCode::from(64),
        }
    }
}

impl From<talkform::state::LockError> for Failure {
    fn from(error: talkform::state::LockError) -> Self {
        let hint = match &error {
            talkform::state::LockError::Held { .. } => Some(
                "wait until it ends, or use `--lock-timeout 10m` to let this run wait".to_owned(),
            ),
            talkform::state::LockError::Conditions { .. } => {
                Some("use a store that keeps to conditional writes, such as Amazon S3".to_owned())
            }
            talkform::state::LockError::Unsupported { .. }
            | talkform::state::LockError::NotRegular(_)
            | talkform::state::LockError::File { .. } => None,
        };
        Self::Refused {
            message: error.to_string(),
            details: Vec::new(),
            hint,
        }
    }
}
