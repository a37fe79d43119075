//! Shows the result of an apply, as text and JSON.

pub mod json;
pub mod text;
