//! Turns the user in a response into the values of a manifest.

use serde_json::Value as Json;

use crate::model::{Language, Number, Observed, Value};
use crate::remote::response_user::ResponseUser;

/// The user as a manifest could declare it. A profile key with `null` counts as absent.
pub fn observed(shown: &ResponseUser) -> Observed {
    let ResponseUser {
        id,
        channel_id: _,
        member_id: _,
        profile,
        language,
        tags,
        unsubscribed,
        unsubscribe_email,
        unsubscribe_texting,
    } = shown;
    let mut observed = Observed {
        id: id.clone(),
        language: language.as_deref().and_then(Language::new),
        tags: tags.clone().unwrap_or_default(),
        unsubscribed: *unsubscribed,
        unsubscribe_email: *unsubscribe_email,
        unsubscribe_texting: *unsubscribe_texting,
        ..Observed::default()
    };
    for (key, found) in profile.iter().flatten() {
        match value(key, found) {
            _ if found.is_null() => {}
            Some(value) => {
                observed.profile.insert(key.as_str().into(), value);
            }
            None => {
                observed.undeclarable.insert(key.as_str().into());
            }
        }
    }
    observed
}

fn value(key: &str, found: &Json) -> Option<Value> {
    match found {
        Json::String(text) => Some(Value::Text(
            phone(key, text).unwrap_or_else(|| text.clone()),
        )),
        Json::Bool(flag) => Some(Value::Boolean(*flag)),
        Json::Number(_) => number(found).map(Value::Number),
        Json::Array(items) if items.iter().all(Json::is_string) => {
            let texts = items.iter().filter_map(Json::as_str);
            Some(Value::Texts(texts.map(ToOwned::to_owned).collect()))
        }
        Json::Array(items) => {
            let numbers: Option<Vec<Number>> = items.iter().map(number).collect();
            numbers.map(Value::from)
        }
        Json::Object(_) | Json::Null => None,
    }
}

/// `None` for an integer beyond ±2^53, which would lose digits.
fn number(found: &Json) -> Option<Number> {
    const LARGEST: u64 = 1 << 53;
    let is_longer = match (found.as_i64(), found.as_u64()) {
        (Some(integer), _) => integer.unsigned_abs() > LARGEST,
        (None, Some(integer)) => integer > LARGEST,
        (None, None) => false,
    };
    Number::new(found.as_f64()?).filter(|_| !is_longer)
}

/// A phone number as E.164 writes it, however it is spaced; `None` for any other text.
fn phone(key: &str, text: &str) -> Option<String> {
    if !matches!(key, "mobileNumber" | "landlineNumber") || !text.trim_start().starts_with('+') {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(user: &serde_json::Value) -> Observed {
        let body = serde_json::json!({ "user": user }).to_string();
        observed(&ResponseUser::read(body.as_bytes()).expect("a user"))
    }

    #[test]
    fn values_that_channel_writes_another_way_are_normalised() {
        let found = seen(&serde_json::json!({
            "id": "64f",
            "profile": {
                "name": "g", "seats": 1.0, "trial": true, "sizes": [1, 2.0], "list": ["b", "a"],
                "empty": [], "mobileNumber": "+82 10-1234-5678", "workPhone": "+82 10",
                "landlineNumber": "02-123", "gone": null, "nested": {"a": 1}, "mixed": ["a", 1],
                "holes": [null], "long": 9_007_199_254_740_993_u64
            },
            "language": "ko", "tags": ["VIP/Gold", "beta", "BETA"], "unsubscribeEmail": true, "unsubscribeTexting": "yes"
        }));
        let number = |n| Number::new(n).expect("finite");
        let profile = [
            ("name", "g".into()),
            ("seats", Value::Number(number(1.0))),
            ("trial", true.into()),
            (
                "sizes",
                Value::Numbers(vec![number(1.0), number(2.0)].into()),
            ),
            ("list", Value::Texts(vec!["b".into(), "a".into()].into())),
            ("empty", Value::Texts(Box::default())),
            ("mobileNumber", "+821012345678".into()),
            ("workPhone", "+82 10".into()),
            ("landlineNumber", "02-123".into()),
        ];
        let expected = Observed {
            id: Some("64f".to_owned()),
            language: Language::new("ko"),
            profile: profile.map(|(key, value)| (key.into(), value)).into(),
            undeclarable: ["nested", "mixed", "holes", "long"].map(Into::into).into(),
            tags: ["beta".to_owned(), "vip/gold".to_owned()].into(),
            unsubscribed: None,
            unsubscribe_email: Some(true),
            unsubscribe_texting: None,
        };
        assert_eq!(found, expected);
        assert_eq!(seen(&serde_json::json!({})), Observed::default());
    }
}
