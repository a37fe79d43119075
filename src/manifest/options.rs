//! How manifests are read, and what reading them gives.

use std::sync::Arc;

use crate::manifest::rules::Rules;
use crate::model::{ApiVersion, Desired, Diagnostic, Sensitive};

/// What decides how manifests are read.
#[derive(Clone, Debug)]
pub struct ReadSettings {
    /// Patterns of manifest files, relative to the project's folder.
    pub patterns: Vec<String>,
    /// The API version whose rules hold.
    pub api: ApiVersion,
    /// Which fields are masked in diagnostics.
    pub sensitive: Sensitive,
    /// Mask nothing.
    pub show_sensitive: bool,
    /// What every user must satisfy besides.
    pub rules: Option<Arc<Rules>>,
}

/// What the manifests of a project say.
#[derive(Debug, Default)]
pub struct Reading {
    /// The users; none where any diagnostic is an error, because part of them is not all of them.
    pub desired: Desired,
    /// All that is wrong or odd, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// How many files were read.
    pub files: usize,
}

impl Reading {
    /// Whether nothing may be planned from it.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}
