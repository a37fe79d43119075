//! Reads the body of an error response.
//!
//! Channel documents no error body. A JSON object with one of the known keys counts as Channel's own error.
//! Anything else comes from something between this machine and Channel: an HTML page, or the problem details
//! (RFC 9457) that many gateways write.

use serde_json::Value as Json;

/// How many characters of a message are kept. What is shown of it is cut later, after values are hidden in it.
const MAX_MESSAGE: usize = 20_000;

/// The body of an error response of Channel itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorBody {
    /// `type`: at most 64 letters, digits, dots, dashes and underscores. Any other text may repeat a person's
    /// data and is dropped, because codes are kept in the state.
    pub(crate) code: Option<String>,
    /// `status`
    status: Option<u64>,
}

impl ErrorBody {
    /// `None` if the body is not Channel's own error.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let json: Json = serde_json::from_slice(body).ok()?;
        if is_problem(&json) {
            return None;
        }
        let kind = json.get("type").and_then(Json::as_str);
        let status = json.get("status").and_then(Json::as_u64);
        let has_list = |name: &str| json.get(name).is_some_and(Json::is_array);
        let has_message = json.get("message").is_some_and(Json::is_string);
        let has_any = kind.is_some() || status.is_some() || has_message;
        if !has_any && !has_list("errors") && !has_list("details") {
            return None;
        }
        Some(Self {
            code: kind.and_then(code),
            status,
        })
    }

    /// Whether the error means that Channel does not have the user: a 404 or a 422 whose type says so (official
    /// `OpenAPI` document). Gateways respond with 404 as well, for a route that they do not have; none of them names
    /// such a type.
    pub(crate) fn means_missing(&self, status: u16) -> bool {
        let says_so = self.code.as_deref().is_some_and(|code| {
            let letters = code.chars().filter(char::is_ascii_alphabetic);
            let letters: String = letters.map(|c| c.to_ascii_lowercase()).collect();
            letters.contains("notfound")
        });
        let is_of_response = self.status.is_none_or(|named| named == u64::from(status));
        matches!(status, 404 | 422) && says_so && is_of_response
    }
}

/// The message of an error, from Channel or from a gateway: Channel's `errors[].{field,message}`, `message` or
/// `details[].{field,message}`; the `title` and `detail` of a problem by RFC 9457; or an `error`. They may repeat
/// what was sent.
pub(crate) fn message(body: &[u8]) -> Option<String> {
    let json: Json = serde_json::from_slice(body).ok()?;
    let text = |name: &str| json.get(name).and_then(Json::as_str).map(ToOwned::to_owned);
    let problem = || {
        let parts: Vec<String> = [text("title"), text("detail")]
            .into_iter()
            .flatten()
            .collect();
        (!parts.is_empty()).then(|| parts.join(": "))
    };
    let error = || {
        let message = json.get("error")?.get("message")?;
        message.as_str().map(ToOwned::to_owned)
    };
    let errors = list(&json, "errors").or_else(|| text("message"));
    let message = match (errors, problem()) {
        (Some(errors), Some(problem)) => format!("{problem}: {errors}"),
        (errors, problem) => errors
            .or(problem)
            .or_else(|| list(&json, "details"))
            .or_else(|| text("error"))
            .or_else(error)?,
    };
    Some(message.chars().take(MAX_MESSAGE).collect())
}

/// Whether a body is one of problem details (RFC 9457): its `type` is an address, or it has a member that only
/// such bodies have.
fn is_problem(json: &Json) -> bool {
    let has = |name: &str| json.get(name).is_some_and(Json::is_string);
    let kind = json.get("type").and_then(Json::as_str);
    kind.is_some_and(|kind| kind.contains([':', '/']))
        || ["title", "detail", "instance"].into_iter().any(has)
}

fn list(json: &Json, name: &str) -> Option<String> {
    let errors = json.get(name)?.as_array()?.iter();
    let lines: Vec<String> = errors
        .filter_map(|error| {
            let text = |name: &str| error.get(name).and_then(Json::as_str);
            let message = text("message").or_else(|| text("detail"))?;
            Some(match text("field").or_else(|| text("pointer")) {
                Some(field) => format!("{field}: {message}"),
                None => message.to_owned(),
            })
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

fn code(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_code = !text.is_empty()
        && text.len() <= 64
        && text.chars().all(is_plain)
        && text.starts_with(|c: char| c.is_ascii_alphabetic());
    is_code.then(|| text.to_owned())
}
