//! Writes a state's summary and a plan file as JSON.

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Destination, State};
use crate::plan::PlanFile;
use crate::render::common::escape::write_json;
use crate::render::common::json::FORMAT_VERSION;

/// What a state belongs to and how much it records, as `talkform show --json` writes it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "talkform state summary")]
struct StateDocument<'a> {
    /// The version of this format: 1.
    format_version: u32,
    /// The version of talkform that wrote the summary.
    talkform: &'static str,
    /// The random name of the state.
    lineage: &'a str,
    /// Counts the changes of content.
    serial: u64,
    /// Where the users were sent.
    destination: &'a Destination,
    /// Which `TALKFORM_STATE_KEY` its digests were made with; null for none.
    key_id: Option<&'a str>,
    /// The canonical form of its digests.
    canonical_form: u32,
    /// How many users are recorded.
    users: usize,
    /// How many manifest files are recorded.
    files: usize,
    /// How many users have a last request without a known result.
    pending: usize,
    /// How many users Channel rejected.
    rejected: usize,
    /// How many users have fields that Channel's response did not show as sent.
    unconfirmed: usize,
}

/// Writes a summary of a state.
///
/// # Errors
///
/// `out` returns an error.
pub fn state(out: &mut dyn io::Write, state: &State) -> io::Result<()> {
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
    let document = StateDocument {
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
    };
    write_json(out, &document)
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
    schemars::schema_for!(StateDocument<'static>).to_value()
}
