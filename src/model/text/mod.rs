//! Examines texts: invisible characters, texts that look alike, ids that a file names, and templates that nobody filled in.

pub mod characters;
pub mod mentions;
pub mod template;
