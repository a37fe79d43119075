//! Reads a CSV export as users: ids from one column, declared values from others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use csv::{ReaderBuilder, StringRecord};

use crate::manifest::field_names::DOCUMENTED_KEYS;
use crate::manifest::import::importable::refusal;
use crate::manifest::syntax::decode;
use crate::manifest::syntax::scalar::{PlainScalar, classify};
use crate::manifest::users::check;
use crate::manifest::users::near_miss::documented_key;
use crate::manifest::users::value::Kind as KeyKind;
use crate::model::visibility::key_words;
use crate::model::visibility::patterns::folded;
use crate::model::{Attributes, Declared, MemberId, ProfileKey, Value};
use crate::words::counted;

/// The names of the id column if none is given, in lower case and without spaces and signs. The first one
/// that a file has is used.
const ID_COLUMNS: [&str; 4] = ["memberid", "usermemberid", "userid", "id"];

/// Usual names of other columns.
const OTHER_COLUMNS: [&str; 8] = [
    "tags",
    "plan",
    "unsubscribed",
    "unsubscribeemail",
    "unsubscribetexting",
    "createdat",
    "updatedat",
    "lastseenat",
];

/// A column and the profile key that it fills: `HEADER=profile.KEY`, `HEADER=profile.KEY:number`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name of the column in the file.
    pub header: String,
    /// The key.
    pub key: ProfileKey,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Boolean,
}

impl FromStr for Column {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (header, target) = text
            .rsplit_once('=')
            .filter(|(header, _)| !header.is_empty())
            .ok_or("it takes HEADER=profile.KEY, or HEADER=profile.KEY:number")?;
        let (path, kind) = target.split_once(':').unwrap_or((target, ""));
        let key = path
            .strip_prefix("profile.")
            .ok_or_else(|| format!("`{path}` is not a profile key; write profile.{path}"))?;
        let of_channel = KeyKind::of(key);
        let kind = match (kind, of_channel) {
            ("", KeyKind::Int32 | KeyKind::Number) | ("number", _) => Kind::Number,
            ("" | "text", _) => Kind::Text,
            ("boolean", _) => Kind::Boolean,
            _ => return Err(format!("`{kind}` is not one of text, number and boolean")),
        };
        let example: Value = match (kind, of_channel) {
            (Kind::Number, _) => 1.into(),
            (Kind::Boolean, _) => true.into(),
            (Kind::Text, KeyKind::Phone) => "+821012345678".into(),
            (Kind::Text, _) => "".into(),
        };
        if let Some(reason) = refusal(key, &example) {
            return Err(format!("{path}: {reason}"));
        }
        Ok(Self {
            header: header.to_owned(),
            key: key.into(),
            kind,
        })
    }
}

/// The users of a CSV file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The name of the id column.
    pub id_column: String,
    /// The users by id. Of several rows with one id, the first is used.
    pub users: BTreeMap<MemberId, Attributes>,
    /// The number of rows without an id, which are usually visitors.
    pub without_id: usize,
    /// Ids that occur in more than one row.
    pub repeated: BTreeSet<MemberId>,
    /// Rows with an invalid id: the line and why.
    pub wrong_ids: Vec<(u64, String)>,
    /// Cells that were left out: user, path and reason, without the value.
    pub left_out: Vec<(MemberId, String, &'static str)>,
}

/// Why a file cannot be used at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The encoding is not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// There is no header.
    #[error("it has no header line")]
    Empty,
    /// The file is not valid CSV.
    #[error("line {line} cannot be read: {reason}")]
    Malformed {
        /// Where.
        line: u64,
        /// Why.
        reason: String,
    },
    /// No column has one of the usual names of the id column.
    #[error("it has no column for the id; {columns}")]
    NoIdColumn {
        /// The columns there are.
        columns: Columns,
    },
    /// A requested column does not exist.
    #[error("it has no column `{name}`; {columns}")]
    NoColumn {
        /// The requested column.
        name: String,
        /// The columns there are.
        columns: Columns,
    },
    /// Several columns have the same name.
    #[error("it has several columns `{name}`")]
    Ambiguous {
        /// The name.
        name: String,
    },
}

/// The columns of a file, for an error. A file without a header has a person in its first line, so the error
/// contains only names that are known to be names of columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    count: usize,
    known: Vec<String>,
}

impl Columns {
    fn new(headers: &[String], asked: Option<&str>) -> Self {
        let asked = asked.map(folded);
        let is_known = |name: &&String| {
            let plain = plain(name);
            let is_id = ID_COLUMNS.contains(&&*plain);
            let is_key = DOCUMENTED_KEYS.contains(&&***name) || documented_key(name).is_some();
            is_id
                || is_key
                || key_words::is_a_word(name)
                || OTHER_COLUMNS.contains(&&*plain)
                || asked == Some(folded(name))
        };
        Self {
            count: headers.len(),
            known: headers.iter().filter(is_known).cloned().collect(),
        }
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = counted(self.count, "column", "columns");
        let known: Vec<String> = self.known.iter().map(|name| format!("`{name}`")).collect();
        if known.is_empty() {
            write!(f, "it has {columns}, none with a usual name")
        } else {
            write!(f, "it has {columns}, among them {}", known.join(", "))
        }
    }
}

/// Reads a CSV file in UTF-8, with or without a byte order mark. The delimiter is the comma, semicolon or
/// tab that occurs most in the first line.
///
/// # Errors
///
/// The file cannot be used at all; wrong rows and cells are part of the [`Table`].
pub fn read_table(
    bytes: &[u8],
    id_column: Option<&str>,
    columns: &[Column],
) -> Result<Table, TableError> {
    let bytes = bytes.strip_prefix(decode::MARK).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| TableError::NotUtf8)?;
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .from_reader(text.as_bytes());
    let headers: Vec<String> = reader
        .headers()
        .map_err(|error| malformed(&error))?
        .iter()
        .map(|name| name.trim().to_owned())
        .collect();
    if headers.iter().all(String::is_empty) {
        return Err(TableError::Empty);
    }
    let id_at = match id_column {
        Some(name) => position(&headers, name)?,
        None => guess(&headers)?,
    };
    let places: Vec<usize> = columns
        .iter()
        .map(|column| position(&headers, &column.header))
        .collect::<Result<_, _>>()?;
    let mut table = Table {
        id_column: headers[id_at].clone(),
        ..Table::default()
    };
    let mut lines = LineCounter::new(text);
    for record in reader.records() {
        let record = record.map_err(|error| malformed(&error))?;
        table.take(&record, id_at, columns, &places, &mut lines);
    }
    Ok(table)
}

/// Finds the line numbers of rows, from top to bottom. The count of the `csv` reader is one too low if lines
/// end in `\r\n`.
struct LineCounter<'t> {
    bytes: &'t [u8],
    at: usize,
    line: u64,
}

impl<'t> LineCounter<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    fn of(&mut self, record: &StringRecord) -> u64 {
        let byte = record.position().map_or(0, csv::Position::byte);
        let mut start = usize::try_from(byte)
            .unwrap_or(usize::MAX)
            .min(self.bytes.len());
        while matches!(self.bytes.get(start), Some(b'\r' | b'\n')) {
            start += 1;
        }
        let passed = &self.bytes[self.at..start.max(self.at)];
        for _ in passed.split(|byte| *byte == b'\n').skip(1) {
            self.line += 1;
        }
        self.at = start.max(self.at);
        self.line
    }
}

impl Table {
    fn take(
        &mut self,
        record: &StringRecord,
        id_at: usize,
        columns: &[Column],
        places: &[usize],
        lines: &mut LineCounter<'_>,
    ) {
        let id = match record.get(id_at).unwrap_or_default().trim() {
            "" => {
                self.without_id += 1;
                return;
            }
            text => MemberId::new(text),
        };
        let id = match id {
            Ok(id) => id,
            Err(error) => {
                self.wrong_ids.push((lines.of(record), error.to_string()));
                return;
            }
        };
        if self.users.contains_key(&id) {
            self.repeated.insert(id);
            return;
        }
        let mut attributes = Attributes::default();
        for (column, place) in columns.iter().zip(places) {
            let cell = record.get(*place).unwrap_or_default();
            if cell.trim().is_empty() {
                continue;
            }
            match value(column, cell) {
                Ok(value) => {
                    let value = Declared::Set(value);
                    attributes.profile.insert(column.key.clone(), value);
                }
                Err(reason) => {
                    let path = format!("profile.{}", column.key);
                    self.left_out.push((id.clone(), path, reason));
                }
            }
        }
        self.users.insert(id, attributes);
    }
}

fn value(column: &Column, cell: &str) -> Result<Value, &'static str> {
    let key = column.key.as_str();
    let value = match (column.kind, cell.trim()) {
        (Kind::Number, text) => match classify(text) {
            PlainScalar::Number(Ok(number)) => Value::Number(number),
            PlainScalar::Number(Err(_)) => return Err("a number with too many digits"),
            _ => return Err("not a number in plain decimal digits"),
        },
        (Kind::Boolean, "true" | "TRUE" | "True") => true.into(),
        (Kind::Boolean, "false" | "FALSE" | "False") => false.into(),
        (Kind::Boolean, _) => return Err("neither true nor false"),
        (Kind::Text, text) if KeyKind::of(key) == KeyKind::Phone => {
            Value::Text(check::e164_without_punctuation(text).ok_or("not an E.164 phone number")?)
        }
        (Kind::Text, _) => Value::Text(cell.to_owned()),
    };
    match refusal(key, &value) {
        None => Ok(value),
        Some(reason) => Err(reason),
    }
}

fn malformed(error: &csv::Error) -> TableError {
    TableError::Malformed {
        line: error.position().map_or(0, csv::Position::line),
        // The message of the library names lengths and encodings, never the content of cells.
        reason: error.to_string(),
    }
}

fn delimiter(text: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for byte in text.bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted => break,
            _ if !is_quoted => {
                for (delimiter, count) in &mut counts {
                    *count += usize::from(byte == *delimiter);
                }
            }
            _ => {}
        }
    }
    let mut most = counts[0];
    for candidate in counts {
        if candidate.1 > most.1 {
            most = candidate;
        }
    }
    most.0
}

fn position(headers: &[String], name: &str) -> Result<usize, TableError> {
    let mut places = headers
        .iter()
        .enumerate()
        .filter(|(_, header)| **header == name.trim());
    match (places.next(), places.next()) {
        (Some((at, _)), None) => Ok(at),
        (Some(_), Some(_)) => Err(TableError::Ambiguous {
            name: name.to_owned(),
        }),
        (None, _) => Err(TableError::NoColumn {
            name: name.to_owned(),
            columns: Columns::new(headers, Some(name)),
        }),
    }
}

/// A name in lower case and without spaces and signs.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn guess(headers: &[String]) -> Result<usize, TableError> {
    let plain: Vec<String> = headers.iter().map(|name| plain(name)).collect();
    let found = ID_COLUMNS
        .iter()
        .find_map(|name| plain.iter().position(|header| header == name));
    let at = found.ok_or_else(|| TableError::NoIdColumn {
        columns: Columns::new(headers, None),
    })?;
    if plain.iter().filter(|name| **name == plain[at]).count() > 1 {
        return Err(TableError::Ambiguous {
            name: headers[at].clone(),
        });
    }
    Ok(at)
}
