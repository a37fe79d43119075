//! Removes a user's declaration from the manifests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::project::LoadedProject;
use talkform::manifest;
use talkform::manifest::{EraseError, Erased};
use talkform::model::{Desired, MemberId};

/// What a manifest becomes that declared the last users of a project. Without any manifest, no plan is made.
const EMPTY_LIST: &str = "apiVersion: talkform/v1\nkind: UserList\nusers: []\n";
const EMPTY_LIST_IN_JSON: &str =
    "{ \"apiVersion\": \"talkform/v1\", \"kind\": \"UserList\", \"users\": [] }\n";

/// The manifests without one user. Nothing is written yet.
pub(crate) struct Declarations {
    /// The files to change, by name. The one that declares the user comes last: an entry of `moved` whose new id is
    /// not declared would be an error to the next run.
    files: Vec<(Arc<str>, Erased)>,
}

impl Declarations {
    /// Cuts the user out of every file that declares the user or a move to the user. Fails if one of them cannot be
    /// cut, or if the user moved to another id. `again` is this command with another id.
    pub(crate) fn find(
        settings: &LoadedProject,
        desired: &Desired,
        id: &MemberId,
        again: &dyn Fn(&MemberId) -> String,
    ) -> Result<Self, Failure> {
        let away = desired.moved.iter().find(|(_, moved)| moved.from == *id);
        if let Some((to, moved)) = away {
            return Err(Failure::with_hint(
                format!(
                    "the entry of `moved` at {} says that the user has another id now; nothing was changed",
                    moved.origin
                ),
                format!("erase the user under that id: `{}`", again(to)),
            ));
        }
        let user = desired.users.get(id).map(|user| &user.origin.file);
        let moved = desired.moved.get(id).map(|moved| &moved.origin.file);
        let names = moved
            .into_iter()
            .filter(|name| Some(*name) != user)
            .chain(user);
        let read = settings.read_settings()?;
        let mut found = Vec::new();
        for name in names {
            let path = settings.root.join(&**name);
            let text =
                files::read_to_string(&path).map_err(|error| files::unread(&path, &error))?;
            let erased = manifest::erase(name, &text, id, &read);
            if let Some(mut erased) = erased.map_err(|error| refused(name, &error))? {
                if erased.text.is_none() && desired.files.len() == 1 {
                    erased.text = Some(empty_list(name)?.to_owned());
                }
                found.push((name.clone(), erased));
            }
        }
        Ok(Self { files: found })
    }

    /// The former ids of the user, from `moved`.
    pub(crate) fn former(&self) -> impl Iterator<Item = &MemberId> {
        self.files.iter().flat_map(|(_, erased)| &erased.former)
    }

    /// Whether a file declares nobody else and is removed.
    pub(crate) fn is_removed(&self, name: &str) -> bool {
        let mut files = self.files.iter();
        files.any(|(file, erased)| **file == *name && erased.text.is_none())
    }

    /// The names of the files and what becomes of them, in the order of the names.
    pub(crate) fn files(&self) -> Vec<(&str, &Erased)> {
        let files = self.files.iter();
        let mut files: Vec<_> = files.map(|(name, erased)| (&**name, erased)).collect();
        files.sort_by_key(|(name, _)| *name);
        files
    }

    /// Writes the files, and makes `desired` what they declare then.
    pub(crate) fn write(
        &self,
        settings: &LoadedProject,
        desired: &mut Desired,
        id: &MemberId,
    ) -> Result<(), Failure> {
        let mut removed = BTreeSet::new();
        for (name, erased) in &self.files {
            let path = settings.root.join(&**name);
            if let Some(text) = &erased.text {
                files::replace(&path, text)?;
            } else {
                remove(&path)?;
                removed.insert(name);
            }
        }
        desired.users.remove(id);
        desired.moved.remove(id);
        desired.files.retain(|file| !removed.contains(&file.name));
        for file in &mut desired.files {
            if self.files.iter().any(|(name, _)| *name == file.name) {
                // The state does not recognise the new text before it was read.
                file.content = None;
            }
        }
        Ok(())
    }
}

/// An empty list in the format of a file. JSON Lines have none.
fn empty_list(name: &str) -> Result<&'static str, Failure> {
    let ending = Path::new(name).extension().unwrap_or_default();
    match ending.to_ascii_lowercase().to_str() {
        Some("yaml" | "yml") => Ok(EMPTY_LIST),
        Some("json") => Ok(EMPTY_LIST_IN_JSON),
        _ => Err(Failure::with_hint(
            format!(
                "{name} is the only manifest and declares nobody else, and JSON Lines cannot declare an empty list; nothing was changed"
            ),
            "add a YAML manifest with `users: []`, name it in `manifests` of the project file, then run it again",
        )),
    }
}

/// Removes a file. Of a link, the file behind it is removed as well, after the link: a link to nothing would be an
/// error to the next run.
fn remove(path: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::refused(format!("cannot remove {}: {error}", path.display()));
    let real = fs::canonicalize(path);
    files::remove(path).map_err(failed)?;
    real.map_or(Ok(()), |real| files::remove(&real).map_err(failed))
}

fn refused(name: &str, error: &EraseError) -> Failure {
    let hint = match error {
        EraseError::Unreadable => "correct the file, then run it again",
        EraseError::SharedAnchor(_) => {
            "write the value out where the alias stands, then run it again"
        }
        EraseError::SharedId(_) => "write the member id out, then run it again",
        EraseError::MovedAway(_) => "erase the user under the new id",
        EraseError::Entangled(_) => "remove the declaration by hand, then run it again",
    };
    Failure::with_hint(
        format!("cannot remove the user from {name}: {error}; nothing was changed"),
        hint,
    )
}
