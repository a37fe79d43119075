//! Runs `talkform show` and `talkform state`: shows plan files and the state, changes the state, and moves it.

pub(crate) mod arguments;
pub(crate) mod place;
pub(crate) mod run;
pub(crate) mod versions;
