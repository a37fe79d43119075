//! The walk over the union of desired and recorded users.

use std::collections::{BTreeMap, HashSet};

use crate::model::{
    ApiChange, ApiVersion, Attributes, Change, Desired, DesiredUser, DigestKey, Digests, Entry,
    FieldAction, FieldChange, KeptConsent, Limits, MemberId, PartsHasher, Plan, PlannedChange,
    Reason, RemoteUser, RemovedPolicy, RemovedUsers, Selection, State, UserDigest,
};
use crate::parallel::{in_parallel, shares};
use crate::plan::moves;
use crate::plan::moves::Moves;
use crate::plan::{change, digest, limits, refresh};

/// What a plan depends on besides the users.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The key of the state's digests.
    pub key: &'a DigestKey,
    /// What happens to what is no longer declared.
    pub removed: RemovedPolicy,
    /// Bounds on the plan.
    pub limits: &'a Limits,
    /// The API version that the project speaks.
    pub api: ApiVersion,
    /// The part of the users that is looked at.
    pub selection: &'a Selection,
    /// Declarations of an earlier revision, which may explain recorded digests. They change
    /// what a plan shows, never what it does.
    pub base: Option<&'a BTreeMap<MemberId, Attributes>>,
    /// What Channel was seen to have of the desired users, where it was asked: then drift is set
    /// right, too. `None` plans offline.
    pub observed: Option<&'a BTreeMap<MemberId, RemoteUser>>,
}

/// Decides what has to be done so that Channel has what the manifests say.
///
/// Total: every desired user and every record leads to exactly one change or is unchanged.
pub fn plan(desired: &Desired, state: &State, context: &Context<'_>) -> Plan {
    let moves = Moves::due(desired, state, context);
    let mut walk = Walk {
        state,
        context,
        moves: &moves,
        as_recorded: AsRecorded::of(desired),
        changes: Vec::new(),
        kept_consent: Vec::new(),
        unchanged: 0,
        manifests: PartsHasher::default(),
    };
    let mut records = state
        .users
        .iter()
        .filter(|(id, _)| context.selection.covers(id) && !moves.takes(id))
        .peekable();
    let users = desired
        .users
        .iter()
        .filter(|(id, _)| context.selection.covers(id) || moves.brings(id));
    let mut differing = 0;
    for (id, user, digests) in with_digests(users, context.key) {
        differing += 1;
        while let Some((recorded, entry)) = records.next_if(|(recorded, _)| *recorded < id) {
            walk.recorded(recorded, entry);
        }
        let recorded = records.next_if(|(recorded, _)| *recorded == id);
        walk.desired(id, user, digests, recorded.map(|(_, entry)| entry));
    }
    for (recorded, entry) in records {
        walk.recorded(recorded, entry);
    }

    let Walk {
        mut changes,
        kept_consent,
        unchanged,
        as_recorded,
        manifests,
        ..
    } = walk;
    let recorded = state.users.len();
    let api = ApiChange::between(state.api, context.api);
    if let Some(step) = api {
        explain(&mut changes, step);
    }
    Plan {
        digest: digest::of_plan(&changes, api, &state.lineage, state.serial),
        api,
        likely_moves: moves::likely(&changes),
        limits: limits::check(context.limits, &changes, recorded, desired.count()),
        lineage: state.lineage.clone(),
        serial: state.serial,
        changes,
        unchanged,
        recorded,
        desired: differing + as_recorded.met,
        manifests: manifests.finish(),
        refreshed: context.observed.is_some(),
        kept_consent,
    }
}

/// What the walk has come to.
struct Walk<'a> {
    state: &'a State,
    context: &'a Context<'a>,
    moves: &'a Moves<'a>,
    as_recorded: AsRecorded<'a>,
    changes: Vec<PlannedChange>,
    kept_consent: Vec<KeptConsent>,
    unchanged: usize,
    manifests: PartsHasher,
}

impl Walk<'_> {
    fn desired(
        &mut self,
        id: &MemberId,
        user: &DesiredUser,
        digests: Digests,
        recorded: Option<&Entry>,
    ) {
        self.declared(id, &digests.user);
        let moved = self
            .moves
            .change(id, user, &digests, self.state, self.context);
        if let Some(moved) = moved {
            self.changes.push(moved);
            return;
        }
        match desired_user(
            (id, user),
            digests,
            recorded,
            self.state,
            self.context,
            &mut self.kept_consent,
        ) {
            Some(change) => self.changes.push(change),
            None => self.unchanged += 1,
        }
    }

    /// A recorded user without a declaration that was read in full.
    fn recorded(&mut self, id: &MemberId, entry: &Entry) {
        if self.as_recorded.holds(id, entry) {
            self.declared(id, &entry.digest);
            self.unchanged += 1;
        } else {
            let change = no_longer_declared(id, entry, self.state, self.context);
            self.changes.push(change);
        }
    }

    fn declared(&mut self, id: &MemberId, digest: &UserDigest) {
        self.manifests.add(id.as_str().as_bytes());
        self.manifests.add(digest.as_bytes());
    }
}

/// Users that are declared as they are recorded, and were recognised as such while the manifests were read.
struct AsRecorded<'a> {
    users: std::iter::Peekable<std::slice::Iter<'a, (MemberId, u32)>>,
    /// The numbers of files of which all users are.
    files: HashSet<u32>,
    met: usize,
}

impl<'a> AsRecorded<'a> {
    fn of(desired: &'a Desired) -> Self {
        let known = desired.files.iter().filter_map(|file| file.known);
        Self {
            users: desired.as_recorded.iter().peekable(),
            files: known.map(|known| known.number).collect(),
            met: 0,
        }
    }

    /// Asked in the order of ids.
    fn holds(&mut self, id: &MemberId, entry: &Entry) -> bool {
        while self.users.next_if(|(other, _)| other < id).is_some() {}
        let holds = entry
            .file
            .is_some_and(|number| self.files.contains(&number))
            || self.users.next_if(|(other, _)| other == id).is_some();
        self.met += usize::from(holds);
        holds
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
    std::iter::from_fn(move || {
        let stretch: Vec<_> = users.by_ref().take(STRETCH).collect();
        if stretch.is_empty() {
            return None;
        }
        let digests = in_parallel(&shares(&stretch, 256), |part| {
            let attributes = part.iter().map(|(_, user)| &user.attributes);
            attributes
                .map(|attributes| key.user(attributes))
                .collect::<Vec<_>>()
        });
        let users = stretch.into_iter().zip(digests.into_iter().flatten());
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
    left: &mut Vec<KeptConsent>,
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

/// Users of whom nothing but what the new API version does not have is released change because of it.
fn explain(changes: &mut [PlannedChange], step: ApiChange) {
    for planned in changes {
        let fields = planned.change.fields();
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
    // A refusal of what is recorded can only be that of a deletion.
    let refused = state
        .rejected
        .get(id)
        .filter(|_| context.removed.users == RemovedUsers::Delete);
    let rejected = refused
        .filter(|refused| refused.digest == last.digest)
        .cloned();
    let last = last.clone();
    PlannedChange {
        id: id.clone(),
        change: match context.removed.users {
            RemovedUsers::Forget => Change::Forget { last },
            RemovedUsers::Delete => Change::Delete { last },
        },
        reason: Reason::NotDeclared,
        origin: None,
        rejected,
    }
}
