//! Keeps the users of a Channel Talk channel as code.

pub mod apply;
pub mod model;
