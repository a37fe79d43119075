//! Encrypts a state and its journal for a place that others can read.

pub(crate) mod chunks;
pub(crate) mod encryption_error;
pub(crate) mod encryption_key;
pub(crate) mod form;
pub(crate) mod header;
pub(crate) mod policy;
