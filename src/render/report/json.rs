//! Writes the result of an apply as JSON, in a versioned format with a JSON Schema.
//!
//! It contains ids, codes, paths and Channel's reasons for rejections, in which the values that were sent are hidden.

use std::collections::BTreeSet;
use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::apply::{Outcome, Report, ShownInstead, UserOutcome};
use crate::model::{Action, ApiChange, Destination, FieldPath, RejectedRequest, StopCause};
use crate::remote::Confirmation;
use crate::render::common::escape::write_json;
use crate::render::common::json::FORMAT_VERSION;
use crate::render::common::shown::Shown;

/// A report, as `talkform apply --format json` writes it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "talkform report")]
struct ReportDocument<'a> {
    /// The version of this format: 1.
    format_version: u32,
    /// The version of talkform that wrote the report.
    talkform: &'static str,
    /// Where the users were sent.
    destination: &'a Destination,
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
    /// How many requests a second Channel allows; left out if it refused none with 429, or too few to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_per_second: Option<f64>,
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
    /// Users that Channel accepted and shows with another value than declared.
    different: usize,
    /// People who were deleted on Channel and created anew.
    recreated: usize,
    /// Users of the state whose last request has no known result: Channel may have either.
    pending: usize,
    /// Users of the state with a field that Channel's last response did not show as declared.
    unconfirmed: usize,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Outcome")]
struct OutcomeView<'a> {
    /// The member id.
    id: &'a str,
    /// What the change does.
    action: Action,
    /// Whether the person was deleted on Channel and created anew. Left out if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    recreated: bool,
    /// Whether a request about the user has no known result, so that Channel may have either. Left out if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pending: bool,
    #[serde(flatten)]
    outcome: OutcomeKind<'a>,
}

#[derive(Serialize, JsonSchema)]
#[serde(
    tag = "outcome",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum OutcomeKind<'a> {
    /// Accepted by Channel and recorded.
    Applied {
        /// Fields that Channel shows with another value than declared.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        different: Vec<String>,
        /// Consent flags that Channel does not show.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        not_shown: Vec<String>,
        /// Consent flags that the person set on Channel and that are kept.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kept_consent: Vec<String>,
        /// Fields that Channel keeps in its own notation, if this run has found it out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kept: Vec<KeptView<'a>>,
    },
    /// Channel rejected a request of this change.
    Rejected {
        /// The rejected request.
        request: RejectedRequest,
        /// The status of the response.
        status: u16,
        /// The machine-readable type of the error, if the response had one.
        code: Option<&'a str>,
        /// Channel's reason, if it gave one. The values that were sent are hidden in them.
        message: Option<&'a str>,
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

/// A field that Channel keeps in its own notation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Kept")]
struct KeptView<'a> {
    /// The path, such as `profile.plan` or `tags`.
    path: String,
    /// What Channel keeps.
    value: Shown<'a>,
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
            destination,
            outcomes,
            api,
            unchanged,
            requests,
            retried,
            elapsed,
            allowed_per_second,
            stopped,
            uncertain,
        } = report;
        Self {
            format_version: FORMAT_VERSION,
            talkform: env!("CARGO_PKG_VERSION"),
            destination,
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
                different: report.different(),
                recreated: report.recreated(),
                pending: uncertain.pending,
                unconfirmed: uncertain.unconfirmed,
            },
            requests: *requests,
            retried: *retried,
            elapsed_seconds: elapsed.as_secs_f64(),
            allowed_per_second: *allowed_per_second,
            stopped: *stopped,
            outcomes: outcomes.iter().map(OutcomeView::new).collect(),
        }
    }
}

fn texts(paths: &BTreeSet<FieldPath>) -> Vec<String> {
    paths.iter().map(ToString::to_string).collect()
}

fn kept(instead: &ShownInstead) -> Vec<KeptView<'_>> {
    let fields = instead.newly_kept.iter();
    fields
        .map(|(path, value)| KeptView {
            path: path.to_string(),
            value: Shown::kept(value),
        })
        .collect()
}

impl<'a> OutcomeView<'a> {
    fn new(user: &'a UserOutcome) -> Self {
        let UserOutcome {
            id,
            action,
            outcome,
            is_recreated,
            is_pending,
        } = user;
        let outcome = match outcome {
            Outcome::Applied {
                confirmation,
                instead,
            } => {
                let Confirmation {
                    different,
                    not_shown,
                    kept_consent,
                } = confirmation;
                OutcomeKind::Applied {
                    different: texts(different),
                    not_shown: texts(not_shown),
                    kept_consent: texts(kept_consent),
                    kept: kept(instead),
                }
            }
            Outcome::Rejected {
                request,
                status,
                code,
                reason,
            } => OutcomeKind::Rejected {
                request: *request,
                status: *status,
                code: code.as_deref(),
                message: reason.as_ref().map(|reason| &*reason.text),
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
            recreated: *is_recreated,
            pending: *is_pending,
            outcome,
        }
    }
}
