//! Writes what plans, drift and reports share: values, lines, differences, escaped text and colours.

pub mod comment;
pub(crate) mod details;
pub(crate) mod duration;
pub mod escape;
pub(crate) mod json;
pub mod line;
pub mod rate;
pub mod rejection;
pub mod selected;
pub mod shown;
pub mod stop_cause;
pub mod style;
pub mod text_diff;
pub(crate) mod undecided;
pub mod value;
