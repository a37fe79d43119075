//! Makes what comes back to the program: Channel's answer, or something in its place.

use serde_json::{Value as Json, json};
use talkform::remote::{Method, RateHeaders, Request, Response, TransportError};

use crate::channel::users::Done;
use crate::channel::weather::Instead;

fn plain(status: u16, body: &[u8]) -> Response {
    Response {
        status,
        rate: RateHeaders::default(),
        body: body.to_vec(),
        is_whole: true,
    }
}

/// Channel's own answer.
pub(crate) fn of_channel(done: &Done) -> Response {
    let body = match &done.body {
        Json::Null => Vec::new(),
        body => body.to_string().into_bytes(),
    };
    plain(done.status, &body)
}

/// Channel's own refusal.
pub(crate) fn refusal(status: u16, kind: &str, rate: RateHeaders) -> Response {
    let body = json!({ "type": kind, "status": status, "errors": [] });
    Response {
        rate,
        ..plain(status, body.to_string().as_bytes())
    }
}

/// What comes back in place of an answer that would have been `done`.
pub(crate) fn instead(what: Instead, done: &Done) -> Result<Response, TransportError> {
    const PAGE: &[u8] = b"<html><body>Please sign in</body></html>";
    let altered = |field: &str, value: &str| {
        let mut body = done.body.clone();
        match body.get_mut("user") {
            Some(user) => user[field] = json!(value),
            // The answer to a DELETE shows no user.
            None => body = json!({ "user": { field: value } }),
        }
        plain(200, body.to_string().as_bytes())
    };
    Ok(match what {
        Instead::Silence => return Err(TransportError::Timeout),
        Instead::Break => return Err(TransportError::Broken("reset by peer".to_owned())),
        Instead::Status(status) => plain(status, b"trouble"),
        Instead::Firewall(status) => plain(status, PAGE),
        Instead::Page => plain(200, PAGE),
        Instead::MissingPage => plain(404, PAGE),
        Instead::Empty => plain(200, b""),
        Instead::Cut => Response {
            is_whole: false,
            ..plain(200, b"")
        },
        Instead::NoUser => plain(200, b"{}"),
        Instead::Errors => plain(200, br#"{"errors":[{"message":"no"}]}"#),
        Instead::OtherUser => altered("memberId", "somebody-else"),
        Instead::OtherChannel => altered("channelId", "1"),
    })
}

/// Whether the request is a DELETE, and nothing tells this from Channel's own answer.
pub(crate) fn passes_for_deletion(request: &Request, what: Instead) -> bool {
    request.method == Method::Delete && matches!(what, Instead::Empty | Instead::NoUser)
}
