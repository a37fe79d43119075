//! Checks that need all files: duplicate ids, ids that differ in case, and moves.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::manifest::files::file::FileReading;
use crate::manifest::problem::problems::{Place, Problem};
use crate::manifest::problem::span::Position;
use crate::manifest::problem::wording::{in_backticks, quoted};
use crate::manifest::users::declared::{DeclaredMove, DeclaredUser};
use crate::model::{Diagnostic, MemberId};

/// Checks all files against each other. The problems are returned by the file to which they belong;
/// that file is read again with them, because only a reading knows what its excerpts may show.
pub(crate) fn check(names: &[Arc<str>], readings: &[FileReading]) -> BTreeMap<usize, Vec<Problem>> {
    let mut problems = check_ids(names, readings);
    check_moves(names, readings, &mut problems);
    problems
}

/// Reports ids that are declared twice or differ only in case.
fn check_ids(names: &[Arc<str>], readings: &[FileReading]) -> BTreeMap<usize, Vec<Problem>> {
    let users: Vec<&[DeclaredUser]> = readings.iter().map(|reading| &*reading.users).collect();
    let mut problems: BTreeMap<usize, Vec<Problem>> = BTreeMap::new();
    for clash in clashes(&users) {
        let (file, user) = clash.at;
        let found = &users[file][user];
        let first = &users[clash.first.0][clash.first.1];
        let place = Place::There(first.position.in_file(&names[clash.first.0]));
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
                .related(place, "the other one is here")
                .hint("to Channel they are two users; check for a typing error")
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

/// Two ids that clash, within a file or between files.
struct Clash {
    /// The file and the user at which the clash is reported.
    at: At,
    /// The file and the user that came first.
    first: At,
    /// Whether the ids are equal; otherwise they differ only in case.
    same: bool,
}

/// Finds all clashes of ids. Files and users are taken in order, so the result does not depend on the
/// order in which the files were read.
fn clashes(files: &[&[DeclaredUser]]) -> Vec<Clash> {
    let mut clashes = Vec::new();
    let mut first: HashMap<&MemberId, At> = HashMap::new();
    let mut capital = Vec::new();
    for (file, users) in files.iter().enumerate() {
        for (user, found) in users.iter().enumerate() {
            match first.entry(&found.id) {
                Entry::Occupied(entry) => clashes.push(Clash {
                    at: (file, user),
                    first: *entry.get(),
                    same: true,
                }),
                Entry::Vacant(entry) => {
                    entry.insert((file, user));
                    if found.id.as_str().chars().any(char::is_uppercase) {
                        capital.push((file, user));
                    }
                }
            }
        }
    }
    let mut lowered: HashMap<String, At> = HashMap::new();
    for at in capital {
        let lower = files[at.0][at.1].id.as_str().to_lowercase();
        let plain = MemberId::new(&lower)
            .ok()
            .and_then(|id| first.get(&id).copied());
        let other = plain.or_else(|| lowered.get(&lower).copied());
        lowered.entry(lower).or_insert(at);
        if let Some(other) = other {
            clashes.push(Clash {
                at: at.max(other),
                first: at.min(other),
                same: false,
            });
        }
    }
    clashes
}

/// A file and the index of an entry in it.
type At = (usize, usize);

/// All entries of all files.
struct Moves<'r> {
    names: &'r [Arc<str>],
    readings: &'r [FileReading],
    from: HashMap<&'r MemberId, At>,
    to: HashMap<&'r MemberId, At>,
}

/// Reports moves that contradict each other or the users, by the file to which each problem belongs.
fn check_moves(
    names: &[Arc<str>],
    readings: &[FileReading],
    problems: &mut BTreeMap<usize, Vec<Problem>>,
) {
    if readings.iter().all(|reading| reading.moved.is_empty()) {
        return;
    }
    let mut moves = Moves {
        names,
        readings,
        from: HashMap::new(),
        to: HashMap::new(),
    };
    let mut found = Vec::new();
    for (file, reading) in readings.iter().enumerate() {
        for (number, entry) in reading.moved.iter().enumerate() {
            let at = (file, number);
            let first_from = *moves.from.entry(&entry.from).or_insert(at);
            let first_to = *moves.to.entry(&entry.to).or_insert(at);
            if first_from != at || first_to != at {
                found.push((file, moves.twice(entry, at, first_from, first_to)));
            }
        }
    }
    let broken = |reading: &FileReading| reading.diagnostics.iter().any(Diagnostic::is_error);
    // The set of declared users is complete only where every file could be read.
    let declared = (!readings.iter().any(broken)).then(|| moves.declared());
    for (file, reading) in readings.iter().enumerate() {
        for entry in &reading.moved {
            let problems = [
                moves.chain(entry),
                declared
                    .as_ref()
                    .and_then(|users| moves.old_is_declared(entry, users)),
                declared
                    .as_ref()
                    .and_then(|users| moves.new_is_missing(entry, users)),
            ];
            found.extend(
                problems
                    .into_iter()
                    .flatten()
                    .map(|problem| (file, problem)),
            );
        }
    }
    for (file, problem) in found {
        let list = problems.entry(file).or_default();
        list.push(problem);
        list.sort_by_key(|problem| problem.span);
    }
}

impl<'r> Moves<'r> {
    fn entry(&self, at: At) -> &'r DeclaredMove {
        &self.readings[at.0].moved[at.1]
    }

    fn place(&self, at: At) -> Place {
        self.there(at.0, self.entry(at).position)
    }

    fn there(&self, file: usize, position: Position) -> Place {
        Place::There(position.in_file(&self.names[file]))
    }

    fn declared(&self) -> HashMap<&'r MemberId, At> {
        let mut users = HashMap::new();
        for (file, reading) in self.readings.iter().enumerate() {
            for (number, user) in reading.users.iter().enumerate() {
                users.entry(&user.id).or_insert((file, number));
            }
        }
        users
    }

    fn twice(&self, entry: &DeclaredMove, at: At, from: At, to: At) -> Problem {
        let (field, span, message, first) = if from == at {
            let message = format!("a second user moves to {}", in_backticks(entry.to.as_str()));
            ("to", entry.to_span, message, to)
        } else {
            let message = format!(
                "the user {} moves a second time",
                in_backticks(entry.from.as_str())
            );
            ("from", entry.from_span, message, from)
        };
        Problem::error("duplicate-move", span, message)
            .path(entry.path(field))
            .related(self.place(first), "first here")
            .hint("keep one of them")
    }

    fn chain(&self, entry: &DeclaredMove) -> Option<Problem> {
        let at = *self.from.get(&entry.to)?;
        let next = self.entry(at);
        let message = format!(
            "the user {} moves on to {}",
            in_backticks(entry.to.as_str()),
            in_backticks(next.to.as_str())
        );
        let hint = if next.to == entry.from {
            "two users cannot trade ids; give one of them a new id first".to_owned()
        } else {
            format!(
                "where {} is recorded, write `from: {}, to: {}` instead of both; where this move was applied, remove this entry",
                in_backticks(entry.from.as_str()),
                quoted(entry.from.as_str()),
                quoted(next.to.as_str())
            )
        };
        Some(
            Problem::error("move-chain", entry.to_span, message)
                .path(entry.path("to"))
                .related(self.place(at), "moved again here")
                .hint(hint),
        )
    }

    fn old_is_declared(
        &self,
        entry: &DeclaredMove,
        users: &HashMap<&MemberId, At>,
    ) -> Option<Problem> {
        let (file, user) = *users.get(&entry.from)?;
        let message = format!(
            "the user {} moved to {} and is still declared",
            in_backticks(entry.from.as_str()),
            in_backticks(entry.to.as_str())
        );
        Some(
            Problem::error("moved-and-declared", entry.from_span, message)
                .path(entry.path("from"))
                .related(
                    self.there(file, self.readings[file].users[user].position),
                    "here",
                )
                .hint("declare the user under the new id alone, or remove this entry"),
        )
    }

    fn new_is_missing(
        &self,
        entry: &DeclaredMove,
        users: &HashMap<&MemberId, At>,
    ) -> Option<Problem> {
        if users.contains_key(&entry.to) || self.from.contains_key(&entry.to) {
            return None;
        }
        let message = format!(
            "the user {} moved to {}, who is not declared",
            in_backticks(entry.from.as_str()),
            in_backticks(entry.to.as_str())
        );
        Some(
            Problem::error("moved-to-nobody", entry.to_span, message)
                .path(entry.path("to"))
                .hint("declare the user under the new id, or remove this entry"),
        )
    }
}
