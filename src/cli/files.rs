//! Reads and writes the files of commands, except for manifests and the state.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write};
use std::path::Path;

use crate::cli::failure::Failure;
use talkform::regular_file;

/// The folder for the sandbox and for checkpoints, below the project's folder.
pub(crate) const PRIVATE_FOLDER: &str = ".talkform";

/// Writes a new file and returns `true`; returns `false` if the file exists.
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

/// Creates a folder and its parents. Only its owner can use one named `.talkform` and what is in it, whatever the
/// umask.
pub(crate) fn make_folder(path: &Path) -> Result<(), Failure> {
    let private = path.ancestors().find(|at| at.ends_with(PRIVATE_FOLDER));
    private
        .map_or(Ok(()), |folder| {
            fs::create_dir_all(folder)?;
            make_private(folder, 0o700)
        })
        .and_then(|()| fs::create_dir_all(path))
        .map_err(|error| Failure::refused(format!("cannot create {}: {error}", path.display())))
}

/// Creates the folder of a file as [`make_folder`] does.
pub(crate) fn make_folder_of(file: &Path) -> Result<(), Failure> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => make_folder(folder),
        _ => Ok(()),
    }
}

fn make_private(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

/// Writes a file that only its owner can read. Replaces an existing file atomically.
pub(crate) fn write_private(path: &Path, content: &str) -> Result<(), Failure> {
    let failed =
        |error: io::Error| Failure::refused(format!("cannot write {}: {error}", path.display()));
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    make_private(file.path(), 0o600).map_err(failed)?;
    file.write_all(content.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Writes a file with the default permissions. Replaces an existing file atomically and keeps its
/// permissions. Creates parent folders and follows symbolic links.
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
    // The umask of the process applies.
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

/// Appends to a file of the CI runner.
pub(crate) fn append(path: &Path, content: &str) -> Result<(), Failure> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .map_err(|error| Failure::refused(format!("cannot write {}: {error}", path.display())))
}

/// An open file to which lines are appended.
#[derive(Debug)]
pub(crate) struct Lines(fs::File);

impl Lines {
    /// Writes a file that only its owner can read, and opens it for appending.
    pub(crate) fn begin(path: &Path, content: &str) -> Result<Self, Failure> {
        write_private(path, content)?;
        OpenOptions::new()
            .append(true)
            .open(path)
            .map(Self)
            .map_err(|error| Failure::refused(format!("cannot write {}: {error}", path.display())))
    }

    /// Appends a line, which must end in a newline.
    pub(crate) fn add(&mut self, line: &str) -> io::Result<()> {
        self.0.write_all(line.as_bytes())
    }
}

/// The error of a command for a file or folder that cannot be read.
pub(crate) fn unread(path: &Path, error: &io::Error) -> Failure {
    Failure::refused(format!("cannot read {}: {error}", path.display()))
}

/// Reads a file; `None` if it does not exist.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    found(read_bytes(path))
}

/// Lists a folder; nothing if it does not exist.
pub(crate) fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    let entries = found(fs::read_dir(folder))?;
    entries.into_iter().flatten().collect()
}

/// A result, or `None` if there is nothing at the path.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// Removes a file, if it exists.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether there is anything at a path. Symbolic links are not followed.
pub(crate) fn is_there(path: &Path) -> io::Result<bool> {
    Ok(found(fs::symlink_metadata(path))?.is_some())
}

/// Whether a path exists, also if it is not readable. Symbolic links are not followed.
pub(crate) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Reads a file as bytes.
pub(crate) fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    regular_file::existing(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads stdin as bytes, to its end.
pub(crate) fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a file as text.
pub(crate) fn read_to_string(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    regular_file::existing(path)?.read_to_string(&mut text)?;
    Ok(text)
}
