//! Defines how manifests are read, and the result of reading them.

use std::sync::Arc;

use crate::manifest::rules::Rules;
use crate::model::{ApiVersion, Desired, Diagnostic, Visibility};

/// How manifests are read.
#[derive(Clone, Debug)]
pub struct ReadSettings {
    /// Patterns of manifest files, relative to the project's folder.
    pub patterns: Vec<String>,
    /// The API version whose rules apply.
    pub api: ApiVersion,
    /// Which values diagnostics may show.
    pub visibility: Visibility,
    /// The project's own rules.
    pub rules: Option<Arc<Rules>>,
}

/// The result of reading the manifests of a project.
#[derive(Debug, Default)]
pub struct Reading {
    /// The users; empty if any diagnostic is an error, because an incomplete reading must not be planned.
    pub desired: Desired,
    /// All errors and warnings, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// The number of files.
    pub files: usize,
}

impl Reading {
    /// Whether any diagnostic is an error, so that nothing may be planned.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}
