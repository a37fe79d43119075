//! Tests what each response means.

use serde_json::json;

use crate::model::{ApiVersion, MemberId, Upsert};
use crate::remote::judge::{ChannelInfo, Verdict, judge, judge_channel};
use crate::remote::request;
use crate::remote::request::Request;
use crate::remote::tests::response;
use crate::remote::transport::{Response, TransportError};

const CHANNEL: Option<&str> = Some("7");

fn id() -> MemberId {
    MemberId::new("u-1").expect("an id")
}

fn put() -> Request {
    request::upsert(ApiVersion::V4, &id(), &Upsert::default())
}

fn get() -> Request {
    request::get_user(ApiVersion::V4, &id())
}

fn delete() -> Request {
    request::delete(ApiVersion::V4, &id())
}

fn word<T>(verdict: &Verdict<T>) -> &'static str {
    match verdict {
        Verdict::Accepted(_) => "accepted",
        Verdict::Missing => "missing",
        Verdict::Rejected { .. } => "rejected",
        Verdict::Denied { .. } => "denied",
        Verdict::Blocked { .. } => "blocked",
        Verdict::RateLimited => "limited",
        Verdict::Transient { .. } => "transient",
        Verdict::Obstructed(_) => "obstructed",
        Verdict::Broken { .. } => "broken",
    }
}

const PAGE: &[u8] = b"<html><body>Maintenance</body></html>";
const RIGHT: &[u8] = br#"{"user":{"memberId":"u-1","channelId":"7","id":"64f"}}"#;
const ERROR: &[u8] = br#"{"type":"some.type","status":500,"errors":[{"message":"m"}]}"#;

/// Each row: a response, and what it means for a PUT, a GET and a DELETE.
const ROWS: &[(u16, &[u8], [&str; 3])] = &[
    (200, RIGHT, ["accepted"; 3]),
    (201, RIGHT, ["accepted"; 3]),
    (200, br#"{"user":{"memberId":"u-1"}}"#, ["accepted"; 3]),
    (
        200,
        br#"{"user":{"memberId":"u-1","channelId":7}}"#,
        ["accepted"; 3],
    ),
    (200, PAGE, ["transient"; 3]),
    (200, br#"{"user":"#, ["transient"; 3]),
    (200, b"\xff\xfe", ["transient"; 3]),
    (200, ERROR, ["transient"; 3]),
    (
        200,
        br#"{"user":{"memberId":"someone-else"}}"#,
        ["transient"; 3],
    ),
    (
        200,
        br#"{"user":{"memberId":"u-1","channelId":"8"}}"#,
        ["transient"; 3],
    ),
    (200, b"", ["transient", "transient", "accepted"]),
    (200, b"{}", ["transient", "transient", "accepted"]),
    (
        200,
        br#"{"user":{"id":"64f"}}"#,
        ["transient", "transient", "accepted"],
    ),
    (200, br#"{"user":["u-1"]}"#, ["transient"; 3]),
    (200, br#"{"type":"notFound"}"#, ["transient"; 3]),
    (
        200,
        br#"{"type":"notFound","status":404,"errors":[]}"#,
        ["transient"; 3],
    ),
    (200, br#"{"error":"no such route"}"#, ["transient"; 3]),
    (200, br#"{"message":"no"}"#, ["transient"; 3]),
    (200, br#"{"status":500}"#, ["transient"; 3]),
    (200, br#"{"success":false}"#, ["transient"; 3]),
    (200, b"null", ["transient"; 3]),
    (200, b"[]", ["transient"; 3]),
    (200, b"true", ["transient"; 3]),
    (202, b"", ["transient", "transient", "accepted"]),
    (204, b"", ["transient", "transient", "accepted"]),
    (
        404,
        br#"{"type":"notFound","status":404,"errors":[]}"#,
        ["rejected", "missing", "accepted"],
    ),
    (
        404,
        br#"{"type":"user.not_found"}"#,
        ["rejected", "missing", "accepted"],
    ),
    (
        422,
        br#"{"type":"userNotFound"}"#,
        ["rejected", "missing", "accepted"],
    ),
    (
        422,
        br#"{"type":"userNotFound","status":404}"#,
        ["rejected"; 3],
    ),
    (400, br#"{"type":"userNotFound"}"#, ["rejected"; 3]),
    (
        404,
        br#"{"type":"forbidden","status":404}"#,
        ["rejected"; 3],
    ),
    (
        404,
        br#"{"errors":[{"message":"no user"}]}"#,
        ["rejected"; 3],
    ),
    // What frameworks and gateways write for a route that they do not have.
    (
        404,
        br#"{"timestamp":"2026-01-01","status":404,"error":"Not Found","path":"/x"}"#,
        ["rejected"; 3],
    ),
    (
        404,
        br#"{"statusCode":404,"message":"Resource not found"}"#,
        ["rejected"; 3],
    ),
    (
        404,
        br#"{"error":{"code":404,"message":"Not Found","status":"NOT_FOUND"}}"#,
        ["broken"; 3],
    ),
    (
        404,
        br#"{"type":"about:blank","status":404}"#,
        ["broken"; 3],
    ),
    (
        404,
        br#"{"type":"https://gateway.test/problems/not-found","title":"Not Found","status":404}"#,
        ["broken"; 3],
    ),
    (
        404,
        br#"{"type":"notFound","title":"Not Found"}"#,
        ["broken"; 3],
    ),
    (
        404,
        br#"{"type":"not-found","detail":"no route"}"#,
        ["broken"; 3],
    ),
    (404, br#"{"type":"/errors/notFound"}"#, ["broken"; 3]),
    (404, br#"{"type":"t","status":502}"#, ["rejected"; 3]),
    (
        404,
        br#"{"message":"no Route matched with those values"}"#,
        ["rejected"; 3],
    ),
    (404, PAGE, ["broken"; 3]),
    (404, b"", ["broken"; 3]),
    (404, b"{}", ["broken"; 3]),
    (422, PAGE, ["rejected"; 3]),
    (401, br#"{"message":"bad key"}"#, ["denied"; 3]),
    (403, PAGE, ["blocked"; 3]),
    (401, b"", ["blocked"; 3]),
];

#[test]
fn only_channels_own_response_about_the_user_counts() {
    for &(status, body, expected) in ROWS {
        let found = [put(), get(), delete()].map(|request| {
            let verdict = judge(&request, CHANNEL, Ok(response(status, body)));
            word(&verdict)
        });
        let body = String::from_utf8_lossy(body);
        assert_eq!(found, expected, "{status} {body}");
    }
}

#[test]
fn a_body_that_broke_off_is_no_success() {
    for request in [put(), get(), delete()] {
        let cut = Response {
            is_whole: false,
            ..response(200, b"")
        };
        let verdict = judge(&request, CHANNEL, Ok(cut));
        assert_eq!(
            verdict.to_string(),
            "200, but the body broke off or is too long"
        );
        assert_eq!(word(&verdict), "transient");
    }
}

/// A run that does not know its channel takes the user of any.
#[test]
fn without_a_known_channel_any_channel_counts() {
    assert_eq!(
        word(&judge(&put(), None, Ok(response(200, RIGHT)))),
        "accepted"
    );
}

#[test]
fn an_error_status_counts_whatever_the_body_is() {
    for (status, expected) in [
        (301, "broken"),
        (302, "broken"),
        (308, "broken"),
        (400, "rejected"),
        (407, "broken"),
        (408, "transient"),
        (409, "rejected"),
        (413, "rejected"),
        (421, "transient"),
        (425, "transient"),
        (426, "broken"),
        (429, "limited"),
        (500, "transient"),
        (501, "broken"),
        (502, "transient"),
        (503, "transient"),
        (504, "transient"),
        (505, "broken"),
    ] {
        for body in [&b""[..], PAGE, b"\xff\xfe", RIGHT, ERROR, b"null", b"[]"] {
            for request in [put(), get(), delete()] {
                let verdict = judge(&request, CHANNEL, Ok(response(status, body)));
                assert_eq!(word(&verdict), expected, "{status} {body:?}");
            }
        }
    }
}

#[test]
fn the_channel_is_known_only_by_its_own_response() {
    let judged = |status, body: &[u8]| word(&judge_channel(Ok(response(status, body))));
    assert_eq!(judged(200, br#"{"channel":{"id":"7"}}"#), "accepted");
    for body in [&b""[..], PAGE, b"{}", ERROR, br#"{"channel":{}}"#] {
        assert_eq!(judged(200, body), "transient", "{body:?}");
    }
    assert_eq!(judged(404, ERROR), "rejected");
    assert_eq!(judged(404, PAGE), "broken");
    assert_eq!(judged(403, PAGE), "blocked");
    assert_eq!(judged(403, ERROR), "denied");
}

#[test]
fn broken_ways_may_pass() {
    for error in [
        TransportError::Connect("refused".into()),
        TransportError::Timeout,
        TransportError::Broken("reset".into()),
    ] {
        assert_eq!(word(&judge(&put(), None, Err(error))), "transient");
    }
    let impossible = TransportError::Request("bad address".into());
    assert_eq!(word(&judge(&put(), None, Err(impossible))), "broken");
}

#[test]
fn words_are_read_leniently_and_codes_strictly() {
    let words = |body: serde_json::Value| match judge(
        &put(),
        None,
        Ok(response(422, body.to_string().as_bytes())),
    ) {
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
    for (body, message) in [
        (
            json!({"type": "https://x.example/p", "title": "Bad", "detail": "name is bad"}),
            "Bad: name is bad",
        ),
        (json!({"title": "Bad"}), "Bad"),
        (json!({"detail": "bad"}), "bad"),
        (
            json!({"title": "Bad", "errors": [{"pointer": "/name", "detail": "long"}]}),
            "Bad: /name: long",
        ),
        (json!({"error": "bad"}), "bad"),
        (json!({"error": {"message": "bad"}}), "bad"),
    ] {
        assert_eq!(words(body), (None, some(message)));
    }
    assert_eq!(
        words(json!({"details": [{"field": "tags", "message": "many"}]})),
        (None, some("tags: many"))
    );
    for echo in ["+821012345678", "g@example.com", "a b", "", &"x".repeat(65)] {
        assert_eq!(words(json!({"type": echo})).0, None, "{echo}");
    }
    let long = words(json!({"message": "글".repeat(1000)})).1;
    assert_eq!(long.map(|text| text.chars().count()), Some(1000));
}

#[test]
fn a_channel_names_itself_as_text_or_number() {
    let id = |body: &str| ChannelInfo::read(body.as_bytes()).map(|channel| channel.id.to_string());
    assert_eq!(
        id(r#"{"channel":{"id":"6263","name":"n"}}"#),
        Ok("6263".into())
    );
    assert_eq!(id(r#"{"channel":{"id":6263}}"#), Ok("6263".into()));
    for nothing in [
        "",
        "{}",
        "[]",
        r#"{"channel":{}}"#,
        r#"{"channel":{"id":null}}"#,
        "<html>",
    ] {
        assert_eq!(
            id(nothing),
            Err("the response names no channel"),
            "{nothing}"
        );
    }
}
