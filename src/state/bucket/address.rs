//! Parses the address of a state in a bucket, such as `s3://bucket/folder/state.json`.

use std::path::{Path, PathBuf};

use crate::model::{StateAddressError, StateScheme, state_address};

/// The address of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) scheme: StateScheme,
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self, StateAddressError> {
        let (scheme, bucket, key) = state_address(text)?;
        Ok(Self {
            scheme,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// The bucket, which begins every path of the store.
    pub(crate) fn root(&self) -> PathBuf {
        PathBuf::from(format!("{}://{}", self.scheme.as_str(), self.bucket))
    }
}

/// The key of an object, from a path that begins with the address of its bucket.
pub(crate) fn key_of(root: &Path, path: &Path) -> Option<object_store::path::Path> {
    let (root, path) = (root.to_str()?, path.to_str()?);
    let key = path.strip_prefix(root)?.strip_prefix('/')?;
    object_store::path::Path::parse(key).ok()
}
