//! Reads what an import starts from: a CSV export, or a user of Channel.

pub mod csv;
pub mod importable;
