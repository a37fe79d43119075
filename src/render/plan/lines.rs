//! Writes the lines that describe the changes of a plan.

use crate::model::{Action, Reason};
use crate::render::common::escape::terminal;
use crate::render::common::line::{FieldLine, Line, Mark, NAMED, aligned, named};
use crate::render::common::shown::{Shown, difference};
use crate::render::common::style::{Style, paint};
use crate::render::plan::change::{ChangeView, FieldKind, FieldView};
use crate::render::plan::group::Block;
use crate::render::plan::view::PlanView;
use crate::words::{counted, users};

/// The lines of one part of a plan. With `full`, nothing is shortened.
pub fn of(view: &PlanView<'_>, block: &Block, style: &Style, full: bool) -> Vec<Line> {
    match block {
        Block::One(place) => one(&view.changes.get(*place), style, full),
        Block::Alike(places) => alike(view, places, style, full),
        Block::Creates(count) => vec![Line::new(
            Mark::Symbol('+'),
            0,
            format!(
                "… and {} to create",
                counted(*count, "more user", "more users")
            ),
        )],
    }
}

fn one(user: &ChangeView<'_>, style: &Style, full: bool) -> Vec<Line> {
    let id = terminal(user.id.as_str());
    let title = match &user.from {
        Some(from) => format!("{} moves to {id}", terminal(from.as_str())),
        None => format!("{id} {}", sentence(user, false)),
    };
    let title = Line::new(Mark::Title, 0, paint(style.strong, &title)).at(user.origin);
    let mut lines = vec![title];
    if let Some(rejected) = &user.rejected {
        let text = paint(style.warning, &rejected.sentence());
        lines.push(Line::new(Mark::Title, 0, text));
    }
    if let Some(from) = &user.from {
        let text = left_behind(&terminal(from.as_str()), &id, user.deletes);
        lines.push(Line::new(Mark::Title, 0, text));
    }
    lines.push(Line::new(Mark::Symbol(user.symbol()), 0, name(user)));
    lines.extend(fields(&user.fields, style, full));
    lines.extend(hidden_fields(user, style));
    lines
}

/// The fields of one user, without the user.
pub(crate) fn fields_of_one(user: &ChangeView<'_>, style: &Style) -> Vec<Line> {
    let mut lines = fields(&user.fields, style, false);
    if !lines.is_empty() {
        lines.extend(hidden_fields(user, style));
    }
    lines
}

/// How many fields do not change.
fn hidden_fields(user: &ChangeView<'_>, style: &Style) -> Option<Line> {
    if user.unchanged_fields > 0 {
        let count = counted(user.unchanged_fields, "unchanged field", "unchanged fields");
        let text = format!("# {count} hidden");
        return Some(Line::new(Mark::Blank, 1, paint(style.quiet, &text)));
    }
    None
}

fn alike(view: &PlanView<'_>, places: &[usize], style: &Style, full: bool) -> Vec<Line> {
    let Some(first) = places.first() else {
        return Vec::new();
    };
    let first = view.changes.get(*first);
    let count = users(places.len());
    let title = format!("{count} {}", sentence(&first, true));
    let mut lines = vec![Line::new(Mark::Title, 0, paint(style.strong, &title))];
    let shown = format!("({NAMED} shown)");
    match first.fields.as_slice() {
        [field] if fits_a_sentence(field) && first.action != Action::Move => {
            let path = terminal(&field.path.to_string()).into_owned();
            let (text, below) = body(field, style, full);
            let colon = if text.is_empty() { "" } else { ": " };
            let text = format!("{path}{colon}{text} for {count} {shown}");
            lines.push(Line::new(Mark::Symbol(field.kind.symbol()), 0, text));
            lines.extend(below);
        }
        several => {
            let text = format!("{count} {shown}");
            lines.push(Line::new(Mark::Symbol(first.symbol()), 0, text));
            lines.extend(fields(several, style, full));
        }
    }
    let users = places.iter().map(|place| {
        let user = view.changes.get(*place);
        (name(&user), user.origin)
    });
    lines.extend(named(users, style));
    lines
}

/// What happens to the previous id of a user who moves.
pub(crate) fn left_behind(from: &str, to: &str, deleted: bool) -> String {
    if deleted {
        format!("{from} is deleted on Channel, for good, after Channel accepts {to}")
    } else {
        format!("{from} stays on Channel unchanged and is not linked to {to}")
    }
}

/// The user's id, after the previous one of a user who moves.
fn name(user: &ChangeView<'_>) -> String {
    let id = terminal(user.id.as_str());
    match &user.from {
        Some(from) => format!("{} -> {id}", terminal(from.as_str())),
        None => id.into_owned(),
    }
}

/// Whether `for 412 users` can follow the field in the same line.
fn fits_a_sentence(field: &FieldView<'_>) -> bool {
    let has_note = field.opt_in || field.kind == FieldKind::Once;
    !has_note && !matches!(field.kind, FieldKind::Release | FieldKind::Leave)
}

/// What happens, as the end of a sentence that begins with a user's id or a number of users.
pub fn sentence(user: &ChangeView<'_>, many: bool) -> &'static str {
    let api_changed = user.reason == Reason::ApiChanged;
    if user.reason == Reason::Pending {
        return pending_sentence(user.action, many);
    }
    match (user.action, many) {
        (Action::Create, _) if user.reason == Reason::DeletedOnChannel => {
            "will be created again: deleted on Channel since the last apply"
        }
        (Action::Create, _) if user.reason == Reason::Adopted => {
            "will be adopted: already on Channel"
        }
        (Action::Create, _) => "will be created",
        (Action::Update, false) if user.reason == Reason::ChangedOnChannel => {
            "will be restored: changed on Channel since the last apply"
        }
        (Action::Update, true) if user.reason == Reason::ChangedOnChannel => {
            "will be restored in the same way: changed on Channel since the last apply"
        }
        (Action::Update, false) if user.reason == Reason::CreatedAnew => {
            "will be restored: deleted on Channel and created anew since the last apply"
        }
        (Action::Update, true) if user.reason == Reason::CreatedAnew => {
            "will be restored in the same way: deleted on Channel and created anew since the last apply"
        }
        (Action::Update, false) if user.reason == Reason::NotCleared && user.sends_request => {
            "will be cleared again: Channel's last response still showed what was to be cleared"
        }
        (Action::Update, true) if user.reason == Reason::NotCleared && user.sends_request => {
            "will be cleared again in the same way: Channel's last responses still showed what was to be cleared"
        }
        (Action::Update, _) if api_changed => {
            "will be updated in the state only: the new API version has no such field"
        }
        (Action::Update, _) if !user.sends_request => "will be updated in the state only",
        (Action::Update, false) => "will be updated",
        (Action::Update, true) => "will be updated in the same way",
        (Action::Move, _) if user.deletes => {
            "move to another id: each old one is deleted on Channel, for good, after Channel accepts the new one"
        }
        (Action::Move, _) => {
            "move to another id: the old ones stay on Channel unchanged and are not linked to the new ones"
        }
        (Action::Forget, false) => {
            "is no longer declared: forgotten here, left as it is on Channel"
        }
        (Action::Forget, true) => {
            "are no longer declared: forgotten here, left as they are on Channel"
        }
        (Action::Delete, false) => "is no longer declared: deleted on Channel, for good",
        (Action::Delete, true) => "are no longer declared: deleted on Channel, for good",
    }
}

/// The same for users whose last request has no known result.
fn pending_sentence(action: Action, many: bool) -> &'static str {
    match (action, many) {
        (Action::Create | Action::Update | Action::Move, false) => {
            "will be sent whole: was being sent when the last run ended; Channel may have either"
        }
        (Action::Create | Action::Update | Action::Move, true) => {
            "will be sent whole: were being sent when the last run ended; Channel may have either"
        }
        (Action::Forget, false) => {
            "is no longer declared and was being sent when the last run ended: forgotten here, left as it is on Channel"
        }
        (Action::Forget, true) => {
            "are no longer declared and were being sent when the last run ended: forgotten here, left as they are on Channel"
        }
        (Action::Delete, false) => {
            "is no longer declared and was being sent when the last run ended: deleted on Channel, for good"
        }
        (Action::Delete, true) => {
            "are no longer declared and were being sent when the last run ended: deleted on Channel, for good"
        }
    }
}

/// One line for each field, with the values in one column.
pub(crate) fn fields(fields: &[FieldView<'_>], style: &Style, full: bool) -> Vec<Line> {
    let drawn = fields.iter().map(|field| {
        let (text, below) = body(field, style, full);
        FieldLine {
            symbol: field.kind.symbol(),
            path: terminal(&field.path.to_string()).into_owned(),
            text,
            below,
        }
    });
    aligned(drawn.collect())
}

/// The text after the path, and the lines below it.
fn body(field: &FieldView<'_>, style: &Style, full: bool) -> (String, Vec<Line>) {
    let path = &field.path;
    let (mut text, below) = match field.kind {
        FieldKind::New => (field.new.text(path, full), Vec::new()),
        FieldKind::Once => {
            let note = paint(style.quiet, "(kept if already present)");
            (
                format!("{}   {note}", field.new.text(path, full)),
                Vec::new(),
            )
        }
        FieldKind::Changed => difference(path, field.old, field.new, style, full),
        FieldKind::ClearDeclared => (cleared(field, "(declared null)", style, full), Vec::new()),
        FieldKind::ClearUndeclared => (
            cleared(field, "(no longer declared)", style, full),
            Vec::new(),
        ),
        FieldKind::Release => ("left as it is on Channel".to_owned(), Vec::new()),
        FieldKind::Leave => ("not carried over to the new id".to_owned(), Vec::new()),
    };
    if field.opt_in {
        let note = paint(style.warning, "# may message someone who opted out");
        text = format!("{text}   {note}");
    }
    (text, below)
}

/// Why a field is removed, after its value if that is known.
fn cleared(field: &FieldView<'_>, why: &str, style: &Style, full: bool) -> String {
    let why = paint(style.quiet, why);
    match field.old {
        Shown::Value(_) => format!("{}   {why}", field.old.text(&field.path, full)),
        Shown::Sensitive
        | Shown::Hidden
        | Shown::AsApplied
        | Shown::Undeclarable
        | Shown::Absent => why,
    }
}
