//! Finds the proxy on the way to Channel, as reqwest finds it, and checks a variable that names one.

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// What is wrong with the value of a variable that names a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyFault {
    /// The scheme is of no known kind of proxy.
    Scheme(String),
    /// It is not an address.
    Address,
}

/// The schemes of proxies.
const SCHEMES: &[&str] = &["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Checks the value of a variable that names a proxy for https. reqwest ignores a value that it cannot use.
///
/// # Errors
///
/// The value names no proxy that can be used.
pub fn check_proxy(value: &str) -> Result<(), ProxyFault> {
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if !SCHEMES.contains(&scheme) && !scheme.is_empty() && scheme.chars().all(is_name) {
        return Err(ProxyFault::Scheme(scheme.to_owned()));
    }
    // An unescaped `/` or `#` in a password ends the address too early.
    let is_cut = rest
        .split_once(['/', '?', '#'])
        .is_some_and(|(_, after)| after.contains('@'));
    let parsed = url::Url::parse(&format!("{scheme}://{rest}"));
    let has_host = parsed.is_ok_and(|url| url.has_host());
    let taken = Matcher::builder().https(value).build();
    let https = Uri::from_static("https://host.test");
    if is_cut || !has_host || taken.intercept(&https).is_none() {
        return Err(ProxyFault::Address);
    }
    Ok(())
}

/// The proxy that the variables of the environment name for an address, without its credentials.
pub(crate) fn proxy_for(base_url: &str) -> Option<String> {
    let address: Uri = base_url.parse().ok()?;
    let taken = Matcher::from_system().intercept(&address)?;
    let text = taken.uri().to_string();
    Some(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_proxies() {
        for good in [
            "proxy.test",
            "proxy.test:3128",
            "127.0.0.1:3128",
            "[::1]:3128",
            "http://proxy.test:3128/",
            "https://proxy.test",
            "http://user:p%40ss@proxy.test:3128",
            "socks5://proxy.test:1080",
            "socks5h://user:pass@127.0.0.1:1080",
        ] {
            assert_eq!(check_proxy(good), Ok(()), "{good}");
        }
        for scheme in ["ftp", "socks", "HTTP", "file"] {
            let fault = check_proxy(&format!("{scheme}://proxy.test:1"));
            assert_eq!(fault, Err(ProxyFault::Scheme(scheme.to_owned())));
        }
        for bad in [
            "http://",
            "://proxy.test",
            " http://proxy.test",
            "http://a b",
            "http://proxy.test:99999",
            "http://proxy.test:port",
            "http://user:pa#ss@proxy.test:1",
            "http://user:12/3@proxy.test:1",
            "http://user:pa?ss@proxy.test:1",
            "/proxy.test",
        ] {
            assert_eq!(check_proxy(bad), Err(ProxyFault::Address), "{bad}");
        }
    }
}
