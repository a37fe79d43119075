//! Reads the users that a document declares.

pub(crate) mod check;
pub(crate) mod defaults;
pub(crate) mod document;
pub(crate) mod key_cache;
pub(crate) mod mask;
pub(crate) mod moved;
pub(crate) mod profile;
pub mod rules;
pub(crate) mod tags;
pub(crate) mod user;
pub(crate) mod value;
