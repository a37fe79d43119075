//! The lines in which changes are told, before a renderer gives them indentation or a diff's marks.

use crate::model::{Origin, Reason, RejectedRequest, Rejection};
use crate::render::common::escape::{terminal, width};
use crate::render::common::style::{Style, paint};
use crate::render::common::text_diff;
use crate::render::common::text_diff::Drawn;
use crate::render::common::value;
use crate::render::plan::group::{Block, NAMED};
use crate::render::plan::view::{Action, FieldKind, FieldView, Shown, UserView};

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A sentence over what follows: `#`.
    Title,
    /// `+`, `~`, `>`, `-`, `x` or `.`
    Symbol(char),
    /// Neither.
    Blank,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is about.
    pub mark: Mark,
    /// How far in: 0 for a user, 1 for a field, 2 for what is inside a field.
    pub depth: usize,
    /// The text, escaped and painted.
    pub text: String,
    /// A place to be set at the right.
    pub place: Option<String>,
}

impl Line {
    pub(crate) fn new(mark: Mark, depth: usize, text: impl Into<String>) -> Self {
        Self {
            mark,
            depth,
            text: text.into(),
            place: None,
        }
    }
}

/// The lines of one part of a plan. With `full`, nothing is shortened.
pub fn of(block: &Block<'_, '_>, style: &Style, full: bool) -> Vec<Line> {
    match block {
        Block::One(user) => one(user, style, full),
        Block::Alike(users) => alike(users, style, full),
        Block::Creates(count) => vec![Line::new(
            Mark::Symbol('+'),
            0,
            format!("… and {count} more {} to create", noun(*count)),
        )],
    }
}

fn one(user: &UserView<'_>, style: &Style, full: bool) -> Vec<Line> {
    let id = terminal(user.id.as_str());
    let title = match user.from {
        Some(from) => format!("{} moves to {id}", terminal(from.as_str())),
        None => format!("{id} {}", sentence(user, false)),
    };
    let mut title = Line::new(Mark::Title, 0, paint(style.strong, &title));
    title.place = user.origin.map(place);
    let mut lines = vec![title];
    if let Some(rejection) = user.rejected {
        lines.push(Line::new(
            Mark::Title,
            0,
            paint(style.warning, &rejected_last_time(rejection)),
        ));
    }
    if let Some(from) = user.from {
        let text = left_behind(&terminal(from.as_str()), &id, user.deletes);
        lines.push(Line::new(Mark::Title, 0, text));
    }
    lines.push(Line::new(Mark::Symbol(user.action.symbol()), 0, name(user)));
    lines.extend(fields(&user.fields, style, full));
    if user.unchanged_fields > 0 {
        let noun = if user.unchanged_fields == 1 {
            "field"
        } else {
            "fields"
        };
        let text = format!("# {} unchanged {noun} hidden", user.unchanged_fields);
        lines.push(Line::new(Mark::Blank, 1, paint(style.quiet, &text)));
    }
    lines
}

fn alike(users: &[&UserView<'_>], style: &Style, full: bool) -> Vec<Line> {
    let Some(first) = users.first() else {
        return Vec::new();
    };
    let count = users.len();
    let title = format!("{count} users {}", sentence(first, true));
    let mut lines = vec![Line::new(Mark::Title, 0, paint(style.strong, &title))];
    let shown = format!("({NAMED} shown)");
    match first.fields.as_slice() {
        [field] if fits_a_sentence(field) && first.action != Action::Move => {
            let path = terminal(&field.path.to_string()).into_owned();
            let (text, below) = body(field, style, full);
            let colon = if text.is_empty() { "" } else { ": " };
            let text = format!("{path}{colon}{text} for {count} users {shown}");
            lines.push(Line::new(Mark::Symbol(field.kind.symbol()), 0, text));
            lines.extend(below);
        }
        several => {
            let text = format!("{count} users {shown}");
            lines.push(Line::new(Mark::Symbol(first.action.symbol()), 0, text));
            lines.extend(fields(several, style, full));
        }
    }
    for user in &users[..NAMED.min(count)] {
        let mut line = Line::new(Mark::Blank, 1, name(user));
        line.place = user.origin.map(place);
        lines.push(line);
    }
    if count > NAMED {
        let text = format!("… and {} more", count - NAMED);
        lines.push(Line::new(Mark::Blank, 1, paint(style.quiet, &text)));
    }
    lines
}

/// What becomes of the id before.
fn left_behind(from: &str, to: &str, deleted: bool) -> String {
    if deleted {
        format!("{from} is deleted on Channel, for good, once Channel has {to}")
    } else {
        format!("{from} stays on Channel as it is; nothing ties it to {to}")
    }
}

/// The user's id, with the one before.
fn name(user: &UserView<'_>) -> String {
    let id = terminal(user.id.as_str());
    match user.from {
        Some(from) => format!("{} -> {id}", terminal(from.as_str())),
        None => id.into_owned(),
    }
}

/// Whether «for 412 users» can follow without blurring what is said of the field.
fn fits_a_sentence(field: &FieldView<'_>) -> bool {
    let has_note = field.opt_in || field.kind == FieldKind::Once;
    !has_note && !matches!(field.kind, FieldKind::Release | FieldKind::Leave)
}

/// What happens, as the rest of a sentence that begins with a user's id or a number of users.
pub fn sentence(user: &UserView<'_>, many: bool) -> &'static str {
    let api_changed = user.reason == Reason::ApiChanged;
    match (user.action, many) {
        (Action::Create, _) if user.reason == Reason::DeletedOnChannel => {
            "will be created again: deleted on Channel since"
        }
        (Action::Create, _) if user.reason == Reason::Adopted => {
            "will be adopted: on Channel already"
        }
        (Action::Create, _) => "will be created",
        (Action::Update, false) if user.reason == Reason::ChangedOnChannel => {
            "will be set right: changed on Channel since"
        }
        (Action::Update, true) if user.reason == Reason::ChangedOnChannel => {
            "will be set right in the same way: changed on Channel since"
        }
        (Action::Update, _) if api_changed => {
            "will be updated in the state only: the new API version has no such field"
        }
        (Action::Update, _) if !user.sends_request => "will be updated in the state only",
        (Action::Update, false) => "will be updated",
        (Action::Update, true) => "will be updated in the same way",
        (Action::Move, _) if user.deletes => {
            "move to another id: each old one is deleted on Channel, for good, once Channel has the new one"
        }
        (Action::Move, _) => {
            "move to another id: the old ones stay on Channel as they are; nothing ties them to the new"
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

/// `rejected last time: 422 CODE (attempt 2 since 2026-11-23)`
pub fn rejected_last_time(rejection: &Rejection) -> String {
    let Rejection {
        digest: _,
        request,
        status,
        code,
        attempts,
        since,
    } = rejection;
    let code = code.as_deref().map(short_code).unwrap_or_default();
    let since = since.strftime("%Y-%m-%d");
    let request = rejected_request(*request);
    format!("rejected last time: {request}{status}{code} (attempt {attempts} since {since})")
}

/// Which request Channel rejected, in front of its status. Nothing for the PUT and the DELETE of the user
/// itself.
pub(crate) fn rejected_request(request: RejectedRequest) -> &'static str {
    match request {
        RejectedRequest::Put | RejectedRequest::Delete => "",
        RejectedRequest::DeleteOld => "the old id: ",
    }
}

/// A code of Channel's with a space before it; it is a word, so anything long is none.
pub fn short_code(code: &str) -> String {
    let code = value::cut(code, 60).map_or(code, |(beginning, _)| beginning);
    format!(" {}", terminal(code))
}

pub(crate) fn place(origin: &Origin) -> String {
    let file = terminal(&origin.file);
    match origin.line {
        0 => file.into_owned(),
        line => format!("{file}:{line}"),
    }
}

/// One line for each field, the values under each other.
fn fields(fields: &[FieldView<'_>], style: &Style, full: bool) -> Vec<Line> {
    let drawn = fields.iter().map(|field| {
        let (text, below) = body(field, style, full);
        DrawnField {
            symbol: field.kind.symbol(),
            path: terminal(&field.path.to_string()).into_owned(),
            text,
            below,
        }
    });
    aligned(drawn.collect())
}

/// A field's line before it is known how far to the right its text begins.
pub(crate) struct DrawnField {
    pub(crate) symbol: char,
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) below: Vec<Line>,
}

pub(crate) fn aligned(drawn: Vec<DrawnField>) -> Vec<Line> {
    let with_text = drawn.iter().filter(|field| !field.text.is_empty());
    let widest = with_text.map(|field| width(&field.path)).max().unwrap_or(0);
    let mut lines = Vec::with_capacity(drawn.len());
    for field in drawn {
        let DrawnField {
            symbol,
            path,
            text,
            below,
        } = field;
        let line = if text.is_empty() {
            path
        } else {
            let gap = widest - width(&path) + 3;
            format!("{path}{:gap$}{text}", "")
        };
        lines.push(Line::new(Mark::Symbol(symbol), 1, line));
        lines.extend(below);
    }
    lines
}

/// What stands after the path, and what below it.
fn body(field: &FieldView<'_>, style: &Style, full: bool) -> (String, Vec<Line>) {
    let (mut text, below) = match field.kind {
        FieldKind::New => (shown(field, field.new, full), Vec::new()),
        FieldKind::Once => (
            format!(
                "{}   {}",
                shown(field, field.new, full),
                paint(style.quiet, "(kept if already present)")
            ),
            Vec::new(),
        ),
        FieldKind::Changed => changed(field, style, full),
        FieldKind::Clear { declared } => {
            let why = if declared {
                "(declared null)"
            } else {
                "(no longer declared)"
            };
            let why = paint(style.quiet, why);
            match field.old {
                Shown::Value(_) => (
                    format!("{}   {why}", shown(field, field.old, full)),
                    Vec::new(),
                ),
                Shown::Masked | Shown::AsApplied | Shown::Undeclarable | Shown::Absent => {
                    (why, Vec::new())
                }
            }
        }
        FieldKind::Release => ("left as it is on Channel".to_owned(), Vec::new()),
        FieldKind::Leave => ("not carried over to the new id".to_owned(), Vec::new()),
    };
    if field.opt_in {
        let note = paint(style.warning, "# may message someone who opted out");
        text = format!("{text}   {note}");
    }
    (text, below)
}

pub(crate) fn changed(field: &FieldView<'_>, style: &Style, full: bool) -> (String, Vec<Line>) {
    let (Shown::Value(old), Shown::Value(new)) = (field.old, field.new) else {
        let text = if field.new == Shown::Masked {
            shown(field, field.new, full)
        } else {
            format!(
                "{} -> {}",
                shown(field, field.old, full),
                shown(field, field.new, full)
            )
        };
        return (text, Vec::new());
    };
    if old == new {
        let note = paint(style.quiet, "(on Channel already)");
        return (
            format!("{}   {note}", shown(field, field.new, full)),
            Vec::new(),
        );
    }
    match text_diff::draw(field.path, old, new, style, full) {
        Drawn::Inline(text) => (text, Vec::new()),
        Drawn::Lines { note, lines } => {
            let lines = lines
                .into_iter()
                .map(|(mark, text)| match mark {
                    ' ' => Line::new(Mark::Blank, 2, text),
                    symbol => Line::new(Mark::Symbol(symbol), 2, text),
                })
                .collect();
            (note.to_owned(), lines)
        }
    }
}

pub(crate) fn shown(field: &FieldView<'_>, shown: Shown<'_>, full: bool) -> String {
    match shown {
        Shown::Value(value) => value::value(field.path, value, full),
        Shown::Masked => "(sensitive)".to_owned(),
        Shown::AsApplied => "(as applied)".to_owned(),
        Shown::Undeclarable => "(a value that no manifest can declare)".to_owned(),
        Shown::Absent => "(none)".to_owned(),
    }
}

/// `user` or `users`.
pub fn noun(count: usize) -> &'static str {
    if count == 1 { "user" } else { "users" }
}
