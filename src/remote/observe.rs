//! What an answer says of a user, in the project's own words.

use serde_json::Value as Json;

use crate::model::{Number, Observed, Value};
use crate::remote::http::{Answer, TransportError};
use crate::remote::request::Request;
use crate::remote::response::{AnsweredUser, Verdict, judge, says_not_found};

/// Judges the answer to a question for a user. Unlike a change, which is done whether or not its answer
/// can be read, a question without a readable answer has to be asked again.
pub fn judge_reading(request: &Request, answered: Result<Answer, TransportError>) -> Verdict {
    match judge(request, answered) {
        Verdict::Accepted(None) => Verdict::Transient {
            why: "Channel's answer cannot be read".to_owned(),
            retry_after: None,
        },
        other => other,
    }
}

/// Whether a refusal means that Channel does not know the user: 404, or a 422 whose type says so
/// (official `OpenAPI` document).
pub fn is_missing(status: u16, code: Option<&str>) -> bool {
    status == 404 || (status == 422 && code.is_some_and(says_not_found))
}

/// Turns an answer into what a manifest could say. A key with `null` is no key.
pub fn observed(answered: &AnsweredUser) -> Observed {
    let AnsweredUser {
        profile,
        tags,
        unsubscribed,
        unsubscribe_email,
        unsubscribe_texting,
    } = answered;
    let mut observed = Observed {
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
            numbers.map(Value::Numbers)
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
    use crate::model::{ApiVersion, MemberId};
    use crate::remote::rate::RateHeaders;
    use crate::remote::request;

    fn seen(user: &serde_json::Value) -> Observed {
        let body = serde_json::json!({ "user": user }).to_string();
        observed(&AnsweredUser::read(body.as_bytes()).expect("a user"))
    }

    #[test]
    fn what_channel_writes_another_way_is_written_ours() {
        let found = seen(&serde_json::json!({
            "profile": {
                "name": "g", "seats": 1.0, "trial": true, "sizes": [1, 2.0], "list": ["b", "a"],
                "empty": [], "mobileNumber": "+82 10-1234-5678", "workPhone": "+82 10",
                "landlineNumber": "02-123", "gone": null, "nested": {"a": 1}, "mixed": ["a", 1],
                "holes": [null], "long": 9_007_199_254_740_993_u64
            },
            "tags": ["VIP/Gold", "beta", "BETA"], "unsubscribeEmail": true, "unsubscribeTexting": "yes"
        }));
        let number = |n| Number::new(n).expect("finite");
        let profile = [
            ("name", "g".into()),
            ("seats", Value::Number(number(1.0))),
            ("trial", true.into()),
            ("sizes", Value::Numbers(vec![number(1.0), number(2.0)])),
            ("list", Value::Texts(vec!["b".into(), "a".into()])),
            ("empty", Value::Texts(Vec::new())),
            ("mobileNumber", "+821012345678".into()),
            ("workPhone", "+82 10".into()),
            ("landlineNumber", "02-123".into()),
        ];
        let expected = Observed {
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

    #[test]
    fn a_question_without_a_readable_answer_is_asked_again() {
        let id = MemberId::new("u").expect("an id");
        let question = request::get_user(ApiVersion::V5, &id);
        let answer = |status, body: &[u8]| Answer {
            status,
            rate: RateHeaders::default(),
            body: body.to_vec(),
        };
        for body in [&b""[..], b"{\"user\":", b"{}", b"<html>"] {
            let verdict = judge_reading(&question, Ok(answer(200, body)));
            assert!(matches!(verdict, Verdict::Transient { .. }), "{verdict:?}");
        }
        let read = judge_reading(&question, Ok(answer(200, b"{\"user\":{}}")));
        assert!(matches!(read, Verdict::Accepted(Some(_))), "{read:?}");
        let missing = |status, body| match judge_reading(&question, Ok(answer(status, body))) {
            Verdict::Rejected { status, code, .. } => is_missing(status, code.as_deref()),
            other => panic!("{other:?}"),
        };
        assert!(missing(404, b"<html>"));
        assert!(missing(422, b"{\"type\":\"user.notFound\"}"));
        assert!(!missing(422, b"{\"type\":\"invalidEntity\"}"));
        assert!(!missing(400, b"{\"type\":\"notFound\"}"));
    }
}
