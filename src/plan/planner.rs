//! Walks over desired and recorded users, and plans each.

use std::collections::{BTreeMap, HashSet};

use crate::model::{
    ApiChange, Change, Desired, DesiredUser, Destination, DigestKey, Digests, Entry, FieldAction,
    FieldChange, KeptConsent, MemberId, PartsHasher, Pending, Plan, PlannedChange, Reason,
    RemoteIdDigest, RemoteUser, RemovedUsers, Selected, Selection, State, Unchanged, UnchangedUser,
    UserDigest, known_ids,
};
use crate::parallel::{in_parallel, shares};
use crate::plan::change_line::ChangeLine;
use crate::plan::context::Context;
use crate::plan::digest::Subject;
use crate::plan::moves::Moves;
use crate::plan::unconfirmed::UnconfirmedCollector;
use crate::plan::{change, digest, limits, moves, pending, refresh};

/// Plans what makes Channel have what the manifests declare.
///
/// Every desired user and every recorded user has exactly one change or is unchanged.
pub fn plan(desired: &Desired, state: &State, context: &Context<'_>) -> Plan {
    let moves = Moves::to_make(desired, state, context.selection);
    let mut walk = Walk {
        state,
        context,
        moves: &moves,
        unchanged_users: UnchangedUsers::of(&desired.unchanged),
        // A first plan has as many changes as users. Memory that stays unused is never touched.
        changes: Vec::with_capacity(desired.users.len()),
        kept_consent: Vec::new(),
        remote_ids: BTreeMap::new(),
        recreated: 0,
        unchanged: 0,
        manifests: PartsHasher::default(),
    };
    let unrecorded = pending::unrecorded(state);
    let mut unconfirmed = UnconfirmedCollector::new(context);
    let recorded = state.users.iter().map(|(id, entry)| (id, &**entry));
    let mut records = in_order(
        recorded.inspect(|(id, entry)| unconfirmed.add(id, entry)),
        unrecorded.iter().map(|(id, entry)| (*id, entry)),
    )
    .filter(|(id, _)| context.selection.covers(id) && !moves.has_old(id))
    .peekable();
    let users = desired
        .users
        .iter()
        .filter(|(id, _)| context.selection.covers(id) || moves.has_new(id));
    let mut differing = 0;
    for (id, user, digests) in with_digests(users, context.key) {
        differing += 1;
        while let Some((recorded, entry)) = records.next_if(|(recorded, _)| *recorded < id) {
            walk.recorded(recorded, entry);
        }
        let recorded = records.next_if(|(recorded, _)| *recorded == id);
        walk.desired(id, user, &digests, recorded.map(|(_, entry)| entry));
    }
    for (recorded, entry) in records {
        walk.recorded(recorded, entry);
    }

    let Walk {
        mut changes,
        kept_consent,
        remote_ids,
        recreated,
        unchanged,
        unchanged_users,
        manifests,
        ..
    } = walk;
    let recorded = state.users.len() + unrecorded.len();
    let destination = Destination {
        channel_id: (context.destination.channel_id.clone())
            .or_else(|| state.destination.channel_id.clone()),
        ..context.destination.clone()
    };
    // A state without users was sent nothing in another version.
    let api = ApiChange::between(state.destination.api, destination.api).filter(|_| recorded > 0);
    if let Some(step) = api {
        explain(&mut changes, step);
    }
    let subject = Subject {
        destination: &destination,
        api,
        lineage: &state.lineage,
        serial: state.serial,
    };
    Plan {
        digest: digest::of_plan(subject, lines(&changes)),
        destination,
        api,
        likely_moves: moves::likely(&changes, desired, context.key),
        limits: limits::check(
            context.limits,
            &changes,
            recorded,
            desired.count(),
            recreated,
        ),
        lineage: state.lineage.clone(),
        serial: state.serial,
        changes,
        unchanged,
        recorded,
        desired: differing + unchanged_users.met,
        selected: selected(desired, state, context.selection),
        manifests: manifests.finish(),
        refreshed: context.observed.is_some(),
        kept_consent,
        pending: state.pending.len(),
        unconfirmed: unconfirmed.finish(),
        remote_ids,
    }
}

/// The part of the users that a selection covers.
fn selected(desired: &Desired, state: &State, selection: &Selection) -> Option<Selected> {
    if selection.is_everything() {
        return None;
    }
    selection.of(known_ids(desired, state).into_iter())
}

/// The result of the walk so far.
struct Walk<'a> {
    state: &'a State,
    context: &'a Context<'a>,
    moves: &'a Moves<'a>,
    unchanged_users: UnchangedUsers<'a>,
    changes: Vec<PlannedChange>,
    kept_consent: Vec<KeptConsent>,
    remote_ids: BTreeMap<MemberId, RemoteIdDigest>,
    /// How many users of the changes were deleted on Channel.
    recreated: usize,
    unchanged: usize,
    manifests: PartsHasher,
}

impl Walk<'_> {
    fn desired(
        &mut self,
        id: &MemberId,
        user: &DesiredUser,
        digests: &Digests,
        recorded: Option<&Entry>,
    ) {
        self.add_to_manifests(id, &digests.user);
        let moved = self.moves.change(
            id,
            user,
            digests,
            self.state,
            self.context,
            &mut self.kept_consent,
        );
        if let Some(moved) = moved {
            self.changes.push(moved);
            return;
        }
        let change = desired_user(
            (id, user),
            digests,
            recorded,
            self.state,
            self.context,
            &mut self.kept_consent,
        );
        if let Some(change) = change {
            self.recreated += usize::from(self.is_recreated(id, recorded));
            self.changes.push(change);
        } else {
            self.unchanged += 1;
            let shown = self.new_remote_id(id, recorded);
            self.remote_ids.extend(shown);
        }
    }

    /// Whether Channel was asked and no longer has the recorded person, and talkform did not delete that person.
    fn is_recreated(&self, id: &MemberId, recorded: Option<&Entry>) -> bool {
        let remote = self.context.observed.and_then(|observed| observed.get(id));
        match (recorded, remote) {
            (Some(_), Some(RemoteUser::Missing)) => {
                let pending = self.state.pending.get(id);
                !pending.is_some_and(Pending::may_have_deleted)
            }
            (Some(_), Some(RemoteUser::Present(observed))) => {
                let shown = observed.id.as_deref();
                self.state.is_recreated(id, self.context.key, shown)
            }
            (None, _) | (_, None) => false,
        }
    }

    /// Channel's own id of an unchanged user, where another one is recorded.
    fn new_remote_id(
        &self,
        id: &MemberId,
        recorded: Option<&Entry>,
    ) -> Option<(MemberId, RemoteIdDigest)> {
        let RemoteUser::Present(observed) = self.context.observed?.get(id)? else {
            return None;
        };
        let key = self.context.key.for_user(id);
        let shown = key.remote_id(observed.id.as_deref()?);
        (recorded?.remote_id != Some(shown)).then(|| (id.clone(), shown))
    }

    /// Plans a recorded user that is not in `Desired::users`: unchanged or no longer declared.
    fn recorded(&mut self, id: &MemberId, entry: &Entry) {
        if self.unchanged_users.contains(id, entry) && !self.state.pending.contains_key(id) {
            self.add_to_manifests(id, &entry.digest);
            self.unchanged += 1;
        } else {
            let change = no_longer_declared(id, entry, self.state, self.context);
            self.changes.push(change);
        }
    }

    fn add_to_manifests(&mut self, id: &MemberId, digest: &UserDigest) {
        self.manifests.add(id.as_str().as_bytes());
        self.manifests.add(digest.as_bytes());
    }
}

/// Recognises unchanged users in the order of their ids.
struct UnchangedUsers<'a> {
    users: std::iter::Peekable<std::slice::Iter<'a, UnchangedUser>>,
    /// The numbers of the unchanged files.
    files: HashSet<u32>,
    /// How many users were recognised.
    met: usize,
}

impl<'a> UnchangedUsers<'a> {
    fn of(unchanged: &'a Unchanged) -> Self {
        let files = unchanged.files.values();
        Self {
            users: unchanged.users.iter().peekable(),
            files: files.map(|file| file.number).collect(),
            met: 0,
        }
    }

    /// Whether a recorded user is unchanged. Calls must come in the order of ids.
    fn contains(&mut self, id: &MemberId, entry: &Entry) -> bool {
        while self.users.next_if(|user| user.id < *id).is_some() {}
        let contains = entry
            .file
            .is_some_and(|number| self.files.contains(&number))
            || self.users.next_if(|user| user.id == *id).is_some();
        self.met += usize::from(contains);
        contains
    }
}

/// How many users are hashed at a time: enough for every thread, few enough to hold their digests or lines.
const CHUNK: usize = 16_384;

/// Returns each change with its line. All processors write the lines of one chunk at a time.
fn lines(changes: &[PlannedChange]) -> impl Iterator<Item = (&MemberId, ChangeLine)> {
    changes.chunks(CHUNK).flat_map(|chunk| {
        let lines = in_parallel(&shares(chunk, 256), |part| {
            part.iter().map(ChangeLine::of).collect::<Vec<_>>()
        });
        let ids = chunk.iter().map(|planned| &planned.id);
        ids.zip(lines.into_iter().flatten())
    })
}

/// Returns each user with its digests. All processors hash one chunk of users at a time, so that the
/// digests of a million users are never held at once.
fn with_digests<'d>(
    mut users: impl Iterator<Item = (&'d MemberId, &'d DesiredUser)>,
    key: &DigestKey,
) -> impl Iterator<Item = (&'d MemberId, &'d DesiredUser, Digests)> {
    std::iter::from_fn(move || {
        let chunk: Vec<_> = users.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return None;
        }
        let digests = in_parallel(&shares(&chunk, 256), |part| {
            let digests = part
                .iter()
                .map(|(id, user)| key.for_user(id).digests(&user.attributes));
            digests.collect::<Vec<_>>()
        });
        let users = chunk.into_iter().zip(digests.into_iter().flatten());
        Some(users.map(|((id, user), digests)| (id, user, digests)))
    })
    .flatten()
}

fn desired_user(
    (id, user): (&MemberId, &DesiredUser),
    digests: &Digests,
    recorded: Option<&Entry>,
    state: &State,
    context: &Context<'_>,
    kept_consent: &mut Vec<KeptConsent>,
) -> Option<PlannedChange> {
    let remote = context.observed.and_then(|observed| observed.get(id));
    if let Some(pending) = state.pending.get(id) {
        let change = pending_user((id, user), digests, pending, state, context);
        return Some(PlannedChange {
            id: id.clone(),
            change,
            reason: Reason::Pending,
            origin: Some(user.origin.clone()),
            rejected: state.rejected.get(id).cloned().map(Box::new),
        });
    }
    let (change, reason) = match (recorded, remote) {
        (recorded, Some(remote)) => {
            refresh::desired_user((id, user), digests, recorded, remote, context, kept_consent)?
        }
        (Some(entry), None) if entry.digest == digests.user && !entry.has_not_cleared() => {
            return None;
        }
        (Some(entry), None) => {
            let reason = if entry.digest == digests.user {
                Reason::NotCleared
            } else {
                Reason::Changed
            };
            let base = context.base.and_then(|base| base.get(id));
            (
                change::update(
                    &user.attributes,
                    digests,
                    (entry, &context.key.for_user(id)),
                    base,
                    context,
                ),
                reason,
            )
        }
        (None, None) => (
            change::create(&user.attributes, digests.user, None),
            Reason::NotRecorded,
        ),
    };
    Some(PlannedChange {
        id: id.clone(),
        change,
        reason,
        origin: Some(user.origin.clone()),
        rejected: state.rejected.get(id).cloned().map(Box::new),
    })
}

fn pending_user(
    (id, user): (&MemberId, &DesiredUser),
    digests: &Digests,
    pending: &Pending,
    state: &State,
    context: &Context<'_>,
) -> Change {
    let observed = match context.observed.and_then(|observed| observed.get(id)) {
        Some(RemoteUser::Missing) => return change::create(&user.attributes, digests.user, None),
        Some(RemoteUser::Present(observed)) => Some(&**observed),
        None => None,
    };
    let key = context.key.for_user(id);
    let entry = state.users.get(id).map(Box::as_ref);
    let shown = observed.and_then(|observed| observed.id.as_deref());
    let known = pending::Known {
        entry,
        pending,
        observed,
        is_other_person: entry.is_some_and(|entry| entry.is_other_person(&key, shown)),
        key: &key,
    };
    let base = context.base.and_then(|base| base.get(id));
    pending::desired_user(&user.attributes, digests, &known, base, context)
}

/// Merges two sequences of users, each in the order of ids and without a common id.
fn in_order<'a>(
    one: impl Iterator<Item = (&'a MemberId, &'a Entry)>,
    other: impl Iterator<Item = (&'a MemberId, &'a Entry)>,
) -> impl Iterator<Item = (&'a MemberId, &'a Entry)> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some((id, _)), Some((other_id, _))) if other_id < id => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    })
}

/// Sets the reason of users whose every field change is the release of a field that the new API version
/// does not have.
fn explain(changes: &mut [PlannedChange], step: ApiChange) {
    for planned in changes {
        let fields = planned.change.listed();
        let drops =
            |field: &FieldChange| field.action == FieldAction::Release && step.drops(&field.path);
        if !fields.is_empty() && fields.iter().all(drops) {
            planned.reason = Reason::ApiChanged;
        }
    }
}

fn no_longer_declared(
    id: &MemberId,
    last: &Entry,
    state: &State,
    context: &Context<'_>,
) -> PlannedChange {
    // A rejection with the recorded digest can only be that of a deletion.
    let refused = state
        .rejected
        .get(id)
        .filter(|_| context.removed.users == RemovedUsers::Delete);
    let rejected = refused
        .filter(|refused| refused.digest == last.digest)
        .cloned()
        .map(Box::new);
    let last = Box::new(last.clone());
    PlannedChange {
        id: id.clone(),
        change: match context.removed.users {
            RemovedUsers::Forget => Change::Forget { last },
            RemovedUsers::Delete => Change::Delete { last },
        },
        reason: if state.pending.contains_key(id) {
            Reason::Pending
        } else {
            Reason::NotDeclared
        },
        origin: None,
        rejected,
    }
}
