//! What plans, drift reports and apply reports share when they are shown.

pub(crate) mod details;
pub mod escape;
pub mod style;
pub mod text_diff;
pub mod value;
