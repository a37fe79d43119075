//! Reads a table (CSV, TSV) as users: ids from one column, declared values from others.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::import::PhoneCountry;
use crate::manifest::import::cell::{Cell, CellReader};
use crate::manifest::import::column::Column;
use crate::manifest::import::encoding::{NotDecodable, TableEncoding, decode};
use crate::manifest::import::header::{ColumnError, Header, trimmed};
use crate::manifest::import::records::{BrokenQuote, Delimiter, Record, Records, begin};
use crate::model::{ApiVersion, Attributes, FieldPath, MemberId, identifies_nobody};
use crate::words::counted;

/// The mark that begins some texts, and stands in the middle where two of them were joined.
const MARK: char = '\u{feff}';

/// How a table is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableSettings<'a> {
    /// The name of the id column; `None` looks for a usual name.
    pub id_column: Option<&'a str>,
    /// The columns with values.
    pub columns: &'a [Column],
    /// The encoding; `None` takes UTF-8, or UTF-16 if the bytes show it.
    pub encoding: Option<TableEncoding>,
    /// The delimiter; `None` takes the sign that stands most in the first line.
    pub delimiter: Option<Delimiter>,
    /// The country whose phone numbers are written without a country code.
    pub phone_country: Option<PhoneCountry>,
    /// Which row counts of several with one id.
    pub repeated: Repeated,
    /// Whether texts keep their spaces, and words such as `NULL` are texts.
    pub verbatim: bool,
    /// The version of the API, which limits tags and flags.
    pub api: ApiVersion,
}

/// Which row counts of several with one id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeated {
    /// The first one.
    #[default]
    First,
    /// The last one.
    Last,
    /// None of them: each is a wrong row.
    Refuse,
}

/// The users of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The name of the id column.
    pub id_column: String,
    /// The encoding.
    pub encoding: TableEncoding,
    /// The delimiter.
    pub delimiter: Delimiter,
    /// The users by id.
    pub users: BTreeMap<MemberId, Attributes>,
    /// The number of rows without an id, which are usually visitors.
    pub without_id: usize,
    /// Ids that occur in more than one row.
    pub repeated: BTreeSet<MemberId>,
    /// Rows that are left out: the line and why.
    pub wrong_rows: Vec<(usize, String)>,
    /// Lines that say something of the file: the line and what.
    pub notes: Vec<(usize, String)>,
    /// How many cells of each column hold a word for no value.
    pub nothing: BTreeMap<String, usize>,
    /// Cells that were left out: user, path and reason, without the value.
    pub left_out: Vec<(MemberId, String, &'static str)>,
}

/// Why a file cannot be used at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// It is in another encoding.
    #[error("{0}")]
    Encoding(NotDecodable),
    /// There is no header.
    #[error("it has no header line")]
    Empty,
    /// Its rows cannot be told from each other.
    #[error("{0}")]
    Quote(BrokenQuote),
    /// A column is missing, or there several times.
    #[error("{0}")]
    Column(#[from] ColumnError),
    /// The rows after this line have other columns.
    #[error("line {0} is a header with other columns: two tables were joined")]
    SecondHeader(usize),
    /// Two columns fill one field.
    #[error("two columns fill {0}")]
    SameField(String),
    /// The version of the API has no such field.
    #[error("API v5 has no `unsubscribed`; fill unsubscribeEmail and unsubscribeTexting")]
    NoSuchField,
}

/// Reads a table.
///
/// # Errors
///
/// The file cannot be used at all; wrong rows and cells are part of the [`Table`].
pub fn read_table(bytes: &[u8], settings: &TableSettings<'_>) -> Result<Table, TableError> {
    check_fields(settings)?;
    let (text, encoding) = decode(bytes, settings.encoding).map_err(TableError::Encoding)?;
    let (delimiter, text, line) = begin(&text, settings.delimiter);
    let mut records = Records::new(text, line, delimiter);
    let first = records
        .by_ref()
        .find(|record| !record.as_ref().is_ok_and(Record::is_blank));
    let first = first.transpose().map_err(TableError::Quote)?;
    let header = Header::new(&first.ok_or(TableError::Empty)?.cells);
    if header.is_empty() {
        return Err(TableError::Empty);
    }
    let id_at = match settings.id_column {
        Some(name) => header.position(name)?,
        None => header.id_position()?,
    };
    let columns = settings.columns.iter();
    let columns: Vec<(usize, &Column)> = columns
        .map(|column| Ok((header.position(&column.header)?, column)))
        .collect::<Result<_, ColumnError>>()?;
    let mut rows = Rows {
        table: Table {
            id_column: header.name(id_at).to_owned(),
            encoding,
            delimiter,
            users: BTreeMap::new(),
            without_id: 0,
            repeated: BTreeSet::new(),
            wrong_rows: Vec::new(),
            notes: Vec::new(),
            nothing: BTreeMap::new(),
            left_out: Vec::new(),
        },
        lines: BTreeMap::new(),
        header,
        id_at,
        columns,
        repeated: settings.repeated,
        cells: CellReader {
            phone_country: settings.phone_country,
            verbatim: settings.verbatim,
            api: settings.api,
        },
    };
    for record in records {
        rows.take(record.map_err(TableError::Quote)?)?;
    }
    Ok(rows.table)
}

fn check_fields(settings: &TableSettings<'_>) -> Result<(), TableError> {
    let mut seen = BTreeSet::new();
    for Column { field, .. } in settings.columns {
        if *field == FieldPath::Unsubscribed && settings.api == ApiVersion::V5 {
            return Err(TableError::NoSuchField);
        }
        // A key is either in `profile` or in `profileOnce`.
        let name = field
            .key()
            .map_or_else(|| field.to_string(), |key| format!("profile.{key}"));
        if !seen.insert(name.clone()) {
            return Err(TableError::SameField(name));
        }
    }
    Ok(())
}

struct Rows<'a> {
    table: Table,
    /// The line of each user.
    lines: BTreeMap<MemberId, usize>,
    header: Header,
    id_at: usize,
    columns: Vec<(usize, &'a Column)>,
    repeated: Repeated,
    cells: CellReader,
}

impl Rows<'_> {
    fn take(&mut self, mut record: Record) -> Result<(), TableError> {
        let line = record.line;
        let is_joined = record.cells[0].starts_with(MARK);
        if is_joined {
            let rest = record.cells[0].trim_start_matches(MARK);
            // The mark hides the quote after it.
            let rest = rest.trim_matches('"').to_owned();
            record.cells[0] = rest;
        }
        if record.is_blank() {
            return Ok(());
        }
        if self.header.is_repeated_by(&record.cells) {
            let note = "repeats the header and is left out: two tables were joined";
            self.table.notes.push((line, note.to_owned()));
            return Ok(());
        }
        if self.header.len() > 1 && self.header.has_name_of(self.id_at, &record.cells) {
            return Err(TableError::SecondHeader(line));
        }
        if is_joined {
            let note = "begins with a byte order mark: two tables were joined";
            self.table.notes.push((line, note.to_owned()));
        }
        match self.row(&record) {
            Ok(None) => self.table.without_id += 1,
            Ok(Some(id)) => self.user(id, &record),
            Err(reason) => self.table.wrong_rows.push((line, reason)),
        }
        Ok(())
    }

    /// The id of a row; `None` if it has none.
    fn row(&self, record: &Record) -> Result<Option<MemberId>, String> {
        let columns = self.header.len();
        if record.has_text_after_quote {
            return Err("text stands after a closing quote".to_owned());
        }
        if record.swallows_rows(columns) {
            let reason = "a quoted cell holds the end of a row and the beginning of another: a quote is missing";
            return Err(reason.to_owned());
        }
        let filled = record
            .cells
            .iter()
            .rposition(|cell| !cell.trim().is_empty());
        let filled = filled.map_or(0, |at| at + 1);
        if record.cells.len() < columns || filled > columns {
            let cells = counted(record.cells.len(), "cell", "cells");
            return Err(format!("it has {cells}, and the header {columns}"));
        }
        let text = trimmed(&record.cells[self.id_at]);
        if text.is_empty() {
            return Ok(None);
        }
        if let Some(reason) = identifies_nobody(text) {
            return Err(format!("the id is {reason}"));
        }
        match MemberId::new(text) {
            Ok(id) => Ok(Some(id)),
            Err(error) => Err(error.to_string()),
        }
    }

    fn user(&mut self, id: MemberId, record: &Record) {
        let before = self.lines.get(&id).copied();
        if let Some(before) = before {
            self.table.repeated.insert(id.clone());
            match self.repeated {
                Repeated::First => return,
                Repeated::Last => {}
                Repeated::Refuse => {
                    if self.table.users.remove(&id).is_some() {
                        self.forget_cells(&id);
                        self.table
                            .wrong_rows
                            .push((before, "its id is repeated".to_owned()));
                    }
                    let reason = format!("its id is that of line {before}");
                    self.table.wrong_rows.push((record.line, reason));
                    return;
                }
            }
            self.forget_cells(&id);
        }
        self.lines.insert(id.clone(), record.line);
        let mut user = Attributes::default();
        for (place, column) in &self.columns {
            match self.cells.read(column, &record.cells[*place], &mut user) {
                Cell::Empty | Cell::Taken => {}
                Cell::Nothing => {
                    let header = self.header.name(*place).to_owned();
                    *self.table.nothing.entry(header).or_default() += 1;
                }
                Cell::Wrong(reason) => {
                    let path = column.field.to_string();
                    self.table.left_out.push((id.clone(), path, reason));
                }
            }
        }
        self.table.users.insert(id, user);
    }

    /// Drops what was reported of a row that another one replaces.
    fn forget_cells(&mut self, id: &MemberId) {
        self.table.left_out.retain(|(other, ..)| other != id);
    }
}
