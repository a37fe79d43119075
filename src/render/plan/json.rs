//! A plan for machines: a versioned format, described by a JSON Schema made from the same types.

use std::io;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::model::{Limit, LimitCheck, MemberId, Reason, RejectedRequest, Rejection, Value};
use crate::render::common::escape::write_json;
use crate::render::plan::json_notes::{ApiJson, LeftJson, LikelyMoveJson, OriginJson};
use crate::render::plan::view::{
    Action, ApiView, Counts, FieldKind, FieldView, PlanView, Shown, UserView,
};

/// The version of the format. It goes up when a reader of the old one could be misled.
pub const FORMAT_VERSION: u32 = 1;

/// A plan, as `talkform plan --format json` writes it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "talkform plan")]
struct PlanJson<'a> {
    /// The version of this format: 1.
    format_version: u32,
    /// The version of talkform that wrote it.
    talkform: &'static str,
    /// The lineage of the state the plan was made against.
    lineage: &'a str,
    /// The serial of the state the plan was made against.
    serial: u64,
    /// The name of the decision, for `apply --expect` and `apply --approve-limits`.
    digest: String,
    /// That the state will name another API version; left out where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<PlannedApiJson>,
    /// How many users are to be what.
    counts: CountsJson,
    /// How many requests an apply sends if none has to be repeated.
    requests: usize,
    /// How many users an apply deletes on Channel, for good.
    deletions: usize,
    /// How many users the state records.
    recorded: usize,
    /// How many users the manifests declare.
    desired: usize,
    /// Whether a limit is exceeded.
    tripped: bool,
    /// Every limit with its numbers.
    limits: Vec<LimitJson>,
    /// Ids that probably changed: one who goes and one who comes with the same attributes, and no other
    /// like them. Left out where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    likely_moves: Vec<LikelyMoveJson<'a>>,
    /// Whether Channel was looked at, so that drift is part of the changes.
    refreshed: bool,
    /// The changes, by id.
    #[schemars(with = "Vec<ChangeJson<'a>>")]
    changes: Changes<'a>,
    /// Consent that people changed on Channel since and that is left as they want it, by id.
    left: Vec<LeftJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PlannedApiJson {
    #[serde(flatten)]
    step: ApiJson,
    /// Of how many users something is released that the new version does not have.
    released_users: usize,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CountsJson {
    /// Users to be created, or adopted where Channel knows the id.
    create: usize,
    /// Users to be updated.
    update: usize,
    /// Users to be sent under another id.
    #[serde(rename = "move")]
    moves: usize,
    /// Users to be dropped from the state and left alone on Channel.
    forget: usize,
    /// Users to be deleted on Channel.
    delete: usize,
    /// Declared users that are as recorded.
    unchanged: usize,
    /// Users who may be messaged although they may have opted out.
    opt_in: usize,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LimitJson {
    /// Its name in the project file.
    name: &'static str,
    /// What the project allows, as written: a count or a percentage of the recorded users.
    limit: String,
    /// The same as a number of users; null where a percentage does not count yet.
    allowed: Option<usize>,
    /// What the plan would do.
    planned: usize,
    /// Whether it is exceeded (or, for `minUsers`, fallen short of).
    tripped: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ChangeJson<'a> {
    /// The member id.
    id: &'a str,
    action: ActionJson,
    /// The id before, of one who moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    /// That somebody is deleted on Channel: this user, or the id before. Left out where nobody is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    deletes: bool,
    reason: ReasonJson,
    /// Whether applying it takes a request.
    sends_request: bool,
    /// Whether this user may be messaged although they may have opted out.
    opt_in: bool,
    /// Where the user is declared; left out where it no longer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<OriginJson<'a>>,
    /// That Channel refused this user before; left out where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<RejectedJson<'a>>,
    /// How many declared fields stay as they are.
    unchanged_fields: usize,
    /// What happens to which field.
    fields: Vec<FieldJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum ActionJson {
    /// Created, or adopted where Channel knows the id.
    Create,
    /// Updated.
    Update,
    /// Sent under another id.
    Move,
    /// Dropped from the state, left alone on Channel.
    Forget,
    /// Deleted on Channel.
    Delete,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum ReasonJson {
    /// The state does not know the user.
    NotRecorded,
    /// The declaration differs from what was applied.
    Changed,
    /// The user is no longer declared.
    NotDeclared,
    /// The user is recorded under another id.
    Moved,
    /// The new API version has no such field.
    ApiChanged,
    /// The declaration is as applied, and Channel has something else.
    ChangedOnChannel,
    /// The user was applied, and Channel does not know them any more.
    DeletedOnChannel,
    /// The state does not know the user, and Channel does.
    Adopted,
}

#[derive(Serialize, JsonSchema)]
struct RejectedJson<'a> {
    /// Which request Channel rejected.
    request: RejectedRequest,
    /// The answer's status.
    status: u16,
    /// The answer's machine-readable type.
    code: Option<&'a str>,
    /// How many applies tried it.
    attempts: u32,
    /// When it was first refused, as RFC 3339 writes it.
    since: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FieldJson<'a> {
    /// Such as `profile.plan` or `tags`.
    path: String,
    kind: FieldKindJson,
    /// The value before.
    old: ShownJson<'a>,
    /// The value after.
    new: ShownJson<'a>,
    /// Whether someone who opted out may be messaged again.
    opt_in: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum FieldKindJson {
    /// It had no value and gets one.
    New,
    /// It gets another value.
    Changed,
    /// It is removed from Channel because the manifest says null.
    ClearDeclared,
    /// It is removed from Channel because it is no longer declared.
    ClearUndeclared,
    /// It is left alone on Channel and dropped from the state.
    Release,
    /// It stays with the old id, and the new one does not get it.
    Leave,
    /// It gets a value where Channel has none.
    Once,
}

/// A value, or why there is none to see.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "is", rename_all = "camelCase")]
pub(crate) enum ShownJson<'a> {
    /// The value itself.
    Value {
        #[schemars(with = "AnyValue")]
        value: &'a Value,
    },
    /// Masked, because the field is sensitive.
    Sensitive,
    /// Known by its digest only.
    AsApplied,
    /// Something on Channel that no manifest can declare.
    Undeclarable,
    /// There is no value.
    Absent,
}

/// What a profile key can hold; only for the schema.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "describes what `Value` serialises to")]
enum AnyValue {
    Text(String),
    Number(f64),
    Boolean(bool),
    Texts(Vec<String>),
    Numbers(Vec<f64>),
}

/// Turned into JSON one by one, so that a large plan is never held twice.
struct Changes<'a>(&'a [UserView<'a>]);

impl Serialize for Changes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(ChangeJson::new))
    }
}

/// Writes a plan as JSON.
pub fn write(out: &mut dyn io::Write, view: &PlanView<'_>) -> io::Result<()> {
    write_json(out, &PlanJson::new(view))
}

/// The JSON Schema of what [`write()`] writes.
pub fn plan_schema() -> serde_json::Value {
    schemars::schema_for!(PlanJson<'static>).to_value()
}

impl<'a> PlanJson<'a> {
    fn new(view: &'a PlanView<'a>) -> Self {
        let PlanView {
            lineage,
            serial,
            api,
            digest,
            counts,
            recorded,
            desired,
            requests,
            deletions,
            limits,
            likely_moves,
            users,
            refreshed,
            left,
        } = view;
        let Counts {
            create,
            update,
            moves,
            forget,
            delete,
            unchanged,
            opt_in,
        } = *counts;
        Self {
            format_version: FORMAT_VERSION,
            talkform: env!("CARGO_PKG_VERSION"),
            lineage,
            serial: *serial,
            digest: digest.to_string(),
            api: api.map(|ApiView { step, released }| PlannedApiJson {
                step: ApiJson::new(step),
                released_users: released,
            }),
            counts: CountsJson {
                create,
                update,
                moves,
                forget,
                delete,
                unchanged,
                opt_in,
            },
            requests: *requests,
            deletions: *deletions,
            recorded: *recorded,
            desired: *desired,
            tripped: view.is_tripped(),
            limits: limits.iter().map(LimitJson::new).collect(),
            likely_moves: likely_moves.iter().map(LikelyMoveJson::new).collect(),
            refreshed: *refreshed,
            changes: Changes(users),
            left: left.iter().map(LeftJson::new).collect(),
        }
    }
}

impl LimitJson {
    fn new(check: &LimitCheck) -> Self {
        let LimitCheck {
            kind,
            limit,
            allowed,
            planned,
        } = check;
        let limit: &Limit = limit;
        Self {
            name: kind.name(),
            limit: limit.to_string(),
            allowed: *allowed,
            planned: *planned,
            tripped: check.is_tripped(),
        }
    }
}

impl<'a> ChangeJson<'a> {
    fn new(user: &'a UserView<'a>) -> Self {
        let UserView {
            id,
            action,
            from,
            deletes,
            reason,
            sends_request,
            origin,
            rejected,
            fields,
            unchanged_fields,
        } = user;
        Self {
            id: id.as_str(),
            action: match action {
                Action::Create => ActionJson::Create,
                Action::Update => ActionJson::Update,
                Action::Move => ActionJson::Move,
                Action::Forget => ActionJson::Forget,
                Action::Delete => ActionJson::Delete,
            },
            from: from.map(MemberId::as_str),
            deletes: *deletes,
            reason: match reason {
                Reason::NotRecorded => ReasonJson::NotRecorded,
                Reason::Changed => ReasonJson::Changed,
                Reason::NotDeclared => ReasonJson::NotDeclared,
                Reason::Moved => ReasonJson::Moved,
                Reason::ApiChanged => ReasonJson::ApiChanged,
                Reason::ChangedOnChannel => ReasonJson::ChangedOnChannel,
                Reason::DeletedOnChannel => ReasonJson::DeletedOnChannel,
                Reason::Adopted => ReasonJson::Adopted,
            },
            sends_request: *sends_request,
            opt_in: user.opts_in(),
            origin: origin.map(OriginJson::new),
            rejected: rejected.map(RejectedJson::new),
            unchanged_fields: *unchanged_fields,
            fields: fields.iter().map(FieldJson::new).collect(),
        }
    }
}

impl<'a> RejectedJson<'a> {
    fn new(rejection: &'a Rejection) -> Self {
        let Rejection {
            digest: _,
            request,
            status,
            code,
            attempts,
            since,
        } = rejection;
        Self {
            request: *request,
            status: *status,
            code: code.as_deref(),
            attempts: *attempts,
            since: since.to_string(),
        }
    }
}

impl<'a> FieldJson<'a> {
    fn new(field: &FieldView<'a>) -> Self {
        let FieldView {
            path,
            kind,
            old,
            new,
            opt_in,
        } = field;
        Self {
            path: path.to_string(),
            kind: match kind {
                FieldKind::New => FieldKindJson::New,
                FieldKind::Changed => FieldKindJson::Changed,
                FieldKind::Clear { declared: true } => FieldKindJson::ClearDeclared,
                FieldKind::Clear { declared: false } => FieldKindJson::ClearUndeclared,
                FieldKind::Release => FieldKindJson::Release,
                FieldKind::Leave => FieldKindJson::Leave,
                FieldKind::Once => FieldKindJson::Once,
            },
            old: ShownJson::new(*old),
            new: ShownJson::new(*new),
            opt_in: *opt_in,
        }
    }
}

impl<'a> ShownJson<'a> {
    pub(crate) fn new(shown: Shown<'a>) -> Self {
        match shown {
            Shown::Value(value) => Self::Value { value },
            Shown::Masked => Self::Sensitive,
            Shown::AsApplied => Self::AsApplied,
            Shown::Undeclarable => Self::Undeclarable,
            Shown::Absent => Self::Absent,
        }
    }
}
