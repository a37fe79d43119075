//! Decides which files an import writes: one manifest, or one file per user.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::cli::commands::import::arguments::ImportArguments;
use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::project::LoadedProject;
use talkform::manifest;
use talkform::manifest::{AppendError, ReadSettings};
use talkform::model::text::characters::folded;
use talkform::model::{Attributes, MemberId};

/// The longest stem of a file name, in bytes. Common file systems allow 255 bytes for a name.
const LONGEST_NAME: usize = 120;

/// How many names are tried beside the number of users, because existing files may have taken some.
const SPARE_NAMES: usize = 1000;

/// Where to write. A pattern of the project matches it.
pub(crate) enum Target {
    /// One file, relative to the project.
    File(String),
    /// A folder, relative to the project.
    Folder(String),
}

/// A file to write.
pub(crate) struct PlannedFile {
    /// Its name, relative to the project.
    pub name: String,
    /// Its content.
    pub text: String,
}

impl Target {
    /// The target of the arguments. Fails if no pattern of the project matches it.
    pub(crate) fn find(
        settings: &LoadedProject,
        arguments: &ImportArguments,
    ) -> Result<Self, Failure> {
        let (path, example) = match &arguments.split {
            Some(folder) => (folder, Some("user.yaml")),
            None => (&arguments.out, None),
        };
        let name = name_in_project(settings, path)?;
        let is_manifest = manifest::matcher(&settings.project.manifests);
        let found = match example {
            Some(file) if name.is_empty() => is_manifest(file),
            Some(file) => is_manifest(&format!("{name}/{file}")),
            None => is_manifest(&name),
        };
        if !found {
            return Err(Failure::with_hint(
                format!("no pattern of `manifests` matches {}", path.display()),
                format!(
                    "write to a path that `manifests` matches ({}), or add a pattern to the project file",
                    settings.project.manifests.join(", ")
                ),
            ));
        }
        Ok(match arguments.split {
            Some(_) => Self::Folder(name),
            None => Self::File(name),
        })
    }

    /// The files to write. Each text was parsed again; nothing is written yet.
    pub(crate) fn texts(
        &self,
        settings: &LoadedProject,
        users: &BTreeMap<MemberId, Attributes>,
    ) -> Result<Vec<PlannedFile>, Failure> {
        let read = settings.read_settings()?;
        let written = match self {
            Self::File(name) => {
                let path = settings.root.join(name);
                let old = if files::exists(&path) {
                    let text = files::read_to_string(&path);
                    Some(text.map_err(|error| files::unread(&path, &error))?)
                } else {
                    None
                };
                let text = manifest::append(name, old.as_deref(), users, &read)
                    .map_err(|error| refused(name, &error))?;
                vec![PlannedFile {
                    name: name.clone(),
                    text,
                }]
            }
            Self::Folder(folder) => in_folder(settings, folder, users, &read)?,
        };
        check_rules(settings, &written)?;
        Ok(written)
    }
}

fn refused(name: &str, error: &AppendError) -> Failure {
    let hint = match error {
        AppendError::Format => "name a file such as users/imported.yaml",
        AppendError::Unreadable | AppendError::Differs => "name another file with --out",
    };
    Failure::with_hint(
        format!("cannot add users to {name}: {error}; nothing was written"),
        hint,
    )
}

/// Fails if the users break the project's rules, which would fail every later plan.
fn check_rules(settings: &LoadedProject, written: &[PlannedFile]) -> Result<(), Failure> {
    let Some(rules) = settings.rules()? else {
        return Ok(());
    };
    let read = ReadSettings {
        rules: Some(rules),
        ..settings.read_settings()?
    };
    let files = written
        .iter()
        .map(|file| (Arc::from(&*file.name), file.text.clone().into_bytes()))
        .collect();
    let mut reading = manifest::read_texts(files, &read);
    reading
        .diagnostics
        .retain(talkform::model::Diagnostic::is_error);
    if reading.diagnostics.is_empty() {
        Ok(())
    } else {
        Err(Failure::Diagnostics(reading.diagnostics))
    }
}

fn in_folder(
    settings: &LoadedProject,
    folder: &str,
    users: &BTreeMap<MemberId, Attributes>,
    read: &ReadSettings,
) -> Result<Vec<PlannedFile>, Failure> {
    // On some file systems, `A.yaml` and `a.yaml` are one file, and so are two Unicode forms of one text.
    let mut taken = BTreeSet::new();
    let mut written = Vec::with_capacity(users.len());
    let ids = settings.ids()?;
    for (id, user) in users {
        let shown = ids.of(id);
        // Names of files are shown, too.
        let stem = file_stem(&shown);
        let name = (1..=users.len() + SPARE_NAMES)
            .map(|number| {
                let suffix = if number == 1 {
                    String::new()
                } else {
                    format!("-{number}")
                };
                let file = format!("{stem}{suffix}.yaml");
                if folder.is_empty() {
                    file
                } else {
                    format!("{folder}/{file}")
                }
            })
            .find(|name| {
                !files::exists(&settings.root.join(name)) && taken.insert(folded(name).into_owned())
            })
            .ok_or_else(|| Failure::refused(format!("cannot find a free file name for {shown}")))?;
        let text = manifest::document(id, user, read).map_err(|error| refused(&name, &error))?;
        written.push(PlannedFile { name, text });
    }
    Ok(written)
}

/// Whether Windows takes a name, whatever its ending, for a device.
fn is_reserved_on_windows(name: &str) -> bool {
    let stem = name
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    let (device, number) = stem.split_at_checked(3).unwrap_or((&stem, ""));
    match device {
        "CON" | "PRN" | "AUX" | "NUL" => number.is_empty(),
        "COM" | "LPT" => {
            matches!(number, "¹" | "²" | "³")
                || (number.len() == 1 && number.bytes().all(|b| b.is_ascii_digit()))
        }
        _ => false,
    }
}

/// The id as a file name. Letters and digits of any script are kept, other characters are written as
/// `%2F`.
fn file_stem(id: &MemberId) -> String {
    let mut stem = String::new();
    let is_reserved = is_reserved_on_windows(id.as_str());
    for (at, character) in id.as_str().char_indices() {
        let is_plain = character.is_alphanumeric() || matches!(character, '-' | '_' | '@');
        if (is_plain || (character == '.' && at > 0)) && !(is_reserved && at == 0) {
            stem.push(character);
        } else {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a String does not fail.
                let _ = write!(stem, "%{byte:02X}");
            }
        }
        if stem.len() > LONGEST_NAME {
            break;
        }
    }
    stem
}

/// Writes the files. If one of several new files cannot be written, those before it are removed.
pub(crate) fn write(
    settings: &LoadedProject,
    target: &Target,
    written: &[PlannedFile],
) -> Result<(), Failure> {
    for (number, file) in written.iter().enumerate() {
        if let Err(failure) = files::replace(&settings.root.join(&file.name), &file.text) {
            if let Target::Folder(_) = target {
                for done in &written[..number] {
                    let _ = files::remove(&settings.root.join(&done.name));
                }
            }
            return Err(failure);
        }
    }
    Ok(())
}

/// A path relative to the project's folder, with `/`.
fn name_in_project(settings: &LoadedProject, path: &Path) -> Result<String, Failure> {
    let outside = || {
        Failure::with_hint(
            format!("{} is not in the project's folder", path.display()),
            "name a path that is relative to the project",
        )
    };
    let relative: PathBuf = if path.is_absolute() {
        let root = std::path::absolute(&settings.root).unwrap_or_else(|_| settings.root.clone());
        path.strip_prefix(root).map_err(|_| outside())?.to_owned()
    } else {
        path.to_owned()
    };
    let mut parts = Vec::new();
    for part in relative.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_str().ok_or_else(outside)?.to_owned()),
            _ => return Err(outside()),
        }
    }
    Ok(parts.join("/"))
}
