//! Examines texts: invisible characters, texts that look alike, encoded texts, ids that a file names, codes of
//! languages, and templates that nobody filled in.

pub mod characters;
pub mod encoded;
pub mod language;
pub mod mentions;
pub mod template;
