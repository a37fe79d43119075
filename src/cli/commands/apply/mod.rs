//! Runs `talkform apply`: sends the changes of a plan.

pub(crate) mod arguments;
pub(crate) mod failed_save;
pub(crate) mod output;
pub(crate) mod run;
pub(crate) mod send;

pub(crate) use arguments::ApplyArguments;
pub(crate) use run::run;
