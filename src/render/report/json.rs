//! Writes the result of an apply as JSON, in a versioned format with a JSON Schema.
//!
//! It has types of its own, because the messages in an [`Outcome`] may echo values: it holds ids, codes and
//! paths, never a value.

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::apply::{Outcome, Report, UserOutcome};
use crate::model::{Action, ApiChange, RejectedRequest, StopCause};
use crate::render::common::escape::write_json;
use crate::render::common::json::FORMAT_VERSION;

/// A report, as `talkform apply --format json` writes it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "talkform report")]
struct ReportDocument<'a> {
    /// The version of this format: 1.
    format_version: u32,
    /// The version of talkform that wrote the report.
    talkform: &'static str,
    /// The step to another API version; left out if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<ApiChange>,
    /// How many users have which outcome.
    counts: ReportCounts,
    /// Requests that were sent, retries included.
    requests: u64,
    /// Requests that were retries.
    retried: u64,
    /// From the first request to the last response, in seconds.
    elapsed_seconds: f64,
    /// Why the run stopped early; null if it did not.
    stopped: Option<StopCause>,
    /// One outcome for each planned change, by id.
    outcomes: Vec<OutcomeView<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Counts")]
struct ReportCounts {
    /// Users that were created, or adopted.
    created: usize,
    /// Users that were updated.
    updated: usize,
    /// Users that were sent under another id.
    moved: usize,
    /// Users that were removed from the state and kept on Channel.
    forgotten: usize,
    /// Users that were deleted on Channel.
    deleted: usize,
    /// Users that Channel rejected or whose requests failed.
    failed: usize,
    /// Users that were not tried.
    skipped: usize,
    /// Declared users that were as recorded.
    unchanged: usize,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Outcome")]
struct OutcomeView<'a> {
    /// The member id.
    id: &'a str,
    /// What the change does.
    action: Action,
    #[serde(flatten)]
    outcome: OutcomeKind<'a>,
}

#[derive(Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "camelCase")]
enum OutcomeKind<'a> {
    /// Accepted by Channel and recorded.
    Applied {
        /// Fields that Channel's response did not show as sent.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unconfirmed: Vec<String>,
    },
    /// Channel rejected a request of this change.
    Rejected {
        /// The rejected request.
        request: RejectedRequest,
        /// The status of the response.
        status: u16,
        /// The machine-readable type of the error, if the response had one.
        code: Option<&'a str>,
    },
    /// The requests failed; the next apply tries again.
    Failed {
        /// The error of the last attempt, without any value of the user.
        message: &'a str,
        /// How many attempts there were.
        attempts: u32,
    },
    /// Not tried.
    Skipped {
        /// Why the run stopped.
        cause: StopCause,
    },
}

/// Writes a report as JSON.
///
/// # Errors
///
/// `out` returns an error.
pub fn write(out: &mut dyn io::Write, report: &Report) -> io::Result<()> {
    write_json(out, &ReportDocument::new(report))
}

/// The JSON Schema of what [`write()`] writes.
pub fn report_schema() -> serde_json::Value {
    schemars::schema_for!(ReportDocument<'static>).to_value()
}

impl<'a> ReportDocument<'a> {
    fn new(report: &'a Report) -> Self {
        let Report {
            outcomes,
            api,
            unchanged,
            requests,
            retried,
            elapsed,
            stopped,
        } = report;
        Self {
            format_version: FORMAT_VERSION,
            talkform: env!("CARGO_PKG_VERSION"),
            api: *api,
            counts: ReportCounts {
                created: report.applied(Action::Create),
                updated: report.applied(Action::Update),
                moved: report.applied(Action::Move),
                forgotten: report.applied(Action::Forget),
                deleted: report.applied(Action::Delete),
                failed: report.failed(),
                skipped: report.skipped(),
                unchanged: *unchanged,
            },
            requests: *requests,
            retried: *retried,
            elapsed_seconds: elapsed.as_secs_f64(),
            stopped: *stopped,
            outcomes: outcomes.iter().map(OutcomeView::new).collect(),
        }
    }
}

impl<'a> OutcomeView<'a> {
    fn new(user: &'a UserOutcome) -> Self {
        let UserOutcome {
            id,
            action,
            outcome,
        } = user;
        let outcome = match outcome {
            Outcome::Applied { unconfirmed } => OutcomeKind::Applied {
                unconfirmed: unconfirmed.iter().map(ToString::to_string).collect(),
            },
            // The message is left out, because it may echo values.
            Outcome::Rejected {
                request,
                status,
                code,
                message: _,
            } => OutcomeKind::Rejected {
                request: *request,
                status: *status,
                code: code.as_deref(),
            },
            Outcome::Failed { message, attempts } => OutcomeKind::Failed {
                message,
                attempts: *attempts,
            },
            Outcome::Skipped { cause } => OutcomeKind::Skipped { cause: *cause },
        };
        Self {
            id: id.as_str(),
            action: *action,
            outcome,
        }
    }
}
