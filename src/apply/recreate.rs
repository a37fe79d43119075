//! Finds people whom Channel created anew, and restores their declared opt-outs.
//!
//! A person who was deleted on Channel and is sent again has none of the flags that were applied before, and a
//! PUT holds only flags that changed. Channel's own id of such a user differs from the recorded one.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{
    Attributes, LimitKind, Pending, PendingAction, Plan, RecordedFields, Upsert, UserKey, Write,
};
use crate::remote::ResponseUser;

/// The declared opt-outs that the response does not show, with nothing else. `None` if it shows all of them.
pub(crate) fn missing_opt_outs(write: &Write, user: &ResponseUser) -> Option<Upsert> {
    let missing = |declared: Option<bool>, shown: Option<bool>| {
        declared.filter(|is_opted_out| *is_opted_out && shown != Some(true))
    };
    let consent = write.declared.consent();
    let opt_outs = Attributes {
        unsubscribed: missing(consent.unsubscribed, user.unsubscribed),
        unsubscribe_email: missing(consent.unsubscribe_email, user.unsubscribe_email),
        unsubscribe_texting: missing(consent.unsubscribe_texting, user.unsubscribe_texting),
        ..Attributes::default()
    };
    (opt_outs != Attributes::default()).then(|| opt_outs.into())
}

/// The intent of the request that restores these opt-outs. It counts as a create, so that a run after a kill
/// sends every declared opt-out.
pub(crate) fn restoring(
    write: &Write,
    Upsert(opt_outs): &Upsert,
    key: &UserKey,
    now: Timestamp,
) -> Pending {
    let sent = opt_outs.fields();
    let sent = sent.map(|(path, value)| {
        let digest = key.field(&path, value);
        (path, digest)
    });
    Pending {
        action: PendingAction::Create,
        digest: Some(write.digest),
        fields: RecordedFields::new(sent),
        touched: BTreeSet::new(),
        earlier: Vec::new(),
        recreated: None,
        since: now,
    }
}

/// How many people may be created anew before the run stops: what the project allows, or what the plan says and
/// was agreed to.
pub(crate) fn most_recreated(plan: &Plan) -> usize {
    let check = plan
        .limits
        .iter()
        .find(|check| check.kind == LimitKind::Recreate);
    let allowed = check.and_then(|check| Some(check.allowed?.max(check.planned)));
    allowed.unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{DigestKey, FieldChanges, MemberId};

    #[test]
    fn only_declared_opt_outs_that_are_not_shown_are_missing() {
        let declared = Attributes {
            unsubscribed: Some(true),
            unsubscribe_email: Some(true),
            unsubscribe_texting: Some(false),
            ..Attributes::default()
        };
        let id = MemberId::new("u").expect("an id");
        let key = DigestKey::new(b"salt", None);
        let write = Write {
            digest: key.for_user(&id).user_digest(&declared),
            declared: Arc::new(declared),
            changes: FieldChanges::Listed {
                upsert: None,
                fields: Vec::new(),
            },
            unchanged_fields: 0,
        };
        let missing = |unsubscribed, email, texting| {
            let user = ResponseUser {
                unsubscribed,
                unsubscribe_email: email,
                unsubscribe_texting: texting,
                ..ResponseUser::default()
            };
            let missing = missing_opt_outs(&write, &user);
            missing.map(|Upsert(sent)| (sent.unsubscribed, sent.unsubscribe_email))
        };
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(missing(None, no, None), Some((yes, yes)));
        assert_eq!(missing(yes, no, no), Some((None, yes)));
        assert_eq!(missing(no, yes, no), Some((yes, None)));
        assert_eq!(missing(yes, yes, yes), None);
    }
}
