//! The `drift` command.

pub(crate) mod checkpoint;
pub(crate) mod run;
