//! Checks that a file that cannot be read is an error, and never counts as one that is empty or missing.
//!
//! Tests may run as root, who reads whatever has no permission: a folder or a link to itself stands in its place.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::command::git;
use crate::project::{Channel, Project};

const USERS: &str = "apiVersion: talkform/v1\nkind: UserList\nusers:\n  - { memberId: u-1, profile: { plan: pro } }\n  - { memberId: u-2, profile: { plan: pro } }\n";

/// A project that is applied, with a plan file, rules, and lists of users.
fn applied(channel: &Channel) -> Project {
    let project = channel.project();
    let file = project.read("talkform.yaml");
    project.write("talkform.yaml", &format!("{file}rules: rules.json\n"));
    project.write("rules.json", "{}");
    project.write("users/a.yaml", USERS);
    project.run(&["apply", "--auto-approve"]).expect(0);
    project.write("users/a.yaml", &USERS.replace("plan: pro", "plan: free"));
    project.run(&["plan", "--out", "plan.json"]).expect(0);
    project.write("ids.txt", "u-3\n");
    project.write("table.csv", "id,name\nu-3,x\n");
    project
}

/// Something that cannot be read as a file.
#[derive(Clone, Copy, Debug)]
enum Instead {
    Folder,
    LinkToItself,
}

impl Instead {
    fn put(self, path: &Path) {
        let _ = fs::remove_file(path);
        match self {
            Self::Folder => fs::create_dir(path).expect("a folder"),
            Self::LinkToItself => {
                symlink(path.file_name().expect("a name"), path).expect("a link");
            }
        }
    }

    fn remove(self, path: &Path) {
        match self {
            Self::Folder => fs::remove_dir(path),
            Self::LinkToItself => fs::remove_file(path),
        }
        .expect("removed");
    }
}

#[test]
fn a_file_that_cannot_be_read_stops_the_command() {
    let channel = Channel::start();
    let project = applied(&channel);
    let sent = channel.about_users().len();
    let apply = &["apply", "--auto-approve"][..];
    let erase = &["erase", "u-1", "--keep-on-channel"][..];
    let cases: &[(&str, &[&[&str]])] = &[
        (
            "talkform.yaml",
            &[
                &["validate"],
                &["plan"],
                apply,
                &["drift"],
                erase,
                &["state", "list"],
                &["show", "plan.json"],
                &["import", "u-3"],
            ],
        ),
        ("rules.json", &[&["validate"], &["plan"], apply, erase]),
        (
            "talkform.state.json",
            &[
                &["plan"],
                apply,
                &["drift"],
                erase,
                &["state", "list"],
                &["show"],
                &["import", "u-3"],
            ],
        ),
        (
            "talkform.state.json.journal",
            &[&["plan"], apply, &["drift"], erase, &["state", "list"]],
        ),
        (
            "plan.json",
            &[
                &["show", "plan.json"],
                &["apply", "plan.json", "--auto-approve"],
            ],
        ),
        ("ids.txt", &[&["import", "--from", "ids.txt"]]),
        ("table.csv", &[&["import", "--csv", "table.csv"]]),
    ];
    for (name, commands) in cases {
        let path = project.at(name);
        let before = fs::read(&path).ok();
        for instead in [Instead::Folder, Instead::LinkToItself] {
            instead.put(&path);
            for arguments in *commands {
                let ran = project.run(arguments);
                let what = format!("{name}, {instead:?}, {arguments:?}: {}", ran.all());
                assert_eq!(ran.code, Some(1), "{what}");
                assert_eq!(ran.stdout, "", "{what}");
                assert!(ran.stderr.contains(name), "{what}");
            }
            instead.remove(&path);
            if let Some(before) = &before {
                fs::write(&path, before).expect("a file");
            }
        }
    }
    assert_eq!(channel.about_users().len(), sent);
    project.run(&["plan"]).expect(0);
}

#[test]
fn a_manifest_that_cannot_be_read_is_no_manifest_without_users() {
    let channel = Channel::start();
    let project = applied(&channel);
    Instead::LinkToItself.put(&project.at("users/a.yaml"));
    for command in [&["validate"][..], &["plan"], &["apply", "--auto-approve"]] {
        let ran = project.run(command).expect(1);
        assert_eq!(ran.stdout, "", "{}", ran.all());
        assert!(ran.stderr.contains("users/a.yaml"), "{}", ran.stderr);
    }
}

#[test]
fn a_project_that_cannot_be_looked_for_hides_what_it_would_hide() {
    let channel = Channel::start();
    let project = applied(&channel);
    // Without a project, a plan file is shown with its ids.
    Instead::LinkToItself.put(&project.at("loop"));
    let ran = project.run(&["-C", "loop", "show", "plan.json"]).expect(1);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("loop/talkform.yaml"), "{}", ran.stderr);
}

#[test]
fn a_base_that_is_damaged_is_no_base_without_users() {
    let channel = Channel::start();
    let project = applied(&channel);
    git(project.path(), &["init", "-q"]);
    git(project.path(), &["add", "-A"]);
    git(project.path(), &["commit", "-q", "-m", "one"]);
    project.write("users/a.yaml", &USERS.replace("plan: pro", "plan: team"));
    project.run(&["plan", "--base", "HEAD"]).expect(0);
    for object in ["HEAD:users/a.yaml", "HEAD:users", "HEAD"] {
        let path = object_of(&project, object);
        let whole = fs::read(&path).expect("an object");
        fs::remove_file(&path).expect("removed");
        fs::write(&path, "no object").expect("written");
        let ran = project.run(&["plan", "--base", "HEAD"]);
        assert_eq!(ran.code, Some(1), "{object}: {}", ran.all());
        assert_eq!(ran.stdout, "", "{object}");
        fs::remove_file(&path).expect("removed");
        fs::write(&path, whole).expect("written");
    }
    project.run(&["plan", "--base", "HEAD"]).expect(0);
}

/// The file of an object of git.
pub(crate) fn object_of(project: &Project, name: &str) -> std::path::PathBuf {
    let id = git(project.path(), &["rev-parse", name]);
    let (folder, rest) = id.trim().split_at(2);
    project.at(&format!(".git/objects/{folder}/{rest}"))
}

#[test]
fn manual_pages_that_cannot_be_written_are_an_error() {
    let project = Project::new("");
    for name in ["man1", "completions"] {
        let place = project.at(&format!("pages/{name}"));
        project.write(&format!("pages/{name}"), "a file");
        for _ in 0..2 {
            let ran = project.run(&["man", "pages"]).expect(1);
            assert_eq!(ran.stdout, "");
            assert!(ran.stderr.contains(name), "{}", ran.stderr);
            Instead::LinkToItself.put(&place);
        }
        fs::remove_dir_all(project.at("pages")).expect("removed");
    }
}
