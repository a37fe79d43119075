//! Tests `erase` where `sensitive: [memberId]` hides ids.

use crate::command::{Ran, finish, git};
use crate::project::{Channel, Project};

const USERS: &str = "apiVersion: talkform/v1
kind: UserList
users:
  - memberId: kim.seoyeon@example.com
    profile: { plan: pro }
  - memberId: kim.seoyeon@example.com.au
    profile: { plan: free }
  - { memberId: lee-minjun-7, profile: { plan: free } }
";
const OTHERS: &str = "apiVersion: talkform/v1
kind: UserList
users:
  - memberId: kim.seoyeon@example.com.au
    profile: { plan: free }
  - { memberId: lee-minjun-7, profile: { plan: free } }
";
const PIECES: [&str; 3] = ["seoyeon", "example.com", "minjun"];

fn hiding(channel: &Channel) -> Project {
    let project = channel.project();
    let text = project.read("talkform.yaml");
    let text = text.replace("forget: 100%", "forget: 100%, delete: 1");
    project.write("talkform.yaml", &format!("{text}sensitive: [memberId]\n"));
    project.write("users/a.yaml", USERS);
    project
}

#[track_caller]
fn run(project: &Project, arguments: &[&str], code: i32) -> Ran {
    let mut command = project.command(arguments);
    command.env("TALKFORM_LOG", "trace");
    let ran = finish(command.spawn().expect("talkform runs")).expect(code);
    for piece in PIECES {
        assert!(!ran.all().contains(piece), "{piece}:\n{}", ran.all());
    }
    ran
}

/// The digest that stands for a recorded id.
fn digest_of(project: &Project, id: &str) -> String {
    let listed = run(project, &["state", "list"], 0).stdout;
    let starts = listed.match_indices("id:");
    let mut digests = starts.map(|(at, _)| listed[at..at + 15].to_owned());
    let is_of = |digest: &String| {
        let shown = project.run(&["state", "show", digest]).expect(0).stdout;
        shown.lines().any(|line| line.ends_with(id) || line == id)
    };
    digests.find(is_of).expect("a digest")
}

#[test]
fn a_digest_leads_to_the_person_and_no_output_holds_the_id() {
    let channel = Channel::start();
    let project = hiding(&channel);
    project.run(&["apply", "--auto-approve"]).expect(0);
    project.write("kim.seoyeon@example.com.csv", "id\n");
    project.write("plan-of-kim.json", "{\"kim.seoyeon@example.com\":1}\n");
    git(project.path(), &["init", "-q"]);
    git(project.path(), &["add", "-A"]);
    git(
        project.path(),
        &["commit", "-qm", "add kim.seoyeon@example.com"],
    );
    let digest = digest_of(&project, "kim.seoyeon@example.com");
    let nobody = run(&project, &["erase", &digest], 1);
    assert!(
        nobody
            .stderr
            .contains(&format!("erase {digest} --allow-deletes 1`")),
        "{}",
        nobody.stderr
    );
    let erase = ["erase", &*digest, "--allow-deletes", "1"];
    let ran = run(&project, &erase, 0);
    assert!(ran.stdout.starts_with(&digest), "{}", ran.stdout);
    for words in [
        "plan-of-kim.json, line 1",
        &format!("{digest}.csv, its name"),
        "the git history, which is not rewritten: 1 commit",
        "the message, ",
    ] {
        assert!(ran.stdout.contains(words), "{words}\n{}", ran.stdout);
    }
    assert_eq!(project.read("users/a.yaml"), OTHERS);
    assert_eq!(
        channel.running().member_ids(),
        ["kim.seoyeon@example.com.au", "lee-minjun-7"]
    );
    assert!(
        !project
            .read("talkform.state.json")
            .contains("kim.seoyeon@example.com\"")
    );
    // The digest leads nowhere now, and it is no id.
    let sent = channel.about_users().len();
    let ran = run(&project, &erase, 1);
    assert!(
        ran.stderr
            .contains("no declared or recorded user has this digest"),
        "{}",
        ran.stderr
    );
    assert_eq!(channel.about_users().len(), sent);
    // The id itself does.
    let id = "kim.seoyeon@example.com";
    let json = ["erase", id, "--keep-on-channel", "--format", "json"];
    let ran = run(&project, &json, 0);
    assert!(ran.stdout.contains(&digest), "{}", ran.stdout);
}

#[test]
fn an_error_names_the_digest() {
    let channel = Channel::faulty(&["409@kim*"]);
    let project = hiding(&channel);
    channel.running().set_faults(Vec::new());
    project.run(&["apply", "--auto-approve"]).expect(0);
    channel
        .running()
        .set_faults(vec!["409@kim*".parse().expect("a fault")]);
    let id = "kim.seoyeon@example.com";
    let ran = run(&project, &["erase", id, "--allow-deletes", "1"], 3);
    for words in ["rejected the deletion: 409", "Not finished: run `talkform"] {
        assert!(ran.stdout.contains(words), "{words}\n{}", ran.stdout);
    }
    run(&project, &["erase", "kim seoyeon", "--keep-on-channel"], 64);
}
