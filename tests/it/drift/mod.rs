//! Tests `talkform drift`: it finds and reports changes made on Channel.

mod report;
mod runs;
pub(crate) mod users;
