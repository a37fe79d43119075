//! Decides what a response means.
//!
//! A change counts as done, and a user as read, only if Channel itself shows that user. Every other success
//! is treated as a failure that may pass, because a proxy's page has status 200 too.

use std::fmt;

use serde_json::Value as Json;

use crate::model::{ChannelId, MemberId};

use crate::remote::error_body::{self, ErrorBody};
use crate::remote::obstacle::Obstacle;
use crate::remote::rate::RetryAfter;
use crate::remote::request::{Method, Request};
use crate::remote::response_user::{ResponseUser, id_text};
use crate::remote::transport::{Response, TransportError};

/// What a response means. `T` is what an accepted request yields.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict<T = Option<Box<ResponseUser>>> {
    /// Done. For a PUT and a GET with the user that Channel shows; for a DELETE with `None`.
    Accepted(T),
    /// Channel itself responds to a GET that the user does not exist.
    Missing,
    /// Channel rejects the request. Sending it again does not help.
    Rejected {
        /// The status.
        status: u16,
        /// The machine-readable type: at most 64 letters, digits, dots, dashes and underscores.
        code: Option<String>,
        /// The message. It may repeat what was sent.
        message: Option<String>,
    },
    /// 401 or 403 from Channel itself: the credentials are not accepted.
    Denied {
        /// The status.
        status: u16,
    },
    /// 401 or 403 without Channel's own error: a proxy or a firewall may have answered.
    Blocked {
        /// The status.
        status: u16,
    },
    /// 429.
    RateLimited,
    /// The failure may pass.
    Transient {
        /// What happened, without any value.
        why: String,
        /// When Channel asks to be tried again.
        retry_after: Option<RetryAfter>,
    },
    /// No connection can be made until somebody changes something.
    Obstructed(Obstacle),
    /// The failure will not pass by itself: a redirect, a page in place of Channel.
    Broken {
        /// What happened, without any value.
        why: String,
    },
}

impl<T> fmt::Display for Verdict<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(_) => f.write_str("accepted"),
            Self::Missing => f.write_str("Channel does not have the user"),
            Self::Rejected { status, .. } => write!(f, "rejected with {status}"),
            Self::Denied { status } => {
                write!(f, "{status}: Channel does not accept the credentials")
            }
            Self::Blocked { status } => write!(
                f,
                "{status} without an error of Channel's own: a proxy or a firewall may have answered"
            ),
            Self::RateLimited => f.write_str("429 Too Many Requests"),
            Self::Obstructed(obstacle) => obstacle.fmt(f),
            Self::Transient { why, .. } | Self::Broken { why } => f.write_str(why),
        }
    }
}

/// Decides what the response to a request about a user means. `channel_id` is the channel that the
/// credentials belong to, if it is known.
pub fn judge(
    request: &Request,
    channel_id: Option<&str>,
    received: Result<Response, TransportError>,
) -> Verdict {
    let may_be_missing = request.method != Method::Put;
    let judged = judge_status(received, may_be_missing, |response| match request.method {
        Method::Delete => accept_deletion(response, request, channel_id).map(|()| None),
        Method::Get | Method::Put => {
            let user = shown_user(response, request, channel_id)?;
            Ok(Some(Box::new(user)))
        }
    });
    match judged {
        Verdict::Missing if request.method == Method::Delete => Verdict::Accepted(None),
        judged => judged,
    }
}

/// Decides what the response to `GET …/channel` means.
pub fn judge_channel(received: Result<Response, TransportError>) -> Verdict<ChannelInfo> {
    judge_status(received, false, |response| {
        ChannelInfo::read(&response.body)
    })
}

/// Decides by the status. `accept` reads a success; its error names what is wrong with it. `may_be_missing` is
/// whether a 404 may mean that the user does not exist.
fn judge_status<T>(
    received: Result<Response, TransportError>,
    may_be_missing: bool,
    accept: impl FnOnce(&Response) -> Result<T, &'static str>,
) -> Verdict<T> {
    let response = match received {
        Ok(response) => response,
        Err(TransportError::Obstructed(obstacle)) => return Verdict::Obstructed(obstacle),
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
    let status = response.status;
    let transient = |why: String| Verdict::Transient {
        why,
        retry_after: response.rate.retry_after,
    };
    let error = || ErrorBody::read(&response.body);
    match status {
        200..=299 => match accept(&response) {
            Ok(accepted) => Verdict::Accepted(accepted),
            Err(wrong) => transient(format!("{status}, but {wrong}")),
        },
        300..=399 => Verdict::Broken {
            why: format!("{status}: Channel redirects, and redirects are not followed"),
        },
        401 | 403 if error().is_some() => Verdict::Denied { status },
        401 | 403 => Verdict::Blocked { status },
        429 => Verdict::RateLimited,
        // 421 and 425 are about the connection, and the next attempt may use another one.
        408 | 421 | 425 | 500 | 502 | 503 | 504 => transient(format!("{status} from Channel")),
        407 => Verdict::Broken {
            why: "407: a proxy asks for credentials".to_owned(),
        },
        426 => Verdict::Broken {
            why: "426: the server asks for another protocol; a proxy may have answered".to_owned(),
        },
        400..=499 => match error() {
            Some(error) if may_be_missing && error.means_missing(status) => Verdict::Missing,
            None if status == 404 => Verdict::Broken {
                why: "404 without an error of Channel's own: a proxy may have answered".to_owned(),
            },
            error => Verdict::Rejected {
                status,
                code: error.and_then(|error| error.code),
                message: error_body::message(&response.body),
            },
        },
        _ => Verdict::Broken {
            why: format!("{status} from Channel"),
        },
    }
}

/// The user in a successful response, if it is the user that the request is about.
fn shown_user(
    response: &Response,
    request: &Request,
    channel_id: Option<&str>,
) -> Result<ResponseUser, &'static str> {
    if !response.is_whole {
        return Err("the body broke off or is too long");
    }
    let user = read_user(&response.body)?;
    check_shown(&user, request, channel_id)?;
    if user.member_id.is_none() {
        return Err("the body shows a user without a member id");
    }
    Ok(user)
}

/// Whether a success is Channel's response to a DELETE: nothing, an empty object, or the deleted user. Its form is
/// not documented. If Channel responds with something else, the next attempt finds the user missing.
fn accept_deletion(
    response: &Response,
    request: &Request,
    channel_id: Option<&str>,
) -> Result<(), &'static str> {
    if !response.is_whole {
        return Err("the body broke off or is too long");
    }
    if response.body.trim_ascii().is_empty() {
        return Ok(());
    }
    let json = serde_json::from_slice::<Json>(&response.body).unwrap_or_default();
    if json.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(());
    }
    let user = read_user(&response.body)?;
    check_shown(&user, request, channel_id)
}

fn read_user(body: &[u8]) -> Result<ResponseUser, &'static str> {
    ResponseUser::read(body).ok_or_else(|| {
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
        if is_json {
            "the body shows no user"
        } else {
            "the body is not JSON"
        }
    })
}

fn check_shown(
    user: &ResponseUser,
    request: &Request,
    channel_id: Option<&str>,
) -> Result<(), &'static str> {
    let is_other = |shown: &Option<String>, asked: Option<&str>| match (shown, asked) {
        (Some(shown), Some(asked)) => shown != asked,
        _ => false,
    };
    if is_other(&user.member_id, request.user.as_ref().map(MemberId::as_str)) {
        return Err("the body shows another user");
    }
    if is_other(&user.channel_id, channel_id) {
        return Err("the body shows a user of another channel");
    }
    Ok(())
}

/// The channel in the response to `GET …/channel`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelInfo {
    /// The id.
    pub id: ChannelId,
    /// The name. It is untrusted text, cut to a line.
    pub name: Option<String>,
}

/// The longest name of a channel, in characters. Longer names are cut.
const MAX_NAME: usize = 80;

impl ChannelInfo {
    /// Reads the body of the response.
    ///
    /// # Errors
    ///
    /// The body names no channel, or its id is not a channel id.
    pub fn read(body: &[u8]) -> Result<Self, &'static str> {
        let json: Json = serde_json::from_slice(body).unwrap_or_default();
        let channel = json.get("channel");
        let id = channel.and_then(|channel| id_text(channel.get("id")?));
        let id = id.ok_or("the response names no channel")?;
        let id = ChannelId::new(&id);
        let id = id.map_err(|_| "the response names a channel whose id is not one")?;
        let name = channel.and_then(|channel| channel.get("name")?.as_str());
        let name = name.map(|name| name.chars().take(MAX_NAME).collect());
        Ok(Self { id, name })
    }
}
