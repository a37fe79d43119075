//! `schema`

use crate::cli::args::{SchemaArguments, SchemaOf};
use crate::cli::failure::{Exit, Failure};
use crate::cli::terminal::Terminal;
use crate::{manifest, plan, render, state};

/// Prints one JSON Schema.
pub(crate) fn run(arguments: &SchemaArguments, terminal: Terminal) -> Result<Exit, Failure> {
    let schema = match arguments.of {
        SchemaOf::Manifest => manifest::schema::manifest_schema(arguments.api),
        SchemaOf::Project => manifest::schema::project_schema(),
        SchemaOf::Plan => render::plan_json::plan_schema(),
        SchemaOf::PlanFile => plan::file_schema(),
        SchemaOf::Report => render::report_json::report_schema(),
        SchemaOf::State => state::schema(),
    };
    terminal.result(&format!("{schema:#}\n"))?;
    Ok(Exit::Done)
}
