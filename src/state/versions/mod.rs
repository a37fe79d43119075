//! Keeps earlier states of a bucket, and goes back to one.

pub(crate) mod restored;
pub(crate) mod version;
