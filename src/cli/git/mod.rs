//! Reads git repositories through the git program.

pub(crate) mod command;
pub(crate) mod history;
pub(crate) mod objects;
pub(crate) mod work_tree;
