//! Checks the variables of proxies and certificates. The libraries ignore a value that they cannot use.

use std::ffi::OsStr;
use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::network::certificates;
use talkform::remote::{ProxyFault, check_proxy};

/// The variables that name a proxy for https. The first of a pair counts.
const PROXIES: [[&str; 2]; 2] = [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]];

/// Fails if a variable of a proxy or of the trusted certificates has a value that cannot be used.
pub(crate) fn check() -> Result<(), Failure> {
    for pair in PROXIES {
        let mut set = pair
            .into_iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        if let Some((name, value)) = set.next() {
            check_value(name, &value)?;
        }
    }
    // Elsewhere the system keeps the trusted certificates, and no variable counts.
    if cfg!(any(target_os = "macos", windows)) {
        return Ok(());
    }
    if let Some(file) = std::env::var_os(certificates::FILE) {
        certificates::check_file(Path::new(&file))?;
    }
    if let Some(folders) = std::env::var_os(certificates::FOLDERS) {
        certificates::check_folders(&folders)?;
    }
    Ok(())
}

/// The value is not shown, because it may hold a password.
fn check_value(name: &str, value: &OsStr) -> Result<(), Failure> {
    if value.is_empty() {
        return Ok(());
    }
    let problem = match value.to_str().map(check_proxy) {
        Some(Ok(())) => return Ok(()),
        Some(Err(ProxyFault::Scheme(scheme))) => {
            format!("{name} names a proxy with the scheme `{scheme}`, which is not supported")
        }
        Some(Err(ProxyFault::Address)) => format!("{name} is not the address of a proxy"),
        None => format!("{name} is not UTF-8"),
    };
    Err(Failure::with_hint(
        format!("{problem}; nothing was sent"),
        "write it like http://proxy.example:3128, https://…, socks5://… or socks5h://…; percent-encode special characters in a user or a password; unset it to connect directly",
    ))
}
