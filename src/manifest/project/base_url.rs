//! Where Channel may be: its address is checked before a secret is ever sent there.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The scheme, host and port of an address, without a slash at the end; otherwise what is wrong
/// and what to do. Plain http goes to this machine only, because it carries the secret in clear.
pub(crate) fn base_url(text: &str) -> Result<String, (&'static str, &'static str)> {
    let shape = "write it like https://api.channel.io";
    let (scheme, rest) = text
        .split_once("://")
        .ok_or(("this is no address with a scheme", shape))?;
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "https" && scheme != "http" {
        return Err(("the scheme is neither https nor http", shape));
    }
    let authority = rest.trim_end_matches('/');
    if authority.contains('@') {
        let hint = "credentials come from TALKFORM_ACCESS_KEY and TALKFORM_ACCESS_SECRET only";
        return Err(("an address holds no user and no password", hint));
    }
    if authority.contains(['/', '?', '#', '\\']) {
        let message = "only scheme, host and port are due here, no path and no query";
        return Err((message, shape));
    }
    let (host, port) = split_port(authority).ok_or(("the port is no number", shape))?;
    if port.is_some_and(|port| port == 0) {
        return Err(("the port is zero", shape));
    }
    if !is_host(host) {
        return Err(("this is no host", shape));
    }
    if scheme == "http" && !is_loopback(host) {
        let message = "plain http would send the secret in clear";
        return Err((
            message,
            "use https; http is for 127.0.0.1, [::1] and localhost",
        ));
    }
    Ok(format!("{scheme}://{authority}"))
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, rest) = authority.split_at(end);
    match rest.strip_prefix(':') {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((host, Some(port.parse().ok()?)))
        }
        Some(_) => None,
        None => rest.is_empty().then_some((host, None)),
    }
}

fn is_host(host: &str) -> bool {
    match bracketed(host) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && !host.starts_with(['-', '.'])
                && !host.contains("..")
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        }
    }
}

fn is_loopback(host: &str) -> bool {
    match bracketed(host) {
        Some(address) => address.parse() == Ok(Ipv6Addr::LOCALHOST),
        None => {
            host.eq_ignore_ascii_case("localhost")
                || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        }
    }
}

fn bracketed(host: &str) -> Option<&str> {
    host.strip_prefix('[')?.strip_suffix(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (good, read) in [
            ("https://api.channel.io", "https://api.channel.io"),
            (
                "HTTPS://api.channel.io:8443//",
                "https://api.channel.io:8443",
            ),
            ("http://127.0.0.1:9", "http://127.0.0.1:9"),
            ("http://127.9.9.9", "http://127.9.9.9"),
            ("http://[::1]:80/", "http://[::1]:80"),
            ("http://localhost:3000", "http://localhost:3000"),
        ] {
            assert_eq!(base_url(good).as_deref(), Ok(read));
        }
        for bad in [
            "",
            "api.channel.io",
            "ftp://api.channel.io",
            "https://",
            "https://a:b@api.channel.io",
            "https://api.channel.io/open",
            "https://api.channel.io?x",
            "https://api.channel.io#x",
            "https://api channel.io",
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
            assert!(base_url(bad).is_err(), "{bad}");
        }
    }
}
