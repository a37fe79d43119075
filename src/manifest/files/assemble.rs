//! Reads all manifest files in parallel and assembles `Desired`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use crate::model::{
    ContentDigest, Desired, DesiredFile, DesiredUser, Diagnostic, MemberId, Moved, ProfileKey,
    RecordedLookup, Shared, Unchanged, UnchangedUser,
};
use crate::parallel::in_parallel;

use crate::manifest::files::across;
use crate::manifest::files::file::{FileReading, locate, read_file};
use crate::manifest::files::fingerprint::reader_fingerprint;
use crate::manifest::files::format::Format;
use crate::manifest::files::names::Names;
use crate::manifest::files::unchanged::{drop_if_recorded, must_be_read};
use crate::manifest::files::words;
use crate::manifest::options::{ReadSettings, Reading};
use crate::manifest::problem::problems::Problem;
use crate::manifest::users::declared::DeclaredUser;
use crate::manifest::users::places::{Places, Word};

/// Returns the bytes of a file by its index in `names`, or why they cannot be read.
pub(crate) type Source<'s> = dyn Fn(usize) -> Result<Cow<'s, [u8]>, Box<Diagnostic>> + Sync + 's;

/// What is kept of the users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Everything.
    Values,
    /// The names of fields, and tags.
    Names,
}

/// Reads files in parallel and assembles them in the order of `names`.
pub(crate) fn read_all(
    names: &[Arc<str>],
    source: &Source<'_>,
    settings: &ReadSettings,
    recorded: Option<&RecordedLookup<'_>>,
    keep: Keep,
    mut diagnostics: Vec<Diagnostic>,
) -> Reading {
    let files = Files {
        names,
        source,
        settings,
        recorded,
        fingerprint: reader_fingerprint(settings),
        key_lists: Shared::default(),
        kept_names: (keep == Keep::Names).then(Names::default),
    };
    let indices: Vec<usize> = (0..names.len()).collect();
    let mut readings = in_parallel(&indices, |file| files.read(*file, ReadMode::SkipUnchanged));
    if let Some(recorded) = recorded {
        let doubtful: Vec<usize> = must_be_read(&readings, recorded).into_iter().collect();
        let read = in_parallel(&doubtful, |file| files.read(*file, ReadMode::Full));
        for (file, reading) in doubtful.into_iter().zip(read) {
            readings[file] = reading;
        }
    }
    let locate = |file: usize, words: &[Word]| files.locate(file, words);
    let hidden = |tags: &HashSet<&str>| match keep {
        Keep::Values => words::hidden_tags(&readings, settings, tags),
        Keep::Names => files.hidden_tags(tags),
    };
    let ids = settings.visibility.ids();
    let (mut problems, of_words) = thread::scope(|scope| {
        let across = scope.spawn(|| across::check(names, &readings, &ids));
        let words = words::check(names, &readings, recorded, &hidden, &locate);
        let across = across.join();
        (across.unwrap_or_else(|panic| resume_unwind(panic)), words)
    });
    for (file, more) in of_words {
        let list = problems.entry(file).or_default();
        list.extend(more);
        list.sort_by_key(|problem| problem.span);
    }
    for (file, problems) in problems {
        readings[file].diagnostics = files.read(file, ReadMode::Diagnose(problems)).diagnostics;
    }
    for reading in &mut readings {
        // What an entry of `moved` means depends on the other files.
        if !reading.diagnostics.is_empty() || !reading.moved.is_empty() {
            reading.content = None;
        }
        diagnostics.append(&mut reading.diagnostics);
    }
    Reading {
        desired: if diagnostics.iter().any(Diagnostic::is_error) {
            Desired::default()
        } else {
            assemble(names, readings)
        },
        diagnostics,
        files: names.len(),
    }
}

/// How far a file is read.
enum ReadMode {
    /// A file that is as recorded is skipped.
    SkipUnchanged,
    /// The file is read even if it is as recorded.
    Full,
    /// The file is read for its diagnostics, together with problems that other files revealed.
    Diagnose(Vec<Problem>),
}

struct Files<'a, 's> {
    names: &'a [Arc<str>],
    source: &'a Source<'s>,
    settings: &'a ReadSettings,
    recorded: Option<&'a RecordedLookup<'a>>,
    fingerprint: Vec<u8>,
    key_lists: Shared<[ProfileKey]>,
    /// Set where the users keep no values.
    kept_names: Option<Names>,
}

impl Files<'_, '_> {
    fn read(&self, file: usize, mode: ReadMode) -> FileReading {
        let bytes = match (self.source)(file) {
            Ok(bytes) => bytes,
            Err(diagnostic) => {
                return FileReading {
                    diagnostics: vec![*diagnostic],
                    ..FileReading::default()
                };
            }
        };
        let content = self.content(&self.names[file], &bytes);
        if let (ReadMode::SkipUnchanged, Some(recorded), Some(content)) =
            (&mode, self.recorded, &content)
            && recorded.has_files()
            && let Some(unchanged) = recorded.file(content)
        {
            return FileReading {
                content: Some(*content),
                unchanged: Some(unchanged),
                ..FileReading::default()
            };
        }
        let across = match mode {
            ReadMode::SkipUnchanged | ReadMode::Full => Vec::new(),
            ReadMode::Diagnose(problems) => problems,
        };
        let on_user = |user: &mut DeclaredUser| {
            if let Some(recorded) = self.recorded {
                drop_if_recorded(user, recorded);
            }
            if let Some(names) = &self.kept_names {
                user.attributes = user.attributes.take().map(|whole| names.of(whole));
            } else if let Some(attributes) = user.attributes.as_mut().and_then(Arc::get_mut) {
                attributes.profile.share_keys(&self.key_lists);
                attributes.profile_once.share_keys(&self.key_lists);
            }
        };
        let name = &self.names[file];
        let mut reading = read_file(name, &bytes, self.settings, across, &on_user);
        reading.content = content;
        reading
    }

    /// Those of the tags that a user hides. Every file is read again. One that cannot be read may hide all of them.
    fn hidden_tags(&self, tags: &HashSet<&str>) -> HashSet<String> {
        let indices: Vec<usize> = (0..self.names.len()).collect();
        let hidden = in_parallel(&indices, |file| {
            let Ok(bytes) = (self.source)(*file) else {
                return tags.iter().map(ToString::to_string).collect();
            };
            let reading = read_file(
                &self.names[*file],
                &bytes,
                self.settings,
                Vec::new(),
                &|_| {},
            );
            words::hidden_tags(&[reading], self.settings, tags)
        });
        hidden.into_iter().flatten().collect()
    }

    fn locate(&self, file: usize, words: &[Word]) -> Places {
        match (self.source)(file) {
            Ok(bytes) => locate(&self.names[file], &bytes, self.settings, words),
            Err(_) => Places::default(),
        }
    }

    /// The digest by which the state recognises a file. Of the name, only the format counts.
    fn content(&self, name: &str, bytes: &[u8]) -> Option<ContentDigest> {
        let format: &[u8] = match Format::of(name)? {
            Format::Yaml => b"yaml",
            Format::Json => b"json",
            Format::JsonLines => b"lines",
        };
        Some(ContentDigest::of(
            bytes,
            &[format, b"\n", &self.fingerprint].concat(),
        ))
    }
}

fn assemble(names: &[Arc<str>], readings: Vec<FileReading>) -> Desired {
    let read = readings.iter().map(|reading| reading.users.len()).sum();
    let mut users: Vec<(MemberId, DesiredUser)> = Vec::with_capacity(read);
    let mut unchanged = Unchanged::default();
    let mut moved = BTreeMap::new();
    let mut files = Vec::with_capacity(names.len());
    for (name, reading) in names.iter().zip(readings) {
        let number = u32::try_from(files.len()).unwrap_or(u32::MAX);
        files.push(DesiredFile {
            name: name.clone(),
            content: reading.content,
        });
        if let Some(file) = reading.unchanged {
            unchanged.files.insert(number as usize, file);
        }
        for entry in reading.moved {
            let from = entry.from;
            let origin = entry.position.in_file(name);
            moved.insert(entry.to, Moved { from, origin });
        }
        for user in reading.users {
            let Some(attributes) = user.attributes else {
                let (id, file) = (user.id, number);
                unchanged.users.push(UnchangedUser { id, file });
                continue;
            };
            let origin = user.position.in_file(name);
            users.push((user.id, DesiredUser { attributes, origin }));
        }
    }
    unchanged.users.sort_unstable();
    Desired {
        users: users.into_iter().collect(),
        moved,
        unchanged,
        files,
    }
}
