//! Keeps the users of a Channel Talk channel as code.

pub mod apply;
pub mod model;
pub mod plan;
pub mod state;
