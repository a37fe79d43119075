//! Writes what a state records of users as JSON: ids, digests, times and field paths, which is all it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Entry, FieldPath, MemberId, Pending, PendingAction, State, UserDigest};
use crate::render::common::escape::write_json;
use crate::render::common::json::{FORMAT_VERSION, as_text};
use crate::render::common::rejection::RejectionView;

/// What a state records of users, as `talkform state list --format json` and `state show --format json` write it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "talkform state users")]
struct UsersDocument<'a> {
    /// The version of this format: 1.
    format_version: u32,
    /// The version of talkform that wrote the document.
    talkform: &'static str,
    /// The random name of the state.
    lineage: &'a str,
    /// Counts the changes of content.
    serial: u64,
    /// The recorded, pending and rejected users, by id.
    users: Vec<UserView<'a>>,
}

/// One user.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "User")]
struct UserView<'a> {
    /// The member id.
    #[schemars(with = "String")]
    id: &'a MemberId,
    /// What was applied; null if the user was never applied.
    applied: Option<AppliedView<'a>>,
    /// What was being sent by a request without a known result; null if there is none. Channel may have either.
    pending: Option<PendingView<'a>>,
    /// How Channel rejected the user; null if it did not.
    rejected: Option<RejectionView<'a>>,
}

/// What was applied.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Applied")]
struct AppliedView<'a> {
    /// When Channel accepted it, in RFC 3339.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    at: Timestamp,
    /// The digest over all fields, in hexadecimal digits.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    digest: UserDigest,
    /// The manifest file that declares the user; null if it is not remembered.
    file: Option<&'a str>,
    /// The digest of each field by its path, in hexadecimal digits.
    fields: BTreeMap<String, String>,
    /// The fields that Channel's last response did not show as declared. One that is not in `fields` was to be
    /// cleared.
    #[serde(serialize_with = "as_texts")]
    #[schemars(with = "Vec<String>")]
    unconfirmed: BTreeSet<&'a FieldPath>,
    /// The digest of what Channel keeps, by its path, where that is another notation of the declared value. Left out if
    /// there is none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    kept: BTreeMap<String, String>,
}

/// What was being sent.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Pending")]
struct PendingView<'a> {
    /// `create`, `update`, `moveFrom`, `moveTo`, `delete` or `unknown`.
    action: &'static str,
    /// The other id of a move; left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    other: Option<&'a MemberId>,
    /// The fields that talkform may have set or cleared.
    #[serde(serialize_with = "as_texts")]
    #[schemars(with = "Vec<String>")]
    fields: BTreeSet<&'a FieldPath>,
    /// Since when the user is pending, in RFC 3339.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    since: Timestamp,
}

fn as_texts<S: serde::Serializer>(
    paths: &BTreeSet<&FieldPath>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(ToString::to_string))
}

impl<'a> AppliedView<'a> {
    fn new(entry: &'a Entry, files: &BTreeMap<u32, &'a str>) -> Self {
        let Entry {
            digest,
            at,
            file,
            fields,
            remote_id: _,
            unconfirmed,
            shown_instead,
        } = entry;
        let digests = fields.iter();
        Self {
            at: *at,
            digest: *digest,
            file: file.and_then(|number| files.get(&number).copied()),
            fields: digests
                .map(|(path, digest)| (path.to_string(), digest.to_string()))
                .collect(),
            unconfirmed: unconfirmed.iter().collect(),
            kept: shown_instead
                .keys()
                .filter_map(|path| Some((path.to_string(), entry.kept_as(path)?.to_string())))
                .collect(),
        }
    }
}

impl<'a> PendingView<'a> {
    fn new(pending: &'a Pending) -> Self {
        let (action, other) = match &pending.action {
            PendingAction::Create => ("create", None),
            PendingAction::Update => ("update", None),
            PendingAction::MoveFrom { from, .. } => ("moveFrom", Some(from)),
            PendingAction::MoveTo { to, .. } => ("moveTo", Some(to)),
            PendingAction::Delete => ("delete", None),
            PendingAction::Unknown => ("unknown", None),
        };
        Self {
            action,
            other,
            fields: pending.paths(),
            since: pending.since,
        }
    }
}

/// Writes the users that `covers` accepts.
///
/// # Errors
///
/// `out` returns an error.
pub fn users(
    out: &mut dyn io::Write,
    state: &State,
    covers: &dyn Fn(&MemberId) -> bool,
) -> io::Result<()> {
    let files = state.files.iter();
    let files = files
        .map(|(name, record)| (record.number, &**name))
        .collect();
    let others = state.pending.keys().chain(state.rejected.keys());
    let ids: BTreeSet<&MemberId> = state.users.keys().chain(others).collect();
    let ids = ids.into_iter().filter(|id| covers(id));
    let document = UsersDocument {
        format_version: FORMAT_VERSION,
        talkform: env!("CARGO_PKG_VERSION"),
        lineage: &state.lineage,
        serial: state.serial,
        users: ids
            .map(|id| UserView {
                id,
                applied: (state.users.get(id)).map(|entry| AppliedView::new(entry, &files)),
                pending: state.pending.get(id).map(PendingView::new),
                rejected: state.rejected.get(id).map(RejectionView::new),
            })
            .collect(),
    };
    write_json(out, &document)
}

/// The JSON Schema of what [`users`] writes.
pub fn state_users_schema() -> serde_json::Value {
    schemars::schema_for!(UsersDocument<'static>).to_value()
}
