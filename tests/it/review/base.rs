//! The base of a plan: projects that are new in the branch, links, and the offer of old values.

use std::fs;

use crate::command::{command, finish, git};
use crate::project::{Project, TALKFORM};
use crate::review::applied::{applied, commit};

const USER: &str = "apiVersion: talkform/v1\nkind: User\nmemberId: u-1\n";

#[test]
fn a_project_that_is_new_in_the_branch_is_all_new() {
    let folder = tempfile::tempdir().expect("a folder");
    let top = folder.path();
    git(top, &["init", "-q"]);
    fs::write(top.join("README"), "x").expect("written");
    commit(top, "one");
    fs::create_dir_all(top.join("crm/users")).expect("folders");
    fs::write(top.join("crm/talkform.yaml"), "").expect("written");
    fs::write(top.join("crm/users/a.yaml"), USER).expect("written");
    commit(top, "two");
    let plan = |from: &str, project: &str, base: &str| {
        let mut command = command(TALKFORM, &top.join(from));
        command.args(["-C", project, "plan", "--base", base]);
        finish(command.spawn().expect("talkform runs"))
    };
    for (from, project) in [(".", "crm"), ("crm", "."), ("crm/users", "..")] {
        let ran = plan(from, project, "HEAD~1").expect(0);
        assert!(ran.stdout.contains("Plan: 1 to create."), "{}", ran.stdout);
        assert!(
            ran.stderr.contains("has no folder of this project"),
            "{}",
            ran.stderr
        );
        let same = plan(from, project, "HEAD").expect(0);
        assert!(!same.stderr.contains("has no folder"), "{}", same.stderr);
    }
    // A folder that was renamed is a new one, too, and is explained.
    fs::rename(top.join("crm"), top.join("customers")).expect("renamed");
    let renamed = plan(".", "customers", "HEAD").expect(0);
    assert!(
        renamed
            .stderr
            .contains("If the folder had another name there"),
        "{}",
        renamed.stderr
    );
    let unknown = plan(".", "customers", "nowhere").expect(1);
    assert!(
        unknown.stderr.contains("shallow clone"),
        "{}",
        unknown.stderr
    );
    // A work tree has a file `.git`, and the same revisions.
    git(top, &["worktree", "add", "-q", "--detach", "tree"]);
    let tree = plan("tree", "crm", "HEAD~1").expect(0);
    assert!(
        tree.stderr.contains("has no folder of this project"),
        "{}",
        tree.stderr
    );
}

#[cfg(unix)]
#[test]
fn links_of_the_base_are_named() {
    let project = Project::new("");
    fs::create_dir(project.at("shared")).expect("a folder");
    project.write("shared/b.yaml", USER);
    fs::create_dir(project.at("users")).expect("a folder");
    std::os::unix::fs::symlink("../shared", project.at("users/shared")).expect("a link");
    git(project.path(), &["init", "-q"]);
    commit(project.path(), "one");
    let ran = project.run(&["plan", "--base", "HEAD"]).expect(0);
    assert!(
        ran.stderr
            .contains("links of the --base revision are not followed"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("users/shared"), "{}", ran.stderr);
}

#[test]
fn old_values_are_offered_where_git_may_have_them() {
    let (_channel, project) = applied(3);
    project.edit(
        "users/a.yaml",
        "plan: free, seats: 1 ",
        "plan: pro, seats: 1 ",
    );
    let outside = project.run(&["plan"]).expect(0);
    assert!(!outside.stderr.contains("--base"), "{}", outside.stderr);
    git(project.path(), &["init", "-q"]);
    let inside = project.run(&["plan"]).expect(0);
    assert!(
        inside.stderr.contains("plan --base HEAD` shows old values"),
        "{}",
        inside.stderr
    );
    assert_eq!(inside.stderr.lines().count(), 1, "{}", inside.stderr);
    commit(project.path(), "one");
    let based = project.run(&["plan", "--base", "HEAD"]).expect(0);
    assert!(
        !based.stderr.contains("shows old values"),
        "{}",
        based.stderr
    );
}
