//! Whom to import: ids of the command line, of a file, of a CSV export.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::commands::import::arguments::ImportArguments;
use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::output::counted;
use talkform::manifest;
use talkform::manifest::Table;
use talkform::model::{Attributes, MemberId};

/// Everybody who was named.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The users. What is declared of them is only known where a CSV has the values.
    pub users: BTreeMap<MemberId, Attributes>,
    /// Ids that are none, each with its place and why.
    pub wrong: Vec<String>,
    /// What else is worth saying.
    pub notes: Vec<String>,
    /// Values of a CSV that were left out: whose, of which field, why.
    pub left_out: Vec<(MemberId, String, &'static str)>,
}

impl Sources {
    /// Reads all of them.
    pub(crate) fn read(arguments: &ImportArguments) -> Result<Self, Failure> {
        let ImportArguments { ids, from, csv, .. } = arguments;
        let stdin = [from.as_deref(), csv.as_deref()];
        let wants_stdin = ids.iter().filter(|id| *id == "-").count()
            + stdin
                .iter()
                .filter(|path| **path == Some(Path::new("-")))
                .count();
        if wants_stdin > 1 {
            return Err(Failure::Usage("stdin can be read only once".to_owned()));
        }
        if ids.is_empty() && from.is_none() && csv.is_none() {
            return Err(Failure::Usage(
                "whom to import? Channel has no list of its users: give member ids, --from FILE with one id a line, or --csv FILE"
                    .to_owned(),
            ));
        }
        let mut sources = Self::default();
        for id in ids.iter().filter(|id| *id != "-") {
            let id =
                MemberId::new(id).map_err(|error| Failure::Usage(format!("«{id}»: {error}")))?;
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
                    manifest::TableError::NoIdColumn { .. } => {
                        Failure::with_hint(message, "name the column with --id-column")
                    }
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
                "{name}: ids are taken from the column «{id_column}»"
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
                "{name}: {ids} more than once, {first} for one; the first row counts"
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
        "save it as UTF-8; Excel calls that «CSV UTF-8»",
    )
}
