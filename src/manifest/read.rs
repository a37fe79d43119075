//! All files: read at the same time, put together in their order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::model::{Desired, DesiredUser, Diagnostic, Moved, Origin};

use super::file::{FileReading, read_file};
use super::problem::{Place, Problem};
use super::say::show;
use super::user::Found;
use super::{ReadSettings, Reading, moved, resolve};

/// The bytes of the file with a number, or why there are none.
pub(super) type Source<'s> = dyn Fn(usize) -> Result<Cow<'s, [u8]>, Box<Diagnostic>> + Sync + 's;

/// Reads files, several at a time, and puts them together in their order.
pub(super) fn read_all(
    names: &[Arc<str>],
    source: &Source<'_>,
    settings: &ReadSettings,
    mut diagnostics: Vec<Diagnostic>,
) -> Reading {
    let read = |file: usize, known: Vec<Problem>| match source(file) {
        Ok(bytes) => read_file(&names[file], &bytes, settings, known),
        Err(diagnostic) => FileReading {
            diagnostics: vec![*diagnostic],
            ..FileReading::default()
        },
    };
    let mut readings = in_parallel(names.len(), &|file| read(file, Vec::new()));
    let mut known = clashing(names, &readings);
    moved::check(names, &readings, &mut known);
    for (file, problems) in known {
        readings[file].diagnostics = read(file, problems).diagnostics;
    }
    for reading in &mut readings {
        diagnostics.append(&mut reading.diagnostics);
    }
    let mut desired = Desired::default();
    if !diagnostics.iter().any(Diagnostic::is_error) {
        for (name, reading) in names.iter().zip(readings) {
            let origin = |(line, column)| Origin {
                file: name.clone(),
                line,
                column,
            };
            for (entry, place) in reading.moved.into_iter().zip(reading.moved_places) {
                let from = entry.from;
                let origin = origin(place);
                desired.moved.insert(entry.to, Moved { from, origin });
            }
            for (found, place) in reading.users.into_iter().zip(reading.places) {
                let origin = origin(place);
                let attributes = found.attributes;
                desired
                    .users
                    .insert(found.id, DesiredUser { attributes, origin });
            }
        }
    }
    Reading {
        desired,
        diagnostics,
        files: names.len(),
    }
}

/// Answers by number, made by as many threads as there are processors. Which thread does which
/// does not matter to the result.
fn in_parallel<T: Send>(count: usize, make: &(dyn Fn(usize) -> T + Sync)) -> Vec<T> {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(count);
    if threads <= 1 {
        return (0..count).map(make).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut answers = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return answers;
            }
            answers.push((number, make(number)));
        }
    };
    let mut all: Vec<(usize, T)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(answers) => all.extend(answers),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, answer)| answer).collect()
}

/// Clashes of ids as problems of the files in which they show. Those files are read once more
/// with them, because only a reading knows what its excerpts may show.
fn clashing(names: &[Arc<str>], readings: &[FileReading]) -> BTreeMap<usize, Vec<Problem>> {
    let users: Vec<&[Found]> = readings.iter().map(|reading| &*reading.users).collect();
    let mut problems: BTreeMap<usize, Vec<Problem>> = BTreeMap::new();
    for clash in resolve::clashes(&users) {
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
            show(found.id.as_str())
        );
        let problem = if clash.same {
            Problem::error("duplicate-member-id", found.span, message)
                .related(place, "first here")
                .hint("keep one of them")
        } else {
            let message = format!(
                "the users {} and {} differ only in case",
                show(first.id.as_str()),
                show(found.id.as_str())
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
