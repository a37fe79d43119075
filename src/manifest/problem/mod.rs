//! Collects what is wrong with a manifest and shows it at its place.

pub(crate) mod excerpt;
pub(crate) mod problems;
pub(crate) mod span;
pub(crate) mod wording;
