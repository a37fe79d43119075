//! What answers mean, row by row.

mod rate;

use std::collections::BTreeSet;

use serde_json::json;

use crate::model::{ApiVersion, Attributes, Declared, MemberId, Number, Upsert, Value};
use crate::remote::http::{Answer, TransportError};
use crate::remote::rate::{RateHeaders, RetryAfter};
use crate::remote::request;
use crate::remote::request::Request;
use crate::remote::response::{AnsweredUser, ChannelInfo, Verdict, judge, unconfirmed};

fn put() -> Request {
    request::upsert(
        ApiVersion::V4,
        &MemberId::new("u-1").expect("an id"),
        &Upsert::default(),
    )
}

fn delete() -> Request {
    request::delete(ApiVersion::V4, &MemberId::new("u-1").expect("an id"))
}

fn answer(status: u16, body: &[u8]) -> Answer {
    Answer {
        status,
        rate: RateHeaders {
            retry_after: Some(RetryAfter::Seconds(3)),
            ..RateHeaders::default()
        },
        body: body.to_vec(),
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted(Some(_)) => "accepted",
        Verdict::Accepted(None) => "accepted, unread",
        Verdict::Rejected { .. } => "rejected",
        Verdict::Denied { .. } => "denied",
        Verdict::RateLimited { .. } => "limited",
        Verdict::Transient { .. } => "transient",
        Verdict::Broken { .. } => "broken",
    }
}

#[test]
fn the_status_decides() {
    for (status, expected) in [
        (200, "accepted, unread"),
        (201, "accepted, unread"),
        (204, "accepted, unread"),
        (301, "broken"),
        (302, "broken"),
        (308, "broken"),
        (400, "rejected"),
        (401, "denied"),
        (403, "denied"),
        (404, "rejected"),
        (408, "transient"),
        (409, "rejected"),
        (413, "rejected"),
        (422, "rejected"),
        (429, "limited"),
        (500, "transient"),
        (501, "broken"),
        (502, "transient"),
        (503, "transient"),
        (504, "transient"),
        (505, "broken"),
    ] {
        for body in [
            &b""[..],
            b"<html>",
            b"\xff\xfe",
            b"{\"user\":",
            b"null",
            b"[]",
        ] {
            let verdict = judge(&put(), Ok(answer(status, body)));
            assert_eq!(word(&verdict), expected, "{status} {body:?}");
        }
    }
    let read = judge(&put(), Ok(answer(200, b"{\"user\":{}}")));
    assert_eq!(word(&read), "accepted");
}

#[test]
fn who_is_not_there_is_deleted() {
    assert_eq!(
        word(&judge(&delete(), Ok(answer(404, b"")))),
        "accepted, unread"
    );
    let not_found = br#"{"type":"userNotFound"}"#;
    assert_eq!(
        word(&judge(&delete(), Ok(answer(422, not_found)))),
        "accepted, unread"
    );
    assert_eq!(word(&judge(&delete(), Ok(answer(422, b"")))), "rejected");
}

#[test]
fn broken_ways_may_pass() {
    for error in [
        TransportError::Connect("refused".into()),
        TransportError::Timeout,
        TransportError::Broken("reset".into()),
    ] {
        assert_eq!(word(&judge(&put(), Err(error))), "transient");
    }
    let impossible = TransportError::Request("bad address".into());
    assert_eq!(word(&judge(&put(), Err(impossible))), "broken");
}

#[test]
fn words_are_read_leniently_and_codes_strictly() {
    let words =
        |body: serde_json::Value| match judge(&put(), Ok(answer(422, body.to_string().as_bytes())))
        {
            Verdict::Rejected { code, message, .. } => (code, message),
            other => panic!("{other:?}"),
        };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        words(
            json!({"type": "invalid.entity", "errors": [{"field": "profile.email", "message": "bad"}, {"message": "worse"}]})
        ),
        (some("invalid.entity"), some("profile.email: bad; worse"))
    );
    assert_eq!(words(json!({"message": "no"})), (None, some("no")));
    assert_eq!(
        words(json!({"details": [{"field": "tags", "message": "many"}]})),
        (None, some("tags: many"))
    );
    for echo in ["+821012345678", "g@example.com", "a b", "", &"x".repeat(65)] {
        assert_eq!(words(json!({"type": echo})).0, None, "{echo}");
    }
    let long = words(json!({"message": "글".repeat(1000)})).1;
    assert_eq!(long.map(|text| text.chars().count()), Some(300));
}

#[test]
fn what_channel_did_not_take_is_found() {
    let number = |n| Value::Number(Number::new(n).expect("finite"));
    let sent = Upsert(Attributes {
        profile: [
            ("same".into(), Declared::Set("a".into())),
            ("other".into(), Declared::Set("a".into())),
            ("missing".into(), Declared::Set(true.into())),
            ("one".into(), Declared::Set(number(1.0))),
            ("mobileNumber".into(), Declared::Set("+821012345678".into())),
            ("gone".into(), Declared::Clear),
            ("stays".into(), Declared::Clear),
            (
                "list".into(),
                Declared::Set(Value::Texts(vec!["b".into(), "a".into()])),
            ),
        ]
        .into(),
        profile_once: [("kept".into(), "mine".into()), ("lost".into(), "x".into())].into(),
        tags: Some(["a".to_owned(), "b".to_owned()].into()),
        unsubscribed: Some(true),
        unsubscribe_email: Some(false),
        unsubscribe_texting: None,
    });
    let body = json!({"user": {
        "profile": {
            "same": "a", "other": "b", "one": 1.0, "mobileNumber": "+82 10-1234-5678", "stays": 1,
            "gone": null, "list": ["b", "a"], "kept": "theirs", "more": "fields"
        },
        "tags": ["B", "A"], "unsubscribed": false, "unsubscribeEmail": false
    }});
    let answered = AnsweredUser::read(body.to_string().as_bytes()).expect("a user");
    let missing: Vec<String> = unconfirmed(&sent, Some(&answered))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        missing,
        [
            "profile.missing",
            "profile.other",
            "profile.stays",
            "profileOnce.lost",
            "unsubscribed"
        ]
    );
    assert_eq!(unconfirmed(&sent, None).len(), 13);
    assert_eq!(unconfirmed(&Upsert::default(), None), BTreeSet::new());
}

#[test]
fn an_answer_without_a_profile_confirms_what_was_cleared() {
    let sent = Upsert(Attributes {
        profile: [("gone".into(), Declared::Clear)].into(),
        tags: Some(BTreeSet::new()),
        ..Attributes::default()
    });
    let answered = AnsweredUser::read(br#"{"user":{}}"#).expect("a user");
    assert!(unconfirmed(&sent, Some(&answered)).is_empty());
}

#[test]
fn a_channel_names_itself_as_text_or_number() {
    let id = |body: &str| ChannelInfo::read(body.as_bytes()).map(|channel| channel.id);
    assert_eq!(
        id(r#"{"channel":{"id":"6263","name":"n"}}"#),
        Some("6263".into())
    );
    assert_eq!(id(r#"{"channel":{"id":6263}}"#), Some("6263".into()));
    for nothing in [
        "",
        "{}",
        "[]",
        r#"{"channel":{}}"#,
        r#"{"channel":{"id":null}}"#,
        "<html>",
    ] {
        assert_eq!(id(nothing), None, "{nothing}");
    }
}

#[test]
fn headers_that_make_no_sense_say_nothing() {
    let read = |name: &'static str, text: &'static str| {
        RateHeaders::read(move |wanted| (wanted == name).then_some(text))
    };
    for text in ["", "-1", "many", "1e9", "99999999999999999999"] {
        for name in ["x-ratelimit-limit", "x-ratelimit-remaining", "retry-after"] {
            assert_eq!(read(name, text), RateHeaders::default(), "{name}: {text}");
        }
    }
    assert_eq!(read("x-ratelimit-limit", "0"), RateHeaders::default());
    assert_eq!(read("x-ratelimit-remaining", " 7 ").remaining, Some(7));
    assert!(read("x-ratelimit-will-be-throttled", "True").will_be_throttled);
    assert_eq!(
        read("retry-after", "3").retry_after,
        Some(RetryAfter::Seconds(3))
    );
    let date = read("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT").retry_after;
    let expected = "2015-10-21T07:28:00Z".parse().expect("a time");
    assert_eq!(date, Some(RetryAfter::Date(expected)));
}

#[test]
fn after_a_refusal_a_near_reset_is_waited_for_and_a_far_one_is_not() {
    let now = "2026-01-01T00:00:00Z".parse().expect("a time");
    let closed = |reset: &str, retry_after: Option<&str>| {
        RateHeaders::read(|name| match name {
            "x-ratelimit-reset" => Some(reset),
            "retry-after" => retry_after,
            _ => None,
        })
        .closed_for(now)
        .as_secs()
    };
    assert_eq!(closed("1767225602", None), 2);
    assert_eq!(closed("1767225690", None), 0);
    assert_eq!(closed("1767225500", None), 0);
    assert_eq!(closed("soon", None), 0);
    assert_eq!(closed("99999999999999999", None), 0);
    assert_eq!(closed("1767225602", Some("7")), 7);
}
