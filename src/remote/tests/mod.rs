//! Tests the headers of the rate limit, and what the other test modules share.

mod bucket;
mod confirm;
mod judge;

use crate::remote::rate::{RateHeaders, RetryAfter};
use crate::remote::transport::Response;

/// A whole response that asks to be tried again after three seconds.
fn response(status: u16, body: &[u8]) -> Response {
    Response {
        status,
        rate: RateHeaders {
            retry_after: Some(RetryAfter::Seconds(3)),
            ..RateHeaders::default()
        },
        body: body.to_vec(),
        is_whole: true,
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
