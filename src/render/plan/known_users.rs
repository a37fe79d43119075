//! Collects every known value of the user of a change, to find hidden values in other fields.

use std::collections::BTreeMap;

use crate::model::{
    Attributes, Change, FieldPath, FieldValue, MemberId, Observed, PlannedChange, RemoteUser,
};

/// The values of users that are known besides their changes. A text that contains a hidden value of its user
/// is hidden, too, so all known values count.
#[derive(Clone, Copy, Debug, Default)]
pub struct KnownUsers<'a> {
    /// What the manifests of the base declared.
    pub base: Option<&'a BTreeMap<MemberId, Attributes>>,
    /// What Channel has.
    pub observed: Option<&'a BTreeMap<MemberId, RemoteUser>>,
}

impl<'k> KnownUsers<'k> {
    /// Every known value of the user of a change.
    pub(crate) fn values<'a>(
        self,
        planned: &'a PlannedChange,
    ) -> impl Iterator<Item = (FieldPath, FieldValue<'a>)>
    where
        'k: 'a,
    {
        let PlannedChange { id, change, .. } = planned;
        let from = match change {
            Change::Move { from, .. } => Some(from),
            Change::Create(_)
            | Change::Update(_)
            | Change::Forget { .. }
            | Change::Delete { .. } => None,
        };
        let ids = || std::iter::once(id).chain(from);
        let base = ids().filter_map(move |id| self.base?.get(id));
        let observed = ids().filter_map(move |id| match self.observed?.get(id)? {
            RemoteUser::Present(observed) => Some(&**observed),
            RemoteUser::Missing => None,
        });
        let old = change.fields().iter().filter_map(|field| {
            let value = field.action.values().0?;
            Some((field.path.clone(), FieldValue::Value(value)))
        });
        let new = change.fields().iter().filter_map(|field| {
            let value = field.action.values().1?;
            Some((field.path.clone(), FieldValue::Value(value)))
        });
        let sent = change.upsert().into_iter();
        sent.flat_map(|upsert| upsert.0.fields())
            .chain(old)
            .chain(new)
            .chain(base.flat_map(Attributes::fields))
            .chain(observed.flat_map(Observed::texts))
    }
}
