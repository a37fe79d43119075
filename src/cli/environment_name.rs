//! Checks the name of an environment, which is part of file names.

use crate::cli::failure::Failure;

/// Names of devices on Windows, with any extension.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The name of an environment is part of file names: it cannot leave the project's folder.
pub(crate) fn check(name: &str) -> Result<(), Failure> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.to_ascii_lowercase();
    let is_port = stem.len() == 4
        && (stem.starts_with("com") || stem.starts_with("lpt"))
        && stem.ends_with(|end: char| end.is_ascii_digit());
    let is_device = is_port || DEVICES.contains(&&*stem);
    if !stem.is_empty() && !name.ends_with('.') && !is_device && name.chars().all(is_good) {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "`{name}` cannot be the name of an environment: use letters, digits, `-`, `_` and `.`, no `.` at either end, and no device of Windows such as `nul`"
    )))
}
