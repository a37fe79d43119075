//! Kills a run that deletes, moves and updates at each of its system calls for disk or network;
//! then the next run. Needs `strace`; without it the test says that it was skipped.

use serde_json::Value;

use crate::kill_everywhere::{PARALLELISM, has_strace, tampered};
use crate::project::{Channel, Project, many_users};

const CALLS: [&str; 9] = [
    "write",
    "fdatasync",
    "fsync",
    "rename",
    "unlink",
    "sendto",
    "writev",
    "recvfrom",
    "epoll_wait",
];

/// Two of six go, two get another id, one changes and one stays.
const AFTER: &str = "apiVersion: talkform/v1
kind: UserList
moved: [{ from: u-00002, to: n-2 }, { from: u-00003, to: n-3 }]
users:
  - { memberId: n-2, profile: { plan: pro, seats: 2 } }
  - { memberId: n-3, profile: { plan: team, seats: 3 } }
  - { memberId: u-00004, profile: { plan: team, seats: 4 } }
  - { memberId: u-00005, profile: { plan: pro, seats: 5 } }
";
const IDS: [&str; 4] = ["n-2", "n-3", "u-00004", "u-00005"];
const ALLOWED: [&str; 2] = ["--allow-deletes", "4"];
/// Two deletions, two moves of two requests each, one update.
const REQUESTS: usize = 7;

fn scene(state: Option<&str>) -> (Channel, Project) {
    let channel = Channel::start();
    let project = channel.project();
    let text = project.read("talkform.yaml");
    let text = text.replace("forget: 100%", "forget: 100%, delete: 4");
    project.write(
        "talkform.yaml",
        &format!("{text}removed: {{ users: delete }}\n"),
    );
    project.write("users/a.yaml", &many_users(6, "pro"));
    if let Some(state) = state {
        // As if it had been applied to this very Channel.
        project.write("users/a.yaml", AFTER);
        project.write("talkform.state.json", state);
        project.run(&["state", "retarget"]).expect(0);
    }
    (channel, project)
}

#[test]
fn killed_at_every_step_of_a_removal() {
    if !has_strace() {
        eprintln!("SKIPPED: strace is not installed (apt-get install strace)");
        return;
    }
    let (_channel, project) = scene(None);
    project.run(&["apply", "--auto-approve"]).expect(0);
    let state = project.read("talkform.state.json");
    let mut points = 0;
    for call in CALLS {
        for count in 1..=40 {
            let (channel, project) = scene(Some(&state));
            let point = format!("{call}:signal=KILL:when={count}");
            let output = tampered(&project, &point, None, &ALLOWED);
            if output.status.code() == Some(0) {
                break;
            }
            points += 1;
            let text = std::fs::read_to_string(project.at("talkform.state.json"));
            let text = text.unwrap_or_else(|error| panic!("{point}: {error}"));
            serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{point}: {error}"));

            let ran = project.run(&["apply", "--auto-approve", "--allow-deletes", "4"]);
            assert_eq!(ran.code, Some(0), "{point}: {}", ran.all());
            let sent = channel.about_users();
            assert!(
                sent.len() <= REQUESTS + 2 * PARALLELISM,
                "{point}: {sent:?}"
            );
            // Nobody was deleted before Channel had the user under the new id.
            for (old, new) in [("u-00002", "n-2"), ("u-00003", "n-3")] {
                let first = |method: &str, id: &str| {
                    let is_it = |logged: &&talkform::sandbox::Logged| {
                        logged.method == method && logged.path.ends_with(&format!("@{id}"))
                    };
                    sent.iter().position(|logged| is_it(&logged))
                };
                assert!(
                    first("PUT", new) < first("DELETE", old),
                    "{point}: {sent:?}"
                );
            }
            let state: Value =
                serde_json::from_str(&project.read("talkform.state.json")).expect("a state");
            let users = state["users"].as_object().expect("users");
            assert_eq!(users.keys().collect::<Vec<_>>(), IDS, "{point}");
            assert_eq!(channel.running().member_ids(), IDS[..3], "{point}");
            let plan = project.run(&["plan", "--detailed-exitcode"]);
            assert_eq!(plan.code, Some(0), "{point}: {}", plan.all());
        }
    }
    eprintln!("killed at {points} points");
    assert!(points >= 40, "{points} points");
}
