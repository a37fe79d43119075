//! The command line: the only place that reads arguments and the environment, takes the time and
//! prints. Private to the binary.

mod approval;
mod args;
mod channel;
mod clock;
mod commands;
mod deletions;
mod drift_checkpoint;
mod failure;
mod files;
mod git;
mod github;
mod lock_owner;
mod logging;
mod output;
mod progress;
mod project;
mod reviewed;
mod run;
mod session;
mod signals;
mod terminal;

pub(crate) use run::main;
