//! Runs `talkform validate`: checks the project file and the manifests.

use clap::{Args, ValueEnum};

use crate::cli::args::Global;
use crate::cli::failure::{Exit, Failure};
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use crate::cli::{destination, output};
use talkform::manifest;

/// The arguments of `validate`.
#[derive(Debug, Args)]
pub(crate) struct ValidateArguments {
    /// The format of the diagnostics
    #[arg(long, value_enum, default_value_t, env = "TALKFORM_FORMAT")]
    pub format: DiagnosticFormat,
    /// Print all users as one manifest, with defaults merged
    ///
    /// Hidden values are left out unless --show-sensitive is given.
    #[arg(long, env = "TALKFORM_PRINT")]
    pub print: bool,
}

/// The format of diagnostics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiagnosticFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON array.
    Json,
}

/// Checks the project file and the manifests. Fails if the state describes another
/// destination. Opens no socket.
pub(crate) fn run(
    global: &Global,
    arguments: &ValidateArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let checked = LoadedProject::read(global).and_then(|settings| {
        let (desired, mut found) = if arguments.print {
            settings.desired()?
        } else {
            settings.names()?
        };
        found.extend(manifest::personal_id_warning(&settings.project, &desired));
        settings.load()?;
        destination::warn_of_host(terminal, &settings.project.channel.base_url);
        Ok((settings, desired, found))
    });
    let (found, ended) = match checked {
        Ok((settings, desired, warnings)) if arguments.print => {
            output::warn(terminal, &global.directory, &warnings);
            terminal.result(&manifest::write(&desired, &settings.visibility()?))?;
            return Ok(Exit::Done);
        }
        Ok((_, desired, warnings)) => (warnings, Ok(desired.users.len())),
        Err(Failure::Diagnostics(found)) => (found, Err(())),
        Err(other) => return Err(other),
    };
    match arguments.format {
        DiagnosticFormat::Json => {
            terminal.result(&output::diagnostics_json(&found)?)?;
            match ended {
                Ok(_) => Ok(Exit::Done),
                Err(()) => Ok(Exit::Invalid),
            }
        }
        DiagnosticFormat::Text => match ended {
            Ok(users) => {
                output::warn(terminal, &global.directory, &found);
                terminal.result(&format!(
                    "The manifests are valid: {}.\n",
                    output::counted(users, "user", "users")
                ))?;
                Ok(Exit::Done)
            }
            Err(()) => Err(Failure::Diagnostics(found)),
        },
    }
}
