//! Checks the address of Channel before a secret is sent there.

use url::Url;

use crate::model::{SANDBOX_URL, is_loopback};

/// The host of Channel.
const CHANNEL_HOST: &str = "api.channel.io";

/// What to do about a refused address, by what it is the address of.
struct Hints {
    shape: &'static str,
    credentials: &'static str,
}

const CHANNEL: Hints = Hints {
    shape: "write it like https://api.channel.io",
    credentials: "credentials come from TALKFORM_ACCESS_KEY and TALKFORM_ACCESS_SECRET only",
};

const STATE_STORE: Hints = Hints {
    shape: STATE_STORE_HINT,
    credentials: STATE_STORE_HINT,
};

const STATE_STORE_HINT: &str = "write it like https://storage.example.com; credentials come from the variables of the cloud only";

/// Why an address is refused, and what to do. Neither repeats the address, which may contain a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrlError {
    pub(crate) message: &'static str,
    pub(crate) hint: &'static str,
}

const fn refusal(message: &'static str, hint: &'static str) -> BaseUrlError {
    BaseUrlError { message, hint }
}

/// Parses a base URL: scheme, host, port and path, without a slash at the end. The HTTP client parses
/// addresses with the same library, so both agree on the host. Plain http is allowed to this machine
/// only, because it carries the secret in clear.
pub(crate) fn parse(text: &str) -> Result<String, BaseUrlError> {
    parse_with(&CHANNEL, text)
}

/// Parses the address of a store of states, by the rules for a base URL. A request to it carries a token.
pub(crate) fn parse_endpoint(text: &str) -> Result<String, BaseUrlError> {
    parse_with(&STATE_STORE, text)
}

fn parse_with(hints: &Hints, text: &str) -> Result<String, BaseUrlError> {
    let shape = hints.shape;
    let (_, rest) = text
        .split_once("://")
        .ok_or(refusal("this address has no scheme", shape))?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(refusal(
            "an address must not contain a user or a password",
            hints.credentials,
        ));
    }
    // The library accepts these and reads another address than a person sees.
    let is_odd = |c: char| c == '\\' || c.is_whitespace() || c.is_control();
    if authority.is_empty() || authority.ends_with(':') || text.contains(is_odd) {
        return Err(refusal("this is not a valid address", shape));
    }
    let url = Url::parse(text).map_err(|_| refusal("this is not a valid address", shape))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(refusal("the scheme is neither https nor http", shape));
    }
    if url.query().is_some() || url.fragment().is_some() {
        let message = "an address must not contain a query or a fragment";
        return Err(refusal(message, shape));
    }
    if url.port() == Some(0) {
        return Err(refusal("the port is zero", shape));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(refusal(
            "plain http would send the secret in clear",
            "use https; http is for 127.0.0.1, [::1] and localhost",
        ));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The host of a checked base URL, where sending credentials to it takes an agreement: any host but
/// Channel's own and this machine. `None` if it takes none.
pub fn foreign_host(base_url: &str) -> Option<String> {
    if base_url == SANDBOX_URL {
        return None;
    }
    let url = Url::parse(base_url).ok();
    let host = url.as_ref().and_then(Url::host_str);
    let is_known = url.as_ref().is_some_and(is_loopback) || host == Some(CHANNEL_HOST);
    (!is_known).then(|| host.unwrap_or(base_url).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_but_channels_and_this_machine_is_foreign() {
        for known in [
            crate::model::BASE_URL,
            "https://api.channel.io:8443/open",
            "http://127.0.0.1:9/channel",
            "http://[::1]:9",
            "http://localhost:9",
            "https://localhost",
            crate::model::SANDBOX_URL,
        ] {
            assert_eq!(foreign_host(known), None, "{known}");
        }
        for (foreign, host) in [
            ("https://gateway.example/channel", "gateway.example"),
            (
                "https://api.channel.io.evil.example",
                "api.channel.io.evil.example",
            ),
            ("https://evil.example/api.channel.io", "evil.example"),
            ("https://channel.io", "channel.io"),
            (
                "https://127.0.0.1.evil.example:443",
                "127.0.0.1.evil.example",
            ),
            ("https://10.0.0.1", "10.0.0.1"),
            ("https://[::2]:9", "[::2]"),
        ] {
            let read = parse(foreign).expect("an address");
            assert_eq!(foreign_host(&read).as_deref(), Some(host), "{foreign}");
        }
    }

    #[test]
    fn addresses() {
        for (good, read) in [
            ("https://api.channel.io", "https://api.channel.io"),
            (
                "HTTPS://api.channel.io:8443//",
                "https://api.channel.io:8443",
            ),
            ("https://API.channel.io:443", "https://api.channel.io"),
            ("http://127.0.0.1:9", "http://127.0.0.1:9"),
            ("http://127.9.9.9", "http://127.9.9.9"),
            ("http://[::1]:81/", "http://[::1]:81"),
            ("http://[::1]:80/", "http://[::1]"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://api.channel.io/open", "https://api.channel.io/open"),
            (
                "https://gateway.example/channel//",
                "https://gateway.example/channel",
            ),
        ] {
            assert_eq!(parse(good).as_deref(), Ok(read));
        }
        for bad in [
            "",
            "api.channel.io",
            "https:api.channel.io",
            "ftp://api.channel.io",
            "https://",
            "https:///api.channel.io",
            "https:\\\\api.channel.io",
            "https://a:b@api.channel.io",
            "https://@api.channel.io",
            "https://api.channel.io\\@evil.example",
            "https://api.channel.io?x",
            "https://api.channel.io#x",
            "https://api.channel.io/open?x",
            "https://api channel.io",
            " https://api.channel.io",
            "https://api.chan\tnel.io",
            "https://api.channel.io:port",
            "https://api.channel.io:0",
            "https://api.channel.io:",
            "https://[::1",
            "https://[::1]x",
            "http://api.channel.io",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "http://[::2]",
            "http://0.0.0.0",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
