//! Plans, reports, diagnostics and states for people and for machines.
//!
//! Every function writes to what it is given or returns a text; nothing here prints, reads a
//! clock, the environment or a file. A plan passes [`view::PlanView`] first, where sensitive values
//! are masked; all text of people passes [`escape`] last.

pub mod annotation;
pub mod diagnostic;
pub mod drift_json;
mod drift_lines;
pub mod drift_markdown;
pub mod drift_text;
pub mod drift_view;
pub mod escape;
mod fold;
pub mod group;
mod left;
pub mod plan_json;
mod plan_json_notes;
pub mod plan_lines;
pub mod plan_markdown;
pub mod plan_text;
pub mod progress;
pub mod report;
pub mod report_json;
pub mod show;
pub mod style;
pub mod summary;
pub mod text_diff;
pub mod value_text;
pub mod view;

pub use drift_view::DriftView;
pub use plan_text::TextOptions;
pub use style::Style;
pub use view::PlanView;

#[cfg(test)]
mod tests;
