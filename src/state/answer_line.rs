//! Describes as text how Channel's last response differs from a recorded user.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Entry, FieldPath, RecordedFields, ShownValue};

/// One field that Channel's last response did not show as declared.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum AnswerLine {
    /// The path. The value that Channel showed, if any, is not remembered.
    Unconfirmed(String),
    /// The path, the digest of the value that Channel showed instead, and what is known of that value.
    ShownInstead(String, String, Standing),
}

/// What is known of a value that Channel showed in place of a declared one.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Standing {
    /// Channel showed it once.
    Once,
    /// talkform had recorded or sent it before, so Channel ignored the declared value.
    Earlier,
    /// Channel showed it twice, so it keeps the declared value in this notation.
    Kept,
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
                    let standing = match shown.is_earlier {
                        true => Standing::Earlier,
                        false if entry.unconfirmed.contains(path) => Standing::Once,
                        false => Standing::Kept,
                    };
                    Self::ShownInstead(path.to_string(), shown.digest.to_string(), standing)
                }
            });
        lines.collect()
    }
}

/// The fields that are not confirmed, and what Channel showed instead.
type Answers = (BTreeSet<FieldPath>, BTreeMap<FieldPath, ShownValue>);

/// Reads the fields of an entry; `None` if one does not fit. Only a recorded field has a value that Channel can show
/// otherwise.
pub(crate) fn read(lines: Vec<AnswerLine>, fields: &RecordedFields) -> Option<Answers> {
    let (mut unconfirmed, mut shown_instead) = Answers::default();
    for line in lines {
        match line {
            AnswerLine::Unconfirmed(path) => {
                unconfirmed.insert(path.parse().ok()?);
            }
            AnswerLine::ShownInstead(path, shown, standing) => {
                let path: FieldPath = path.parse().ok()?;
                fields.get(&path)?;
                let is_earlier = matches!(standing, Standing::Earlier);
                if !matches!(standing, Standing::Kept) {
                    unconfirmed.insert(path.clone());
                }
                let digest = shown.parse().ok()?;
                shown_instead.insert(path, ShownValue { digest, is_earlier });
            }
        }
    }
    Some((unconfirmed, shown_instead))
}
