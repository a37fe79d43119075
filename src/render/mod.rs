//! Plans, reports, diagnostics and states for people and for machines.
//!
//! Every function writes to what it is given or returns a text; nothing here prints, reads a
//! clock, the environment or a file. A plan passes [`view::PlanView`] first, where sensitive values
//! are masked; all text of people passes [`escape`] last.

pub mod annotation;
pub mod common;
pub mod diagnostic;
pub mod drift;
pub mod plan;
pub mod progress;
pub mod report;
pub mod state;

pub use crate::render::common::style::Style;
pub use crate::render::drift::view::DriftView;
pub use crate::render::plan::text::TextOptions;
pub use crate::render::plan::view::PlanView;

#[cfg(test)]
mod tests;
