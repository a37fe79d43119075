//! Reads the users that a document declares.

pub(crate) mod check;
pub(crate) mod context;
pub(crate) mod declared;
pub(crate) mod defaults;
pub(crate) mod document;
pub(crate) mod key_cache;
pub(crate) mod language;
pub(crate) mod mask;
pub(crate) mod moved;
pub(crate) mod near_miss;
pub(crate) mod places;
pub(crate) mod profile;
pub(crate) mod rules;
pub(crate) mod tags;
pub(crate) mod user;
pub(crate) mod value;
