//! Shows what `erase` removed of a user and what still names the user, as text and as JSON. It contains ids, paths and
//! commits, and no value of a user.

use std::fmt;
use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::StopCause;
use crate::render::common::escape::{terminal, write_json};
use crate::render::common::json::FORMAT_VERSION;
use crate::render::common::stop_cause::why_stopped;
use crate::render::common::style::{Style, paint};
use crate::words::{counted, first};

/// The most commits that the text names.
const MOST_COMMITS: usize = 20;

/// The most files that the text names of one commit, and the most other files.
const MOST_FILES: usize = 20;

/// The result of `erase`, as `talkform erase --format json` writes it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "talkform erasure")]
pub struct Erasure {
    /// The member id, or the digest that stands for it.
    pub id: String,
    /// The manifests that were changed; empty if none declared the user.
    pub manifests: Vec<ErasedFile>,
    /// Former ids of the user, of entries of `moved` that were removed.
    pub former_ids: Vec<String>,
    /// The path of the state's file, relative to the project's folder if it is inside.
    pub state: String,
    /// Whether the state recorded anything about the user before.
    pub was_recorded: bool,
    /// Whether the state records nothing about the user now.
    pub is_forgotten: bool,
    /// How many earlier states in the bucket recorded the user or could not be read, and were removed; null if they
    /// could not be searched.
    pub earlier_states: Option<usize>,
    /// What became of the user on Channel.
    pub channel: ChannelEnding,
    /// Checkpoints of an interrupted drift that named the user and were removed.
    pub checkpoints: Vec<String>,
    /// What still names the user on this machine.
    pub remaining: Remaining,
}

/// A manifest that declared the user.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErasedFile {
    /// The path, relative to the project's folder.
    pub path: String,
    /// Whether the file declared nobody else and was removed.
    pub is_removed: bool,
    /// The lines, from 1, of the comments directly before and after the removed declaration. They were kept and may
    /// be about the user.
    pub comments: Vec<usize>,
}

/// What became of the user on Channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(
    tag = "ending",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ChannelEnding {
    /// Channel does not have the user any more.
    Deleted {
        /// The channel.
        channel: String,
    },
    /// Nothing was sent, as `--keep-on-channel` asks for.
    Kept,
    /// Channel rejected the deletion.
    Rejected {
        /// The status of the response.
        status: u16,
        /// The machine-readable type of the error, if the response had one.
        code: Option<String>,
        /// Channel's reason, if it gave one. Values that were sent are hidden in it.
        message: Option<String>,
    },
    /// The deletion failed. The next run tries again.
    Failed {
        /// The error of the last attempt.
        message: String,
    },
    /// The deletion was not tried, because the run stopped.
    Skipped {
        /// Why the run stopped.
        cause: StopCause,
    },
}

/// What still names the user on this machine. Clones, forks, logs and comments elsewhere are not known.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Remaining {
    /// Files in the project's folder, and copies of its state elsewhere.
    pub files: Vec<NamingFile>,
    /// Whether every file was searched. Otherwise there were too many or one could not be read.
    pub all_files_searched: bool,
    /// The git history; null if the project is in no repository.
    pub history: Option<NamingHistory>,
}

/// A file that names the user.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamingFile {
    /// The path, relative to the project's folder if it is inside.
    pub path: String,
    /// What the file is.
    pub kind: FileKind,
    /// The first lines that name the user, from 1.
    pub lines: Vec<usize>,
    /// How many lines name the user; 0 if the name of the file does so alone.
    pub line_count: usize,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FileKind {
    /// A manifest: a comment, or the declaration of another user.
    Manifest,
    /// A state or a copy of one.
    State,
    /// The users of the sandbox.
    Sandbox,
    /// Another file, such as a plan or a table.
    Other,
}

/// What names the user in the git history.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamingHistory {
    /// The commits that made a file which names the user or whose message does so, the latest first. Later commits
    /// have the file as well, until another one changes it.
    pub commits: Vec<NamingCommit>,
    /// How many such commits were found.
    pub commit_count: usize,
    /// Whether the whole history was searched.
    pub all_searched: bool,
}

/// A commit that names the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamingCommit {
    /// The id of the commit.
    pub commit: String,
    /// The files of the commit that name the user, relative to the top of the repository.
    pub files: Vec<String>,
    /// Whether the message of the commit names the user.
    pub in_message: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "talkform erasure")]
struct ErasureDocument<'a> {
    /// The version of this format: 1.
    format_version: u32,
    /// The version of talkform that wrote the document.
    talkform: &'static str,
    #[serde(flatten)]
    erasure: &'a Erasure,
}

/// Writes the result as JSON.
///
/// # Errors
///
/// `out` returns an error.
pub fn json(out: &mut dyn io::Write, erasure: &Erasure) -> io::Result<()> {
    let document = ErasureDocument {
        format_version: FORMAT_VERSION,
        talkform: env!("CARGO_PKG_VERSION"),
        erasure,
    };
    write_json(out, &document)
}

/// The JSON Schema of what [`json()`] writes.
pub fn erasure_schema() -> serde_json::Value {
    schemars::schema_for!(ErasureDocument<'static>).to_value()
}

/// Writes the result as text. `again` is the command that goes on.
///
/// # Errors
///
/// `out` returns an error.
pub fn text(
    out: &mut dyn fmt::Write,
    erasure: &Erasure,
    again: &str,
    style: &Style,
) -> fmt::Result {
    let Erasure {
        id,
        manifests,
        former_ids,
        state,
        was_recorded,
        is_forgotten,
        earlier_states,
        channel,
        checkpoints,
        remaining,
    } = erasure;
    writeln!(out, "{}", paint(style.strong, &terminal(id)))?;
    if manifests.is_empty() {
        writeln!(out, "  manifests    none declares the user")?;
    }
    for file in manifests {
        write_manifest(out, file)?;
    }
    for former in former_ids {
        let former = terminal(former);
        writeln!(
            out,
            "  former id    {former}: erase it as well if anything names it"
        )?;
    }
    let record = match (was_recorded, is_forgotten) {
        (false, true) => "nothing was recorded in",
        (true, true) => "removed from",
        (_, false) => "still in",
    };
    writeln!(out, "  state        {record} {}", terminal(state))?;
    match earlier_states {
        Some(0) => {}
        Some(count) => {
            let states = counted(*count, "earlier state", "earlier states");
            writeln!(out, "  versions     removed {states}")?;
        }
        None => writeln!(out, "  versions     earlier states could not be searched")?,
    }
    writeln!(out, "  Channel      {}", channel_line(channel))?;
    for path in checkpoints {
        writeln!(out, "  checkpoint   removed {}", terminal(path))?;
    }
    write_remaining(out, remaining, style)?;
    let is_open = match channel {
        ChannelEnding::Deleted { .. } | ChannelEnding::Kept => {
            !is_forgotten || earlier_states.is_none()
        }
        ChannelEnding::Rejected { .. }
        | ChannelEnding::Failed { .. }
        | ChannelEnding::Skipped { .. } => true,
    };
    if is_open {
        let line = format!("Not finished: run `{again}` again.");
        writeln!(out, "{}", paint(style.warning, &line))?;
    }
    Ok(())
}

fn write_manifest(out: &mut dyn fmt::Write, file: &ErasedFile) -> fmt::Result {
    let ErasedFile {
        path,
        is_removed,
        comments,
    } = file;
    let path = terminal(path);
    if *is_removed {
        return writeln!(
            out,
            "  manifests    {path} declared nobody else and was removed"
        );
    }
    writeln!(out, "  manifests    removed from {path}")?;
    if comments.is_empty() {
        return Ok(());
    }
    let lines = numbers(comments, comments.len());
    writeln!(
        out,
        "               comments around were kept, check {lines}"
    )
}

fn channel_line(channel: &ChannelEnding) -> String {
    match channel {
        ChannelEnding::Deleted { channel } => format!("deleted from {}", terminal(channel)),
        ChannelEnding::Kept => "nothing was sent; Channel keeps the user".to_owned(),
        ChannelEnding::Rejected {
            status,
            code,
            message,
        } => {
            let code = code.as_deref().map(|code| format!(" {}", terminal(code)));
            let message = message.as_deref();
            let message = message.map(|message| format!(": {}", terminal(message)));
            format!(
                "rejected the deletion: {status}{}{}",
                code.unwrap_or_default(),
                message.unwrap_or_default()
            )
        }
        ChannelEnding::Failed { message } => format!("the deletion failed: {}", terminal(message)),
        ChannelEnding::Skipped { cause } => {
            format!("the deletion was not tried ({})", why_stopped(*cause))
        }
    }
}

fn write_remaining(out: &mut dyn fmt::Write, remaining: &Remaining, style: &Style) -> fmt::Result {
    let Remaining {
        files,
        all_files_searched,
        history,
    } = remaining;
    let is_clean = files.is_empty() && history.as_ref().is_none_or(|h| h.commit_count == 0);
    if is_clean {
        writeln!(
            out,
            "\nNothing else on this machine was found that names the user."
        )?;
    } else {
        writeln!(
            out,
            "\n{}",
            paint(style.strong, "What still names the user:")
        )?;
    }
    let lines = files.iter().map(|file| {
        let kind = match file.kind {
            FileKind::Manifest => "a comment or another user's declaration",
            FileKind::State => {
                "a state or a copy of one; if it is of another environment or of the sandbox, erase the user there too, with --env or --sandbox"
            }
            FileKind::Sandbox => "the sandbox's users; erase the user there too, with --sandbox",
            FileKind::Other => "not a file of talkform's own; look at it",
        };
        let lines = match file.line_count {
            0 => "its name".to_owned(),
            count => numbers(&file.lines, count),
        };
        format!("  {}, {lines}: {kind}", terminal(&file.path))
    });
    for line in first(lines, MOST_FILES) {
        writeln!(out, "{line}")?;
    }
    if !all_files_searched {
        writeln!(
            out,
            "  Not every file of the project's folder was searched."
        )?;
    }
    if let Some(history) = history {
        write_history(out, history)?;
    }
    writeln!(
        out,
        "Clones, forks, comments, logs and backups elsewhere are not searched."
    )
}

fn write_history(out: &mut dyn fmt::Write, history: &NamingHistory) -> fmt::Result {
    let NamingHistory {
        commits,
        commit_count,
        all_searched,
    } = history;
    if *commit_count > 0 {
        let made = counted(*commit_count, "commit", "commits");
        writeln!(
            out,
            "  the git history, which is not rewritten: {made}, the latest first"
        )?;
    }
    for NamingCommit {
        commit,
        files,
        in_message,
    } in commits.iter().take(MOST_COMMITS)
    {
        let message = in_message.then(|| "the message".to_owned());
        let files = files.iter().map(|file| terminal(file).into_owned());
        let parts = first(message.into_iter().chain(files), MOST_FILES).join(", ");
        writeln!(out, "    {} {parts}", commit.get(..12).unwrap_or(commit))?;
    }
    if *commit_count > MOST_COMMITS {
        let more = commit_count - MOST_COMMITS;
        writeln!(out, "    … and {more} more; --format json names them")?;
    }
    if !all_searched {
        writeln!(out, "  Not the whole git history could be searched.")?;
    }
    Ok(())
}

/// `line 3`, `lines 3, 5 … and 2 more`.
fn numbers(lines: &[usize], count: usize) -> String {
    let shown: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let more = count.saturating_sub(lines.len());
    let more = (more > 0).then(|| format!(" … and {more} more"));
    let noun = if count == 1 { "line" } else { "lines" };
    format!("{noun} {}{}", shown.join(", "), more.unwrap_or_default())
}
