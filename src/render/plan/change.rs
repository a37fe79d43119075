//! Views one change of a plan: values as they may be shown.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{
    Action, DeclaredAction, FieldAction, FieldChange, FieldChanges, FieldPath, FieldValue,
    MemberId, Origin, PlannedChange, Previous, Reason, ShownIds, UserVisibility, Value,
};
use crate::render::common::json::as_text;
use crate::render::common::rejection::RejectionView;
use crate::render::common::shown::Shown;

/// One user's change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Change")]
pub struct ChangeView<'a> {
    /// The member id.
    #[schemars(with = "String")]
    pub id: Cow<'a, MemberId>,
    /// What is done.
    pub action: Action,
    /// The previous id of a user who moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub from: Option<Cow<'a, MemberId>>,
    /// Whether a user is deleted on Channel: this one, or the previous id. Left out if none is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deletes: bool,
    /// Why.
    pub reason: Reason,
    /// Whether the change takes a request.
    pub sends_request: bool,
    /// Whether this user may be messaged although they may have opted out.
    pub opt_in: bool,
    /// Where the user is declared; left out if it no longer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<&'a Origin>,
    /// How Channel rejected this user before; left out if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<RejectionView<'a>>,
    /// How many declared fields do not change.
    pub unchanged_fields: usize,
    /// The changes of fields.
    pub fields: Vec<FieldView<'a>>,
}

/// The change of one field.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Field")]
pub struct FieldView<'a> {
    /// The path, such as `profile.plan` or `tags`.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub path: FieldPath,
    /// What happens to the field.
    pub kind: FieldKind,
    /// The value before.
    pub old: Shown<'a>,
    /// The value after.
    pub new: Shown<'a>,
    /// Whether someone who opted out may be messaged again. This is shown for a sensitive flag too: consent
    /// matters more than hiding a `false` that the numbers of the limit reveal anyway.
    pub opt_in: bool,
}

/// What happens to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FieldKind {
    /// It had no value and gets one.
    New,
    /// It gets another value.
    Changed,
    /// It is removed from Channel because the manifest declares null.
    ClearDeclared,
    /// It is removed from Channel because it is no longer declared.
    ClearUndeclared,
    /// It is kept on Channel and removed from the state.
    Release,
    /// It stays with the previous id; the new id does not get it.
    Leave,
    /// It gets a value if it has none on Channel.
    Once,
}

impl<'a> ChangeView<'a> {
    pub(crate) fn new(
        planned: &'a PlannedChange,
        user: &UserVisibility<'_, '_, '_>,
        ids: &ShownIds,
    ) -> Self {
        let PlannedChange {
            id,
            change,
            reason,
            origin,
            rejected,
        } = planned;
        let fields: Vec<_> = match change.write() {
            None => Vec::new(),
            Some(write) => match &write.changes {
                FieldChanges::Listed { fields, .. } => {
                    let fields = fields.iter();
                    fields.map(|field| FieldView::new(field, user)).collect()
                }
                FieldChanges::AllNew => {
                    let mut fields = Vec::with_capacity(write.declared.most_fields());
                    write.declared.fields().for_each(|(path, value)| {
                        fields.push(FieldView::of_new(path, value, user));
                    });
                    fields
                }
            },
        };
        Self {
            id: ids.of(id),
            action: change.action(),
            from: change.moves_from().map(|from| ids.of(from)),
            deletes: change.deletes(),
            reason: *reason,
            sends_request: change.sends_request(),
            opt_in: fields.iter().any(|field| field.opt_in),
            origin: origin.as_ref(),
            rejected: rejected.as_deref().map(RejectionView::new),
            unchanged_fields: change.write().map_or(0, |write| write.unchanged_fields),
            fields,
        }
    }

    /// The symbol before the user.
    pub fn symbol(&self) -> char {
        match self.action {
            Action::Create => '+',
            Action::Update => '~',
            Action::Move => '>',
            Action::Forget => '.',
            Action::Delete => 'x',
        }
    }

    /// Whether a field is removed from Channel. A null on a create does not count, because the user
    /// is not there yet; on an adoption it counts if Channel has a value.
    pub fn removes(&self) -> bool {
        let mut cleared = self.fields.iter().filter(|field| field.kind.clears());
        match self.action {
            Action::Update | Action::Move => cleared.next().is_some(),
            Action::Create if self.reason == Reason::Adopted => {
                cleared.any(|field| field.old != Shown::Absent)
            }
            Action::Create | Action::Forget | Action::Delete => false,
        }
    }
}

impl<'a> FieldView<'a> {
    fn new(change: &'a FieldChange, user: &UserVisibility<'_, '_, '_>) -> Self {
        let path = &change.path;
        let old = |old: &'a Previous| Shown::old(old, path, user);
        let new = |new: &'a Value| Shown::value(new, path, user);
        let (kind, old, new) = match &change.action {
            FieldAction::Set {
                old: before,
                new: after,
            } => {
                let kind = match before {
                    Previous::Absent | Previous::Cleared => FieldKind::New,
                    Previous::DigestOnly | Previous::Value(_) | Previous::Undeclarable => {
                        FieldKind::Changed
                    }
                };
                let new = new(after);
                (kind, old(before).beside(new), new)
            }
            FieldAction::Clear {
                old: before,
                declared,
            } => {
                let kind = if *declared {
                    FieldKind::ClearDeclared
                } else {
                    FieldKind::ClearUndeclared
                };
                (kind, old(before), Shown::Absent)
            }
            FieldAction::Release => (FieldKind::Release, Shown::Absent, Shown::Absent),
            FieldAction::Leave { old: before } => (FieldKind::Leave, old(before), Shown::Absent),
            FieldAction::Once { new: after } => (FieldKind::Once, Shown::Absent, new(after)),
        };
        Self {
            path: path.clone(),
            kind,
            old,
            new,
            opt_in: change.is_opt_in(),
        }
    }

    /// A field of a user of whom Channel has nothing.
    fn of_new(path: FieldPath, value: FieldValue<'a>, user: &UserVisibility<'_, '_, '_>) -> Self {
        let new = value.as_value();
        Self {
            kind: match DeclaredAction::of(&path, value, false) {
                DeclaredAction::Set => FieldKind::New,
                DeclaredAction::Clear => FieldKind::ClearDeclared,
                DeclaredAction::Once => FieldKind::Once,
            },
            old: Shown::Absent,
            new: new.map_or(Shown::Absent, |new| Shown::value(new, &path, user)),
            // Nobody of whom Channel has nothing has opted out.
            opt_in: false,
            path,
        }
    }
}

impl FieldKind {
    /// The symbol before a field.
    pub fn symbol(self) -> char {
        match self {
            Self::New | Self::Once => '+',
            Self::Changed => '~',
            Self::ClearDeclared | Self::ClearUndeclared => '-',
            Self::Release | Self::Leave => '.',
        }
    }

    /// Whether the field is removed from Channel.
    pub fn clears(self) -> bool {
        matches!(self, Self::ClearDeclared | Self::ClearUndeclared)
    }
}
