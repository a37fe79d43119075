//! Describes as text how Channel's last response differs from a recorded user.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Entry, FieldDigest, FieldPath, RecordedFields};

/// One field that Channel's last response did not show as declared.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum AnswerLine {
    /// The path. The value that Channel showed, if any, is not remembered.
    Unconfirmed(String),
    /// The path, the digest of the value that Channel showed instead, and whether it showed the same twice: then it
    /// keeps the declared value in that notation.
    ShownInstead(String, String, bool),
}

impl AnswerLine {
    /// The fields of an entry, in order.
    pub(crate) fn of(entry: &Entry) -> Vec<Self> {
        let mut paths: BTreeSet<&FieldPath> = entry.unconfirmed.iter().collect();
        paths.extend(entry.shown_instead.keys());
        let lines = paths
            .into_iter()
            .map(|path| match entry.shown_instead.get(path) {
                None => Self::Unconfirmed(path.to_string()),
                Some(shown) => {
                    let is_kept = !entry.unconfirmed.contains(path);
                    Self::ShownInstead(path.to_string(), shown.to_string(), is_kept)
                }
            });
        lines.collect()
    }
}

/// The fields that are not confirmed, and what Channel showed instead.
type Answers = (BTreeSet<FieldPath>, BTreeMap<FieldPath, FieldDigest>);

/// Reads the fields of an entry; `None` if one does not fit. Only a recorded field has a value that Channel can show
/// otherwise.
pub(crate) fn read(lines: Vec<AnswerLine>, fields: &RecordedFields) -> Option<Answers> {
    let (mut unconfirmed, mut shown_instead) = Answers::default();
    for line in lines {
        match line {
            AnswerLine::Unconfirmed(path) => {
                unconfirmed.insert(path.parse().ok()?);
            }
            AnswerLine::ShownInstead(path, shown, is_kept) => {
                let path: FieldPath = path.parse().ok()?;
                fields.get(&path)?;
                if !is_kept {
                    unconfirmed.insert(path.clone());
                }
                shown_instead.insert(path, shown.parse().ok()?);
            }
        }
    }
    Some((unconfirmed, shown_instead))
}
