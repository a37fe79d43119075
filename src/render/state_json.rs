//! Writes a state's summary and a plan file as JSON.

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Destination, State};
use crate::plan::PlanFile;
use crate::render::common::escape::write_json;
use crate::render::common::json::FORMAT_VERSION;

/// The summary of a state, as `talkform show --format json` writes it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "talkform state summary")]
pub(crate) struct StateSummary<'a> {
    /// The version of this format: 1.
    pub(crate) format_version: u32,
    /// The version of talkform that wrote the summary.
    pub(crate) talkform: &'static str,
    /// The random name of the state.
    pub(crate) lineage: &'a str,
    /// Counts the changes of content.
    pub(crate) serial: u64,
    /// Where the users were sent.
    pub(crate) destination: &'a Destination,
    /// Which `TALKFORM_STATE_KEY` its digests were made with; null for none.
    pub(crate) key_id: Option<&'a str>,
    /// The canonical form of its digests.
    pub(crate) canonical_form: u32,
    /// How many users are recorded.
    pub(crate) users: usize,
    /// How many manifest files are recorded.
    pub(crate) files: usize,
    /// How many users have a last request without a known result.
    pub(crate) pending: usize,
    /// How many users Channel rejected.
    pub(crate) rejected: usize,
    /// How many users have fields that Channel's response did not show as sent.
    pub(crate) unconfirmed: usize,
}

impl<'a> StateSummary<'a> {
    pub(crate) fn of(state: &'a State) -> Self {
        let State {
            serial,
            lineage,
            destination,
            canonical_form,
            salt: _,
            key_id,
            folded: _,
            files,
            users,
            pending,
            rejected,
        } = state;
        Self {
            format_version: FORMAT_VERSION,
            talkform: env!("CARGO_PKG_VERSION"),
            lineage,
            serial: *serial,
            destination,
            key_id: key_id.as_deref(),
            canonical_form: *canonical_form,
            users: users.len(),
            files: files.len(),
            pending: pending.len(),
            rejected: rejected.len(),
            unconfirmed: state.unconfirmed_users(),
        }
    }
}

/// Writes a summary of a state.
///
/// # Errors
///
/// `out` returns an error.
pub fn state(out: &mut dyn io::Write, state: &State) -> io::Result<()> {
    write_json(out, &StateSummary::of(state))
}

/// Writes a plan file that was read, in the format of the file.
///
/// # Errors
///
/// `out` returns an error.
pub fn plan_file(out: &mut dyn io::Write, file: &PlanFile) -> io::Result<()> {
    write_json(out, file)
}

/// The JSON Schema of what [`state()`] writes.
pub fn state_summary_schema() -> serde_json::Value {
    schemars::schema_for!(StateSummary<'static>).to_value()
}
