//! `plan --base` runs git without secrets, and reads the repository of the project alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::command::{Ran, finish, git};
use crate::project::{Channel, Project, many_users};

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

#[test]
fn git_gets_no_credentials() {
    let (_channel, project) = edited();
    let folder = tempfile::tempdir().expect("a folder");
    let seen = folder.path().join("seen");
    let fake = folder.path().join("git");
    let real = Command::new("sh")
        .args(["-c", "command -v git"])
        .output()
        .expect("sh runs");
    let real = String::from_utf8(real.stdout).expect("UTF-8");
    fs::write(
        &fake,
        format!(
            "#!/bin/sh\nenv >> '{}'\nexec '{}' \"$@\"\n",
            seen.display(),
            real.trim()
        ),
    )
    .expect("written");
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).expect("set");
    let path = std::env::var("PATH").expect("a path");
    let ran = plan(&project, |command| {
        command
            .env("PATH", format!("{}:{path}", folder.path().display()))
            .env("TALKFORM_ACCESS_KEY", "key-of-a-test")
            .env("TALKFORM_ACCESS_SECRET", "secret-of-a-test");
    })
    .expect(0);
    assert!(ran.stdout.contains("\"free\" -> \"pro\""), "{}", ran.all());
    let seen = fs::read_to_string(&seen).expect("git was run");
    assert!(seen.contains("GIT_NO_LAZY_FETCH=1"), "{seen}");
    assert!(!seen.contains("-of-a-test"), "{seen}");
    assert!(!seen.contains("TALKFORM_"), "{seen}");
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
    let mut command = project.command(&["plan", "--base", "HEAD"]);
    command.current_dir(&folder);
    let ran = finish(command.spawn().expect("talkform runs")).expect(1);
    assert!(
        ran.stderr.contains("cannot use bare repository"),
        "{}",
        ran.stderr
    );
}
