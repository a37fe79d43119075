//! `init`

use std::path::Path;

use crate::cli::args::{Global, InitArguments};
use crate::cli::failure::{Exit, Failure};
use crate::cli::files;
use crate::cli::settings::{PROJECT_FILE, shown};
use crate::cli::terminal::Terminal;
use crate::model::ApiVersion;
use crate::{manifest, render};

const PROJECT: &str = include_str!("../templates/talkform.yaml");
const USERS: &str = include_str!("../templates/users.yaml");
const IGNORED: &str = include_str!("../templates/gitignore");
const GITHUB: &str = include_str!("../templates/github.yml");
const GITLAB: &str = include_str!("../templates/gitlab.yml");

/// Makes a project; a file that is there already is left as it is.
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
            format!("{} is there already", shown(&root.join(PROJECT_FILE))),
            "this folder is a project; look at it with `talkform plan`",
        ));
    }
    let manifest_schema = format!("{:#}\n", manifest::schema::manifest_schema(ApiVersion::V4));
    let project_schema = format!("{:#}\n", manifest::schema::project_schema());
    let parts: [(&str, &str); 7] = [
        (PROJECT_FILE, PROJECT),
        ("users/example.yaml", USERS),
        (".gitignore", IGNORED),
        ("schemas/manifest.schema.json", &manifest_schema),
        ("schemas/project.schema.json", &project_schema),
        (".github/workflows/talkform.yml", GITHUB),
        (".gitlab-ci.yml", GITLAB),
    ];
    let mut said = String::new();
    for (name, content) in parts {
        let word = if files::write_new(&root.join(name), content)? {
            "made"
        } else {
            "kept"
        };
        for part in ["  ", word, "  ", name, "\n"] {
            said.push_str(part);
        }
    }
    terminal.result(&format!(
        "A project in {}:\n{said}\nTry it without an account:\n  talkform {}plan --sandbox\n  talkform {}apply --sandbox\n",
        render::escape::terminal(&shown(&root)),
        directory_flag(&root),
        directory_flag(&root),
    ))?;
    Ok(Exit::Done)
}

fn directory_flag(root: &Path) -> String {
    if root == Path::new(".") {
        String::new()
    } else {
        format!("-C {} ", render::escape::terminal(&shown(root)))
    }
}
