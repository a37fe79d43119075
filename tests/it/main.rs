//! Everything that is tested from outside: one binary, one module a topic. `tests/README.md` says
//! what is where.

mod examples;
mod golden;
mod kill;
mod offline;
mod once_through;
mod project;
mod refusals;
mod sandbox;
mod schemas;
mod stories;
mod tidy;
