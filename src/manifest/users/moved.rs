//! `moved`: ids that changed. What one file says of them, and whether it fits all the others.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::model::{Diagnostic, MemberId, Origin};

use crate::manifest::files::file::FileReading;
use crate::manifest::problem::problems::{Place, Problem};
use crate::manifest::problem::wording::{in_backticks, quoted};
use crate::manifest::syntax::node::{Content, Member, Node, Span};
use crate::manifest::users::document::Reader;

const FIELDS: [&str; 2] = ["from", "to"];

/// One entry of `moved`.
#[derive(Debug)]
pub(crate) struct DeclaredMove {
    pub(crate) from: MemberId,
    pub(crate) to: MemberId,
    /// Where the old id is written.
    pub(crate) from_span: Span,
    /// Where the new id is written.
    pub(crate) to_span: Span,
    index: usize,
}

impl DeclaredMove {
    fn path(&self, field: &str) -> String {
        format!("moved[{}].{field}", self.index)
    }
}

impl Reader<'_> {
    /// Reads the entries of one document.
    pub(crate) fn moved(&mut self, node: &Node<'_>) {
        let Content::List(items) = &node.content else {
            self.wrong_type(node, "moved".to_owned(), "a list");
            return;
        };
        for (index, item) in items.iter().enumerate() {
            match item.members() {
                Some(members) => self.one_move(index, item, members),
                None => self.wrong_type(
                    item,
                    format!("moved[{index}]"),
                    "a map with `from` and `to`",
                ),
            }
        }
    }

    fn one_move(&mut self, index: usize, item: &Node<'_>, members: &[Member<'_>]) {
        let path = |field: &str| format!("moved[{index}].{field}");
        for member in members.iter().filter(|member| !member.refused) {
            if !FIELDS.contains(&&*member.key) {
                self.unknown_field(member, &path(&member.key), &FIELDS, None);
            }
        }
        let mut ids = FIELDS.map(|field| {
            let Some(member) = item.get(field) else {
                let at = Span::new(item.span.start(), item.span.start());
                self.problems.push(
                    Problem::error("missing-field", at, format!("`{field}` is missing"))
                        .path(path(field))
                        .hint("an entry is `{ from: \"old id\", to: \"new id\" }`"),
                );
                return None;
            };
            self.id(&member.value, || path(field))
        });
        let (Some((from, from_span)), Some((to, to_span))) = (ids[0].take(), ids[1].take()) else {
            return;
        };
        if from == to {
            self.problems.push(
                Problem::error("move-to-itself", to_span, "an id does not move to itself")
                    .path(path("to"))
                    .hint("remove this entry, or correct one of the ids"),
            );
            return;
        }
        self.moved.push(DeclaredMove {
            from,
            to,
            from_span,
            to_span,
            index,
        });
    }
}

type At = (usize, usize);

/// All entries of all files.
struct Moves<'r> {
    names: &'r [Arc<str>],
    readings: &'r [FileReading],
    from: HashMap<&'r MemberId, At>,
    to: HashMap<&'r MemberId, At>,
}

/// Adds to the problems of each file what of its entries does not fit the others, or the users.
pub(crate) fn check(
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
    // Who is declared is known only where everything could be read.
    let declared = (!readings.iter().any(broken)).then(|| moves.declared());
    for (file, reading) in readings.iter().enumerate() {
        for entry in &reading.moved {
            let troubles = [
                moves.chain(entry),
                declared
                    .as_ref()
                    .and_then(|users| moves.old_is_declared(entry, users)),
                declared
                    .as_ref()
                    .and_then(|users| moves.new_is_missing(entry, users)),
            ];
            found.extend(
                troubles
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
        self.there(at.0, self.readings[at.0].moved_places[at.1])
    }

    fn there(&self, file: usize, (line, column): (u32, u32)) -> Place {
        Place::There(Origin {
            file: self.names[file].clone(),
            line,
            column,
        })
    }

    fn declared(&self) -> HashMap<&'r MemberId, At> {
        let mut users = HashMap::new();
        for (file, reading) in self.readings.iter().enumerate() {
            for (number, found) in reading.users.iter().enumerate() {
                users.entry(&found.id).or_insert((file, number));
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
                .related(self.place(at), "further here")
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
                .related(self.there(file, self.readings[file].places[user]), "here")
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
