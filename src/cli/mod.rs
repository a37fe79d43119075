//! Runs the command line. Only this module reads arguments and the environment, takes the time and prints. It is
//! private to the binary.

mod approval;
mod args;
mod base;
mod clock;
mod commands;
mod connection;
mod destination;
mod environment;
mod environment_name;
mod failure;
mod files;
mod git;
mod github;
mod lock_owner;
mod logging;
mod network;
mod output;
mod planning;
mod progress;
mod project;
mod random;
mod repository;
mod run;
mod signals;
mod suggest;
mod terminal;
mod usage;

pub(crate) use run::main;
