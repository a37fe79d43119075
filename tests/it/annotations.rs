//! Annotations and comments name the project by its place in the repository, wherever the program runs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{command, finish};
use crate::project::TALKFORM;

#[test]
fn annotations_are_relative_to_the_repository() {
    for has_git in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path();
        let users = top.join("apps/x/users");
        fs::create_dir_all(&users).expect("folders");
        fs::write(top.join("apps/x/talkform.yaml"), "").expect("written");
        fs::write(
            users.join("a.yaml"),
            "apiVersion: talkform/v1\nkind: User\nmemberId: 12\n",
        )
        .expect("written");
        if has_git {
            fs::create_dir(top.join(".git")).expect("a folder");
        }
        let absolute = top.join("apps/x");
        let places: [(PathBuf, &Path); 4] = [
            (top.to_owned(), Path::new("apps/x")),
            (absolute.clone(), Path::new(".")),
            (top.to_owned(), &absolute),
            (users.clone(), Path::new("..")),
        ];
        for (from, project) in places {
            let mut command = command(TALKFORM, &from);
            command
                .arg("-C")
                .arg(project)
                .arg("validate")
                .env("GITHUB_ACTIONS", "true");
            if !has_git {
                command.env("GITHUB_WORKSPACE", top);
            }
            let ran = finish(command.spawn().expect("talkform runs")).expect(1);
            let annotation = ran.stderr.lines().find(|line| line.starts_with("::error"));
            let annotation = annotation.unwrap_or_else(|| panic!("{}", ran.stderr));
            assert!(
                annotation.starts_with("::error file=apps/x/users/a.yaml,"),
                "{annotation}"
            );
        }
    }
}

#[test]
fn projects_of_one_repository_have_comments_of_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join(".git")).expect("a folder");
    for name in ["a", "b"] {
        let users = folder.path().join("crm").join(name).join("users");
        fs::create_dir_all(&users).expect("folders");
        fs::write(users.join("../talkform.yaml"), "").expect("written");
        fs::write(
            users.join("u.yaml"),
            "apiVersion: talkform/v1\nkind: User\nmemberId: u-1\n",
        )
        .expect("written");
        let plan = |more: &[&str]| {
            let mut command = command(TALKFORM, &folder.path().join("crm"));
            command
                .args(["-C", name, "plan", "--format", "markdown"])
                .args(more);
            finish(command.spawn().expect("talkform runs"))
                .expect(0)
                .stdout
        };
        let marker =
            format!("<!-- talkform plan crm_{name} -->\n### talkform plan for `crm/{name}`\n");
        assert!(plan(&[]).starts_with(&marker), "{}", plan(&[]));
        let marker = format!("<!-- talkform plan crm_{name}.VIPs -->\n### VIPs\n");
        assert!(
            plan(&["--title", "VIPs"]).starts_with(&marker),
            "{}",
            plan(&["--title", "VIPs"])
        );
    }
}
