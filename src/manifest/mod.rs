//! From manifests to desired users: find and read files, understand them, check everything.
//!
//! ```text
//! load ─▶ text ─▶ yaml │ json ─▶ node ─▶ document, user (profile, value, tags, check) ─▶ resolve ─▶ Desired
//! bytes   UTF-8   events, bounds   tree    fields of users                    defaults, duplicates
//! ```
//!
//! Nothing is returned early: every file is read to its end and all problems are shown together,
//! each with its place and a masked excerpt. Where there is one error, no user is desired: a plan
//! from half a reading would forget the other half.

pub mod adopt;
pub mod append;
pub mod load;
pub mod project;
pub mod rules;
pub mod schema;
pub mod table;

mod address;
mod check;
mod document;
mod excerpt;
mod file;
mod json;
mod keys;
mod masks;
mod meaning;
mod moved;
mod node;
mod pieces;
mod problem;
mod profile;
mod read;
mod resolve;
mod say;
mod scalar;
mod settings;
mod tags;
mod text;
mod user;
mod value;
mod write;
mod yaml;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::{ApiVersion, Desired, Diagnostic, Known, Sensitive};

pub use adopt::{Adopted, adopt};
pub use append::{AppendError, append, document};
pub use load::{load, matcher};
pub use project::ProjectFile;
pub use rules::Rules;
pub use table::{Column, Table, TableError, read_table};
pub use write::write;

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

/// Reads manifests that are in memory already, such as those of a git revision. Names decide the
/// format (`.yaml`, `.yml`, `.json`, `.jsonl`, `.ndjson`) and the order.
pub fn read_texts(files: Vec<(Arc<str>, Vec<u8>)>, settings: &ReadSettings) -> Reading {
    read_texts_beside(files, settings, None)
}

/// [`read_texts`], with what a state knows of users and files: those that are as recorded come without
/// attributes.
pub fn read_texts_beside(
    mut files: Vec<(Arc<str>, Vec<u8>)>,
    settings: &ReadSettings,
    known: Option<&Known<'_>>,
) -> Reading {
    files.sort_by(|one, other| one.0.cmp(&other.0));
    let names: Vec<Arc<str>> = files.iter().map(|(name, _)| name.clone()).collect();
    let source = |file: usize| Ok(Cow::Borrowed(&*files[file].1));
    read::read_all(&names, &source, settings, known, Vec::new())
}
