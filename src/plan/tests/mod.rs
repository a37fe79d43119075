//! Tests of the planner.

mod build;
mod drift;
mod moves;
mod naive;
mod pending;
mod refresh;
