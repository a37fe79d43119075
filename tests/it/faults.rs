//! Tests errors between talkform and Channel, over a socket.

use talkform::sandbox::Logged;

use crate::command::Ran;
use crate::project::{Channel, Project, many_users};

const APPLY: [&str; 4] = ["apply", "--auto-approve", "--retry-pause", "1ms"];

/// Applies three users to a Channel with this fault.
fn applied(faults: &[&str]) -> (Channel, Project, Ran) {
    let channel = Channel::faulty(faults);
    let project = channel.project();
    project.write("users/a.yaml", &many_users(3, "pro"));
    let ran = project.run(&APPLY);
    (channel, project, ran)
}

fn about(log: &[Logged], id: &str) -> usize {
    log.iter()
        .filter(|request| request.path.ends_with(id))
        .count()
}

/// Whatever happened, the next run without faults brings everything in order.
fn heals(channel: &Channel, project: &Project) {
    channel.running().set_faults(Vec::new());
    project.run(&APPLY).expect(0);
    assert_eq!(channel.running().member_ids().len(), 3);
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn what_may_pass_is_sent_again() {
    for kind in [
        "408",
        "429",
        "500",
        "502",
        "503",
        "504",
        "reset-before",
        "reset-after",
    ] {
        let (channel, project, ran) = applied(&[&format!("{kind}#2")]);
        let ran = ran.expect(0);
        assert!(
            ran.stdout.contains("4 requests, 1 retried"),
            "{kind}: {}",
            ran.all()
        );
        assert_eq!(channel.running().member_ids().len(), 3, "{kind}");
        heals(&channel, &project);
        assert_eq!(
            channel.about_users().len(),
            4,
            "{kind}: nothing was left to send"
        );
    }
}

#[test]
fn what_cannot_pass_is_not_sent_again() {
    for kind in ["400", "404", "409", "413", "422", "redirect", "501"] {
        let (channel, project, ran) = applied(&[&format!("{kind}@u-00001")]);
        ran.expect(3);
        let log = channel.about_users();
        assert_eq!(about(&log, "u-00001"), 1, "{kind}");
        assert_eq!(
            channel.running().member_ids(),
            ["u-00000", "u-00002"],
            "{kind}"
        );
        heals(&channel, &project);
    }
}

#[test]
fn what_never_passes_ends_after_six_attempts() {
    let (channel, project, ran) = applied(&["503@u-00001"]);
    let ran = ran.expect(3);
    assert!(ran.stdout.contains("u-00001"), "{}", ran.stdout);
    assert_eq!(about(&channel.about_users(), "u-00001"), 6);
    heals(&channel, &project);
}

#[test]
fn a_response_that_cannot_be_read_confirms_nothing() {
    for kind in ["broken-json", "truncated", "empty", "huge", "not-utf8"] {
        let (channel, project, ran) = applied(&[&format!("{kind}@u-00001")]);
        let ran = ran.expect(3);
        assert!(
            ran.stdout.contains("8 requests, 5 retried"),
            "{kind}: {}",
            ran.all()
        );
        assert_eq!(about(&channel.about_users(), "u-00001"), 6, "{kind}");
        heals(&channel, &project);
        assert_eq!(about(&channel.about_users(), "u-00001"), 7, "{kind}");
    }
}

#[test]
fn what_channel_does_not_take_is_reported_and_kept() {
    let channel = Channel::faulty(&["ignore-tags"]);
    let project = channel.project();
    project.write(
        "users/a.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: u-1\nprofile: { plan: pro }\ntags: [vip]\n",
    );
    let ran = project.run(&APPLY).expect(3);
    assert!(ran.stdout.contains("tags"), "{}", ran.stdout);
    assert!(
        project
            .read("talkform.state.json")
            .contains(",[\"tags\"],\"")
    );
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn denied_in_the_middle_stops_at_once() {
    for status in ["401", "403"] {
        let channel = Channel::faulty(&[&format!("{status}#5+")]);
        let project = channel.project();
        project.write("users/a.yaml", &many_users(100, "pro"));
        let ran = project
            .run(&["apply", "--auto-approve", "--parallelism", "1"])
            .expect(4);
        assert_eq!(channel.about_users().len(), 5, "{}", ran.stdout);
        assert_eq!(channel.running().member_ids().len(), 4);
        channel.running().set_faults(Vec::new());
        project.run(&APPLY).expect(0);
        assert_eq!(channel.running().member_ids().len(), 100);
        assert_eq!(channel.about_users().len(), 5 + 96);
    }
}

#[test]
fn a_channel_that_fails_for_everybody_is_left_alone() {
    let channel = Channel::faulty(&["500"]);
    let project = channel.project();
    project.write("users/a.yaml", &many_users(200, "pro"));
    let ran = project.run(&APPLY).expect(4);
    let sent = channel.about_users().len();
    assert!(sent <= (10 + 8) * 6, "{sent} requests: {}", ran.stdout);
    channel.running().set_faults(Vec::new());
    project.run(&APPLY).expect(0);
    assert_eq!(channel.running().member_ids().len(), 200);
}

#[test]
fn fail_fast_stops_at_the_first() {
    let channel = Channel::faulty(&["422#1"]);
    let project = channel.project();
    project.write("users/a.yaml", &many_users(50, "pro"));
    project
        .run(&[
            "apply",
            "--auto-approve",
            "--fail-fast",
            "--parallelism",
            "1",
        ])
        .expect(4);
    assert_eq!(channel.about_users().len(), 1);
}

#[test]
fn nobody_there_sends_nothing() {
    let project = Project::new("channel: { baseUrl: \"http://127.0.0.1:9\" }\n");
    project.write("users/a.yaml", &many_users(1, "pro"));
    let ran = project.run(&APPLY).expect(1);
    assert!(ran.stderr.contains("cannot connect"), "{}", ran.stderr);
    assert!(!project.at("talkform.state.json").exists());
}

/// Chance, over several seeds: what failed and nothing else is planned again, until all is well.
#[test]
fn random_trouble_ends_well() {
    for seed in 0..4 {
        let channel = Channel::with(talkform::sandbox::SandboxSettings {
            faults: [
                "500:20%",
                "reset-after:10%",
                "reset-before:10%",
                "429:5%",
                "422:5%",
                "empty:5%",
            ]
            .iter()
            .map(|fault| fault.parse().expect("a fault"))
            .collect(),
            seed,
            ..talkform::sandbox::SandboxSettings::default()
        });
        let project = channel.project();
        project.write("users/a.yaml", &many_users(60, "pro"));
        let mut runs = 0;
        loop {
            let ran = project.run(&APPLY);
            runs += 1;
            assert!(runs < 20, "{}", ran.all());
            match ran.code {
                Some(0) => break,
                Some(3 | 4) => {}
                _ => panic!("{}", ran.all()),
            }
            let failed =
                ran.stdout.matches("rejected").count() + ran.stdout.matches("failed").count();
            assert!(failed > 0, "{}", ran.stdout);
        }
        assert_eq!(channel.running().member_ids().len(), 60);
        for number in 0..60 {
            let user = channel
                .running()
                .user(&format!("u-{number:05}"))
                .expect("a user");
            assert_eq!(user["profile"]["seats"], number);
        }
        project.run(&["plan", "--detailed-exitcode"]).expect(0);
    }
}

#[test]
fn a_log_for_programs_has_one_event_a_user_and_no_value() {
    let channel = Channel::faulty(&["422@u-2"]);
    let project = channel.project();
    project.write(
        "users/a.yaml",
        "apiVersion: talkform/v1\nkind: UserList\nusers:\n  - { memberId: u-1, profile: { email: hidden@example.com } }\n  - { memberId: u-2, profile: { name: Hidden Person } }\n",
    );
    let ran = project
        .run(&[
            "apply",
            "--auto-approve",
            "--log",
            "trace",
            "--log-format",
            "json",
        ])
        .expect(3);
    let events: Vec<serde_json::Value> = ran
        .stderr
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let outcome = |id: &str| -> Vec<&str> {
        events
            .iter()
            .filter(|event| event["id"] == id)
            .filter_map(|event| event["outcome"].as_str())
            .collect()
    };
    assert_eq!(outcome("u-1"), ["applied"], "{}", ran.stderr);
    assert_eq!(outcome("u-2"), ["rejected"], "{}", ran.stderr);
    let everything = ran.all() + &project.read("talkform.state.json");
    for secret in [
        "hidden@",
        "Hidden Person",
        "key-for-tests",
        "secret-for-tests",
    ] {
        assert!(!everything.contains(secret), "{secret}");
    }
}
