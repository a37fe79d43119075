//! Reads the project file.

pub(crate) mod base_url;
pub mod file;
pub(crate) mod settings;
