//! Describes what a manifest declares of one user.

use serde::{Serialize, Serializer};

use crate::model::field::FieldPath;
use crate::model::text::language::Language;
use crate::model::user::key_map::KeyMap;
use crate::model::user::tags::Tags;
use crate::model::value::Value;

/// What a manifest declares for one profile key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Declared {
    /// The key has this value.
    Set(Value),
    /// `null`: Channel does not have the key.
    Clear,
}

impl Serialize for Declared {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Set(value) => value.serialize(serializer),
            Self::Clear => serializer.serialize_unit(),
        }
    }
}

/// Everything that a manifest can declare of one user, normalised: tags in lower case, sorted and without
/// repeats; defaults merged. Its JSON, with keys in the order of RFC 8785, is the canonical form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attributes {
    /// The language in which Channel speaks to the user; `None` if the manifest does not declare one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Attributes that Channel has exactly as declared.
    #[serde(skip_serializing_if = "KeyMap::is_empty")]
    pub profile: KeyMap<Declared>,
    /// Attributes that are set if Channel has none.
    #[serde(skip_serializing_if = "KeyMap::is_empty")]
    pub profile_once: KeyMap<Value>,
    /// The whole set of tags; `None` if the manifest does not declare tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Tags>,
    /// No marketing messages at all (API v4 only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsubscribed: Option<bool>,
    /// No marketing by e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsubscribe_email: Option<bool>,
    /// No marketing by text message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsubscribe_texting: Option<bool>,
}

/// The consent flags that a manifest declares; `None` if it does not declare one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// No marketing messages at all (API v4 only).
    pub unsubscribed: Option<bool>,
    /// No marketing by e-mail.
    pub unsubscribe_email: Option<bool>,
    /// No marketing by text message.
    pub unsubscribe_texting: Option<bool>,
}

impl Consent {
    /// The opt-outs alone: what a new person is sent. A flag that is declared `false` is `false` without.
    #[must_use]
    pub fn opt_outs(self) -> Self {
        let is_sent = |flag: Option<bool>| flag.filter(|is_opted_out| *is_opted_out);
        Self {
            unsubscribed: is_sent(self.unsubscribed),
            unsubscribe_email: is_sent(self.unsubscribe_email),
            unsubscribe_texting: is_sent(self.unsubscribe_texting),
        }
    }
}

/// The declared value of one field, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldValue<'a> {
    /// A profile value, or the language.
    Value(&'a Value),
    /// The set of tags.
    Tags(&'a Tags),
    /// A consent flag.
    Flag(bool),
    /// `null`.
    Clear,
}

/// How many fields are neither in the profile nor in `profileOnce`.
const OTHERS: usize = 5;

static TRUE: Value = Value::Boolean(true);
static FALSE: Value = Value::Boolean(false);

impl<'a> FieldValue<'a> {
    /// The value; `None` for [`FieldValue::Clear`].
    pub fn as_value(self) -> Option<&'a Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Tags(tags) => Some(tags.value()),
            Self::Flag(true) => Some(&TRUE),
            Self::Flag(false) => Some(&FALSE),
            Self::Clear => None,
        }
    }

    /// The owned value; `None` for [`FieldValue::Clear`].
    pub fn to_value(self) -> Option<Value> {
        self.as_value().cloned()
    }
}

impl<'a> From<&'a Value> for FieldValue<'a> {
    fn from(value: &'a Value) -> Self {
        Self::Value(value)
    }
}

impl Serialize for FieldValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Tags(tags) => tags.serialize(serializer),
            Self::Flag(flag) => flag.serialize(serializer),
            Self::Clear => serializer.serialize_unit(),
        }
    }
}

impl Attributes {
    /// Every declared field with its value, in the order of [`FieldPath`].
    pub fn fields(&self) -> impl Iterator<Item = (FieldPath, FieldValue<'_>)> {
        let Self {
            language,
            profile,
            profile_once,
            tags,
            unsubscribed,
            unsubscribe_email,
            unsubscribe_texting,
        } = self;
        let language = language.iter();
        let language =
            language.map(|language| (FieldPath::Language, FieldValue::Value(language.value())));
        let profile = profile.iter().map(|(key, declared)| {
            let value = match declared {
                Declared::Set(value) => FieldValue::Value(value),
                Declared::Clear => FieldValue::Clear,
            };
            (FieldPath::Profile(key.clone()), value)
        });
        let once = profile_once.iter().map(|(key, value)| {
            (
                FieldPath::ProfileOnce(key.clone()),
                FieldValue::Value(value),
            )
        });
        let flag = |path, flag: &Option<bool>| flag.map(|flag| (path, FieldValue::Flag(flag)));
        language
            .chain(profile)
            .chain(once)
            .chain(
                tags.as_ref()
                    .map(|tags| (FieldPath::Tags, FieldValue::Tags(tags))),
            )
            .chain(flag(FieldPath::UnsubscribeEmail, unsubscribe_email))
            .chain(flag(FieldPath::UnsubscribeTexting, unsubscribe_texting))
            .chain(flag(FieldPath::Unsubscribed, unsubscribed))
    }

    /// How many fields are declared, at most.
    pub fn most_fields(&self) -> usize {
        self.profile.keys().len() + self.profile_once.keys().len() + OTHERS
    }

    /// The declared consent flags.
    pub fn consent(&self) -> Consent {
        Consent {
            unsubscribed: self.unsubscribed,
            unsubscribe_email: self.unsubscribe_email,
            unsubscribe_texting: self.unsubscribe_texting,
        }
    }

    /// The same with these consent flags.
    #[must_use]
    pub fn with_consent(self, consent: Consent) -> Self {
        let Consent {
            unsubscribed,
            unsubscribe_email,
            unsubscribe_texting,
        } = consent;
        Self {
            unsubscribed,
            unsubscribe_email,
            unsubscribe_texting,
            ..self
        }
    }

    /// The value of one field; `None` if it is not declared.
    pub fn get(&self, path: &FieldPath) -> Option<FieldValue<'_>> {
        match path {
            FieldPath::Language => {
                let language = self.language.as_ref();
                language.map(|language| FieldValue::Value(language.value()))
            }
            FieldPath::Profile(key) => self.profile.get(key).map(|declared| match declared {
                Declared::Set(value) => FieldValue::Value(value),
                Declared::Clear => FieldValue::Clear,
            }),
            FieldPath::ProfileOnce(key) => self.profile_once.get(key).map(FieldValue::Value),
            FieldPath::Tags => self.tags.as_ref().map(FieldValue::Tags),
            FieldPath::Unsubscribed => self.unsubscribed.map(FieldValue::Flag),
            FieldPath::UnsubscribeEmail => self.unsubscribe_email.map(FieldValue::Flag),
            FieldPath::UnsubscribeTexting => self.unsubscribe_texting.map(FieldValue::Flag),
        }
    }
}
