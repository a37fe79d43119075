//! Reads the user in a response.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value as Json;

/// The `user` of a response, as far as it is readable. Fields that talkform does not use are left out, and a
/// field of an unexpected kind counts as absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseUser {
    /// `id`: the id that Channel itself gave the user.
    pub id: Option<String>,
    /// `channelId`
    pub channel_id: Option<String>,
    /// `memberId`
    pub member_id: Option<String>,
    /// `profile`. Top-level copies of its fields are ignored, because Channel makes some of them up.
    pub profile: Option<BTreeMap<String, Json>>,
    /// `tags`
    pub tags: Option<BTreeSet<String>>,
    /// `unsubscribed`
    pub unsubscribed: Option<bool>,
    /// `unsubscribeEmail`
    pub unsubscribe_email: Option<bool>,
    /// `unsubscribeTexting`
    pub unsubscribe_texting: Option<bool>,
}

impl ResponseUser {
    /// `None` if the body is not JSON or has no `user` that is an object.
    pub fn read(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Body {
            user: User,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct User {
            id: Json,
            channel_id: Json,
            member_id: Json,
            profile: Json,
            tags: Json,
            unsubscribed: Json,
            unsubscribe_email: Json,
            unsubscribe_texting: Json,
        }
        // The derived reader would also accept a list.
        let is_object = |json: &Json| json.get("user").is_some_and(Json::is_object);
        let json: Json = serde_json::from_slice(body).ok().filter(is_object)?;
        let Body { user } = serde_json::from_value(json).ok()?;
        Some(Self {
            id: id_text(&user.id),
            channel_id: id_text(&user.channel_id),
            member_id: id_text(&user.member_id),
            profile: match user.profile {
                Json::Object(profile) => Some(profile.into_iter().collect()),
                _ => None,
            },
            tags: user.tags.as_array().map(|tags| {
                let texts = tags.iter().filter_map(Json::as_str);
                texts.map(str::to_lowercase).collect()
            }),
            unsubscribed: user.unsubscribed.as_bool(),
            unsubscribe_email: user.unsubscribe_email.as_bool(),
            unsubscribe_texting: user.unsubscribe_texting.as_bool(),
        })
    }
}

/// An id, which Channel may write as a string or as a number.
pub(crate) fn id_text(id: &Json) -> Option<String> {
    match id {
        Json::String(id) => Some(id.clone()),
        Json::Number(id) => Some(id.to_string()),
        _ => None,
    }
}
