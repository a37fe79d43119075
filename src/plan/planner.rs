//! The walk over the union of desired and recorded users.

use std::collections::BTreeMap;

use super::{change, digest, limits, refresh};
use crate::model::{
    Attributes, Change, Desired, DesiredUser, DigestKey, Digests, Entry, LeftAlone, Limits,
    MemberId, PartsHasher, Plan, PlannedChange, Reason, RemovedPolicy, RemovedUsers, Selection,
    Sighting, State,
};

/// What a plan depends on besides the users.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The key of the state's digests.
    pub key: &'a DigestKey,
    /// What happens to what is no longer declared.
    pub removed: RemovedPolicy,
    /// Bounds on the plan.
    pub limits: &'a Limits,
    /// The part of the users that is looked at.
    pub selection: &'a Selection,
    /// Declarations of an earlier revision, which may explain recorded digests. They change
    /// what a plan shows, never what it does.
    pub base: Option<&'a BTreeMap<MemberId, Attributes>>,
    /// What Channel was seen to have of the desired users, where it was asked: then drift is set
    /// right, too. `None` plans offline.
    pub observed: Option<&'a BTreeMap<MemberId, Sighting>>,
}

/// Decides what has to be done so that Channel has what the manifests say.
///
/// Total: every desired user and every record leads to exactly one change or is unchanged.
pub fn plan(desired: &Desired, state: &State, context: &Context<'_>) -> Plan {
    let mut changes = Vec::new();
    let mut left = Vec::new();
    let mut unchanged = 0;
    let mut selected = 0;
    let mut manifests = PartsHasher::default();

    let mut records = state
        .users
        .iter()
        .filter(|(id, _)| context.selection.covers(id))
        .peekable();
    let users = desired
        .users
        .iter()
        .filter(|(id, _)| context.selection.covers(id));
    for (id, user, digests) in with_digests(users, context.key) {
        selected += 1;
        while let Some((gone, last)) = records.next_if(|(recorded, _)| *recorded < id) {
            changes.push(no_longer_declared(gone, last, context));
        }
        let recorded = records.next_if(|(recorded, _)| *recorded == id);
        manifests.add(id.as_str().as_bytes());
        manifests.add(digests.user.as_bytes());
        let recorded = recorded.map(|(_, entry)| entry);
        match desired_user((id, user), digests, recorded, state, context, &mut left) {
            Some(change) => changes.push(change),
            None => unchanged += 1,
        }
    }
    for (gone, last) in records {
        changes.push(no_longer_declared(gone, last, context));
    }

    let recorded = state.users.len();
    Plan {
        digest: digest::of_plan(&changes, &state.lineage, state.serial),
        limits: limits::check(context.limits, &changes, recorded, desired.users.len()),
        lineage: state.lineage.clone(),
        serial: state.serial,
        changes,
        unchanged,
        recorded,
        desired: selected,
        manifests: manifests.finish(),
        refreshed: context.observed.is_some(),
        left,
    }
}

/// How many users are taken at a time: enough to be worth a thread, few enough to be held.
const STRETCH: usize = 16_384;

/// Each user with its digests. They are made by as many threads as there are processors, a stretch of
/// users after the other, so that never all digests of a million users are held.
fn with_digests<'d>(
    mut users: impl Iterator<Item = (&'d MemberId, &'d DesiredUser)>,
    key: &DigestKey,
) -> impl Iterator<Item = (&'d MemberId, &'d DesiredUser, Digests)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::iter::from_fn(move || {
        let stretch: Vec<_> = users.by_ref().take(STRETCH).collect();
        if stretch.is_empty() {
            return None;
        }
        let share = stretch.len().div_ceil(threads).max(256);
        let of = |part: &[(_, &DesiredUser)]| -> Vec<Digests> {
            let attributes = part.iter().map(|(_, user)| &user.attributes);
            attributes.map(|attributes| key.user(attributes)).collect()
        };
        let digests: Vec<Digests> = std::thread::scope(|scope| {
            let mut parts = stretch.chunks(share);
            let first = parts.next();
            let others: Vec<_> = parts.map(|part| scope.spawn(move || of(part))).collect();
            let mut all = first.map(of).unwrap_or_default();
            for other in others {
                match other.join() {
                    Ok(digests) => all.extend(digests),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            all
        });
        let users = stretch.into_iter().zip(digests);
        Some(users.map(|((id, user), digests)| (id, user, digests)))
    })
    .flatten()
}

fn desired_user(
    (id, user): (&MemberId, &DesiredUser),
    digests: Digests,
    recorded: Option<&Entry>,
    state: &State,
    context: &Context<'_>,
    left: &mut Vec<LeftAlone>,
) -> Option<PlannedChange> {
    let sighting = context.observed.and_then(|observed| observed.get(id));
    let (change, reason) = match (recorded, sighting) {
        (recorded, Some(sighting)) => {
            refresh::desired_user((id, user), digests, recorded, sighting, context, left)?
        }
        (Some(entry), None) if entry.digest == digests.user => return None,
        (Some(entry), None) => {
            let base = context.base.and_then(|base| base.get(id));
            (
                change::update(&user.attributes, digests, entry, base, context),
                Reason::Changed,
            )
        }
        (None, None) => (
            change::create(&user.attributes, digests, None),
            Reason::NotRecorded,
        ),
    };
    Some(PlannedChange {
        id: id.clone(),
        change,
        reason,
        origin: Some(user.origin.clone()),
        rejected: state.rejected.get(id).cloned(),
    })
}

fn no_longer_declared(id: &MemberId, last: &Entry, context: &Context<'_>) -> PlannedChange {
    let last = last.clone();
    PlannedChange {
        id: id.clone(),
        change: match context.removed.users {
            RemovedUsers::Forget => Change::Forget { last },
            RemovedUsers::Delete => Change::Delete { last },
        },
        reason: Reason::NotDeclared,
        origin: None,
        rejected: None,
    }
}
