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

pub mod files;
pub mod import;
pub(crate) mod options;
pub(crate) mod problem;
pub mod project;
pub(crate) mod rules;
pub mod schema;
pub(crate) mod syntax;
pub(crate) mod users;
pub mod writing;

#[cfg(test)]
mod tests;

pub use crate::manifest::files::find::{load, matcher};
pub use crate::manifest::import::csv::{Column, Table, TableError, read_table};
pub use crate::manifest::import::importable::{Adopted, adopt};
pub use crate::manifest::project::file::ProjectFile;
pub use crate::manifest::rules::Rules;
pub use crate::manifest::writing::append::{AppendError, append, document};
pub use crate::manifest::writing::yaml::write;

pub use crate::manifest::files::texts::{read_texts, read_texts_beside};
pub use crate::manifest::options::{ReadSettings, Reading};
