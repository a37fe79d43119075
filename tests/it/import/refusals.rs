//! Checks that a refused import writes nothing, and that the next import completes an interrupted one.

use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::command::finish;
use crate::import::users::{STATE, channel_with_users, id, ids};
use crate::project::Project;

/// Killed between manifests and state, or the state lost: the next import puts down what Channel
/// has exactly as declared, and leaves the rest to apply.
#[test]
fn an_incomplete_import_is_completed_by_the_next() {
    let (channel, project) = channel_with_users(5, "v4");
    let by_hand = "apiVersion: talkform/v1\nkind: User\nmemberId: u-4\n\
        profile: { seats: 4, gone: null }\nprofileOnce: { firstSeen: elsewhere }\nunsubscribeEmail: false\n";
    project.write("users/hand.yaml", by_hand);
    project.write("ids", &ids(4));
    project
        .run(&["import", "--from", "ids", "--no-record"])
        .expect(0);
    let manifest = project.read("users/imported.yaml");
    let changed = channel
        .running()
        .edit(&id(3), |user| user["profile"]["seats"] = json!(99));
    assert!(changed.expect("edited"));
    let ran = project.run(&["import", "--from", "ids", "u-4"]).expect(0);
    assert!(
        ran.stdout
            .starts_with("Recorded 4 users already declared as Channel has them.\n"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr
            .contains("not recorded, because Channel has another profile.seats;"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("already declared at users/imported.yaml:"),
        "{}",
        ran.stderr
    );
    assert_eq!(project.read("users/imported.yaml"), manifest);
    let plan = project.run(&["plan"]).expect(0);
    assert!(
        plan.stdout.contains("Plan: 1 to create. 4 unchanged."),
        "{}",
        plan.stdout
    );
    let again = project.run(&["import", &id(0)]).expect(0);
    assert!(
        again
            .stderr
            .contains("00000: already declared at users/imported.yaml:28"),
        "{}",
        again.stderr
    );
}

#[test]
fn refusals_write_nothing() {
    let (channel, project) = channel_with_users(3, "v4");
    let id = id(0);
    let refused = |project: &Project, arguments: &[&str], why: &str| {
        let ran = project
            .run(&[&["import", &id], arguments].concat())
            .expect(1);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
        assert!(!project.at("users").exists() && !project.at(STATE).exists());
    };
    refused(
        &project,
        &["--out", "elsewhere.yaml"],
        "no pattern of `manifests` matches elsewhere.yaml",
    );
    refused(
        &project,
        &["--out", "users/a.json"],
        "cannot add users to users/a.json",
    );
    refused(
        &project,
        &["--out", "../a.yaml"],
        "is not in the project's folder",
    );
    refused(
        &project,
        &["--split", "users/.hidden"],
        "no pattern of `manifests` matches",
    );
    channel
        .running()
        .set_faults(vec!["401#1+".parse().expect("a fault")]);
    let denied = project.run(&["import", &id]).expect(4);
    assert!(
        denied
            .stderr
            .contains("Channel does not accept the credentials"),
        "{}",
        denied.stderr
    );
    assert!(!project.at("users").exists() && !project.at(STATE).exists());
    channel.running().set_faults(Vec::new());

    let file = project.read("talkform.yaml");
    project.write(
        "talkform.yaml",
        &file.replacen("id: sandbox", "id: other", 1),
    );
    refused(
        &project,
        &[],
        "belong to channel sandbox, the project names channel other",
    );
    project.write("rules.json", r#"{"required": ["tags"]}"#);
    project.write("talkform.yaml", &format!("rules: rules.json\n{file}"));
    refused(&project, &[], "\"tags\" is a required property");
    refused(&project, &[], "nothing was written");

    project.write("talkform.yaml", &file);
    let mut command = project.command(&["import", &id]);
    command.env_remove("TALKFORM_ACCESS_KEY");
    let ran = finish(command.spawn().expect("talkform runs")).expect(1);
    assert!(
        ran.stderr.contains("TALKFORM_ACCESS_KEY not set"),
        "{}",
        ran.stderr
    );
    // What cannot be a folder, for root too.
    project.write("users", "a file");
    let ran = project.run(&["import", &id]).expect(1);
    assert!(ran.stderr.contains("cannot"), "{}", ran.stderr);
    assert!(!project.at(STATE).exists());
    assert_eq!(project.read("users"), "a file");
}

#[test]
fn an_interrupted_import_writes_nothing() {
    let (channel, project) = channel_with_users(200, "v4");
    channel
        .running()
        .set_faults(vec!["slow=20ms".parse().expect("a fault")]);
    let before = channel.about_users().len();
    project.write("ids", &ids(200));
    let child = project.start(&["import", "--from", "ids"]);
    while channel.about_users().len() < before + 20 {
        thread::sleep(Duration::from_millis(5));
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.expect("kill runs").success());
    let ran = finish(child).expect(4);
    assert!(
        ran.stderr.contains("nothing was written. Run it again."),
        "{}",
        ran.stderr
    );
    assert!(!project.at("users").exists() && !project.at(STATE).exists());
}
