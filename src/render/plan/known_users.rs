//! Collects every known value of the user of a change, to find hidden values in other fields.

use std::collections::BTreeMap;

use crate::model::{
    Attributes, FieldPath, FieldValue, MemberId, Observed, PlannedChange, RemoteUser,
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
        let from = change.moves_from();
        let ids = || std::iter::once(id).chain(from);
        let base = ids().filter_map(move |id| self.base?.get(id));
        let observed = ids().filter_map(move |id| match self.observed?.get(id)? {
            RemoteUser::Present(observed) => Some(&**observed),
            RemoteUser::Missing => None,
        });
        let write = change.write();
        let changed = change.listed().iter().flat_map(|field| {
            let (old, new) = field.action.values();
            let values = old.into_iter().chain(new).map(FieldValue::Value);
            values.map(|value| (field.path.clone(), value))
        });
        let declared = write.into_iter();
        declared
            .flat_map(|write| write.declared.fields())
            .chain(changed)
            .chain(base.flat_map(Attributes::fields))
            .chain(observed.flat_map(Observed::texts))
    }
}
