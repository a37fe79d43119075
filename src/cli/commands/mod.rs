//! One page a command, each read from top to bottom.

pub(crate) mod apply;
pub(crate) mod completions;
pub(crate) mod drift;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod plan;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod state;
pub(crate) mod validate;
