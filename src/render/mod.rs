//! Shows plans, drift, reports, diagnostics and states to people and programs.
//!
//! Functions write to what they are given or return a text; none prints, reads a file, a clock or
//! the environment. Values of a plan and of drift are hidden when a [`PlanView`] or a [`DriftView`] is made. Text from manifests and from Channel is escaped by [`common::escape`] last.
//!
//! The folders form a chain: `common`, then `plan`, then `drift` and `report`.

pub mod annotation;
pub mod common;
pub mod diagnostic;
pub mod drift;
pub mod erasure;
pub mod import_json;
pub mod plan;
pub mod progress;
pub mod report;
pub mod state;
pub mod state_json;
pub mod state_size;
pub mod state_users_json;

pub use crate::render::common::style::Style;
pub use crate::render::drift::view::DriftView;
pub use crate::render::plan::commands::Commands;
pub use crate::render::plan::known_users::KnownUsers;
pub use crate::render::plan::settings::{BaseProjectFile, SettingsView};
pub use crate::render::plan::text::TextOptions;
pub use crate::render::plan::view::PlanView;

#[cfg(test)]
mod tests;
