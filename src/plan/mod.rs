//! The planner: a pure function from what is wanted and what is recorded to a [`Plan`].
//!
//! It knows no YAML, no network, no clock and no disk. Every decision of an apply is made here.
//!
//! [`Plan`]: crate::model::Plan

mod change;
mod digest;
mod drift;
mod file;
mod files;
mod limits;
mod moves;
mod planner;
mod refresh;
mod rekey;

pub use drift::{Comparison, compare, differing};
pub use file::{ChangeLine, PlanFile, PlanFileError, file_schema};
pub use files::record_files;
pub use planner::{Context, plan};
pub use rekey::rekey;

#[cfg(test)]
mod tests;

#[cfg(test)]
mod move_tests;

#[cfg(test)]
mod refresh_tests;
