//! Declares the arguments of `talkform import`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{RequestOptions, duration};
use talkform::manifest::Column;

/// The arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// Member ids; `-` reads them from stdin, one per line
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// A file with one member id per line; `-` is stdin. Empty lines and lines that start with # are
    /// ignored
    #[arg(long, value_name = "FILE", env = "TALKFORM_FROM")]
    pub from: Option<PathBuf>,
    /// A CSV export with the member ids in one column; `-` is stdin
    #[arg(long, value_name = "FILE", env = "TALKFORM_CSV")]
    pub csv: Option<PathBuf>,
    /// The column with the member ids; needed if no header reads like a member id, user id or id
    #[arg(
        long,
        value_name = "NAME",
        requires = "csv",
        env = "TALKFORM_ID_COLUMN"
    )]
    pub id_column: Option<String>,
    /// Take the values from the CSV instead of reading the users from Channel. The state is not updated,
    /// because the values are not checked against Channel
    #[arg(
        long,
        requires = "csv",
        requires = "column",
        conflicts_with_all = ["ids", "from"],
        env = "TALKFORM_VALUES_FROM_CSV"
    )]
    pub values_from_csv: bool,
    /// With --values-from-csv: maps a column to a profile key, such as `Plan=profile.plan` or
    /// `Seats=profile.seats:number` (also `:boolean`, `:text`); may be repeated
    #[arg(
        long,
        value_name = "HEADER=profile.KEY",
        requires = "values_from_csv",
        env = "TALKFORM_COLUMN"
    )]
    pub column: Vec<Column>,
    /// Import only fields that match (`*` any characters, `?` one character), such as
    /// `profile.plan,tags`; may be repeated
    #[arg(
        long,
        value_name = "PATTERN",
        value_delimiter = ',',
        conflicts_with = "values_from_csv",
        env = "TALKFORM_FIELDS"
    )]
    pub fields: Vec<String>,
    /// The manifest to write, in the project's folder; users are added to an existing one
    #[arg(
        long,
        value_name = "FILE",
        default_value = "users/imported.yaml",
        env = "TALKFORM_IMPORT_OUT"
    )]
    pub out: PathBuf,
    /// Write one file per user into this folder of the project
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "out",
        env = "TALKFORM_SPLIT"
    )]
    pub split: Option<PathBuf>,
    /// Write manifests only and leave the state as it is; the next plan then creates the users
    #[arg(long, env = "TALKFORM_NO_RECORD")]
    pub no_record: bool,
    /// How long to wait for another run that holds the lock: `0s`, `5m`
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT")]
    pub lock_timeout: std::time::Duration,
    /// How requests are sent.
    #[command(flatten)]
    pub traffic: RequestOptions,
}
