//! Describes what a manifest declares of one user.

pub mod attributes;
pub mod key_map;
pub mod shared;
pub mod tags;
