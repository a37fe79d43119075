//! Reads the ids to import from the command line, a file or a CSV export.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::commands::import::arguments::ImportArguments;
use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::output::counted;
use talkform::manifest;
use talkform::manifest::Table;
use talkform::model::{Attributes, MemberId};

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
    /// Reads all sources of the arguments.
    pub(crate) fn read(arguments: &ImportArguments) -> Result<Self, Failure> {
        let ImportArguments { ids, from, csv, .. } = arguments;
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
            let id =
                MemberId::new(id).map_err(|error| Failure::Usage(format!("`{id}`: {error}")))?;
            sources.users.insert(id, Attributes::default());
        }
        if ids.iter().any(|id| id == "-") {
            sources.lines(Path::new("-"))?;
        }
        if let Some(path) = from {
            sources.lines(path)?;
        }
        if let Some(path) = csv {
            sources.table(path, arguments)?;
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
            match MemberId::new(line) {
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

    fn table(&mut self, path: &Path, arguments: &ImportArguments) -> Result<(), Failure> {
        let bytes = read(path)?;
        let id_column = arguments.id_column.as_deref();
        let table =
            manifest::read_table(&bytes, id_column, &arguments.column).map_err(|error| {
                let message = format!("cannot use {}: {error}", named(path));
                match error {
                    manifest::TableError::NotUtf8 => not_utf8(path),
                    manifest::TableError::NoIdColumn { .. } => Failure::with_hint(
                        message,
                        "the first line names the columns: add it if it is missing, or name the column of the ids with --id-column",
                    ),
                    _ => Failure::refused(message),
                }
            })?;
        let Table {
            id_column,
            users,
            without_id,
            repeated,
            wrong_ids,
            left_out,
        } = table;
        let name = named(path);
        if arguments.id_column.is_none() {
            self.notes.push(format!(
                "{name}: ids are taken from the column `{id_column}`"
            ));
        }
        if without_id > 0 {
            let rows = counted(without_id, "row has", "rows have");
            self.notes
                .push(format!("{name}: {rows} no id and cannot be imported"));
        }
        if let Some(first) = repeated.first() {
            let ids = counted(repeated.len(), "id comes", "ids come");
            self.notes.push(format!(
                "{name}: {ids} more than once, for example {first}; the first row is used"
            ));
        }
        for (line, reason) in wrong_ids {
            self.wrong.push(format!("{name}:{line}: {reason}"));
        }
        self.left_out.extend(left_out);
        self.users.extend(users);
        Ok(())
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
