//! Follows what the manifests said of each flag, and judges requests by it. Shares no code with the planner.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use talkform::apply::Outcome;
use talkform::model::{Attributes, Change, FieldPath, MemberId, Plan};
use talkform::sandbox::Logged;

/// The flags and their names in a request.
pub(crate) const FLAGS: [(FieldPath, &str); 3] = [
    (FieldPath::Unsubscribed, "unsubscribed"),
    (FieldPath::UnsubscribeEmail, "unsubscribeEmail"),
    (FieldPath::UnsubscribeTexting, "unsubscribeTexting"),
];

/// A flag of a user.
pub(crate) type Flag = (String, FieldPath);

/// The values that the record may have of each flag. Two where the result of a request is not known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims(BTreeMap<Flag, BTreeSet<bool>>);

pub(crate) fn declared(user: &Attributes, path: &FieldPath) -> Option<bool> {
    match path {
        FieldPath::Unsubscribed => user.unsubscribed,
        FieldPath::UnsubscribeEmail => user.unsubscribe_email,
        FieldPath::UnsubscribeTexting => user.unsubscribe_texting,
        _ => None,
    }
}

impl Claims {
    /// Whether the record may say that this person opted out.
    fn may_be_opted_out(&self, flag: &Flag) -> bool {
        self.0
            .get(flag)
            .is_some_and(|values| values.contains(&true))
    }

    /// Takes over what was declared and recorded of a user.
    pub(crate) fn record(&mut self, id: &MemberId, user: Option<&Attributes>) {
        for (path, _) in FLAGS {
            let flag = (id.to_string(), path.clone());
            match user.and_then(|user| declared(user, &path)) {
                Some(value) => self.0.insert(flag, [value].into()),
                None => self.0.remove(&flag),
            };
        }
    }

    /// Follows an apply.
    pub(crate) fn follow<'o>(
        &mut self,
        plan: &Plan,
        outcomes: impl Iterator<Item = &'o Outcome>,
        users: &BTreeMap<MemberId, Attributes>,
    ) {
        for (planned, outcome) in plan.changes.iter().zip(outcomes) {
            let user = users.get(&planned.id);
            if let Outcome::Applied { .. } = outcome {
                self.record(&planned.id, user);
                if let Change::Move { from, .. } = &planned.change {
                    self.record(from, None);
                }
                continue;
            }
            for (path, _) in FLAGS {
                if let Some(value) = user.and_then(|user| declared(user, &path)) {
                    let flag = (planned.id.to_string(), path);
                    self.0.entry(flag).or_default().insert(value);
                }
            }
        }
    }
}

/// Every `false` in these requests, by flag.
pub(crate) fn opt_ins(requests: &[Logged]) -> BTreeSet<Flag> {
    let mut found = BTreeSet::new();
    for request in requests.iter().filter(|request| request.method == "PUT") {
        let id = request.path.rsplit('@').next().unwrap_or_default();
        for (path, name) in FLAGS {
            let sent = request.body.as_ref().and_then(|body| body.get(name));
            if sent == Some(&Json::Bool(false)) {
                found.insert((id.to_owned(), path));
            }
        }
    }
    found
}

/// The flags that a plan counts against `limits.optIn`.
pub(crate) fn counted(plan: &Plan) -> BTreeSet<Flag> {
    let mut found = BTreeSet::new();
    for planned in &plan.changes {
        let fields = planned.change.fields();
        for field in fields.iter().filter(|field| field.is_opt_in()) {
            found.insert((planned.id.to_string(), field.path.clone()));
        }
    }
    found
}

/// Fails unless each `false` was declared `true` before, was counted and was agreed to.
pub(crate) fn judge(
    sent: &BTreeSet<Flag>,
    counted: &BTreeSet<Flag>,
    approved: bool,
    before: &Claims,
    what: &str,
) {
    for flag in sent {
        assert!(approved, "{what}: {flag:?} was not agreed to");
        assert!(counted.contains(flag), "{what}: {flag:?} was not counted");
        assert!(
            before.may_be_opted_out(flag),
            "{what}: {flag:?} was never recorded as true: {before:?}"
        );
    }
}
