//! The lines and sentences in which drift is told.

use std::collections::HashMap;

use crate::render::common::escape::terminal;
use crate::render::common::style::{Style, paint};
use crate::render::drift::view::{
    DriftCounts, DriftField, DriftStanding, DriftUser, DriftView, DriftWord,
};
use crate::render::plan::group::NAMED;
use crate::render::plan::lines::{DrawnField, Line, Mark, aligned, changed, noun, place, shown};
use crate::render::plan::view::{FieldKind, FieldView, Shown};
use crate::render::report::text::why_stopped;

/// Up to so many users are shown one by one.
const SMALL: usize = 20;

/// How many users that could not be read are named.
const MOST_NAMED: usize = 20;

/// Users who are told of together, and in which standing they are.
pub(crate) struct Block<'v, 'a> {
    pub(crate) standing: DriftStanding,
    pub(crate) users: Vec<&'v DriftUser<'a>>,
}

/// Users to whom the same happened, more than [`NAMED`], are one block where there are many users; in
/// the order of the first id in each. With `full`, every user is a block.
pub(crate) fn blocks<'v, 'a>(view: &'v DriftView<'a>, full: bool) -> Vec<Block<'v, 'a>> {
    let users = &view.users;
    let alone = full || users.len() <= SMALL;
    let mut counts: HashMap<(DriftStanding, &[DriftField<'a>]), usize> = HashMap::new();
    for user in users {
        *counts.entry((user.standing, &user.fields)).or_default() += 1;
    }
    let mut places: HashMap<(DriftStanding, &[DriftField<'a>]), usize> = HashMap::new();
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
    let Some(first) = block.users.first() else {
        return Vec::new();
    };
    let count = block.users.len();
    let alone = count == 1;
    let id = terminal(first.id.as_str());
    let subject = if alone {
        id.to_string()
    } else {
        format!("{count} users")
    };
    let sentence = match (block.standing, alone) {
        (DriftStanding::Gone, true) => "is gone from Channel",
        (DriftStanding::Gone, false) => "are gone from Channel",
        (DriftStanding::Changed, true) => "is on Channel otherwise than applied",
        (DriftStanding::Changed, false) => "are on Channel otherwise than applied, in the same way",
        (DriftStanding::Consent, true) => "chose about messages since",
        (DriftStanding::Consent, false) => "chose the same about messages since",
    };
    let title = paint(style.strong, &format!("{subject} {sentence}"));
    let mut title = Line::new(Mark::Title, 0, title);
    if alone {
        title.place = first.origin.map(place);
    }
    let head = if alone {
        id.into_owned()
    } else {
        format!("{count} users ({NAMED} shown)")
    };
    let mut lines = vec![
        title,
        Line::new(Mark::Symbol(block.standing.symbol()), 0, head),
    ];
    lines.extend(fields(&first.fields, style, full));
    if alone && first.same > 0 {
        let noun = if first.same == 1 { "field" } else { "fields" };
        let text = format!("# {} {noun} as applied hidden", first.same);
        lines.push(Line::new(Mark::Blank, 1, paint(style.quiet, &text)));
    }
    if !alone {
        for user in block.users.iter().take(NAMED) {
            let mut line = Line::new(Mark::Blank, 1, terminal(user.id.as_str()));
            line.place = user.origin.map(place);
            lines.push(line);
        }
        let text = format!("… and {} more", count - NAMED);
        lines.push(Line::new(Mark::Blank, 1, paint(style.quiet, &text)));
    }
    lines
}

fn fields(fields: &[DriftField<'_>], style: &Style, full: bool) -> Vec<Line> {
    let drawn = fields.iter().map(|field| {
        let (mut text, below) = body(field, style, full);
        if field.never_confirmed {
            let note = paint(style.quiet, "(Channel never confirmed it)");
            text = format!("{text}   {note}");
        }
        DrawnField {
            symbol: field.word.symbol(),
            path: terminal(&field.path.to_string()).into_owned(),
            text,
            below,
        }
    });
    aligned(drawn.collect())
}

fn body(field: &DriftField<'_>, style: &Style, full: bool) -> (String, Vec<Line>) {
    let as_change = FieldView {
        path: field.path,
        kind: FieldKind::Changed,
        old: field.applied,
        new: field.found,
        opt_in: false,
    };
    match field.word {
        DriftWord::Changed => changed(&as_change, style, full),
        // Channel may just not have taken it; the note says so.
        DriftWord::Consent if field.never_confirmed => changed(&as_change, style, full),
        DriftWord::Consent => {
            let (text, below) = changed(&as_change, style, full);
            let note = paint(style.quiet, "(the person's choice)");
            (format!("{text}   {note}"), below)
        }
        DriftWord::Missing => {
            let note = paint(style.quiet, "(not on Channel)");
            let text = match field.applied {
                Shown::Value(_) => format!("{}   {note}", shown(&as_change, field.applied, full)),
                _ => note,
            };
            (text, Vec::new())
        }
        DriftWord::Returned => {
            let note = paint(style.quiet, "(cleared, and there again)");
            let text = shown(&as_change, field.found, full);
            (format!("{text}   {note}"), Vec::new())
        }
    }
}

/// `Drift: 3 users changed, 1 gone, 2 with a choice of their own. 144 as applied.`
pub(crate) fn counts(view: &DriftView<'_>) -> String {
    let DriftCounts {
        changed,
        gone,
        consent,
        as_applied,
    } = view.counts;
    if view.users.is_empty() {
        let read = as_applied;
        if view.report.users == 0 {
            return "Nobody to look at: no recorded user is selected.".to_owned();
        }
        return if read == view.report.users {
            format!(
                "No drift. Your channel is as applied. ({read} {})",
                noun(read)
            )
        } else {
            format!("No drift among {read} {} that could be read.", noun(read))
        };
    }
    let kinds = [
        (changed, "changed"),
        (gone, "gone"),
        (consent, "with a choice of the person's own"),
    ];
    let words: Vec<String> = kinds
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    format!("Drift: {}. {as_applied} as applied.", words.join(", "))
}

/// What else has to be known to read the numbers right.
pub(crate) fn notes(view: &DriftView<'_>) -> Vec<String> {
    let report = view.report;
    let mut notes = Vec::new();
    if let Some(sample) = report.sample {
        notes.push(format!(
            "A sample of {} of {} recorded users; --sample {} --seed {} takes the same again.",
            report.users, sample.of, report.users, sample.seed
        ));
    }
    if report.earlier > 0 {
        notes.push(format!(
            "{} of them were read by the run before, which this one goes on from.",
            report.earlier
        ));
    }
    if report.not_shown > 0 {
        notes.push(format!(
            "Channel does not show {} of the recorded consent flags; nothing can be said of them.",
            report.not_shown
        ));
    }
    if let Some(cause) = report.stopped {
        notes.push(format!(
            "{}. {} {} not read; the same command goes on from here within a day.",
            why_stopped(cause),
            report.skipped,
            if report.skipped == 1 {
                "user was"
            } else {
                "users were"
            }
        ));
    }
    notes
}

/// Who could not be read; the first of many.
pub(crate) fn unread(view: &DriftView<'_>) -> Vec<String> {
    let failed = &view.report.failed;
    if failed.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!(
        "{} {} could not be read:",
        failed.len(),
        noun(failed.len())
    )];
    for (id, message) in failed.iter().take(MOST_NAMED) {
        let (id, message) = (terminal(id.as_str()), terminal(message));
        lines.push(format!("  {id}   {message}"));
    }
    if failed.len() > MOST_NAMED {
        lines.push(format!("  … and {} more", failed.len() - MOST_NAMED));
    }
    lines
}
