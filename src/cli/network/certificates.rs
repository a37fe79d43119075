//! Checks that the variables of the trusted certificates name some.

use std::ffi::OsStr;
use std::fmt::Display;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::cli::failure::Failure;

/// The variable that names a file with the certificates of trusted authorities.
pub(crate) const FILE: &str = "SSL_CERT_FILE";

/// The variable that names folders with such files.
pub(crate) const FOLDERS: &str = "SSL_CERT_DIR";

const HINT: &str = "name a file with the certificates of trusted authorities in the PEM format, or unset SSL_CERT_FILE";

/// Fails unless the file holds a certificate that can be trusted.
pub(crate) fn check_file(path: &Path) -> Result<(), Failure> {
    if path.as_os_str().is_empty() {
        let message = format!("{FILE} is set and empty; nothing was sent");
        return Err(Failure::with_hint(message, HINT));
    }
    let unusable = |cause: &dyn Display| {
        Failure::with_hint(
            format!(
                "cannot use {} of {FILE}: {cause}; nothing was sent",
                path.display()
            ),
            HINT,
        )
    };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(_) if path.is_dir() => return Err(unusable(&"it is a folder")),
        Err(error) => return Err(unusable(&error)),
    };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| unusable(&format!("it is damaged: {error}")))?;
    if found.is_empty() {
        return Err(unusable(&"it holds no certificate in the PEM format"));
    }
    let (added, _) = RootCertStore::empty().add_parsable_certificates(found);
    if added == 0 {
        return Err(unusable(&"it holds no certificate that can be read"));
    }
    Ok(())
}

/// Fails unless one of the folders can be read. A list may name folders that only other machines have.
pub(crate) fn check_folders(folders: &OsStr) -> Result<(), Failure> {
    let mut named = std::env::split_paths(folders).filter(|folder| !folder.as_os_str().is_empty());
    let mut any_named = false;
    let is_readable = named.any(|folder| {
        any_named = true;
        std::fs::read_dir(folder).is_ok()
    });
    if is_readable || !any_named {
        return Ok(());
    }
    Err(Failure::with_hint(
        format!("no folder of {FOLDERS} can be read; nothing was sent"),
        "name folders with the certificates of trusted authorities, or unset SSL_CERT_DIR",
    ))
}
