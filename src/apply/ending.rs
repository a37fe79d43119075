//! Turns how the requests of a change ended into its outcome.

use crate::apply::outcome::{Outcome, ShownInstead};
use crate::apply::reason::Shown;
use crate::apply::requests::rejected_request;
use crate::apply::send::Ending;
use crate::apply::settle::Settling;
use crate::model::{DigestKey, PlannedChange, RejectedRequest, RemoteIdDigest};
use crate::remote::{Confirmation, ResponseUser, confirm};

/// The outcome of a change whose requests ended in this way. `is_restored` says that the last request was the second
/// PUT of a person whom Channel created anew; `settling` is what is known of the user; `shown` says what is shown of
/// Channel's reason.
pub(crate) fn outcome_of(
    planned: &PlannedChange,
    ending: Ending,
    attempts: u32,
    is_restored: bool,
    settling: &Settling<'_, '_>,
    shown: Shown<'_>,
) -> Outcome {
    match ending {
        Ending::Unsent | Ending::Accepted { response: None } => Outcome::Applied {
            confirmation: Confirmation::default(),
            instead: ShownInstead::default(),
        },
        Ending::Accepted {
            response: Some(response),
        } => {
            let mut confirmation = confirmation_of(planned, &response);
            let instead = settling.settle(planned, &response, &mut confirmation);
            Outcome::Applied {
                confirmation,
                instead,
            }
        }
        Ending::Rejected {
            request,
            status,
            code,
            message,
        } => Outcome::Rejected {
            request: if is_restored {
                RejectedRequest::OptOut
            } else {
                rejected_request(&planned.change, request)
            },
            status,
            code: shown.code(planned, code),
            reason: message.map(|message| shown.reason(planned, &message)),
        },
        Ending::Denied { status } => Outcome::Failed {
            message: format!("{status}: Channel does not accept the credentials"),
            attempts,
        },
        // Cannot happen: only a read can find a user missing.
        Ending::Missing => Outcome::Failed {
            message: "Channel does not have the user".to_owned(),
            attempts,
        },
        Ending::Blocked { message } | Ending::Failed { message } => {
            Outcome::Failed { message, attempts }
        }
        Ending::NotStarted { cause } => Outcome::Skipped { cause },
    }
}

/// How the response to the PUT of a change differs from what is declared.
fn confirmation_of(planned: &PlannedChange, response: &ResponseUser) -> Confirmation {
    let Some(write) = planned.change.write() else {
        return Confirmation::default();
    };
    write.upsert().map_or_else(Confirmation::default, |sent| {
        confirm(&sent, write.declared.consent(), response)
    })
}

/// The digest of Channel's own id of the user whom a PUT was about, if the response shows it.
pub(crate) fn remote_id_of(
    planned: &PlannedChange,
    ending: &Ending,
    key: &DigestKey,
) -> Option<RemoteIdDigest> {
    let Ending::Accepted { response } = ending else {
        return None;
    };
    let id = response.as_ref()?.id.as_deref()?;
    Some(key.for_user(&planned.id).remote_id(id))
}
