//! Checks what the network needs of this machine before anything is sent.

pub(crate) mod certificates;
pub(crate) mod open_files;
pub(crate) mod variables;
