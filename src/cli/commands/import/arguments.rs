//! Declares the arguments of `talkform import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::{DataFormat, RequestOptions, duration};
use talkform::manifest::{Column, Delimiter, PhoneCountry, Repeated, TableEncoding};

/// The arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// Member ids; `-` reads them from stdin, one per line
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// A file with one member id per line; `-` is stdin
    ///
    /// Empty lines and lines that start with # are ignored.
    #[arg(long, value_name = "FILE", env = "TALKFORM_FROM")]
    pub from: Option<PathBuf>,
    /// How a table is read.
    #[command(flatten)]
    pub table: TableArguments,
    /// Import nothing if a row, a cell or an id is wrong
    #[arg(long, env = "TALKFORM_STRICT", hide_short_help = true)]
    pub strict: bool,
    /// Import only these fields: `profile.plan,tags`
    ///
    /// In a pattern, `*` stands for any characters and `?` for one.
    #[arg(
        long,
        value_name = "PATTERN",
        value_delimiter = ',',
        conflicts_with = "values_from_csv",
        env = "TALKFORM_FIELDS"
    )]
    pub fields: Vec<String>,
    /// The manifest to write; users are added to it
    ///
    /// A path in the project's folder.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "users/imported.yaml",
        env = "TALKFORM_IMPORT_OUT"
    )]
    pub out: PathBuf,
    /// Write one file per user into this folder
    ///
    /// A folder of the project.
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "out",
        env = "TALKFORM_SPLIT"
    )]
    pub split: Option<PathBuf>,
    /// Write manifests only and leave the state as it is; the next plan then creates the users
    #[arg(long, env = "TALKFORM_NO_RECORD", hide_short_help = true)]
    pub no_record: bool,
    /// How long to wait for another run that holds the lock: `0s`, `5m`
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT", hide_short_help = true)]
    pub lock_timeout: std::time::Duration,
    /// The format of the result: text or json
    #[arg(
        long,
        value_enum,
        default_value_t,
        env = "TALKFORM_FORMAT",
        hide_short_help = true
    )]
    pub format: DataFormat,
    /// How requests are sent.
    #[command(flatten)]
    pub traffic: RequestOptions,
}

/// The arguments about a table.
#[derive(Debug, Args)]
pub(crate) struct TableArguments {
    /// A table (CSV, TSV) with the ids; `-` is stdin
    #[arg(long, value_name = "FILE", env = "TALKFORM_CSV")]
    pub csv: Option<PathBuf>,
    /// The column with the member ids
    ///
    /// Needed if no header reads like a member id, 회원번호 or 会員ID.
    #[arg(
        long,
        value_name = "NAME",
        requires = "csv",
        env = "TALKFORM_ID_COLUMN",
        hide_short_help = true
    )]
    pub id_column: Option<String>,
    /// Take the values from the table, not from Channel
    ///
    /// The state is not updated, because the values are not checked against Channel.
    #[arg(
        long,
        requires = "csv",
        requires = "column",
        conflicts_with_all = ["ids", "from"],
        env = "TALKFORM_VALUES_FROM_CSV"
    )]
    pub values_from_csv: bool,
    /// A column and its field: `Plan=profile.plan`
    ///
    /// May be repeated. A kind may follow: `:number`, `:boolean`, `:list(;)`, `:not` (a boolean turned
    /// round), `:text`.
    #[arg(
        long,
        value_name = "HEADER=FIELD",
        requires = "values_from_csv",
        env = "TALKFORM_COLUMN"
    )]
    pub column: Vec<Column>,
    /// The encoding of the CSV, such as `cp949`, `shift-jis` or `utf-16`
    #[arg(
        long,
        value_name = "NAME",
        requires = "csv",
        env = "TALKFORM_ENCODING",
        hide_short_help = true
    )]
    pub encoding: Option<TableEncoding>,
    /// The sign between the cells of the CSV, such as `;` or `tab`
    #[arg(
        long,
        value_name = "SIGN",
        requires = "csv",
        env = "TALKFORM_DELIMITER",
        hide_short_help = true
    )]
    pub delimiter: Option<Delimiter>,
    /// The country of phone numbers without a country code: with `KR`, 010-1234-5678 becomes
    /// +821012345678
    #[arg(
        long,
        value_name = "COUNTRY",
        requires = "values_from_csv",
        env = "TALKFORM_PHONE_COUNTRY",
        hide_short_help = true
    )]
    pub phone_country: Option<PhoneCountry>,
    /// Which row counts of several with one id
    #[arg(
        long,
        value_enum,
        default_value_t,
        requires = "csv",
        env = "TALKFORM_REPEATED",
        hide_short_help = true
    )]
    pub repeated: RepeatedIds,
    /// Take cells as written: keep spaces around texts, and words such as NULL
    #[arg(
        long,
        requires = "values_from_csv",
        env = "TALKFORM_VERBATIM",
        hide_short_help = true
    )]
    pub verbatim: bool,
}

/// Which row counts of several with one id.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum RepeatedIds {
    /// The first row
    #[default]
    First,
    /// The last row
    Last,
    /// None: all of them are left out
    Refuse,
}

impl From<RepeatedIds> for Repeated {
    fn from(repeated: RepeatedIds) -> Self {
        match repeated {
            RepeatedIds::First => Self::First,
            RepeatedIds::Last => Self::Last,
            RepeatedIds::Refuse => Self::Refuse,
        }
    }
}
