//! Reads a git revision for `--base`: its declared users, and how its settings differ from those of now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::cli::failure::Failure;
use crate::cli::git::objects::Revision;
use crate::cli::project::{
    LoadedProject, PROJECT_FILE, PROJECT_FILES, field_settings, use_sandbox,
};
use crate::cli::terminal::Terminal;
use talkform::manifest;
use talkform::manifest::{ProjectFile, ReadSettings, Rules};
use talkform::model::settings_change::list_changes;
use talkform::model::{
    ApiVersion, Attributes, FieldSettings, MemberId, Project, SettingChange, State,
};
use talkform::render::common::escape;
use talkform::render::{BaseProjectFile, SettingsView};
use talkform::state;
use talkform::words::first;

/// The most links that a note names.
const MOST_NAMED: usize = 5;

/// The revision that a plan is compared with.
pub(crate) struct Base {
    /// The users that its manifests declared; empty if they have errors.
    pub users: BTreeMap<MemberId, Attributes>,
    /// How its settings differ from those of now.
    pub settings: SettingsView,
}

/// The project file of a revision. It is read before any manifest, because it says what is hidden.
pub(crate) struct BaseProject<'p> {
    name: String,
    revision: Revision<'p>,
    file: Option<ProjectFile>,
    project_file: BaseProjectFile,
    project: Project,
    rules: Option<Rules>,
}

impl<'p> BaseProject<'p> {
    /// Reads the project file of a revision. Everything that it hides is hidden from here on.
    pub(crate) fn read(
        settings: &'p LoadedProject,
        name: &'p str,
        terminal: Terminal,
    ) -> Result<Self, Failure> {
        let revision = Revision::list(&settings.root, name)?;
        if !revision.has_folder() {
            terminal.talk(&format!(
                "note: revision {} has no folder of this project: no old value is known. If the folder had another name there, this plan cannot tell.",
                escape::terminal(name)
            ));
        }
        let text = read_one(&revision, &|name| PROJECT_FILES.contains(&name))?;
        let environment = settings.environment.as_deref();
        let file = text.as_deref().and_then(parse);
        let is_link = |name: &String| PROJECT_FILES.contains(&name.as_str());
        let project_file = match (&text, &file) {
            // Links are not followed, and what the file says of hidden values must not be lost.
            (None, _) if revision.links().iter().any(is_link) => BaseProjectFile::Unreadable,
            (None, _) => BaseProjectFile::Missing,
            (Some(_), None) => BaseProjectFile::Unreadable,
            (Some(_), Some(_)) => BaseProjectFile::Read,
        };
        if project_file == BaseProjectFile::Unreadable {
            terminal.talk(
                "warning: the project file of the --base revision is a link or has errors; no text is shown",
            );
        }
        let project = file.as_ref().and_then(|file| resolve(file, environment));
        let mut project = project.unwrap_or_else(|| match project_file {
            BaseProjectFile::Missing | BaseProjectFile::Read => Project::default(),
            // Its manifests are most likely where they are now.
            BaseProjectFile::Unreadable => Project {
                manifests: settings.project.manifests.clone(),
                ..Project::default()
            },
        });
        if settings.sandbox {
            use_sandbox(&mut project, environment);
        }
        let rules = match &project.rules {
            Some(name) => read_one(&revision, &|file| file == name)?.and_then(rules),
            None => None,
        };
        match project_file {
            BaseProjectFile::Missing => {}
            BaseProjectFile::Unreadable => settings.hide_as(FieldSettings::default()),
            BaseProjectFile::Read => settings.hide_as(field_settings(&project, rules.as_ref())),
        }
        Ok(Self {
            name: name.to_owned(),
            revision,
            file,
            project_file,
            project,
            rules,
        })
    }

    /// Reads its manifests, with the API version that was applied last. `state` is the one that the plan goes on from.
    pub(crate) fn with_users(
        self,
        settings: &LoadedProject,
        state: &State,
        terminal: Terminal,
    ) -> Result<Base, Failure> {
        let Self {
            name,
            revision,
            file,
            project_file,
            project: before,
            rules,
        } = self;
        let environment = settings.environment.as_deref();
        let mut elsewhere = other_environments(&settings.file, file.as_ref(), environment);
        if settings.sandbox {
            elsewhere.clear();
        }
        let mut changes = settings.project.changes_since(&before);
        elsewhere.retain(|(_, change)| !changes.contains(change));
        changes.extend(
            elsewhere
                .into_iter()
                .map(|(setting, change)| SettingChange { setting, ..change }),
        );
        Ok(Base {
            users: users(
                settings,
                &revision,
                &before,
                state.destination.api,
                terminal,
            )?,
            settings: SettingsView {
                revision: name,
                project_file,
                state_differs: settings.has_own_state
                    && !settings.store.is_remote()
                    && state_differs(&revision, &settings.project.state, state)?,
                rules_differ: settings.project.rules == before.rules
                    && settings.rules()?.as_deref() != rules.as_ref(),
                changes,
            },
        })
    }
}

/// The users that the manifests of a revision declared.
fn users(
    settings: &LoadedProject,
    revision: &Revision<'_>,
    before: &Project,
    api: ApiVersion,
    terminal: Terminal,
) -> Result<BTreeMap<MemberId, Attributes>, Failure> {
    let read = ReadSettings {
        api,
        patterns: before.manifests.clone(),
        ..settings.read_settings()?
    };
    let is_manifest = manifest::matcher(&read.patterns);
    // A link may be a manifest, or a folder with some.
    let is_link = |link: &&String| is_manifest(link) || is_manifest(&format!("{link}/a.yaml"));
    let links = revision.links().iter().filter(is_link);
    let links = first(links, MOST_NAMED);
    if !links.is_empty() {
        terminal.talk(&format!(
            "note: links of the --base revision are not followed, so users behind them have no old values: {}",
            escape::terminal(&links.join(", "))
        ));
    }
    let files = revision.read(&is_manifest)?;
    let reading = manifest::read_texts(files, &read);
    if reading.has_errors() {
        terminal.talk(
            "warning: the manifests of the --base revision have errors; old values are not shown",
        );
    }
    let users = reading.desired.users.into_iter();
    Ok(users
        .map(|(id, user)| (id, Arc::unwrap_or_clone(user.attributes)))
        .collect())
}

/// Whether the state's file is another one than that of a revision. A state that records nobody, such as the one that
/// `init` writes, is as good as none: the states of its lineage go on from it, on a branch of their own if there is one.
fn state_differs(revision: &Revision<'_>, name: &str, state: &State) -> Result<bool, Failure> {
    if !revision.differs_on_disk(name)? {
        return Ok(false);
    }
    let before = read_one(revision, &|file| file == name)?;
    let before = before.and_then(|bytes| state::parse(&bytes).ok());
    Ok(!before.is_some_and(|before| before.records_nobody() && before.lineage == state.lineage))
}

/// Reads the first file whose name `wanted` accepts; `None` if the revision has none.
fn read_one(
    revision: &Revision<'_>,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Option<Vec<u8>>, Failure> {
    let files = revision.read(wanted)?;
    Ok(files.into_iter().next().map(|(_, text)| text))
}

/// The project file; `None` if it has errors.
fn parse(text: &[u8]) -> Option<ProjectFile> {
    let text = std::str::from_utf8(text).ok()?;
    manifest::project::file::parse(text, PROJECT_FILE).ok()
}

/// The settings, with the environment if the file has it.
fn resolve(file: &ProjectFile, environment: Option<&str>) -> Option<Project> {
    let environment = environment.filter(|name| file.environments().any(|known| known == *name));
    file.resolve(environment).ok()
}

/// How the settings of the environments that the plan is not for differ, each with the path that is shown, and which
/// environments are gone or new. Someone may apply them without a plan of their own.
fn other_environments(
    now: &ProjectFile,
    before: Option<&ProjectFile>,
    chosen: Option<&str>,
) -> Vec<(String, SettingChange)> {
    let known = before.map_or(BTreeSet::new(), |file| file.environments().collect());
    let names = now.environments().collect();
    let mut all: Vec<_> = list_changes("environments", &known, &names)
        .into_iter()
        .map(|change| (change.setting.clone(), change))
        .collect();
    let others = std::iter::once(None).chain(now.environments().map(Some));
    for name in others.filter(|name| *name != chosen) {
        let was = before.and_then(|file| resolve(file, name));
        let Ok(is) = now.resolve(name) else {
            continue;
        };
        for change in is.changes_since(&was.unwrap_or_default()) {
            let shown = match name {
                Some(name) => format!("environments.{name}.{}", change.setting),
                None => format!("{} (without --env)", change.setting),
            };
            all.push((shown, change));
        }
    }
    all
}

/// The rules; `None` if they cannot be used.
fn rules(text: Vec<u8>) -> Option<Rules> {
    Rules::parse(&String::from_utf8(text).ok()?).ok()
}
