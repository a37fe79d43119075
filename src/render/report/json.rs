//! What became of an apply, for machines. It holds ids, codes and paths, never a value.

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::apply::{Outcome, Report, UserOutcome};
use crate::model::{Action, RejectedRequest};
use crate::render::common::escape::write_json;
use crate::render::plan::json::FORMAT_VERSION;
use crate::render::plan::json_notes::ApiJson;
use crate::render::report::text::cause_word;

/// A report, as `talkform apply --format json` writes it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "talkform report")]
struct ReportJson<'a> {
    /// The version of this format: 1.
    format_version: u32,
    /// The version of talkform that wrote it.
    talkform: &'static str,
    /// That the state names another API version now; left out where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<ApiJson>,
    /// How many users became what.
    counts: CountsJson,
    /// Requests that were sent, repeats included.
    requests: u64,
    /// Requests that were repeats.
    retried: u64,
    /// From the first request to the last answer, in seconds.
    elapsed_seconds: f64,
    /// Why it ended before its end; null where it did not.
    #[schemars(extend("enum" = ["interrupted", "deadline", "denied", "blocked", "breaker", "failFast", "unrecorded", null]))]
    stopped: Option<&'static str>,
    /// One outcome for each planned change, by id.
    outcomes: Vec<OutcomeJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CountsJson {
    created: usize,
    updated: usize,
    /// Under another id.
    moved: usize,
    forgotten: usize,
    deleted: usize,
    /// Rejected or failed.
    failed: usize,
    /// Never tried.
    skipped: usize,
    unchanged: usize,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OutcomeJson<'a> {
    /// The member id.
    id: &'a str,
    /// `create`, `update`, `move`, `forget` or `delete`.
    #[schemars(extend("enum" = ["create", "update", "move", "forget", "delete"]))]
    action: &'static str,
    #[serde(flatten)]
    outcome: KindJson<'a>,
}

#[derive(Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "camelCase")]
enum KindJson<'a> {
    /// Done and recorded.
    Applied {
        /// Fields that Channel's answer did not show as sent.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unconfirmed: Vec<String>,
    },
    /// Channel rejected a request of this change.
    Rejected {
        /// Which request.
        request: RejectedRequest,
        /// The answer's status.
        status: u16,
        /// The answer's machine-readable type.
        code: Option<&'a str>,
    },
    /// Not done although it might have been.
    Failed {
        /// What happened last, without any value of the user.
        message: &'a str,
        /// How often it was tried.
        attempts: u32,
    },
    /// Never tried.
    Skipped {
        /// Why the run was stopping.
        cause: &'static str,
    },
}

/// Writes a report as JSON.
pub fn write(out: &mut dyn io::Write, report: &Report) -> io::Result<()> {
    write_json(out, &ReportJson::new(report))
}

/// The JSON Schema of what [`write()`] writes.
pub fn report_schema() -> serde_json::Value {
    schemars::schema_for!(ReportJson<'static>).to_value()
}

impl<'a> ReportJson<'a> {
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
            api: api.map(ApiJson::new),
            counts: CountsJson {
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
            stopped: stopped.map(cause_word),
            outcomes: outcomes.iter().map(OutcomeJson::new).collect(),
        }
    }
}

impl<'a> OutcomeJson<'a> {
    fn new(user: &'a UserOutcome) -> Self {
        let UserOutcome {
            id,
            action,
            outcome,
        } = user;
        let outcome = match outcome {
            Outcome::Applied { unconfirmed } => KindJson::Applied {
                unconfirmed: unconfirmed.iter().map(ToString::to_string).collect(),
            },
            // The message is left out: it may echo values.
            Outcome::Rejected {
                request,
                status,
                code,
                message: _,
            } => KindJson::Rejected {
                request: *request,
                status: *status,
                code: code.as_deref(),
            },
            Outcome::Failed { message, attempts } => KindJson::Failed {
                message,
                attempts: *attempts,
            },
            Outcome::Skipped { cause } => KindJson::Skipped {
                cause: cause_word(*cause),
            },
        };
        Self {
            id: id.as_str(),
            action: action.as_str(),
            outcome,
        }
    }
}
