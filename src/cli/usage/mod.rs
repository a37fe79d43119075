//! The command line as people meet it: short help, and words that they bring from other programs.

pub(crate) mod brief;
pub(crate) mod habits;
