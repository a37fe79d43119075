//! Between this machine and Channel: limits of the system, waits, certificates, proxies and names.

// Elsewhere the system keeps the trusted certificates.
#[cfg(all(unix, not(target_os = "macos")))]
mod companies;
#[cfg(all(unix, not(target_os = "macos")))]
mod fake_proxy;
mod retry_after;
#[cfg(unix)]
mod system_limits;
#[cfg(all(unix, not(target_os = "macos")))]
mod tls_channel;
