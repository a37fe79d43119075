//! Keeps a state in a bucket of S3, Google Cloud Storage or Azure: every write has a condition.

#[cfg(feature = "buckets")]
pub(crate) mod address;
#[cfg(feature = "buckets")]
pub(crate) mod bucket_disk;
#[cfg(feature = "buckets")]
pub(crate) mod connection;
#[cfg(feature = "buckets")]
pub(crate) mod download;
#[cfg(feature = "buckets")]
pub(crate) mod google_identity;
pub(crate) mod history;
#[cfg(feature = "buckets")]
pub(crate) mod journal_parts;
#[cfg(feature = "buckets")]
pub(crate) mod lease;
#[cfg(feature = "buckets")]
pub(crate) mod probe;
pub(crate) mod remote_store;
#[cfg(feature = "buckets")]
pub(crate) mod shared;
#[cfg(feature = "buckets")]
pub(crate) mod swap;
#[cfg(feature = "buckets")]
pub(crate) mod version_copies;
