//! Describes what Channel has of a user, in the form of a manifest.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::field::{FieldPath, ProfileKey};
use crate::model::stop::StopCause;
use crate::model::text::language::Language;
use crate::model::user::attributes::FieldValue;
use crate::model::user::tags::Tags;
use crate::model::value::Value;

/// What Channel has of one user, normalised as a manifest is: tags in lower case, phone numbers without
/// spaces, `1.0` as `1`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The id that Channel itself gave the user, if it shows one. Another id than the recorded one shows that
    /// the person was created anew.
    pub id: Option<String>,
    /// The language; `None` if Channel does not return it.
    pub language: Option<Language>,
    /// The profile keys that a manifest can declare, those that `profileOnce` filled in included.
    pub profile: BTreeMap<ProfileKey, Value>,
    /// Profile keys with a value that no manifest can declare: an object, a list of several kinds,
    /// an integer with more digits than a number holds.
    pub undeclarable: BTreeSet<ProfileKey>,
    /// The tags.
    pub tags: Tags,
    /// The flag `unsubscribed`; `None` if Channel does not return it. API v5 never does.
    pub unsubscribed: Option<bool>,
    /// The flag `unsubscribeEmail`; `None` if Channel does not return it.
    pub unsubscribe_email: Option<bool>,
    /// The flag `unsubscribeTexting`; `None` if Channel does not return it.
    pub unsubscribe_texting: Option<bool>,
}

/// What a read of one user returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteUser {
    /// Channel has the user.
    Present(Box<Observed>),
    /// Channel does not have the user.
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
    /// Channel has this value.
    Value(Value),
    /// Channel has a value that no manifest can declare.
    Undeclarable,
    /// Channel has no value.
    Absent,
}

impl Observed {
    /// What Channel has for one field. For `profileOnce.KEY` that is the profile's value.
    pub fn get(&self, path: &FieldPath) -> RemoteValue {
        let shown = |flag: Option<bool>| flag.map(Value::Boolean);
        let value = match path {
            FieldPath::Profile(key) | FieldPath::ProfileOnce(key) => {
                if self.undeclarable.contains(key) {
                    return RemoteValue::Undeclarable;
                }
                self.profile.get(key).cloned()
            }
            FieldPath::Language => self.language.as_ref().map(|it| it.value().clone()),
            FieldPath::Tags => Some(self.tags.value().clone()),
            FieldPath::Unsubscribed => shown(self.unsubscribed),
            FieldPath::UnsubscribeEmail => shown(self.unsubscribe_email),
            FieldPath::UnsubscribeTexting => shown(self.unsubscribe_texting),
        };
        value.map_or(RemoteValue::Absent, RemoteValue::Value)
    }

    /// The language, every value of the profile, and the tags.
    pub fn texts(&self) -> impl Iterator<Item = (FieldPath, FieldValue<'_>)> {
        let language = self.language.iter();
        let profile = self.profile.iter();
        language
            .map(|language| (FieldPath::Language, FieldValue::Value(language.value())))
            .chain(
                profile.map(|(key, value)| {
                    (FieldPath::Profile(key.clone()), FieldValue::Value(value))
                }),
            )
            .chain([(FieldPath::Tags, FieldValue::Tags(&self.tags))])
    }

    /// A consent flag on Channel; `None` if Channel does not return it, and for any other field.
    pub fn flag(&self, path: &FieldPath) -> Option<bool> {
        match path {
            FieldPath::Unsubscribed => self.unsubscribed,
            FieldPath::UnsubscribeEmail => self.unsubscribe_email,
            FieldPath::UnsubscribeTexting => self.unsubscribe_texting,
            FieldPath::Language
            | FieldPath::Profile(_)
            | FieldPath::ProfileOnce(_)
            | FieldPath::Tags => None,
        }
    }
}
