//! What is on Channel, in the project's own words.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::field::{FieldPath, ProfileKey};
use crate::model::stop::StopCause;
use crate::model::value::Value;

/// One user as Channel shows it, written as a manifest would write it: tags in lower case, phone
/// numbers without spaces, `1.0` as `1`. Two contents are the same where they are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The profile, as far as a manifest could declare it. What `profileOnce` filled in is here too.
    pub profile: BTreeMap<ProfileKey, Value>,
    /// Profile keys with a value that no manifest can declare: an object, a list of several kinds,
    /// an integer with more digits than a number holds.
    pub undeclarable: BTreeSet<ProfileKey>,
    /// The tags.
    pub tags: BTreeSet<String>,
    /// `None` where Channel does not show it; API v5 never does.
    pub unsubscribed: Option<bool>,
    /// `None` where Channel does not show it.
    pub unsubscribe_email: Option<bool>,
    /// `None` where Channel does not show it.
    pub unsubscribe_texting: Option<bool>,
}

/// What a look at Channel found of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteUser {
    /// The user is there.
    Present(Box<Observed>),
    /// Channel does not know the user.
    Missing,
}

/// Why a user was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// Every attempt failed.
    Failed {
        /// What happened last, without any value of the user.
        message: String,
    },
    /// The run stopped before the user was read.
    Skipped {
        /// Why the run stopped.
        cause: StopCause,
    },
}

/// What Channel has for one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteValue {
    /// This value.
    Value(Value),
    /// A value that no manifest can declare.
    Undeclarable,
    /// None.
    Absent,
}

impl Observed {
    /// What is there for one field; for `profileOnce.KEY` that is what the profile has.
    pub fn get(&self, path: &FieldPath) -> RemoteValue {
        let shown = |flag: Option<bool>| flag.map(Value::Boolean);
        let value = match path {
            FieldPath::Profile(key) | FieldPath::ProfileOnce(key) => {
                if self.undeclarable.contains(key) {
                    return RemoteValue::Undeclarable;
                }
                self.profile.get(key).cloned()
            }
            FieldPath::Tags => Some(Value::Texts(self.tags.iter().cloned().collect())),
            FieldPath::Unsubscribed => shown(self.unsubscribed),
            FieldPath::UnsubscribeEmail => shown(self.unsubscribe_email),
            FieldPath::UnsubscribeTexting => shown(self.unsubscribe_texting),
        };
        value.map_or(RemoteValue::Absent, RemoteValue::Value)
    }

    /// A consent flag as Channel shows it; `None` for any other field too.
    pub fn flag(&self, path: &FieldPath) -> Option<bool> {
        match path {
            FieldPath::Unsubscribed => self.unsubscribed,
            FieldPath::UnsubscribeEmail => self.unsubscribe_email,
            FieldPath::UnsubscribeTexting => self.unsubscribe_texting,
            FieldPath::Profile(_) | FieldPath::ProfileOnce(_) | FieldPath::Tags => None,
        }
    }
}
