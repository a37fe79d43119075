//! Tests the digest of a first plan: it gives no id and no value away, and it is the same where the plan is reviewed and applied.

use crate::command::{Ran, finish};
use crate::project::{Channel, Project};

const USERS: &str = "apiVersion: talkform/v1
kind: User
memberId: u-1
profile: { mobileNumber: \"+821012345678\" }
";

fn digest(ran: &Ran) -> String {
    let mut lines = ran.stdout.lines();
    let digest = lines.find_map(|line| line.strip_prefix("Plan digest: "));
    digest.expect("a digest").to_owned()
}

fn plan(project: &Project) -> String {
    digest(&project.run(&["plan"]).expect(0))
}

#[test]
fn without_a_state_no_value_is_covered_and_nothing_is_expected() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", USERS);
    let before = plan(&project);
    project.edit("users/a.yaml", "5678", "5679");
    assert_eq!(plan(&project), before);
    project.edit("users/a.yaml", "u-1", "u-2");
    assert_eq!(plan(&project), before);
    project.edit("users/a.yaml", "mobileNumber", "landlineNumber");
    let other = plan(&project);
    assert_ne!(other, before);

    let ran = project
        .run(&["apply", "--auto-approve", "--expect", &other])
        .expect(1);
    for words in [
        "the digest of a plan covers neither ids nor values",
        "run `talkform state init` once, commit the file",
    ] {
        assert!(ran.stderr.contains(words), "{words}\n{}", ran.stderr);
    }
    assert!(channel.running().log().is_empty());
    // Limits are about counts.
    project.edit("talkform.yaml", "create: 100000", "create: 0");
    let approved = ["apply", "--auto-approve", "--approve-limits", &other];
    project.run(&approved).expect(0);
}

#[test]
fn a_plan_for_others_warns_where_there_is_no_state() {
    let project = Project::new("");
    project.write("users/a.yaml", USERS);
    let warned = |arguments: &[&str], output: Option<&str>| {
        let mut command = project.command(arguments);
        if let Some(name) = output {
            command.env("GITHUB_OUTPUT", project.at(name));
        }
        let ran = finish(command.spawn().expect("talkform runs")).expect(0);
        ran.stderr.contains("`talkform state init`")
    };
    assert!(warned(&["plan", "--format", "markdown"], None));
    assert!(warned(&["plan"], Some("output")));
    assert!(!warned(&["plan"], None));
    project.run(&["state", "init"]).expect(0);
    assert!(!warned(&["plan", "--format", "markdown"], Some("output")));
}

#[test]
fn a_new_project_has_a_salt_that_everybody_shares() {
    let channel = Channel::start();
    let folder = Project::new("");
    let mut digests = Vec::new();
    for name in ["one", "two"] {
        folder.run(&["init", name]).expect(0);
        let project = channel.project();
        project.write("users/a.yaml", USERS);
        let state = folder.read(&format!("{name}/talkform.state.json"));
        project.write("talkform.state.json", &state);
        digests.push(plan(&project));
        // Another machine, with what was committed.
        let clone = channel.project();
        clone.write("users/a.yaml", USERS);
        clone.write("talkform.state.json", &state);
        assert_eq!(plan(&clone), digests[digests.len() - 1]);
        clone.edit("users/a.yaml", "5678", "5679");
        assert_ne!(plan(&clone), digests[digests.len() - 1]);
        let expected = &digests[digests.len() - 1];
        clone
            .run(&["apply", "--auto-approve", "--expect", expected])
            .expect(1);
        project
            .run(&["apply", "--auto-approve", "--expect", expected])
            .expect(0);
        project.run(&["plan", "--detailed-exitcode"]).expect(0);
        // A state of users stays.
        let kept = project.read("talkform.state.json");
        project.run(&["state", "init"]).expect(1);
        assert_eq!(project.read("talkform.state.json"), kept);
    }
    assert_ne!(digests[0], digests[1]);
}

/// The settings and the secret may come after `init`.
#[test]
fn a_state_without_users_takes_any_destination_and_key() {
    let channel = Channel::start();
    let project = Project::new("");
    project.run(&["state", "init"]).expect(0);
    let file = channel.project().read("talkform.yaml");
    project.write("talkform.yaml", &file.replace("{ id", "{ api: v5, id"));
    project.write("users/a.yaml", USERS);
    let keyed = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command.env("TALKFORM_STATE_KEY", "a-secret-of-more-than-sixteen-bytes");
        finish(command.spawn().expect("talkform runs"))
    };
    let planned = keyed(&["plan"]).expect(0);
    assert!(!planned.stdout.contains("v4"), "{}", planned.stdout);
    let expected = digest(&planned);
    keyed(&["apply", "--auto-approve", "--expect", &expected]).expect(0);
    keyed(&["plan", "--detailed-exitcode"]).expect(0);
    let ran = project.run(&["plan"]).expect(1);
    assert!(ran.stderr.contains("are keyed"), "{}", ran.stderr);
}

#[test]
fn each_environment_has_a_state_of_its_own() {
    let project = Project::new("environments: { staging: { state: staging.state.json } }\n");
    project.write("users/a.yaml", USERS);
    let ran = project
        .run(&["--env", "staging", "state", "init"])
        .expect(0);
    assert!(ran.stdout.contains("staging.state.json"), "{}", ran.stdout);
    assert!(project.at("staging.state.json").exists());
    assert!(!project.at("talkform.state.json").exists());
    project.run(&["--env", "staging", "plan"]).expect(0);
}
