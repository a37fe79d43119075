//! Runs the commands. Each has a file or a folder with its arguments and `run`.

pub(crate) mod apply;
pub(crate) mod completions;
pub(crate) mod drift;
pub(crate) mod erase;
pub(crate) mod ids;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod man;
pub(crate) mod plan;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod state;
pub(crate) mod validate;
