//! Gets random bytes from the operating system.

use crate::cli::failure::Failure;

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::refused(format!(
            "cannot get random bytes from the operating system: {error}"
        ))
    })?;
    Ok(bytes)
}
