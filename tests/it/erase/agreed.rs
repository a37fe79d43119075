//! Tests what has to be agreed to before a person is deleted on Channel.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::command::finish;
use crate::erase::scene::{
    ERASE, OTHERS, USERS, applied, declared, no_canary, only_others, requests, run,
};
use crate::project::{Channel, TALKFORM};

/// Fails if anything was changed or sent.
#[track_caller]
fn unchanged(channel: &Channel, project: &crate::project::Project, state: &str, sent: usize) {
    assert_eq!(project.read("users/a.yaml"), USERS);
    assert_eq!(project.read("talkform.state.json"), state);
    assert_eq!(channel.about_users().len(), sent);
    assert!(!project.at("talkform.state.json.journal").exists());
}

#[test]
fn the_limit_of_deletions_counts() {
    let channel = Channel::start();
    let project = declared(&channel, 0);
    project.run(&["apply", "--auto-approve"]).expect(0);
    let state = project.read("talkform.state.json");
    let ran = run(&project, &ERASE, 1);
    assert!(
        ran.stderr
            .contains("limits.delete allows 0, and this deletes one user"),
        "{}",
        ran.stderr
    );
    let start = ran.stderr.find("`talkform erase").expect("a command") + 1;
    let command = &ran.stderr[start..];
    let command = &command[..command.find('`').expect("its end")];
    let words = shlex::split(command).expect("words");
    let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    unchanged(&channel, &project, &state, 3);

    let other = format!("sha256:{}", "0".repeat(64));
    let ran = run(
        &project,
        &[&ERASE[..], &["--approve-limits", &other]].concat(),
        1,
    );
    assert!(
        ran.stderr.contains("this plan is sha256:"),
        "{}",
        ran.stderr
    );
    unchanged(&channel, &project, &state, 3);
    // The digest is that of this person.
    let of_other: Vec<&str> = words
        .iter()
        .map(|word| if *word == "kim" { "lee" } else { word })
        .collect();
    run(&project, &of_other, 1);
    unchanged(&channel, &project, &state, 3);
    run(&project, &words, 0);
    assert_eq!(requests(&channel, "kim", 3), ["DELETE"]);
    only_others(&project);
}

/// The share counts of all recorded users, not of the one.
#[test]
fn a_limit_in_percent_is_of_all_users() {
    let channel = Channel::start();
    let project = declared(&channel, 0);
    project.edit("talkform.yaml", "delete: 0", "delete: 50%");
    project.run(&["apply", "--auto-approve"]).expect(0);
    run(&project, &ERASE, 0);
    let ran = run(&project, &["erase", "lee", "--allow-deletes", "1"], 0);
    assert!(ran.stdout.contains("deleted from"), "{}", ran.stdout);
    project.edit("talkform.yaml", "delete: 50%", "delete: 9%");
    let ran = run(&project, &["erase", "kim-2", "--allow-deletes", "1"], 1);
    assert!(
        ran.stderr.contains("limits.delete allows 0"),
        "{}",
        ran.stderr
    );
}

#[test]
fn somebody_has_to_agree() {
    let channel = Channel::start();
    let project = applied(&channel);
    let state = project.read("talkform.state.json");
    for more in [&[][..], &["--allow-deletes", "0"]] {
        let ran = run(&project, &[&["erase", "kim"], more].concat(), 1);
        for words in [
            "nobody has agreed to that; nothing was changed",
            "erase kim --allow-deletes 1`",
            "erase kim --keep-on-channel`",
        ] {
            assert!(ran.stderr.contains(words), "{words}\n{}", ran.stderr);
        }
    }
    // Nobody is asked about the channel, so the project has to name it.
    project.edit("talkform.yaml", "id: sandbox, ", "");
    let ran = run(&project, &ERASE, 1);
    assert!(
        ran.stderr.contains("the project does not name its channel"),
        "{}",
        ran.stderr
    );
    // No variable agrees to it.
    let mut command = project.command(&["erase", "kim"]);
    command.env("TALKFORM_ALLOW_DELETES", "1");
    finish(command.spawn().expect("talkform runs")).expect(1);
    unchanged(&channel, &project, &state, 3);
}

/// On a terminal that `script` makes; without it the test says that it was skipped.
#[test]
fn a_person_types_the_words() {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("SKIPPED: script is not installed (apt-get install bsdutils)");
        return;
    }
    let channel = Channel::start();
    let project = applied(&channel);
    let state = project.read("talkform.state.json");
    let typed = |line: &str| {
        let mut child = project
            .through("script")
            .env("NO_COLOR", "1")
            .args(["-qec", &format!("{TALKFORM} erase kim"), "/dev/null"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("script runs");
        let mut keyboard = child.stdin.take().expect("a keyboard");
        keyboard.write_all(line.as_bytes()).expect("typed");
        let ran = finish(child);
        drop(keyboard);
        ran
    };
    for wrong in ["no\n", "yes\n", "delete\n", "delete 2\n"] {
        assert_eq!(typed(wrong).code, Some(1), "{wrong:?}");
        unchanged(&channel, &project, &state, 3);
    }
    let ran = typed("delete 1\n").expect(0);
    let question = format!(
        "kim will be deleted from channel sandbox \"Sandbox\" at {}",
        channel.running().base_url()
    );
    assert!(ran.stdout.contains(&question), "{}", ran.stdout);
    assert!(!channel.running().member_ids().contains(&"kim".to_owned()));
    only_others(&project);
}

#[test]
fn a_person_may_stay_on_channel() {
    let channel = Channel::start();
    let project = applied(&channel);
    let asked = channel.running().log().len();
    let mut command = project.command(&["erase", "kim"]);
    command
        .env_remove("TALKFORM_ACCESS_KEY")
        .env_remove("TALKFORM_ACCESS_SECRET")
        .env("TALKFORM_KEEP_ON_CHANNEL", "1");
    let ran = finish(command.spawn().expect("talkform runs")).expect(0);
    assert!(
        ran.stdout
            .contains("Channel      nothing was sent; Channel keeps the user"),
        "{}",
        ran.stdout
    );
    assert_eq!(channel.running().log().len(), asked);
    assert_eq!(project.read("users/a.yaml"), OTHERS);
    only_others(&project);
    no_canary(&project);
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
    // Both at once contradict each other.
    let both = ["erase", "lee", "--keep-on-channel", "--allow-deletes", "1"];
    assert_ne!(project.run(&both).code, Some(0));
    only_others(&project);
}

#[test]
fn the_keys_of_another_channel_do_nothing() {
    let channel = Channel::start();
    let project = applied(&channel);
    project.edit("talkform.yaml", "id: sandbox", "id: other");
    let state = project.read("talkform.state.json");
    run(&project, &ERASE, 1);
    unchanged(&channel, &project, &state, 3);
}

#[test]
fn a_sandbox_forgets_as_well() {
    let channel = Channel::start();
    let project = applied(&channel);
    project
        .run(&["apply", "--sandbox", "--auto-approve"])
        .expect(0);
    assert!(
        project
            .read(".talkform/sandbox.users.jsonl")
            .contains("Canary Kim")
    );
    let ran = run(&project, &ERASE, 0);
    for words in [
        ": the sandbox's users; erase the user there too, with --sandbox",
        ".talkform/sandbox.users.jsonl, line",
        ".talkform/sandbox.state.json, line",
    ] {
        assert!(ran.stdout.contains(words), "{words}\n{}", ran.stdout);
    }
    let ran = run(&project, &[&ERASE[..], &["--sandbox"]].concat(), 0);
    assert!(
        ran.stdout.contains("deleted from the sandbox"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("Nothing else"), "{}", ran.stdout);
    no_canary(&project);
    let users = project.read(".talkform/sandbox.users.jsonl");
    assert_eq!(users.lines().count(), 2, "{users}");
    let plan = ["plan", "--sandbox", "--detailed-exitcode"];
    project.run(&plan).expect(0);
}
