//! Examines texts: invisible characters, texts that look alike, and templates that nobody filled in.

pub mod characters;
pub mod template;
