//! What is wrong with the user's data, collected rather than returned early.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Origin {
    /// The path as given or found, relative to the project's folder, with `/`.
    pub file: Arc<str>,
    /// The line, from 1; 0 where only the file is known.
    pub line: u32,
    /// The column in characters, from 1; 0 where only the line is known.
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
    /// `file:line:column`, as far as known.
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
    /// Nothing is planned from data with an error.
    Error,
    /// Worth knowing; the run goes on.
    Warning,
}

/// The source line under a diagnostic, already masked and shortened by whoever read the file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Excerpt {
    /// The line's text, without its end. Values of sensitive fields are replaced.
    pub text: String,
    /// Where in `text` the trouble starts, in bytes, on a character boundary.
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
    /// Where.
    pub origin: Origin,
    /// The path inside the document, such as `users[3].profile.email`; empty for a whole file.
    pub path: String,
    /// What is wrong. Never a value of a sensitive field.
    pub message: String,
    /// What to do about it. Never a value of a sensitive field.
    pub hint: Option<String>,
    /// The source line.
    pub excerpt: Option<Excerpt>,
    /// Other places that belong to the problem, each with a word on its part in it.
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

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn related(mut self, origin: Origin, word: impl Into<String>) -> Self {
        self.related.push((origin, word.into()));
        self
    }

    /// Whether it stops the run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
