//! Keeps a state in a bucket of S3, Google Cloud Storage or Azure: every write has a condition.

pub(crate) mod address;
pub(crate) mod bucket_disk;
pub(crate) mod connection;
pub(crate) mod download;
pub(crate) mod google_identity;
pub(crate) mod history;
pub(crate) mod journal_parts;
pub(crate) mod lease;
pub(crate) mod probe;
pub(crate) mod remote_store;
pub(crate) mod shared;
pub(crate) mod swap;
pub(crate) mod version_copies;
