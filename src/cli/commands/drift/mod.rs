//! Runs `talkform drift`: shows how Channel differs from what was applied.

pub(crate) mod checkpoint;
pub(crate) mod run;
