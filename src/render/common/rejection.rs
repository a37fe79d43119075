//! Shows that Channel rejected a user before.

use schemars::JsonSchema;
use serde::Serialize;

use crate::apply::RejectionReason;
use crate::model::{RejectedRequest, Rejection};
use crate::render::common::escape::terminal;
use crate::render::common::json::as_text;
use crate::render::common::value;

/// The longest code that is shown, in characters. Longer codes are cut, because a code is one word.
const MOST_CHARACTERS: usize = 60;
/// The longest reason that is shown, in characters. Longer reasons are cut.
const MOST_OF_A_REASON: usize = 400;

/// An earlier rejection of a user, without the digest of what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Rejected")]
pub struct RejectionView<'a> {
    /// The request that Channel rejected.
    pub request: RejectedRequest,
    /// The status of Channel's response.
    pub status: u16,
    /// The machine-readable type of the error, if the response had one.
    pub code: Option<&'a str>,
    /// How many applies sent this user.
    pub attempts: u32,
    /// When Channel first rejected the user, in RFC 3339.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub since: jiff::Timestamp,
}

impl<'a> RejectionView<'a> {
    pub(crate) fn new(rejection: &'a Rejection) -> Self {
        let Rejection {
            digest: _,
            request,
            status,
            code,
            attempts,
            since,
        } = rejection;
        Self {
            request: *request,
            status: *status,
            code: code.as_deref(),
            attempts: *attempts,
            since: *since,
        }
    }

    /// `rejected last time: 422 CODE (attempt 2 since 2026-11-23)`
    pub(crate) fn sentence(&self) -> String {
        let Self {
            request,
            status,
            code,
            attempts,
            since,
        } = self;
        let code = code.map(short_code).unwrap_or_default();
        let request = rejected_request(*request);
        let since = since.strftime("%Y-%m-%d");
        format!("rejected last time: {request}{status}{code} (attempt {attempts} since {since})")
    }
}

/// The words for the rejected request before its status; empty for the user's own PUT or DELETE.
pub(crate) fn rejected_request(request: RejectedRequest) -> &'static str {
    match request {
        RejectedRequest::Put | RejectedRequest::Delete => "",
        RejectedRequest::DeleteOld => "the old id: ",
        RejectedRequest::OptOut => "the opt-out: ",
    }
}

/// How much of Channel's reason for a rejection is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReasonLength {
    /// A long reason is cut.
    #[default]
    Short,
    /// All of it.
    Whole,
    /// Nothing.
    Nothing,
}

/// Channel's reason after a colon.
pub(crate) fn reason_text(reason: Option<&RejectionReason>, length: ReasonLength) -> String {
    let text = reason.map(|reason| &*reason.text);
    match (text, length) {
        (None, _) | (_, ReasonLength::Nothing) => String::new(),
        (Some(text), ReasonLength::Whole) => format!(": {}", terminal(text)),
        (Some(text), ReasonLength::Short) => match value::cut(text, MOST_OF_A_REASON) {
            Some((beginning, _)) => format!(": {} …", terminal(beginning)),
            None => format!(": {}", terminal(text)),
        },
    }
}

/// Whether a part of Channel's reason is left out because it is long.
pub(crate) fn is_cut(reason: &RejectionReason, length: ReasonLength) -> bool {
    length == ReasonLength::Short && value::cut(&reason.text, MOST_OF_A_REASON).is_some()
}

/// An error code of Channel with a space before it, cut if it is too long for a code.
pub(crate) fn short_code(code: &str) -> String {
    let code = value::cut(code, MOST_CHARACTERS).map_or(code, |(beginning, _)| beginning);
    format!(" {}", terminal(code))
}
