//! Checks that nothing is planned if a read failed or came from another channel.

use crate::drift::users::{applied, count_of_reads};
use crate::project::Channel;

#[test]
fn nothing_is_planned_from_a_partial_reading() {
    let (channel, project) = applied("v4", 20);
    let state = project.read("talkform.state.json");
    project.edit("users/a.yaml", "seats: 3 ", "seats: 33 ");
    for (fault, words) in [
        ("500@u-00007", "u-00007: 500 from Channel"),
        ("401#1+", "Channel does not accept the credentials"),
        ("501#1+", "too many failures in a row"),
    ] {
        channel
            .running()
            .set_faults(vec![fault.parse().expect("a fault")]);
        for command in [&["plan"][..], &["apply", "--auto-approve"]] {
            let mut arguments = command.to_vec();
            arguments.extend(["--refresh", "--retry-pause", "1ms"]);
            let ran = project.run(&arguments).expect(1);
            assert!(ran.stderr.contains(words), "{fault}: {}", ran.stderr);
            assert!(ran.stderr.contains("nothing was sent"), "{}", ran.stderr);
            assert_eq!(ran.stdout, "", "{fault}");
        }
    }
    channel
        .running()
        .set_faults(vec!["slow=20ms".parse().expect("a fault")]);
    let arguments = [
        "apply",
        "--auto-approve",
        "--refresh",
        "--max-duration",
        "20ms",
    ];
    let ran = project.run(&arguments).expect(1);
    assert!(
        ran.stderr.contains("--max-duration is over"),
        "{}",
        ran.stderr
    );
    assert_eq!(state, project.read("talkform.state.json"));
    let puts = channel
        .about_users()
        .iter()
        .filter(|l| l.method == "PUT")
        .count();
    assert_eq!(puts, 20, "those of the first apply");

    channel.running().set_faults(Vec::new());
    let before = count_of_reads(&channel);
    project
        .run(&[
            "apply",
            "--auto-approve",
            "--refresh",
            "--select",
            "u-0000*",
        ])
        .expect(0);
    assert_eq!(
        count_of_reads(&channel) - before,
        10,
        "within the selection"
    );
}

#[test]
fn keys_of_another_channel_read_no_user() {
    let channel = Channel::faulty(&["wrong-channel"]);
    let project = channel.project();
    project.write(
        "users/a.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: \"u-1\"\n",
    );
    let ran = project.run(&["plan", "--refresh"]).expect(1);
    assert!(ran.stderr.contains("another-channel"), "{}", ran.stderr);
    assert_eq!(count_of_reads(&channel), 0);
}
