//! The sentences under a plan: how much, how long, which limits.

use crate::model::{LikelyMove, Limit, LimitCheck, LimitKind, Rate};
use crate::render::common::escape::width;
use crate::render::plan::lines::noun;
use crate::render::plan::view::{ApiView, Counts, PlanView};

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

/// What a step to another API version means; nothing where there is none.
pub fn api(view: &PlanView<'_>) -> Vec<String> {
    let Some(ApiView { step, released }) = view.api else {
        return Vec::new();
    };
    let to = step.to;
    let mut lines = vec![format!(
        "API {step}: no user has to be sent for it; the state will name {to} from then on"
    )];
    if released > 0 {
        lines.push(format!(
            "API {to} has no `unsubscribed`: what is recorded of it is released for {released} {}",
            noun(released)
        ));
    }
    lines
}

/// What moving means; `None` where nobody moves.
pub fn moves(view: &PlanView<'_>) -> Option<String> {
    let count = view.counts.moves;
    let verb = if count == 1 { "moves" } else { "move" };
    (count > 0).then(|| {
        format!(
            "{count} {} {verb} to another id. What only Channel knows of the old one, such as an unsubscription, does not move.",
            noun(count)
        )
    })
}

/// How many likely moves are named.
const MOST_LIKELY: usize = 20;

/// Ids that probably changed, each with what to write; `escaped` makes what comes from people harmless.
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
                "{} is gone and {} is new with the same attributes; if the id changed, declare {}",
                escaped(from),
                escaped(to),
                escaped(&entry)
            )
        })
        .collect();
    let more = view.likely_moves.len().saturating_sub(MOST_LIKELY);
    if more > 0 {
        lines.push(format!("… and {more} more pairs like these"));
    }
    lines
}

/// That users are deleted; `None` where nobody is.
pub fn deletions(view: &PlanView<'_>) -> Option<String> {
    let count = view.deletions;
    (count > 0).then(|| {
        format!(
            "{count} {} will be deleted on Channel. That cannot be undone.",
            noun(count)
        )
    })
}

/// That consent is at stake; `None` where it is not.
pub fn opt_in(counts: &Counts) -> Option<String> {
    let count = counts.opt_in;
    (count > 0).then(|| {
        format!(
            "{count} {} may be messaged again after opting out.",
            noun(count)
        )
    })
}

/// `About 2 requests, under a second at 10 a second.`
pub fn requests(requests: usize, rate: Rate) -> String {
    if requests == 0 {
        return "No requests: only the state changes.".to_owned();
    }
    let noun = if requests == 1 { "request" } else { "requests" };
    let burst = usize::try_from(rate.burst).unwrap_or(usize::MAX);
    let waiting = requests.saturating_sub(burst);
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let seconds = waiting as f64 / rate.per_second;
    let after = if waiting > 0 && burst > 1 {
        format!(" after the first {burst}")
    } else {
        String::new()
    };
    format!(
        "About {requests} {noun}, {} at {} a second{after}.",
        duration(seconds),
        rate.per_second
    )
}

/// How long, as a person says it.
pub fn duration(seconds: f64) -> String {
    if seconds < 1.0 {
        return "under a second".to_owned();
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; far too long is cut off at u64"
    )]
    let seconds = seconds.round() as u64;
    let count = |number: u64, word: &str| {
        let plural = if number == 1 { "" } else { "s" };
        format!("{number} {word}{plural}")
    };
    let minutes = (seconds + 30) / 60;
    match (seconds, minutes) {
        (..90, _) => format!("about {}", count(seconds, "second")),
        (_, ..90) => format!("about {}", count(minutes, "minute")),
        _ => match (minutes / 60, minutes % 60) {
            (hours, 0) => format!("about {}", count(hours, "hour")),
            (hours, rest) => format!("about {} {}", count(hours, "hour"), count(rest, "minute")),
        },
    }
}

/// What stands where there is nothing to do.
pub fn nothing(view: &PlanView<'_>) -> String {
    let count = view.counts.unchanged;
    format!(
        "No changes. Your channel matches the manifests. ({count} {})",
        noun(count)
    )
}

/// One row of the table of limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRow {
    /// The limit's name in the project file.
    pub name: &'static str,
    /// What is allowed: `500`, `30% = 44`.
    pub allowed: String,
    /// What the plan would do.
    pub planned: String,
    /// Whether that is too much, and how so.
    pub tripped: Option<&'static str>,
}

impl LimitRow {
    /// The numbers of one limit.
    pub fn new(check: &LimitCheck) -> Self {
        let LimitCheck {
            kind,
            limit,
            allowed,
            planned,
        } = check;
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
            tripped: check
                .is_tripped()
                .then_some(if least { "too few" } else { "too many" }),
        }
    }
}

/// What to do about limits that are exceeded.
pub fn way_out(view: &PlanView<'_>) -> Vec<String> {
    let trips = |least: bool| {
        let mut tripped = view.limits.iter().filter(|check| check.is_tripped());
        tripped.any(|check| (check.kind == LimitKind::MinUsers) == least)
    };
    if trips(true) {
        // Too few users means that manifests are missing more often than that people are.
        return vec![
            "Fewer users than minUsers are never applied. Were all manifests found?".to_owned(),
            "If so, lower limits.minUsers in talkform.yaml.".to_owned(),
        ];
    }
    if !trips(false) {
        return Vec::new();
    }
    vec![
        "If all of this is meant, approve this plan and no other:".to_owned(),
        format!("  talkform apply --approve-limits {}", view.digest),
    ]
}

/// The table of all limits as aligned lines, each with whether it is exceeded.
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
