//! Ids that changed: which moves are still to be made, and which the manifests may have forgotten to
//! name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{
    Change, Desired, DesiredUser, Digests, Entry, LikelyMove, MemberId, PlannedChange, Reason,
    State, UserDigest,
};
use crate::plan::change;
use crate::plan::context::Context;

/// The moves that are still to be made: the old id is recorded and the new one is not. Any other was
/// made already, or is a plain create.
pub(crate) struct Moves<'a> {
    by_new: BTreeMap<&'a MemberId, (&'a MemberId, &'a Entry)>,
    old: BTreeSet<&'a MemberId>,
}

impl<'a> Moves<'a> {
    /// A move is selected where either of its ids is.
    pub(crate) fn due(desired: &'a Desired, state: &'a State, context: &Context<'_>) -> Self {
        let mut due = Self {
            by_new: BTreeMap::new(),
            old: BTreeSet::new(),
        };
        for (to, moved) in &desired.moved {
            let is_new = desired.users.contains_key(to) && !state.users.contains_key(to);
            let selected = context.selection.covers(to) || context.selection.covers(&moved.from);
            if let Some(last) = state.users.get(&moved.from)
                && is_new
                && selected
            {
                due.by_new.insert(to, (&moved.from, last));
                due.old.insert(&moved.from);
            }
        }
        due
    }

    /// Whether this user gets a new id: then its record is no longer declared, and not gone either.
    pub(crate) fn takes(&self, old: &MemberId) -> bool {
        self.old.contains(old)
    }

    /// Whether somebody moves to this id.
    pub(crate) fn brings(&self, new: &MemberId) -> bool {
        self.by_new.contains_key(new)
    }

    /// The change of whoever moves to this id.
    pub(crate) fn change(
        &self,
        to: &MemberId,
        user: &DesiredUser,
        digests: &Digests,
        state: &State,
        context: &Context<'_>,
    ) -> Option<PlannedChange> {
        let (from, last) = *self.by_new.get(to)?;
        let base = context
            .base
            .and_then(|base| base.get(from).or_else(|| base.get(to)));
        let digests = digests.clone();
        Some(PlannedChange {
            id: to.clone(),
            change: change::moved(&user.attributes, digests, (from, last), base, context),
            reason: Reason::Moved,
            origin: Some(user.origin.clone()),
            rejected: state.rejected.get(to).cloned(),
        })
    }
}

/// Pairs of one who goes and one who comes with the same digest, where no other has that digest. Nothing
/// is said of users without any attribute: they are all alike.
pub(crate) fn likely(changes: &[PlannedChange]) -> Vec<LikelyMove> {
    #[derive(Default)]
    struct Alike<'a> {
        gone: Vec<&'a MemberId>,
        new: Vec<&'a MemberId>,
    }
    let mut gone: HashMap<UserDigest, Alike<'_>> = HashMap::new();
    for planned in changes {
        if let Change::Forget { last } | Change::Delete { last } = &planned.change {
            gone.entry(last.digest).or_default().gone.push(&planned.id);
        }
    }
    for planned in changes {
        if let Change::Create(write) = &planned.change
            && !write.digests.fields.is_empty()
            && let Some(alike) = gone.get_mut(&write.digests.user)
        {
            alike.new.push(&planned.id);
        }
    }
    let mut pairs: Vec<LikelyMove> = gone
        .into_values()
        .filter_map(|alike| match (&*alike.gone, &*alike.new) {
            ([from], [to]) => Some(LikelyMove {
                from: (*from).clone(),
                to: (*to).clone(),
            }),
            _ => None,
        })
        .collect();
    pairs.sort_by(|one, other| one.from.cmp(&other.from));
    pairs
}
