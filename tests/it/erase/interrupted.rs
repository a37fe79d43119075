//! Tests `erase` where something fails or the process is killed: what is left, and that the next run finishes.

use std::process::Output;

use crate::erase::scene::{
    ERASE, OTHERS, USERS, applied, no_canary, only_others, requests, run, state,
};
use crate::kill_everywhere::has_strace;
use crate::project::{Channel, Project, TALKFORM};

fn finishes(channel: &Channel, project: &Project, point: &str) {
    let ran = project.run(&ERASE);
    assert_eq!(ran.code, Some(0), "{point}: {}", ran.all());
    assert_eq!(project.read("users/a.yaml"), OTHERS, "{point}");
    assert_eq!(channel.running().member_ids(), ["kim-2", "lee"], "{point}");
    only_others(project);
    no_canary(project);
    assert!(
        !project.at(".talkform/drift-aa.progress").exists(),
        "{point}"
    );
    let plan = project.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(plan.code, Some(0), "{point}: {}", plan.all());
}

#[test]
fn a_deletion_that_fails_is_tried_again() {
    for (fault, ending, code) in [
        ("500@kim", "the deletion failed: ", 3),
        ("409@kim", "rejected the deletion: 409 sandboxFault", 3),
        ("403@kim", "the deletion", 4),
    ] {
        let channel = Channel::start();
        let project = applied(&channel);
        let faults = vec![fault.parse().expect("a fault")];
        channel.running().set_faults(faults);
        let ran = run(
            &project,
            &[&ERASE[..], &["--retry-pause", "1ms"]].concat(),
            code,
        );
        for words in [ending, "still in ", "Not finished: run `talkform erase kim"] {
            assert!(ran.stdout.contains(words), "{words}\n{}", ran.stdout);
        }
        assert_eq!(project.read("users/a.yaml"), OTHERS);
        assert!(state(&project)["users"].get("kim").is_some());
        channel.running().set_faults(Vec::new());
        finishes(&channel, &project, fault);
    }
}

#[test]
fn a_lost_answer_is_asked_for_again() {
    let channel = Channel::start();
    let project = applied(&channel);
    channel
        .running()
        .set_faults(vec!["reset-after#4".parse().expect("a fault")]);
    let erase = [&ERASE[..], &["--retry-pause", "1ms"]].concat();
    run(&project, &erase, 0);
    assert_eq!(requests(&channel, "kim", 3), ["DELETE", "DELETE"]);
    finishes(&channel, &project, "reset-after");
}

/// An apply between two runs leaves the person on Channel, as `removed.users: forget` says.
#[test]
fn an_apply_in_between_changes_nothing() {
    let channel = Channel::start();
    let project = applied(&channel);
    channel
        .running()
        .set_faults(vec!["409@kim".parse().expect("a fault")]);
    run(&project, &ERASE, 3);
    channel.running().set_faults(Vec::new());
    project.run(&["apply", "--auto-approve"]).expect(0);
    assert!(channel.running().member_ids().contains(&"kim".to_owned()));
    finishes(&channel, &project, "apply");
}

/// An erase to which strace does something.
fn tampered(project: &Project, injection: &str) -> Output {
    let call = injection.split(':').next().unwrap_or_default();
    project
        .through("strace")
        .args(["-f", "-qq", "-o", "/dev/null"])
        .args(["-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={injection}")])
        .arg(TALKFORM)
        .args(ERASE)
        .output()
        .expect("strace runs")
}

/// One state for every scene, so that only the last steps differ.
fn scenes() -> impl Fn() -> (Channel, Project) {
    let channel = Channel::start();
    let state = applied(&channel).read("talkform.state.json");
    move || {
        let channel = Channel::start();
        let project = applied(&channel);
        // The same order of everything that is written.
        assert_eq!(project.read("talkform.state.json").len(), state.len());
        project.write(".talkform/drift-aa.progress", "{}\n{\"kim\":\"00\"}\n");
        (channel, project)
    }
}

#[test]
fn killed_at_any_write_the_next_run_finishes() {
    if !has_strace() {
        eprintln!("SKIPPED: strace is not installed (apt-get install strace)");
        return;
    }
    let scene = scenes();
    let (mut points, mut cut, mut deleted) = (0, 0, 0);
    for call in [
        "rename",
        "unlink",
        "fsync",
        "fdatasync",
        "sendto",
        "recvfrom",
    ] {
        for count in 1..=30 {
            let (channel, project) = scene();
            let point = format!("{call}:signal=KILL:when={count}");
            let output = tampered(&project, &point);
            if output.status.success() {
                break;
            }
            points += 1;
            let text = project.read("users/a.yaml");
            // A manifest is whole: as it was, or without the person.
            assert!([USERS, OTHERS].contains(&&*text), "{point}: {text}");
            let is_cut = text == OTHERS;
            let is_deleted = !channel.running().member_ids().contains(&"kim".to_owned());
            assert!(is_cut || !is_deleted, "{point}: deleted before the cut");
            cut += usize::from(is_cut);
            deleted += usize::from(is_deleted);
            finishes(&channel, &project, &point);
        }
    }
    // Points before and after each step were hit.
    assert!(
        points > cut && cut > deleted && deleted > 0,
        "{points} {cut} {deleted}"
    );
}

#[test]
fn a_write_that_fails_is_told_and_the_next_run_finishes() {
    if !has_strace() {
        eprintln!("SKIPPED: strace is not installed (apt-get install strace)");
        return;
    }
    let scene = scenes();
    let mut failed = 0;
    for (call, error) in [("rename", "EACCES"), ("unlink", "EACCES"), ("fsync", "EIO")] {
        for count in 1..=12 {
            let (channel, project) = scene();
            let point = format!("{call}:error={error}:when={count}");
            let output = tampered(&project, &point);
            let text = project.read("users/a.yaml");
            assert!([USERS, OTHERS].contains(&&*text), "{point}: {text}");
            if text == USERS {
                assert!(!output.status.success(), "{point}");
                assert!(requests(&channel, "kim", 3).is_empty(), "{point}");
            }
            failed += usize::from(!output.status.success());
            finishes(&channel, &project, &point);
        }
    }
    assert!(failed > 3, "{failed}");
}

/// Nothing is written or sent where a manifest may not be written.
#[cfg(unix)]
#[test]
fn a_folder_without_permission() {
    use std::os::unix::fs::PermissionsExt as _;
    let channel = Channel::start();
    let project = applied(&channel);
    let mode = |mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(project.at("users"), permissions).expect("permissions");
    };
    mode(0o555);
    if std::fs::write(project.at("users/probe"), "").is_ok() {
        mode(0o755);
        eprintln!("SKIPPED: permissions do not bind this user");
        return;
    }
    let before = project.read("talkform.state.json");
    let ran = project.run(&ERASE);
    mode(0o755);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(ran.stderr.contains("cannot write "), "{}", ran.stderr);
    assert_eq!(project.read("users/a.yaml"), USERS);
    assert_eq!(project.read("talkform.state.json"), before);
    assert!(requests(&channel, "kim", 3).is_empty());
    finishes(&channel, &project, "permission");
}
