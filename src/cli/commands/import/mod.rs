//! Runs `talkform import`: writes manifests for users that Channel has already.

pub(crate) mod arguments;
pub(crate) mod run;
pub(crate) mod sources;
pub(crate) mod summary;
pub(crate) mod targets;
