//! Shows what an apply did, as text and JSON.

pub mod json;
pub mod text;
