//! Kills a run at each of its system calls, and makes each of them fail; then runs the
//! next run. Needs `strace`; without it the test says that it was skipped.

use std::process::{Command, Output};

use crate::project::{Channel, Project, TALKFORM, many_users};

const USERS: usize = 12;
pub(crate) const PARALLELISM: usize = 4;

/// What an apply does to disk and network, in its own words.
const CALLS: [&str; 20] = [
    "openat",
    "write",
    "fsync",
    "fdatasync",
    "rename",
    "unlink",
    "flock",
    "sendto",
    "recvfrom",
    "writev",
    "socket",
    "connect",
    "epoll_wait",
    "read",
    "close",
    "statx",
    "lseek",
    "getrandom",
    "clone3",
    "futex",
];

pub(crate) fn has_strace() -> bool {
    Command::new("strace").arg("-V").output().is_ok()
}

/// A project of which half was applied before, in another form.
struct Scene {
    state: String,
}

impl Scene {
    fn new() -> Self {
        let channel = Channel::start();
        let project = channel.project();
        project.write("users/a.yaml", &many_users(USERS / 2, "free"));
        project.run(&["apply", "--auto-approve"]).expect(0);
        Self {
            state: project.read("talkform.state.json"),
        }
    }

    fn set(&self) -> (Channel, Project) {
        let channel = Channel::start();
        let project = channel.project();
        project.write("users/a.yaml", &many_users(USERS, "pro"));
        project.write("talkform.state.json", &self.state);
        project.run(&["state", "retarget"]).expect(0);
        (channel, project)
    }
}

/// Runs an apply to which strace does something.
/// With `only`, where it touches that file.
pub(crate) fn tampered(
    project: &Project,
    injection: &str,
    only: Option<&str>,
    more: &[&str],
) -> Output {
    let call = injection.split(':').next().unwrap_or_default();
    project
        .through("strace")
        .args(["-f", "-qq", "-o", "/dev/null"])
        .args(only.iter().flat_map(|path| ["-P", path]))
        .args(["-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={injection}")])
        .arg(TALKFORM)
        .args(["apply", "--auto-approve", "--retry-pause", "1ms"])
        .args(["--parallelism", &PARALLELISM.to_string()])
        .args(more)
        .output()
        .expect("strace runs")
}

/// However the run ended, the next one brings everything in order, and nobody is skipped.
fn recovers(channel: &Channel, project: &Project, point: &str, bound: usize) {
    let ran = project.run(&["apply", "--auto-approve"]);
    assert_eq!(ran.code, Some(0), "{point}: {}", ran.all());
    assert_eq!(channel.running().member_ids().len(), USERS, "{point}");
    for number in 0..USERS {
        let user = channel
            .running()
            .user(&format!("u-{number:05}"))
            .expect("a user");
        assert_eq!(user["profile"]["plan"], "pro", "{point}");
        assert_eq!(user["profile"]["seats"], number, "{point}");
    }
    let sent = channel.about_users().len();
    assert!(sent <= bound, "{point}: {sent} requests");
    let ran = project.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(ran.code, Some(0), "{point}: {}", ran.all());
}

#[test]
fn killed_at_every_system_call() {
    if !has_strace() {
        eprintln!("SKIPPED: strace is not installed (apt-get install strace)");
        return;
    }
    let scene = Scene::new();
    let mut points = 0;
    for call in CALLS {
        // `read` and `openat` of the loader and the manifests are many and alike.
        for count in 1..=60 {
            let (channel, project) = scene.set();
            let point = format!("{call}:signal=KILL:when={count}");
            let output = tampered(&project, &point, None, &[]);
            if output.status.code() == Some(0) {
                break;
            }
            points += 1;
            recovers(&channel, &project, &point, USERS + PARALLELISM);
        }
    }
    eprintln!("killed at {points} points");
    assert!(points >= 200, "{points} points");
}

#[test]
fn every_write_may_fail() {
    if !has_strace() {
        eprintln!("SKIPPED: strace is not installed (apt-get install strace)");
        return;
    }
    let scene = Scene::new();
    let (mut points, mut failures) = (0, 0);
    // Writes are those of the journal: others go to sockets and to the runtime's own wake-ups.
    for (call, in_journal) in [
        ("write", true),
        ("openat", true),
        ("fdatasync", true),
        ("fsync", false),
        ("rename", false),
        ("unlink", false),
        ("flock", false),
    ] {
        for error in ["ENOSPC", "EIO"] {
            for count in 1..=14 {
                let (channel, project) = scene.set();
                let point = format!("{call}:error={error}:when={count}");
                let journal = project.at("talkform.state.json.journal");
                let only = in_journal.then(|| journal.to_str().expect("UTF-8"));
                let output = tampered(&project, &point, only, &[]);
                let stderr = String::from_utf8_lossy(&output.stderr);
                assert!(!stderr.contains("panicked"), "{point}: {stderr}");
                let code = output.status.code();
                assert!(
                    matches!(code, Some(0 | 1 | 3 | 4)),
                    "{point}: {code:?} {stderr}"
                );
                if code != Some(0) {
                    assert!(!stderr.is_empty() || !output.stdout.is_empty(), "{point}");
                }
                failures += usize::from(code != Some(0));
                points += 1;
                // A request whose socket failed is repeated within the run.
                recovers(&channel, &project, &point, 2 * USERS);
            }
        }
    }
    eprintln!("{points} points, at {failures} of which the run could not end well");
    assert!(failures >= 20, "{failures}");
}
