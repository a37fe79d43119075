//! Writes the command of a run with another approval.

use crate::cli::suggest::invocation::Invocation;

/// A command line whose approvals can be replaced.
#[derive(Clone, Debug)]
pub(crate) struct ApprovingCommand {
    /// The flags that choose the project.
    pub invocation: Invocation,
    /// The command, and what it is about: a plan file, a selection, an id.
    pub words: Vec<String>,
    /// The value of `--approve-limits`.
    pub limits: Option<String>,
    /// The value of `--allow-deletes`.
    pub deletes: Option<usize>,
}

impl ApprovingCommand {
    /// The command without an approval of limits.
    pub(crate) fn without_limits(self) -> String {
        Self {
            limits: None,
            ..self
        }
        .line()
    }

    /// The command with this approval of limits.
    pub(crate) fn with_limits(self, approval: String) -> String {
        Self {
            limits: Some(approval),
            ..self
        }
        .line()
    }

    /// The command with this many deletions allowed.
    pub(crate) fn with_deletes(self, most: usize) -> String {
        Self {
            deletes: Some(most),
            ..self
        }
        .line()
    }

    fn line(self) -> String {
        let mut words = self.words;
        if let Some(approval) = self.limits {
            words.extend(["--approve-limits".to_owned(), approval]);
        }
        if let Some(most) = self.deletes {
            words.extend(["--allow-deletes".to_owned(), most.to_string()]);
        }
        self.invocation.command(&words)
    }
}
