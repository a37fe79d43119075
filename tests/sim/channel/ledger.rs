//! Keeps what was sent and what people changed, apart from the program under test: the invariants compare with it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::channel::users::FLAGS;

/// The clone of the repository that a run works in.
pub(crate) type CloneId = usize;

/// A field of a user: the member id and the written path.
pub(crate) type Field = (String, String);

/// What was sent and what people changed.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Fields that people changed on Channel and no request has set since.
    pub(crate) changed_by_people: BTreeSet<Field>,
    /// Fields that Channel did not take from the last request that set them.
    pub(crate) not_taken: BTreeSet<Field>,
    /// Users whom people deleted on Channel and no request has created since.
    pub(crate) deleted_by_people: BTreeSet<String>,
    /// Flags that a request of ours set to `true` or that the state records as `true`, until the state records `false` or forgets the user.
    pub(crate) opted_out_by_us: BTreeSet<Field>,
    /// Flags that the state records as `false` although they are on, by somebody else's choice. A request that sets
    /// one to `true` and is rejected leaves it so.
    pub(crate) kept_on: BTreeSet<Field>,
    /// Profile keys and tags that requests of ours have set, until the state forgets the user.
    pub(crate) ours: BTreeSet<Field>,
    /// Users whom requests of ours may have created, until the state forgets them.
    pub(crate) created_by_us: BTreeSet<String>,
    /// For each clone, and for the repository's own copy of the state: the users whom another clone has changed on Channel without its knowledge.
    pub(crate) unaware: BTreeMap<CloneId, BTreeSet<String>>,
    /// The flags that the manifests of this run declare as `false`.
    pub(crate) declared_false: BTreeSet<Field>,
    /// The run under way.
    pub(crate) clone: CloneId,
    /// What must never happen and did.
    pub(crate) violations: Vec<String>,
}

fn field(id: &str, path: &str) -> Field {
    (id.to_owned(), path.to_owned())
}

impl Ledger {
    pub(crate) fn run_begins(&mut self, clone: CloneId, declared_false: BTreeSet<Field>) {
        self.clone = clone;
        self.declared_false = declared_false;
    }

    /// A request leaves. It may never arrive.
    pub(crate) fn leaves(&mut self, id: &str, body: Option<&Json>) {
        let Some(body) = body else { return };
        for flag in FLAGS {
            match body.get(flag).and_then(Json::as_bool) {
                Some(true) => {
                    self.opted_out_by_us.insert(field(id, flag));
                }
                Some(false) => self.check_opt_in(&field(id, flag)),
                None => {}
            }
        }
    }

    /// `false` may leave only where a manifest declares it and talkform itself had set the flag.
    fn check_opt_in(&mut self, flag: &Field) {
        let is_edit = self.opted_out_by_us.contains(flag) && self.declared_false.contains(flag);
        if !is_edit {
            let (id, flag) = flag;
            self.violations.push(format!(
                "{id}: {flag} is turned off without a recorded edit"
            ));
        }
    }

    /// A PUT was carried out, without this profile key.
    pub(crate) fn put(&mut self, id: &str, body: &Json, ignored: Option<&str>) {
        self.created_by_us.insert(id.to_owned());
        self.deleted_by_people.remove(id);
        for (path, is_ours) in paths(body) {
            let key = path.strip_prefix("profile.");
            if key.is_some() && key == ignored {
                self.not_taken.insert(field(id, &path));
                continue;
            }
            self.not_taken.remove(&field(id, &path));
            self.kept_on.remove(&field(id, &path));
            self.changed_by_people.remove(&field(id, &path));
            if is_ours {
                self.ours.insert(field(id, &path));
            }
            // From here on the key stays, whatever is declared.
            if let Some(key) = path.strip_prefix("profileOnce.") {
                self.ours.remove(&field(id, &format!("profile.{key}")));
            }
        }
        self.hide_from_other_clones(id);
    }

    /// A DELETE was carried out.
    pub(crate) fn deleted(&mut self, id: &str) {
        self.forget(id);
        self.deleted_by_people.remove(id);
        self.changed_by_people.retain(|(user, _)| user != id);
        self.hide_from_other_clones(id);
    }

    /// Neither state nor Channel ties this user to talkform any more.
    pub(crate) fn forget(&mut self, id: &str) {
        self.created_by_us.remove(id);
        self.ours.retain(|(user, _)| user != id);
    }

    fn hide_from_other_clones(&mut self, id: &str) {
        let own = self.clone;
        for (clone, unaware) in &mut self.unaware {
            if *clone != own {
                unaware.insert(id.to_owned());
            }
        }
    }

    /// A person changes one field.
    pub(crate) fn changed(&mut self, id: &str, path: &str) {
        self.changed_by_people.insert(field(id, path));
    }

    /// Whether one clone does everything, beside the repository's own copy of the state.
    pub(crate) fn has_one_clone(&self) -> bool {
        self.unaware.len() <= 2
    }

    pub(crate) fn is_unaware(&self, clone: CloneId, id: &str) -> bool {
        self.unaware
            .get(&clone)
            .is_some_and(|unaware| unaware.contains(id))
    }

    pub(crate) fn is_not_taken(&self, id: &str, path: &str) -> bool {
        self.not_taken.contains(&field(id, path))
    }

    pub(crate) fn is_changed_by_people(&self, id: &str, path: &str) -> bool {
        self.changed_by_people.contains(&field(id, path))
    }
}

/// The fields that a body sets, as written paths, and whether they are to be cleared once they are no longer
/// declared.
fn paths(body: &Json) -> Vec<(String, bool)> {
    let mut paths = Vec::new();
    let members = |name: &str| body.get(name).and_then(Json::as_object);
    for key in members("profile").into_iter().flatten() {
        paths.push((format!("profile.{}", key.0), true));
    }
    for key in members("profileOnce").into_iter().flatten() {
        paths.push((format!("profileOnce.{}", key.0), false));
    }
    if body.get("tags").is_some() {
        paths.push(("tags".to_owned(), true));
    }
    for flag in FLAGS {
        if body.get(flag).is_some() {
            paths.push((flag.to_owned(), false));
        }
    }
    paths
}
