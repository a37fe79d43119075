//! Reads the body of an error response.
//!
//! Channel documents no error body. A JSON object with one of the known keys counts as Channel's own error;
//! anything else, such as an HTML page, comes from something between this machine and Channel.

use serde_json::Value as Json;

/// How many characters of a message are kept. What is shown of it is cut later, after values are hidden in it.
const MAX_MESSAGE: usize = 20_000;

/// The body of an error that Channel itself answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorBody {
    /// `type`: at most 64 letters, digits, dots, dashes and underscores. Any other text may repeat a person's
    /// data and is dropped, because codes are kept in the state.
    pub(crate) code: Option<String>,
    /// Whether the body has `type` or `errors`. Gateways, too, write a bare `message`.
    has_own_keys: bool,
    /// `status`
    status: Option<u64>,
}

impl ErrorBody {
    /// `None` where the body is not Channel's own error.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let json: Json = serde_json::from_slice(body).ok()?;
        let kind = json.get("type").and_then(Json::as_str);
        let status = json.get("status").and_then(Json::as_u64);
        let has_list = |name: &str| json.get(name).is_some_and(Json::is_array);
        let has_own_keys = kind.is_some() || has_list("errors");
        let has_message = json.get("message").is_some_and(Json::is_string);
        if !has_own_keys && status.is_none() && !has_message && !has_list("details") {
            return None;
        }
        Some(Self {
            code: kind.and_then(code),
            has_own_keys,
            status,
        })
    }

    /// Whether the error means that Channel does not have the user: 404, or a 422 whose type says so (official
    /// `OpenAPI` document). A 404 with nothing but a `message` is what API gateways write for a route that they
    /// do not have, so it does not count.
    pub(crate) fn means_missing(&self, status: u16) -> bool {
        match status {
            404 => match self.status {
                Some(named) => named == 404,
                None => self.has_own_keys,
            },
            422 => {
                let code = self.code.as_deref().unwrap_or_default();
                code.to_ascii_lowercase().contains("notfound")
            }
            _ => false,
        }
    }
}

/// The words of an error, whoever answered it: Channel's `errors[].{field,message}`, `message` or
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
