//! Kills a run in the middle, and checks the next one.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use crate::command::finish;
use crate::project::{Channel, many_users};

#[test]
fn killed_in_the_middle_of_two_thousand_users() {
    const USERS: usize = 2000;
    const PARALLELISM: usize = 8;
    let channel = Channel::faulty(&["slow=2ms"]);
    let project = channel.project();
    project.write("users/a.yaml", &many_users(USERS, "pro"));
    let apply = ["apply", "--auto-approve", "--parallelism", "8"];

    let mut interrupted = 0;
    for share in [4, 2] {
        let mut child = project.start(&apply);
        let enough = USERS / share;
        while channel.about_users().len() < enough {
            if child.try_wait().expect("a child").is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(2));
        }
        child.kill().expect("killed");
        let ran = finish(child);
        assert_eq!(ran.code, None, "killed, not ended: {}", ran.all());
        interrupted += 1;
    }
    assert!(channel.running().member_ids().len() < USERS);

    let ran = project.run(&apply).expect(0);
    assert!(
        ran.stderr.contains("replayed from its journal"),
        "{}",
        ran.stderr
    );
    let ids = channel.running().member_ids();
    assert_eq!(ids.len(), USERS);
    for (number, id) in ids.iter().enumerate() {
        let user = channel.running().user(id).expect("a user");
        assert_eq!(user["profile"]["plan"], "pro");
        assert_eq!(user["profile"]["seats"], number);
    }
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for request in channel.about_users() {
        *times.entry(request.path).or_default() += 1;
    }
    let repeated: usize = times.values().map(|count| count - 1).sum();
    assert!(
        repeated <= interrupted * PARALLELISM,
        "{repeated} sent again"
    );
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
    assert!(!project.at("talkform.state.json.journal").exists());
    assert!(!project.at("talkform.state.json.lock").exists());
}
