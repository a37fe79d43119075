//! The rows of a state's text: a file, a user, a refusal. Kept apart from the model so that the text
//! changes only on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::{
    Entry, FieldDigest, FieldPath, FileContent, FileRecord, RecordedFields, RejectedRequest,
    Rejection, UserDigest,
};

/// One manifest file. Without a digest it has to be read every time.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FileLine {
    /// What users name it by.
    no: u32,
    #[serde(flatten)]
    content: Option<FileContentLine>,
}

/// What a file said when all its users were as it declared them.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileContentLine {
    /// Keyed, over its bytes and what decides their meaning.
    digest: String,
    /// How many users it declared.
    users: u32,
    /// Over their ids and digests.
    sum: String,
}

/// One applied user.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EntryLine {
    /// The digest over all fields.
    digest: String,
    /// When Channel accepted the user.
    #[schemars(with = "String")]
    at: Timestamp,
    /// The number of the file that declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<u32>,
    /// The digest of each field by its path.
    #[serde(default, deserialize_with = "without_repeats")]
    fields: BTreeMap<String, String>,
    /// Fields that Channel's answer did not show as sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unconfirmed: Vec<String>,
}

/// One refused user.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RejectionLine {
    /// The digest of what was sent.
    digest: String,
    /// Which request Channel rejected; the PUT of the user where it is left out.
    #[serde(default, skip_serializing_if = "RejectedRequest::is_put")]
    request: RejectedRequest,
    /// The answer's status.
    status: u16,
    /// The answer's machine-readable type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// How many applies tried it.
    attempts: u32,
    /// When it was first refused.
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

impl EntryLine {
    pub(crate) fn of(entry: &Entry) -> Self {
        let Entry {
            digest,
            at,
            file,
            fields,
            remote_id: _,
            unconfirmed,
        } = entry;
        Self {
            digest: digest.to_string(),
            at: *at,
            file: *file,
            fields: fields
                .iter()
                .map(|(path, digest)| (path.to_string(), digest.to_string()))
                .collect(),
            unconfirmed: unconfirmed.iter().map(ToString::to_string).collect(),
        }
    }

    pub(crate) fn into_entry(self) -> Result<Entry, String> {
        let mut fields = Vec::with_capacity(self.fields.len());
        for (path, digest) in self.fields {
            let path: FieldPath = path.parse().map_err(|e| format!("{e}"))?;
            let digest: FieldDigest = digest.parse().map_err(|e| format!("{e}"))?;
            fields.push((path, digest));
        }
        let mut unconfirmed = BTreeSet::new();
        for path in self.unconfirmed {
            unconfirmed.insert(path.parse().map_err(|e| format!("{e}"))?);
        }
        Ok(Entry {
            digest: user_digest(&self.digest)?,
            at: self.at,
            file: self.file,
            fields: RecordedFields::new(fields),
            remote_id: None,
            unconfirmed,
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

fn user_digest(text: &str) -> Result<UserDigest, String> {
    text.parse().map_err(|error| format!("{error}"))
}

/// A map in which a key that comes twice is an error: git can merge two branches into one.
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
                    return Err(A::Error::custom(format!("«{key}» stands there twice")));
                }
                map.insert(key, value);
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(Unique(PhantomData))
}
