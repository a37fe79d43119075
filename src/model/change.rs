//! Describes what a plan does to one user: the change, its request and its field changes.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

use crate::model::action::Action;
use crate::model::digest::digests::UserDigest;
use crate::model::digest::key::{Digests, UserKey};
use crate::model::field::FieldPath;
use crate::model::ids::member_id::MemberId;
use crate::model::state::Entry;
use crate::model::user::attributes::{Attributes, FieldValue};
use crate::model::value::Value;

/// What a plan does to one user.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The user is not recorded, or is gone from Channel: everything declared is sent.
    Create(Write),
    /// The user is recorded with another digest, or differs on Channel.
    Update(Write),
    /// The user is recorded under another id. Channel cannot rename a user: the user is sent whole
    /// under the new id, and then the old record is dropped. It has one outcome, which is recorded after
    /// every request was accepted.
    Move {
        /// The recorded id.
        from: MemberId,
        /// The state's entry of the old id.
        last: Box<Entry>,
        /// What is sent and recorded under the new id. The request contains everything declared, also
        /// all consent flags, and nulls for fields of the old record that are cleared.
        write: Write,
        /// Whether the old id is deleted on Channel after the new one was accepted.
        delete_old: bool,
    },
    /// The user is recorded and no longer declared: dropped from the state, left alone on Channel.
    Forget {
        /// The state's entry.
        last: Box<Entry>,
    },
    /// The user is recorded and no longer declared: deleted on Channel and dropped from the state.
    Delete {
        /// The state's entry.
        last: Box<Entry>,
    },
}

/// What a create, an update or a move sends and records.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// Everything that is declared, also what is not sent.
    pub declared: Arc<Attributes>,
    /// The user's digest, recorded once Channel accepted the request.
    pub digest: UserDigest,
    /// What is sent, and what happens to the fields.
    pub changes: FieldChanges,
    /// How many declared fields are as recorded.
    pub unchanged_fields: usize,
}

/// What is sent of one user, and what happens to the fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldChanges {
    /// Channel has nothing of the user: everything declared is sent.
    ///
    /// A first plan has a million of these. The request and the field changes are derived when they are needed,
    /// because they take more memory than the users.
    AllNew,
    /// Channel has something of the user, or may have.
    Listed {
        /// The request. `None` for an update of which every field change is a release: only the state
        /// changes.
        upsert: Option<Upsert>,
        /// One change for each field that differs, in order; for a create, one for each declared field.
        fields: Vec<FieldChange>,
    },
}

impl Write {
    /// The request, if one is sent.
    pub fn upsert(&self) -> Option<Upsert> {
        match &self.changes {
            FieldChanges::Listed { upsert, .. } => upsert.clone(),
            FieldChanges::AllNew => Some(Upsert::of_new(&self.declared)),
        }
    }

    /// The field changes, in order.
    pub fn fields(&self) -> Cow<'_, [FieldChange]> {
        match &self.changes {
            FieldChanges::Listed { fields, .. } => fields.into(),
            FieldChanges::AllNew => {
                let fields = self.declared.fields();
                let fields = fields.map(|(path, value)| FieldChange {
                    action: FieldAction::declared(&path, value, Previous::Absent, false),
                    path,
                });
                Cow::Owned(fields.collect())
            }
        }
    }

    /// The field changes of a user of whom Channel has something, or may have. Of any other user they say nothing that
    /// the declaration does not say.
    pub fn listed(&self) -> &[FieldChange] {
        match &self.changes {
            FieldChanges::Listed { fields, .. } => fields,
            FieldChanges::AllNew => &[],
        }
    }

    /// The decisions about the fields, as [`FieldChange::decision`].
    pub fn decisions(&self) -> Vec<String> {
        match &self.changes {
            FieldChanges::Listed { fields, .. } => {
                fields.iter().map(FieldChange::decision).collect()
            }
            FieldChanges::AllNew => {
                let fields = self.declared.fields();
                let decision = |(path, value)| {
                    format!("{} {path}", DeclaredAction::of(&path, value, false).word())
                };
                fields.map(decision).collect()
            }
        }
    }

    /// Whether a request is sent.
    pub fn sends_request(&self) -> bool {
        match &self.changes {
            FieldChanges::Listed { upsert, .. } => upsert.is_some(),
            FieldChanges::AllNew => true,
        }
    }

    /// The digests that are recorded, under the key of the user.
    pub fn digests(&self, key: &UserKey) -> Digests {
        key.digests(&self.declared)
    }
}

/// The body of one `PUT /open/{api}/users/@{memberId}`.
///
/// It holds the whole desired profile and nulls for what is cleared, the whole desired `profileOnce`,
/// the whole set of tags (an empty one clears), and only the consent flags that changed. An empty profile
/// is left out: an explicit null there would wipe the profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Upsert(pub Arc<Attributes>);

impl From<Attributes> for Upsert {
    fn from(body: Attributes) -> Self {
        Self(Arc::new(body))
    }
}

impl Upsert {
    /// The body for a user of whom Channel has nothing.
    fn of_new(declared: &Arc<Attributes>) -> Self {
        let consent = declared.consent();
        if consent == consent.opt_outs() {
            return Self(Arc::clone(declared));
        }
        Attributes::clone(declared)
            .with_consent(consent.opt_outs())
            .into()
    }
}

impl Change {
    /// What the change does.
    pub fn action(&self) -> Action {
        match self {
            Self::Create(_) => Action::Create,
            Self::Update(_) => Action::Update,
            Self::Move { .. } => Action::Move,
            Self::Forget { .. } => Action::Forget,
            Self::Delete { .. } => Action::Delete,
        }
    }

    /// What is sent and recorded; `None` for a forget and a delete.
    pub fn write(&self) -> Option<&Write> {
        match self {
            Self::Create(write) | Self::Update(write) | Self::Move { write, .. } => Some(write),
            Self::Forget { .. } | Self::Delete { .. } => None,
        }
    }

    /// The same, to be changed.
    pub fn write_mut(&mut self) -> Option<&mut Write> {
        match self {
            Self::Create(write) | Self::Update(write) | Self::Move { write, .. } => Some(write),
            Self::Forget { .. } | Self::Delete { .. } => None,
        }
    }

    /// The body that is sent; `None` if nothing is put on Channel.
    pub fn upsert(&self) -> Option<Upsert> {
        self.write().and_then(Write::upsert)
    }

    /// The field changes; empty for a forget and a delete.
    pub fn fields(&self) -> Cow<'_, [FieldChange]> {
        self.write().map_or(Cow::Borrowed(&[]), Write::fields)
    }

    /// The old id of a user that moves.
    pub fn moves_from(&self) -> Option<&MemberId> {
        match self {
            Self::Move { from, .. } => Some(from),
            Self::Create(_) | Self::Update(_) | Self::Forget { .. } | Self::Delete { .. } => None,
        }
    }

    /// Whether the user is put on Channel.
    pub fn puts_user(&self) -> bool {
        self.write().is_some_and(Write::sends_request)
    }

    /// Whether it may lead to messages to someone who opted out. Nobody of whom Channel has nothing has opted out.
    pub fn is_opt_in(&self) -> bool {
        self.listed().iter().any(FieldChange::is_opt_in)
    }

    /// The field changes of a user of whom Channel has something, or may have.
    pub fn listed(&self) -> &[FieldChange] {
        self.write().map_or(&[], Write::listed)
    }

    /// Whether applying it takes a request.
    pub fn sends_request(&self) -> bool {
        self.requests() > 0
    }

    /// How many requests applying it takes, one after the other.
    pub fn requests(&self) -> usize {
        usize::from(self.puts_user()) + usize::from(self.deletes())
    }

    /// Whether applying it deletes a user on Channel.
    pub fn deletes(&self) -> bool {
        match self {
            Self::Delete { .. } => true,
            Self::Move { delete_old, .. } => *delete_old,
            Self::Create(_) | Self::Update(_) | Self::Forget { .. } => false,
        }
    }
}

/// The change of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The field.
    pub path: FieldPath,
    /// What happens to it.
    pub action: FieldAction,
}

impl FieldChange {
    /// Whether it may lead to messages to someone who opted out: a consent flag becomes `false` and the
    /// value before is not known to be `false`, or the flag stays behind at an old id and is not known to
    /// be `false`.
    pub fn is_opt_in(&self) -> bool {
        let is_given = |old: &Previous| *old == Previous::Value(Value::Boolean(false));
        let may_message = match &self.action {
            FieldAction::Set { new, old } => *new == Value::Boolean(false) && !is_given(old),
            FieldAction::Leave { old } => !is_given(old),
            FieldAction::Clear { .. } | FieldAction::Release | FieldAction::Once { .. } => false,
        };
        may_message && self.path.is_unsubscribe_flag()
    }

    /// The decision without any value, such as `set profile.plan`. Setting a consent flag that is
    /// `false` already is another decision than setting one that may be `true`.
    pub fn decision(&self) -> String {
        let Self { path, action } = self;
        let is_given = match action {
            FieldAction::Set {
                new: Value::Boolean(false),
                ..
            } => path.is_unsubscribe_flag() && !self.is_opt_in(),
            _ => false,
        };
        let note = if is_given { " (false already)" } else { "" };
        format!("{} {path}{note}", action.word())
    }
}

/// What happens to a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldAction {
    /// The field gets a value.
    Set {
        /// What is known of the value before.
        old: Previous,
        /// The value.
        new: Value,
    },
    /// The field is removed from Channel: the manifest declares `null`, or no longer declares it.
    Clear {
        /// What is known of the value before.
        old: Previous,
        /// Whether the manifest declares `null`, rather than no longer declaring the field.
        declared: bool,
    },
    /// The field is no longer declared: left alone on Channel, dropped from the state.
    Release,
    /// The field is no longer declared and the user moves: it stays with the old id, and the new id does
    /// not get it.
    Leave {
        /// What is known of the value.
        old: Previous,
    },
    /// The field gets a value if Channel has none.
    Once {
        /// The value.
        new: Value,
    },
}

impl FieldAction {
    /// What happens to a declared field: see [`DeclaredAction`].
    pub fn declared(
        path: &FieldPath,
        value: FieldValue<'_>,
        old: Previous,
        is_opted_out: bool,
    ) -> Self {
        match (
            DeclaredAction::of(path, value, is_opted_out),
            value.to_value(),
        ) {
            (DeclaredAction::Once, Some(new)) => Self::Once { new },
            (DeclaredAction::Set, Some(new)) => Self::Set { old, new },
            (DeclaredAction::Clear, _) | (_, None) => Self::Clear {
                old,
                declared: true,
            },
        }
    }

    /// The value before and the value after, if they are known.
    pub fn values(&self) -> (Option<&Value>, Option<&Value>) {
        fn known(old: &Previous) -> Option<&Value> {
            match old {
                Previous::Value(value) => Some(value),
                Previous::Absent
                | Previous::DigestOnly
                | Previous::Undeclarable
                | Previous::Cleared => None,
            }
        }
        match self {
            Self::Set { old, new } => (known(old), Some(new)),
            Self::Clear { old, .. } | Self::Leave { old } => (known(old), None),
            Self::Once { new } => (None, Some(new)),
            Self::Release => (None, None),
        }
    }

    /// The word for it: `set`, `clear`, `release`, `leave` or `once`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Set { .. } => "set",
            Self::Clear { .. } => "clear",
            Self::Release => "release",
            Self::Leave { .. } => "leave",
            Self::Once { .. } => "once",
        }
    }
}

/// What happens to a declared field, without its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclaredAction {
    /// The field gets the value.
    Set,
    /// The field is removed: the manifest declares `null`.
    Clear,
    /// The field gets the value if Channel has none.
    Once,
}

impl DeclaredAction {
    /// The word for it, as [`FieldAction::word`].
    pub fn word(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Clear => "clear",
            Self::Once => "once",
        }
    }

    /// Decides by the path and the value.
    ///
    /// `is_opted_out` says that the flag is recorded as `true`. Only then is `false` sent: a new person has not
    /// opted out, and the opt-out of an existing person is that person's choice, which stays.
    pub fn of(path: &FieldPath, value: FieldValue<'_>, is_opted_out: bool) -> Self {
        match (value, path) {
            (FieldValue::Clear, _) => Self::Clear,
            (FieldValue::Flag(false), _) if !is_opted_out => Self::Once,
            (_, FieldPath::ProfileOnce(_)) => Self::Once,
            _ => Self::Set,
        }
    }
}

/// What is known of the value that a field had before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Previous {
    /// The field is not recorded.
    Absent,
    /// The state has a digest of the value, and no value with that digest is known.
    DigestOnly,
    /// The value: its digest equals the recorded one, or Channel was asked for it.
    Value(Value),
    /// Channel has something that no manifest can declare.
    Undeclarable,
    /// The field is recorded as cleared, or Channel was asked and does not have it.
    Cleared,
}

/// Why a change is planned, for people. No decision depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// The user is not recorded.
    NotRecorded,
    /// The declaration differs from what was applied.
    Changed,
    /// The declaration is as applied, and Channel's last response still showed a field that was to be cleared.
    NotCleared,
    /// The user is no longer declared.
    NotDeclared,
    /// The user is recorded under another id.
    Moved,
    /// Every field change is the release of a field that the new API version does not have.
    ApiChanged,
    /// The declaration is as applied, and Channel has something else.
    ChangedOnChannel,
    /// The user was applied, and Channel no longer has the user.
    DeletedOnChannel,
    /// The user was applied, and Channel has another person with this id, who lacks something that was applied.
    CreatedAnew,
    /// The user is not recorded, and Channel has the user.
    Adopted,
    /// The user was being sent when the last run ended, and Channel may have either.
    Pending,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DigestKey, MemberId};

    #[test]
    fn what_is_derived_of_a_new_user_is_what_the_field_changes_say() {
        for flag in [None, Some(true), Some(false)] {
            let declared = Attributes {
                profile: [
                    ("note".into(), crate::model::Declared::Clear),
                    ("plan".into(), crate::model::Declared::Set("pro".into())),
                ]
                .into(),
                profile_once: [("source".into(), "web".into())].into(),
                tags: Some(["vip".to_owned()].into()),
                unsubscribe_email: flag,
                ..Attributes::default()
            };
            let id = MemberId::new("u").expect("an id");
            let digest = DigestKey::new(b"salt", None)
                .for_user(&id)
                .user_digest(&declared);
            let write = Write {
                declared: Arc::new(declared),
                digest,
                changes: FieldChanges::AllNew,
                unchanged_fields: 0,
            };
            let fields = write.fields();
            let decisions: Vec<String> = fields.iter().map(FieldChange::decision).collect();
            assert_eq!(write.decisions(), decisions);
            assert!(!fields.iter().any(FieldChange::is_opt_in));
            let sent = write.upsert().expect("a request");
            // A flag is in the request if it is set, and not if Channel is to keep it.
            let path = FieldPath::UnsubscribeEmail;
            let is_set = fields
                .iter()
                .any(|field| field.path == path && field.action.word() == "set");
            assert_eq!(sent.0.unsubscribe_email.is_some(), is_set, "{flag:?}");
        }
    }
}
