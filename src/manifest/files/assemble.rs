//! All files: read at the same time, put together in their order.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::model::{
    ContentDigest, Desired, DesiredFile, DesiredUser, Diagnostic, MemberId, Moved, Origin,
    RecordedLookup,
};
use crate::parallel::in_parallel;

use crate::manifest::files::file::{FileReading, Format, read_file};
use crate::manifest::files::fingerprint;
use crate::manifest::options::{ReadSettings, Reading};
use crate::manifest::problem::problems::{Place, Problem};
use crate::manifest::problem::wording::in_backticks;
use crate::manifest::users::user::DeclaredUser;
use crate::manifest::users::{defaults, moved};

/// The bytes of the file with a number, or why there are none.
pub(crate) type Source<'s> = dyn Fn(usize) -> Result<Cow<'s, [u8]>, Box<Diagnostic>> + Sync + 's;

/// Reads files, several at a time, and puts them together in their order.
pub(crate) fn read_all(
    names: &[Arc<str>],
    source: &Source<'_>,
    settings: &ReadSettings,
    known: Option<&RecordedLookup<'_>>,
    mut diagnostics: Vec<Diagnostic>,
) -> Reading {
    let files = Files {
        names,
        source,
        settings,
        known,
        meaning: fingerprint::of(settings),
    };
    let numbers: Vec<usize> = (0..names.len()).collect();
    let mut readings = in_parallel(&numbers, |file| files.read(*file, Ask::Known));
    if let Some(known) = known {
        let doubtful: Vec<usize> = clashing_unread(&readings, known).into_iter().collect();
        let read = in_parallel(&doubtful, |file| files.read(*file, Ask::Users));
        for (file, reading) in doubtful.into_iter().zip(read) {
            readings[file] = reading;
        }
    }
    let mut problems = clashing(names, &readings);
    moved::check(names, &readings, &mut problems);
    for (file, problems) in problems {
        readings[file].diagnostics = files.read(file, Ask::With(problems)).diagnostics;
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
            put_together(names, readings)
        },
        diagnostics,
        files: names.len(),
    }
}

/// What is wanted of a file.
enum Ask {
    /// Nothing but that it is as recorded, where it is.
    Known,
    /// Its users.
    Users,
    /// Its diagnostics, with these problems of it that only a look at other files shows.
    With(Vec<Problem>),
}

struct Files<'a, 's> {
    names: &'a [Arc<str>],
    source: &'a Source<'s>,
    settings: &'a ReadSettings,
    known: Option<&'a RecordedLookup<'a>>,
    meaning: Vec<u8>,
}

impl Files<'_, '_> {
    fn read(&self, file: usize, ask: Ask) -> FileReading {
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
        if let (Ask::Known, Some(known), Some(content)) = (&ask, self.known, &content)
            && known.has_files()
            && let Some(found) = known.file(content)
        {
            return FileReading {
                content: Some(*content),
                known: Some(found),
                ..FileReading::default()
            };
        }
        let problems = match ask {
            Ask::Known | Ask::Users => Vec::new(),
            Ask::With(problems) => problems,
        };
        let settle = |found: &mut DeclaredUser| {
            if let Some(known) = self.known {
                let attributes = found.attributes.take();
                found.attributes = attributes.filter(|wanted| !known.holds(&found.id, wanted));
            }
        };
        let name = &self.names[file];
        let mut reading = read_file(name, &bytes, self.settings, problems, &settle);
        reading.content = content;
        reading
    }

    /// The format is part of what bytes mean; the rest of the name is not.
    fn content(&self, name: &str, bytes: &[u8]) -> Option<ContentDigest> {
        let format: &[u8] = match Format::of(name)? {
            Format::Yaml => b"yaml",
            Format::Json => b"json",
            Format::JsonLines => b"lines",
        };
        Some(ContentDigest::of(
            bytes,
            &[format, b"\n", &self.meaning].concat(),
        ))
    }
}

fn put_together(names: &[Arc<str>], readings: Vec<FileReading>) -> Desired {
    let mut users: Vec<(MemberId, DesiredUser)> = Vec::new();
    let mut as_recorded: Vec<(MemberId, u32)> = Vec::new();
    let mut moved = BTreeMap::new();
    let mut files = Vec::with_capacity(names.len());
    for (name, reading) in names.iter().zip(readings) {
        let number = u32::try_from(files.len()).unwrap_or(u32::MAX);
        files.push(DesiredFile {
            name: name.clone(),
            content: reading.content,
            known: reading.known,
        });
        let origin = |(line, column)| Origin {
            file: name.clone(),
            line,
            column,
        };
        for (entry, place) in reading.moved.into_iter().zip(reading.moved_places) {
            let from = entry.from;
            let origin = origin(place);
            moved.insert(entry.to, Moved { from, origin });
        }
        for (found, place) in reading.users.into_iter().zip(reading.places) {
            let Some(attributes) = found.attributes else {
                as_recorded.push((found.id, number));
                continue;
            };
            let origin = origin(place);
            let attributes = *attributes;
            users.push((found.id, DesiredUser { attributes, origin }));
        }
    }
    as_recorded.sort_unstable();
    Desired {
        users: users.into_iter().collect(),
        moved,
        as_recorded,
        files,
    }
}

/// Files that were taken as known, and yet one of their ids clashes, or differs only in case, with one
/// of another file, or is said there to have moved: they have to be read, so that it can be said where.
fn clashing_unread(readings: &[FileReading], known: &RecordedLookup<'_>) -> BTreeSet<usize> {
    let mut doubtful = BTreeSet::new();
    let mut unread: HashMap<u32, usize> = HashMap::new();
    for (file, reading) in readings.iter().enumerate() {
        if let Some(found) = reading.known.filter(|found| found.users > 0)
            && let Some(other) = unread.insert(found.number, file)
        {
            doubtful.extend([file, other]);
        }
    }
    if unread.is_empty() {
        return doubtful;
    }
    let read = || {
        readings
            .iter()
            .enumerate()
            .flat_map(|(file, reading)| reading.users.iter().map(move |found| (&found.id, file)))
    };
    let not_read = || {
        let users = known.users();
        users.filter_map(|(id, number)| Some((id, *unread.get(&number)?)))
    };
    let moving = readings.iter().flat_map(|reading| &reading.moved);
    let moving = moving.flat_map(|entry| [&entry.from, &entry.to]);
    let ids = read().map(|(id, _)| id).chain(moving);
    doubtful.extend(ids.filter_map(|id| unread.get(&known.file_of(id)?).copied()));

    let has_capital = |id: &MemberId| id.as_str().chars().any(char::is_uppercase);
    let mut lowered: HashMap<String, Vec<usize>> = HashMap::new();
    for (id, file) in read().chain(not_read()).filter(|(id, _)| has_capital(id)) {
        lowered
            .entry(id.as_str().to_lowercase())
            .or_default()
            .push(file);
    }
    if !lowered.is_empty() {
        for (id, file) in read().chain(not_read()).filter(|(id, _)| !has_capital(id)) {
            if let Some(files) = lowered.get_mut(id.as_str()) {
                files.push(file);
            }
        }
        let clashing = lowered.into_values().filter(|files| files.len() > 1);
        doubtful.extend(
            clashing
                .flatten()
                .filter(|file| readings[*file].known.is_some()),
        );
    }
    doubtful
}

/// Clashes of ids as problems of the files in which they show. Those files are read once more
/// with them, because only a reading knows what its excerpts may show.
fn clashing(names: &[Arc<str>], readings: &[FileReading]) -> BTreeMap<usize, Vec<Problem>> {
    let users: Vec<&[DeclaredUser]> = readings.iter().map(|reading| &*reading.users).collect();
    let mut problems: BTreeMap<usize, Vec<Problem>> = BTreeMap::new();
    for clash in defaults::clashes(&users) {
        let (file, user) = clash.at;
        let found = &users[file][user];
        let first = &users[clash.first.0][clash.first.1];
        let (line, column) = readings[clash.first.0].places[clash.first.1];
        let place = Place::There(Origin {
            file: names[clash.first.0].clone(),
            line,
            column,
        });
        let message = format!(
            "the user {} is declared a second time",
            in_backticks(found.id.as_str())
        );
        let problem = if clash.same {
            Problem::error("duplicate-member-id", found.span, message)
                .related(place, "first here")
                .hint("keep one of them")
        } else {
            let message = format!(
                "the users {} and {} differ only in case",
                in_backticks(first.id.as_str()),
                in_backticks(found.id.as_str())
            );
            Problem::warning("member-id-case", found.span, message)
                .related(place, "the other is here")
                .hint("to Channel they are two users; is one of them a slip?")
        };
        problems
            .entry(file)
            .or_default()
            .push(problem.path(found.path()));
    }
    for list in problems.values_mut() {
        list.sort_by_key(|problem| problem.span);
    }
    problems
}
