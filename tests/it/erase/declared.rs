//! Tests what `erase` does to manifests.

use crate::erase::scene::{ERASE, OTHERS, USERS, applied, declared, no_canary, run};
use crate::project::{Channel, Project};

const HEAD: &str = "apiVersion: talkform/v1\nkind: UserList\n";
const KEEP: [&str; 3] = ["erase", "kim", "--keep-on-channel"];

#[test]
fn a_person_is_removed_and_the_others_stay_as_they_are() {
    let channel = Channel::start();
    let project = applied(&channel);
    let ran = run(&project, &ERASE, 0);
    assert_eq!(project.read("users/a.yaml"), OTHERS);
    no_canary(&project);
    let expected = "kim
  manifests    removed from users/a.yaml
               comments around were kept, check lines 10, 11
  state        removed from talkform.state.json
  Channel      deleted from channel sandbox \"Sandbox\" at http";
    assert!(ran.stdout.starts_with(expected), "{}", ran.stdout);
    assert!(
        ran.stdout
            .contains("\nNothing else on this machine was found that names the user."),
        "{}",
        ran.stdout
    );
    assert_eq!(channel.running().member_ids(), ["kim-2", "lee"]);
    let plan = project.run(&["plan", "--detailed-exitcode"]).expect(0);
    assert!(plan.stdout.contains("No changes."), "{}", plan.stdout);
}

/// An edit that was not applied yet stays one: the state does not take the file as applied.
#[test]
fn edits_of_others_are_still_planned() {
    for more in [&["--allow-deletes", "1"][..], &["--keep-on-channel"]] {
        let channel = Channel::start();
        let project = applied(&channel);
        project.edit("users/a.yaml", "seats: 2", "seats: 3");
        project.run(&[&["erase", "kim"], more].concat()).expect(0);
        let plan = project.run(&["plan", "--detailed-exitcode"]).expect(2);
        assert!(
            plan.stdout.contains("Plan: 1 to update. 1 unchanged."),
            "{}",
            plan.stdout
        );
    }
}

#[test]
fn a_file_of_the_person_alone_is_removed() {
    let project = Project::new("");
    project.write(
        "users/kim.yaml",
        "# canary\napiVersion: talkform/v1\nkind: User\nmemberId: kim\nprofile: { name: Canary }\n",
    );
    project.write(
        "users/lee.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: lee\n",
    );
    let ran = run(&project, &KEEP, 0);
    assert!(
        ran.stdout
            .contains("users/kim.yaml declared nobody else and was removed"),
        "{}",
        ran.stdout
    );
    assert!(!project.at("users/kim.yaml").exists());
    project.run(&["validate"]).expect(0);
}

/// Without a manifest no plan is made, so the last one stays as an empty list.
#[test]
fn the_last_manifest_stays_as_an_empty_list() {
    for (name, text, after) in [
        (
            "users/kim.yaml",
            "apiVersion: talkform/v1\nkind: User\nmemberId: kim\nprofile: { name: Canary }\n",
            "apiVersion: talkform/v1\nkind: UserList\nusers: []\n",
        ),
        (
            "users/kim.json",
            "{\"apiVersion\": \"talkform/v1\", \"kind\": \"User\", \"memberId\": \"kim\", \"tags\": [\"canary\"]}",
            "{ \"apiVersion\": \"talkform/v1\", \"kind\": \"UserList\", \"users\": [] }\n",
        ),
    ] {
        let project = Project::new("manifests: [\"users/*\"]\nlimits: { minUsers: 0 }\n");
        project.write(name, text);
        run(&project, &KEEP, 0);
        assert_eq!(project.read(name), after);
        project.run(&["plan"]).expect(0);
        project.run(&KEEP).expect(0);
    }
}

#[test]
fn the_last_lines_of_json_cannot_be_an_empty_list() {
    let project = Project::new("manifests: [\"users/*\"]\n");
    let text = "{\"memberId\": \"kim\", \"tags\": [\"canary\"]}\n";
    project.write("users/a.jsonl", text);
    let ran = run(&project, &KEEP, 1);
    assert!(
        ran.stderr
            .contains("users/a.jsonl is the only manifest and declares nobody else"),
        "{}",
        ran.stderr
    );
    assert_eq!(project.read("users/a.jsonl"), text);
    project.write("users/b.yaml", &format!("{HEAD}users: []\n"));
    run(&project, &KEEP, 0);
    assert!(!project.at("users/a.jsonl").exists());
}

#[cfg(unix)]
#[test]
fn a_linked_file_is_removed_with_its_link() {
    let project = Project::new("");
    project.write("users/b.yaml", &format!("{HEAD}users: []\n"));
    project.write(
        "more/kim.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: kim\nprofile: { name: Canary }\n",
    );
    std::os::unix::fs::symlink("../more/kim.yaml", project.at("users/kim.yaml")).expect("a link");
    run(&project, &KEEP, 0);
    no_canary(&project);
    assert!(
        std::fs::symlink_metadata(project.at("users/kim.yaml")).is_err(),
        "the link is gone"
    );
    project.run(&["validate"]).expect(0);
}

#[test]
fn a_declaration_that_cannot_be_cut_is_refused_before_anything_is_done() {
    let channel = Channel::start();
    let project = declared(&channel, 1);
    let text = format!(
        "{HEAD}users:\n  - memberId: kim\n    profile: &canary {{ name: Canary }}\n  - memberId: lee\n    profile: *canary\n"
    );
    project.write("users/a.yaml", &text);
    project.run(&["apply", "--auto-approve"]).expect(0);
    let state = project.read("talkform.state.json");
    let asked = channel.running().log().len();
    let ran = run(&project, &ERASE, 1);
    for words in [
        "cannot remove the user from users/a.yaml: the alias at users/a.yaml:7:14 uses an anchor inside of the declaration; nothing was changed",
        "write the value out where the alias stands",
    ] {
        assert!(ran.stderr.contains(words), "{words}\n{}", ran.stderr);
    }
    assert_eq!(project.read("users/a.yaml"), text);
    assert_eq!(project.read("talkform.state.json"), state);
    assert_eq!(channel.running().log().len(), asked);
}

#[test]
fn nothing_is_done_where_a_manifest_is_wrong() {
    let channel = Channel::start();
    let project = applied(&channel);
    project.write("users/b.yaml", "kind: [\n");
    let asked = channel.running().log().len();
    project.run(&ERASE).expect(1);
    assert_eq!(project.read("users/a.yaml"), USERS);
    assert_eq!(channel.running().log().len(), asked);
}

#[test]
fn a_move_goes_with_the_person_and_its_former_id_is_named() {
    let channel = Channel::start();
    let project = declared(&channel, 1);
    project.edit("users/a.yaml", "memberId: kim #", "memberId: old-kim #");
    project.run(&["apply", "--auto-approve"]).expect(0);
    project.edit("users/a.yaml", "memberId: old-kim #", "memberId: kim #");
    let moved =
        format!("{HEAD}moved:\n  - {{ from: old-kim, to: kim }}\nusers:\n  - memberId: park\n");
    project.write("users/moved.yaml", &moved);

    let asked = channel.about_users().len();
    let ran = run(&project, &ERASE, 1);
    assert!(
        ran.stderr
            .contains("the user moves to another id and that is not applied"),
        "{}",
        ran.stderr
    );
    assert_eq!(project.read("users/a.yaml"), USERS);
    assert_eq!(channel.about_users().len(), asked);
    project.run(&["apply", "--auto-approve"]).expect(0);

    // The former id leads to the person.
    let ran = run(&project, &["erase", "old-kim", "--allow-deletes", "1"], 1);
    for words in ["users/moved.yaml:4:13", "erase kim --allow-deletes 1`"] {
        assert!(ran.stderr.contains(words), "{words}\n{}", ran.stderr);
    }
    let ran = run(&project, &ERASE, 0);
    assert!(
        ran.stdout
            .contains("former id    old-kim: erase it as well"),
        "{}",
        ran.stdout
    );
    assert_eq!(project.read("users/a.yaml"), OTHERS);
    assert_eq!(
        project.read("users/moved.yaml"),
        format!("{HEAD}moved: []\nusers:\n  - memberId: park\n")
    );
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
    // Moves leave the old user on Channel, and the state knows nothing of it.
    assert_eq!(
        channel.running().member_ids(),
        ["kim-2", "lee", "old-kim", "park"]
    );
    let old = ["erase", "old-kim", "--allow-deletes", "1"];
    let ran = run(&project, &old, 0);
    assert!(
        ran.stderr
            .contains("warning: no manifest declares this user"),
        "{}",
        ran.stderr
    );
    assert_eq!(channel.running().member_ids(), ["kim-2", "lee", "park"]);
    no_canary(&project);
}
