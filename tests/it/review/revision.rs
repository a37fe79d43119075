//! Plans against another revision, in clones, and where git cannot help.

use std::fs;
use std::path::Path;

use crate::command::git;
use crate::project::Project;
use crate::review::applied::{applied, commit};

#[test]
fn the_plan_digest_does_not_depend_on_place_order_or_locale() {
    let (_channel, project) = applied(20);
    project.write(
        "users/b.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: ünï-1\nprofile: { name: Ünï, plan: pro }\ntags: [b, a]\n",
    );
    git(project.path(), &["init", "-q"]);
    commit(project.path(), "one");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let clone = elsewhere.path().join("another/place");
    git(
        project.path(),
        &["clone", "-q", ".", clone.to_str().expect("UTF-8")],
    );
    let text = fs::read_to_string(clone.join("users/a.yaml")).expect("a manifest");
    let (head, users) = text.split_once("users:\n").expect("a list");
    let mut lines: Vec<&str> = users.lines().collect();
    lines.reverse();
    let (one, other) = lines.split_at(7);
    for (name, part) in [("z.yaml", one), ("0.yaml", other)] {
        let text = format!("# moved\n{head}users:\n{}\n", part.join("\n"));
        fs::write(clone.join("users").join(name), text).expect("written");
    }
    fs::remove_file(clone.join("users/a.yaml")).expect("removed");
    fs::write(
        clone.join("users/b.yaml"),
        "{apiVersion: talkform/v1, kind: User, tags: [a, b], profile: {plan: \"pro\", name: 'Ünï'}, memberId: ünï-1}\n",
    )
    .expect("written");
    let digest = |folder: &Path, locale: &str| {
        let output = Project::command(&project, &["plan"])
            .current_dir(folder)
            .env("LC_ALL", locale)
            .env("TZ", "Asia/Seoul")
            .output()
            .expect("talkform runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find(|line| line.starts_with("Plan digest: "));
        line.unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    let here = digest(project.path(), "C");
    assert!(here.contains("sha256:"));
    assert_eq!(here, digest(&clone, "ko_KR.UTF-8"));
}

#[test]
fn old_values_come_from_the_revision_only_where_they_were_applied() {
    let (_channel, project) = applied(3);
    git(project.path(), &["init", "-q"]);
    commit(project.path(), "applied");
    project.edit(
        "users/a.yaml",
        "plan: free, seats: 1 ",
        "plan: pro, seats: 1 ",
    );
    let plain = project.run(&["plan"]).expect(0);
    assert!(
        plain.stdout.contains("(as applied) -> \"pro\""),
        "{}",
        plain.stdout
    );
    let based = project.run(&["plan", "--base", "HEAD"]).expect(0);
    assert!(
        based.stdout.contains("\"free\" -> \"pro\""),
        "{}",
        based.stdout
    );
    let digest = |text: &str| text.lines().last().map(ToOwned::to_owned);
    assert_eq!(digest(&plain.stdout), digest(&based.stdout));

    // A value that was committed and never applied is no old value.
    project.edit(
        "users/a.yaml",
        "plan: pro, seats: 1 ",
        "plan: gold, seats: 1 ",
    );
    commit(project.path(), "never applied");
    project.edit(
        "users/a.yaml",
        "plan: gold, seats: 1 ",
        "plan: pro, seats: 1 ",
    );
    let based = project.run(&["plan", "--base", "HEAD"]).expect(0);
    assert!(
        based.stdout.contains("(as applied) -> \"pro\""),
        "{}",
        based.stdout
    );
    assert!(!based.stdout.contains("gold"), "{}", based.stdout);

    // A revision whose manifests do not read explains nothing, and stops nothing.
    let good = project.read("users/a.yaml");
    project.write("users/a.yaml", "kind: [");
    commit(project.path(), "broken");
    project.write("users/a.yaml", &good);
    let based = project.run(&["plan", "--base", "HEAD"]).expect(0);
    assert!(based.stderr.contains("--base"), "{}", based.stderr);
    assert!(
        based.stdout.contains("(as applied) -> \"pro\""),
        "{}",
        based.stdout
    );
}

#[test]
fn a_shallow_clone_names_the_fetch_that_another_revision_needs() {
    let (_channel, project) = applied(3);
    git(project.path(), &["init", "-q"]);
    commit(project.path(), "one");
    let first = git(project.path(), &["rev-parse", "HEAD"]);
    let first = first.trim();
    project.write(
        "users/c.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: c\n",
    );
    commit(project.path(), "two");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let clone = elsewhere.path().join("clone");
    let from = format!("file://{}", project.path().display());
    let to = clone.to_str().expect("UTF-8");
    git(project.path(), &["clone", "-q", "--depth", "1", &from, to]);
    let plan = |revision: &str| {
        let mut command = project.command(&["plan", "--base", revision]);
        command.current_dir(&clone).output().expect("talkform runs")
    };
    assert_eq!(plan("HEAD").status.code(), Some(0));
    for revision in [first, "nowhere", "HEAD:users", "--help", "HEAD\nHEAD"] {
        let output = plan(revision);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            matches!(output.status.code(), Some(1 | 64)),
            "{revision}: {stderr}"
        );
        if revision.len() == first.len() {
            assert!(stderr.contains("git fetch --depth=1 origin"), "{stderr}");
        }
    }
    let outside = applied(1).1;
    let stderr = outside.run(&["plan", "--base", "HEAD"]).expect(1).stderr;
    assert!(stderr.contains("not a git repository"), "{stderr}");
}
