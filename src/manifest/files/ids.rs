//! Reports ids that are declared twice, and ids that people confuse.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::manifest::files::file::FileReading;
use crate::manifest::problem::problems::{Place, Problem};
use crate::manifest::problem::wording::in_backticks;
use crate::manifest::users::declared::DeclaredUser;
use crate::model::text::characters::{first_difference, is_plain, twins};
use crate::model::{MemberId, ShownIds};

/// The problems of ids, by the file to which each belongs, in the order of their places.
pub(crate) fn check(
    names: &[Arc<str>],
    readings: &[FileReading],
    ids: &ShownIds,
) -> BTreeMap<usize, Vec<Problem>> {
    let shown = |user: &DeclaredUser| in_backticks(ids.of(&user.id).as_str());
    let users: Vec<&[DeclaredUser]> = readings.iter().map(|reading| &*reading.users).collect();
    let mut problems: BTreeMap<usize, Vec<Problem>> = BTreeMap::new();
    for clash in clashes(&users) {
        let (file, user) = clash.at;
        let found = &users[file][user];
        let first = &users[clash.first.0][clash.first.1];
        let place = Place::There(first.position.in_file(&names[clash.first.0]));
        let problem = if clash.same {
            let message = format!("the user {} is declared a second time", shown(found));
            Problem::error("duplicate-member-id", found.span, message)
                .related(place, "first here")
                .hint("keep one of them")
        } else {
            let (code, difference) = difference(first.id.as_str(), found.id.as_str());
            let (one, other) = (shown(first), shown(found));
            let message = format!("the users {one} and {other} {difference}");
            let code = match code {
                Difference::Case => "member-id-case",
                Difference::Look => "member-id-look-alike",
            };
            Problem::warning(code, found.span, message)
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

/// How two texts differ that people confuse.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Difference {
    Case,
    Look,
}

/// How two such texts differ, and the end of a sentence about them.
pub(crate) fn difference(first: &str, other: &str) -> (Difference, String) {
    if first.to_lowercase() == other.to_lowercase() {
        return (Difference::Case, "differ only in case".to_owned());
    }
    let characters = first_difference(first, other).map_or(String::new(), |(one, other)| {
        format!(
            ", and are not the same: U+{:04X} and U+{:04X}",
            u32::from(one),
            u32::from(other)
        )
    });
    (Difference::Look, format!("look alike{characters}"))
}

/// Two ids that clash, within a file or between files.
struct Clash {
    /// The file and the user at which the clash is reported.
    at: (usize, usize),
    /// The file and the user that came first.
    first: (usize, usize),
    /// Whether the ids are equal; otherwise people confuse them.
    same: bool,
}

/// Finds all clashes of ids. Files and users are taken in order, so the result does not depend on the
/// order in which the files were read.
fn clashes(files: &[&[DeclaredUser]]) -> Vec<Clash> {
    let mut clashes = Vec::new();
    let count = files.iter().map(|users| users.len()).sum();
    let mut first: HashMap<&MemberId, (usize, usize)> = HashMap::with_capacity(count);
    let users = || files.iter().copied().flatten();
    let are_plain = users().all(|user| is_plain(user.id.as_str()));
    let mut distinct = Vec::new();
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
                    if !are_plain {
                        distinct.push((file, user));
                    }
                }
            }
        }
    }
    if are_plain {
        return clashes;
    }
    let id = |(file, user): &(usize, usize)| files[*file][*user].id.as_str();
    let words: Vec<&str> = distinct.iter().map(id).collect();
    clashes.extend(twins(&words).into_iter().map(|twins| Clash {
        at: distinct[twins.at],
        first: distinct[twins.first],
        same: false,
    }));
    clashes
}
