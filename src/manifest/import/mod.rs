//! Reads the sources of an import: a CSV export, or a user of Channel.

pub mod csv;
pub mod importable;
