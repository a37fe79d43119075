//! Tests what is refused before anything is sent, and the messages.

use crate::project::{Channel, Project, many_users};

const USER: &str = "apiVersion: talkform/v1\nkind: User\nmemberId: u-1\nprofile: { plan: pro }\n";

#[test]
fn wrong_usage_is_64() {
    let project = Project::new("");
    for arguments in [
        &["no-such-command"][..],
        &["plan", "--no-such-flag"],
        &["apply", "--rate", "0"],
        &[
            "apply",
            "--expect",
            "nonsense",
            "--sandbox",
            "--auto-approve",
        ],
        &["sandbox", "--listen", "0.0.0.0:1"],
        &["sandbox", "--fault", "boom"],
    ] {
        project.write("users/a.yaml", USER);
        project.run(arguments).expect(64);
    }
    for arguments in [&["--help"][..], &["--version"], &["apply", "--help"]] {
        project.run(arguments).expect(0);
    }
}

#[test]
fn a_project_that_is_not_there() {
    let project = Project::new("");
    let ran = project.run(&["-C", "nowhere", "plan"]).expect(1);
    assert!(
        ran.stderr.contains("`talkform -C nowhere init`"),
        "{}",
        ran.stderr
    );
    let ran = project.run(&["--env", "staging", "plan"]).expect(1);
    assert!(ran.stderr.contains("staging"), "{}", ran.stderr);
}

#[test]
fn without_manifests_nothing_is_planned() {
    let project = Project::new("");
    let ran = project.run(&["plan"]).expect(1);
    assert!(
        ran.stderr.contains("pattern-matches-nothing"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stdout, "");
}

#[test]
fn without_approval_or_credentials_nothing_is_sent() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", USER);
    let ran = project.run(&["apply"]).expect(1);
    assert!(ran.stderr.contains("--auto-approve"), "{}", ran.stderr);

    let output = project
        .command(&["apply", "--auto-approve"])
        .env_remove("TALKFORM_ACCESS_SECRET")
        .output()
        .expect("ran");
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("TALKFORM_ACCESS_SECRET"), "{stderr}");
    assert!(channel.running().log().is_empty());
    assert!(!project.at("talkform.state.json").exists());
}

#[test]
fn keys_of_another_channel_write_nothing() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", USER);
    project.run(&["apply", "--auto-approve"]).expect(0);
    project.edit("users/a.yaml", "plan: pro", "plan: free");
    channel
        .running()
        .set_faults(vec!["wrong-channel".parse().expect("a fault")]);
    let ran = project.run(&["apply", "--auto-approve"]).expect(1);
    assert!(ran.stderr.contains("another-channel"), "{}", ran.stderr);
    assert_eq!(channel.about_users().len(), 1);

    channel.running().set_faults(Vec::new());
    project.edit("talkform.yaml", "id: sandbox", "id: \"6263\"");
    let ran = project.run(&["apply", "--auto-approve"]).expect(1);
    assert!(ran.stderr.contains("6263"), "{}", ran.stderr);
    assert_eq!(channel.about_users().len(), 1);
}

#[test]
fn another_plan_than_the_expected_one_is_not_run() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", USER);
    project.run(&["state", "init"]).expect(0);
    let plan = project.run(&["plan"]).expect(0).stdout;
    let digest = plan
        .lines()
        .find_map(|line| line.strip_prefix("Plan digest: "))
        .expect("a digest")
        .to_owned();
    project.edit("users/a.yaml", "plan: pro", "plan: free");
    let ran = project
        .run(&["apply", "--auto-approve", "--expect", &digest])
        .expect(1);
    assert!(
        ran.stderr.contains("not the expected one"),
        "{}",
        ran.stderr
    );
    assert!(channel.running().log().is_empty());
    project.edit("users/a.yaml", "plan: free", "plan: pro");
    project
        .run(&["apply", "--auto-approve", "--expect", &digest])
        .expect(0);
}

#[test]
fn limits_hold_until_this_very_plan_is_approved() {
    let channel = Channel::start();
    let project = channel.project();
    project.edit("talkform.yaml", "create: 100000", "create: 2");
    project.write("users/a.yaml", &many_users(3, "pro"));
    let ran = project.run(&["apply", "--auto-approve"]).expect(1);
    assert!(ran.stdout.contains("<- too many"), "{}", ran.stdout);
    assert!(channel.running().log().is_empty());
    let digest = ran
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("Plan digest: "))
        .expect("a digest")
        .to_owned();

    project.write("users/a.yaml", &many_users(4, "pro"));
    project
        .run(&["apply", "--auto-approve", "--approve-limits", &digest])
        .expect(1);
    assert!(channel.running().log().is_empty());
    project.write("users/a.yaml", &many_users(3, "pro"));
    project
        .run(&["apply", "--auto-approve", "--approve-limits", &digest])
        .expect(0);
}

#[test]
fn an_unreadable_state_is_never_taken_for_an_empty_one() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", USER);
    for (state, word) in [
        ("", "never treated as empty"),
        ("{\"version\": 99}", "version 99"),
        ("<<<<<<< ours\n", "git conflict markers"),
    ] {
        project.write("talkform.state.json", state);
        for command in [&["plan"][..], &["apply", "--auto-approve"]] {
            let ran = project.run(command).expect(1);
            assert!(ran.stderr.contains(word), "{}", ran.stderr);
        }
        assert_eq!(project.read("talkform.state.json"), state);
    }
    assert!(channel.running().log().is_empty());
}

#[test]
fn a_state_key_is_asked_for() {
    let project = Project::new("");
    project.write("users/a.yaml", USER);
    let keyed = |key: Option<&str>, arguments: &[&str]| {
        let mut command = project.command(arguments);
        if let Some(key) = key {
            command.env("TALKFORM_STATE_KEY", key);
        }
        let output = command.output().expect("ran");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let apply = ["apply", "--sandbox", "--auto-approve"];
    assert_eq!(keyed(Some("the first secret key"), &apply).0, Some(0));
    let plan = ["plan", "--sandbox", "--detailed-exitcode"];
    assert_eq!(keyed(Some("the first secret key"), &plan).0, Some(0));
    for wrong in [None, Some("the second secret key")] {
        let (code, stderr) = keyed(wrong, &plan);
        assert_eq!(code, Some(1));
        assert!(stderr.contains("TALKFORM_STATE_KEY"), "{stderr}");
    }
}

#[test]
fn a_state_key_that_hides_nothing_is_refused() {
    let project = Project::new("");
    project.write("users/a.yaml", USER);
    for (key, word) in [
        ("", "is set and empty"),
        ("fifteen bytes..", "is shorter than 16 bytes"),
    ] {
        for (name, arguments) in [
            (
                "TALKFORM_STATE_KEY",
                &["apply", "--sandbox", "--auto-approve"][..],
            ),
            ("TALKFORM_STATE_KEY_NEW", &["state", "rekey", "--sandbox"]),
        ] {
            let mut command = project.command(arguments);
            let child = command.env(name, key).spawn().expect("talkform runs");
            let ran = crate::command::finish(child).expect(1);
            for text in [name, word, "talkform state keygen"] {
                assert!(ran.stderr.contains(text), "{text}: {}", ran.stderr);
            }
        }
    }
    assert!(!project.at(".talkform").exists());
}

/// It needs no project, and its keys are taken.
#[test]
fn keygen_prints_a_key_that_is_taken() {
    let folder = Project::new("");
    std::fs::remove_file(folder.at("talkform.yaml")).expect("removed");
    let keys: Vec<String> = (0..2)
        .map(|_| folder.run(&["state", "keygen"]).expect(0).stdout)
        .collect();
    assert_ne!(keys[0], keys[1]);
    let key = keys[0].strip_suffix('\n').expect("one line");
    assert!(
        key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{key}"
    );
    folder.write("talkform.yaml", "");
    folder.write("users/a.yaml", USER);
    let mut command = folder.command(&["apply", "--sandbox", "--auto-approve"]);
    let child = command
        .env("TALKFORM_STATE_KEY", key)
        .spawn()
        .expect("talkform runs");
    crate::command::finish(child).expect(0);
    assert!(
        !folder
            .read(".talkform/sandbox.state.json")
            .contains("\"keyId\":null")
    );
}
