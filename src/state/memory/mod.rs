//! Keeps files in memory: the objects of a bucket while they are read and made, and a state that was given.

pub(crate) mod given_disk;
pub(crate) mod memory_file;
