//! Describes the checkpoint of a drift check: the users that were read from Channel and found as applied. An
//! interrupted check continues from it. It contains ids and digests only, one user a line, in the form of the
//! journal.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{MemberId, UserDigest};
use crate::state::journal::{next_line, seal, unseal};

/// The version of the form.
const VERSION: u32 = 1;

/// The first line of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckpointHeader {
    drift: u32,
    /// Identifies channel, state and selection. A check of another scope does not continue this one.
    pub scope: String,
    /// The seed of the sample; `None` for a check of all users.
    pub seed: Option<u64>,
    /// When the check began.
    pub since: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SeenLine {
    id: MemberId,
    digest: UserDigest,
}

/// A checkpoint: a check, and the users that it found as applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftCheckpoint {
    /// The first line.
    pub head: CheckpointHeader,
    /// The digest of each user's record at that time.
    pub users: BTreeMap<MemberId, UserDigest>,
}

impl DriftCheckpoint {
    /// A checkpoint without users.
    pub fn new(scope: String, seed: Option<u64>, since: Timestamp) -> Self {
        Self {
            head: CheckpointHeader {
                drift: VERSION,
                scope,
                seed,
                since,
            },
            users: BTreeMap::new(),
        }
    }

    /// Reads a file, up to the first line that is torn or altered. `None` if that is the first line, or if
    /// another version wrote the file: then every user is read again, which costs only requests.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let head: CheckpointHeader = next_line(&mut rest).and_then(unseal)?;
        if head.drift != VERSION {
            return None;
        }
        let mut users = BTreeMap::new();
        while let Some(SeenLine { id, digest }) = next_line(&mut rest).and_then(unseal) {
            users.insert(id, digest);
        }
        Some(Self { head, users })
    }

    /// The file's text.
    pub fn write(&self) -> String {
        let mut text = seal(&self.head);
        for (id, digest) in &self.users {
            text.push_str(&record_line(id, *digest));
        }
        text
    }
}

/// Writes one user as a line to add.
pub fn record_line(id: &MemberId, digest: UserDigest) -> String {
    seal(&SeenLine {
        id: id.clone(),
        digest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Attributes, DigestKey};

    #[test]
    fn what_is_torn_is_dropped_and_nothing_else() {
        let digest = DigestKey::new(b"salt", None)
            .for_user(&MemberId::new("u").expect("an id"))
            .user_digest(&Attributes::default());
        let mut seen = DriftCheckpoint::new("scope".into(), Some(7), Timestamp::UNIX_EPOCH);
        let lines: Vec<usize> = (0..3)
            .map(|number| {
                let id = MemberId::new(&format!("u-{number}")).expect("an id");
                seen.users.insert(id, digest);
                seen.write().len()
            })
            .collect();
        let whole = seen.write();
        assert_eq!(DriftCheckpoint::parse(whole.as_bytes()), Some(seen.clone()));
        for end in 0..whole.len() {
            let kept =
                DriftCheckpoint::parse(&whole.as_bytes()[..end]).map(|seen| seen.users.len());
            let users = lines.iter().filter(|line| **line <= end).count();
            let head = seal(&seen.head).len();
            assert_eq!(kept, (end >= head).then_some(users), "{end}");
        }
        let altered = whole.replacen("u-1", "u-9", 1);
        let kept = DriftCheckpoint::parse(altered.as_bytes()).expect("a head");
        assert_eq!(kept.users.len(), 1);
        assert_eq!(DriftCheckpoint::parse(b"{\"drift\":2}\n"), None);
    }
}
