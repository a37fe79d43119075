//! Runs `talkform init`: creates a project.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::Global;
use crate::cli::failure::{Exit, Failure};
use crate::cli::files;
use crate::cli::project::{LoadedProject, PROJECT_FILE, shown};
use crate::cli::suggest::invocation::Invocation;
use crate::cli::terminal::Terminal;
use talkform::manifest;
use talkform::model::ApiVersion;
use talkform::render::common::escape;

const PROJECT: &str = include_str!("../templates/talkform.yaml");
const USERS: &str = include_str!("../templates/users.yaml");
const IGNORED: &str = include_str!("../templates/gitignore");
const RECIPES: [(&str, &str); 20] = [
    (
        ".github/workflows/talkform-plan.yml",
        include_str!("../../../examples/ci/github-plan.yml"),
    ),
    (
        ".github/workflows/talkform-comment.yml",
        include_str!("../../../examples/ci/github-comment.yml"),
    ),
    (
        ".github/workflows/talkform-apply.yml",
        include_str!("../../../examples/ci/github-apply.yml"),
    ),
    (
        ".github/workflows/talkform-drift.yml",
        include_str!("../../../examples/ci/github-drift.yml"),
    ),
    (
        ".gitlab-ci.yml",
        include_str!("../../../examples/ci/gitlab-ci.yml"),
    ),
    (
        "ci/action.yml",
        include_str!("../../../examples/ci/action.yml"),
    ),
    ("ci/release", include_str!("../../../examples/ci/release")),
    (
        "ci/install.sh",
        include_str!("../../../examples/ci/install.sh"),
    ),
    (
        "ci/fetch-state.sh",
        include_str!("../../../examples/ci/fetch-state.sh"),
    ),
    (
        "ci/commit-state.sh",
        include_str!("../../../examples/ci/commit-state.sh"),
    ),
    (
        "ci/cloud-login.sh",
        include_str!("../../../examples/ci/cloud-login.sh"),
    ),
    (
        "ci/github-api.sh",
        include_str!("../../../examples/ci/github-api.sh"),
    ),
    (
        "ci/github-comment.sh",
        include_str!("../../../examples/ci/github-comment.sh"),
    ),
    (
        "ci/github-decide.sh",
        include_str!("../../../examples/ci/github-decide.sh"),
    ),
    (
        "ci/github-apply.sh",
        include_str!("../../../examples/ci/github-apply.sh"),
    ),
    (
        "ci/github-report.sh",
        include_str!("../../../examples/ci/github-report.sh"),
    ),
    (
        "ci/github-issue.sh",
        include_str!("../../../examples/ci/github-issue.sh"),
    ),
    (
        "ci/gitlab.yml",
        include_str!("../../../examples/ci/gitlab.yml"),
    ),
    (
        "ci/gitlab-note.sh",
        include_str!("../../../examples/ci/gitlab-note.sh"),
    ),
    ("ci/README.md", include_str!("../../../docs/recipes.md")),
];

/// The arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The folder to create the project in
    #[arg(value_name = "DIR")]
    pub target: Option<PathBuf>,
}

/// Creates a project. Existing files are kept.
pub(crate) fn run(
    global: &Global,
    arguments: &InitArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let root = arguments.target.as_ref().map_or_else(
        || global.directory.clone(),
        |target| global.directory.join(target),
    );
    if root.join(PROJECT_FILE).exists() {
        return Err(Failure::with_hint(
            format!("{} already exists", shown(&root.join(PROJECT_FILE))),
            format!(
                "this folder is a project already; run `{}` to see its plan",
                Invocation::in_folder(&root).command(&["plan"])
            ),
        ));
    }
    let manifest_schema = format!("{:#}\n", manifest::schema::manifest_schema(ApiVersion::V4));
    let project_schema = format!("{:#}\n", manifest::schema::project_schema());
    let parts = [
        (PROJECT_FILE, PROJECT),
        ("users/example.yaml", USERS),
        (".gitignore", IGNORED),
        ("schemas/manifest.schema.json", &manifest_schema),
        ("schemas/project.schema.json", &project_schema),
    ];
    let mut listing = String::new();
    let mut list = |name: &str, is_new: bool| {
        let word = if is_new { "created" } else { "kept   " };
        for part in ["  ", word, "  ", name, "\n"] {
            listing.push_str(part);
        }
    };
    for (name, content) in parts.into_iter().chain(RECIPES) {
        list(name, files::write_new(&root.join(name), content)?);
    }
    // Its salt keeps the digests of the first plans from giving values away.
    let project = LoadedProject::read(&Global {
        directory: root.clone(),
        environment: None,
        state: None,
        sandbox: false,
        ..global.clone()
    })?;
    list(&project.project.state, project.create_state()?);
    let trial = |command| {
        let command = Invocation::in_folder(&root).command(&[command, "--sandbox"]);
        escape::terminal(&command).into_owned()
    };
    terminal.result(&format!(
        "A project in {}:\n{listing}\nTry it without an account:\n  {}\n  {}\n",
        escape::terminal(&shown(&root)),
        trial("plan"),
        trial("apply"),
    ))?;
    Ok(Exit::Done)
}
