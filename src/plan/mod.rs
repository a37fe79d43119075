//! Plans an apply: a pure function from desired and recorded users to a [`Plan`].
//!
//! It uses no YAML, network, clock or disk. Every decision of an apply is made here.
//!
//! [`Plan`]: crate::model::Plan

pub(crate) mod change;
pub(crate) mod change_line;
pub(crate) mod compare;
pub(crate) mod consent;
pub(crate) mod context;
pub(crate) mod digest;
pub(crate) mod drift;
pub(crate) mod erasure;
pub(crate) mod field;
pub(crate) mod file_records;
pub(crate) mod limits;
pub(crate) mod moves;
pub(crate) mod pending;
pub(crate) mod plan_file;
pub(crate) mod planner;
pub(crate) mod refresh;
pub(crate) mod rekey;
pub(crate) mod unconfirmed;

pub use crate::plan::change_line::ChangeLine;
pub use crate::plan::compare::{Comparison, compare, differing};
pub use crate::plan::context::Context;
pub use crate::plan::drift::{DriftCollector, DriftReport, Sample};
pub use crate::plan::erasure::erasure;
pub use crate::plan::file_records::record_files;
pub use crate::plan::moves::to_refresh;
pub use crate::plan::plan_file::{PlanFile, PlanFileError, Revision, file_schema};
pub use crate::plan::planner::plan;
pub use crate::plan::rekey::{rekey, rekey_plan};

#[cfg(test)]
mod tests;
