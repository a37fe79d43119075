//! Writes a plan as JSON, in a versioned format with a JSON Schema.

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::render::common::escape::write_json;
use crate::render::common::json::FORMAT_VERSION;
use crate::render::plan::view::PlanView;

/// A plan, as `talkform plan --format json` writes it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "talkform plan")]
struct PlanDocument<'v, 'a> {
    /// The version of this format: 1.
    format_version: u32,
    /// The version of talkform that wrote the plan.
    talkform: &'static str,
    #[serde(flatten)]
    plan: &'v PlanView<'a>,
}

/// Writes a plan as JSON, change by change: the text is never in memory as a whole.
///
/// # Errors
///
/// `out` returns an error.
pub fn write(out: &mut dyn io::Write, view: &PlanView<'_>) -> io::Result<()> {
    let document = PlanDocument {
        format_version: FORMAT_VERSION,
        talkform: env!("CARGO_PKG_VERSION"),
        plan: view,
    };
    write_json(out, &document)
}

/// The JSON Schema of what [`write()`] writes.
pub fn plan_schema() -> serde_json::Value {
    schemars::schema_for!(PlanDocument<'static, 'static>).to_value()
}
