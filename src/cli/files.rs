//! The few files that commands write besides the state.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::cli::failure::Failure;

/// Writes a file that is not there yet; `false` where it is.
pub(crate) fn write_new(path: &Path, content: &str) -> Result<bool, Failure> {
    let failed =
        |error: io::Error| Failure::refused(format!("cannot write {}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file
            .write_all(content.as_bytes())
            .map(|()| true)
            .map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// Makes a folder and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path)
        .map_err(|error| Failure::refused(format!("cannot make {}: {error}", path.display())))
}

/// Writes a file that only its owner can read, whole or not at all, in place of one that is there.
pub(crate) fn write_private(path: &Path, content: &str) -> Result<(), Failure> {
    let failed =
        |error: io::Error| Failure::refused(format!("cannot write {}: {error}", path.display()));
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(content.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Writes a file that everybody may read, whole or not at all, in place of one that is there, whose
/// permissions it keeps. Makes the folders above it; follows a link.
pub(crate) fn replace(path: &Path, content: &str) -> Result<(), Failure> {
    let failed =
        |error: io::Error| Failure::refused(format!("cannot write {}: {error}", path.display()));
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match real.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".talkform-");
    // The system takes away what the user's mask forbids.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(content.as_bytes()).map_err(failed)?;
    if let Ok(before) = fs::metadata(&real) {
        file.as_file()
            .set_permissions(before.permissions())
            .map_err(failed)?;
    }
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&real).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Adds to the end of a file that belongs to the CI runner.
pub(crate) fn append(path: &Path, content: &str) -> Result<(), Failure> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .map_err(|error| Failure::refused(format!("cannot write {}: {error}", path.display())))
}

/// A file of one's own to which lines are added.
#[derive(Debug)]
pub(crate) struct Lines(fs::File);

impl Lines {
    /// Writes a file that only its owner can read, and stays at its end.
    pub(crate) fn begin(path: &Path, content: &str) -> Result<Self, Failure> {
        write_private(path, content)?;
        OpenOptions::new()
            .append(true)
            .open(path)
            .map(Self)
            .map_err(|error| Failure::refused(format!("cannot write {}: {error}", path.display())))
    }

    /// Adds a line, which brings its own end.
    pub(crate) fn add(&mut self, line: &str) -> io::Result<()> {
        self.0.write_all(line.as_bytes())
    }
}

/// Reads a file whatever is in it; `None` where there is none to be read.
pub(crate) fn read(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}

/// Removes a file; that it is not there is as good.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether something is there, readable or not.
pub(crate) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Reads a file of ids, or an export.
pub(crate) fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path)
}

/// The same from whoever writes to this program.
pub(crate) fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::stdin().lock(), &mut bytes)?;
    Ok(bytes)
}

/// Reads a plan file, or the project file.
pub(crate) fn read_to_string(path: &Path) -> io::Result<String> {
    fs::read_to_string(path)
}
