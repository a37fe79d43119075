//! Everything that is tested from outside: one binary, one module a topic. `tests/README.md` says
//! what is where.

mod api_change;
mod api_facts;
mod budget;
mod commit_state;
mod deletions;
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
mod kill_removals;
mod large_review;
mod locks;
mod moves;
mod moves_said;
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
mod shortcut;
mod stopping;
mod stories;
mod tidy;
mod wrong_keys;
