//! Reads the body of an error response.
//!
//! Channel documents no error body. A JSON object with one of the known keys counts as Channel's own error;
//! anything else, such as an HTML page, comes from something between this machine and Channel.

use serde_json::Value as Json;

/// How many characters of Channel's message are kept.
const MAX_MESSAGE: usize = 300;

/// The body of an error that Channel itself answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorBody {
    /// `type`: at most 64 letters, digits, dots, dashes and underscores. Any other text may repeat a person's
    /// data and is dropped, because codes are kept in the state.
    pub(crate) code: Option<String>,
    /// `errors[].{field,message}`, else `message`, else `details[].{field,message}`, shortened.
    pub(crate) message: Option<String>,
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
        let single = json.get("message").and_then(Json::as_str);
        if !has_own_keys && status.is_none() && single.is_none() && !has_list("details") {
            return None;
        }
        let message = list(&json, "errors")
            .or_else(|| single.map(ToOwned::to_owned))
            .or_else(|| list(&json, "details"));
        Some(Self {
            code: kind.and_then(code),
            message: message.map(|text| text.chars().take(MAX_MESSAGE).collect()),
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

fn list(json: &Json, name: &str) -> Option<String> {
    let errors = json.get(name)?.as_array()?.iter();
    let lines: Vec<String> = errors
        .filter_map(|error| {
            let message = error.get("message")?.as_str()?;
            Some(match error.get("field").and_then(Json::as_str) {
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
