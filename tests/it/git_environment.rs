//! Checks that `plan --base` runs git without secrets and reads only the repository of the project.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::command::{Ran, finish, git};
use crate::project::{Channel, Project, TALKFORM, many_users};

/// A project whose only user was applied and committed with plan `free`, and is edited to `pro`.
fn edited() -> (Channel, Project) {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(1, "free"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    git(project.path(), &["init", "-q"]);
    git(project.path(), &["add", "-A"]);
    git(project.path(), &["commit", "-q", "-m", "applied"]);
    project.write("users/a.yaml", &many_users(1, "pro"));
    (channel, project)
}

fn plan(project: &Project, set: impl FnOnce(&mut Command)) -> Ran {
    let mut command = project.command(&["plan", "--base", "HEAD"]);
    set(&mut command);
    finish(command.spawn().expect("talkform runs"))
}

#[test]
fn the_repository_of_a_hook_is_not_the_project() {
    let (_channel, project) = edited();
    let other = tempfile::tempdir().expect("a folder");
    git(other.path(), &["init", "-q"]);
    let ran = plan(&project, |command| {
        command
            .env("GIT_DIR", other.path().join(".git"))
            .env("GIT_INDEX_FILE", other.path().join(".git/index"))
            .env("GIT_WORK_TREE", other.path());
    })
    .expect(0);
    assert!(ran.stdout.contains("\"free\" -> \"pro\""), "{}", ran.all());
}

/// What git may get, besides what talkform sets and what the shell of the fake adds.
const KEPT: &[&str] = &[
    "PATH",
    "TMPDIR",
    "HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_NO_LAZY_FETCH",
    "LC_ALL",
    "PWD",
    "OLDPWD",
    "SHLVL",
    "_",
];

/// Whatever a job or a hook may have set. The last two are an instruction to git and a token in its settings.
const WITHHELD: &[(&str, &str)] = &[
    ("TALKFORM_ACCESS_KEY", "withheld"),
    ("TALKFORM_ACCESS_SECRET", "withheld"),
    ("TALKFORM_STATE_KEY", "withheld-withheld"),
    ("CHANNEL_ACCESS_KEY", "withheld"),
    ("AWS_SECRET_ACCESS_KEY", "withheld"),
    ("GOOGLE_APPLICATION_CREDENTIALS", "withheld"),
    ("GITHUB_TOKEN", "withheld"),
    ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "withheld"),
    ("CI_JOB_TOKEN", "withheld"),
    ("SSH_AUTH_SOCK", "withheld"),
    ("GIT_ASKPASS", "withheld"),
    ("GIT_SSH_COMMAND", "withheld"),
    ("GIT_EXTERNAL_DIFF", "withheld"),
    ("GIT_OBJECT_DIRECTORY", "withheld"),
    ("GIT_ALTERNATE_OBJECT_DIRECTORIES", "withheld"),
    ("GIT_NAMESPACE", "withheld"),
    ("GIT_TRACE", "1"),
    ("GIT_PREFIX", "withheld/"),
    ("GIT_CONFIG_PARAMETERS", "'http.extraHeader'='withheld'"),
    ("GIT_CONFIG_COUNT", "1"),
    ("GIT_CONFIG_KEY_0", "http.extraHeader"),
    ("GIT_CONFIG_VALUE_0", "Authorization: withheld"),
];

#[test]
fn git_gets_what_it_needs_and_nothing_else() {
    let (_channel, project) = edited();
    let folder = tempfile::tempdir().expect("a folder");
    let seen = folder.path().join("seen");
    let real = Command::new("sh")
        .args(["-c", "command -v git"])
        .output()
        .expect("sh runs");
    let real = String::from_utf8(real.stdout).expect("UTF-8");
    let script = format!(
        "#!/bin/sh\nenv >> '{}'\nexec '{}' \"$@\"\n",
        seen.display(),
        real.trim()
    );
    program(&folder.path().join("git"), &script);
    let path = std::env::var("PATH").expect("a path");
    let mut command = project.command(&["plan", "--base", "HEAD", "--out", "plan"]);
    command
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .envs(WITHHELD.iter().copied());
    // The state is not keyed.
    command.env_remove("TALKFORM_STATE_KEY");
    let ran = finish(command.spawn().expect("talkform runs")).expect(0);
    assert!(ran.stdout.contains("\"free\" -> \"pro\""), "{}", ran.all());
    let seen = fs::read_to_string(&seen).expect("git was run");
    assert!(seen.matches("GIT_NO_LAZY_FETCH=1").count() > 3, "{seen}");
    assert!(!seen.contains("withheld"), "{seen}");
    for line in seen.lines() {
        let (name, _) = line.split_once('=').expect("a variable");
        assert!(KEPT.contains(&name), "{line}");
    }
}

/// Writes a program.
fn program(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("set");
}

#[test]
fn nothing_that_the_repository_configures_is_run() {
    let (_channel, project) = edited();
    let ran_file = project.at("ran");
    let planted = project.at(".git/planted");
    program(
        &planted,
        &format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\n", ran_file.display()),
    );
    let hooks = [
        "post-index-change",
        "post-checkout",
        "reference-transaction",
    ];
    for hook in hooks {
        fs::copy(&planted, project.at(".git/hooks").join(hook)).expect("copied");
    }
    project.write(".gitattributes", "* diff=planted\n");
    let planted = planted.to_str().expect("UTF-8");
    for setting in [
        "core.fsmonitor",
        "core.pager",
        "core.askPass",
        "diff.external",
        "diff.planted.command",
        "diff.planted.textconv",
        "pager.diff",
    ] {
        git(project.path(), &["config", setting, planted]);
    }
    // The plan is made whole, so git was asked everything.
    let ran = plan(&project, |command| {
        command.args(["--out", "plan"]);
    });
    let ran = ran.expect(0);
    assert!(ran.stdout.contains("\"free\" -> \"pro\""), "{}", ran.all());
    assert!(project.read("plan").contains("uncommittedChanges"));
    assert!(
        !ran_file.exists(),
        "{}",
        fs::read_to_string(ran_file).unwrap_or_default()
    );
    // The same settings are followed by a plain git.
    git(project.path(), &["diff"]);
    assert!(ran_file.exists());
}

/// Edits the committed project in a folder and expects its plan to know the committed value.
fn expect_base(project: &Project, folder: &Path) {
    fs::write(folder.join("users/a.yaml"), many_users(1, "pro")).expect("written");
    let mut command = project.command(&["plan", "--base", "HEAD"]);
    command.current_dir(folder);
    let ran = finish(command.spawn().expect("talkform runs")).expect(0);
    assert!(
        ran.stdout.contains("\"free\" -> \"pro\""),
        "{}: {}",
        folder.display(),
        ran.all()
    );
}

#[test]
fn the_base_is_read_in_worktrees_submodules_and_folders_of_a_repository() {
    let (_channel, project) = edited();
    let elsewhere = tempfile::tempdir().expect("a folder");
    let at = |name: &str| elsewhere.path().join(name).display().to_string();
    let origin = project.path().display().to_string();

    git(project.path(), &["worktree", "add", "-q", &at("worktree")]);
    expect_base(&project, at("worktree").as_ref());

    git(
        elsewhere.path(),
        &["clone", "-q", "--bare", &origin, "bare"],
    );
    git(
        at("bare").as_ref(),
        &["worktree", "add", "-q", &at("of-bare")],
    );
    expect_base(&project, at("of-bare").as_ref());

    git(elsewhere.path(), &["init", "-q", "outer"]);
    let add = ["submodule", "add", "-q", &origin, "inner"];
    let allowed = ["-c", "protocol.file.allow=always"];
    git(at("outer").as_ref(), &[&allowed[..], &add].concat());
    expect_base(&project, at("outer/inner").as_ref());

    // One repository with two projects: the other one has another value of the same user.
    git(elsewhere.path(), &["init", "-q", "mono"]);
    for (folder, plan) in [("teams/ours", "free"), ("teams/theirs", "gold")] {
        let folder = elsewhere.path().join("mono").join(folder);
        fs::create_dir_all(folder.join("users")).expect("made");
        for name in ["talkform.yaml", "talkform.state.json"] {
            fs::copy(project.at(name), folder.join(name)).expect("copied");
        }
        fs::write(folder.join("users/a.yaml"), many_users(1, plan)).expect("written");
    }
    git(at("mono").as_ref(), &["add", "-A"]);
    git(at("mono").as_ref(), &["commit", "-q", "-m", "two"]);
    expect_base(&project, at("mono/teams/ours").as_ref());
}

#[test]
fn the_base_is_read_in_a_hook() {
    let (_channel, project) = edited();
    let elsewhere = tempfile::tempdir().expect("a folder");
    let worktree = elsewhere.path().join("worktree");
    let name = worktree.to_str().expect("UTF-8");
    git(project.path(), &["worktree", "add", "-q", name]);
    program(
        &project.at(".git/hooks/pre-commit"),
        &format!("#!/bin/sh\nenv > env\nexec '{TALKFORM}' plan --base HEAD > seen\n"),
    );
    for folder in [project.path(), &worktree] {
        fs::write(folder.join("users/a.yaml"), many_users(1, "pro")).expect("written");
        // `--only` gives the hook an index of its own.
        git(
            folder,
            &["commit", "-q", "-m", "edit", "--only", "users/a.yaml"],
        );
        let environment = fs::read_to_string(folder.join("env")).expect("the hook ran");
        assert!(environment.contains("GIT_INDEX_FILE="), "{environment}");
        let seen = fs::read_to_string(folder.join("seen")).expect("the hook ran");
        assert!(seen.contains("\"free\" -> \"pro\""), "{seen}");
    }
}

#[test]
fn a_plan_file_says_whether_its_files_are_committed() {
    let (_channel, project) = edited();
    git(project.path(), &["checkout", "-q", "."]);
    let commit = git(project.path(), &["rev-parse", "HEAD"]);
    let commit = commit.trim();
    let is_uncommitted = || {
        project.run(&["plan", "--out", "plan.out"]).expect(0);
        let shown = project.run(&["show", "plan.out"]).expect(0).stdout;
        let line = shown.lines().find(|line| line.starts_with("revision "));
        let line = line.unwrap_or_else(|| panic!("{shown}")).to_owned();
        assert!(line.contains(commit), "{line}");
        line.ends_with(" and uncommitted changes")
    };
    // The plan file is not committed, nor is this one; neither is part of the project.
    project.write("notes.txt", "not a manifest");
    assert!(!is_uncommitted());
    let user = "apiVersion: talkform/v1\nkind: User\nmemberId: b\n";
    let set_back = || {
        git(project.path(), &["checkout", "-q", "."]);
        let _ = fs::remove_file(project.at("users/b.yaml"));
    };
    project.write("users/a.yaml", &many_users(1, "pro"));
    assert!(is_uncommitted(), "an edited manifest");
    git(project.path(), &["add", "-A"]);
    assert!(is_uncommitted(), "a staged manifest");
    git(project.path(), &["reset", "-q"]);
    set_back();
    assert!(!is_uncommitted());
    project.write("users/b.yaml", user);
    assert!(is_uncommitted(), "a new manifest");
    project.write(".git/info/exclude", "b.yaml\n");
    assert!(is_uncommitted(), "a manifest that git ignores");
    set_back();
    fs::remove_file(project.at("users/a.yaml")).expect("removed");
    project.write("users/c.yaml", user);
    assert!(is_uncommitted(), "a removed manifest");
    fs::remove_file(project.at("users/c.yaml")).expect("removed");
    set_back();
    let text = project.read("talkform.yaml");
    project.write("talkform.yaml", &format!("{text}# a comment\n"));
    assert!(is_uncommitted(), "the project file");
}

#[test]
fn a_planted_bare_repository_is_refused() {
    let (_channel, project) = edited();
    let folder = project.at("planted");
    fs::create_dir(&folder).expect("made");
    git(&folder, &["init", "-q", "--bare"]);
    fs::copy(project.at("talkform.yaml"), folder.join("talkform.yaml")).expect("copied");
    fs::create_dir_all(folder.join("users")).expect("made");
    fs::copy(project.at("users/a.yaml"), folder.join("users/a.yaml")).expect("copied");
    // With these settings a plain git reads it from inside.
    let name = folder.to_str().expect("UTF-8");
    for setting in [["core.bare", "false"], ["core.worktree", name]] {
        git(
            &folder,
            &["--git-dir", ".", "config", setting[0], setting[1]],
        );
    }
    git(&folder, &["--git-dir", ".", "add", "users"]);
    git(
        &folder,
        &["--git-dir", ".", "commit", "-q", "-m", "planted"],
    );
    git(&folder, &["ls-tree", "HEAD:./"]);
    let mut command = project.command(&["plan", "--base", "HEAD"]);
    command.current_dir(&folder);
    let ran = finish(command.spawn().expect("talkform runs")).expect(1);
    assert!(
        ran.stderr.contains("cannot use bare repository"),
        "{}",
        ran.stderr
    );
}
