//! Reports the result of an import: ids, fields and reasons, never values.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::cli::commands::import::sources::Sources;
use crate::cli::commands::import::targets::{PlannedFile, Target};
use crate::cli::failure::Failure;
use crate::cli::output::counted;
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use talkform::model::{Attributes, FieldPath, MemberId, Origin, RemoteUser, ShownIds, Unread};
use talkform::render::common::escape;
use talkform::render::import_json::ImportView;

/// The most lines of one kind that are printed.
const MAX_LINES: usize = 20;

/// The most users that a line names.
const MAX_NAMED: usize = 3;

/// The imported users.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    /// Users that are added to a manifest.
    pub added: BTreeMap<MemberId, Attributes>,
    /// Users that are declared as Channel has them, and are only recorded.
    pub recorded: BTreeMap<MemberId, Attributes>,
}

impl Imported {
    /// Whether no user was imported.
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.recorded.is_empty()
    }

    /// All imported users.
    pub(crate) fn users(&self) -> impl Iterator<Item = (&MemberId, &Attributes)> {
        self.added.iter().chain(&self.recorded)
    }

    /// The manifests to write.
    pub(crate) fn texts(
        &self,
        settings: &LoadedProject,
        target: &Target,
    ) -> Result<Vec<PlannedFile>, Failure> {
        if self.added.is_empty() {
            return Ok(Vec::new());
        }
        target.texts(settings, &self.added)
    }

    /// The result, as data.
    pub(crate) fn view<'a>(
        &'a self,
        written: &'a [PlannedFile],
        is_recorded: bool,
        talk: &'a Messages,
    ) -> ImportView<'a> {
        let ids = |users: &'a BTreeMap<MemberId, Attributes>| {
            users.keys().map(|id| talk.ids.of(id)).collect()
        };
        ImportView {
            imported: ids(&self.added),
            recorded: ids(&self.recorded),
            files: written.iter().map(|file| file.name.as_str()).collect(),
            in_state: is_recorded,
            problems: &talk.trouble,
        }
    }

    /// The result, as text for stdout.
    pub(crate) fn summary(
        &self,
        settings: &LoadedProject,
        written: &[PlannedFile],
        is_recorded: bool,
    ) -> String {
        let mut out = String::new();
        let place = match written {
            [one] => Some(escape::terminal(&one.name).into_owned()),
            [] => None,
            many => many[0].name.rsplit_once('/').map_or_else(
                || Some(format!("{} files", many.len())),
                |(folder, _)| {
                    Some(format!(
                        "{} files in {}",
                        many.len(),
                        escape::terminal(folder)
                    ))
                },
            ),
        };
        if let Some(place) = place {
            let users = counted(self.added.len(), "user", "users");
            // Writing to a String does not fail.
            let _ = writeln!(out, "Imported {users} into {place}.");
        }
        if !self.recorded.is_empty() {
            let users = counted(self.recorded.len(), "user", "users");
            let _ = writeln!(
                out,
                "Recorded {users} already declared as Channel has them."
            );
        }
        let _ = if is_recorded {
            let path = &settings.project.state;
            writeln!(
                out,
                "They are recorded in the state {}: `{}` shows no changes for them.",
                escape::terminal(path),
                escape::terminal(&settings.command(&["plan"]))
            )
        } else {
            writeln!(
                out,
                "They are not recorded in the state: `{}` shows them as creates.",
                escape::terminal(&settings.command(&["plan"]))
            )
        };
        out
    }
}

/// The messages of an import. They are collected first, so that many of one kind are printed as one.
pub(crate) struct Messages {
    terminal: Terminal,
    ids: ShownIds,
    declared: Vec<String>,
    differs: bool,
    trouble: Vec<String>,
    left_out: BTreeMap<(String, &'static str), BTreeSet<MemberId>>,
}

impl Messages {
    /// No messages yet.
    pub(crate) fn new(terminal: Terminal, ids: ShownIds) -> Self {
        Self {
            terminal,
            ids,
            declared: Vec::new(),
            differs: false,
            trouble: Vec::new(),
            left_out: BTreeMap::new(),
        }
    }

    /// The terminal that the messages go to.
    pub(crate) fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// Whether a declared user is another one on Channel, and is therefore not recorded.
    pub(crate) fn has_differing(&self) -> bool {
        self.differs
    }

    /// Whether some of the users could not be imported.
    pub(crate) fn has_trouble(&self) -> bool {
        !self.trouble.is_empty()
    }

    /// Prints the notes of the sources at once.
    pub(crate) fn sources(&mut self, sources: &Sources) {
        for note in &sources.notes {
            self.terminal.talk(&escape::terminal(note));
        }
        self.trouble.extend(sources.wrong.iter().cloned());
    }

    /// Reports a user that is declared already.
    pub(crate) fn declared(&mut self, id: &MemberId, origin: &Origin) {
        self.declared.push(format!(
            "{}: already declared at {}:{}",
            self.ids.of(id),
            origin.file,
            origin.line
        ));
    }

    /// Reports a declared user that differs on Channel.
    pub(crate) fn differing(
        &mut self,
        settings: &LoadedProject,
        id: &MemberId,
        fields: &[FieldPath],
    ) {
        let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
        self.differs = true;
        self.declared.push(format!(
            "{}: not recorded, because Channel has another {}; `{}` shows the difference",
            self.ids.of(id),
            fields.join(", "),
            settings.command(&["plan"])
        ));
    }

    /// Reports a user that could not be imported.
    pub(crate) fn unread(&mut self, id: &MemberId, reading: Result<RemoteUser, Unread>) {
        let why = match reading {
            Ok(RemoteUser::Missing) => "Channel does not know this user".to_owned(),
            Err(Unread::Failed { message }) => format!("cannot be read: {message}"),
            Ok(RemoteUser::Present(_)) | Err(Unread::Skipped { .. }) => return,
        };
        self.trouble.push(format!("{}: {why}", self.ids.of(id)));
    }

    /// Reports the users that could not be read by a run that stopped.
    pub(crate) fn failed(&mut self, readings: BTreeMap<MemberId, Result<RemoteUser, Unread>>) {
        for (id, reading) in readings {
            if matches!(reading, Err(Unread::Failed { .. })) {
                self.unread(&id, reading);
            }
        }
    }

    /// Reports fields that are left out of the manifest.
    pub(crate) fn left_out(&mut self, id: &MemberId, fields: Vec<(String, &'static str)>) {
        for field in fields {
            self.left_out.entry(field).or_default().insert(id.clone());
        }
    }

    /// Prints all messages.
    pub(crate) fn print(&mut self) {
        let left_out: Vec<String> = std::mem::take(&mut self.left_out)
            .into_iter()
            .map(|((path, reason), ids)| {
                let named = ids.iter().take(MAX_NAMED);
                let named: Vec<String> = named.map(|id| self.ids.of(id).to_string()).collect();
                let more = if ids.len() > MAX_NAMED { ", …" } else { "" };
                let users = counted(ids.len(), "user", "users");
                format!(
                    "{path} is left out of {users} ({}{more}): {reason}",
                    named.join(", ")
                )
            })
            .collect();
        for lines in [&self.declared, &left_out, &self.trouble] {
            for line in lines.iter().take(MAX_LINES) {
                self.terminal.talk(&escape::terminal(line));
            }
            if lines.len() > MAX_LINES {
                let more = lines.len() - MAX_LINES;
                self.terminal.talk(&format!("and {more} more like these"));
            }
        }
        self.declared.clear();
    }
}
