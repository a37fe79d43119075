//! Reads manifests into desired users: finds files, parses them, checks everything.
//!
//! ```text
//! files/find ─▶ syntax/decode ─▶ syntax/yaml │ json ─▶ users/document, user, … ─▶ users/defaults ─▶ files/across, assemble
//! bytes         text             nodes                 fields of a user          users             Desired
//! ```
//!
//! The folders form a chain: `problem` < `syntax` < `users` < `files` < `writing`, `import`; `project` is
//! beside `files`.
//!
//! No problem ends the reading early: every file is read to its end, and all problems are returned, each
//! with its place and a masked excerpt. Where one of them is an error, no user is desired: a plan from an
//! incomplete reading would forget the missing users.

pub(crate) mod field_names;
pub mod files;
pub mod import;
pub(crate) mod inside;
#[cfg(not(feature = "json-schema"))]
pub(crate) mod no_validator;
pub(crate) mod options;
pub(crate) mod problem;
pub mod project;
pub(crate) mod rule_errors;
pub(crate) mod rules;
pub mod schema;
pub(crate) mod syntax;
pub(crate) mod users;
#[cfg(feature = "json-schema")]
pub(crate) mod validator;
pub(crate) mod vocabulary;
pub mod writing;

#[cfg(test)]
mod tests;

pub use crate::manifest::files::find::{check, load, matcher};
pub use crate::manifest::import::PhoneCountry;
pub use crate::manifest::import::column::{Column, NotAColumn};
pub use crate::manifest::import::encoding::TableEncoding;
pub use crate::manifest::import::header::ColumnError;
pub use crate::manifest::import::importable::{Adopted, adopt};
pub use crate::manifest::import::records::Delimiter;
pub use crate::manifest::import::table::{Repeated, Table, TableError, TableSettings, read_table};
pub use crate::manifest::inside::is_inside;
pub use crate::manifest::project::field_patterns::warnings as pattern_warnings;
pub use crate::manifest::project::file::ProjectFile;
pub use crate::manifest::project::personal_ids::personal_id_warning;
pub use crate::manifest::rule_errors::RulesError;
pub use crate::manifest::rules::Rules;
pub use crate::manifest::writing::append::{AppendError, append, document};
pub use crate::manifest::writing::erase::{EraseError, Erased, erase};
pub use crate::manifest::writing::yaml::write;

pub use crate::manifest::files::texts::{read_texts, read_texts_beside};
pub use crate::manifest::options::{ReadSettings, Reading};
