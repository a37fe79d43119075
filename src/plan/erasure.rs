//! Plans the deletion of one user on Channel, whatever the manifests declare.

use jiff::Timestamp;

use crate::model::{
    Desired, Destination, DigestKey, LimitKind, Limits, MemberId, Pending, Plan, RemovedFields,
    RemovedPolicy, RemovedUsers, Selection, State,
};
use crate::plan::context::Context;
use crate::plan::limits;
use crate::plan::planner::plan;

/// Plans that one user is deleted on Channel. A user of whom nothing is recorded counts as pending since `now`,
/// because Channel may have the user all the same.
///
/// The limits are those of a plan that deletes one user. `minUsers` is left out: a person's request does not wait for
/// the number of users.
pub fn erasure(
    state: &State,
    id: &MemberId,
    now: Timestamp,
    (key, destination, limits): (&DigestKey, &Destination, &Limits),
) -> Plan {
    // Only this user, because a pattern that selects the id could match more.
    let mut of_user = State {
        serial: state.serial,
        ..State::new(
            state.lineage.clone(),
            state.salt.clone(),
            state.key_id.clone(),
            state.destination.clone(),
        )
    };
    let entry = state.users.get(id).cloned();
    of_user.users.extend(entry.map(|entry| (id.clone(), entry)));
    let pending = state.pending.get(id).cloned();
    let is_unknown = of_user.users.is_empty() && pending.is_none();
    let pending = pending.or_else(|| is_unknown.then(|| Pending::unknown(now)));
    of_user
        .pending
        .extend(pending.map(|pending| (id.clone(), pending)));
    let rejected = state.rejected.get(id).cloned();
    of_user
        .rejected
        .extend(rejected.map(|rejected| (id.clone(), rejected)));
    let destination = Destination {
        // The other users stay at the API version that the state names.
        api: state.destination.api,
        ..destination.clone()
    };
    let context = Context {
        key,
        destination: &destination,
        removed: RemovedPolicy {
            users: RemovedUsers::Delete,
            fields: RemovedFields::default(),
        },
        limits,
        selection: &Selection::default(),
        base: None,
        observed: None,
    };
    let mut plan = plan(&Desired::default(), &of_user, &context);
    plan.limits = limits::check(limits, &plan.changes, state.users.len(), 0, 0);
    plan.limits
        .retain(|check| check.kind != LimitKind::MinUsers);
    plan
}
