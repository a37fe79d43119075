//! Tests what `erase` shows of places that still name the person, and its JSON.

use serde_json::{Value, json};

use crate::command::{finish, git};
use crate::erase::scene::{CANARIES, ERASE, OTHERS, USERS, applied, run};
use crate::project::{Channel, Project};

fn commit(project: &Project, message: &str) -> String {
    git(project.path(), &["add", "-A"]);
    git(project.path(), &["commit", "-qm", message]);
    let id = git(project.path(), &["rev-parse", "HEAD"]);
    id.trim().to_owned()
}

/// Everything that a rewrite of the history would change.
fn history(project: &Project) -> [String; 3] {
    [
        git(project.path(), &["for-each-ref"]),
        git(
            project.path(),
            &["log", "--all", "--reflog", "--format=%H %T"],
        ),
        git(project.path(), &["reflog"]),
    ]
}

#[track_caller]
fn fits_its_schema(document: &Value) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path.join("schemas/erasure.schema.json"));
    let schema: Value = serde_json::from_str(&text.expect("a schema")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
}

#[test]
fn a_checkpoint_that_cannot_be_read_stops_the_erasure() {
    let channel = Channel::start();
    let project = applied(&channel);
    // A folder in the place of a file: tests may run as root, who reads everything else.
    project.write(".talkform/drift-0.progress/x", "");
    let ran = run(&project, &ERASE, 1);
    assert!(ran.stderr.contains("drift-0.progress"), "{}", ran.stderr);
    assert_eq!(project.read("users/a.yaml"), USERS);
}

#[test]
fn a_folder_that_cannot_be_listed_is_not_searched() {
    let channel = Channel::start();
    let project = applied(&channel);
    let mut command = project.command(&[&ERASE[..], &["--format", "json"]].concat());
    command.env("TMPDIR", project.at("talkform.yaml"));
    let ran = finish(command.spawn().expect("talkform runs")).expect(0);
    let document: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(document["remaining"]["allFilesSearched"], false);
}

/// Erases the person, and fails unless the output says that git could not be searched as a whole.
#[track_caller]
fn is_not_whole(project: &Project, path: Option<&std::path::Path>) {
    let mut command = project.command(&[&ERASE[..], &["--format", "json"]].concat());
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let ran = finish(command.spawn().expect("talkform runs")).expect(0);
    let document: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let history = &document["remaining"]["history"];
    assert_eq!(history["allSearched"], false, "{document:#}");
}

#[cfg(unix)]
#[test]
fn a_history_that_cannot_be_read_is_not_searched() {
    use crate::unreadable::object_of;
    for object in ["HEAD:users/a.yaml", "HEAD:users", "HEAD"] {
        let channel = Channel::start();
        let project = applied(&channel);
        git(project.path(), &["init", "-q"]);
        commit(&project, "one");
        let path = object_of(&project, object);
        std::fs::remove_file(&path).expect("removed");
        std::fs::write(&path, "no object").expect("written");
        is_not_whole(&project, None);
    }
    // Nobody can tell what a link to itself is.
    let channel = Channel::start();
    let project = applied(&channel);
    std::os::unix::fs::symlink(".git", project.at(".git")).expect("a link");
    is_not_whole(&project, None);
    // Nor what is in a repository without git.
    let project = applied(&channel);
    git(project.path(), &["init", "-q"]);
    commit(&project, "one");
    is_not_whole(&project, Some(project.path()));
}

#[test]
fn commits_and_files_that_name_the_person_are_shown() {
    let channel = Channel::start();
    let project = applied(&channel);
    project.write("users/a.yaml", OTHERS);
    git(project.path(), &["init", "-q"]);
    // The state names the person, the manifest does not yet.
    let first = commit(&project, "one");
    project.write("users/a.yaml", USERS);
    let second = commit(&project, "add canary");
    project.write("notes.txt", "nothing\n");
    let third = commit(&project, "talk to kim");
    project.write("notes.txt", "kim-2 and lee\n");
    let fourth = commit(&project, "about kim-2");
    // A branch that was not merged, and a merge.
    git(project.path(), &["checkout", "-qb", "side", &first]);
    project.write("side.txt", "kim\n");
    let side = commit(&project, "side");
    git(project.path(), &["checkout", "-q", "main"]);
    git(project.path(), &["merge", "-q", "--no-edit", "side"]);
    let merge = git(project.path(), &["rev-parse", "HEAD"]);

    project.write("plans/plan.json", "{\n\"id\": \"kim\"\n}\n");
    project.write("other.state.json", "{\"users\":{\"kim\":{}}}\n");
    project.write(
        "users/b.yaml",
        "apiVersion: talkform/v1\nkind: UserList\nusers:\n  - memberId: park # brother of kim\n",
    );
    let before = history(&project);
    let ran = run(&project, &[&ERASE[..], &["--format", "json"]].concat(), 0);
    assert_eq!(history(&project), before);
    assert_eq!(project.read("users/a.yaml"), OTHERS);

    let document: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    fits_its_schema(&document);
    let history = &document["remaining"]["history"];
    let commits = history["commits"].as_array().expect("commits");
    let found = |id: &str| commits.iter().find(|commit| commit["commit"] == id.trim());
    assert_eq!(
        found(&first).map(|commit| &commit["files"]),
        Some(&json!(["talkform.state.json"]))
    );
    assert_eq!(
        found(&second).map(|commit| &commit["files"]),
        Some(&json!(["users/a.yaml"]))
    );
    assert_eq!(
        found(&third).map(|commit| &commit["inMessage"]),
        Some(&json!(true))
    );
    assert_eq!(
        found(&side).map(|commit| &commit["files"]),
        Some(&json!(["side.txt"]))
    );
    assert_eq!(found(&fourth), None);
    assert_eq!(found(&merge), None);
    assert_eq!(history["commitCount"], 4);
    assert_eq!(history["allSearched"], true);
    let files = document["remaining"]["files"].as_array().expect("files");
    let files: Vec<String> = files
        .iter()
        .map(|file| format!("{} {} {}", file["path"], file["kind"], file["lines"]))
        .collect();
    assert_eq!(
        files,
        [
            "\"users/b.yaml\" \"manifest\" [4]",
            "\"other.state.json\" \"state\" [1]",
            "\"plans/plan.json\" \"other\" [2]",
            "\"side.txt\" \"other\" [1]",
        ]
    );
    assert_eq!(document["channel"]["ending"], "deleted");
    assert_eq!(document["isForgotten"], true);

    // Again, as text.
    let ran = run(&project, &ERASE, 0);
    for words in [
        "the git history, which is not rewritten: 4 commits, the latest first",
        &format!("    {} users/a.yaml\n", &second[..12]),
        &format!("    {} the message\n", &third[..12]),
        "users/b.yaml, line 4: a comment or another user's declaration",
        "plans/plan.json, line 2",
    ] {
        assert!(ran.stdout.contains(words), "{words}\n{}", ran.stdout);
    }
}

#[test]
fn a_clone_without_its_whole_history_says_so() {
    let channel = Channel::start();
    let project = applied(&channel);
    git(project.path(), &["init", "-q"]);
    commit(&project, "one");
    project.write("notes.txt", "x\n");
    commit(&project, "two");
    let clone = Project::new("");
    let url = format!("file://{}", project.path().display());
    let target = clone.at("clone");
    let target = target.to_str().expect("UTF-8");
    git(clone.path(), &["clone", "-q", "--depth", "1", &url, target]);
    let ran = run(
        &clone,
        &["-C", target, "erase", "kim", "--keep-on-channel"],
        0,
    );
    assert!(
        ran.stdout
            .contains("Not the whole git history could be searched."),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_project_below_the_top_of_a_repository() {
    let top = Project::new("");
    git(top.path(), &["init", "-q"]);
    top.write("team/talkform.yaml", "");
    top.write("team/users/a.yaml", USERS);
    top.write("elsewhere.txt", "kim\n");
    commit(&top, "one");
    let ran = run(
        &top,
        &["-C", "team", "erase", "kim", "--keep-on-channel"],
        0,
    );
    assert!(
        ran.stdout.contains("elsewhere.txt, team/users/a.yaml"),
        "{}",
        ran.stdout
    );
    for canary in CANARIES {
        assert!(!top.read("team/users/a.yaml").contains(canary));
    }
}

#[test]
fn copies_of_the_state_elsewhere() {
    let channel = Channel::start();
    let project = applied(&channel);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let state = elsewhere.path().join("our.json");
    let text = project.read("talkform.state.json");
    std::fs::write(&state, &text).expect("a file");
    std::fs::write(elsewhere.path().join("our.json.conflict-1"), &text).expect("a file");
    let lineage: Value = serde_json::from_str(&text).expect("JSON");
    let lineage = lineage["lineage"].as_str().expect("a lineage");
    // A save that failed leaves a copy in the folder for temporary files.
    let temporary = tempfile::tempdir().expect("a folder");
    let rescued = temporary.path().join("talkform-state-x.json");
    std::fs::write(&rescued, &text).expect("a file");
    let other = text.replace(lineage, "0000000000000000");
    std::fs::write(temporary.path().join("talkform-state-y.json"), other).expect("a file");
    let path = state.to_str().expect("UTF-8");
    let mut command = project.command(&["--state", path, "erase", "kim", "--keep-on-channel"]);
    command.env("TMPDIR", temporary.path());
    let ran = crate::command::finish(command.spawn().expect("talkform runs")).expect(0);
    for words in ["our.json.conflict-1, line", "talkform-state-x.json, line"] {
        assert!(ran.stdout.contains(words), "{words}\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("talkform-state-y"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("our.json, line"), "{}", ran.stdout);
}
