//! Writes users as manifests.

pub mod append;
pub(crate) mod cut;
pub(crate) mod ends;
pub mod erase;
pub(crate) mod yaml;
