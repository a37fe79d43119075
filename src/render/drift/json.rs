//! Drift for machines: a versioned format, described by a JSON Schema made from the same types.

use std::io;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::render::common::escape::write_json;
use crate::render::drift::view::{
    DriftCounts, DriftField, DriftStanding, DriftUser, DriftView, DriftWord,
};
use crate::render::plan::json::ShownJson;
use crate::render::plan::json_notes::OriginJson;
use crate::render::report::text::cause_word;

/// The version of the format. It goes up when a reader of the old one could be misled.
pub const FORMAT_VERSION: u32 = 1;

/// What `talkform drift --format json` writes.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "talkform drift")]
struct DriftJson<'a> {
    /// The version of this format: 1.
    format_version: u32,
    /// The version of talkform that wrote it.
    talkform: &'static str,
    /// How many recorded users were to be looked at.
    users: usize,
    /// How many users are what.
    counts: CountsJson,
    /// The sample, where not everybody was to be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<SampleJson>,
    /// Why it ended before its end: `interrupted`, `deadline`, `denied`, `blocked` or `breaker`; left out where it
    /// did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<&'static str>,
    /// The users who differ, by id.
    #[schemars(with = "Vec<UserJson<'a>>")]
    drift: Users<'a>,
    /// The users that could not be read, by id.
    failed: Vec<FailedJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CountsJson {
    /// Users with a field that differs, consent aside.
    changed: usize,
    /// Users that Channel does not know any more.
    gone: usize,
    /// Users who changed their consent; some of them may have changed otherwise, too.
    consent: usize,
    /// Users who are as applied.
    as_applied: usize,
    /// How many of these were read by the run before.
    earlier: usize,
    /// Users that could not be read.
    failed: usize,
    /// Users that were not read.
    skipped: usize,
    /// Recorded consent flags that Channel does not show, of the users that this run has read.
    flags_not_shown: usize,
}

#[derive(Serialize, JsonSchema)]
struct SampleJson {
    /// Of how many users it was taken.
    of: usize,
    /// What takes the same sample again.
    seed: u64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UserJson<'a> {
    /// The member id.
    id: &'a str,
    standing: StandingJson,
    /// Where the user is declared; left out where it no longer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<OriginJson<'a>>,
    /// The fields that differ.
    fields: Vec<FieldJson<'a>>,
    /// How many recorded fields are as applied.
    same_fields: usize,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum StandingJson {
    /// Channel does not know the user any more.
    Gone,
    /// Fields differ.
    Changed,
    /// Nothing but consent differs: the person chose.
    Consent,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FieldJson<'a> {
    /// Such as `profile.plan` or `tags`.
    path: String,
    kind: KindJson,
    /// The value that was applied.
    applied: ShownJson<'a>,
    /// The value on Channel.
    found: ShownJson<'a>,
    /// Whether Channel's answer to the apply had not shown the field as sent.
    never_confirmed: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum KindJson {
    /// It has another value.
    Changed,
    /// It was applied and is not there.
    Missing,
    /// It was cleared and is there again.
    Returned,
    /// A consent flag that the person changed.
    Consent,
}

#[derive(Serialize, JsonSchema)]
struct FailedJson<'a> {
    /// The member id.
    id: &'a str,
    /// What happened last.
    message: &'a str,
}

/// Turned into JSON one by one, so that a large one is never held twice.
struct Users<'a>(&'a [DriftUser<'a>]);

impl Serialize for Users<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(UserJson::new))
    }
}

/// Writes what was found as JSON.
pub fn write(out: &mut dyn io::Write, view: &DriftView<'_>) -> io::Result<()> {
    let DriftView {
        report,
        counts,
        users,
    } = view;
    let DriftCounts {
        changed,
        gone,
        consent,
        as_applied,
    } = *counts;
    let json = DriftJson {
        format_version: FORMAT_VERSION,
        talkform: env!("CARGO_PKG_VERSION"),
        users: report.users,
        counts: CountsJson {
            changed,
            gone,
            consent,
            as_applied,
            earlier: report.earlier,
            failed: report.failed.len(),
            skipped: report.skipped,
            flags_not_shown: report.not_shown,
        },
        sample: report.sample.map(|sample| SampleJson {
            of: sample.of,
            seed: sample.seed,
        }),
        stopped: report.stopped.map(cause_word),
        drift: Users(users),
        failed: report
            .failed
            .iter()
            .map(|(id, message)| FailedJson {
                id: id.as_str(),
                message,
            })
            .collect(),
    };
    write_json(out, &json)
}

/// The JSON Schema of what [`write()`] writes.
pub fn drift_schema() -> serde_json::Value {
    schemars::schema_for!(DriftJson<'static>).to_value()
}

impl<'a> UserJson<'a> {
    fn new(user: &DriftUser<'a>) -> Self {
        let DriftUser {
            id,
            origin,
            standing,
            fields,
            same,
        } = user;
        Self {
            id: id.as_str(),
            standing: match standing {
                DriftStanding::Gone => StandingJson::Gone,
                DriftStanding::Changed => StandingJson::Changed,
                DriftStanding::Consent => StandingJson::Consent,
            },
            origin: origin.map(OriginJson::new),
            fields: fields.iter().map(FieldJson::new).collect(),
            same_fields: *same,
        }
    }
}

impl<'a> FieldJson<'a> {
    fn new(field: &DriftField<'a>) -> Self {
        let DriftField {
            path,
            word,
            applied,
            found,
            never_confirmed,
        } = field;
        Self {
            path: path.to_string(),
            kind: match word {
                DriftWord::Changed => KindJson::Changed,
                DriftWord::Missing => KindJson::Missing,
                DriftWord::Returned => KindJson::Returned,
                DriftWord::Consent => KindJson::Consent,
            },
            applied: ShownJson::new(*applied),
            found: ShownJson::new(*found),
            never_confirmed: *never_confirmed,
        }
    }
}
