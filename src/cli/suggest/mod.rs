//! Writes the commands that messages suggest.

pub(crate) mod approving_command;
pub(crate) mod invocation;
