//! Defines the rows of a state's text: files, users, pending users and rejections. They are separate from the
//! model, so that the text changes only on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::{
    Entry, FieldDigest, FieldPath, FileContent, FileRecord, MemberId, Pending, PendingAction,
    RecordedFields, RejectedRequest, Rejection, RemoteIdDigest, UserDigest,
};
use crate::state::answer_line::{self, AnswerLine};

/// One manifest file. Without a digest it has to be read every time.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FileLine {
    /// The number by which users refer to it.
    no: u32,
    #[serde(flatten)]
    content: Option<FileContentLine>,
}

/// What a file declared when all its users were recorded as declared.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileContentLine {
    /// The keyed digest over its bytes and everything else that affects how they are read.
    digest: String,
    /// How many users it declared.
    users: u32,
    /// A sum over their ids and digests.
    sum: String,
}

/// One applied user.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EntryLine {
    /// The digest over all fields.
    digest: String,
    /// When Channel accepted the user.
    #[schemars(with = "String")]
    at: Timestamp,
    /// The number of the file that declares it.
    #[serde(default)]
    file: Option<u32>,
    /// The digest of each field by its path.
    #[serde(default, deserialize_with = "without_repeats")]
    fields: BTreeMap<String, String>,
    /// The digest of Channel's own id of the user.
    #[serde(default)]
    remote_id: Option<String>,
    /// Fields that Channel's response did not show as sent.
    #[serde(default)]
    unconfirmed: Vec<AnswerLine>,
}

/// One applied user as the state writes it: what the header's `columns` name, in their order. Digests are
/// base64 for URLs without padding, those of fields end to end in the order of the shape's paths.
#[derive(Deserialize, JsonSchema)]
#[expect(
    dead_code,
    reason = "describes the line in the schema; the reader takes it apart by hand"
)]
pub(crate) struct UserLine(
    String,
    String,
    String,
    Option<u32>,
    String,
    Option<String>,
    Option<Vec<AnswerLine>>,
    String,
);

/// One user of whom the last request has no known result.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PendingLine {
    /// What was being done.
    action: PendingActionLine,
    /// The digest over all that was being sent.
    #[serde(default)]
    digest: Option<String>,
    /// The digest of each field that was being sent by its path.
    #[serde(default, deserialize_with = "without_repeats")]
    fields: BTreeMap<String, String>,
    /// Fields that were being cleared without being declared.
    #[serde(default)]
    touched: Vec<String>,
    /// The digests of other values that were being sent before, each after its path.
    #[serde(default)]
    earlier: Vec<(String, String)>,
    /// The digest of Channel's own id of a person who was created anew, if a run has reported that.
    #[serde(default)]
    recreated: Option<String>,
    /// Since when the user is pending.
    #[schemars(with = "String")]
    since: Timestamp,
}

/// What was being done to a pending user.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub(crate) enum PendingActionLine {
    /// The user was being created.
    Create,
    /// The user was being updated.
    Update,
    /// The user was being created in place of another id.
    MoveFrom { from: String, delete_old: bool },
    /// The user was being replaced by another id.
    MoveTo { to: String, delete_old: bool },
    /// The user was being deleted.
    Delete,
    /// The record of the user was lost.
    Unknown,
}

/// One rejected user.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RejectionLine {
    /// The digest of what was sent.
    digest: String,
    /// Which request Channel rejected; the PUT of the user if it is left out.
    #[serde(default, skip_serializing_if = "RejectedRequest::is_put")]
    request: RejectedRequest,
    /// The response's status.
    status: u16,
    /// The response's machine-readable type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// How many applies tried it.
    attempts: u32,
    /// When it was first rejected.
    #[schemars(with = "String")]
    since: Timestamp,
}

impl FileLine {
    pub(crate) fn of(number: u32, content: Option<&FileContent>) -> Self {
        Self {
            no: number,
            content: content.map(|content| {
                let FileContent { digest, users, sum } = content;
                FileContentLine {
                    digest: digest.to_string(),
                    users: *users,
                    sum: sum.to_string(),
                }
            }),
        }
    }

    pub(crate) fn into_record(self) -> Result<FileRecord, String> {
        let content = match self.content {
            None => None,
            Some(FileContentLine { digest, users, sum }) => Some(FileContent {
                digest: digest.parse().map_err(|error| format!("{error}"))?,
                users,
                sum: sum.parse().map_err(|error| format!("{error}"))?,
            }),
        };
        Ok(FileRecord {
            number: self.no,
            content,
        })
    }
}

impl PendingActionLine {
    pub(crate) fn of(action: &PendingAction) -> Self {
        match action {
            PendingAction::Create => Self::Create,
            PendingAction::Update => Self::Update,
            PendingAction::MoveFrom { from, delete_old } => Self::MoveFrom {
                from: from.to_string(),
                delete_old: *delete_old,
            },
            PendingAction::MoveTo { to, delete_old } => Self::MoveTo {
                to: to.to_string(),
                delete_old: *delete_old,
            },
            PendingAction::Delete => Self::Delete,
            PendingAction::Unknown => Self::Unknown,
        }
    }
}

impl PendingLine {
    pub(crate) fn into_pending(self) -> Result<Pending, String> {
        let id = |id: String| MemberId::new(&id).map_err(|error| error.to_string());
        Ok(Pending {
            action: match self.action {
                PendingActionLine::Create => PendingAction::Create,
                PendingActionLine::Update => PendingAction::Update,
                PendingActionLine::MoveFrom { from, delete_old } => PendingAction::MoveFrom {
                    from: id(from)?,
                    delete_old,
                },
                PendingActionLine::MoveTo { to, delete_old } => PendingAction::MoveTo {
                    to: id(to)?,
                    delete_old,
                },
                PendingActionLine::Delete => PendingAction::Delete,
                PendingActionLine::Unknown => PendingAction::Unknown,
            },
            digest: self.digest.as_deref().map(user_digest).transpose()?,
            fields: recorded_fields(self.fields)?,
            touched: paths(self.touched)?,
            earlier: field_digests(self.earlier)?,
            recreated: self.recreated.as_deref().map(remote_id).transpose()?,
            since: self.since,
        })
    }
}

fn recorded_fields(texts: BTreeMap<String, String>) -> Result<RecordedFields, String> {
    field_digests(texts).map(RecordedFields::new)
}

fn field_digests(
    texts: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<(FieldPath, FieldDigest)>, String> {
    let fields = texts.into_iter().map(|(path, digest)| {
        let path: FieldPath = path.parse().map_err(|error| format!("{error}"))?;
        let digest: FieldDigest = digest.parse().map_err(|error| format!("{error}"))?;
        Ok((path, digest))
    });
    fields.collect()
}

fn paths(texts: Vec<String>) -> Result<BTreeSet<FieldPath>, String> {
    let paths = texts
        .into_iter()
        .map(|path| path.parse().map_err(|error| format!("{error}")));
    paths.collect()
}

impl EntryLine {
    pub(crate) fn into_entry(self) -> Result<Entry, String> {
        let fields = recorded_fields(self.fields)?;
        let (unconfirmed, shown_instead) = answer_line::read(self.unconfirmed, &fields)
            .ok_or("a field that is not confirmed does not fit")?;
        Ok(Entry {
            digest: user_digest(&self.digest)?,
            at: self.at,
            file: self.file,
            fields,
            remote_id: self.remote_id.as_deref().map(remote_id).transpose()?,
            unconfirmed,
            shown_instead,
        })
    }
}

impl RejectionLine {
    pub(crate) fn of(rejection: &Rejection) -> Self {
        let Rejection {
            digest,
            request,
            status,
            code,
            attempts,
            since,
        } = rejection;
        Self {
            digest: digest.to_string(),
            request: *request,
            status: *status,
            code: code.clone(),
            attempts: *attempts,
            since: *since,
        }
    }

    pub(crate) fn into_rejection(self) -> Result<Rejection, String> {
        Ok(Rejection {
            digest: user_digest(&self.digest)?,
            request: self.request,
            status: self.status,
            code: self.code,
            attempts: self.attempts,
            since: self.since,
        })
    }
}

fn remote_id(text: &str) -> Result<RemoteIdDigest, String> {
    text.parse().map_err(|error| format!("{error}"))
}

fn user_digest(text: &str) -> Result<UserDigest, String> {
    text.parse().map_err(|error| format!("{error}"))
}

/// Reads a map and refuses a repeated key, because git may merge the lines of two branches.
pub(crate) fn without_repeats<'de, D, V>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct Unique<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> Visitor<'de> for Unique<V> {
        type Value = BTreeMap<String, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((key, value)) = access.next_entry::<String, V>()? {
                if map.contains_key(&key) {
                    return Err(A::Error::custom(format!("`{key}` appears twice")));
                }
                map.insert(key, value);
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(Unique(PhantomData))
}
