//! Everything that is tested from outside: one binary, one module a topic. `tests/README.md` says
//! what is where.

mod budget;
mod commit_state;
mod disk;
mod drift;
mod drift_resume;
mod drift_secrecy;
mod examples;
mod faults;
mod golden;
mod import;
mod kill;
mod kill_everywhere;
mod large_review;
mod locks;
mod offline;
mod once_through;
mod project;
mod reading;
mod refresh;
mod refusals;
mod review;
mod sandbox;
mod schemas;
mod secrecy;
mod stopping;
mod stories;
mod tidy;
mod wrong_keys;
