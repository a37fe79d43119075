//! What became of an apply, for a terminal.

use std::fmt;

use crate::apply::{Outcome, Report, UserOutcome};
use crate::model::{Action, StopCause};
use crate::render::common::escape::terminal;
use crate::render::common::style::{Style, paint};
use crate::render::common::value::cut;
use crate::render::plan::lines::{noun, rejected_request, short_code};

/// How many users of one kind of outcome are named.
const MOST_NAMED: usize = 100;
/// Longer messages are no sentences any more.
const MOST_CHARACTERS: usize = 400;

/// How a report is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReportOptions {
    /// The colours.
    pub style: Style,
    /// Channel's own words on a rejected user. They may echo values, and which of them are
    /// sensitive cannot be told from the words, so it is all or nothing.
    pub show_sensitive: bool,
}

/// Writes a report as text.
pub fn write(out: &mut dyn fmt::Write, report: &Report, options: &ReportOptions) -> fmt::Result {
    let style = &options.style;
    for list in [
        rejected(report, options),
        failed(report),
        unconfirmed(report),
    ] {
        write_list(out, style, &list)?;
    }
    if let Some(cause) = report.stopped {
        let text = stopped(cause, report.skipped());
        writeln!(out, "{}", paint(style.warning, &text))?;
    }
    writeln!(out, "{}", paint(style.strong, &summary(report)))
}

/// Users with the same kind of outcome.
struct List<'a> {
    title: &'static str,
    users: Vec<(&'a UserOutcome, String)>,
    note: Option<&'static str>,
}

fn rejected<'a>(report: &'a Report, options: &ReportOptions) -> List<'a> {
    let mut hidden = false;
    let mut users = Vec::new();
    for user in &report.outcomes {
        let Outcome::Rejected {
            request,
            status,
            code,
            message,
        } = &user.outcome
        else {
            continue;
        };
        let code = code.as_deref().map(short_code).unwrap_or_default();
        let words = match message {
            Some(words) if options.show_sensitive => format!(": {}", sentence(words)),
            Some(_) => {
                hidden = true;
                String::new()
            }
            None => String::new(),
        };
        users.push((
            user,
            format!("{}{status}{code}{words}", rejected_request(*request)),
        ));
    }
    List {
        title: "rejected by Channel",
        users,
        note: hidden.then_some("--show-sensitive shows Channel's words, which may hold values."),
    }
}

fn failed(report: &Report) -> List<'_> {
    let told = |user: &UserOutcome| match &user.outcome {
        Outcome::Failed { message, attempts } => {
            let times = if *attempts == 1 {
                "attempt"
            } else {
                "attempts"
            };
            Some(format!("{} ({attempts} {times})", sentence(message)))
        }
        Outcome::Applied { .. } | Outcome::Rejected { .. } | Outcome::Skipped { .. } => None,
    };
    List {
        title: "failed",
        users: report
            .outcomes
            .iter()
            .filter_map(|user| Some((user, told(user)?)))
            .collect(),
        note: Some("The next apply tries these again."),
    }
}

fn unconfirmed(report: &Report) -> List<'_> {
    let told = |user: &UserOutcome| match &user.outcome {
        Outcome::Applied { unconfirmed } if !unconfirmed.is_empty() => {
            let paths: Vec<String> = unconfirmed
                .iter()
                .map(|path| terminal(&path.to_string()).into_owned())
                .collect();
            Some(paths.join(", "))
        }
        _ => None,
    };
    List {
        title: "accepted, but Channel's answer does not show these fields as sent",
        users: report
            .outcomes
            .iter()
            .filter_map(|user| Some((user, told(user)?)))
            .collect(),
        note: None,
    }
}

fn write_list(out: &mut dyn fmt::Write, style: &Style, list: &List<'_>) -> fmt::Result {
    let List { title, users, note } = list;
    if users.is_empty() {
        return Ok(());
    }
    let title = format!("{} {} {title}:", users.len(), noun(users.len()));
    writeln!(out, "{}", paint(style.warning, &title))?;
    for (user, text) in users.iter().take(MOST_NAMED) {
        writeln!(out, "  {}: {text}", terminal(user.id.as_str()))?;
    }
    if users.len() > MOST_NAMED {
        writeln!(out, "  … and {} more", users.len() - MOST_NAMED)?;
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

/// Why a run stopped, as the beginning of a sentence.
pub fn why_stopped(cause: StopCause) -> &'static str {
    match cause {
        StopCause::Interrupted => "Interrupted",
        StopCause::Deadline => "Stopped: --max-duration is over",
        StopCause::Denied => "Stopped: Channel does not accept the credentials",
        StopCause::Blocked => {
            "Stopped: a request was blocked with 401 or 403, and not by Channel itself"
        }
        StopCause::Breaker => "Stopped: too many failures in a row",
        StopCause::FailFast => "Stopped at the first failure, as --fail-fast asks",
        StopCause::Unrecorded => "Stopped: what Channel accepted could not be written down",
    }
}

/// Why a run stopped before its end, and what to do.
fn stopped(cause: StopCause, skipped: usize) -> String {
    let why = why_stopped(cause);
    let remain = match skipped {
        0 => "Nothing remains untried.".to_owned(),
        1 => "1 change was not tried.".to_owned(),
        many => format!("{many} changes were not tried."),
    };
    let next = match cause {
        StopCause::Denied => {
            "Check TALKFORM_ACCESS_KEY and TALKFORM_ACCESS_SECRET, then run apply again."
        }
        StopCause::Blocked => {
            "Check the proxy or firewall between here and Channel, and the credentials, then run apply again."
        }
        StopCause::Breaker => "Run apply again when Channel answers; it goes on from here.",
        StopCause::Unrecorded => {
            "Check the disk of the state, then run apply again; a user may be sent twice, none is lost."
        }
        StopCause::FailFast | StopCause::Interrupted | StopCause::Deadline => {
            "Run apply again; it goes on from here."
        }
    };
    format!("{why}. {remain} {next}")
}

/// `Apply complete! Users: 1 created, 1 updated, 1 forgotten. 147 unchanged. 2 requests, 0 retried, 0.4 s.`
pub fn summary(report: &Report) -> String {
    let Report {
        outcomes: _,
        api,
        unchanged,
        requests,
        retried,
        elapsed,
        stopped,
    } = report;
    let failed = report.failed();
    let head = match (stopped, failed) {
        (Some(_), _) => "Apply stopped early.",
        (None, 0) => "Apply complete!",
        (None, _) => "Apply finished with failures.",
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
    let request = if *requests == 1 {
        "request"
    } else {
        "requests"
    };
    let seconds = elapsed.as_secs_f64();
    let api = api.map_or_else(String::new, |step| format!(" API {step}."));
    format!(
        "{head}{api} Users: {words}. {unchanged} unchanged. {requests} {request}, {retried} retried, {seconds:.1} s."
    )
}

/// The word for a cause in machine-readable output.
pub(crate) fn cause_word(cause: StopCause) -> &'static str {
    match cause {
        StopCause::Interrupted => "interrupted",
        StopCause::Deadline => "deadline",
        StopCause::Denied => "denied",
        StopCause::Blocked => "blocked",
        StopCause::Breaker => "breaker",
        StopCause::FailFast => "failFast",
        StopCause::Unrecorded => "unrecorded",
    }
}
