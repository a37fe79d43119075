//! Writes the commands that messages suggest.

pub(crate) mod apply_command;
pub(crate) mod invocation;
