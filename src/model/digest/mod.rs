//! Computes digests of users and files, over a canonical form.

pub(crate) mod canonical;
pub mod digests;
pub(crate) mod hex;
pub mod key;
