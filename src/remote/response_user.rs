//! Reads the user in a response.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};

use crate::model::Tags;

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
    pub profile: Option<Map<String, Json>>,
    /// `language`
    pub language: Option<String>,
    /// `tags`
    pub tags: Option<Tags>,
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
            user: Object<User>,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct User {
            id: Json,
            channel_id: Json,
            member_id: Json,
            profile: Json,
            language: Json,
            tags: Json,
            unsubscribed: Json,
            unsubscribe_email: Json,
            unsubscribe_texting: Json,
        }
        let Object(Body { user: Object(user) }) = serde_json::from_slice(body).ok()?;
        Some(Self {
            id: id_text(&user.id),
            channel_id: id_text(&user.channel_id),
            member_id: id_text(&user.member_id),
            profile: match user.profile {
                Json::Object(profile) => Some(profile),
                _ => None,
            },
            language: user.language.as_str().map(ToOwned::to_owned),
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

/// A value that is an object. A derived reader alone would also accept a list.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfObject<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OfObject<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer
            .deserialize_map(OfObject(PhantomData))
            .map(Self)
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
