//! Runs `talkform plan`: shows what an apply would change.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{FormatOptions, Global, PlanFormat, Planning, RequestOptions};
use crate::cli::base::BaseProject;
use crate::cli::clock::now;
use crate::cli::connection::{Connection, Credentials};
use crate::cli::failure::{Exit, Failure};
use crate::cli::git::work_tree;
use crate::cli::planning::{Knowledge, decide, refresh};
use crate::cli::project::LoadedProject;
use crate::cli::repository::is_in_git;
use crate::cli::terminal::Terminal;
use crate::cli::{destination, files, github, output};
use talkform::model::{Plan, known_ids};
use talkform::plan::PlanFile;
use talkform::render::common::escape;
use talkform::render::{Commands, PlanView};

/// The arguments of `plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// What goes into the plan.
    #[command(flatten)]
    pub planning: Planning,
    /// How the result is printed.
    #[command(flatten)]
    pub output: FormatOptions<PlanFormat>,
    /// Exit with 2 if there are changes
    #[arg(long, env = "TALKFORM_DETAILED_EXITCODE")]
    pub detailed_exitcode: bool,
    /// Exit with 1 if the plan exceeds limits
    #[arg(long, env = "TALKFORM_FAIL_ON_LIMITS")]
    pub fail_on_limits: bool,
    /// Also write the plan to a file for `apply FILE`
    ///
    /// The file contains no values.
    #[arg(long, value_name = "FILE", env = "TALKFORM_OUT")]
    pub out: Option<PathBuf>,
    /// Show old values from the manifests of a git revision
    ///
    /// They are shown if they are what was applied.
    #[arg(long, value_name = "REVISION", env = "TALKFORM_BASE")]
    pub base: Option<String>,
    /// How requests are sent, with --refresh.
    #[command(flatten)]
    pub traffic: RequestOptions,
}

impl PlanArguments {
    /// The command that applies this plan: the plan file if there is one, else the same selection.
    fn apply(&self, settings: &LoadedProject) -> String {
        let mut words = vec!["apply".to_owned()];
        match &self.out {
            Some(path) => words.push(path.display().to_string()),
            None => words.extend(self.planning.flags()),
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        settings.command(&words)
    }
}

/// Reads the manifests and the state, plans, and prints the plan. Takes no lock; opens a socket only
/// with --refresh.
pub(crate) fn run(
    global: &Global,
    arguments: &PlanArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let settings = LoadedProject::read(global)?;
    let loaded = settings.load()?;
    destination::warn_of_host(terminal, &settings.project.channel.base_url);
    // What the base hides is hidden in problems of manifests as well.
    let base = arguments.base.as_deref();
    let base = base.map(|revision| BaseProject::read(&settings, revision, terminal));
    let base = base.transpose()?;
    let depth = arguments.planning.depth(arguments.planning.refresh);
    let (desired, warnings) = settings.desired_for(&loaded, depth)?;
    output::warn(terminal, &settings.root, &warnings);
    output::replayed(terminal, &loaded, &settings.ids()?);
    output::large_state(terminal, &settings.store, &loaded);
    let state = settings.recorded(&loaded);
    if loaded.state.is_none() && !settings.sandbox && settings.has_sandbox_state() {
        terminal.talk(
            "note: this plan is about the real channel, to which nothing was applied yet. The sandbox of this project has a state: --sandbox plans against it.",
        );
    }
    if loaded.state.is_none()
        && !settings.sandbox
        && (arguments.output.format == PlanFormat::Markdown || github::keeps_outputs())
    {
        terminal.talk(&format!(
            "warning: this project has no state, so the plan's digest covers neither ids nor values, and `apply --expect` will refuse it; run `{}` once and commit the file",
            settings.command(&["state", "init"])
        ));
    }
    let base = base.map(|base| base.with_users(&settings, &state, terminal));
    let base = base.transpose()?;
    let visibility = settings.visibility()?;
    let selection = &arguments.planning.selection;
    selection.check(known_ids(&desired, &state).into_iter(), &visibility.ids())?;
    let select = &selection.patterns();
    let recorded = state.destination.channel_id.as_ref();
    // The connection stays open, because it ends the process on a signal.
    let mut connection = None;
    let observed = if arguments.planning.refresh {
        let credentials = Credentials::require(&settings, &arguments.traffic)?;
        let opened = Connection::open(
            credentials,
            &settings,
            &arguments.traffic,
            recorded,
            terminal,
        )?;
        Some(refresh(
            connection.insert(opened),
            &desired,
            &state,
            select,
        )?)
    } else {
        None
    };
    let knowledge = Knowledge {
        base: base.as_ref().map(|base| &base.users),
        observed: observed.as_ref(),
    };
    let plan = decide(&settings, select, &desired, &state, knowledge)?;
    if let Some(path) = &arguments.out {
        let revision = work_tree::revision(&settings.root, &settings.is_own_file());
        let file = PlanFile::of(&plan, select, now(), revision);
        files::write_private(path, &file.write())?;
    }
    let view = PlanView::new(&plan, &visibility, knowledge.of_users())
        .with_settings(base.as_ref().map(|base| base.settings.clone()));
    let commands = Commands {
        apply: &arguments.apply(&settings),
        refresh: &settings.command(&Planning::refreshed(select)),
    };
    output::warn_on_failure(
        terminal,
        github::planned(
            &settings,
            &plan,
            &view,
            arguments.output.title.as_deref(),
            commands,
        ),
    );
    output::plan(
        terminal,
        &settings,
        &arguments.output,
        arguments.planning.full,
        commands,
        &view,
    )?;
    if arguments.base.is_none() {
        offer_base(&settings, select, &view, terminal);
    }
    if arguments.fail_on_limits {
        check_limits(&plan)?;
    }
    let exit = if arguments.detailed_exitcode && !plan.is_empty() {
        Exit::Changes
    } else {
        Exit::Done
    };
    // The process ends here. Freeing a million users one by one takes longer than planning them.
    std::mem::forget((desired, plan, loaded));
    Ok(exit)
}

/// Says how old values are shown, if the state has only digests of them and git may have them.
fn offer_base(
    settings: &LoadedProject,
    select: &[String],
    view: &PlanView<'_>,
    terminal: Terminal,
) {
    if view.has_unknown_old && is_in_git(&settings.root) {
        let select = select.iter().flat_map(|pattern| ["--select", pattern]);
        let words: Vec<&str> = ["plan", "--base", "HEAD"]
            .into_iter()
            .chain(select)
            .collect();
        terminal.talk(&format!(
            "note: `{}` shows old values from the last commit.",
            escape::terminal(&settings.command(&words))
        ));
    }
}

/// Fails if the plan exceeds a limit.
fn check_limits(plan: &Plan) -> Result<(), Failure> {
    let exceeded: Vec<&str> = plan.tripped().map(|check| check.kind.name()).collect();
    if exceeded.is_empty() {
        return Ok(());
    }
    Err(Failure::with_hint(
        format!("the plan exceeds limits: {}", exceeded.join(", ")),
        "the plan above has the numbers, and how to approve them",
    ))
}
