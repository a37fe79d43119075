//! The manifests of the simulated project: random edits, and reverts of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use talkform::manifest::{ReadSettings, read_texts};
use talkform::model::ApiVersion;

use crate::dice::Dice;
use crate::trace::Trace;

pub(crate) const KEYS: [&str; 5] = ["plan", "seats", "note", "city", "isTrial"];
pub(crate) const TEXTS: [&str; 3] = ["free", "pro", "max"];
pub(crate) const TAGS: [&str; 3] = ["vip", "beta", "Seoul/Kr"];

const FILES: [&str; 2] = ["users/a.yaml", "users/b.yaml"];

/// What is declared of one user, as it is written.
#[derive(Clone, Debug, Default, PartialEq)]
struct User {
    fields: Map<String, Json>,
    profile: Map<String, Json>,
    once: Map<String, Json>,
    /// The index of its file.
    file: usize,
}

/// All manifests at one commit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Manifests {
    users: BTreeMap<String, User>,
    /// Of each file.
    defaults: [Map<String, Json>; 2],
    moved: Vec<(String, String)>,
}

/// The history of the manifests.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) api: ApiVersion,
    ids: usize,
    commits: Vec<Manifests>,
    trace: Trace,
}

fn value(dice: &Dice) -> Json {
    match dice.below(6) {
        0 => json!(dice.below(3)),
        1 => json!(dice.percent(50)),
        2 => json!(["a", "b"][..=dice.below(2)]),
        _ => json!(dice.pick(&TEXTS)),
    }
}

impl Manifests {
    /// The files, as they are written.
    pub(crate) fn texts(&self) -> Vec<(Arc<str>, Vec<u8>)> {
        let texts = FILES.iter().enumerate().map(|(file, name)| {
            let users = self.users.iter().filter(|(_, user)| user.file == file);
            let users: Vec<Json> = users.map(|(id, user)| written(id, user)).collect();
            let mut text = json!({
                "apiVersion": "talkform/v1",
                "kind": "UserList",
                "users": users,
            });
            if !self.defaults[file].is_empty() {
                text["defaults"] = json!({ "profile": self.defaults[file] });
            }
            if file == 0 && !self.moved.is_empty() {
                let moved = self.moved.iter();
                let moved: Vec<Json> = moved
                    .map(|(from, to)| json!({ "from": from, "to": to }))
                    .collect();
                text["moved"] = json!(moved);
            }
            (Arc::from(*name), text.to_string().into_bytes())
        });
        texts.collect()
    }

    fn change(&mut self, api: ApiVersion, ids: usize, dice: &Dice) {
        let id = format!("u-{}", dice.below(ids));
        match dice.below(12) {
            0 => {
                self.users.remove(&id);
            }
            1 => self.rename(&id, ids, dice),
            2 => {
                let file = dice.below(2);
                let key = *dice.pick(&KEYS);
                if dice.percent(50) {
                    self.defaults[file].insert(key.to_owned(), value(dice));
                } else {
                    self.defaults[file].remove(key);
                }
            }
            3 => self.moved.clear(),
            _ => {
                let user = self.users.entry(id).or_default();
                user.change(api, dice);
            }
        }
    }

    /// A user gets another id. The manifests may say so, or forget to.
    fn rename(&mut self, id: &str, ids: usize, dice: &Dice) {
        let to = format!("u-{}", dice.below(ids));
        if self.users.contains_key(&to) {
            return;
        }
        if let Some(user) = self.users.remove(id) {
            self.users.insert(to.clone(), user);
            self.moved.retain(|(from, new)| *from != to && new != id);
            if dice.percent(80) {
                self.moved.push((id.to_owned(), to));
            }
        }
    }
}

impl User {
    fn change(&mut self, api: ApiVersion, dice: &Dice) {
        let key = (*dice.pick(&KEYS)).to_owned();
        match dice.below(10) {
            0..=2 => {
                self.once.remove(&key);
                self.profile.insert(key, value(dice));
            }
            3 => {
                self.once.remove(&key);
                self.profile.insert(key, Json::Null);
            }
            4 => {
                self.profile.remove(&key);
                self.once.remove(&key);
            }
            5 => {
                self.profile.remove(&key);
                self.once.insert(key, value(dice));
            }
            6 => {
                let tags = &TAGS[..dice.below(TAGS.len() + 1)];
                self.fields.insert("tags".to_owned(), json!(tags));
            }
            7 if dice.percent(30) => {
                self.fields.remove("tags");
            }
            7 => self.file = 1 - self.file,
            _ => {
                let flags: &[&str] = match api {
                    ApiVersion::V4 => &["unsubscribeEmail", "unsubscribeTexting", "unsubscribed"],
                    ApiVersion::V5 => &["unsubscribeEmail", "unsubscribeTexting"],
                };
                let flag = (*dice.pick(flags)).to_owned();
                if dice.percent(20) {
                    self.fields.remove(&flag);
                } else {
                    self.fields.insert(flag, json!(dice.percent(50)));
                }
            }
        }
    }
}

fn written(id: &str, user: &User) -> Json {
    let mut written = user.fields.clone();
    written.insert("memberId".to_owned(), json!(id));
    if !user.profile.is_empty() {
        written.insert("profile".to_owned(), json!(user.profile));
    }
    if !user.once.is_empty() {
        written.insert("profileOnce".to_owned(), json!(user.once));
    }
    Json::Object(written)
}

impl Repository {
    /// A repository whose users have ids below `ids`.
    pub(crate) fn new(api: ApiVersion, ids: usize, trace: Trace) -> Self {
        Self {
            api,
            ids,
            commits: vec![Manifests::default()],
            trace,
        }
    }

    pub(crate) fn now(&self) -> &Manifests {
        self.commits.last().expect("a first commit")
    }

    pub(crate) fn settings(&self) -> ReadSettings {
        ReadSettings {
            patterns: vec!["users/*.yaml".to_owned()],
            api: self.api,
            visibility: talkform::model::Visibility::default(),
            rules: None,
        }
    }

    /// Commits an edit of this many changes. An edit that is not valid is not committed.
    pub(crate) fn edit(&mut self, changes: usize, dice: &Dice) {
        let mut next = self.now().clone();
        for _ in 0..changes {
            next.change(self.api, self.ids, dice);
        }
        if read_texts(next.texts(), &self.settings()).has_errors() {
            return;
        }
        self.commit(next, "edit");
    }

    /// Goes back to an earlier commit.
    pub(crate) fn revert(&mut self, dice: &Dice) {
        let back = 1 + dice.below(self.commits.len().min(3));
        let at = self.commits.len().saturating_sub(1 + back);
        let earlier = self.commits[at].clone();
        self.commit(earlier, "revert");
    }

    fn commit(&mut self, next: Manifests, what: &str) {
        if next != *self.now() {
            self.trace.note(|| {
                let texts = next.texts();
                let texts: Vec<_> = texts
                    .iter()
                    .map(|(_, text)| String::from_utf8_lossy(text))
                    .collect();
                format!("{what}: {}", texts.join(" "))
            });
            self.commits.push(next);
        }
    }
}
