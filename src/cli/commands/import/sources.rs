//! Reads the ids to import from the command line, a file or a CSV export.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::commands::import::arguments::{ImportArguments, RepeatedIds};
use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::output::{counted, shortened};
use talkform::manifest;
use talkform::manifest::{ColumnError, Table, TableError, TableSettings};
use talkform::model::{ApiVersion, Attributes, MemberId, ShownIds, identifies_nobody};

/// The most characters of a column's name in a message.
const LONGEST: usize = 60;

/// The users to import.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The users by id. Attributes are empty unless the CSV has the values.
    pub users: BTreeMap<MemberId, Attributes>,
    /// Invalid ids, each with its place and the reason.
    pub wrong: Vec<String>,
    /// Other messages about the sources.
    pub notes: Vec<String>,
    /// Values of the CSV that were left out: the user, the field and the reason.
    pub left_out: Vec<(MemberId, String, &'static str)>,
}

impl Sources {
    /// Reads all sources of the arguments, for a project with this version of the API. Ids in messages are as
    /// `shown` says.
    pub(crate) fn read(
        arguments: &ImportArguments,
        api: ApiVersion,
        shown: &ShownIds,
    ) -> Result<Self, Failure> {
        let ImportArguments { ids, from, .. } = arguments;
        let csv = &arguments.table.csv;
        let stdin = [from.as_deref(), csv.as_deref()];
        let wants_stdin = ids.iter().filter(|id| *id == "-").count()
            + stdin
                .iter()
                .filter(|path| **path == Some(Path::new("-")))
                .count();
        if wants_stdin > 1 {
            return Err(Failure::Usage(
                "stdin can be read only once: use `-` for one source only".to_owned(),
            ));
        }
        if ids.is_empty() && from.is_none() && csv.is_none() {
            return Err(Failure::Usage(
                "no users to import: give member ids, --from FILE with one id per line, or --csv FILE (Channel cannot list its users)"
                    .to_owned(),
            ));
        }
        let mut sources = Self::default();
        for id in ids.iter().filter(|id| *id != "-") {
            let id = member_id(id).map_err(|reason| {
                let named = if shown.hides() {
                    "an id of the command line".to_owned()
                } else {
                    format!("`{}`", shortened(id, LONGEST))
                };
                Failure::Usage(format!("{named}: {reason}"))
            })?;
            sources.users.insert(id, Attributes::default());
        }
        if ids.iter().any(|id| id == "-") {
            sources.lines(Path::new("-"))?;
        }
        if let Some(path) = from {
            sources.lines(path)?;
        }
        if let Some(path) = csv {
            sources.table(path, arguments, api, shown)?;
        }
        Ok(sources)
    }

    fn lines(&mut self, path: &Path) -> Result<(), Failure> {
        let bytes = read(path)?;
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        let text = std::str::from_utf8(bytes).map_err(|_| not_utf8(path))?;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match member_id(line) {
                Ok(id) => {
                    self.users.insert(id, Attributes::default());
                }
                Err(error) => {
                    let place = format!("{}:{}", named(path), number + 1);
                    self.wrong.push(format!("{place}: {error}"));
                }
            }
        }
        Ok(())
    }

    fn table(
        &mut self,
        path: &Path,
        arguments: &ImportArguments,
        api: ApiVersion,
        shown: &ShownIds,
    ) -> Result<(), Failure> {
        let bytes = read(path)?;
        let settings = TableSettings {
            id_column: arguments.table.id_column.as_deref(),
            columns: &arguments.table.column,
            encoding: arguments.table.encoding,
            delimiter: arguments.table.delimiter,
            phone_country: arguments.table.phone_country,
            repeated: arguments.table.repeated.into(),
            verbatim: arguments.table.verbatim,
            api,
        };
        let table =
            manifest::read_table(&bytes, &settings).map_err(|error| unusable(path, &error))?;
        let name = named(path);
        self.notes
            .extend(notes(&table, arguments, shown).map(|note| format!("{name}: {note}")));
        for (line, note) in &table.notes {
            self.notes.push(format!("{name}:{line}: {note}"));
        }
        let mut wrong = table.wrong_rows;
        wrong.sort();
        for (line, reason) in wrong {
            self.wrong.push(format!("{name}:{line}: {reason}"));
        }
        self.left_out.extend(table.left_out);
        self.users.extend(table.users);
        Ok(())
    }
}

/// What an import says of a table as a whole.
fn notes(
    table: &Table,
    arguments: &ImportArguments,
    shown: &ShownIds,
) -> impl Iterator<Item = String> {
    let mut notes = Vec::new();
    if arguments.table.id_column.is_none() {
        let column = &table.id_column;
        notes.push(format!(
            "ids are taken from the column `{}`",
            shortened(column, LONGEST)
        ));
    }
    let encoding = table.encoding.to_string();
    if encoding != "UTF-8" || !table.delimiter.is_comma() {
        notes.push(format!(
            "read as {encoding} with {} between cells",
            table.delimiter
        ));
    }
    if table.without_id > 0 {
        let rows = counted(table.without_id, "row has", "rows have");
        notes.push(format!("{rows} no id and cannot be imported"));
    }
    if let Some(first) = table.repeated.first() {
        let ids = counted(table.repeated.len(), "id comes", "ids come");
        let used = match arguments.table.repeated {
            RepeatedIds::First => "the first row is used",
            RepeatedIds::Last => "the last row is used",
            RepeatedIds::Refuse => "none of the rows is used",
        };
        notes.push(format!(
            "{ids} more than once, for example {}; {used}",
            shown.of(first)
        ));
    }
    for (column, count) in &table.nothing {
        let cells = counted(*count, "cell holds", "cells hold");
        notes.push(format!(
            "`{}`: {cells} a word for no value, such as NULL, taken as empty; --verbatim keeps such words",
            shortened(column, LONGEST)
        ));
    }
    notes.into_iter()
}

fn unusable(path: &Path, error: &TableError) -> Failure {
    let message = format!("cannot use {}: {error}", named(path));
    match error {
        TableError::Encoding(problem) => Failure::with_hint(message, problem.hint()),
        TableError::Column(ColumnError::NoId(_)) => Failure::with_hint(
            message,
            "the first line names the columns: add it if it is missing, or name the column of the ids with --id-column",
        ),
        TableError::Quote(_) => Failure::with_hint(
            message,
            "rows may have become part of a cell, so nothing is imported: correct the quote, and write a quote inside of a cell twice",
        ),
        TableError::SecondHeader(_) => Failure::with_hint(message, "import the tables one by one"),
        _ => Failure::refused(message),
    }
}

/// The id of a person, or why the text is none.
fn member_id(text: &str) -> Result<MemberId, String> {
    match identifies_nobody(text) {
        Some(reason) => Err(format!("the id is {reason}")),
        None => MemberId::new(text).map_err(|error| error.to_string()),
    }
}

fn named(path: &Path) -> String {
    if path == Path::new("-") {
        "stdin".to_owned()
    } else {
        path.display().to_string()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = if path == Path::new("-") {
        files::read_stdin()
    } else {
        files::read_bytes(path)
    };
    read.map_err(|error| Failure::refused(format!("cannot read {}: {error}", named(path))))
}

fn not_utf8(path: &Path) -> Failure {
    Failure::with_hint(
        format!("cannot use {}: it is not UTF-8", named(path)),
        "save it as UTF-8; in Excel, choose \"CSV UTF-8\"",
    )
}
