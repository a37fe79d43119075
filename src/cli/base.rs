//! Reads a git revision for `--base`: its declared users, and the field settings of its project file.

use std::collections::BTreeMap;

use crate::cli::failure::Failure;
use crate::cli::git::objects;
use crate::cli::project::{LoadedProject, PROJECT_FILE, PROJECT_FILES, field_settings};
use crate::cli::terminal::Terminal;
use talkform::manifest;
use talkform::manifest::{ReadSettings, Rules};
use talkform::model::{ApiVersion, Attributes, FieldSettings, MemberId, Project};

/// The revision that a plan is compared with.
pub(crate) struct Base {
    /// The users that its manifests declared; empty if they have errors.
    pub users: BTreeMap<MemberId, Attributes>,
    /// The field settings of its project file; `None` if it had no project file.
    pub fields: Option<FieldSettings>,
}

impl Base {
    /// Reads a revision. Its manifests are read with the API version that was applied last.
    pub(crate) fn read(
        settings: &LoadedProject,
        revision: &str,
        api: ApiVersion,
        terminal: Terminal,
    ) -> Result<Self, Failure> {
        let read = ReadSettings {
            api,
            ..settings.read_settings()?
        };
        let is_manifest = manifest::matcher(&read.patterns);
        let wanted = |name: &str| PROJECT_FILES.contains(&name) || is_manifest(name);
        let files = objects::read_revision(&settings.root, revision, &wanted)?;
        let project = files
            .iter()
            .find(|(name, _)| PROJECT_FILES.contains(&&**name));
        let fields = match project {
            Some((_, text)) => Some(fields(settings, revision, text, terminal)?),
            None => None,
        };
        let files = files.into_iter().filter(|(name, _)| is_manifest(name));
        let reading = manifest::read_texts(files.collect(), &read);
        if reading.has_errors() {
            terminal.talk(
                "warning: the manifests of the --base revision have errors; old values are not shown",
            );
        }
        let users = reading.desired.users.into_iter();
        Ok(Self {
            users: users.map(|(id, user)| (id, user.attributes)).collect(),
            fields,
        })
    }
}

/// The field settings of a revision's project file. A file that cannot be used calls no field public.
fn fields(
    settings: &LoadedProject,
    revision: &str,
    text: &[u8],
    terminal: Terminal,
) -> Result<FieldSettings, Failure> {
    let environment = settings.environment.as_deref();
    let Some(project) = project(text, environment) else {
        terminal
            .talk("warning: the project file of the --base revision has errors; no text is shown");
        return Ok(FieldSettings::default());
    };
    let rules = match &project.rules {
        Some(name) => rules(settings, revision, name)?,
        None => None,
    };
    Ok(field_settings(&project, rules.as_ref()))
}

/// The project, with the environment if the revision has it.
fn project(text: &[u8], environment: Option<&str>) -> Option<Project> {
    let text = std::str::from_utf8(text).ok()?;
    let file = manifest::project::file::parse(text, PROJECT_FILE).ok()?;
    let environment = environment.filter(|name| file.environments().any(|known| known == *name));
    file.resolve(environment).ok()
}

/// The rules of a revision; `None` if they cannot be used.
fn rules(settings: &LoadedProject, revision: &str, name: &str) -> Result<Option<Rules>, Failure> {
    let name = name.trim_start_matches("./");
    let files = objects::read_revision(&settings.root, revision, &|file| file == name)?;
    let text = files.into_iter().next();
    let text = text.and_then(|(_, text)| String::from_utf8(text).ok());
    Ok(text.and_then(|text| Rules::parse(&text).ok()))
}
