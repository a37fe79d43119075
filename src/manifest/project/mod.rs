//! Reads the project file.

pub mod base_url;
pub mod field_patterns;
pub mod file;
pub mod personal_ids;
pub(crate) mod settings;
pub(crate) mod state_settings;
