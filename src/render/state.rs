//! Writes a state and a plan file as text: ids, digests, dates and field paths. They contain nothing else.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::{Action, Entry, MemberId, Rejection, State, UserDigest};
use crate::plan::{ChangeLine, PlanFile};
use crate::render::common::escape::{terminal, width};
use crate::render::common::rejection::RejectionView;
use crate::render::common::style::{Style, paint};
use crate::render::state_json::StateSummary;
use crate::words::counted;

/// Writes the summary of a state: its destination, its key and its numbers.
///
/// # Errors
///
/// `out` returns an error.
pub fn state(out: &mut dyn fmt::Write, state: &State, style: &Style) -> fmt::Result {
    let StateSummary {
        format_version: _,
        talkform: _,
        lineage,
        serial,
        destination,
        key_id,
        canonical_form,
        users,
        files,
        pending,
        rejected,
        unconfirmed,
    } = StateSummary::of(state);
    let rows = [
        ("lineage", terminal(lineage).into_owned()),
        ("serial", serial.to_string()),
        (
            "destination",
            terminal(&destination.to_string()).into_owned(),
        ),
        ("state key", terminal(key_id.unwrap_or("none")).into_owned()),
        ("form", canonical_form.to_string()),
        ("users", users.to_string()),
        ("files", files.to_string()),
        ("pending", pending.to_string()),
        ("rejected", rejected.to_string()),
        ("unconfirmed", unconfirmed.to_string()),
    ];
    write_rows(out, &rows, style)
}

/// Writes the destination, the origin, the changes and the totals of a plan file. Its texts are untrusted.
///
/// # Errors
///
/// `out` returns an error.
pub fn plan_file(out: &mut dyn fmt::Write, file: &PlanFile, style: &Style) -> fmt::Result {
    let revision = file.revision.as_ref();
    let revision = revision.map_or_else(|| "not known".to_owned(), ToString::to_string);
    write_rows(
        out,
        &[
            (
                "destination",
                terminal(&file.destination.to_string()).into_owned(),
            ),
            ("revision", terminal(&revision).into_owned()),
            ("made at", file.at.to_string()),
        ],
        style,
    )?;
    writeln!(out)?;
    for (id, line) in &file.changes {
        writeln!(
            out,
            "{}  {}",
            paint(style.strong, &terminal(id.as_str())),
            words(line)
        )?;
        for field in &line.fields {
            writeln!(out, "    {}", terminal(field))?;
        }
    }
    if !file.changes.is_empty() {
        writeln!(out)?;
    }
    let of = |action| {
        let lines = file.changes.values();
        lines.filter(|line| line.action == action).count()
    };
    let some = |count: usize| match count {
        0 => String::new(),
        count => count.to_string(),
    };
    let rows = [
        ("create", of(Action::Create).to_string()),
        ("update", of(Action::Update).to_string()),
        ("move", some(of(Action::Move))),
        ("forget", of(Action::Forget).to_string()),
        ("delete", of(Action::Delete).to_string()),
        (
            "api",
            file.api
                .map_or_else(String::new, |api| format!("{} -> {}", api.from, api.to)),
        ),
        ("unchanged", file.unchanged.to_string()),
        (
            "refreshed",
            if file.refreshed { "yes" } else { "" }.to_owned(),
        ),
        ("selected", terminal(&file.select.join(" ")).into_owned()),
        ("lineage", terminal(&file.lineage).into_owned()),
        ("serial", file.serial.to_string()),
        ("manifests", file.manifests.to_string()),
        ("digest", file.digest.to_string()),
    ];
    write_rows(out, &rows, style)
}

/// Writes a line for each row with a value.
fn write_rows(out: &mut dyn fmt::Write, rows: &[(&str, String)], style: &Style) -> fmt::Result {
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        let name = paint(style.strong, &format!("{name:11}"));
        writeln!(out, "{name}   {value}")?;
    }
    Ok(())
}

fn words(line: &ChangeLine) -> String {
    let action = line.action;
    let deleted = if line.delete_old {
        ", which is deleted"
    } else {
        ""
    };
    match &line.from {
        Some(from) => format!("{action} from {}{deleted}", terminal(from.as_str())),
        None => action.to_string(),
    }
}

/// Writes one user a line, by id: the recorded users, then the others that are pending or rejected.
///
/// # Errors
///
/// `out` returns an error.
pub fn state_list(out: &mut dyn fmt::Write, state: &State, style: &Style) -> fmt::Result {
    let ids = state.users.keys().chain(state.rejected.keys());
    let ids = ids.chain(state.pending.keys());
    let widest = ids
        .map(|id| width(&terminal(id.as_str())))
        .max()
        .unwrap_or(0);
    let column = |id: &MemberId| {
        let id = terminal(id.as_str());
        let gap = widest - width(&id);
        format!("{id}{:gap$}", "")
    };
    for (id, entry) in &state.users {
        write!(
            out,
            "{}   {}   {}",
            column(id),
            prefix(entry.digest),
            entry.at
        )?;
        if !entry.unconfirmed.is_empty() {
            write!(out, "   {} unconfirmed", entry.unconfirmed.len())?;
        }
        writeln!(
            out,
            "{}{}",
            pending(state, id, style),
            rejected(state, id, style)
        )?;
    }
    let others: BTreeSet<&MemberId> = state.rejected.keys().chain(state.pending.keys()).collect();
    for id in others {
        if !state.users.contains_key(id) {
            let pending = pending(state, id, style);
            let rejected = rejected(state, id, style);
            writeln!(out, "{}{pending}{rejected}", column(id))?;
        }
    }
    Ok(())
}

/// The note of a pending user.
const PENDING: &str = "was being sent when the last run ended; Channel may have either";

fn pending(state: &State, id: &MemberId, style: &Style) -> String {
    state.pending.get(id).map_or(String::new(), |_| {
        format!("   {}", paint(style.warning, PENDING))
    })
}

fn rejected(state: &State, id: &MemberId, style: &Style) -> String {
    state.rejected.get(id).map_or(String::new(), |rejection| {
        format!("   {}", warning(rejection, style))
    })
}

fn warning(rejection: &Rejection, style: &Style) -> String {
    paint(style.warning, &RejectionView::new(rejection).sentence())
}

fn prefix(digest: UserDigest) -> String {
    digest.to_string().chars().take(12).collect()
}

/// Writes what the state records of one user. Returns `false` and writes nothing if it records nothing.
///
/// # Errors
///
/// `out` returns an error.
pub fn state_user(
    out: &mut dyn fmt::Write,
    state: &State,
    id: &MemberId,
    style: &Style,
) -> Result<bool, fmt::Error> {
    let entry = state.users.get(id);
    let rejection = state.rejected.get(id);
    let pending = state.pending.get(id);
    if entry.is_none() && rejection.is_none() && pending.is_none() {
        return Ok(false);
    }
    writeln!(out, "{}", paint(style.strong, &terminal(id.as_str())))?;
    if let Some(pending) = pending {
        let since = pending.since.strftime("%Y-%m-%d");
        let text = format!("{PENDING} (since {since})");
        writeln!(out, "  {}", paint(style.warning, &text))?;
    }
    if let Some(rejection) = rejection {
        writeln!(out, "  {}", warning(rejection, style))?;
    }
    match entry {
        Some(entry) => write_entry(out, entry, state)?,
        None => writeln!(out, "  never applied")?,
    }
    Ok(true)
}

fn write_entry(out: &mut dyn fmt::Write, entry: &Entry, state: &State) -> fmt::Result {
    let Entry {
        digest,
        at,
        file,
        fields,
        remote_id: _,
        unconfirmed,
        shown_instead: _,
    } = entry;
    writeln!(out, "  applied   {at}")?;
    writeln!(out, "  digest    {digest}")?;
    let mut files = state.files.iter();
    if let Some((name, _)) = files.find(|(_, record)| Some(record.number) == *file) {
        writeln!(out, "  file      {}", terminal(name))?;
    }
    writeln!(out, "  {}", counted(fields.len(), "field", "fields"))?;
    let paths: Vec<_> = fields
        .iter()
        .map(|(path, digest)| (path, terminal(&path.to_string()).into_owned(), digest))
        .collect();
    let widest = paths
        .iter()
        .map(|(_, text, _)| width(text))
        .max()
        .unwrap_or(0);
    for (path, text, digest) in paths {
        let gap = widest - width(&text);
        let note = if unconfirmed.contains(path) {
            "   not confirmed by Channel"
        } else if entry.kept_as(path).is_some() {
            "   kept by Channel in its own notation"
        } else {
            ""
        };
        writeln!(out, "    {text}{:gap$}   {digest}{note}", "")?;
    }
    Ok(())
}
