//! Tests samples, selections and the exit code of every failure.

use serde_json::json;

use crate::drift::users::{applied, count_of_reads, drift};
use crate::project::Project;

#[test]
fn a_sample_can_be_repeated() {
    let (channel, project) = applied("v4", 50);
    let read = |arguments: &[&str]| {
        let before = channel.about_users().len();
        let answer = drift(&project, arguments);
        let log = channel.about_users();
        let mut paths: Vec<String> = log[before..].iter().map(|l| l.path.clone()).collect();
        paths.sort();
        (paths, answer)
    };
    let (first, answer) = read(&["--sample", "7"]);
    assert_eq!(first.len(), 7);
    assert_eq!(answer["sample"]["of"], 50);
    let seed = answer["sample"]["seed"].to_string();
    let (again, _) = read(&["--sample", "7", "--seed", &seed]);
    assert_eq!(first, again);
    let (other, _) = read(&["--sample", "7", "--seed", "1"]);
    let (another, _) = read(&["--sample", "7", "--seed", "2"]);
    assert_ne!(other, another);
    let (all, answer) = read(&["--sample", "99"]);
    assert_eq!((all.len(), &answer["users"]), (50, &json!(50)));
    let (selected, _) = read(&["--select", "u-0000*"]);
    assert_eq!(selected.len(), 10);
    project.run(&["drift", "--seed", "1"]).expect(64);
}

#[test]
fn each_failure_has_its_exit_code() {
    let (channel, project) = applied("v4", 30);
    let faults = |texts: &[&str]| {
        let parsed = texts.iter().map(|text| text.parse().expect("a fault"));
        channel.running().set_faults(parsed.collect());
    };
    let quick = ["drift", "--detailed-exitcode", "--retry-pause", "1ms"];
    faults(&["500@u-00003"]);
    let ran = project.run(&quick).expect(3);
    assert!(
        ran.stdout
            .contains("1 user could not be read:\n  u-00003   500 from Channel"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .contains("No drift among 29 users that could be read."),
        "{}",
        ran.stdout
    );
    faults(&["401#1+"]);
    let ran = project.run(&quick).expect(4);
    assert!(ran.stdout.contains("does not accept the credentials"));
    faults(&["501#1+"]);
    let ran = project.run(&quick).expect(4);
    assert!(ran.stdout.contains("too many failures in a row"));
    faults(&["wrong-channel"]);
    let before = count_of_reads(&channel);
    let ran = project.run(&quick).expect(1);
    assert!(ran.stderr.contains("another-channel"), "{}", ran.stderr);
    assert_eq!(count_of_reads(&channel), before, "nobody was read");
    faults(&[]);
    project.run(&quick).expect(0);

    let fresh = channel.project();
    let ran = project_without_state(&fresh);
    assert!(ran.contains("no state at"), "{ran}");
}

fn project_without_state(project: &Project) -> String {
    project.write(
        "users/a.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: \"u-1\"\n",
    );
    project.run(&["drift"]).expect(1).stderr
}
