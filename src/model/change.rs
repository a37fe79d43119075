//! Describes what a plan does to one user: the change, its request and its field changes.

use serde::Serialize;

use crate::model::action::Action;
use crate::model::digest::key::Digests;
use crate::model::field::FieldPath;
use crate::model::ids::member_id::MemberId;
use crate::model::state::Entry;
use crate::model::user::{Attributes, Consent};
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
        last: Entry,
        /// What is sent and recorded under the new id. The request contains everything declared, also
        /// all consent flags, and nulls for fields of the old record that are cleared.
        write: Write,
        /// Whether the old id is deleted on Channel after the new one was accepted.
        delete_old: bool,
    },
    /// The user is recorded and no longer declared: dropped from the state, left alone on Channel.
    Forget {
        /// The state's entry.
        last: Entry,
    },
    /// The user is recorded and no longer declared: deleted on Channel and dropped from the state.
    Delete {
        /// The state's entry.
        last: Entry,
    },
}

/// What a create, an update or a move sends and records.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The request. `None` for an update of which every field change is a release: only the state
    /// changes.
    pub upsert: Option<Upsert>,
    /// The declared consent flags, also those that are not sent.
    pub consent: Consent,
    /// The digests that are recorded once Channel accepted the request.
    pub digests: Digests,
    /// One change for each field that differs, in order; for a create, one for each declared field.
    pub fields: Vec<FieldChange>,
    /// How many declared fields are as recorded.
    pub unchanged_fields: usize,
}

/// The body of one `PUT /open/{api}/users/@{memberId}`.
///
/// It holds the whole desired profile and nulls for what is cleared, the whole desired `profileOnce`,
/// the whole set of tags (an empty one clears), and only the consent flags that changed. An empty profile
/// is left out: an explicit null there would wipe the profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Upsert(pub Attributes);

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

    /// The body that is sent; `None` if nothing is put on Channel.
    pub fn upsert(&self) -> Option<&Upsert> {
        self.write().and_then(|write| write.upsert.as_ref())
    }

    /// The field changes; empty for a forget and a delete.
    pub fn fields(&self) -> &[FieldChange] {
        self.write().map_or(&[], |write| &write.fields)
    }

    /// Whether applying it takes a request.
    pub fn sends_request(&self) -> bool {
        self.requests() > 0
    }

    /// How many requests applying it takes, one after the other.
    pub fn requests(&self) -> usize {
        usize::from(self.upsert().is_some()) + usize::from(self.deletes())
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
