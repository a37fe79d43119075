//! Writes the lines and sentences that describe drift.

use std::collections::HashMap;

use crate::render::common::escape::terminal;
use crate::render::common::line::{FieldLine, Line, Mark, NAMED, aligned, named};
use crate::render::common::shown::{Shown, difference};
use crate::render::common::stop_cause::why_stopped;
use crate::render::common::style::{Style, paint};
use crate::render::drift::view::{
    DriftCounts, DriftKind, DriftView, FieldDriftView, Standing, UserDriftView,
};
use crate::words::{counted, first, users};

/// The most users that are shown one by one.
const SMALL: usize = 20;

/// How many users that could not be read are named.
const MOST_UNREAD: usize = 20;

/// Users who are shown together, and how they differ.
pub(crate) struct Block<'v, 'a> {
    pub(crate) standing: Standing,
    pub(crate) users: Vec<&'v UserDriftView<'a>>,
}

/// Groups users with the same drift, if there are many users and more than [`NAMED`] of them are alike.
/// The blocks are in the order of the first id in each. With `full`, every user is a block of its own.
pub(crate) fn blocks<'v, 'a>(view: &'v DriftView<'a>, full: bool) -> Vec<Block<'v, 'a>> {
    let users = &view.drift;
    let alone = full || users.len() <= SMALL;
    let mut counts: HashMap<(Standing, &[FieldDriftView<'a>]), usize> = HashMap::new();
    for user in users {
        *counts.entry((user.standing, &user.fields)).or_default() += 1;
    }
    let mut places: HashMap<(Standing, &[FieldDriftView<'a>]), usize> = HashMap::new();
    let mut blocks: Vec<Block<'v, 'a>> = Vec::new();
    for user in users {
        let likeness = (user.standing, user.fields.as_slice());
        let is_one_of_many = !alone && counts.get(&likeness).is_some_and(|count| *count > NAMED);
        if is_one_of_many && let Some(at) = places.get(&likeness) {
            blocks[*at].users.push(user);
            continue;
        }
        if is_one_of_many {
            places.insert(likeness, blocks.len());
        }
        blocks.push(Block {
            standing: user.standing,
            users: vec![user],
        });
    }
    blocks
}

/// The lines of one block.
pub(crate) fn of(block: &Block<'_, '_>, style: &Style, full: bool) -> Vec<Line> {
    match block.users.as_slice() {
        [] => Vec::new(),
        [user] => one(user, style, full),
        [first, ..] => alike(first, &block.users, style, full),
    }
}

fn one(user: &UserDriftView<'_>, style: &Style, full: bool) -> Vec<Line> {
    let id = terminal(user.id.as_str());
    let sentence = match user.standing {
        Standing::Gone => "is no longer on Channel",
        Standing::CreatedAnew => "was deleted on Channel and created anew",
        Standing::Changed => "differs on Channel from what was applied",
        Standing::Consent => "changed consent on Channel",
    };
    let title = paint(style.strong, &format!("{id} {sentence}"));
    let mut lines = vec![
        Line::new(Mark::Title, 0, title).at(user.origin),
        Line::new(Mark::Symbol(user.standing.symbol()), 0, id),
    ];
    lines.extend(fields(&user.fields, style, full));
    if user.same > 0 {
        let text = format!(
            "# {} as applied hidden",
            counted(user.same, "field", "fields")
        );
        lines.push(Line::new(Mark::Blank, 1, paint(style.quiet, &text)));
    }
    lines
}

fn alike(
    first: &UserDriftView<'_>,
    block: &[&UserDriftView<'_>],
    style: &Style,
    full: bool,
) -> Vec<Line> {
    let count = users(block.len());
    let sentence = match first.standing {
        Standing::Gone => "are no longer on Channel",
        Standing::CreatedAnew => {
            "were deleted on Channel and created anew, and differ in the same way"
        }
        Standing::Changed => "differ on Channel from what was applied, in the same way",
        Standing::Consent => "changed consent on Channel in the same way",
    };
    let title = paint(style.strong, &format!("{count} {sentence}"));
    let head = format!("{count} ({NAMED} shown)");
    let mut lines = vec![
        Line::new(Mark::Title, 0, title),
        Line::new(Mark::Symbol(first.standing.symbol()), 0, head),
    ];
    lines.extend(fields(&first.fields, style, full));
    let users = block
        .iter()
        .map(|user| (terminal(user.id.as_str()).into_owned(), user.origin));
    lines.extend(named(users, style));
    lines
}

fn fields(fields: &[FieldDriftView<'_>], style: &Style, full: bool) -> Vec<Line> {
    let drawn = fields.iter().map(|field| {
        let (mut text, below) = body(field, style, full);
        if field.never_confirmed {
            let note = paint(style.quiet, "(Channel never confirmed it)");
            text = format!("{text}   {note}");
        }
        FieldLine {
            symbol: field.kind.symbol(),
            path: terminal(&field.path.to_string()).into_owned(),
            text,
            below,
        }
    });
    aligned(drawn.collect())
}

fn body(field: &FieldDriftView<'_>, style: &Style, full: bool) -> (String, Vec<Line>) {
    let FieldDriftView {
        path,
        kind,
        applied,
        found,
        never_confirmed,
    } = *field;
    match kind {
        DriftKind::Changed => difference(path, applied, found, style, full),
        // Channel may never have stored what was sent, so this may be no choice of the person.
        DriftKind::Consent if never_confirmed => difference(path, applied, found, style, full),
        DriftKind::Consent => {
            let (text, below) = difference(path, applied, found, style, full);
            let note = paint(style.quiet, "(changed by the person)");
            (format!("{text}   {note}"), below)
        }
        DriftKind::Missing => {
            let note = paint(style.quiet, "(not on Channel)");
            let text = match applied {
                Shown::Value(_) => format!("{}   {note}", applied.text(path, full)),
                _ => note,
            };
            (text, Vec::new())
        }
        DriftKind::Returned => {
            let note = paint(style.quiet, "(cleared, but on Channel again)");
            (format!("{}   {note}", found.text(path, full)), Vec::new())
        }
    }
}

/// `Drift: 3 changed, 1 gone, 2 with changed consent. 144 as applied.`
pub(crate) fn counts(view: &DriftView<'_>) -> String {
    let DriftCounts {
        changed,
        gone,
        created_anew,
        consent,
        as_applied,
        earlier: _,
        failed: _,
        skipped: _,
        flags_not_shown: _,
    } = view.counts;
    if view.users == 0 {
        return match view.selected {
            Some(_) => "No users to check: no recorded user is selected.".to_owned(),
            None => "No users to check: the state records none.".to_owned(),
        };
    }
    if view.drift.is_empty() && as_applied == view.users {
        let users = users(as_applied);
        return format!("No drift. Your channel matches what was applied. ({users})");
    }
    if view.drift.is_empty() {
        let users = users(as_applied);
        return format!("No drift among {users} that could be read.");
    }
    let kinds = [
        (changed, "changed"),
        (gone, "gone"),
        (created_anew, "created anew"),
        (consent, "with changed consent"),
    ];
    let words: Vec<String> = kinds
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    format!("Drift: {}. {as_applied} as applied.", words.join(", "))
}

/// Sentences that qualify the totals: a sample, a continued run, an early stop.
pub(crate) fn notes(view: &DriftView<'_>) -> Vec<String> {
    let DriftCounts {
        earlier,
        skipped,
        flags_not_shown,
        ..
    } = view.counts;
    let mut notes = Vec::new();
    if let Some(sample) = view.sample {
        notes.push(format!(
            "A sample of {} of {} recorded users; --sample {} --seed {} takes the same sample again.",
            view.users, sample.of, view.users, sample.seed
        ));
    }
    if earlier > 0 {
        notes.push(format!(
            "{earlier} of them were read by the previous run, which this one continues."
        ));
    }
    if flags_not_shown > 0 {
        notes.push(format!(
            "Channel does not show {flags_not_shown} of the recorded consent flags; they were not compared."
        ));
    }
    if let Some(cause) = view.stopped {
        notes.push(format!(
            "{}. {} not read; within a day, the same command continues from here.",
            why_stopped(cause),
            counted(skipped, "user was", "users were")
        ));
    }
    notes
}

/// The users that could not be read; of many, the first.
pub(crate) fn unread(view: &DriftView<'_>) -> Vec<String> {
    if view.failed.is_empty() {
        return Vec::new();
    }
    let title = format!("{} could not be read:", users(view.failed.len()));
    let failed = view.failed.iter().map(|unread| {
        let (id, message) = (terminal(unread.id.as_str()), terminal(unread.message));
        format!("{id}   {message}")
    });
    let failed = first(failed, MOST_UNREAD);
    let failed = failed.into_iter().map(|line| format!("  {line}"));
    std::iter::once(title).chain(failed).collect()
}
