//! Shows a drift report as text, Markdown and JSON.

pub mod json;
pub(crate) mod lines;
pub mod markdown;
pub mod text;
pub mod view;
