//! Runs `talkform schema`: prints a JSON Schema.

use clap::{Args, ValueEnum};

use crate::cli::args::{Global, api};
use crate::cli::failure::{Exit, Failure};
use crate::cli::project::{LoadedProject, project_file};
use crate::cli::terminal::Terminal;
use talkform::model::ApiVersion;
use talkform::{manifest, plan, render, state};

/// The arguments of `schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// What the schema describes
    #[arg(value_enum, default_value_t)]
    pub of: SchemaOf,
    /// The API version of the manifests
    ///
    /// By default that of the project, or v4.
    #[arg(long, value_parser = api, env = "TALKFORM_API")]
    pub api: Option<ApiVersion>,
}

/// What a schema describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// Manifests.
    #[default]
    Manifest,
    /// The project file.
    Project,
    /// `plan --format json`.
    Plan,
    /// A plan file, `plan --out`.
    PlanFile,
    /// `apply --format json`.
    Report,
    /// `drift --format json`.
    Drift,
    /// `erase --format json`.
    Erasure,
    /// `import --format json`.
    Import,
    /// The state file.
    State,
    /// `show --format json` of a state.
    StateSummary,
    /// `state list --format json` and `state show --format json`.
    StateUsers,
}

/// Prints one JSON Schema.
pub(crate) fn run(
    global: &Global,
    arguments: &SchemaArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let schema = match arguments.of {
        SchemaOf::Manifest => manifest_schema(global, arguments)?,
        SchemaOf::Project => manifest::schema::project_schema(),
        SchemaOf::Plan => render::plan::json::plan_schema(),
        SchemaOf::PlanFile => plan::file_schema(),
        SchemaOf::Report => render::report::json::report_schema(),
        SchemaOf::Drift => render::drift::json::drift_schema(),
        SchemaOf::Erasure => render::erasure::erasure_schema(),
        SchemaOf::Import => render::import_json::import_schema(),
        SchemaOf::State => state::schema(),
        SchemaOf::StateSummary => render::state_json::state_summary_schema(),
        SchemaOf::StateUsers => render::state_users_json::state_users_schema(),
    };
    terminal.result(&format!("{schema:#}\n"))?;
    Ok(Exit::Done)
}

/// The schema of the manifests. In a project, it is for the API version of the project and includes
/// the project's rules.
fn manifest_schema(
    global: &Global,
    arguments: &SchemaArguments,
) -> Result<serde_json::Value, Failure> {
    let settings = if project_file::is_in(&global.directory)? {
        Some(LoadedProject::read(global)?)
    } else {
        None
    };
    let of_project = settings
        .as_ref()
        .map(|settings| settings.project.channel.api);
    let api = arguments.api.or(of_project).unwrap_or_default();
    let mut schema = manifest::schema::manifest_schema(api);
    if let Some(rules) = settings
        .map(|settings| settings.rules())
        .transpose()?
        .flatten()
    {
        rules.fold_into(&mut schema);
    }
    Ok(schema)
}
