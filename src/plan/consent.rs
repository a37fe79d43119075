//! Decides about the consent of a user that moves, if Channel was asked about both ids.
//!
//! A move makes a new person on Channel, and an opt-out of the old one does not move by itself. What the state
//! records does not show what the person chose on Channel, so with `--refresh` the flags on Channel decide
//! whether the new person may be messaged although the old one opted out.

use std::sync::Arc;

use crate::model::{
    Attributes, FieldAction, FieldChange, FieldChanges, FieldPath, Observed, Previous, Upsert,
    Write,
};

/// What Channel has of a user that moves. `None` if Channel was not asked or does not have the id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BothIds<'a> {
    pub(crate) old: Option<&'a Observed>,
    pub(crate) new: Option<&'a Observed>,
}

impl BothIds<'_> {
    /// Whether the person is opted out under the new id already. No request changes that.
    fn is_opted_out(self, path: &FieldPath) -> bool {
        self.new.and_then(|new| new.flag(path)) == Some(true)
    }
}

const FLAGS: [FieldPath; 3] = [
    FieldPath::Unsubscribed,
    FieldPath::UnsubscribeEmail,
    FieldPath::UnsubscribeTexting,
];

/// The flags that are declared `false` and that stay `true` under the new id.
pub(crate) fn kept(attributes: &Attributes, ids: BothIds<'_>) -> Vec<FieldPath> {
    let is_kept =
        |path: &FieldPath| declared(attributes, path) == Some(false) && ids.is_opted_out(path);
    FLAGS.into_iter().filter(is_kept).collect()
}

/// Corrects the flags of a move by what Channel has.
pub(crate) fn weigh(write: &mut Write, ids: BothIds<'_>) {
    let Write {
        declared: attributes,
        changes: FieldChanges::Listed { upsert, fields },
        unchanged_fields,
        ..
    } = write
    else {
        return;
    };
    for path in FLAGS {
        let flag = declared(attributes, &path);
        let is_planned = fields.iter().any(|field| field.path == path);
        if ids.is_opted_out(&path) {
            // Channel has the opt-out, and the person may withdraw it before the request arrives.
            leave_out(upsert, &path);
            match flag {
                Some(false) if is_planned => {
                    replace(fields, path, FieldAction::Once { new: false.into() });
                }
                None if is_planned => replace(fields, path, FieldAction::Release),
                Some(_) | None => {}
            }
            continue;
        }
        let Some(old) = ids.old.and_then(|old| old.flag(&path)) else {
            continue;
        };
        let before = Previous::Value(old.into());
        match (flag, old) {
            // Nothing is sent for it: the new person has not opted out.
            (Some(false), true) => {
                let new = false.into();
                replace(fields, path, FieldAction::Set { old: before, new });
                *unchanged_fields -= usize::from(!is_planned);
            }
            (Some(false), false) if is_planned => {
                replace(fields, path, FieldAction::Once { new: false.into() });
            }
            (None, is_opted_out) if is_opted_out || is_planned => {
                replace(fields, path, FieldAction::Leave { old: before });
            }
            // An opt-out that is declared `true` moves along.
            (Some(true), _) | (Some(false) | None, false) | (None, true) => {}
        }
    }
    fields.sort_by(|one, other| one.path.cmp(&other.path));
}

fn declared(attributes: &Attributes, path: &FieldPath) -> Option<bool> {
    match path {
        FieldPath::Unsubscribed => attributes.unsubscribed,
        FieldPath::UnsubscribeEmail => attributes.unsubscribe_email,
        FieldPath::UnsubscribeTexting => attributes.unsubscribe_texting,
        FieldPath::Language
        | FieldPath::Profile(_)
        | FieldPath::ProfileOnce(_)
        | FieldPath::Tags => None,
    }
}

fn leave_out(upsert: &mut Option<Upsert>, path: &FieldPath) {
    let Some(Upsert(sent)) = upsert else {
        return;
    };
    let sent = Arc::make_mut(sent);
    match path {
        FieldPath::Unsubscribed => sent.unsubscribed = None,
        FieldPath::UnsubscribeEmail => sent.unsubscribe_email = None,
        FieldPath::UnsubscribeTexting => sent.unsubscribe_texting = None,
        FieldPath::Language
        | FieldPath::Profile(_)
        | FieldPath::ProfileOnce(_)
        | FieldPath::Tags => {}
    }
}

/// Replaces the change of a field, or adds it.
fn replace(fields: &mut Vec<FieldChange>, path: FieldPath, action: FieldAction) {
    fields.retain(|field| field.path != path);
    fields.push(FieldChange { path, action });
}
