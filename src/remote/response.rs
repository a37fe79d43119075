//! What an answer means.
//!
//! The vendor documents no errors, so the status alone decides; bodies are read leniently and only for
//! people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::model::{Attributes, Declared, FieldPath, Upsert, Value};
use crate::remote::http::{Answer, TransportError};
use crate::remote::rate::RetryAfter;
use crate::remote::request::{Method, Request};

/// The most characters kept of Channel's words.
const MOST_OF_A_MESSAGE: usize = 300;

/// What came of one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Done. `None` where the answer could not be read: it was done all the same.
    Accepted(Option<AnsweredUser>),
    /// Not for this user; the same again would fare no better.
    Rejected {
        /// The answer's status.
        status: u16,
        /// The answer's machine-readable type: at most 64 letters, digits, dots, dashes, underscores.
        code: Option<String>,
        /// The answer's words, shortened. They may echo what was sent.
        message: Option<String>,
    },
    /// 401 or 403.
    Denied {
        /// The answer's status.
        status: u16,
    },
    /// 429.
    RateLimited {
        /// When Channel wants to hear from us again.
        retry_after: Option<RetryAfter>,
    },
    /// It may work in a moment.
    Transient {
        /// What happened, without any value.
        why: String,
        /// When Channel wants to hear from us again.
        retry_after: Option<RetryAfter>,
    },
    /// It will not work in a moment either: a redirect, a certificate, an impossible answer.
    Broken {
        /// What happened, without any value.
        why: String,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(_) => f.write_str("accepted"),
            Self::Rejected { status, .. } => write!(f, "rejected with {status}"),
            Self::Denied { status } => {
                write!(f, "{status}: Channel does not take the credentials")
            }
            Self::RateLimited { .. } => f.write_str("429 Too Many Requests"),
            Self::Transient { why, .. } | Self::Broken { why } => f.write_str(why),
        }
    }
}

/// Judges what came back.
pub fn judge(request: &Request, answered: Result<Answer, TransportError>) -> Verdict {
    let answer = match answered {
        Ok(answer) => answer,
        Err(error) if error.may_pass() => {
            return Verdict::Transient {
                why: error.to_string(),
                retry_after: None,
            };
        }
        Err(error) => {
            return Verdict::Broken {
                why: error.to_string(),
            };
        }
    };
    let status = answer.status;
    match status {
        200..=299 => Verdict::Accepted(AnsweredUser::read(&answer.body)),
        300..=399 => Verdict::Broken {
            why: format!("{status}: Channel sent us elsewhere, and redirects are not followed"),
        },
        401 | 403 => Verdict::Denied { status },
        404 if request.method == Method::Delete => Verdict::Accepted(None),
        429 => Verdict::RateLimited {
            retry_after: answer.rate.retry_after,
        },
        408 | 500 | 502 | 503 | 504 => Verdict::Transient {
            why: format!("{status} from Channel"),
            retry_after: answer.rate.retry_after,
        },
        400..=499 => {
            let words = Words::read(&answer.body);
            if request.method == Method::Delete && words.says_not_found() {
                return Verdict::Accepted(None);
            }
            Verdict::Rejected {
                status,
                code: words.code,
                message: words.message,
            }
        }
        _ => Verdict::Broken {
            why: format!("{status} from Channel"),
        },
    }
}

/// The words of an error.
#[derive(Debug, Default)]
struct Words {
    code: Option<String>,
    message: Option<String>,
}

impl Words {
    /// `errors[].{field,message}`, else `message`, else `details[].{field,message}`; `type`. Anything
    /// else, HTML for one, says nothing.
    fn read(body: &[u8]) -> Self {
        let Ok(json) = serde_json::from_slice::<Json>(body) else {
            return Self::default();
        };
        let list = |name: &str| {
            let lines: Vec<String> = json
                .get(name)?
                .as_array()?
                .iter()
                .filter_map(|error| {
                    let message = error.get("message")?.as_str()?;
                    Some(match error.get("field").and_then(Json::as_str) {
                        Some(field) => format!("{field}: {message}"),
                        None => message.to_owned(),
                    })
                })
                .collect();
            (!lines.is_empty()).then(|| lines.join("; "))
        };
        let single = || json.get("message")?.as_str().map(ToOwned::to_owned);
        let message = list("errors")
            .or_else(single)
            .or_else(|| list("details"))
            .map(|text| text.chars().take(MOST_OF_A_MESSAGE).collect());
        Self {
            code: json.get("type").and_then(Json::as_str).and_then(code),
            message,
        }
    }

    fn says_not_found(&self) -> bool {
        self.code.as_deref().is_some_and(says_not_found)
    }
}

pub(crate) fn says_not_found(code: &str) -> bool {
    code.to_ascii_lowercase().contains("notfound")
}

/// A type that is plainly one. Anything else might echo a person's data and is dropped, since codes
/// are kept in the state.
fn code(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_code = !text.is_empty()
        && text.len() <= 64
        && text.chars().all(is_plain)
        && text.starts_with(|c: char| c.is_ascii_alphabetic());
    is_code.then(|| text.to_owned())
}

/// The `user` of an answer, as far as it was readable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnsweredUser {
    /// `profile`; other places for the same data are made up by Channel and not looked at.
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

impl AnsweredUser {
    /// `None` where there is no `user` to be read.
    pub fn read(body: &[u8]) -> Option<Self> {
        /// What is not looked at is not kept; what has an unexpected kind is as if it were not there.
        #[derive(Deserialize)]
        struct Body {
            user: User,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct User {
            profile: Json,
            tags: Json,
            unsubscribed: Json,
            unsubscribe_email: Json,
            unsubscribe_texting: Json,
        }
        let Body { user } = serde_json::from_slice(body).ok()?;
        Some(Self {
            profile: match user.profile {
                Json::Object(profile) => Some(profile.into_iter().collect()),
                _ => None,
            },
            tags: user.tags.as_array().map(|tags| {
                tags.iter()
                    .filter_map(Json::as_str)
                    .map(str::to_lowercase)
                    .collect()
            }),
            unsubscribed: user.unsubscribed.as_bool(),
            unsubscribe_email: user.unsubscribe_email.as_bool(),
            unsubscribe_texting: user.unsubscribe_texting.as_bool(),
        })
    }
}

/// The fields of a request that the answer does not show as sent; all of them where there is no
/// answer to look at. An answer that leaves out an empty profile or empty tags shows them as empty.
pub fn unconfirmed(sent: &Upsert, answered: Option<&AnsweredUser>) -> BTreeSet<FieldPath> {
    let Upsert(Attributes {
        profile,
        profile_once,
        tags,
        unsubscribed,
        unsubscribe_email,
        unsubscribe_texting,
    }) = sent;
    let nothing = BTreeMap::new();
    let has = answered.map(|user| user.profile.as_ref().unwrap_or(&nothing));
    let mut missing = BTreeSet::new();
    for (key, declared) in profile {
        let confirmed = has.is_some_and(|has| match (declared, has.get(key.as_str())) {
            (Declared::Clear, found) => found.is_none_or(Json::is_null),
            (Declared::Set(value), Some(found)) => is_same(key.as_str(), value, found),
            (Declared::Set(_), None) => false,
        });
        if !confirmed {
            missing.insert(FieldPath::Profile(key.clone()));
        }
    }
    for key in profile_once.keys() {
        if has.is_none_or(|has| has.get(key.as_str()).is_none_or(serde_json::Value::is_null)) {
            missing.insert(FieldPath::ProfileOnce(key.clone()));
        }
    }
    if let Some(tags) = tags {
        let found = answered.map(|user| user.tags.clone().unwrap_or_default());
        if found.as_ref() != Some(tags) {
            missing.insert(FieldPath::Tags);
        }
    }
    let mut flag = |path, sent: &Option<bool>, found: Option<Option<bool>>| {
        if sent.is_some() && found.flatten() != *sent {
            missing.insert(path);
        }
    };
    flag(
        FieldPath::Unsubscribed,
        unsubscribed,
        answered.map(|user| user.unsubscribed),
    );
    flag(
        FieldPath::UnsubscribeEmail,
        unsubscribe_email,
        answered.map(|user| user.unsubscribe_email),
    );
    flag(
        FieldPath::UnsubscribeTexting,
        unsubscribe_texting,
        answered.map(|user| user.unsubscribe_texting),
    );
    missing
}

/// Equal, but for what Channel may write another way: `1.0` for `1`, spaces in a phone number.
fn is_same(key: &str, sent: &Value, found: &Json) -> bool {
    let is_number = |sent: f64, found: &Json| found.as_f64() == Some(sent);
    match sent {
        Value::Text(text) if matches!(key, "mobileNumber" | "landlineNumber") => {
            let digits = |text: &str| -> String {
                text.chars()
                    .filter(|c| c.is_ascii_digit() || *c == '+')
                    .collect()
            };
            found
                .as_str()
                .is_some_and(|found| digits(found) == digits(text))
        }
        Value::Text(text) => found.as_str() == Some(text),
        Value::Boolean(flag) => found.as_bool() == Some(*flag),
        Value::Number(number) => is_number(number.get(), found),
        Value::Texts(texts) => found.as_array().is_some_and(|found| {
            found.len() == texts.len()
                && found
                    .iter()
                    .zip(texts)
                    .all(|(found, text)| found.as_str() == Some(text))
        }),
        Value::Numbers(numbers) => found.as_array().is_some_and(|found| {
            found.len() == numbers.len()
                && found
                    .iter()
                    .zip(numbers)
                    .all(|(found, number)| is_number(number.get(), found))
        }),
    }
}

/// What `GET …/channel` says of the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelInfo {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
}

impl ChannelInfo {
    /// `None` where the answer names no channel.
    pub fn read(body: &[u8]) -> Option<Self> {
        let json: Json = serde_json::from_slice(body).ok()?;
        let channel = json.get("channel")?;
        let id = match channel.get("id")? {
            Json::String(id) => id.clone(),
            Json::Number(id) => id.to_string(),
            _ => return None,
        };
        let name = channel.get("name").and_then(Json::as_str);
        Some(Self {
            id,
            name: name.map(ToOwned::to_owned),
        })
    }
}
