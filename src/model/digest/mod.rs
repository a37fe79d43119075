//! The canonical form of users and the digests over it.

pub(crate) mod canonical;
pub mod digests;
pub(crate) mod hex;
pub mod key;
