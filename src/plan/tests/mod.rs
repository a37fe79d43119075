//! Tests the planner.

mod build;
mod digest;
mod drift;
mod erasure;
mod limits;
mod moved_consent;
mod moves;
mod naive;
mod pending;
mod plan_file;
mod recreate;
mod refresh;
mod rekey;
mod unconfirmed;
