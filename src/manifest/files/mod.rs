//! Finds manifest files, reads them in parallel and assembles the desired users.

pub(crate) mod across;
pub(crate) mod assemble;
pub(crate) mod chunks;
pub(crate) mod file;
pub mod find;
pub(crate) mod fingerprint;
pub(crate) mod foreign;
pub(crate) mod format;
pub(crate) mod ids;
pub(crate) mod names;
pub(crate) mod texts;
pub(crate) mod unchanged;
pub(crate) mod unread;
pub(crate) mod whole;
pub(crate) mod words;
