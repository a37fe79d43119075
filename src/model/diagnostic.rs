//! Describes problems of the user's data. They are collected, never returned early.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
pub struct Origin {
    /// The path, relative to the project's folder, with `/`.
    pub file: Arc<str>,
    /// The line, from 1; 0 for a whole file.
    pub line: u32,
    /// The column in characters, from 1; 0 for a whole line.
    pub column: u32,
}

impl Origin {
    /// A place that is a whole file.
    pub fn file(file: impl Into<Arc<str>>) -> Self {
        Self {
            file: file.into(),
            line: 0,
            column: 0,
        }
    }
}

impl fmt::Display for Origin {
    /// `file:line:column`, without the parts that are 0.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        Ok(())
    }
}

/// Whether a diagnostic stops the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The run stops: nothing is planned from data with an error.
    Error,
    /// The run continues.
    Warning,
}

/// The source line of a diagnostic. The reader of the file has masked and shortened it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Excerpt {
    /// The line's text, without its end. Hidden values are replaced.
    pub text: String,
    /// Where in `text` the problem starts, in bytes, on a character boundary.
    pub start: usize,
    /// Where in `text` it ends, in bytes, on a character boundary, at or after `start`.
    pub end: usize,
}

/// One problem of the user's data.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Diagnostic {
    /// A stable kebab-case name of the kind of problem.
    pub code: &'static str,
    /// Whether it stops the run.
    pub severity: Severity,
    /// The place.
    pub origin: Origin,
    /// The path inside the document, such as `users[3].profile.email`; empty for a whole file.
    pub path: String,
    /// What is wrong, without any hidden value.
    pub message: String,
    /// What to do about it, without any hidden value.
    pub hint: Option<String>,
    /// The source line.
    pub excerpt: Option<Excerpt>,
    /// Other places that belong to the problem, each with a label.
    pub related: Vec<(Origin, String)>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(code: &'static str, origin: Origin, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            origin,
            path: String::new(),
            message: message.into(),
            hint: None,
            excerpt: None,
            related: Vec::new(),
        }
    }

    /// A warning at a place.
    pub fn warning(code: &'static str, origin: Origin, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, origin, message)
        }
    }

    /// Adds the hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds another place with a label.
    #[must_use]
    pub fn related(mut self, origin: Origin, label: impl Into<String>) -> Self {
        self.related.push((origin, label.into()));
        self
    }

    /// Whether the diagnostic stops the run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
