//! What came of an import, and what is said of it: ids, fields and reasons, never values.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::cli::commands::import::sources::Sources;
use crate::cli::commands::import::targets::{PlannedFile, Target};
use crate::cli::failure::Failure;
use crate::cli::output::counted;
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use talkform::model::{Attributes, FieldPath, MemberId, Origin, RemoteUser, Unread};
use talkform::render::common::escape;

/// How many lines of one kind are said.
const MOST_SAID: usize = 20;

/// How many users a line names.
const MOST_NAMED: usize = 3;

/// The users that an import takes in.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    /// Those that get a manifest.
    pub added: BTreeMap<MemberId, Attributes>,
    /// Those that are declared as Channel has them already, and only were not recorded.
    pub recorded: BTreeMap<MemberId, Attributes>,
}

impl Imported {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.recorded.is_empty()
    }

    /// All of them.
    pub(crate) fn users(&self) -> impl Iterator<Item = (&MemberId, &Attributes)> {
        self.added.iter().chain(&self.recorded)
    }

    /// The manifests as they will be.
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

    /// The result.
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
                "The state {} records them: `talkform plan` has nothing to do for them.",
                escape::terminal(path)
            )
        } else {
            writeln!(
                out,
                "Nothing is recorded: `talkform plan` shows them as users to create, which changes only what Channel has otherwise."
            )
        };
        out
    }
}

/// What there is to say, kept until all of it is known, so that much of a kind is said once.
pub(crate) struct Messages {
    terminal: Terminal,
    declared: Vec<String>,
    trouble: Vec<String>,
    left_out: BTreeMap<(String, &'static str), BTreeSet<MemberId>>,
}

impl Messages {
    /// With nothing to say yet.
    pub(crate) fn new(terminal: Terminal) -> Self {
        Self {
            terminal,
            declared: Vec::new(),
            trouble: Vec::new(),
            left_out: BTreeMap::new(),
        }
    }

    /// Where it is said.
    pub(crate) fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// Whether some users were named and not imported.
    pub(crate) fn has_trouble(&self) -> bool {
        !self.trouble.is_empty()
    }

    /// Says at once what reading the names has shown.
    pub(crate) fn sources(&mut self, sources: &Sources) {
        for note in &sources.notes {
            self.terminal.talk(&escape::terminal(note));
        }
        self.trouble.extend(sources.wrong.iter().cloned());
    }

    /// A user who is declared already.
    pub(crate) fn declared(&mut self, id: &MemberId, origin: &Origin) {
        self.declared.push(format!(
            "{id}: already declared at {}:{}",
            origin.file, origin.line
        ));
    }

    /// A user who is declared otherwise than Channel has it.
    pub(crate) fn differing(&mut self, id: &MemberId, fields: &[FieldPath]) {
        let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
        self.declared.push(format!(
            "{id}: not recorded, Channel has another {}; `talkform plan` shows the user",
            fields.join(", ")
        ));
    }

    /// A user who could not be read.
    pub(crate) fn unread(&mut self, id: &MemberId, reading: Result<RemoteUser, Unread>) {
        let why = match reading {
            Ok(RemoteUser::Missing) => "Channel does not know this user".to_owned(),
            Err(Unread::Failed { message }) => format!("cannot be read: {message}"),
            Ok(RemoteUser::Present(_)) | Err(Unread::Skipped { .. }) => return,
        };
        self.trouble.push(format!("{id}: {why}"));
    }

    /// All who could not be read, of a run that stopped.
    pub(crate) fn failed(&mut self, readings: BTreeMap<MemberId, Result<RemoteUser, Unread>>) {
        for (id, reading) in readings {
            if matches!(reading, Err(Unread::Failed { .. })) {
                self.unread(&id, reading);
            }
        }
    }

    /// Fields that cannot be declared.
    pub(crate) fn left_out(&mut self, id: &MemberId, fields: Vec<(String, &'static str)>) {
        for field in fields {
            self.left_out.entry(field).or_default().insert(id.clone());
        }
    }

    /// Says everything.
    pub(crate) fn say(&mut self) {
        let left_out: Vec<String> = std::mem::take(&mut self.left_out)
            .into_iter()
            .map(|((path, reason), ids)| {
                let named: Vec<&str> = ids.iter().take(MOST_NAMED).map(MemberId::as_str).collect();
                let more = if ids.len() > MOST_NAMED { ", …" } else { "" };
                let users = counted(ids.len(), "user", "users");
                format!(
                    "{path} is left out of {users} ({}{more}): {reason}",
                    named.join(", ")
                )
            })
            .collect();
        for lines in [&self.declared, &left_out, &self.trouble] {
            for line in lines.iter().take(MOST_SAID) {
                self.terminal.talk(&escape::terminal(line));
            }
            if lines.len() > MOST_SAID {
                let more = lines.len() - MOST_SAID;
                self.terminal.talk(&format!("and {more} more like these"));
            }
        }
        self.declared.clear();
    }
}
