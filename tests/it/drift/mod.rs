//! `drift`: changes made on Channel are found and reported.

mod report;
mod runs;
pub(crate) mod users;
