//! `import`: brings existing users of Channel under management.

pub(crate) mod arguments;
pub(crate) mod run;
pub(crate) mod sources;
pub(crate) mod summary;
pub(crate) mod targets;
