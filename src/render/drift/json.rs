//! Writes drift as JSON, in a versioned format with a JSON Schema.

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::render::common::escape::write_json;
use crate::render::common::json::FORMAT_VERSION;
use crate::render::drift::view::DriftView;

/// What `talkform drift --format json` writes.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "talkform drift")]
struct DriftDocument<'a> {
    /// The version of this format: 1.
    format_version: u32,
    /// The version of talkform that wrote it.
    talkform: &'static str,
    #[serde(flatten)]
    drift: &'a DriftView<'a>,
}

/// Writes drift as JSON, user by user: the text is never in memory as a whole.
///
/// # Errors
///
/// `out` returns an error.
pub fn write(out: &mut dyn io::Write, view: &DriftView<'_>) -> io::Result<()> {
    let document = DriftDocument {
        format_version: FORMAT_VERSION,
        talkform: env!("CARGO_PKG_VERSION"),
        drift: view,
    };
    write_json(out, &document)
}

/// The JSON Schema of what [`write()`] writes.
pub fn drift_schema() -> serde_json::Value {
    schemars::schema_for!(DriftDocument<'static>).to_value()
}
