//! Plans from a state that was given, as the job of a fork does: without credentials and without a connection.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::bucket::fake_s3::{FakeS3, Fault};
use crate::bucket::world::{APPLY, Place, command};
use crate::command::{Ran, finish};
use crate::kill_everywhere::has_strace;
use crate::project::{Channel, Project, TALKFORM, many_users};

/// A project with an applied state and an edit, and a copy of the state.
fn published() -> (FakeS3, Channel, Project) {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake(&bucket).project(&channel);
    let file = project.read("talkform.yaml");
    project.write("talkform.yaml", &format!("{file}stateKey: none\n"));
    project.write("users/a.yaml", &many_users(5, "free"));
    without_key(&project, APPLY).expect(0);
    let pulled = without_key(&project, &["state", "pull"]).expect(0);
    project.write("published.json", &pulled.stdout);
    project.write("users/a.yaml", &many_users(5, "pro"));
    // The log begins anew.
    bucket.decide(|_, _| Fault::None);
    (bucket, channel, project)
}

/// Runs a command with the credentials of the cloud and no key of the state.
fn without_key(project: &Project, arguments: &[&str]) -> Ran {
    let child = command(project, arguments)
        .env_remove("TALKFORM_STATE_KEY")
        .spawn();
    finish(child.expect("it runs"))
}

/// Runs a command with a text on standard input.
fn with_input(mut command: Command, text: &str) -> Ran {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("it runs");
    let mut input = child.stdin.take().expect("an input");
    input.write_all(text.as_bytes()).expect("written");
    drop(input);
    finish(child)
}

#[test]
fn a_state_comes_from_standard_input() {
    let (bucket, _channel, project) = published();
    let state = project.read("published.json");
    let given = |arguments: &[&str]| {
        with_input(
            project.command(&[&["--state", "-"], arguments].concat()),
            &state,
        )
    };
    let from_file = project.run(&["--state", "published.json", "plan"]);
    let from_input = given(&["plan"]).expect(0);
    assert!(
        from_input.stdout.contains("5 to update"),
        "{}",
        from_input.all()
    );
    assert_eq!(from_input.stdout, from_file.expect(0).stdout);
    assert_eq!(given(&["state", "pull"]).expect(0).stdout, state);
    given(&["state", "show", "u-00001"]).expect(0);
    for changing in [APPLY, &["state", "forget", "u-00001"]] {
        let ran = given(changing).expect(1);
        assert!(ran.stderr.contains("can only be read"), "{}", ran.stderr);
    }
    let ran = with_input(project.command(&["--state", "-", "plan"]), "");
    ran.expect(1);
    assert_eq!(bucket.log(), []);
}

/// The calls of a run that open a connection.
fn connections(project: &Project, arguments: &[&str], input: &str) -> String {
    let log = project.at("calls");
    let mut command = project.through("strace");
    command
        .args(["-f", "-qq", "-e", "trace=socket,connect,sendto,sendmsg"])
        .arg("-o")
        .arg(&log)
        .arg(TALKFORM)
        .args(arguments);
    let ran = with_input(command, input);
    assert!(ran.code.is_some(), "{}", ran.all());
    project.read("calls")
}

#[test]
fn the_plan_of_a_fork_opens_no_socket() {
    if !has_strace() {
        eprintln!("SKIPPED: strace is not installed (apt-get install strace)");
        return;
    }
    let (_bucket, _channel, project) = published();
    let state = project.read("published.json");
    let plans: [&[&str]; 2] = [
        &["--state", "published.json", "plan"],
        &["--state", "-", "plan"],
    ];
    for plan in plans {
        assert_eq!(connections(&project, plan, &state), "", "{plan:?}");
    }
    // What would be seen.
    let seen = connections(&project, &["drift"], "");
    assert!(seen.contains("socket("), "{seen}");
}
