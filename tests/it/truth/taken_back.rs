//! Requests that Channel carried out although no run knows it, and that are reverted before the next run: the plan
//! says so, and the next apply makes Channel what it was.

use std::thread;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::command::finish;
use crate::project::{Channel, Project};

const APPLY: [&str; 4] = ["apply", "--auto-approve", "--allow-deletes", "1"];
const HEAD: &str = "apiVersion: talkform/v1\nkind: UserList\n";

/// How a run loses the response to a request that was carried out.
#[derive(Clone, Copy, Debug)]
enum Lost {
    /// The run is killed while it waits.
    Killed,
    /// The connection breaks, every time.
    Reset,
    /// A 500 comes in place of the response, every time.
    Error,
}

/// One edit that is taken back. `before` and `sent` are the manifest without its head.
struct Case {
    name: &'static str,
    before: &'static str,
    sent: &'static str,
    /// Whose responses are lost.
    of: &'static str,
    /// `forget` or `delete`.
    removed: &'static str,
    /// Who is left on Channel that was not there before.
    left: &'static [&'static str],
}

const ONE: &str =
    "users: [{ memberId: u-1, profile: { plan: free }, tags: [a], unsubscribeEmail: true }]";

const CASES: &[Case] = &[
    Case {
        name: "a value",
        before: ONE,
        sent: "users: [{ memberId: u-1, profile: { plan: pro }, tags: [a], unsubscribeEmail: true }]",
        of: "*",
        removed: "forget",
        left: &[],
    },
    Case {
        name: "a new key",
        before: ONE,
        sent: "users: [{ memberId: u-1, profile: { plan: free, seats: 3 }, tags: [a], unsubscribeEmail: true }]",
        of: "*",
        removed: "forget",
        left: &[],
    },
    Case {
        name: "a cleared key",
        before: ONE,
        sent: "users: [{ memberId: u-1, tags: [a], unsubscribeEmail: true }]",
        of: "*",
        removed: "forget",
        left: &[],
    },
    Case {
        name: "tags",
        before: ONE,
        sent: "users: [{ memberId: u-1, profile: { plan: free }, tags: [b, c], unsubscribeEmail: true }]",
        of: "*",
        removed: "forget",
        left: &[],
    },
    Case {
        name: "the first tags",
        before: "users: [{ memberId: u-1 }]",
        sent: "users: [{ memberId: u-1, tags: [a] }]",
        of: "*",
        removed: "forget",
        left: &[],
    },
    Case {
        name: "an opt-in",
        before: ONE,
        sent: "users: [{ memberId: u-1, profile: { plan: free }, tags: [a], unsubscribeEmail: false }]",
        of: "*",
        removed: "forget",
        left: &[],
    },
    Case {
        name: "an opt-out",
        before: "users: [{ memberId: u-1, unsubscribeEmail: false }]",
        sent: "users: [{ memberId: u-1, unsubscribeEmail: true }]",
        of: "*",
        removed: "forget",
        left: &[],
    },
    Case {
        name: "a create",
        before: ONE,
        sent: "users: [{ memberId: u-1, profile: { plan: free }, tags: [a], unsubscribeEmail: true }, { memberId: u-2 }]",
        of: "*",
        removed: "forget",
        left: &["u-2"],
    },
    Case {
        name: "a create where users are deleted",
        before: ONE,
        sent: "users: [{ memberId: u-1, profile: { plan: free }, tags: [a], unsubscribeEmail: true }, { memberId: u-2 }]",
        of: "*",
        removed: "delete",
        left: &[],
    },
    Case {
        name: "a deletion",
        before: "users: [{ memberId: u-0 }, { memberId: u-1, profile: { plan: free }, unsubscribeEmail: true }]",
        sent: "users: [{ memberId: u-0 }]",
        of: "*",
        removed: "delete",
        left: &[],
    },
    Case {
        name: "a move",
        before: ONE,
        sent: "moved: [{ from: u-1, to: n-1 }]\nusers: [{ memberId: n-1, profile: { plan: free }, tags: [a], unsubscribeEmail: true }]",
        of: "*",
        removed: "delete",
        left: &[],
    },
    Case {
        name: "a move whose old id is deleted",
        before: ONE,
        sent: "moved: [{ from: u-1, to: n-1 }]\nusers: [{ memberId: n-1, profile: { plan: free }, tags: [a], unsubscribeEmail: true }]",
        of: "u-1",
        removed: "delete",
        left: &[],
    },
    Case {
        name: "a move of which the old id stays",
        before: ONE,
        sent: "moved: [{ from: u-1, to: n-1 }]\nusers: [{ memberId: n-1, profile: { plan: free }, tags: [a], unsubscribeEmail: true }]",
        of: "*",
        removed: "forget",
        left: &["n-1"],
    },
];

/// What Channel has of each user, as far as a manifest can declare it. A flag that nobody set is `false`.
fn users(channel: &Channel) -> Vec<(String, Json)> {
    let ids = channel.running().member_ids().into_iter();
    ids.map(|id| {
        let user = channel.running().user(&id).expect("a user");
        let has = json!({
            "profile": user["profile"],
            "tags": user["tags"],
            "optedOut": user["unsubscribeEmail"] == true,
        });
        (id, has)
    })
    .collect()
}

fn write(project: &Project, users: &str) {
    project.write("users/a.yaml", &format!("{HEAD}{users}\n"));
}

/// Runs an apply of which the responses about the users of `of` are lost.
fn lose(channel: &Channel, project: &Project, of: &str, lost: Lost) {
    let kind = match lost {
        Lost::Killed | Lost::Reset => "reset-after",
        Lost::Error => "500-after",
    };
    let fault = format!("{kind}@{of}").parse().expect("a fault");
    channel.running().set_faults(vec![fault]);
    match lost {
        Lost::Killed => {
            let done = || {
                let log = channel.about_users();
                let lost = log.iter().filter(|request| request.status.is_none());
                lost.count()
            };
            let before = done();
            let waiting = [&APPLY[..], &["--retry-pause", "60s"]].concat();
            let mut child = project.start(&waiting);
            while done() == before {
                assert!(child.try_wait().expect("a child").is_none(), "it ended");
                thread::sleep(Duration::from_millis(2));
            }
            child.kill().expect("killed");
            finish(child);
        }
        Lost::Reset | Lost::Error => {
            let at_once = [&APPLY[..], &["--retry-pause", "1ms"]].concat();
            project.run(&at_once).expect(3);
        }
    }
    channel.running().set_faults(Vec::new());
}

fn check(case: &Case, lost: Lost) {
    let what = format!("{}, {lost:?}", case.name);
    let channel = Channel::start();
    let project = Project::new(&format!(
        "channel: {{ id: sandbox, baseUrl: \"{}\", rate: {{ perSecond: 1000000, burst: 1000000 }} }}\nremoved: {{ users: {} }}\nlimits: {{ update: 100%, clear: 100%, forget: 100%, delete: 1, optIn: 1 }}\n",
        channel.running().base_url(),
        case.removed
    ));
    write(&project, case.before);
    project.run(&APPLY).expect(0);
    let before = users(&channel);

    write(&project, case.sent);
    lose(&channel, &project, case.of, lost);
    assert_ne!(
        users(&channel),
        before,
        "{what}: the request was carried out"
    );

    write(&project, case.before);
    let ran = project.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(ran.code, Some(2), "{what}: {}", ran.all());
    let sentence = "being sent when the last run ended; Channel may have either";
    assert!(ran.stdout.contains(sentence), "{what}: {}", ran.all());
    // Our own request is nobody's choice.
    let refreshed = project.run(&["plan", "--refresh", "--format", "json"]);
    let refreshed: Json = serde_json::from_str(&refreshed.expect(0).stdout).expect("JSON");
    assert_eq!(refreshed["left"], json!([]), "{what}");

    let ran = project.run(&APPLY);
    assert_eq!(ran.code, Some(0), "{what}: {}", ran.all());
    let mut after = users(&channel);
    after.retain(|(id, _)| !case.left.contains(&id.as_str()));
    assert_eq!(after, before, "{what}");
    let ids = channel.running().member_ids();
    assert_eq!(ids.len(), before.len() + case.left.len(), "{what}");
    let ran = project.run(&["plan", "--detailed-exitcode"]).expect(0);
    let matches = "Your channel matches the manifests.";
    assert!(ran.stdout.contains(matches), "{what}: {}", ran.all());
}

#[test]
fn a_request_without_a_response_is_taken_back() {
    for case in CASES {
        for lost in [Lost::Killed, Lost::Reset, Lost::Error] {
            check(case, lost);
        }
    }
}
