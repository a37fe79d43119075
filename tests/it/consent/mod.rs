//! Checks on random histories that no opt-out ends unless a manifest declared that.

mod claims;
mod histories;
mod history;
pub(crate) mod world;
