//! Tests `state rekey`, which recomputes every digest under another key.

use crate::command::finish;
use crate::review::applied::applied;

#[test]
fn rekey_recomputes_digests_under_another_secret() {
    let (channel, project) = applied(30);
    let run = |arguments: &[&str], key: Option<&str>, new: Option<&str>| {
        let mut command = project.command(arguments);
        for (name, value) in [("TALKFORM_STATE_KEY", key), ("TALKFORM_STATE_KEY_NEW", new)] {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        finish(command.spawn().expect("talkform runs"))
    };
    let sent = channel.about_users().len();
    let first = project.read("talkform.state.json");
    let rekey = ["state", "rekey"];
    run(&rekey, None, None).expect(64);
    run(&rekey, None, Some("first secret key")).expect(0);
    let second = project.read("talkform.state.json");
    let digests = |text: &str| -> Vec<String> {
        text.split("\":[\"")
            .skip(3)
            .map(|rest| rest[..43].to_owned())
            .collect()
    };
    assert_eq!(digests(&second).len(), 30);
    assert!(
        digests(&first)
            .iter()
            .zip(digests(&second))
            .all(|(one, other)| *one != other)
    );
    assert!(!second.contains("first secret key"));

    let plan = ["plan", "--detailed-exitcode"];
    let missing = run(&plan, None, None).expect(1);
    assert!(
        missing.stderr.contains("TALKFORM_STATE_KEY is not set"),
        "{}",
        missing.stderr
    );
    run(
        &["apply", "--auto-approve"],
        Some("another secret key"),
        None,
    )
    .expect(1);
    run(
        &rekey,
        Some("another secret key"),
        Some("second secret key"),
    )
    .expect(1);
    assert_eq!(project.read("talkform.state.json"), second);
    run(&plan, Some("first secret key"), None).expect(0);

    project.edit(
        "users/a.yaml",
        "plan: free, seats: 3 ",
        "plan: pro, seats: 3 ",
    );
    let refused = run(&rekey, Some("first secret key"), Some("second secret key")).expect(1);
    assert!(refused.stderr.contains("  u-00003\n"), "{}", refused.stderr);
    assert_eq!(project.read("talkform.state.json"), second);
    project.edit(
        "users/a.yaml",
        "plan: pro, seats: 3 ",
        "plan: free, seats: 3 ",
    );
    run(&rekey, Some("first secret key"), Some("second secret key")).expect(0);
    run(&plan, Some("first secret key"), None).expect(1);
    run(&plan, Some("second secret key"), None).expect(0);
    run(
        &["state", "rekey", "--without-key"],
        Some("second secret key"),
        None,
    )
    .expect(0);
    run(&plan, None, None).expect(0);
    assert_eq!(channel.about_users().len(), sent);
}
