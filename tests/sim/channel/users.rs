//! The users of the model Channel and what requests do to them, written apart from the sandbox.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use talkform::model::ApiVersion;

/// The id of the channel.
pub(crate) const CHANNEL: &str = "6263";

pub(crate) const FLAGS: [&str; 3] = ["unsubscribed", "unsubscribeEmail", "unsubscribeTexting"];

/// One user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// Channel's own id. A user that was created anew has another one.
    pub(crate) own_id: u64,
    pub(crate) profile: BTreeMap<String, Json>,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) flags: BTreeMap<String, bool>,
}

/// All users, by member id.
#[derive(Debug)]
pub(crate) struct Users {
    api: ApiVersion,
    known: BTreeMap<String, User>,
    next_id: u64,
    /// Whether answers name flags that were never set.
    names_all_flags: bool,
}

/// What Channel makes of a request.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) status: u16,
    pub(crate) body: Json,
}

impl Users {
    pub(crate) fn new(api: ApiVersion, names_all_flags: bool) -> Self {
        Self {
            api,
            known: BTreeMap::new(),
            next_id: 1,
            names_all_flags,
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&User> {
        self.known.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut User> {
        self.known.get_mut(id)
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.known.keys().cloned().collect()
    }

    /// Makes a user with nothing in it.
    pub(crate) fn create(&mut self, id: &str) -> &mut User {
        let own_id = self.next_id;
        self.next_id += 1;
        let user = User {
            own_id,
            profile: BTreeMap::new(),
            tags: BTreeSet::new(),
            flags: BTreeMap::new(),
        };
        self.known.entry(id.to_owned()).or_insert(user)
    }

    pub(crate) fn remove(&mut self, id: &str) -> bool {
        self.known.remove(id).is_some()
    }

    /// Creates or patches a user. One key of the profile stays as it is.
    pub(crate) fn put(&mut self, id: &str, body: &Json, ignored: Option<&str>) -> Done {
        if let Some(field) = self.wrong_field(body) {
            let errors = json!([{ "field": field, "message": "is not valid" }]);
            return Done {
                status: 422,
                body: json!({ "type": "unprocessableEntity", "status": 422, "errors": errors }),
            };
        }
        if !self.known.contains_key(id) {
            self.create(id);
        }
        let user = self.known.get_mut(id).expect("it was just made");
        for (key, value) in members(body, "profile") {
            if Some(key.as_str()) == ignored {
                continue;
            }
            if value.is_null() {
                user.profile.remove(key);
            } else {
                user.profile.insert(key.clone(), value.clone());
            }
        }
        for (key, value) in members(body, "profileOnce") {
            user.profile
                .entry(key.clone())
                .or_insert_with(|| value.clone());
        }
        if let Some(tags) = body.get("tags") {
            user.tags = texts(tags);
        }
        for flag in FLAGS {
            if let Some(value) = body.get(flag).and_then(Json::as_bool) {
                user.flags.insert(flag.to_owned(), value);
            }
        }
        self.show(id)
    }

    fn wrong_field(&self, body: &Json) -> Option<String> {
        let fields = body.as_object()?.iter();
        let mut wrong = fields.filter(|(name, value)| match name.as_str() {
            "profile" | "profileOnce" => !value.is_object(),
            "tags" => value
                .as_array()
                .is_none_or(|tags| tags.len() > self.api.most_tags()),
            "unsubscribed" => self.api == ApiVersion::V5 || !value.is_boolean(),
            "unsubscribeEmail" | "unsubscribeTexting" => !value.is_boolean(),
            _ => true,
        });
        wrong.next().map(|(name, _)| name.clone())
    }

    pub(crate) fn delete(&mut self, id: &str) -> Done {
        if self.known.remove(id).is_some() {
            let status = 200;
            let body = Json::Null;
            Done { status, body }
        } else {
            missing()
        }
    }

    /// The answer that shows a user.
    pub(crate) fn show(&self, id: &str) -> Done {
        let Some(user) = self.known.get(id) else {
            return missing();
        };
        let mut shown = Map::new();
        shown.insert("id".to_owned(), json!(format!("own-{}", user.own_id)));
        shown.insert("channelId".to_owned(), json!(CHANNEL));
        shown.insert("memberId".to_owned(), json!(id));
        shown.insert("profile".to_owned(), json!(user.profile));
        shown.insert("tags".to_owned(), json!(user.tags));
        for flag in FLAGS {
            let has = flag != "unsubscribed" || self.api == ApiVersion::V4;
            let value = user.flags.get(flag).copied();
            let value = value.or(self.names_all_flags.then_some(false));
            if let Some(value) = value.filter(|_| has) {
                shown.insert(flag.to_owned(), json!(value));
            }
        }
        Done {
            status: 200,
            body: json!({ "user": shown, "online": null }),
        }
    }
}

fn missing() -> Done {
    Done {
        status: 404,
        body: json!({ "type": "notFound", "status": 404, "message": "no such user" }),
    }
}

fn members<'j>(body: &'j Json, name: &str) -> impl Iterator<Item = (&'j String, &'j Json)> {
    body.get(name)
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
}

/// A list of tags, as Channel keeps it.
pub(crate) fn texts(list: &Json) -> BTreeSet<String> {
    let texts = list.as_array().into_iter().flatten();
    texts
        .filter_map(Json::as_str)
        .map(str::to_lowercase)
        .collect()
}
