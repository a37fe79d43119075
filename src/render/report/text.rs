//! Writes the result of an apply as text for a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::apply::{Outcome, Report, ShownInstead, UserOutcome};
use crate::model::{Action, FieldPath, StopCause};
use crate::remote::Confirmation;
use crate::render::common::escape::terminal;
use crate::render::common::rejection::{
    ReasonLength, is_cut, reason_text, rejected_request, short_code,
};
use crate::render::common::shown::Shown;
use crate::render::common::stop_cause::why_stopped;
use crate::render::common::style::{Style, paint};
use crate::render::common::value::cut;
use crate::render::plan::commands::Commands;
use crate::words::{counted, first, users};

/// How many users with the same kind of outcome are named.
const MOST_USERS: usize = 100;
/// The longest message that is shown, in characters. Longer messages are cut.
const MOST_CHARACTERS: usize = 400;

/// How a report is shown.
#[derive(Clone, Copy, Debug)]
pub struct ReportOptions<'a> {
    /// The colours.
    pub style: Style,
    /// How much of Channel's reasons for rejections is shown.
    pub reasons: ReasonLength,
    /// The commands that the report suggests.
    pub commands: Commands<'a>,
}

impl Default for ReportOptions<'_> {
    /// Without colours.
    fn default() -> Self {
        Self {
            style: Style::default(),
            reasons: ReasonLength::default(),
            commands: Commands::default(),
        }
    }
}

/// Writes a report as text.
///
/// # Errors
///
/// `out` returns an error.
pub fn write(
    out: &mut dyn fmt::Write,
    report: &Report,
    options: &ReportOptions<'_>,
) -> fmt::Result {
    let style = &options.style;
    for list in [
        rejected(report, options),
        failed(report),
        unfinished(report),
        recreated(report),
        different(report),
        kept(report),
        kept_consent(report),
    ] {
        write_list(out, style, &list)?;
    }
    write_not_shown(out, report, style)?;
    if let Some(cause) = report.stopped {
        let text = stopped(cause, report.skipped(), options.commands.refresh);
        writeln!(out, "{}", paint(style.warning, &text))?;
    }
    let destination = report.destination.to_string();
    writeln!(out, "Destination: {}", terminal(&destination))?;
    writeln!(out, "{}", paint(style.strong, &summary(report)))
}

/// Users with the same kind of outcome.
struct List<'a> {
    title: &'static str,
    users: Vec<(&'a UserOutcome, String)>,
    note: Option<&'static str>,
}

impl<'a> List<'a> {
    /// The users for whom `text` returns a text.
    fn new(
        report: &'a Report,
        title: &'static str,
        note: Option<&'static str>,
        text: &dyn Fn(&UserOutcome) -> Option<String>,
    ) -> Self {
        let outcomes = report.outcomes.iter();
        Self {
            title,
            users: outcomes
                .filter_map(|user| Some((user, text(user)?)))
                .collect(),
            note,
        }
    }
}

fn rejected<'a>(report: &'a Report, options: &ReportOptions<'_>) -> List<'a> {
    let mut hidden = false;
    let mut users = Vec::new();
    for user in &report.outcomes {
        let Outcome::Rejected {
            request,
            status,
            code,
            reason,
        } = &user.outcome
        else {
            continue;
        };
        hidden |= reason
            .as_ref()
            .is_some_and(|reason| reason.is_masked || is_cut(reason, options.reasons));
        let code = code.as_deref().map(short_code).unwrap_or_default();
        let reason = reason_text(reason.as_ref(), options.reasons);
        let request = rejected_request(*request);
        let either = either(user);
        users.push((user, format!("{request}{status}{code}{reason}{either}")));
    }
    List {
        title: "rejected by Channel",
        users,
        note: hidden
            .then_some("Parts of Channel's messages are hidden or cut: `apply --show-sensitive` tries these users again and shows the messages whole."),
    }
}

fn failed(report: &Report) -> List<'_> {
    let text = |user: &UserOutcome| match &user.outcome {
        Outcome::Failed { message, attempts } => {
            let attempts = counted(*attempts as usize, "attempt", "attempts");
            let either = either(user);
            Some(format!("{} ({attempts}){either}", sentence(message)))
        }
        Outcome::Applied { .. } | Outcome::Rejected { .. } | Outcome::Skipped { .. } => None,
    };
    List::new(
        report,
        "failed",
        Some("The next apply tries them again."),
        &text,
    )
}

/// Users of whom a request was sent, and whose change was not finished because the run stopped.
fn unfinished(report: &Report) -> List<'_> {
    let text = |user: &UserOutcome| match &user.outcome {
        Outcome::Skipped { .. } if user.is_pending => Some("Channel may have either".to_owned()),
        _ => None,
    };
    List::new(report, "begun and not finished", None, &text)
}

/// The end of a line about a user who is pending.
fn either(user: &UserOutcome) -> &'static str {
    if user.is_pending {
        "; Channel may have either"
    } else {
        ""
    }
}

fn recreated(report: &Report) -> List<'_> {
    let text = |user: &UserOutcome| {
        let restored = match &user.outcome {
            Outcome::Applied { .. } => "every declared opt-out was sent",
            Outcome::Rejected { .. } | Outcome::Failed { .. } | Outcome::Skipped { .. } => {
                "declared opt-outs are not restored yet"
            }
        };
        user.is_recreated.then(|| restored.to_owned())
    };
    let title = "deleted on Channel by somebody else, and created anew";
    List::new(report, title, None, &text)
}

fn different(report: &Report) -> List<'_> {
    let text = |user: &UserOutcome| paths(&confirmation(user)?.different);
    let title =
        "accepted, but Channel's response shows other values than declared for these fields";
    List::new(report, title, None, &text)
}

/// Values that Channel keeps in its own notation, reported by the run that finds it out.
fn kept(report: &Report) -> List<'_> {
    let text = |user: &UserOutcome| match &user.outcome {
        Outcome::Applied { instead, .. } => kept_fields(instead),
        Outcome::Rejected { .. } | Outcome::Failed { .. } | Outcome::Skipped { .. } => None,
    };
    List::new(
        report,
        "with values that Channel keeps in its own notation",
        Some(
            "Channel has shown the same twice, so these values count as applied and are not sent again for that.",
        ),
        &text,
    )
}

/// `profile.name kept by Channel as "kim"`; `None` if there is none.
fn kept_fields(instead: &ShownInstead) -> Option<String> {
    let texts = instead.newly_kept.iter().map(|(path, value)| {
        let value = Shown::kept(value).text(path, false);
        format!("{} kept by Channel as {value}", terminal(&path.to_string()))
    });
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

fn kept_consent(report: &Report) -> List<'_> {
    let text = |user: &UserOutcome| paths(&confirmation(user)?.kept_consent);
    let title = "opted out on Channel, although the manifests say false; that choice is kept";
    List::new(report, title, None, &text)
}

fn confirmation(user: &UserOutcome) -> Option<&Confirmation> {
    match &user.outcome {
        Outcome::Applied { confirmation, .. } => Some(confirmation),
        Outcome::Rejected { .. } | Outcome::Failed { .. } | Outcome::Skipped { .. } => None,
    }
}

/// The paths as text; `None` if there are none.
fn paths(paths: &BTreeSet<FieldPath>) -> Option<String> {
    let texts = paths
        .iter()
        .map(|path| terminal(&path.to_string()).into_owned());
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// Writes the flags that Channel does not show, each with the number of users. It is one line a flag, because a
/// flag that Channel never shows concerns every user who declares it.
fn write_not_shown(out: &mut dyn fmt::Write, report: &Report, style: &Style) -> fmt::Result {
    let mut flags: BTreeMap<&FieldPath, usize> = BTreeMap::new();
    let confirmations = report.outcomes.iter().filter_map(confirmation);
    for path in confirmations.flat_map(|confirmation| &confirmation.not_shown) {
        *flags.entry(path).or_default() += 1;
    }
    if flags.is_empty() {
        return Ok(());
    }
    let title = "Channel's responses do not show these flags, so they are not confirmed:";
    writeln!(out, "{}", paint(style.warning, title))?;
    for (path, count) in flags {
        writeln!(out, "  {path}: {}", users(count))?;
    }
    writeln!(out)
}

fn write_list(out: &mut dyn fmt::Write, style: &Style, list: &List<'_>) -> fmt::Result {
    let List {
        title,
        users: listed,
        note,
    } = list;
    if listed.is_empty() {
        return Ok(());
    }
    let title = format!("{} {title}:", users(listed.len()));
    writeln!(out, "{}", paint(style.warning, &title))?;
    let lines = listed
        .iter()
        .map(|(user, text)| format!("{}: {text}", terminal(user.id.as_str())));
    for line in first(lines, MOST_USERS) {
        writeln!(out, "  {line}")?;
    }
    if let Some(note) = note {
        writeln!(out, "{}", paint(style.quiet, note))?;
    }
    writeln!(out)
}

fn sentence(words: &str) -> String {
    match cut(words, MOST_CHARACTERS) {
        Some((beginning, _)) => format!("{} …", terminal(beginning)),
        None => terminal(words).into_owned(),
    }
}

/// Why a run stopped early, and what to do.
fn stopped(cause: StopCause, skipped: usize, refresh: &str) -> String {
    let why = why_stopped(cause);
    let remain = match skipped {
        0 => "All changes were tried.".to_owned(),
        count => format!(
            "{} not tried.",
            counted(count, "change was", "changes were")
        ),
    };
    let next = match cause {
        StopCause::Denied => {
            "Check TALKFORM_ACCESS_KEY and TALKFORM_ACCESS_SECRET, then run apply again."
        }
        StopCause::Blocked => {
            "Check the proxy or firewall between here and Channel, and the credentials, then run apply again."
        }
        StopCause::Throttled => {
            "Another program may use up the rate limit of this channel. Run apply again later; it continues from here."
        }
        StopCause::Breaker => "Run apply again when Channel responds; it continues from here.",
        StopCause::Unrecorded => {
            "Check the disk that holds the state, then run apply again. Users may be sent twice; no change is lost."
        }
        StopCause::Recreated => &format!(
            "Find out who deletes users on Channel. Remove those who shall not exist from the manifests; for the others, raise limits.recreate, or look at `{}` and approve it. Then run apply again; it continues from here.",
            terminal(refresh)
        ),
        StopCause::FailFast | StopCause::Interrupted | StopCause::Deadline => {
            "Run apply again; it continues from here."
        }
    };
    format!("{why}. {remain} {next}")
}

/// `Apply complete! Users: 1 created, 1 updated, 1 forgotten. 147 unchanged. 2 requests, 0 retried, 0.4 s.`
pub fn summary(report: &Report) -> String {
    let Report {
        destination: _,
        outcomes: _,
        api,
        unchanged,
        requests,
        retried,
        elapsed,
        allowed_per_second: _,
        stopped,
        uncertain: _,
    } = report;
    let failed = report.failed();
    let head = match (stopped, failed, report.different()) {
        (Some(_), _, _) => "Apply stopped early.",
        (None, 0, 0) => "Apply complete!",
        (None, 0, _) => "Apply finished, but Channel shows other values than declared.",
        (None, _, _) => "Apply finished with failures.",
    };
    let kinds = [
        (report.applied(Action::Create), "created"),
        (report.applied(Action::Update), "updated"),
        (report.applied(Action::Move), "moved"),
        (report.applied(Action::Forget), "forgotten"),
        (report.applied(Action::Delete), "deleted"),
        (failed, "failed"),
        (report.skipped(), "not tried"),
    ];
    let words: Vec<String> = kinds
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let words = if words.is_empty() {
        "none changed".to_owned()
    } else {
        words.join(", ")
    };
    let requests = usize::try_from(*requests).unwrap_or(usize::MAX);
    let requests = counted(requests, "request", "requests");
    let seconds = elapsed.as_secs_f64();
    let api = api.map_or_else(String::new, |step| format!(" API {step}."));
    format!(
        "{head}{api} Users: {words}. {unchanged} unchanged. {requests}, {retried} retried, {seconds:.1} s."
    )
}
