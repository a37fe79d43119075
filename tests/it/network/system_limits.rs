//! Limits on open files and on the size of a file end a run with an error, and lose nothing.

use crate::command::{Ran, finish};
use crate::project::{Channel, Project, TALKFORM, many_users};

const USERS: usize = 60;

fn project() -> (Channel, Project) {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(USERS, "pro"));
    (channel, project)
}

/// Runs talkform under a limit, such as `-n 8`.
fn run(project: &Project, limit: &str, arguments: &[&str]) -> Ran {
    let mut shell = project.through("sh");
    shell
        .arg("-c")
        .arg(format!("ulimit {limit} && exec \"$0\" \"$@\""))
        .arg(TALKFORM)
        .args(arguments);
    finish(shell.spawn().expect("a shell"))
}

#[test]
fn too_few_open_files_are_found_before_anything_is_sent() {
    let (channel, project) = project();
    for files in [5, 8, 24] {
        let limit = format!("-n {files}");
        for arguments in [
            &["apply", "--auto-approve"][..],
            &["plan", "--refresh"],
            &["import", "u-zz"],
        ] {
            let ran = run(&project, &limit, arguments).expect(1);
            let expected = "error: cannot open the 32 files and connections that this run needs at once: Too many open files (os error 24); nothing was sent\n help: allow more open files, for example with `ulimit -n 1024`\n";
            assert!(ran.stderr.ends_with(expected), "{limit}: {}", ran.all());
        }
        run(&project, &limit, &["plan"]).expect(0);
    }
    assert!(channel.running().log().is_empty());
}

#[test]
fn a_lock_that_cannot_be_looked_at_again_is_an_error() {
    let (_channel, project) = project();
    let ran = run(&project, "-n 4", &["apply", "--auto-approve"]).expect(1);
    assert!(ran.stderr.contains("Too many open files"), "{}", ran.stderr);
}

#[test]
fn enough_open_files_are_enough_to_the_end() {
    let (channel, project) = project();
    let ran = run(&project, "-n 42", &["apply", "--auto-approve"]).expect(0);
    assert!(
        ran.stdout.contains("60 requests, 0 retried"),
        "{}",
        ran.all()
    );
    assert_eq!(channel.running().member_ids().len(), USERS);
}

#[test]
fn a_soft_limit_is_raised() {
    let (_channel, project) = project();
    run(&project, "-S -n 8", &["apply", "--auto-approve"]).expect(0);
}

#[test]
fn a_state_larger_than_a_file_may_be_is_found_before_anything_is_sent() {
    let (channel, project) = project();
    let ran = run(&project, "-f 8", &["apply", "--auto-approve"]).expect(1);
    assert!(
        ran.stderr
            .contains("there is no room to keep what this run does"),
        "{}",
        ran.all()
    );
    assert!(ran.stderr.contains("`ulimit -f`"), "{}", ran.all());
    assert!(channel.about_users().is_empty());
    run(&project, "-f 800", &["apply", "--auto-approve"]).expect(0);
}

#[test]
fn a_plan_file_larger_than_a_file_may_be_is_an_error() {
    let (_channel, project) = project();
    let ran = run(&project, "-f 1", &["plan", "--out", "plan.json"]).expect(1);
    assert!(
        ran.stderr
            .contains("cannot write plan.json: File too large"),
        "{}",
        ran.all()
    );
    let names = std::fs::read_dir(project.path()).expect("a folder");
    let left = names.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name != "talkform.yaml" && name != "users"
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn pages_larger_than_a_file_may_be_are_an_error() {
    let (_channel, project) = project();
    let ran = run(&project, "-f 1", &["man", "pages"]).expect(1);
    assert!(ran.stderr.contains("cannot write"), "{}", ran.all());
    assert!(ran.stderr.contains("File too large"), "{}", ran.all());
}
