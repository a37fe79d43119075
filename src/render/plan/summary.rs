//! Writes the sentences below a plan: its totals, the time an apply takes, the limits.

use crate::model::{LikelyMove, Limit, LimitKind, Rate};
use crate::render::common::duration::duration;
use crate::render::common::escape::width;
use crate::render::common::selected as common;
use crate::render::plan::limit::LimitView;
use crate::render::plan::view::{ApiView, Counts, PlanView};
use crate::words::{counted, grouped, users};

/// `Destination: channel 6263 at https://api.channel.io, API v4`
///
/// `escaped` escapes text from outside.
pub fn destination(view: &PlanView<'_>, escaped: &dyn Fn(&str) -> String) -> String {
    format!("Destination: {}", escaped(&view.destination.to_string()))
}

/// Which part of the users the plan covers; `None` if all.
///
/// `escaped` escapes text from outside.
pub fn selected(view: &PlanView<'_>, escaped: &dyn Fn(&str) -> String) -> Option<String> {
    view.selected
        .as_ref()
        .map(|part| common::selected(part, escaped))
}

/// `Plan: 1 to create, 1 to update, 1 to forget. 147 unchanged.`
pub fn counts(view: &PlanView<'_>) -> String {
    let Counts {
        create,
        update,
        moves,
        forget,
        delete,
        unchanged,
        opt_in: _,
        pending: _,
        unconfirmed: _,
    } = view.counts;
    let kinds = [
        (create, "create"),
        (update, "update"),
        (moves, "move"),
        (forget, "forget"),
        (delete, "delete"),
    ];
    let words = kinds
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} to {word}"));
    let api = view.api.map(|api| format!("API {}", api.step));
    let words: Vec<String> = api.into_iter().chain(words).collect();
    format!("Plan: {}. {unchanged} unchanged.", words.join(", "))
}

/// Sentences about a step to another API version; empty if there is none.
pub fn api(view: &PlanView<'_>) -> Vec<String> {
    let Some(ApiView { step, released }) = view.api else {
        return Vec::new();
    };
    let to = step.to;
    let mut lines = vec![format!(
        "API {step}: no users are sent because of it; the state will record {to}"
    )];
    if released > 0 {
        lines.push(format!(
            "API {to} has no `unsubscribed`: its record is released for {}",
            users(released)
        ));
    }
    lines
}

/// A sentence about what a move does not carry over; `None` if no user moves.
pub fn moves(view: &PlanView<'_>) -> Option<String> {
    let count = view.counts.moves;
    (count > 0).then(|| {
        format!(
            "{} to another id. Data that exists only on Channel, such as an unsubscription, does not move.",
            counted(count, "user moves", "users move")
        )
    })
}

/// How many likely moves are listed.
const MOST_LIKELY: usize = 20;

/// Ids that probably changed, each with the entry to declare. `escaped` escapes text from manifests.
pub fn likely_moves(view: &PlanView<'_>, escaped: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut lines: Vec<String> = view
        .likely_moves
        .iter()
        .take(MOST_LIKELY)
        .map(|LikelyMove { from, to }| {
            let (from, to) = (from.as_str(), to.as_str());
            let quoted = |id: &str| serde_json::Value::from(id).to_string();
            let entry = format!("moved: [{{ from: {}, to: {} }}]", quoted(from), quoted(to));
            format!(
                "{} is removed and {} is new with identical attributes; if the id changed, declare {}",
                escaped(from),
                escaped(to),
                escaped(&entry)
            )
        })
        .collect();
    let more = view.likely_moves.len().saturating_sub(MOST_LIKELY);
    if more > 0 {
        lines.push(format!(
            "… and {}",
            counted(more, "more such pair", "more such pairs")
        ));
    }
    lines
}

/// A warning about deleted users; `None` if none is deleted.
pub fn deletions(view: &PlanView<'_>) -> Option<String> {
    let count = view.deletions;
    (count > 0).then(|| {
        format!(
            "{} will be deleted on Channel. That cannot be undone.",
            users(count)
        )
    })
}

/// A warning about users who may be messaged although they opted out; `None` without such users.
pub fn opt_in(counts: &Counts) -> Option<String> {
    let count = counts.opt_in;
    (count > 0).then(|| format!("{} may be messaged again after opting out.", users(count)))
}

/// `302 requests, all within the burst of 1,000.`, or how long they take: `2,001 requests, about 2 minutes at 10 a
/// second after the first 1,000.`
pub fn requests(requests: usize, rate: Rate) -> String {
    if requests == 0 {
        return "No requests: only the state changes.".to_owned();
    }
    let burst = usize::try_from(rate.burst).unwrap_or(usize::MAX);
    let (number, most) = (grouped(requests), grouped(burst));
    match requests {
        1 if burst > 1 => return format!("1 request, within the burst of {most}."),
        1 => return "1 request.".to_owned(),
        _ if requests <= burst => {
            return format!("{number} requests, all within the burst of {most}.");
        }
        _ => {}
    }
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let seconds = (requests - burst) as f64 / rate.per_second;
    let after = if burst > 1 {
        format!(" after the first {most}")
    } else {
        String::new()
    };
    format!(
        "{number} requests, {} at {} a second{after}.",
        duration(seconds),
        rate.per_second
    )
}

/// The sentence of a plan without changes.
pub fn nothing(view: &PlanView<'_>) -> String {
    if let Some(part) = &view.selected {
        let count = counted(part.users, "selected user", "selected users");
        return format!("No changes for the {count}, of {}.", users(part.of));
    }
    let is_certain = view.counts.pending == 0 && view.counts.unconfirmed == 0;
    let sentence = if is_certain {
        "Your channel matches the manifests."
    } else {
        "It is not certain that your channel matches the manifests."
    };
    format!("No changes. {sentence} ({})", users(view.counts.unchanged))
}

/// One row of the table of limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRow {
    /// The limit's name in the project file.
    pub name: &'static str,
    /// What is allowed: `500`, `30% = 44`.
    pub allowed: String,
    /// The number in the plan.
    pub planned: String,
    /// How the plan exceeds the limit; `None` if it does not.
    pub tripped: Option<&'static str>,
}

impl LimitRow {
    /// The numbers of one limit.
    pub fn new(limit: &LimitView) -> Self {
        let LimitView {
            kind,
            limit,
            allowed,
            planned,
            tripped,
        } = limit;
        let least = *kind == LimitKind::MinUsers;
        let allowed = match (limit, allowed) {
            (limit, None) => format!("{limit}, not counted yet"),
            (Limit::Percent(_), Some(users)) => format!("{limit} = {users}"),
            (Limit::Count(_), Some(users)) if least => format!("at least {users}"),
            (Limit::Count(_), Some(users)) => users.to_string(),
        };
        Self {
            name: kind.name(),
            allowed,
            planned: planned.to_string(),
            tripped: tripped.then_some(if least { "too few" } else { "too many" }),
        }
    }
}

/// What to do if limits are exceeded, not escaped. `apply` is the command that applies this plan; a line
/// with two spaces in front is a command.
pub fn way_out(view: &PlanView<'_>, apply: &str) -> Vec<String> {
    let trips = |least: bool| {
        let mut tripped = view.limits.iter().filter(|limit| limit.tripped);
        tripped.any(|limit| (limit.kind == LimitKind::MinUsers) == least)
    };
    if trips(true) {
        // Too few users usually means that manifests were not found, so there is no approval for it.
        return vec![
            "A plan with fewer users than minUsers cannot be approved. Check that all manifests are found.".to_owned(),
            "If they are, lower limits.minUsers in talkform.yaml.".to_owned(),
        ];
    }
    if !trips(false) {
        return Vec::new();
    }
    vec![
        "If these changes are intended, approve exactly this plan:".to_owned(),
        format!("  {apply} --approve-limits {}", view.digest),
    ]
}

/// The table of all limits as aligned lines, each with whether its limit is exceeded.
pub fn limits(view: &PlanView<'_>) -> Vec<(String, bool)> {
    let rows: Vec<LimitRow> = view.limits.iter().map(LimitRow::new).collect();
    let widest = |head: &str, cell: &dyn Fn(&LimitRow) -> usize| {
        rows.iter().map(cell).max().unwrap_or(0).max(width(head))
    };
    let name = widest("limit", &|row| width(row.name));
    let allowed = widest("allowed", &|row| width(&row.allowed));
    let planned = widest("planned", &|row| width(&row.planned));
    let head = format!(
        "{:name$}   {:allowed$}   {:>planned$}",
        "limit", "allowed", "planned"
    );
    let mut lines = vec![(head, false)];
    for row in &rows {
        let line = format!(
            "{:name$}   {:allowed$}   {:>planned$}",
            row.name, row.allowed, row.planned
        );
        lines.push(match row.tripped {
            Some(how) => (format!("{line}   <- {how}"), true),
            None => (line, false),
        });
    }
    lines
}
