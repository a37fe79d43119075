//! Finds columns by their names in the header of a table.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::manifest::field_names::DOCUMENTED_KEYS;
use crate::manifest::problem::wording::in_backticks;
use crate::manifest::users::near_miss::documented_key;

use crate::model::text::characters::is_invisible;
use crate::model::visibility::key_words;
use crate::model::visibility::patterns::folded;
use crate::words::counted;

/// The names of the id column if none is given, in lower case and without spaces and signs. The first one
/// that a file has is used.
const ID_COLUMNS: [&str; 24] = [
    "memberid",
    "usermemberid",
    "userid",
    "customerid",
    "id", // English
    "멤버id",
    "회원id",
    "회원아이디",
    "회원번호",
    "고객id",
    "고객아이디",
    "고객번호",
    "사용자id",
    "유저id",
    "아이디", // Korean
    "会員id",
    "会員番号",
    "顧客id",
    "顧客番号",
    "ユーザーid",
    "ユーザid",
    "メンバーid",
    "利用者id",
    "お客様番号", // Japanese
];

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

/// The most columns that an error names.
const MOST_NAMED: usize = 20;

/// Why a column is not found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// No column has one of the usual names of the id column.
    #[error("it has no column for the id; {0}")]
    NoId(Columns),
    /// A requested column does not exist.
    #[error("it has no column {}; {columns}", in_backticks(name))]
    None {
        /// The requested column.
        name: String,
        /// The columns there are.
        columns: Columns,
    },
    /// Several columns have the same name.
    #[error("it has several columns {}", in_backticks(name))]
    Several {
        /// The name.
        name: String,
    },
}

/// The columns of a file, as an error tells of them. A file without a header has a person in its first line, so
/// only names that are known to be names of columns are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    count: usize,
    known: Vec<String>,
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = counted(self.count, "column", "columns");
        let known = self.known.iter().take(MOST_NAMED);
        let known: Vec<String> = known.map(|name| in_backticks(name)).collect();
        if known.is_empty() {
            write!(f, "it has {columns}, none with a usual name")
        } else {
            write!(f, "it has {columns}, among them {}", known.join(", "))
        }
    }
}

/// The names of the columns, trimmed and in one Unicode form: macOS writes Hangul and accents in another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header(Vec<String>);

impl Header {
    pub(crate) fn new(cells: &[String]) -> Self {
        Self(cells.iter().map(|cell| name(cell)).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(String::is_empty)
    }

    /// The number of columns.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The name of a column.
    pub(crate) fn name(&self, at: usize) -> &str {
        self.0.get(at).map_or("", |name| name)
    }

    /// Whether a row is a header again: the id column has its own name.
    pub(crate) fn is_repeated_by(&self, cells: &[String]) -> bool {
        Self::new(cells) == *self
    }

    /// Whether a row holds the id column's name, wherever it is.
    pub(crate) fn has_name_of(&self, id_at: usize, cells: &[String]) -> bool {
        cells.iter().any(|cell| name(cell) == self.name(id_at))
    }

    /// The place of a column.
    pub(crate) fn position(&self, wanted: &str) -> Result<usize, ColumnError> {
        let wanted_name = name(wanted);
        let mut places = self.0.iter().enumerate();
        let mut places = places
            .by_ref()
            .filter(|(_, header)| **header == wanted_name);
        match (places.next(), places.next()) {
            (Some((at, _)), None) => Ok(at),
            (Some(_), Some(_)) => Err(ColumnError::Several { name: wanted_name }),
            (None, _) => Err(ColumnError::None {
                name: wanted.to_owned(),
                columns: self.columns(Some(wanted)),
            }),
        }
    }

    /// The place of the id column, by its name.
    pub(crate) fn id_position(&self) -> Result<usize, ColumnError> {
        let plain: Vec<String> = self.0.iter().map(|name| plain(name)).collect();
        let found = ID_COLUMNS
            .iter()
            .find_map(|name| plain.iter().position(|header| header == name));
        let at = found.ok_or_else(|| ColumnError::NoId(self.columns(None)))?;
        if plain.iter().filter(|name| **name == plain[at]).count() > 1 {
            return Err(ColumnError::Several {
                name: self.0[at].clone(),
            });
        }
        Ok(at)
    }

    fn columns(&self, asked: Option<&str>) -> Columns {
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
        Columns {
            count: self.len(),
            known: self.0.iter().filter(is_known).cloned().collect(),
        }
    }
}

/// The name in a cell.
fn name(cell: &str) -> String {
    trimmed(cell).nfc().collect()
}

/// A cell without the white space and the invisible characters around it.
pub(crate) fn trimmed(cell: &str) -> &str {
    cell.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// A name in lower case and without spaces and signs.
fn plain(name: &str) -> String {
    let letters = name.nfkc().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).nfc().collect()
}
