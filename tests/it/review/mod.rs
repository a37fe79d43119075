//! Tests reviews: plan files, expected digests, old values from another revision, files for CI.

pub(crate) mod applied;
mod base;
mod github;
mod plan_file;
mod rekey;
mod revision;
mod settings;
