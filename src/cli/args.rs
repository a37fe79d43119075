//! Declares the flags that several commands share, and parses their values.
//!
//! Every flag can also be set through a variable of the environment, except for agreements: whoever agrees writes it
//! where it is used.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use crate::cli::failure::Failure;
use talkform::model::{ApiVersion, Depth, MemberId, Selection, ShownIds};
use talkform::sandbox::{FAULT_SYNTAX, Fault, NotAFault};
use talkform::words::first;

/// The heading of the flags that every command takes.
const GLOBAL: &str = "Global options";

/// The heading of the flags about requests.
const REQUESTS: &str = "Requests";

/// Flags that every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// The project's folder
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        default_value = ".",
        env = "TALKFORM_DIRECTORY",
        global = true,
        help_heading = GLOBAL
    )]
    pub directory: PathBuf,
    /// The environment of the project file to use
    #[arg(long = "env", value_name = "NAME", env = "TALKFORM_ENV", global = true, help_heading = GLOBAL)]
    pub environment: Option<String>,
    /// The state file, instead of the project's; it may be outside of the project's folder, `-` is stdin
    #[arg(long, value_name = "FILE", env = "TALKFORM_STATE", global = true, help_heading = GLOBAL, hide_short_help = true)]
    pub state: Option<PathBuf>,
    /// Use a local sandbox instead of the real channel
    ///
    /// It has its own users and its own state under `.talkform/`, and needs no credentials.
    #[arg(long, env = "TALKFORM_SANDBOX", global = true, help_heading = GLOBAL)]
    pub sandbox: bool,
    /// When to colour the output
    #[arg(
        long,
        value_enum,
        default_value_t,
        env = "TALKFORM_COLOR",
        global = true,
        hide_short_help = true,
        help_heading = GLOBAL
    )]
    pub color: Color,
    /// Show values of sensitive fields
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub show_sensitive: bool,
    /// The format of the log on stderr
    #[arg(
        long,
        value_enum,
        default_value_t,
        env = "TALKFORM_LOG_FORMAT",
        global = true,
        hide_short_help = true,
        help_heading = GLOBAL
    )]
    pub log_format: LogFormat,
    /// How much to log
    #[arg(
        long = "log",
        value_enum,
        value_name = "LEVEL",
        default_value_t,
        env = "TALKFORM_LOG",
        global = true,
        hide_short_help = true,
        help_heading = GLOBAL
    )]
    pub log: LogLevel,
}

/// When to colour the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much to log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Errors.
    Error,
    /// Errors and warnings.
    #[default]
    Warn,
    /// Also the result of each step.
    Info,
    /// Also each request.
    Debug,
    /// Everything.
    Trace,
}

/// The format of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Which users a command covers.
#[derive(Clone, Debug, Args)]
pub(crate) struct SelectOptions {
    /// Cover only users whose id matches
    ///
    /// In a pattern, `*` stands for any characters and `?` for one. Several patterns are separated by
    /// commas. A pattern that matches nobody is an error.
    #[arg(
        long,
        alias = "target",
        value_name = "PATTERN",
        value_delimiter = ',',
        env = "TALKFORM_SELECT"
    )]
    select: Vec<String>,
    /// Go on if a pattern of --select matches nobody
    #[arg(long, env = "TALKFORM_ALLOW_EMPTY", hide_short_help = true)]
    allow_empty: bool,
}

impl SelectOptions {
    /// The patterns. An empty one counts as unset, as a variable of a workflow may be.
    pub(crate) fn patterns(&self) -> Vec<String> {
        let patterns = self.select.iter().filter(|pattern| !pattern.is_empty());
        patterns.cloned().collect()
    }

    /// Fails if a pattern matches none of these ids, unless --allow-empty permits it.
    pub(crate) fn check<'i>(
        &self,
        ids: impl Iterator<Item = &'i MemberId>,
        shown: &ShownIds,
    ) -> Result<(), Failure> {
        if self.allow_empty {
            return Ok(());
        }
        check_patterns(&self.select, ids, shown)
    }
}

/// Fails if a pattern matches none of these ids. `shown` says whether the error may repeat the pattern, which may be an
/// id.
pub(crate) fn check_patterns<'i>(
    patterns: &[String],
    ids: impl Iterator<Item = &'i MemberId>,
    shown: &ShownIds,
) -> Result<(), Failure> {
    let selection = Selection::new(patterns);
    let idle = selection.idle(ids);
    if idle.is_empty() {
        return Ok(());
    }
    let what = if shown.hides() {
        match patterns.iter().filter(|text| !text.is_empty()).count() {
            1 => "the pattern".to_owned(),
            given => format!("{} of the {given} patterns", idle.len()),
        }
    } else {
        first(idle, MOST_IDLE).join(", ")
    };
    Err(Failure::with_hint(
        format!("no user matches {what}"),
        "a pattern is compared with the whole id, and `*` stands for any characters",
    ))
}

/// The most patterns without a user that an error names.
const MOST_IDLE: usize = 10;

/// What goes into a plan.
#[derive(Debug, Args)]
pub(crate) struct Planning {
    /// Which users are planned.
    #[command(flatten)]
    pub selection: SelectOptions,
    /// Show every change, even where many are alike
    #[arg(long, env = "TALKFORM_FULL", hide_short_help = true)]
    pub full: bool,
    /// Read the users from Channel first
    ///
    /// Changes and deletions made there are then corrected; consent that a person changed is kept.
    #[arg(long, env = "TALKFORM_REFRESH")]
    pub refresh: bool,
    /// Parse every manifest, even those that have not changed since the last apply; the plan is the
    /// same
    #[arg(long, env = "TALKFORM_NO_SHORTCUT", hide_short_help = true)]
    pub no_shortcut: bool,
}

impl Planning {
    /// The flags that an apply of the same plan needs.
    pub(crate) fn flags(&self) -> Vec<String> {
        let select = self.selection.patterns().into_iter();
        let mut flags: Vec<String> = select
            .flat_map(|pattern| ["--select".to_owned(), pattern])
            .collect();
        if self.refresh {
            flags.push("--refresh".to_owned());
        }
        flags
    }

    /// The words of the command that makes the same plan with what Channel has. `patterns` are those of the selection.
    pub(crate) fn refreshed(patterns: &[String]) -> Vec<&str> {
        let select = patterns.iter();
        let select = select.flat_map(|pattern| ["--select", pattern]);
        ["plan", "--refresh"].into_iter().chain(select).collect()
    }

    /// How much of the manifests a plan needs. A plan that asks Channel compares every user, so it needs
    /// the attributes of all of them.
    pub(crate) fn depth(&self, refresh: bool) -> Depth {
        match (refresh, self.no_shortcut) {
            (true, _) => Depth::Full,
            (false, true) => Depth::SkipUnchangedUsers,
            (false, false) => Depth::SkipUnchangedFiles,
        }
    }
}

/// The format of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON document; see `talkform schema`.
    Json,
    /// Markdown for a comment on a pull request.
    Markdown,
    /// One HTML page with filters, for large plans.
    Html,
}

/// The format of drift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DriftFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON document; see `talkform schema`.
    Json,
    /// Markdown for a comment on a pull request.
    Markdown,
}

/// How a plan or drift is printed.
#[derive(Debug, Args)]
pub(crate) struct FormatOptions<F>
where
    F: ValueEnum + Default + Send + Sync + 'static,
{
    /// The format of the result
    #[arg(long, value_enum, default_value_t, env = "TALKFORM_FORMAT")]
    pub format: F,
    /// The title of `--format markdown`; comments of different titles are different comments
    #[arg(
        long,
        value_name = "TEXT",
        env = "TALKFORM_TITLE",
        hide_short_help = true
    )]
    pub title: Option<String>,
    /// The size limit of `--format markdown`
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 60_000,
        env = "TALKFORM_MAX_BYTES",
        hide_short_help = true
    )]
    pub max_bytes: usize,
}

/// The format of a result that people and programs read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataFormat {
    /// For people
    #[default]
    Text,
    /// One JSON document; `talkform schema` describes it
    Json,
}

/// How requests are sent to Channel.
#[derive(Debug, Args)]
pub(crate) struct RequestOptions {
    /// How many requests may be in flight at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256), env = "TALKFORM_PARALLELISM", help_heading = REQUESTS, hide_short_help = true)]
    pub parallelism: u16,
    /// Requests per second, instead of the project's rate
    #[arg(long, value_name = "PER_SECOND", value_parser = positive, env = "TALKFORM_RATE", help_heading = REQUESTS, hide_short_help = true)]
    pub rate: Option<f64>,
    /// Stop starting new requests after this time: `90s`, `50m`, `2h`
    #[arg(long, value_name = "TIME", value_parser = duration, env = "TALKFORM_MAX_DURATION", help_heading = REQUESTS, hide_short_help = true)]
    pub max_duration: Option<Duration>,
    /// The longest pause after a first failure, such as `200ms`; each further failure doubles it, up
    /// to 60 times this
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "500ms", env = "TALKFORM_RETRY_PAUSE", help_heading = REQUESTS, hide_short_help = true)]
    pub retry_pause: Duration,
    /// With --sandbox: a fault to simulate, such as `500:10%`; may be repeated
    #[arg(
        long,
        value_name = "FAULT",
        env = "TALKFORM_FAULT",
        help_heading = REQUESTS,
        hide_short_help = true,
        long_help = fault_help("With --sandbox: a fault to simulate"),
        requires = "sandbox"
    )]
    pub fault: Vec<String>,
}

/// The longest duration that is accepted, about 136 years: adding it to a time does not overflow.
const MAX_DURATION: Duration = Duration::from_secs(u32::MAX as u64);

/// A number above zero.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("expected a number above zero, such as 10 or 0.5".to_owned()),
    }
}

/// A duration in the friendly format of jiff, such as `500ms`, `90s` or `1h 30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| *duration <= MAX_DURATION)
        .ok_or_else(|| "expected a duration such as 500ms, 90s, 50m or 2h".to_owned())
}

/// An API version.
pub(crate) fn api(text: &str) -> Result<ApiVersion, String> {
    [ApiVersion::V4, ApiVersion::V5]
        .into_iter()
        .find(|version| version.as_str() == text)
        .ok_or_else(|| "expected v4 or v5".to_owned())
}

/// The help of an option for faults.
pub(crate) fn fault_help(what: &str) -> String {
    format!(
        "{what}; may be repeated\n\nWritten {FAULT_SYNTAX}. `500:10%` strikes every tenth request by chance, `422@u-7*` some users, `429#3` the third request, `401#100+` the hundredth and all after it"
    )
}

/// Parses the faults of a sandbox.
pub(crate) fn faults(texts: &[String]) -> Result<Vec<Fault>, Failure> {
    texts
        .iter()
        .map(|text| {
            text.parse()
                .map_err(|error: NotAFault| Failure::Usage(error.to_string()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("50m"), Ok(Duration::from_secs(3000)));
        assert_eq!(duration("5ms"), Ok(Duration::from_millis(5)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5400)));
        for wrong in ["", "m", "5", "-1s", "1d", "99999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
