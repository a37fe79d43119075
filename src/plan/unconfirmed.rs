//! Collects the recorded fields that Channel's last response did not show as declared.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Entry, FieldPath, MemberId, Observed, RemoteUser, RemoteValue, Unconfirmed, UnconfirmedField,
    UserKey,
};
use crate::plan::compare::{FieldStatus, field_status};
use crate::plan::context::Context;

/// How many users of a field are kept by name.
const MOST_NAMED: usize = 5;

/// Collects the fields of one user after the other.
pub(crate) struct UnconfirmedCollector<'a> {
    context: &'a Context<'a>,
    users: usize,
    fields: BTreeMap<FieldPath, (usize, Vec<MemberId>)>,
    confirmed: BTreeMap<MemberId, BTreeSet<FieldPath>>,
}

impl<'a> UnconfirmedCollector<'a> {
    pub(crate) fn new(context: &'a Context<'a>) -> Self {
        Self {
            context,
            users: 0,
            fields: BTreeMap::new(),
            confirmed: BTreeMap::new(),
        }
    }

    /// Adds one recorded user. Calls must come in the order of ids.
    pub(crate) fn add(&mut self, id: &MemberId, entry: &Entry) {
        if entry.unconfirmed.is_empty() {
            return;
        }
        let confirmed = self.confirmed(id, entry);
        let mut is_counted = false;
        for path in entry.unconfirmed.difference(&confirmed) {
            is_counted = true;
            let (users, first) = self.fields.entry(path.clone()).or_default();
            *users += 1;
            if first.len() < MOST_NAMED {
                first.push(id.clone());
            }
        }
        self.users += usize::from(is_counted);
        if !confirmed.is_empty() {
            self.confirmed.insert(id.clone(), confirmed);
        }
    }

    /// The fields that Channel was asked for and now shows as recorded.
    fn confirmed(&self, id: &MemberId, entry: &Entry) -> BTreeSet<FieldPath> {
        let observed = self.context.observed.and_then(|observed| observed.get(id));
        let Some(RemoteUser::Present(observed)) = observed else {
            return BTreeSet::new();
        };
        let key = self.context.key.for_user(id);
        let unconfirmed = entry.unconfirmed.iter();
        unconfirmed
            .filter(|path| is_as_recorded(path, entry, observed, &key))
            .cloned()
            .collect()
    }

    pub(crate) fn finish(self) -> Unconfirmed {
        let fields = self.fields.into_iter();
        Unconfirmed {
            users: self.users,
            fields: fields
                .map(|(path, (users, first))| UnconfirmedField { path, users, first })
                .collect(),
            confirmed: self.confirmed,
        }
    }
}

/// Whether Channel has a field as recorded. A field that is not recorded was to be cleared.
fn is_as_recorded(path: &FieldPath, entry: &Entry, observed: &Observed, key: &UserKey) -> bool {
    match entry.fields.get(path) {
        Some(recorded) => matches!(
            field_status(path, recorded, observed, key),
            FieldStatus::Same
        ),
        None if *path == FieldPath::Tags => observed.tags.is_empty(),
        None => observed.get(path) == RemoteValue::Absent,
    }
}
