//! Shows a plan as text, Markdown and JSON.

pub mod change;
pub mod changes;
pub mod commands;
pub mod group;
pub mod html;
pub mod json;
pub(crate) mod kept_consent;
pub(crate) mod known_users;
pub mod limit;
pub mod lines;
pub mod markdown;
pub(crate) mod markdown_block;
pub mod settings;
pub mod summary;
pub mod text;
pub(crate) mod uncertain;
pub mod unconfirmed;
pub mod view;
