//! Makes the requests of a change.

use crate::model::{ApiVersion, Change, PlannedChange, RejectedRequest};
use crate::remote::{Request, request};

/// The requests of a change, in the order in which they are sent.
pub(crate) fn requests_of(planned: &PlannedChange, api: ApiVersion) -> Vec<Request> {
    let put = planned.change.upsert();
    let put = put.map(|upsert| request::upsert(api, &planned.id, &upsert));
    let delete = match &planned.change {
        Change::Delete { .. } => Some(&planned.id),
        // The old id is deleted only after Channel has the user under the new one.
        Change::Move {
            from,
            delete_old: true,
            ..
        } => Some(from),
        Change::Move { .. } | Change::Create(_) | Change::Update(_) | Change::Forget { .. } => None,
    };
    let delete = delete.map(|id| request::delete(api, id));
    put.into_iter().chain(delete).collect()
}

/// Which request of a change was rejected. `place` counts the requests of [`requests_of`] from 0.
pub(crate) fn rejected_request(change: &Change, place: usize) -> RejectedRequest {
    match change {
        Change::Delete { .. } => RejectedRequest::Delete,
        Change::Move { .. } if place > 0 => RejectedRequest::DeleteOld,
        Change::Create(_) | Change::Update(_) | Change::Move { .. } | Change::Forget { .. } => {
            RejectedRequest::Put
        }
    }
}
