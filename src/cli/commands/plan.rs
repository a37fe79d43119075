//! `plan`

use std::collections::BTreeMap;

use crate::cli::args::{Global, PlanArguments};
use crate::cli::failure::{Exit, Failure};
use crate::cli::settings::Settings;
use crate::cli::terminal::Terminal;
use crate::cli::{files, git, github, output};
use crate::manifest::{self, ReadSettings};
use crate::model::{ApiVersion, Attributes, Desired, MemberId, Plan, Selection, State};
use crate::plan::{self, PlanFile};

/// Reads, plans and prints. Opens no socket and takes no lock.
pub(crate) fn run(
    global: &Global,
    arguments: &PlanArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let settings = Settings::read(global)?;
    let loaded = settings.store.load()?;
    let shortcut = !arguments.planning.no_shortcut;
    let (desired, warnings) = settings.desired_beside(&loaded, shortcut)?;
    output::warn(terminal, &settings.root, &warnings);
    output::replayed(terminal, &loaded);
    let state = settings.recorded(&loaded);
    let base = match &arguments.base {
        Some(revision) => Some(declared_at(&settings, revision, state.api, terminal)?),
        None => None,
    };
    let select = &arguments.planning.select;
    let plan = decide(&settings, select, &desired, &state, base.as_ref())?;
    loaded.check()?;
    if let Some(path) = &arguments.out {
        files::write_private(path, &PlanFile::of(&plan, select).write())?;
    }
    github::planned(terminal, &settings, &plan);
    output::plan(terminal, &settings, arguments, &plan)?;
    let exit = if arguments.detailed_exitcode && !plan.is_empty() {
        Exit::Changes
    } else {
        Exit::Done
    };
    // The process ends here; giving back a million users one by one would take longer than planning.
    std::mem::forget((desired, plan, loaded));
    Ok(exit)
}

/// The plan of these users against this state.
pub(crate) fn decide(
    settings: &Settings,
    select: &[String],
    desired: &Desired,
    state: &State,
    base: Option<&BTreeMap<MemberId, Attributes>>,
) -> Result<Plan, Failure> {
    Ok(plan::plan(
        desired,
        state,
        &plan::Context {
            key: &settings.digest_key(state)?,
            api: settings.project.channel.api,
            removed: settings.project.removed,
            limits: &settings.project.limits,
            selection: &Selection::new(select),
            base,
        },
    ))
}

/// What the manifests of a revision declared, by the rules of the API version that was applied last. They
/// only explain; where they do not read, the plan is
/// shown without them.
fn declared_at(
    settings: &Settings,
    revision: &str,
    api: ApiVersion,
    terminal: Terminal,
) -> Result<BTreeMap<MemberId, Attributes>, Failure> {
    let read = ReadSettings {
        api,
        ..settings.read_settings()
    };
    let wanted = manifest::matcher(&read.patterns);
    let files = git::read_revision(&settings.root, revision, &wanted)?;
    let reading = manifest::read_texts(files, &read);
    if reading.has_errors() {
        terminal.talk(
            "warning: the manifests of the --base revision have errors; old values are not shown",
        );
    }
    Ok(reading
        .desired
        .users
        .into_iter()
        .map(|(id, user)| (id, user.attributes))
        .collect())
}
