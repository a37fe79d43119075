//! Checks that need all files: ids against each other, and moves.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::manifest::files::file::FileReading;
use crate::manifest::files::ids;
use crate::manifest::problem::problems::{Place, Problem};
use crate::manifest::problem::span::Position;
use crate::manifest::problem::wording::{in_backticks, quoted};
use crate::manifest::users::declared::DeclaredMove;
use crate::model::{Diagnostic, MemberId, ShownIds};

/// Checks all files against each other. The problems are returned by the file to which they belong;
/// that file is read again with them, because its excerpts can be masked only while it is read.
pub(crate) fn check(
    names: &[Arc<str>],
    readings: &[FileReading],
    shown: &ShownIds,
) -> BTreeMap<usize, Vec<Problem>> {
    let mut problems = ids::check(names, readings, shown);
    check_moves(names, readings, shown, &mut problems);
    problems
}

/// A file and the index of an entry in it.
pub(crate) type At = (usize, usize);

/// All entries of all files.
struct Moves<'r> {
    names: &'r [Arc<str>],
    readings: &'r [FileReading],
    shown: &'r ShownIds,
    from: HashMap<&'r MemberId, At>,
    to: HashMap<&'r MemberId, At>,
}

/// Reports moves that contradict each other or the users, by the file to which each problem belongs.
fn check_moves(
    names: &[Arc<str>],
    readings: &[FileReading],
    shown: &ShownIds,
    problems: &mut BTreeMap<usize, Vec<Problem>>,
) {
    if readings.iter().all(|reading| reading.moved.is_empty()) {
        return;
    }
    let mut moves = Moves {
        names,
        readings,
        shown,
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

    fn name(&self, id: &MemberId) -> String {
        in_backticks(self.shown.of(id).as_str())
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
            let message = format!("a second user moves to {}", self.name(&entry.to));
            ("to", entry.to_span, message, to)
        } else {
            let message = format!("the user {} moves a second time", self.name(&entry.from));
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
            self.name(&entry.to),
            self.name(&next.to)
        );
        let hint = if next.to == entry.from {
            "two users cannot trade ids; give one of them a new id first".to_owned()
        } else {
            format!(
                "where {} is recorded, write `from: {}, to: {}` instead of both; where this move was applied, remove this entry",
                self.name(&entry.from),
                quoted(self.shown.of(&entry.from).as_str()),
                quoted(self.shown.of(&next.to).as_str())
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
            self.name(&entry.from),
            self.name(&entry.to)
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
            self.name(&entry.from),
            self.name(&entry.to)
        );
        Some(
            Problem::error("moved-to-undeclared", entry.to_span, message)
                .path(entry.path("to"))
                .hint("declare the user under the new id, or remove this entry"),
        )
    }
}
