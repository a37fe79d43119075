//! Writes one part of a plan as Markdown: a heading line, whose place can be a link, and the fields in a fenced block.

use std::fmt::Write as _;

use crate::model::{Action, Origin, PlannedChange};
use crate::render::common::details::fenced_diff;
use crate::render::common::escape::{code, markdown};
use crate::render::common::line::NAMED;
use crate::render::common::style::Style;
use crate::render::plan::change::{ChangeView, FieldKind};
use crate::render::plan::group::Block;
use crate::render::plan::lines;
use crate::render::plan::view::PlanView;
use crate::words::{and_more, counted, users};

/// How many users are named for each action.
const NAMED_BY_ACTION: usize = 10;

/// The heading of a part and its fields. `files` is the address below which the files of the project can be read; empty
/// if there is none.
pub(crate) fn of(view: &PlanView<'_>, block: &Block, files: &str) -> String {
    match block {
        Block::One(place) => one(&view.changes.get(*place), files),
        Block::Alike(places) => alike(view, places, files),
        Block::Creates(count) => format!(
            "… and {} to create\n\n",
            counted(*count, "more user", "more users")
        ),
    }
}

fn one(user: &ChangeView<'_>, files: &str) -> String {
    let id = code(user.id.as_str());
    let mut heading = match &user.from {
        Some(from) => format!("{} moves to {id}", code(from.as_str())),
        None => format!("{id} {}", lines::sentence(user, false)),
    };
    heading.push_str(&at(user.origin, files));
    if let Some(rejected) = &user.rejected {
        let _ = write!(heading, "<br>\n{}", markdown(&rejected.sentence()));
    }
    if let Some(from) = &user.from {
        let left = lines::left_behind(&code(from.as_str()), &id, user.deletes);
        let _ = write!(heading, "<br>\n{left}");
    }
    let fields = lines::fields_of_one(user, &Style::plain());
    format!("{heading}\n\n{}", fenced_diff(fields))
}

fn alike(view: &PlanView<'_>, places: &[usize], files: &str) -> String {
    let Some(first) = places.first() else {
        return String::new();
    };
    let first = view.changes.get(*first);
    let names: Vec<String> = places
        .iter()
        .take(NAMED)
        .map(|place| view.changes.get(*place))
        .map(|user| format!("{}{}", name(&user), at(user.origin, files)))
        .chain(and_more(places.len().saturating_sub(NAMED)))
        .collect();
    let fields = lines::fields(&first.fields, &Style::plain(), false);
    format!(
        "**{}** {}:\n\n- {}\n\n{}",
        users(places.len()),
        lines::sentence(&first, true),
        names.join("\n- "),
        fenced_diff(fields)
    )
}

/// The user's id, after the previous one of a user who moves.
fn name(user: &ChangeView<'_>) -> String {
    let id = code(user.id.as_str());
    match &user.from {
        Some(from) => format!("{} -> {id}", code(from.as_str())),
        None => id,
    }
}

/// ` · users/vip.yaml:14`, as a link if there is an address; empty without a place.
fn at(origin: Option<&Origin>, files: &str) -> String {
    let Some(origin) = origin else {
        return String::new();
    };
    let (place, anchor) = match origin.line {
        0 => (origin.file.to_string(), String::new()),
        line => (format!("{}:{line}", origin.file), format!("#L{line}")),
    };
    if files.is_empty() {
        return format!(" · {}", code(&place));
    }
    format!(
        " · [{}]({files}{}{anchor})",
        code(&place),
        encoded(&origin.file)
    )
}

/// A path in an address: every byte that could end it or begin something else is percent-encoded.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A list with the first users who may be messaged again and of each action; empty for fewer than two users.
pub(crate) fn names_by_action(view: &PlanView<'_>) -> String {
    if view.changes.len() < 2 {
        return String::new();
    }
    let mut out = String::from("\n");
    for (action, word) in [
        (None, "may message someone who opted out"),
        (Some(Action::Delete), "delete"),
        (Some(Action::Forget), "forget"),
        (Some(Action::Move), "move"),
        (Some(Action::Update), "update"),
        (Some(Action::Create), "create"),
    ] {
        let belongs = |planned: &PlannedChange| match action {
            Some(action) => planned.change.action() == action,
            None => planned.change.is_opt_in(),
        };
        let all = view.changes.planned().iter().enumerate();
        let all = all.filter(|(_, planned)| belongs(planned));
        let count = all.clone().count();
        if count == 0 {
            continue;
        }
        let names: Vec<String> = all
            .take(NAMED_BY_ACTION)
            .map(|(place, _)| name(&view.changes.get(place)))
            .chain(and_more(count.saturating_sub(NAMED_BY_ACTION)))
            .collect();
        let _ = writeln!(out, "- {word}: {}", names.join(", "));
    }
    out
}

/// What the marks of the fenced blocks mean, as far as they occur; empty if none does.
pub(crate) fn legend(view: &PlanView<'_>) -> String {
    let occurs = |wanted: &dyn Fn(FieldKind) -> bool| view.kinds.iter().any(|kind| wanted(*kind));
    let marks = [
        (
            "`+` set",
            occurs(&|kind| matches!(kind, FieldKind::New | FieldKind::Once)),
        ),
        (
            "`!` changed",
            occurs(&|kind| matches!(kind, FieldKind::Changed)),
        ),
        ("`-` removed", occurs(&FieldKind::clears)),
        (
            "`.` left as it is on Channel",
            occurs(&|kind| matches!(kind, FieldKind::Release | FieldKind::Leave)),
        ),
    ];
    let marks: Vec<&str> = marks
        .iter()
        .filter(|(_, occurs)| *occurs)
        .map(|(mark, _)| *mark)
        .collect();
    if marks.is_empty() {
        return String::new();
    }
    format!("\n{}\n", marks.join(" · "))
}
