//! Writes users as manifests.

pub mod append;
pub(crate) mod yaml;
