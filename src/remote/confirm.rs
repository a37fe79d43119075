//! Compares the user in a response with what was declared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::model::{Attributes, Declared, FieldPath, Upsert, Value};
use crate::remote::answered::AnsweredUser;

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
