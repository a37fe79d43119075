//! Writes the result of an import as JSON: ids, files and reasons, never values.

use std::borrow::Cow;
use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::MemberId;
use crate::render::common::escape::write_json;
use crate::render::common::json::FORMAT_VERSION;

/// The result of an import.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Result")]
pub struct ImportView<'a> {
    /// The ids of the users that were added to manifests, in order.
    #[schemars(with = "Vec<String>")]
    pub imported: Vec<Cow<'a, MemberId>>,
    /// The ids of the users that were declared as Channel has them, and are recorded from now on, in order.
    #[schemars(with = "Vec<String>")]
    pub recorded: Vec<Cow<'a, MemberId>>,
    /// The manifests that were written, relative to the project's folder.
    pub files: Vec<&'a str>,
    /// Whether the state records the users. If not, the next plan creates them.
    pub in_state: bool,
    /// The rows and ids that were not imported, each with the reason.
    pub problems: &'a [String],
}

/// The result of an import, as `talkform import --format json` writes it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "talkform import")]
struct ImportDocument<'a> {
    /// The version of this format: 1.
    format_version: u32,
    /// The version of talkform that wrote the document.
    talkform: &'static str,
    #[serde(flatten)]
    view: &'a ImportView<'a>,
}

/// Writes the result of an import.
///
/// # Errors
///
/// `out` returns an error.
pub fn write(out: &mut dyn io::Write, view: &ImportView<'_>) -> io::Result<()> {
    write_json(
        out,
        &ImportDocument {
            format_version: FORMAT_VERSION,
            talkform: env!("CARGO_PKG_VERSION"),
            view,
        },
    )
}

/// The JSON Schema of what [`write()`] writes.
pub fn import_schema() -> serde_json::Value {
    schemars::schema_for!(ImportDocument<'static>).to_value()
}
