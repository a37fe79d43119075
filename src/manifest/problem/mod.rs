//! Collects the problems of a manifest and shows each at its place.

pub(crate) mod excerpt;
pub(crate) mod problems;
pub(crate) mod span;
pub(crate) mod wording;
