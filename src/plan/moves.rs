//! Finds the moves that an apply still has to make, and pairs of users that look like an undeclared move.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Attributes, Change, Desired, DesiredUser, DigestKey, Digests, Entry, FieldPath, KeptConsent,
    LikelyMove, MemberId, Observed, PlannedChange, Reason, RemoteUser, Selection, State,
};
use crate::plan::consent::BothIds;
use crate::plan::context::Context;
use crate::plan::{change, consent};

/// The moves that an apply has to make: the old id is recorded and the new one is not. Any other entry was
/// applied before, or its user is created.
pub(crate) struct Moves<'a> {
    by_new: BTreeMap<&'a MemberId, (&'a MemberId, &'a Entry)>,
    old: BTreeSet<&'a MemberId>,
}

impl<'a> Moves<'a> {
    /// Finds the moves to make. A move is selected if one of its ids is.
    pub(crate) fn to_make(desired: &'a Desired, state: &'a State, selection: &Selection) -> Self {
        let mut moves = Self {
            by_new: BTreeMap::new(),
            old: BTreeSet::new(),
        };
        for (to, moved) in &desired.moved {
            let is_new = desired.users.contains_key(to) && !state.users.contains_key(to);
            let selected = selection.covers(to) || selection.covers(&moved.from);
            if let Some(last) = state.users.get(&moved.from)
                && is_new
                && selected
            {
                moves.by_new.insert(to, (&moved.from, last));
                moves.old.insert(&moved.from);
            }
        }
        moves
    }

    /// Whether a user moves away from this id. Its record is then neither declared nor removed.
    pub(crate) fn has_old(&self, old: &MemberId) -> bool {
        self.old.contains(old)
    }

    /// Whether a user moves to this id.
    pub(crate) fn has_new(&self, new: &MemberId) -> bool {
        self.by_new.contains_key(new)
    }

    /// Plans the user that moves to this id; `None` if no user does.
    pub(crate) fn change(
        &self,
        to: &MemberId,
        user: &DesiredUser,
        digests: &Digests,
        state: &State,
        context: &Context<'_>,
        kept_consent: &mut Vec<KeptConsent>,
    ) -> Option<PlannedChange> {
        let (from, last) = *self.by_new.get(to)?;
        let base = context
            .base
            .and_then(|base| base.get(from).or_else(|| base.get(to)));
        let ids = BothIds {
            old: present(from, context),
            new: present(to, context),
        };
        for path in consent::kept(&user.attributes, ids) {
            kept_consent.push(KeptConsent {
                id: to.clone(),
                path,
                chosen: true,
                never_confirmed: false,
                origin: user.origin.clone(),
            });
        }
        let mut change = change::moved(
            &user.attributes,
            digests.user,
            (from, last),
            base,
            state.pending.get(to),
            context,
        );
        if let Change::Move { write, .. } = &mut change {
            consent::weigh(write, ids);
        }
        Some(PlannedChange {
            id: to.clone(),
            change,
            reason: Reason::Moved,
            origin: Some(user.origin.clone()),
            rejected: state.rejected.get(to).cloned().map(Box::new),
        })
    }
}

/// What Channel has of a user; `None` if it was not asked or does not have the user.
fn present<'o>(id: &MemberId, context: &Context<'o>) -> Option<&'o Observed> {
    match context.observed?.get(id)? {
        RemoteUser::Present(observed) => Some(observed),
        RemoteUser::Missing => None,
    }
}

/// The users to read from Channel before a refreshed plan: every selected user that is declared, and both ids
/// of every user that moves.
pub fn to_refresh(desired: &Desired, state: &State, selection: &Selection) -> BTreeSet<MemberId> {
    let moves = Moves::to_make(desired, state, selection);
    let declared = desired.users.keys().filter(|id| selection.covers(id));
    let moving = moves.by_new.iter().flat_map(|(to, (from, _))| [*to, *from]);
    declared.chain(moving).cloned().collect()
}

/// How many pairs of a removed and a created user are compared at most. Each comparison takes one field
/// digest, well under a microsecond.
const MOST_PAIRS: usize = 100_000;

/// Finds pairs of a removed and a created user with the same declaration, if no other user has it.
///
/// Two users share no digest, so the created user's declaration is hashed with the key of the old id. Only
/// users with the same field paths are compared, and at most [`MOST_PAIRS`] pairs over all such groups: a group
/// that exceeds the rest is left out. Users without any attribute are ignored, because they are all equal.
pub(crate) fn likely(
    changes: &[PlannedChange],
    desired: &Desired,
    key: &DigestKey,
) -> Vec<LikelyMove> {
    #[derive(Default)]
    struct Alike<'a> {
        gone: Vec<(&'a MemberId, &'a Entry)>,
        new: Vec<(&'a MemberId, &'a Attributes)>,
    }
    let mut alike: BTreeMap<Vec<FieldPath>, Alike<'_>> = BTreeMap::new();
    for planned in changes {
        if let Change::Forget { last } | Change::Delete { last } = &planned.change
            && !last.fields.is_empty()
        {
            let paths = last.fields.paths().to_vec();
            let gone = &mut alike.entry(paths).or_default().gone;
            gone.push((&planned.id, last));
        }
    }
    if alike.is_empty() {
        return Vec::new();
    }
    for planned in changes {
        if let Change::Create(write) = &planned.change
            && let Some(user) = desired.users.get(&planned.id)
        {
            let paths: Vec<_> = write.declared.fields().map(|(path, _)| path).collect();
            if let Some(alike) = alike.get_mut(&paths) {
                alike.new.push((&planned.id, &user.attributes));
            }
        }
    }

    let mut pairs = Vec::new();
    let mut rest = MOST_PAIRS;
    for Alike { gone, new } in alike.into_values() {
        let Some(after) = rest.checked_sub(gone.len().saturating_mul(new.len())) else {
            continue;
        };
        rest = after;
        // For each created user: the removed users with the same declaration, each with how many created users
        // match it.
        let mut met: BTreeMap<&MemberId, Vec<(&MemberId, usize)>> = BTreeMap::new();
        for (from, last) in &gone {
            let key = key.for_user(from);
            let same = new.iter().filter(|(_, attributes)| {
                let mut fields = attributes.fields().zip(last.fields.digests());
                let is_first = fields
                    .next()
                    .is_some_and(|((path, value), digest)| key.field(&path, value) == *digest);
                is_first && key.user_digest(attributes) == last.digest
            });
            let same: Vec<&MemberId> = same.map(|(to, _)| *to).collect();
            for to in &same {
                met.entry(*to).or_default().push((*from, same.len()));
            }
        }
        pairs.extend(met.into_iter().filter_map(|(to, from)| match &*from {
            [(from, 1)] => Some(LikelyMove {
                from: (*from).clone(),
                to: to.clone(),
            }),
            _ => None,
        }));
    }
    pairs.sort_by(|one, other| one.from.cmp(&other.from));
    pairs
}
